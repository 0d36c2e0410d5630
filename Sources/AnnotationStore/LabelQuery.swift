import AnnotationModel
import Foundation
import GRDB
import Provenance

/// An annotation of a label set with its resolved values.
public struct LabelView: Sendable {
    /// The local key, for paging.
    public let key: OperationKey
    /// The id that means the same on every node.
    public let id: OperationID
    /// The item's key.
    public let item: String
    /// True if the item says that it is another one, see ``SameItems``.
    public let isOfAlias: Bool
    /// The class's name.
    public let className: String
    /// The resolved selector.
    public let selector: Selector
    /// True if it was retracted.
    public let isRetracted: Bool
    /// Conflicts.
    public let flags: RowFlags
    /// The source, if stated.
    public let source: String?
    /// The author, if not the organisation itself.
    public let author: String?
    /// Attributes, confidence, external id and other fields by name.
    public let fields: [String: FieldValue]

    /// The same label under another class.
    public func withClass(_ name: String) -> LabelView {
        LabelView(
            key: key, id: id, item: item, isOfAlias: isOfAlias, className: name, selector: selector,
            isRetracted: isRetracted, flags: flags, source: source, author: author, fields: fields)
    }
}

/// An item of a label set with its resolved fields.
public struct StoredItem: Sendable {
    /// What registers and touches know it by.
    public let target: Int64
    /// Conflicts.
    public let flags: RowFlags
    /// The key and the fields.
    public let record: ItemRecord
}

/// Which annotations to list.
public struct LabelFilter: Sendable {
    /// The keys of items, one of which it is of; none for all.
    public var items: [String] = []
    /// The same by the items' local numbers (``StoredItem/target``, negated), which spares looking them up.
    public var itemIDs: [Int64] = []
    /// The names of classes, one of which it has; none for all.
    public var classNames: [String] = []
    /// Only what this organisation added.
    public var org: Origin?
    /// Only what is in conflict.
    public var conflictsOnly = false
    /// Only what is in this state of a stage: the label's own state, or its item's where it has none; nil
    /// stands for no state at all.
    public var stage: (stage: ProcessingStage, state: String?)?
    /// Nothing of items that the stage `filter` excludes.
    public var isWithoutExcluded = false

    /// All annotations.
    public init() {}
}

/// A surviving write beyond the base, for display.
public struct WriteView: Sendable {
    /// The field's name.
    public let field: String
    /// The operation that wrote.
    public let operation: OperationID
    /// The value, where it is a plain one.
    public let value: FieldValue?
    /// The encoded value.
    public let encoded: [UInt8]
}

extension LabelStore {
    /// A page of annotations in the order of their keys.
    ///
    /// - Parameter logs: The dataset's logs by local number.
    public func labels(
        _ logs: [Int: Origin], filter: LabelFilter = LabelFilter(), after: OperationKey? = nil,
        limit: Int
    ) throws -> [LabelView] {
        try reading("reading labels") { rows in
            if filter.isWalked {
                return try walked(rows, logs, filter.org, after: after, limit: limit)
            }
            let (from, conditions, arguments) = try clauses(rows, logs, filter)
            let statement = try rows.statement(
                "SELECT \(LabelView.columns) FROM \(from) "
                    + "WHERE a.key>=? AND a.key<?\(conditions) ORDER BY a.key LIMIT ?")
            defer { statement.reset() }
            var found: [LabelView] = []
            for (number, origin) in logs.sorted(by: { $0.key < $1.key }) {
                if let org = filter.org, org != origin { continue }
                let start = max(Int64(number) << 48, (after?.packed ?? -1) + 1)
                statement.bind(
                    [.integer(start), .integer(Int64(number + 1) << 48)] + arguments
                        + [.integer(Int64(limit - found.count))])
                while try statement.step() {
                    found.append(try LabelView(statement, origin, rows))
                }
                if found.count >= limit { break }
            }
            return found
        }
    }

    /// A page of annotations without a query, where nothing is asked for that rows would know.
    private func walked(
        _ rows: ReadRows, _ logs: [Int: Origin], _ org: Origin?, after: OperationKey?, limit: Int
    ) throws -> [LabelView] {
        var found: [LabelView] = []
        for (number, origin) in logs.sorted(by: { $0.key < $1.key }) where org ?? origin == origin {
            if found.count >= limit { break }
            let start = max(Int64(number) << 48, (after?.packed ?? -1) + 1)
            try forEachEncodedLabel(of: number, origin, from: start, rows) { label in
                found.append(try LabelView(label))
                return found.count < limit
            }
        }
        return found
    }

