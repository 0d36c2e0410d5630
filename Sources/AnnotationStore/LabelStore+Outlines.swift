import AnnotationModel
import Foundation
import GRDB
import Provenance

/// What a schema looks at in a label; the geometry is left out.
public struct LabelOutline: Sendable {
    /// The local key.
    public let key: OperationKey
    /// The organisation that added it.
    public let origin: Origin
    /// The class's name as it was written.
    public let className: String
    /// The kind of selector.
    public let kind: Selector.Kind
    /// Attributes and other fields by name; empty where they were not asked for.
    public let fields: [String: FieldValue]
    /// The item's media type; nil where it is not known or was not asked for.
    public let mediaType: String?
}

extension LabelStore {
    /// Calls `body` with each label that was not retracted, in the order of keys.
    ///
    /// - Parameter logs: The dataset's logs by local number.
    public func forEachOutline(
        _ logs: [Int: Origin], withFields: Bool, withMediaType: Bool,
        _ body: (LabelOutline) throws -> Void
    ) throws {
        try reading("judging labels") { rows in
            var mediaTypes = MediaTypes(rows)
            // One of its own: `body` may read, too.
            let labels = try Statement(
                rows.connection,
                "SELECT key, class, selector, item, fields FROM annotation "
                    + "WHERE key>=? AND key<? AND status=0 ORDER BY key")
            for (number, origin) in logs.sorted(by: { $0.key < $1.key }) {
                labels.bind(1, Int64(number) << 48)
                labels.bind(2, Int64(number + 1) << 48)
                while try labels.step() {
                    let packed = labels.integer(0)
                    guard let kind = Selector.Kind(ofEncoded: labels.blob(2)) else {
                        throw AnnotationStoreError.damagedRow(table: "annotation", key: packed)
                    }
                    let mediaType = withMediaType ? try mediaTypes.ofItem(labels.integer(3)) : nil
                    try body(
                        LabelOutline(
                            key: OperationKey(packed: packed), origin: origin,
                            className: try rows.name(labels.integer(1)), kind: kind,
                            fields: withFields ? try rows.fields(labels.blob(4)) : [:],
                            mediaType: mediaType))
                }
            }
        }
    }

    /// How many labels an earlier count found outside a schema; nil if the label set or the schema is another.
    public func outsideSchema(
        _ dataset: DatasetID, digest: [UInt8], schema: [UInt8]
    ) throws -> Int? {
        try Self.translating("reading a count") {
            try queue.unsafeReentrantWrite { db in
                guard try db.tableExists("outside") else { return nil }
                return try Int.fetchOne(
                    db, sql: "SELECT labels FROM outside WHERE dataset=? AND digest=? AND schema=?",
                    arguments: [dataset.description.databaseBytes, Data(digest), Data(schema)])
            }
        }
    }

    /// Keeps a count for as long as the label set and the schema stay as they are.
    public func keepOutsideSchema(
        _ labels: Int, _ dataset: DatasetID, digest: [UInt8], schema: [UInt8]
    ) throws {
        try Self.translating("keeping a count") {
            try queue.unsafeReentrantWrite { db in
                try db.execute(
                    sql: "CREATE TABLE IF NOT EXISTS outside(dataset BLOB PRIMARY KEY, "
                        + "digest BLOB NOT NULL, schema BLOB NOT NULL, labels INTEGER NOT NULL)")
                try db.execute(
                    sql: "INSERT OR REPLACE INTO outside VALUES(?,?,?,?)",
                    arguments: [
                        dataset.description.databaseBytes, Data(digest), Data(schema), labels,
                    ])
            }
        }
    }
}

/// Media types of items by row, the last ones met.
private struct MediaTypes {
    private let rows: ReadRows
    private var known: [Int64: String?] = [:]
    private static let knownMax = 4_096

    init(_ rows: ReadRows) { self.rows = rows }

    mutating func ofItem(_ id: Int64) throws -> String? {
        if let answer = known[id] { return answer }
        let item = try rows.statement("SELECT fields FROM item WHERE id=?")
        item.bind(1, id)
        defer { item.reset() }
        let fields = try item.step() ? rows.fields(item.blob(0)) : [:]
        let type = fields[Field.Known.mediaType.name]?.textValue
        if known.count >= Self.knownMax { known.removeAll(keepingCapacity: true) }
        known[id] = .some(type)
        return type
    }
}

extension Selector.Kind {
    /// The kind of an encoded selector, from its head alone.
    init?(ofEncoded bytes: UnsafeRawBufferPointer) {
        // An array of at most 23 members, then the kind and the scale as one whole number below 256.
        guard bytes.count >= 2, bytes[0] >> 5 == 4, bytes[0] & 0x1f < 24 else { return nil }
        if bytes[1] < 24 {
            self.init(code: Int(bytes[1]) >> 3)
        } else if bytes[1] == 24, bytes.count >= 3 {
            self.init(code: Int(bytes[2]) >> 3)
        } else {
            return nil
        }
    }
}
