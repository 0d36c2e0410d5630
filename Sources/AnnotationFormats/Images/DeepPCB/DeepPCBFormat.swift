import AnnotationModel
import LabelText

/// The text files of the DeepPCB data set: one file an image, one defect a line.
///
/// A line is `x1 y1 x2 y2 type` with blanks, tabs or commas between: the corners in pixels and the
/// number of the defect, see ``classNames``. Files are named `<id>.txt`. The labels belong to the
/// tested image `<id>_test.jpg` or `.png`, and the item's key is that image's path below the folder that holds both:
/// `images/<id>_test.jpg` for labels in `labels/` beside `images/`, `<name>/<id>_test.jpg` for labels in
/// `<name>_not/` beside `<name>/`, and the bare `<id>_test.jpg` for an image beside its labels, or where
/// none is found. The external id is `<id>#<number of the defect in the file>`, so that a second
/// import changes nothing. An empty file says that somebody looked and found nothing: the item's field
/// `examined` is true.
public struct DeepPCBFormat: AnnotationFormat {
    /// The defects by number; 0 is the background, which no line names.
    public static let classNames = [
        "open", "short", "mousebite", "spur", "copper", "pin-hole",
    ]
    /// The longest line in bytes; a good one has about 20.
    static let lineBytesMax = 1_024

    /// The name on the command line.
    public let name = "deeppcb"
    /// What a user should know before choosing it.
    public let summary =
        "DeepPCB text, one file an image; boxes of six printed-circuit defects only"
    /// The name of the output file where the user gives none; nil for a folder.
    public let defaultFileName: String? = nil

    /// The format.
    public init() {}

    /// Reads files; `context` knows the images.
    public func read(
        _ files: [InputFile], context: ReadContext, into sink: (FormatEvent) throws -> Void
    ) throws {
        let finder = ItemFinder(context)
        var count = 0
        let isLabel = { (path: String) in
            path.hasSuffix(".txt") && !FileTree.isList(path)
        }
        for file in files {
            let isFolder = file.isOnDisk && FileSystem.isFolder(file.name)
            let isWanted = isFolder ? isLabel : { _ in true }
            try FileTree.forEach([Self.labelFolder(file)], where: isWanted, into: sink) {
                file, sink in
                if count == 0 {
                    for name in Self.classNames { try sink(.labelClass(ClassRecord(name: name))) }
                }
                count += 1
                let known = try finder.key(file, byEnding: true) { Self.imageNames($0) }
                let key = known ?? Self.itemKey(file)
                try file.file.withBytes { try Self.read($0, file: file, key: key, into: sink) }
            }
        }
        if count == 0 {
            throw FormatError.noInput(format: name, wants: "give .txt files or their folder")
        }
    }

    /// The folder `labels` of a folder that has one.
    private static func labelFolder(_ file: InputFile) -> InputFile {
        guard file.isOnDisk else { return file }
        let inner = FileSystem.join(file.name, "labels")
        return FileSystem.isFolder(inner) ? file.member(path: inner) : file
    }

