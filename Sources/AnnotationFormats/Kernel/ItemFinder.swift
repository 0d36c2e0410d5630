import AnnotationModel
import Glibc

/// Finds the item that a label file speaks of: the one rule for all formats.
///
/// The user's map first; then the key itself, below the folder of the file or below the words that the format has
/// for a part of a dataset (a subset, a task); then the registered item whose path ends like the name, if there is only
/// one; then, where the picture is at hand, the one with its digest. What is registered under no such name is a
/// new item. Two pictures never become one item, and what may be either of two is refused: the user says
/// which it is.
final class ItemFinder {
    /// How many folders above what was given may belong to an item's name.
    static let foldersAboveMax = 4
    /// How many items a message names.
    private static let namedMax = 4

    /// What names mean in a format.
    enum Rule {
        /// A file of labels for each item: a name stands for what lies beside the file first.
        case besideFile
        /// One document of many items: a name stands for itself first.
        case document
    }

    private struct Claim {
        var id: String
        var place: String
        var file: String
        var isGuess: Bool
    }

    private let context: ReadContext
    /// How many folders above the file before was found: those beside it are tried there first.
    ///
    /// Which of the candidates it was says nothing: an item with another ending may have been put beside.
    private var last: Int?
    private var index: ItemIndex?
    private var claims: ByteMap<Claim> = [:]
    private var named: ByteMap<String> = [:]
    /// Which file speaks of an item, and its path below what was given.
    private var owners: ByteMap<FormatFile> = [:]
    /// The paths of the file that was asked for last.
    private var above: (file: String, paths: [String]) = ("", [])

    init(_ context: ReadContext) { self.context = context }

    // MARK: Names that stand in files

    /// The key of the item that a name in a file means.
    ///
    /// - Parameters:
    ///   - scopes: What the format calls the part of a dataset in which the name is unique, the surest first.
    ///   - endings: The endings that the name may lack.
    /// - Throws: ``FormatError`` where the name may mean either of two items, or two names one item.
    func key(
        named name: String, in file: FormatFile, rule: Rule = .document, scopes: [String] = [],
        endings: [String] = []
    ) throws -> String {
        if rule == .document, scopes.isEmpty, context.isEmpty, context.rules.map.isEmpty {
            return ItemName.new(stripped(name))
        }
        let scope = scopes.first ?? (rule == .besideFile && !name.contains("/") ? file.parent : "")
        let id = "\(scope)\0\(name)"
        if rule == .document, let key = named[id] { return key }
        let found = try find(name, in: file, rule, scopes, endings)
        if rule == .besideFile { try own(found.key, file) }
        try claim(
            found.key,
            Claim(
                id: id,
                place: scope.isEmpty && rule == .besideFile
                    ? file.path : FileSystem.join(scope, name),
                file: file.file.name, isGuess: found.isGuess), isScoped: !scopes.isEmpty, in: file)
        named[id] = found.key
        return found.key
    }

    private func find(
        _ name: String, in file: FormatFile, _ rule: Rule, _ scopes: [String],
        _ endings: [String]
    ) throws -> (key: String, isGuess: Bool) {
        for text in scopes.map({ FileSystem.join($0, name) })
            + [FileSystem.join(file.parent, name), name]
        {
            if let key = try mapped(text) { return (key, false) }
        }
        // Somebody has registered this very name: it must not pass for the one that it looks like.
        if ItemKey.problem(name) != nil, try context.itemFields(name) != nil {
            return (name, false)
        }
        let plain = stripped(name)
        // Most names are keys just as they stand, and nothing comes before that.
        if rule == .document, scopes.isEmpty, plain.utf8.count == name.utf8.count,
            try isKnown(name)
        {
            return (name, false)
        }
        let spellings = ItemName.spellings(plain)
        let lacks = spellings.map { MediaItems.isMedia(FileTree.ending($0)) ? [] : endings }
        let paths = paths(of: file)
        let folders = paths.map { FileSystem.parent($0) }
        if spellings.count == 1, rule == .document, ItemKey.problem(name) != nil {
            return (name, false)
        }
        for (spelling, endings) in zip(spellings, lacks) {
            let all = [spelling] + ItemFinder.with(endings, [spelling])
            var candidates = scopes.flatMap { scope in all.map { FileSystem.join(scope, $0) } }
            let beside = folders.reversed().flatMap { folder in
                all.compactMap { FileTree.resolved($0, in: folder) }
            }
            let isBare = !spelling.utf8.contains(UInt8(ascii: "/"))
            candidates += rule == .besideFile && isBare ? beside + all : all + beside
            for key in candidates where try isKnown(key) {
                return (key, ItemName.isWithoutUpload(spelling, of: name))
            }
        }
        if let root = context.rules.root, let key = try below(root, name) { return (key, false) }
        if let key = try match(spellings, scopes, file, name) { return (key, true) }
        let new = ItemName.new(plain)
        if rule == .besideFile, let key = pictureBeside(new, file) { return (key, false) }
        return (new, rule == .besideFile)
    }

