import AnnotationModel
import Glibc

/// Finds the known item that a label file speaks of by where the file lies.
///
/// The same file must mean the same item whether it was given by itself, with its folder or with the folder
/// above. So the item is the known one with the longest name that agrees with the end of the file's path,
/// but never one with fewer folders than stand below what was given: two folders may hold files of one name.
final class ItemFinder {
    /// How many folders above what was given may belong to an item's name.
    static let foldersAboveMax = 4

    private let context: ReadContext
    /// How many folders above the file before was found: those beside it are tried there first.
    ///
    /// Which of the candidates it was says nothing: an item with another ending may have been put beside.
    private var last: Int?

    init(_ context: ReadContext) { self.context = context }

    /// The key of the known item; nil where none is known.
    ///
    /// - Parameter candidates: The keys that a path may stand for, the likeliest first.
    func key(_ file: FormatFile, _ candidates: (String) -> [String]) throws -> String? {
        let paths = file.pathsFromAbove(foldersMax: Self.foldersAboveMax)
        let usual = last.flatMap { paths.indices.contains($0) ? $0 : nil }
        for above in [usual].compactMap({ $0 }) + paths.indices.reversed() {
            for key in candidates(paths[above]) where try isKnown(key) {
                last = above
                return key
            }
        }
        return nil
    }

    /// The key of the known item of a file that is the item itself, or else the path below what was given.
    func key(of file: FormatFile) throws -> String { try key(file) { [$0] } ?? file.path }

    /// What is known of an item that was found.
    func fields(_ key: String) throws -> [String: FieldValue] {
        try context.itemFields(key) ?? [:]
    }

    private func isKnown(_ key: String) throws -> Bool {
        try ItemKey.problem(key) == nil && context.itemFields(key) != nil
    }

    /// A path whose label folder is exchanged for the folder of the items, and the same without that folder.
    static func exchanged(
        _ path: String, _ isLabelFolder: (String) -> Bool, for itemFolder: String
    ) -> [String] {
        var parts = path.split(separator: "/").map(String.init)
        guard let index = parts.dropLast().lastIndex(where: isLabelFolder) else {
            parts.insert(itemFolder, at: max(0, parts.count - 1))
            return [parts.joined(separator: "/"), path]
        }
        parts[index] = itemFolder
        let inFolder = parts.joined(separator: "/")
        parts.remove(at: index)
        return [inFolder, parts.joined(separator: "/")]
    }

    /// Each path with each ending.
    static func with(_ endings: [String], _ stems: [String]) -> [String] {
        stems.flatMap { stem in endings.map { "\(stem).\($0)" } }
    }
}

extension FormatFile {
    /// The path below what was given, then with the folder above, and so on.
    func pathsFromAbove(foldersMax: Int) -> [String] {
        guard file.isOnDisk else { return [path] }
        let own = path.split(separator: "/").count
        let all = Self.components(file.name)
        guard all.count > own else { return [path] }
        return (0...min(foldersMax, all.count - own)).map {
            all.suffix(own + $0).joined(separator: "/")
        }
    }

    /// The components of an absolute path, with `.` and `..` resolved by their names alone.
    private static func components(_ name: String) -> [Substring] {
        var full = name
        if !name.hasPrefix("/"), let folder = getcwd(nil, 0) {
            full = String(cString: folder) + "/" + name
            free(folder)
        }
        var parts: [Substring] = []
        for part in full.split(separator: "/") where part != "." {
            if part == ".." { _ = parts.popLast() } else { parts.append(part) }
        }
        return parts
    }
}
