import AnnotationModel
import LabelText

/// PCD v0.7: the class of each point, by the point's number.
///
/// A field `label`, `class`, `classification` or `segment` holds the classes, a field `instance` or `object` beside
/// it tells objects of a class apart. Each class becomes labels with point sets. Classes are called as
/// `labels.txt` beside the cloud says (a number and a name a line), else by their number; 0 without a name
/// means that nothing was said of the point. The cloud's path is the item's key; its fields are `points`, and for
/// an organised cloud, whose points are the pixels of a depth image, `width` and `height`.
///
/// Text, `binary` and `binary_compressed` clouds are read. What is written has only the fields `label` and
/// `instance`, in the order of the cloud's points, since the coordinates are not in the log.
public struct PCDFormat: AnnotationFormat {
    /// The name on the command line.
    public let name: String
    /// What a user should know before choosing it.
    public let summary: String
    /// The name of the output file where the user gives none; nil for a folder.
    public let defaultFileName: String? = nil

    static let classNames = ["label", "class", "classification", "segment"]
    static let instanceNames = ["instance", "object"]
    static let namesFile = "labels.txt"
    private let isText: Bool

    /// The format; `isText` concerns what is written.
    public init(isText: Bool = false) {
        self.isText = isText
        name = isText ? "pcd-ascii" : "pcd"
        summary =
            "PCD point clouds, the class of each point; " + (isText ? "written as text" : "binary")
    }

    /// Reads files; `context` knows the clouds.
    public func read(
        _ files: [InputFile], context: ReadContext, into sink: (FormatEvent) throws -> Void
    ) throws {
        let finder = ItemFinder(context)
        var namesByFolder: ByteMap<[UInt64: String]> = [:]
        let isNames = { (path: String) in FileSystem.lastComponent(path) == Self.namesFile }
        try FileTree.forEach(files, where: isNames) { file in
            namesByFolder[file.parent] = try Self.names(file.file, into: sink)
        }
        var count = 0
        try FileTree.forEach(files, where: { FileTree.ending($0) == "pcd" }, into: sink) {
            file, sink in
            count += 1
            let item = try finder.key(of: file)
            try file.file.withBytes { bytes in
                let reader = PCDReader(
                    bytes: bytes, file: file, item: item, names: namesByFolder[file.parent] ?? [:])
                try reader.read(into: sink)
            }
        }
        if count == 0 { throw FormatError.noInput(format: name, wants: "give .pcd files") }
    }

    private static func names(_ file: InputFile, into sink: EventSink) throws -> [UInt64: String] {
        var names: [UInt64: String] = [:]
        for (index, line) in try file.smallText(bytesMax: 1 << 20).split(
            omittingEmptySubsequences: false, whereSeparator: \.isNewline
        ).enumerated() {
            let text = XMLTree.trim(String(line))
            if text.isEmpty { continue }
            let parts = text.split(maxSplits: 1, whereSeparator: \.isWhitespace)
            guard parts.count == 2, let number = UInt64(parts[0]), names[number] == nil else {
                throw FormatError.text(
                    file: file.name, line: index + 1,
                    why: "each line is a class's number, which occurs once, and its name")
            }
            names[number] = XMLTree.trim(String(parts[1]))
        }
        return names
    }

    /// Writes items and annotations.
    public func write(
        _ source: LabelSource, to output: any FormatOutput, options: WriteOptions
    ) throws -> ConversionReport {
        var writer = PCDWriter(output: output, isText: isText)
        return try writer.write(source)
    }
}