    /// The key of an absolute name below the root that the user gave.
    private func below(_ root: String, _ name: String) throws -> String? {
        let prefix = root.hasSuffix("/") ? root : root + "/"
        guard name.hasPrefix(prefix) else { return nil }
        let key = String(name.dropFirst(prefix.count))
        return ItemKey.problem(key) == nil ? key : nil
    }

    /// The registered item whose path ends like one of the spellings, or that holds the picture at hand.
    private func match(
        _ spellings: [String], _ scopes: [String], _ file: FormatFile, _ name: String,
        mayBeShorter: Bool = true
    ) throws -> String? {
        let index = try registered()
        if index.isEmpty { return nil }
        let path = paths(of: file).last ?? file.path
        let around =
            path.split(separator: "/").dropLast() + scopes.flatMap { $0.split(separator: "/") }
        switch index.match(spellings, around: Array(around), mayBeShorter: mayBeShorter) {
        case .one(let key):
            return key
        case .several(let keys):
            if let key = try digested(spellings, file, index, among: keys) { return key }
            let shown = keys.sortedByBytes().prefix(Self.namedMax).joined(separator: ", ")
            throw FormatError.ambiguous(
                file: file.file.name,
                why:
                    "\"\(name.prefix(120))\" may be any of \(keys.count) items: \(shown); say which "
                    + "with --map FILE, --root DIR or --strip PREFIX")
        case .none:
            return try digested(spellings, file, index, among: nil)
        }
    }

    private func digested(
        _ spellings: [String], _ file: FormatFile, _ index: ItemIndex, among: [String]?
    ) throws -> String? {
        guard index.hasDigests, file.file.isOnDisk else { return nil }
        // Below what was given, too: a path that a format makes of the file's own begins there.
        let given =
            file.file.name.hasSuffix(file.path)
            ? String(file.file.name.dropLast(file.path.count)) : nil
        let folders = [context.rules.root, FileSystem.parent(file.file.name), given]
            .compactMap { $0 }
        // No file is opened outside of these folders.
        for spelling in spellings where ItemKey.problem(spelling) == nil {
            for folder in folders {
                let path = FileSystem.join(folder.isEmpty ? "." : folder, spelling)
                guard FileSystem.exists(path), !FileSystem.isFolder(path),
                    let digest = try context.digest(path)
                else { continue }
                let keys = index.keys(digest: digest).filter { key in
                    among?.contains { $0.hasSameBytes(as: key) } ?? true
                }
                if keys.count == 1 { return keys[0] }
            }
        }
        return nil
    }

    /// The path below what was given of a picture that lies beside the file that names it.
    private func pictureBeside(_ name: String, _ file: FormatFile) -> String? {
        guard file.file.isOnDisk, let path = FileTree.resolved(name, in: file.parent) else {
            return nil
        }
        let full = FileSystem.join(FileSystem.parent(file.file.name), name)
        return FileSystem.exists(full) && !file.parent.isEmpty ? path : nil
    }

    /// Refuses two names for one item where nothing shows that they mean one picture.
    private func claim(
        _ key: String, _ claim: Claim, isScoped: Bool, in file: FormatFile
    ) throws {
        guard let other = claims[key] else {
            claims[key] = claim
            return
        }
        guard !other.id.hasSameBytes(as: claim.id), isScoped || other.isGuess || claim.isGuess
        else { return }
        let elsewhere =
            other.file.hasSameBytes(as: claim.file) ? "" : " in \(other.file.suffix(120))"
        throw FormatError.ambiguous(
            file: file.file.name,
            why:
                "\"\(claim.place.prefix(120))\" and \"\(other.place.prefix(120))\"\(elsewhere) would both be the "
                + "item \"\(key.prefix(120))\"; register the pictures with items add, say with --map "
                + "FILE which is which, or import them one after the other with --author")
    }

    private func paths(of file: FormatFile) -> [String] {
        let name = file.file.name
        if above.paths.isEmpty || !above.file.hasSameBytes(as: name) {
            above = (
                name,
                file.pathsFromAbove(
                    foldersMax: Self.foldersAboveMax, root: context.rules.root)
            )
        }
        return above.paths
    }

