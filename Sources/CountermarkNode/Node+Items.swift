import AnnotationFormats
import AnnotationModel
import AnnotationStore
import Foundation
import Provenance
import Signing

extension Node {
    /// Registers files, or the files below folders, as items: key, media type, SHA-256, size.
    ///
    /// - Parameter groupBy: A regular expression whose first group names the part that a file shows.
    public func addItems(
        _ dataset: DatasetID, _ paths: [String], groupBy: String?
    ) throws -> (added: Int, unchanged: Int) {
        try require(dataset)
        try catchUp(dataset)
        let expression: NSRegularExpression?
        do {
            expression = try groupBy.map { try NSRegularExpression(pattern: $0) }
        } catch {
            throw NodeError(
                .usage, "bad-expression", "--group-by is no regular expression",
                hint: "example: '^(.*)_test'")
        }
        var known: ByteMap<[String: FieldValue]> = [:]
        try store.forEachItem(dataset) { known[$0.key] = $0.fields }
        var (added, unchanged) = (0, 0)
        try write(dataset, message: "items add") { append in
            for (key, path) in try Self.files(paths) {
                let fields = try Self.fields(key, path, expression)
                let present = known[key] ?? [:]
                let new = fields.filter { present[$0.key.name] != $0.value }
                if known[key] != nil, new.isEmpty {
                    unchanged += 1
                    continue
                }
                _ = try append(
                    known[key] == nil
                        ? .addItem(key: key, fields: fields) : .setItem(key: key, fields: new))
                added += 1
            }
        }
        return (added, unchanged)
    }

    /// The files to register: a file under its own name, those of a folder by their path below it.
    private static func files(_ paths: [String]) throws -> [(key: String, path: String)] {
        var files: [(key: String, path: String)] = []
        for path in paths {
            var isFolder: ObjCBool = false
            guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
                throw NodeError(
                    .failed, "no-file", "\(path) is not there", hint: "check the path")
            }
            let url = URL(fileURLWithPath: path)
            if isFolder.boolValue {
                for name in (FileManager.default.subpaths(atPath: path) ?? []).sortedByBytes() {
                    var isInner: ObjCBool = false
                    let inner = path + "/" + name
                    _ = FileManager.default.fileExists(atPath: inner, isDirectory: &isInner)
                    if !isInner.boolValue { files.append((name, inner)) }
                }
            } else {
                files.append((url.lastPathComponent, path))
            }
        }
        return files
    }

    private static func fields(
        _ key: String, _ path: String, _ expression: NSRegularExpression?
    ) throws -> [Field: FieldValue] {
        guard let file = FileHandle(forReadingAtPath: path) else {
            throw NodeError(
                .failed, "no-file", "\(path) cannot be read", hint: "check its permissions")
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
        if let size = ImageSize.read(path: path) {
            fields[.known(.width)] = .integer(Int64(size.width))
            fields[.known(.height)] = .integer(Int64(size.height))
        }
        if let orientation = ImageSize.orientation(path: path), orientation != 1 {
            fields[Field(name: "orientation")] = .integer(Int64(orientation))
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
        case "pcd": "model/vnd.pcd"
        case "csv": "text/csv"
        case "txt": "text/plain"
        case "json": "application/json"
        case "wav": "audio/wav"
        default: "application/octet-stream"
        }
    }
}
