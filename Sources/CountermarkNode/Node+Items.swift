import AnnotationFormats
import AnnotationModel
import AnnotationStore
import CompanyHome
import Foundation
import Glibc
import LogStorage
import PlainErrors
import Provenance
import Signing

extension Node {
    /// Registers files, or the files below folders, as items: key, media type, SHA-256, size.
    ///
    /// Files of labels that lie among those of a folder are no items; one that is named by itself is.
    ///
    /// - Parameter groupBy: A regular expression whose first group names the part that a file shows.
    public func addItems(
        _ dataset: DatasetID, _ paths: [String], groupBy: String?
    ) throws -> ItemsReport {
        try require(dataset)
        try catchUp(dataset)
        let expression: NSRegularExpression?
        do {
            expression = try groupBy.map { try NSRegularExpression(pattern: $0) }
        } catch {
            throw NodeError(
                .badExpression, "--group-by is no regular expression",
                hint: "example: '^(.*)_test'")
        }
        var known: ByteMap<[String: FieldValue]> = [:]
        try store.forEachItem(dataset) { known[$0.key] = $0.fields }
        var report = ItemsReport()
        try write(dataset, message: "items add") { append in
            report = ItemsReport()
            for (name, path) in try files(paths, &report) {
                let key = Self.key(name, path, known)
                if !key.hasSameBytes(as: name) {
                    report.notes.append(
                        (key, "\(name) is the file of this item, which labels named"))
                }
                let fields = try Self.fields(key, path, expression)
                if let operation = Self.registering(key, fields, known[key], &report) {
                    _ = try append(operation)
                }
            }
        }
        return report
    }

    /// Registers items whose files somebody else has looked at.
    ///
    /// - Parameter items: Each key once, with what is known of its file.
    package func addItems(
        _ dataset: DatasetID, described items: [(key: String, fields: [Field: FieldValue])],
        author: String?
    ) throws -> ItemsReport {
        try require(dataset)
        try catchUp(dataset)
        var seen: ByteSet = []
        for item in items where !seen.insert(item.key).inserted {
            throw NodeError(
                .usage, "\(item.key) is named twice", hint: "name each item once")
        }
        var report = ItemsReport()
        try write(dataset, author: author, message: "items add") { append in
            report = ItemsReport()
            for (key, fields) in items {
                let known = try store.item(dataset, key: key)?.record.fields
                if let operation = Self.registering(key, fields, known, &report) {
                    _ = try append(operation)
                }
            }
        }
        return report
    }

    /// What registers an item; nil for one that was registered like this before.
    private static func registering(
        _ key: String, _ fields: [Field: FieldValue], _ known: [String: FieldValue]?,
        _ report: inout ItemsReport
    ) -> Operation? {
        let present = known ?? [:]
        let new = fields.filter { present[$0.key.name] != $0.value }
        if known != nil, new.isEmpty {
            report.unchanged += 1
            return nil
        }
        if let what = contradiction(present, fields) { report.notes.append((key, what)) }
        report.added += 1
        return known == nil
            ? .addItem(key: key, fields: fields) : .setItem(key: key, fields: new)
    }

    /// The key of a file: its own, or that of an item without a file that labels named by more of its path.
    private static func key(
        _ name: String, _ path: String, _ known: ByteMap<[String: FieldValue]>
    ) -> String {
        if known.isEmpty || known[name] != nil { return name }
        let parts = URL(fileURLWithPath: path).standardizedFileURL.path.split(separator: "/")
        let own = name.split(separator: "/").count
        for count in (own + 1..<own + 1 + foldersAboveMax).reversed() where count <= parts.count {
            let key = parts.suffix(count).joined(separator: "/")
            if let fields = known[key], fields[Field.Known.sha256.name] == nil { return key }
        }
        return name
    }

    /// How many folders above what was given may belong to an item's key.
    private static let foldersAboveMax = 4

