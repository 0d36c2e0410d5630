import AnnotationFormats
import AnnotationModel
import AnnotationStore
import Provenance

/// What the items in label files mean for a dataset.
final class ImportItems {
    private let node: Node
    private let dataset: DatasetID
    private let isComplete: Bool
    private let history: ImportHistory
    private var logs: [Int: Origin] = [:]
    private var hasItems = false
    /// Items that were added by this import, or looked up: the last ones.
    private var added: ByteSet = []
    private var known: ByteMap<Bool> = [:]
    private var met = KeySet()
    /// The images that a file takes for larger, smaller or turned, and why.
    private var misshapen: ByteMap<String> = [:]
    private static let keptMax = 4_096

    init(
        _ node: Node, _ dataset: DatasetID, isComplete: Bool, _ history: ImportHistory
    ) {
        (self.node, self.dataset, self.isComplete) = (node, dataset, isComplete)
        self.history = history
    }

    func start(_ logs: [Int: Origin], hasItems: Bool) {
        (self.logs, self.hasItems) = (logs, hasItems)
    }

    /// True if the files named the item with this row.
    func isMet(_ id: Int64) -> Bool { met.contains(id) }

    /// Why labels of an item would stand elsewhere on it; nil for an item on which they do not.
    func misplacement(_ key: String) -> String? { misshapen[key] }

    func isKnown(_ key: String) throws -> Bool {
        if let answer = known[key] { return answer }
        let answer = try node.store.item(dataset, key: key) != nil
        if known.count >= Self.keptMax { known.removeAll(keepingCapacity: true) }
        known[key] = answer
        return answer
    }

    /// The operation that an item's record asks for; nil if it says nothing new.
    func operation(for record: ItemRecord) throws -> Operation? {
        let said = said(record)
        guard hasItems, let item = try node.store.item(dataset, key: record.key) else {
            if added.count >= Self.keptMax { added.removeAll(keepingCapacity: true) }
            guard added.insert(record.key).inserted else { return nil }
            return .addItem(key: record.key, fields: fields(said))
        }
        met.insert(-item.target)
        var now = item.record.fields
        now[Field.Known.examined.name] =
            now[Field.examined(by: node.home.origin)]
        var new = said.filter { !ImportStatement.isSame($0.key, $0.value, now[$0.key]) }
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
    private func said(_ record: ItemRecord) -> Statement {
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