    /// All annotations in the order of their keys, a page in memory at a time: `body` may do what it likes.
    public func forEachLabel(
        _ logs: [Int: Origin], filter: LabelFilter = LabelFilter(),
        _ body: (LabelView) throws -> Void
    ) throws {
        var after: OperationKey?
        repeat {
            let page = try labels(logs, filter: filter, after: after, limit: Self.pageLabels)
            for label in page { try body(label) }
            after = page.count == Self.pageLabels ? page.last?.key : nil
        } while after != nil
    }

    private static let pageLabels = 1_000

    func clauses(
        _ rows: ReadRows, _ logs: [Int: Origin], _ filter: LabelFilter
    ) throws -> (from: String, conditions: String, arguments: [Statement.Argument]) {
        // What is in conflict was touched.
        let table = filter.conflictsOnly ? "touched" : "annotation"
        var from = "\(table) a CROSS JOIN item i ON i.id=a.item"
        var conditions = ""
        var arguments: [Statement.Argument] = []
        if !filter.items.isEmpty || !filter.itemIDs.isEmpty {
            let ids =
                try filter.itemIDs
                + filter.items.compactMap { item in
                    try rows.integer(
                        "SELECT id FROM item WHERE key=? AND dataset="
                            + "(SELECT dataset FROM log WHERE number=?)",
                        [.bytes(Array(item.utf8)), .integer(Int64(logs.keys.first ?? 0))])
                }
            // Crossed, since SQLite would rather walk the whole log than start from the item's few runs.
            from =
                "run r CROSS JOIN \(table) a ON a.key BETWEEN r.first AND r.last "
                + "AND a.item=r.item CROSS JOIN item i ON i.id=a.item"
            if ids.count == 1 {
                conditions += " AND r.item=?"
                arguments.append(.integer(ids[0]))
            } else {
                // One argument, however many keys an item has.
                conditions += " AND r.item IN (SELECT value FROM json_each(?))"
                arguments.append(.text("\(ids)"))
            }
        }
        if !filter.classNames.isEmpty {
            let ids = try filter.classNames.compactMap { try rows.id(ofName: $0) }
            conditions += " AND a.class IN (SELECT value FROM json_each(?))"
            arguments.append(.text("\(ids)"))
        }
        if filter.conflictsOnly { conditions += " AND a.flags & 3" }
        if let (stage, state) = filter.stage {
            let field = stage.field.rawValue
            conditions +=
                " AND coalesce(\(StageFunction.name)(a.fields,\(field)),"
                + "\(StageFunction.name)(i.fields,\(field))) IS ?"
            arguments.append(.text(state))
        }
        if filter.isWithoutExcluded { conditions += " AND NOT \(StageFunction.isExcluded)" }
        return (from, conditions, arguments)
    }

    /// One annotation.
    public func label(_ key: OperationKey, origin: Origin) throws -> LabelView? {
        let before = key.packed > 0 ? OperationKey(packed: key.packed - 1) : nil
        return try labels([key.log: origin], after: before, limit: 1).first { $0.key == key }
    }

    /// The surviving writes of a target beyond its base.
    public func writes(_ target: Int64, _ logs: [Int: Origin]) throws -> [WriteView] {
        try Self.translating("reading registers") {
            try queue.unsafeReentrantWrite { db in
                let names = try rows(db)
                return try Row.fetchAll(
                    db, sql: "SELECT field,op,value FROM register WHERE target=?",
                    arguments: [target]
                ).compactMap { row in
                    let key = OperationKey(packed: row["op"])
                    guard let origin = logs[key.log] else { return nil }
                    let bytes = Array(row["value"] as Data)
                    return WriteView(
                        field: try names.field(row["field"]),
                        operation: OperationID(origin: origin, slot: key.slot),
                        value: try? FieldValue(decoding: bytes), encoded: bytes)
                }
            }
        }
    }

    /// The governance acts of a dataset's logs, in the logs' order.
    public func acts(_ logs: [Int: Origin]) throws -> [(operation: OperationID, act: GovernanceAct)]
    {
        try Self.translating("reading governance acts") {
            try queue.unsafeReentrantWrite { db in
                try logs.sorted { $0.key < $1.key }.flatMap { number, origin in
                    try Row.fetchAll(
                        db, sql: "SELECT op, bytes FROM act WHERE op>=? AND op<? ORDER BY op",
                        arguments: [Int64(number) << 48, Int64(number + 1) << 48]
                    ).map { row in
                        let key = OperationKey(packed: row["op"])
                        guard let act = GovernanceAct(decoding: Array(row["bytes"] as Data)) else {
                            throw AnnotationStoreError.damagedRow(table: "act", key: key.packed)
                        }
                        return (OperationID(origin: origin, slot: key.slot), act)
                    }
                }
            }
        }
    }