    /// What a file says otherwise than what its labels were drawn on; nil where it fits.
    private static func contradiction(
        _ present: [String: FieldValue], _ new: [Field: FieldValue]
    ) -> String? {
        let size = { (fields: (Field.Known) -> FieldValue?) -> (Double, Double)? in
            guard let width = fields(.width)?.numberValue, let height = fields(.height)?.numberValue
            else { return nil }
            return (width, height)
        }
        if let old = size({ present[$0.name] }), let own = size({ new[.known($0)] }), old != own {
            let isTurned = old == (own.1, own.0)
            return
                "its labels count pixels of \(Int(old.0)) x \(Int(old.1)), the stored picture has "
                + "\(Int(own.0)) x \(Int(own.1))"
                + (isTurned ? "; it was labelled turned, as EXIF asks for" : "")
                + ": look at them before they are used"
        }
        if let old = present[Field.Known.sha256.name], let own = new[.known(.sha256)], old != own {
            return
                "the file is another one than was registered: its digest has changed, and labels of the "
                + "item may not fit it"
        }
        return nil
    }

    /// The files to register: a file under its own name, those of a folder by their path below it.
    ///
    /// Hidden files and folders are passed over, and so is the home, wherever it lies: its keys are nobody's pictures.
    private func files(
        _ paths: [String], _ report: inout ItemsReport
    ) throws -> [(key: String, path: String)] {
        let own = URL(fileURLWithPath: home.path).resolvingSymlinksInPath().path + "/"
        var files: [(key: String, path: String)] = []
        for path in paths {
            if let obstacle = FileObstacle.at(path) {
                throw NodeError(
                    .noFile, "\(path) cannot be read: \(obstacle.what)",
                    hint: obstacle.remedy)
            }
            guard try DurableFile.isThere(path) else {
                throw NodeError(
                    .noFile, "\(path) is not there", hint: "check the path")
            }
            var isFolder: ObjCBool = false
            _ = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
            let url = URL(fileURLWithPath: path)
            if isFolder.boolValue {
                let real = url.resolvingSymlinksInPath().path
                let all = try DurableFile.files(below: path).sortedByBytes()
                let names = all.filter { name in
                    !name.split(separator: "/").contains { $0.hasPrefix(".") }
                        && !"\(real)/\(name)/".hasPrefix(own)
                }
                if names.count < all.count {
                    report.notes.append(
                        (path, "what is hidden there, and the home, was not registered"))
                }
                let stems = Set(names.filter { !LabelFile.mayBe($0) }.map(LabelFile.stem))
                for name in names {
                    var isInner: ObjCBool = false
                    let inner = path + "/" + name
                    _ = FileManager.default.fileExists(atPath: inner, isDirectory: &isInner)
                    if isInner.boolValue {
                        report.notes.append(
                            (inner, "a link to a folder is not followed; give where it leads to"))
                        continue
                    }
                    if let why = Self.whyNoItem(name, inner) {
                        report.notes.append((inner, "was not registered: \(why)"))
                        continue
                    }
                    if LabelFile.mayBe(name), LabelFile.isLikely(name, at: inner, beside: stems) {
                        report.labelFiles += 1
                        continue
                    }
                    files.append((name, inner))
                }
            } else {
                files.append((url.lastPathComponent, path))
            }
        }
        return files
    }

    /// Why a file of a folder can be no item; the others do not wait for it.
    private static func whyNoItem(_ name: String, _ path: String) -> String? {
        if let obstacle = FileObstacle.at(path) { return "\(obstacle.what); \(obstacle.remedy)" }
        if let problem = ItemKey.problem(name) { return problem }
        return access(path, R_OK) == 0 ? nil : "it cannot be read; check its permissions"
    }