    private func registered() throws -> ItemIndex {
        if let index { return index }
        let made = try ItemIndex(context.forEachItem)
        index = made
        return made
    }

    // MARK: Files that are called like their items

    /// The key of the known item of a file that speaks of one item; nil where none is known.
    ///
    /// The same file must mean the same item whether it was given by itself, with its folder or with the folder
    /// above. So the item is the known one with the longest name that agrees with the end of the file's path,
    /// but never one with fewer folders than stand below what was given: two folders may hold files of one name.
    ///
    /// - Parameters:
    ///   - candidates: The keys that a path may stand for, the likeliest first.
    ///   - byEnding: Whether an item in other folders may be meant, if it is the only one.
    ///   - mayBeShorter: Whether it may also lie in fewer folders than the name has.
    ///   - name: What the item is called if none is known; nil for the first candidate.
    func key(
        _ file: FormatFile, byEnding: Bool = false, mayBeShorter: Bool = false,
        orNamed name: String? = nil, _ candidates: (String) -> [String]
    ) throws -> String? {
        let paths = paths(of: file)
        for path in [file.path] + paths {
            for name in [path] + candidates(path) {
                if let key = try mapped(name) { return key }
            }
        }
        let known = try known(file, paths, byEnding, mayBeShorter, candidates)
        // What is not known will be called by the path, whatever the format makes of it.
        try own(known ?? "\0\(name ?? candidates(file.path).first ?? file.path)", file)
        return known
    }

    /// Refuses files of one name below two of the given folders where nothing tells their items apart.
    private func own(_ key: String, _ file: FormatFile) throws {
        guard let other = owners[key] else {
            owners[key] = file
            return
        }
        guard other.path.hasSameBytes(as: file.path),
            !other.file.name.hasSameBytes(as: file.file.name)
        else { return }
        throw FormatError.ambiguous(
            file: file.file.name,
            why:
                "it and \(other.file.name) are called alike below what was given, and would be of one item; "
                + "give the folder above both, or register the items under their paths with items add"
        )
    }

    private func known(
        _ file: FormatFile, _ paths: [String], _ byEnding: Bool, _ mayBeShorter: Bool,
        _ candidates: (String) -> [String]
    ) throws -> String? {
        let usual = last.flatMap { paths.indices.contains($0) ? $0 : nil }
        for above in [usual].compactMap({ $0 }) + paths.indices.reversed() {
            for key in candidates(paths[above]) where try isKnown(key) {
                last = above
                return key
            }
        }
        guard byEnding else { return nil }
        let names = candidates(context.rules.root == nil ? file.path : paths[0])
        guard let key = try match(names, [], file, file.path, mayBeShorter: mayBeShorter) else {
            return nil
        }
        try claim(
            key,
            Claim(id: file.path, place: file.path, file: file.file.name, isGuess: true),
            isScoped: false, in: file)
        return key
    }

    /// The key of the known item of a file that is the item itself, or else the path below what was given.
    func key(of file: FormatFile) throws -> String {
        try key(file, byEnding: true) { [$0] } ?? file.path
    }

    /// A name without the beginnings that the user takes off.
    func stripped(_ name: String) -> String {
        guard let index = context.rules.strips.firstIndex(where: { name.hasPrefix($0) }) else {
            return name
        }
        context.use.note(strip: index)
        return String(
            name.dropFirst(context.rules.strips[index].count).drop { $0 == "/" || $0 == "\\" })
    }

    /// The key that the user's map has for a name.
    private func mapped(_ name: String) throws -> String? {
        if context.rules.map.isEmpty { return nil }
        guard let key = context.rules.map[name] else { return nil }
        if !context.use.isNoted(name) {
            let isNew = try !context.isEmpty && context.itemFields(key) == nil
            context.use.note(name, to: key, isNew: isNew)
        }
        return key
    }

    /// What is known of an item that was found.
    func fields(_ key: String) throws -> [String: FieldValue] {
        try context.itemFields(key) ?? [:]
    }

    /// True for an item that the dataset has.
    func isRegistered(_ key: String) throws -> Bool { try isKnown(key) }

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
    ///
    /// Where the user named the root of all items, the path below that folder is the only one.
    func pathsFromAbove(foldersMax: Int, root: String? = nil) -> [String] {
        guard file.isOnDisk else { return [path] }
        let own = path.split(separator: "/").count
        let all = Self.components(file.name)
        if let root {
            let above = Self.components(root)
            if all.starts(with: above) {
                return [all.dropFirst(above.count).joined(separator: "/")]
            }
        }
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