    /// The operations that spoke of a target beyond its base, in the order of their keys.
    public func touches(_ target: Int64, _ logs: [Int: Origin]) throws -> [OperationID] {
        try Self.translating("reading the history of a label") {
            try queue.unsafeReentrantWrite { db in
                try Int64.fetchAll(
                    db,
                    sql: "SELECT op FROM touch WHERE target=?1 UNION "
                        + "SELECT op FROM register WHERE target=?1 UNION "
                        + "SELECT base FROM item WHERE id=-?1 AND base IS NOT NULL ORDER BY op",
                    arguments: [target]
                ).compactMap { packed in
                    let key = OperationKey(packed: packed)
                    return logs[key.log].map { OperationID(origin: $0, slot: key.slot) }
                }
            }
        }
    }

    /// One item of a dataset; nil if there is none.
    public func item(_ dataset: DatasetID, key: String) throws -> StoredItem? {
        var found: StoredItem?
        try forEachItem(dataset, keys: [key]) { found = $1 }
        return found
    }

    /// Calls `body` with each of the named items, or with nil where the dataset has none.
    public func forEachItem(
        _ dataset: DatasetID, keys: [String], _ body: (String, StoredItem?) throws -> Void
    ) throws {
        try reading("reading items") { rows in
            let name = Array("\(dataset)".utf8)
            for key in keys {
                let statement = try rows.statement(
                    "SELECT \(StoredItem.columns) FROM item i JOIN dataset d ON d.id=i.dataset "
                        + "WHERE d.name=? AND i.key=?")
                statement.bind([.bytes(name), .bytes(Array(key.utf8))])
                var item: StoredItem?
                do {
                    defer { statement.reset() }
                    if try statement.step() { item = try StoredItem(statement, rows) }
                }
                try body(key, item)
            }
        }
    }

    /// The items of a dataset that companies disagree about, in the order of their keys.
    public func itemsInConflict(_ dataset: DatasetID) throws -> [StoredItem] {
        var found: [StoredItem] = []
        try forEachStoredItem(dataset, where: " AND i.flags & 3") { found.append($0) }
        return found
    }

    /// Calls `body` with each item of a dataset.
    ///
    /// - Parameter withoutExcluded: Leaves out those that the stage `filter` excludes.
    public func forEachItem(
        _ dataset: DatasetID, withoutExcluded: Bool = false, _ body: (ItemRecord) throws -> Void
    ) throws {
        let condition = withoutExcluded ? " AND NOT \(StageFunction.isExcluded)" : ""
        try forEachStoredItem(dataset, where: condition) { try body($0.record) }
    }

    /// Calls `body` with the items for which a condition of SQL's holds, in the order of their keys.
    func forEachStoredItem(
        _ dataset: DatasetID, where condition: String, _ arguments: [Statement.Argument] = [],
        _ body: (StoredItem) throws -> Void
    ) throws {
        try reading("reading items") { rows in
            // One of its own: `body` may read items, too.
            let statement = try Statement(
                rows.connection,
                "SELECT \(StoredItem.columns) FROM item i JOIN dataset d ON d.id=i.dataset "
                    + "WHERE d.name=?\(condition) ORDER BY i.key")
            statement.bind([.bytes(Array("\(dataset)".utf8))] + arguments)
            while try statement.step() { try body(try StoredItem(statement, rows)) }
        }
    }

    /// Entries and operations of a dataset's logs that are stored and not counted.
    public func quarantined(
        _ logs: [Int: Origin]
    ) throws -> [(log: Origin, slot: Slot, isEntry: Bool, why: NotCounted)] {
        try Self.translating("reading the quarantine") {
            try queue.unsafeReentrantWrite { db in
                var found: [(log: Origin, slot: Slot, isEntry: Bool, why: NotCounted)] = []
                for (number, origin) in logs.sorted(by: { $0.key < $1.key }) {
                    let (low, high) = (Int64(number) << 48, Int64(number + 1) << 48)
                    for row in try Row.fetchAll(
                        db, sql: Self.uncounted, arguments: [low >> 12, high >> 12, low, high])
                    {
                        let key = OperationKey(packed: row["op"])
                        guard let why = NotCounted(rawValue: row["why"]) else { continue }
                        found.append((origin, key.slot, row["whole"], why))
                    }
                }
                return found
            }
        }
    }

    /// The attribute names that a log uses.
    public func attributeNames(of log: Int) throws -> Set<ByteKey> {
        try Self.translating("reading the names of a log") {
            try queue.read { db in
                let names = try Data.fetchAll(
                    db,
                    sql: "SELECT text FROM attribute JOIN name ON id=attribute.name WHERE log=?",
                    arguments: [log])
                return Set(names.map { ByteKey(String(decoding: $0, as: UTF8.self)) })
            }
        }
    }
}
