import AnnotationModel
import LabelText

/// The spellings under which programs write one item's name.
enum ItemName {
    /// The spellings of a name that may be a registered item's key, the most literal first.
    ///
    /// That is the name itself; with `/` for `\`; without the server, drive, root or steps up that it begins with; with
    /// what `%20` and the like stand for; and without the eight digits that Label Studio puts before uploads.
    static func spellings(_ name: String) -> [String] {
        var found: [String] = []
        func add(_ text: String) {
            if !text.isEmpty, !found.contains(where: { $0.hasSameBytes(as: text) }) {
                found.append(text)
            }
        }
        add(name)
        let plain = relative(name)
        add(plain)
        let decoded = BlankFree.text(plain)
        add(decoded)
        for text in [plain, decoded] {
            let last = FileSystem.lastComponent(text)
            guard let rest = withoutUploadPrefix(last) else { continue }
            add(FileSystem.join(FileSystem.parent(text), rest))
            add(rest)
        }
        return found
    }

    /// The name that an item gets which nobody has registered: with `/` for `\`, else as it is written.
    static func new(_ name: String) -> String {
        guard name.utf8.contains(UInt8(ascii: "\\")) else { return name }
        return slashed(name)
    }

    private static func slashed(_ name: String) -> String {
        String(decoding: name.utf8.map { $0 == UInt8(ascii: "\\") ? 0x2f : $0 }, as: UTF8.self)
    }

    /// A path without server, drive, root and steps that lead nowhere; `..` at its beginning is dropped.
    static func relative(_ name: String) -> String {
        var text = slashed(name)
        if let mark = text.firstRange(of: "://") {
            let rest = text[mark.upperBound...]
            text = String(rest[(rest.firstIndex(of: "/") ?? rest.endIndex)...])
            if let query = text.firstRange(of: "?d=") {
                text = String(text[query.upperBound...])
            } else if let end = text.firstIndex(where: { $0 == "?" || $0 == "#" }) {
                text = String(text[..<end])
            }
        } else if let query = text.firstRange(of: "/data/local-files/?d=") {
            text = String(text[query.upperBound...])
        }
        let bytes = Array(text.utf8.prefix(2))
        if bytes.count == 2, bytes[1] == UInt8(ascii: ":"),
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(bytes[0] | 0x20)
        {
            text = String(text.dropFirst(2))
        }
        var parts: [Substring] = []
        for part in text.split(separator: "/") where part != "." {
            if part == ".." { _ = parts.popLast() } else { parts.append(part) }
        }
        return parts.joined(separator: "/")
    }

    /// Whether a spelling lacks the digits that tell two uploads of one name apart.
    static func isWithoutUpload(_ spelling: String, of name: String) -> Bool {
        let last = FileSystem.lastComponent(BlankFree.text(relative(name)))
        return withoutUploadPrefix(last) != nil
            && FileSystem.lastComponent(spelling).utf8.count <= last.utf8.count - 9
    }

    private static func withoutUploadPrefix(_ name: String) -> String? {
        let bytes = Array(name.utf8)
        guard bytes.count > 9, bytes[8] == UInt8(ascii: "-"),
            bytes[..<8].allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) })
        else { return nil }
        return String(decoding: bytes[9...], as: UTF8.self)
    }
}

/// What a user says about the names in label files.
public struct ItemRules: Sendable {
    /// The folder below which the items' files lie under their keys; nil where nothing is said.
    public var root: String?
    /// Beginnings that are taken off the names.
    public var strips: [String] = []
    /// The keys of names, as a file of the user's says.
    public var map: ByteMap<String> = [:]

    /// Nothing is said.
    public init() {}

    /// Reads a map: one name and its key a line, parted by a tab, or in a JSON object.
    public static func map(_ file: InputFile) throws -> ByteMap<String> {
        let text = try file.smallText()
        var map: ByteMap<String> = [:]
        if text.first(where: { !$0.isWhitespace }) == "{" {
            guard case .object(let members) = try JSONFile.tree(file) else { return map }
            for (name, key) in members {
                guard let key = key.string, ItemKey.problem(key) == nil else {
                    throw FormatError.structure(
                        file: file.name, path: String(name.prefix(80)), why: "no item's key")
                }
                map[name] = key
            }
            return map
        }
        var (number, lines) = (0, ByteMap<Int>())
        for line in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline) {
            number += 1
            if line.allSatisfy(\.isWhitespace) { continue }
            let parts = line.split(separator: "\t", maxSplits: 1).map { XMLTree.trim(String($0)) }
            guard parts.count == 2, ItemKey.problem(parts[1]) == nil else {
                throw FormatError.text(
                    file: file.name, line: number,
                    why: "a line of a map is: name in the files TAB the item's key")
            }
            if let known = map[parts[0]], !known.hasSameBytes(as: parts[1]) {
                throw FormatError.text(
                    file: file.name, line: number,
                    why:
                        "\(parts[0].prefix(80)) is \(parts[1].prefix(80)) here and \(known.prefix(80)) in line "
                        + "\(lines[parts[0]] ?? 0); leave one of the two")
            }
            map[parts[0]] = parts[1]
            lines[parts[0]] = number
        }
        return map
    }
}

/// Which of the words that a user says about names meant anything in the files.
public final class ItemRuleUse {
    private var names: ByteSet = []
    private var strips: Set<Int> = []
    private var newKeys: [String] = []

    /// Nothing was used.
    public init() {}

    func isNoted(_ name: String) -> Bool { names.contains(name) }

    func note(_ name: String, to key: String, isNew: Bool) {
        names.insert(name)
        if isNew { newKeys.append(key) }
    }

    func note(strip index: Int) { strips.insert(index) }

    /// What a person should look at: words that fit nothing, and keys that no item has.
    public func notes(_ rules: ItemRules) -> [(where: String, what: String)] {
        var notes: [(where: String, what: String)] = []
        let idle = rules.map.keys.filter { !names.contains($0) }
        if let first = idle.min(by: { ByteKey($0) < ByteKey($1) }) {
            notes.append(
                (
                    "--map",
                    "\(idle.count) of \(rules.map.count) names in the map stand in no file, or mean no "
                        + "item there; the first is \"\(first.prefix(120))\""
                ))
        }
        if let first = newKeys.first {
            notes.append(
                (
                    "--map",
                    "the map leads \(newKeys.count) names to items that the dataset does not have, the "
                        + "first is \"\(first.prefix(120))\"; these are new items"
                ))
        }
        for (index, strip) in rules.strips.enumerated() where !strips.contains(index) {
            notes.append(
                ("--strip", "no name in the files begins with \"\(strip.prefix(120))\""))
        }
        return notes
    }
}
