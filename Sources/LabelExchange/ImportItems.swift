import AnnotationFormats
import AnnotationModel
import AnnotationStore
import CompanyHome
import DatasetReading
import Provenance

/// What the items in label files mean for a dataset.
package final class ImportItems {
    private let dataset: MergedDataset
    private let isComplete: Bool
    private let history: ImportHistory
    private var logs: [Int: Origin] = [:]
    private var hasItems = false
    /// How many items were added, and how many were there.
    private(set) var added = 0
    private(set) var matched = 0
    /// What this import said of the items that it added last.
    private var said: ByteMap<Statement> = [:]
    private var known: ByteMap<Bool> = [:]
    private var met = KeySet()
    /// The items that were counted: 64 bits stand for a key, since there may be millions.
    private var counted: Set<Int> = []
    private var lastMentioned = ""
    private var last: (key: String, item: StoredItem?)?
    /// Items that were asked for lately: those that a label names were mostly spoken of shortly before.
    private var fetched: ByteMap<StoredItem?> = [:]
    private static let fetchedMax = 1_024
    /// The images that a file takes for larger, smaller or turned, and why.
    private var misshapen: ByteMap<String> = [:]
    private static let keptMax = 65_536
    /// Names that a file gave an item: the first ones stay.
    private static let lasting = ["coco.id", "classes"]

    init(
        _ dataset: MergedDataset, isComplete: Bool, _ history: ImportHistory
    ) {
        (self.dataset, self.isComplete) = (dataset, isComplete)
        self.history = history
    }

    func start(_ logs: [Int: Origin], hasItems: Bool) {
        (self.logs, self.hasItems, last) = (logs, hasItems, nil)
    }

    /// True if the files named the item with this row.
    func isMet(_ id: Int64) -> Bool { met.contains(id) }

    /// Why labels of an item would stand elsewhere on it; nil for an item on which they do not.
    func misplacement(_ key: String) -> String? { misshapen[key] }

    /// What the dataset had of an item when the import began; what it asks for, it mostly asks several times.
    func stored(_ key: String) throws -> StoredItem? {
        if let last, last.key.hasSameBytes(as: key) { return last.item }
        if let known = fetched[key] { return known }
        let item = try dataset.store.item(dataset.id, key: key)
        last = (key, item)
        if fetched.count >= Self.fetchedMax { fetched.removeAll(keepingCapacity: true) }
        fetched.updateValue(item, forKey: key)
        return item
    }

    /// Asks for several items at once.
    func fetch(_ keys: [String]) throws {
        if !hasItems { return }
        let unknown = keys.filter { fetched[$0] == nil }
        if fetched.count >= Self.fetchedMax { fetched.removeAll(keepingCapacity: true) }
        try dataset.store.forEachItem(dataset.id, keys: unknown) {
            fetched.updateValue($1, forKey: $0)
        }
    }

    func isKnown(_ key: String) throws -> Bool {
        if let answer = known[key] { return answer }
        let answer = try stored(key) != nil
        if known.count >= Self.keptMax { known.removeAll(keepingCapacity: true) }
        known[key] = answer
        return answer
    }

    /// The operation that an item's record asks for; nil if it says nothing new.
    func operation(for record: ItemRecord) throws -> Operation? {
        let said = statement(record)
        guard hasItems, let item = try stored(record.key) else { return add(record.key, said) }
        met.insert(-item.target)
        count(record.key, isKnown: true)
        var now = item.record.fields
        now[Field.Known.examined.name] =
            now[Field.examined(by: dataset.home.origin)]
        var new = said.filter { !ImportStatement.isSame($0.key, $0.value, now[$0.key]) }
        // An export that tells whose words they are says nothing by them in one's own name.
        let companies = record.fields.filter {
            $0.key.hasPrefix(Field.examinedPrefix) && $0.value == .bool(true)
        }
        if !companies.isEmpty, companies.allSatisfy({ now[$0.key] == $0.value }) {
            new[Field.Known.examined.name] = nil
        }
        for field in Self.lasting where now[field] != nil { new[field] = nil }
        if new.isEmpty { return nil }
        let different = new
        if new.contains(where: { now[$0.key] != nil }) {
            let past = try history.past(item.target, addedBy: nil, logs)
            new = new.filter { field, value in
                guard now[field] != nil else { return true }
                if let base = past.base[field] {
                    return !ImportStatement.isSame(field, value, base)
                }
                // Others said it, and a format that tells of items only in passing does not correct them.
                return isComplete
                    && !(past.all[field] ?? []).contains {
                        ImportStatement.isSame(field, value, $0)
                    }
            }
        }
        noteShape(record.key, different.filter { new[$0.key] == nil }, now)
        return new.isEmpty ? nil : .setItem(key: record.key, fields: fields(new))
    }

    /// Counts an item that a label names: tables may name it nowhere else.
    func mention(_ key: String) throws {
        if lastMentioned.hasSameBytes(as: key) { return }
        lastMentioned = key
        if counted.contains(ByteKey(key).hashValue) { return }
        count(key, isKnown: try hasItems && isKnown(key))
    }

    private func count(_ key: String, isKnown: Bool) {
        guard counted.insert(ByteKey(key).hashValue).inserted else { return }
        if isKnown { matched += 1 } else { added += 1 }
    }

    /// A new item, or what another record says more of one.
    private func add(_ key: String, _ said: Statement) -> Operation? {
        guard let before = self.said[key] else {
            if self.said.count >= Self.keptMax { self.said.removeAll(keepingCapacity: true) }
            self.said[key] = said
            count(key, isKnown: false)
            return .addItem(key: key, fields: fields(said))
        }
        let new = said.filter { before[$0.key] == nil }
        if new.isEmpty { return nil }
        self.said[key] = before.merging(new) { old, _ in old }
        return .setItem(key: key, fields: fields(new))
    }

    /// Notes an image whose size the file has wrong, so that its labels count other pixels.
    private func noteShape(_ key: String, _ wrong: Statement, _ now: Statement) {
        let (width, height) = (Field.Known.width.name, Field.Known.height.name)
        guard wrong[width] != nil || wrong[height] != nil,
            let own = now[width]?.numberValue, let other = now[height]?.numberValue
        else { return }
        let said = [wrong[width]?.numberValue ?? own, wrong[height]?.numberValue ?? other]
        let isTurned = said == [other, own]
        misshapen[key] =
            "the file's picture has \(Self.pixels(said[0])) x \(Self.pixels(said[1])) pixels, the "
            + "item's \(Self.pixels(own)) x \(Self.pixels(other))"
            + (isTurned ? "; it was labelled turned, as EXIF asks for" : "")
            + "; its labels would stand elsewhere: label the stored picture"
    }

    /// A size as text; what a file calls a size may be larger than any whole number.
    private static func pixels(_ size: Double) -> String {
        Int(exactly: size).map { "\($0)" } ?? "\(size)"
    }

    /// The fields that this organisation can say of an item: not what others have examined.
    private func statement(_ record: ItemRecord) -> Statement {
        record.fields.filter {
            !$0.key.hasPrefix("\u{0}") && !$0.key.hasPrefix(Field.examinedPrefix)
                && !($0.key == Field.Known.examined.name && $0.value != .bool(true))
        }
    }

    private func fields(_ said: Statement) -> [Field: FieldValue] {
        [Field: FieldValue](
            said.map { (Field(name: $0.key), $0.value) }, uniquingKeysWith: { first, _ in first })
    }
}