    private static func read(
        _ bytes: UnsafeRawBufferPointer, file: FormatFile, key: String,
        into sink: (FormatEvent) throws -> Void
    ) throws {
        let (id, file) = (file.stem, file.file)
        if let problem = ItemKey.problem(key) {
            return try sink(.skipped(where: file.name, why: problem))
        }
        var defects: [LabelRecord] = []
        var skips: [(line: Int, why: String)] = []
        var line = 0
        for slice in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            line += 1
            let text = UnsafeRawBufferPointer(rebasing: slice)
            guard text.count <= lineBytesMax else {
                throw FormatError.text(
                    file: file.name, line: line,
                    why: "no line of DeepPCB is so long; give its labels")
            }
            if line == 1, text.starts(with: [0xef, 0xbb, 0xbf]) {
                throw FormatError.text(
                    file: file.name, line: 1,
                    why: "a byte order mark; save the file as plain ASCII")
            }
            switch defect(text) {
            case .none: continue
            case .skipped(let why): skips.append((line, why))
            case .box(let box, let type):
                let number = defects.count + skips.count + 1
                defects.append(
                    LabelRecord(
                        item: key, className: classNames[type - 1], selector: .box(box),
                        externalID: "\(id)#\(number)"))
            }
        }
        let isEmpty = defects.isEmpty && skips.isEmpty
        try sink(.item(ItemRecord(key: key, fields: isEmpty ? ["examined": .bool(true)] : [:])))
        for skip in skips {
            try sink(.skipped(where: "\(file.name), line \(skip.line)", why: skip.why))
        }
        for defect in defects { try sink(.annotation(defect)) }
    }

    /// What a line says.
    private enum Line {
        case none
        case skipped(String)
        case box(Selector.Box, type: Int)
    }

    private static func defect(_ line: UnsafeRawBufferPointer) -> Line {
        let parts = line.split { byte in
            byte == UInt8(ascii: " ") || byte == UInt8(ascii: ",") || byte == 0x09 || byte == 0x0d
        }
        if parts.isEmpty { return .none }
        guard parts.count == 5 else {
            return .skipped("\(parts.count) numbers instead of the five x1 y1 x2 y2 type")
        }
        var numbers: [Double] = []
        for part in parts {
            let text = UnsafeRawBufferPointer(rebasing: part)
            guard let number = try? JSONValue(parsing: text).double else {
                return .skipped(
                    "\"\(String(decoding: text.prefix(20), as: UTF8.self))\" is no number")
            }
            numbers.append(number)
        }
        guard let type = Int(exactly: numbers[4]), (1...classNames.count).contains(type) else {
            return .skipped("the type must be a whole number of 1...\(classNames.count)")
        }
        let box = Selector.Box(
            x: numbers[0], y: numbers[1], width: numbers[2] - numbers[0],
            height: numbers[3] - numbers[1])
        guard box.width >= 0, box.height >= 0 else {
            return .skipped("x2 or y2 lies before x1 or y1; write the corners in ascending order")
        }
        // Two finite corners may still be further apart than a double reaches.
        guard box.width.isFinite, box.height.isFinite else {
            return .skipped("the box is too large")
        }
        return .box(box, type: type)
    }

    private static let imageEndings = ["jpg", "png", "jpeg", "bmp", "tif"]

    /// `00041000` of `labels/00041000.txt`.
    private static func identifier(_ path: String) -> String {
        let name = FileSystem.lastComponent(path)
        guard let dot = name.lastIndex(of: "."), dot != name.startIndex else { return name }
        return String(name[..<dot])
    }

    /// The folders in which the images of a folder of labels may lie: beside it, and in itself.
    private static func imageFolders(_ folder: String) -> [String] {
        var (above, name) = (FileSystem.parent(folder), FileSystem.lastComponent(folder))
        if name.hasSuffix("_not") {
            name.removeLast(4)
            return [FileSystem.join(above, name), folder]
        }
        if name != "labels" { above = folder }
        return [FileSystem.join(above, "images"), above]
    }

    /// What an image may be called whose labels lie at a path.
    private static func imageNames(_ path: String) -> [String] {
        imageFolders(FileSystem.parent(path)).flatMap { folder in
            imageEndings.map { FileSystem.join(folder, "\(identifier(path))_test.\($0)") }
        }
    }

    /// The image that lies on disk where those of the dataset do, else a guess.
    private static func itemKey(_ file: FormatFile) -> String {
        let id = identifier(file.path)
        guard file.file.isOnDisk else { return FileSystem.join(file.parent, "\(id)_test.jpg") }
        let folder = FileSystem.parent(file.file.name)
        let name = FileSystem.lastComponent(folder)
        var siblings = ["images"]
        if name.hasSuffix("_not") { siblings.append(String(name.dropLast(4))) }
        for sibling in siblings {
            // The folder may be "." or a link, so its parent is found by the system.
            let images = FileSystem.join(folder.isEmpty ? "." : folder, "../" + sibling)
            for ending in imageEndings
            where FileSystem.exists(FileSystem.join(images, "\(id)_test.\(ending)")) {
                let above = FileSystem.join(FileSystem.parent(file.parent), sibling)
                return FileSystem.join(above, "\(id)_test.\(ending)")
            }
        }
        let ending = imageEndings.first {
            FileSystem.exists(FileSystem.join(folder, "\(id)_test.\($0)"))
        }
        return FileSystem.join(file.parent, "\(id)_test.\(ending ?? "jpg")")
    }

    /// Writes items and annotations.
    public func write(
        _ source: LabelSource, to output: any FormatOutput, options: WriteOptions
    ) throws -> ConversionReport {
        var report = ConversionReport()
        let files = ItemFiles(format: "DeepPCB", endings: Self.imageEndings) { item, report in
            if item.fields.contains(where: { $0.key != "examined" }) {
                report.lose("properties of items have no place in DeepPCB", example: item.key)
            }
            return Self.fileName(item.key)
        }
        try files.write(source, to: output, report: &report) { label, item, number, report in
            guard let line = Self.line(label, &report) else { return nil }
            output.labelWritten(as: "\(Self.fileName(item.key).dropLast(4))#\(number)")
            return Array(line.utf8)
        } wrap: { item, labels in
            if labels.isEmpty, item.fields["examined"] != .bool(true) { return nil }
            return Array(labels.joined())
        }
        return report
    }

    /// The file of an image's labels: `<id>.txt` beside the folder `images`, or beside the image.
    private static func fileName(_ key: String) -> String {
        var id = identifier(key)
        if id.hasSuffix("_test") { id = String(id.dropLast(5)) }
        var folder = FileSystem.parent(key)
        if FileSystem.lastComponent(folder) == "images" { folder = FileSystem.parent(folder) }
        return FileSystem.join(folder, "\(id).txt")
    }

    private static func line(_ label: LabelRecord, _ report: inout ConversionReport) -> String? {
        guard case .box(let box) = label.selector else {
            report.skip(
                "DeepPCB has boxes only, this is a \(label.selector.kindName); export as jsonl",
                example: label.item)
            return nil
        }
        guard let type = classNames.firstIndex(where: { label.className.hasSameBytes(as: $0) })
        else {
            report.skip(
                "DeepPCB has no class \"\(label.className)\"; export as coco or jsonl",
                example: label.item)
            return nil
        }
        let corners = [box.x, box.y, box.x + box.width, box.y + box.height]
        let whole = corners.compactMap { Int64(exactly: $0.rounded()) }
        guard whole.count == 4 else {
            report.skip("a box beyond 64 bits", example: label.item)
            return nil
        }
        if zip(whole, corners).contains(where: { Double($0) != $1 }) {
            report.lose("corners were rounded to whole pixels", example: label.item)
        }
        if !label.attributes.isEmpty || label.confidence != nil {
            report.lose("attributes and confidence have no place in DeepPCB", example: label.item)
        }
        return (whole + [Int64(type + 1)]).map(String.init).joined(separator: " ") + "\n"
    }
}