    private static func fields(
        _ key: String, _ path: String, _ expression: NSRegularExpression?
    ) throws -> [Field: FieldValue] {
        guard let file = FileHandle(forReadingAtPath: path) else {
            throw NodeError(
                .noFile, "\(path) cannot be read", hint: "check its permissions")
        }
        var hasher = SHA256Hasher()
        var head: [UInt8] = []
        var count: Int64 = 0
        while let part = try file.read(upToCount: 1 << 20), !part.isEmpty {
            if head.isEmpty { head = Array(part.prefix(WaveHeader.headBytes)) }
            part.withUnsafeBytes { hasher.update($0) }
            count += Int64(part.count)
        }
        var fields: [Field: FieldValue] = [
            .known(.sha256): .bytes(hasher.finish().bytes), .known(.bytes): .integer(count),
            .known(.mediaType): .text(mediaType(of: path)),
        ]
        // The stored grid, in which labels count their pixels; how it is shown is said beside it.
        if let image = ImageHead(path: path) {
            fields[.known(.width)] = .integer(Int64(image.width))
            fields[.known(.height)] = .integer(Int64(image.height))
            if let orientation = image.orientation, orientation != 1 {
                fields[Field(name: "orientation")] = .integer(Int64(orientation))
            }
        }
        if let wave = WaveHeader(head: head, fileBytes: count) {
            fields[.known(.duration)] = .float(wave.durationSeconds)
            fields[.known(.channels)] = .integer(Int64(wave.channels))
        }
        if let expression,
            let match = expression.firstMatch(
                in: key, range: NSRange(key.startIndex..., in: key)),
            match.numberOfRanges > 1, let range = Range(match.range(at: 1), in: key)
        {
            fields[.known(.group)] = .text(String(key[range]))
        }
        return fields
    }

    private static func mediaType(of path: String) -> String {
        switch URL(fileURLWithPath: path).pathExtension.lowercased() {
        case "png": "image/png"
        case "jpg", "jpeg": "image/jpeg"
        case "tif", "tiff": "image/tiff"
        case "bmp": "image/bmp"
        case "gif": "image/gif"
        case "webp": "image/webp"
        case "pcd": "model/vnd.pcd"
        case "csv": "text/csv"
        case "txt": "text/plain"
        case "json": "application/json"
        case "wav": "audio/wav"
        default: "application/octet-stream"
        }
    }
}

/// What registering files did.
public struct ItemsReport: Sendable {
    /// Items that were added or changed.
    public internal(set) var added = 0
    /// Items that were registered like this before.
    public internal(set) var unchanged = 0
    /// Files of folders that look like labels and were left out.
    public internal(set) var labelFiles = 0
    /// Items whose file says something else than was known of them.
    public internal(set) var notes: [(item: String, what: String)] = []
}

/// Tells files of labels from items by their names.
private enum LabelFile {
    private static let surely = [
        "xml", "yaml", "yml", "names", "textgrid", "vtt", "rttm", "uem", "ann", "conll", "jsonld",
    ]
    private static let perhaps = ["txt", "json", "jsonl", "csv"]
    private static let folders = [
        "labels", "label", "annotations", "label_2", "label_3", "gt", "det", "imagesets",
    ]

    private static func ending(_ name: String) -> String {
        URL(fileURLWithPath: name).pathExtension.lowercased()
    }

    /// How much of a document is looked at.
    private static let headBytes = 4_096
    private static let members = [
        "\"annotations\"", "\"shapes\"", "\"categories\"", "\"completions\"", "\"openlabel\"",
        "\"imagePath\"",
    ]

    private static func holdsLabels(_ path: String) -> Bool {
        let head = FileHandle(forReadingAtPath: path)?.readData(ofLength: headBytes) ?? Data()
        let text = String(decoding: head, as: UTF8.self)
        return members.contains { text.contains($0) }
    }

    static func stem(_ name: String) -> String {
        FileSystem.lastComponent((name as NSString).deletingPathExtension)
    }

    static func mayBe(_ name: String) -> Bool {
        surely.contains(ending(name)) || perhaps.contains(ending(name))
    }

    /// A text or table is a file of labels where it lies in a folder of labels, is called like another file, or
    /// like what formats call theirs.
    static func isLikely(_ name: String, at path: String, beside stems: Set<String>) -> Bool {
        if surely.contains(ending(name)) { return true }
        let parts = name.lowercased().split(separator: "/").map(String.init)
        let last = parts.last ?? ""
        return parts.dropLast().contains(where: folders.contains) || stems.contains(stem(name))
            || last.hasSuffix(".countermark.jsonl") || ending(name) == "json" && holdsLabels(path)
            || ["classes.txt", "train.txt", "val.txt", "test.txt", "trainval.txt"].contains(last)
    }
}
