import AnnotationModel
import AnnotationStore
import PlainErrors
import Provenance

extension Node {
    /// Items of one content.
    public struct SameContent: Sendable {
        /// The SHA-256 of their bytes.
        public let sha256: [UInt8]
        /// Each item of it with all its keys, the one under which it is shown first.
        public let items: [[String]]
    }

    /// The contents that several keys of a dataset have, in no order that means anything.
    public func sameContents(_ dataset: DatasetID) throws -> [SameContent] {
        try require(dataset)
        try catchUp(dataset)
        let same = SameItems(store, dataset)
        var found: [SameContent] = []
        try store.forEachEqualContent(dataset) { digest, items in
            var groups: ByteMap<[String]> = [:]
            for item in items { groups[try same.shown(item), default: []].append(item.key) }
            found.append(
                SameContent(
                    sha256: digest,
                    items: groups.sortedByKey().map { head, keys in
                        [head]
                            + keys.filter { !$0.hasSameBytes(as: head) }.sortedByBytes()
                    }))
        }
        return found
    }

    /// Says, signed, that an item is another one: its labels are shown under the other's key from then on.
    ///
    /// - Parameter other: The other item's key; nil takes the word back.
    /// - Returns: False if that was said already.
    /// - Throws: ``NodeError`` if an item is not there, or the two are not known to have the same bytes.
    public func say(_ key: String, isSameAs other: String?, in dataset: DatasetID) throws -> Bool {
        try require(dataset)
        try catchUp(dataset)
        let item = try registered(key, dataset)
        let word = item.record.fields[Field.Known.sameAs.name]?.textValue
        if let other {
            if word.map({ $0.hasSameBytes(as: other) }) == true { return false }
            try requireSame(key, other, in: dataset)
        } else if word == nil {
            return false
        }
        let value = other.map { FieldValue.text($0) } ?? .null
        let isTakenBack = try other.map { try leads($0, to: key, dataset) } ?? false
        try write(dataset, message: "items same") { append in
            // What is said last holds: both ways round, neither key would stand for the other.
            if isTakenBack, let other {
                _ = try append(.setItem(key: other, fields: [.known(.sameAs): .null]))
            }
            _ = try append(.setItem(key: key, fields: [.known(.sameAs): value]))
        }
        return true
    }

    /// Throws for two items that are not known to have the same bytes, and for one that is not there.
    package func requireSame(_ key: String, _ other: String, in dataset: DatasetID) throws {
        try requireSameBytes(
            try registered(key, dataset).record, try registered(other, dataset).record)
    }

    /// The most words that are followed from one key to the next.
    private static let wordsMax = 64

    /// Whether an item is said to be another one, or one that is.
    private func leads(_ key: String, to other: String, _ dataset: DatasetID) throws -> Bool {
        var key = key
        for _ in 0..<Self.wordsMax {
            guard
                let word = try store.item(dataset, key: key)?.record.fields[
                    Field.Known.sameAs.name]?.textValue
            else { return false }
            if word.hasSameBytes(as: other) { return true }
            key = word
        }
        return false
    }

    private func registered(_ key: String, _ dataset: DatasetID) throws -> StoredItem {
        if let item = try store.item(dataset, key: key) { return item }
        throw NodeError(
            .unknownItem, "\(dataset) has no item \(key)",
            hint: "`countermark items same \(dataset)` lists the items of equal content")
    }

    private func requireSameBytes(_ item: ItemRecord, _ other: ItemRecord) throws {
        if item.key.hasSameBytes(as: other.key) {
            throw NodeError(
                .sameItem, "\(item.key) is given twice", hint: "give two keys")
        }
        let sha256 = Field.Known.sha256.name
        for record in [item, other] where record.fields[sha256] == nil {
            throw NodeError(
                .noDigest,
                "the SHA-256 of \(record.key) is not known, so nobody can tell that it is the same",
                hint: "`countermark items add` with the file registers it")
        }
        guard item.fields[sha256] == other.fields[sha256] else {
            throw NodeError(
                .otherContent, "\(item.key) and \(other.key) have different bytes",
                hint: "compare their SHA-256 in `countermark show`")
        }
    }
}
