import AnnotationModel

/// The items of records that have no ids: a record is about the item that has its prompt, wherever it stands in the
/// file.
///
/// A new one is called by its file and line. Rows that are put in, sorted or left out move lines, and what was said of
/// an item must not come to stand under another prompt. A prompt that a file asks again is one item, and what was
/// answered its labels: they are told apart by what they say.
struct PromptItems {
    private let context: ReadContext
    /// The keys of the items with a prompt, by what they ask.
    private var keys: [Int: [String]]?
    /// The largest number behind each file's name.
    private var largest: ByteMap<Int> = [:]
    private var used: ByteSet = []
    /// The items that were met, by what they ask.
    private var made: [Int: [(name: String, fields: [String: FieldValue])]] = [:]

    /// What an item asks.
    private static let asking = ["prompt", "input", "system", "tools"]

    init(_ context: ReadContext) { self.context = context }

    /// The key of the item of a record.
    ///
    /// - Parameter place: The file's name and the line, `name/number`.
    mutating func key(at place: String, asking fields: [String: FieldValue]) throws -> String {
        let key = try found(place, fields) ?? free(place)
        if used.insert(key).inserted { made[Self.hash(fields), default: []].append((key, fields)) }
        return key
    }

    private mutating func found(_ place: String, _ fields: [String: FieldValue]) throws -> String? {
        let known = try context.itemFields(place)
        if let known, !used.contains(place), known["prompt"] == nil || Self.isSame(known, fields) {
            return place
        }
        let file = Self.file(place)
        for key in try index()[Self.hash(fields)] ?? []
        where Self.file(key).utf8.elementsEqual(file.utf8) {
            if let known = try context.itemFields(key), Self.isSame(known, fields) { return key }
        }
        for key in made[Self.hash(fields)] ?? []
        where Self.file(key.name).utf8.elementsEqual(file.utf8) && Self.isSame(key.fields, fields) {
            return key.name
        }
        return known == nil && !used.contains(place) ? place : nil
    }

    /// The next name behind all that are taken.
    private mutating func free(_ place: String) throws -> String {
        _ = try index()
        let file = String(Self.file(place))
        var number = max(largest[file] ?? 0, Int(place.dropFirst(file.count + 1)) ?? 0)
        var key = place
        repeat {
            number += 1
            key = "\(file)/\(number)"
        } while try used.contains(key) || context.itemFields(key) != nil
        largest[file] = number
        return key
    }

    private mutating func index() throws -> [Int: [String]] {
        if let keys { return keys }
        var found: [Int: [String]] = [:]
        var numbers: ByteMap<Int> = [:]
        if !context.isEmpty {
            try context.forEachItem { key, fields in
                guard fields["prompt"] != nil else { return }
                found[Self.hash(fields), default: []].append(key)
                let file = String(Self.file(key))
                guard let number = Int(key.dropFirst(file.count + 1)) else { return }
                numbers[file] = max(numbers[file] ?? 0, number)
            }
        }
        (keys, largest) = (found, numbers)
        return found
    }

    private static func file(_ key: String) -> Substring {
        key[..<(key.lastIndex(of: "/") ?? key.endIndex)]
    }

    private static func hash(_ fields: [String: FieldValue]) -> Int {
        var hasher = Hasher()
        for name in asking { hasher.combine(fields[name]) }
        return hasher.finalize()
    }

    private static func isSame(
        _ one: [String: FieldValue], _ other: [String: FieldValue]
    ) -> Bool {
        asking.allSatisfy { one[$0] == other[$0] }
    }
}
