import AnnotationModel
import Glibc

/// A label file with its path below the folder that the user gave.
struct FormatFile {
    let file: InputFile
    /// The path below the given folder; for a file that was given by itself its last component, and for
    /// bytes at hand the name.
    let path: String

    /// The path without the ending.
    var stem: String { FileTree.stem(path) }
    /// The last component without the ending.
    var bareStem: String { FileTree.stem(FileSystem.lastComponent(path)) }
    var parent: String { FileSystem.parent(path) }
}

/// Walks folders that hold label files, one folder's names in memory at a time.
enum FileTree {
    /// Data sets nest a handful of folders; links below the given folder are not followed.
    static let depthMax = 16

    /// Calls back for each wanted file in ascending order of names.
    static func forEach(
        _ inputs: [InputFile], where isWanted: (String) -> Bool,
        _ body: (FormatFile) throws -> Void
    ) throws {
        for input in inputs {
            if input.isOnDisk, FileSystem.isFolder(input.name) {
                try walk(input.name, below: "", depth: 0, isWanted, body)
            } else {
                let path = input.isOnDisk ? FileSystem.lastComponent(input.name) : input.name
                if isWanted(path) { try body(FormatFile(file: input, path: path)) }
            }
        }
    }

    private static func walk(
        _ folder: String, below: String, depth: Int, _ isWanted: (String) -> Bool,
        _ body: (FormatFile) throws -> Void
    ) throws {
        for name in try FileSystem.names(in: folder) {
            let full = FileSystem.join(folder, name)
            let path = FileSystem.join(below, name)
            if FileSystem.isFolder(full) {
                guard !isLink(full) else { continue }
                guard depth < depthMax else {
                    throw FormatError.structure(
                        file: full, path: "", why: "folders are nested deeper than \(depthMax)")
                }
                try walk(full, below: path, depth: depth + 1, isWanted, body)
            } else if isWanted(path) {
                try body(FormatFile(file: InputFile(path: full), path: path))
            }
        }
    }

    private static func isLink(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFLNK
    }

    /// A path without its ending.
    static func stem(_ path: String) -> String {
        let name = FileSystem.lastComponent(path)
        guard let dot = name.lastIndex(of: "."), dot != name.startIndex else { return path }
        return String(path.dropLast(name.distance(from: dot, to: name.endIndex)))
    }

    /// The ending in lower case, without the dot.
    static func ending(_ path: String) -> String {
        let name = FileSystem.lastComponent(path)
        guard let dot = name.lastIndex(of: "."), dot != name.startIndex else { return "" }
        return name[name.index(after: dot)...].lowercased()
    }

    /// A path that a file in `folder` names, with `.` and `..` resolved; nil where it leaves the root.
    static func resolved(_ name: String, in folder: String) -> String? {
        if name.hasPrefix("/") || name.hasPrefix("\\") { return nil }
        var parts: [Substring] = []
        for part in FileSystem.join(folder, name).split(whereSeparator: { $0 == "/" || $0 == "\\" })
        {
            if part == "." { continue }
            if part != ".." {
                parts.append(part)
            } else if parts.popLast() == nil {
                return nil
            }
        }
        return parts.joined(separator: "/")
    }
}

/// What a caller knows beforehand and a format may need: the items that the dataset has.
public struct ReadContext {
    /// The fields of an item by its key; nil for an unknown item.
    public internal(set) var itemFields: (String) throws -> [String: FieldValue]?
    /// Hears from a sidecar what the export was made of.
    public var noteBase: (ExportBase) -> Void = { _ in }
    /// Hears, before a label is handed over, what the same label was when it was exported.
    public var noteExported: (LabelRecord) -> Void = { _ in }

    /// A context that asks by itself.
    public init(itemFields: @escaping (String) throws -> [String: FieldValue]?) {
        self.itemFields = itemFields
    }

    /// A context that knows nothing.
    public static var empty: ReadContext { ReadContext { _ in nil } }

    /// A context of items at hand.
    public init(items: [ItemRecord]) {
        let fields = ByteMap<[String: FieldValue]>(
            items.map { ($0.key, $0.fields) }, uniquingKeysWith: { first, _ in first })
        itemFields = { fields[$0] }
    }
}
