import AnnotationModel
import CanonicalCBOR
import Foundation
import GRDB
import Provenance

/// Which items of a dataset are one item under several keys.
///
/// An item says by its field `sameAs` that it is another one. That holds where both have the same SHA-256; else it is a
/// word that changes nothing, so nobody can put labels onto a picture that they do not show. What was found is
/// kept, by content: use one for a reading, not for longer.
public final class SameItems {
    private let store: LabelStore
    private let dataset: DatasetID
    private var known: [Int64: [[UInt8]: ItemAliases]] = [:]

    /// What is said of a dataset's items.
    public init(_ store: LabelStore, _ dataset: DatasetID) {
        (self.store, self.dataset) = (store, dataset)
    }

    /// The key under which an item is shown, which is its own unless it is said to be another one.
    public func shown(_ item: ItemRecord) throws -> String {
        guard item.fields[Field.Known.sameAs.name]?.textValue != nil else { return item.key }
        return try aliases(of: item)?.shown(item.key) ?? item.key
    }

    /// The key under which an item is shown.
    public func shown(_ key: String) throws -> String {
        try store.item(dataset, key: key).map { try shown($0.record) } ?? key
    }

    /// The key under which a label's item is shown.
    public func shown(_ label: LabelView) throws -> String {
        label.isOfAlias ? try shown(label.item) : label.item
    }

    /// All keys of an item: that under which it is shown, then the others in the order of their bytes.
    public func names(of key: String) throws -> [String] {
        guard let item = try store.item(dataset, key: key) else { return [key] }
        return try names(of: item.record)
    }

    /// All keys of an item, as ``names(of:)``.
    public func names(of item: ItemRecord) throws -> [String] {
        try aliases(of: item)?.names(of: item.key) ?? [item.key]
    }

    /// The keys of other items that have the same content and that nobody has called the same, in the order of
    /// their bytes.
    public func twins(of key: String) throws -> [String] {
        guard let item = try store.item(dataset, key: key),
            case .bytes(let digest)? = item.record.fields[Field.Known.sha256.name],
            let content = Self.content(of: digest)
        else { return [] }
        let names = ByteSet(try names(of: key))
        var found: [String] = []
        try store.forEachItem(dataset, content: content) { other in
            if other.fields[Field.Known.sha256.name] == .bytes(digest), !names.contains(other.key) {
                found.append(other.key)
            }
        }
        return found.sortedByBytes()
    }

    private func aliases(of item: ItemRecord) throws -> ItemAliases? {
        guard case .bytes(let digest)? = item.fields[Field.Known.sha256.name],
            let content = Self.content(of: digest)
        else { return nil }
        if let found = known[content]?[digest] { return found }
        var same = ByteSet()
        var words: ByteMap<String> = [:]
        try store.forEachItem(dataset, content: content) { other in
            guard other.fields[Field.Known.sha256.name] == .bytes(digest) else { return }
            same.insert(other.key)
            words[other.key] = other.fields[Field.Known.sameAs.name]?.textValue
        }
        var standing: ByteMap<String> = [:]
        for (key, other) in words where same.contains(other) { standing[key] = other }
        let found = ItemAliases(standing)
        known[content, default: [:]][digest] = found
        return found
    }

    // MARK: Content

    /// What the table knows a content by: the first eight bytes of a SHA-256; nil for what is none.
    static func content(of digest: [UInt8]) -> Int64? {
        guard digest.count == 32 else { return nil }
        return digest.prefix(8).reduce(0) { $0 << 8 | Int64($1) }
    }

    /// The content that an item's encoded fields name; nil if they name none.
    static func content(ofFields list: [UInt8]) -> Int64? {
        list.withUnsafeBytes { buffer in
            var reader = CBORReader(buffer)
            while !reader.isAtEnd {
                guard let field = try? reader.integer(), field <= Field.Known.sha256.rawValue,
                    let value = try? reader.item()
                else { return nil }
                // The head of a byte string of 32 bytes.
                if field == Field.Known.sha256.rawValue, value.starts(with: [0x58, 32]) {
                    return content(of: Array(value.dropFirst(2)))
                }
            }
            return nil
        }
    }
}

extension LabelStore {
    /// Calls `body` with each item that has a content.
    func forEachItem(
        _ dataset: DatasetID, content: Int64, _ body: (ItemRecord) throws -> Void
    ) throws {
        try forEachStoredItem(dataset, where: " AND i.content=?", [.integer(content)]) {
            try body($0.record)
        }
    }

    /// Calls `body` with each item that somebody has called another one, whether that holds or not.
    public func forEachItemNamingAnother(
        _ dataset: DatasetID, _ body: (ItemRecord) throws -> Void
    ) throws {
        let condition = " AND i.flags & \(RowFlags.namesAnother.rawValue)"
        try forEachStoredItem(dataset, where: condition) { try body($0.record) }
    }

    /// How many items have the content of another one, and nobody has said which of them are the same.
    public func itemsOfEqualContent(_ dataset: DatasetID) throws -> Int {
        try Self.translating("counting items") {
            try queue.unsafeReentrantWrite { db in
                try Int.fetchOne(
                    db,
                    sql: "SELECT coalesce(sum(n),0) FROM (SELECT count(*) AS n FROM item "
                        + "WHERE dataset=(SELECT id FROM dataset WHERE name=?) "
                        + "AND content IS NOT NULL AND NOT flags & ? GROUP BY content HAVING n>1)",
                    arguments: [
                        dataset.description.databaseBytes, RowFlags.namesAnother.rawValue,
                    ]) ?? 0
            }
        }
    }

    /// Calls `body` with the items of each content that several have, and the content's SHA-256.
    public func forEachEqualContent(
        _ dataset: DatasetID, _ body: (_ sha256: [UInt8], [ItemRecord]) throws -> Void
    ) throws {
        let contents = try Self.translating("reading items") {
            try queue.unsafeReentrantWrite { db in
                try Int64.fetchAll(
                    db,
                    sql: "SELECT content FROM item "
                        + "WHERE dataset=(SELECT id FROM dataset WHERE name=?) "
                        + "AND content IS NOT NULL GROUP BY content HAVING count(*)>1",
                    arguments: [dataset.description.databaseBytes])
            }
        }
        for content in contents {
            var groups: [[UInt8]: [ItemRecord]] = [:]
            try forEachItem(dataset, content: content) { item in
                guard case .bytes(let digest)? = item.fields[Field.Known.sha256.name] else {
                    return
                }
                groups[digest, default: []].append(item)
            }
            for (digest, items) in groups.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) })
            where items.count > 1 {
                try body(digest, items)
            }
        }
    }
}
