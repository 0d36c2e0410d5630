import AnnotationModel
import Provenance

/// Which items of a dataset to list.
public struct ItemFilter: Sendable, Hashable {
    /// What the key has in it, whatever the case of ASCII letters.
    public var text: String?
    /// The names of classes, of one of which the item has a label; nil for all items.
    public var classNames: [String]?
    /// Who has a label of it.
    public var org: Origin?
    /// Only those that are in conflict, or have a label that is.
    public var isContested = false
    /// Only those in this stage, in this state of it; nil stands for no state at all.
    public var stage: ProcessingStage?
    /// The state of ``stage``.
    public var state: String?
    /// The part that it shows.
    public var group: String?
    /// Only those that this organisation has not said to have examined.
    public var unexamined: Origin?

    /// All items.
    public init() {}

    /// Whether it takes all items.
    public var isAll: Bool { self == ItemFilter() }

    fileprivate var asksLabels: Bool { classNames != nil || org != nil || isContested }
}

/// An item in a list, with what its labels are.
public struct ItemSummary: Sendable {
    /// The key and the fields.
    public let record: ItemRecord
    /// Conflicts of its own fields.
    public let flags: RowFlags
    /// Its labels that are not retracted, or are in conflict: how many each organisation has of a class.
    public let labels: [Labels]

    /// What one organisation says of it with one class.
    public struct Labels: Sendable {
        /// Who added them.
        public let org: Origin
        /// The class as it was written.
        public let className: String
        /// How many that are not retracted.
        public var count: Int
        /// How many of them are in conflict.
        public var contested: Int
    }
}

extension LabelStore {
    /// The items that a filter takes, as rows to be handed to ``itemSummaries(_:_:)``, in the order of their keys.
    ///
    /// - Parameter isShown: Whether an organisation's labels of an item may be told of; all may where it is nil.
    public func itemRows(
        _ dataset: DatasetID, _ logs: [Int: Origin], filter: ItemFilter,
        isShown: ((Origin, String) throws -> Bool)? = nil
    ) throws -> [Int64] {
        try reading("listing items") { rows in
            guard let id = try Self.id(of: dataset, rows) else { return [] }
            let labelled = filter.asksLabels ? try labelledItems(rows, logs, filter) : nil
            let (sql, arguments) = Self.clauses(id, filter)
            let statement = try Statement(rows.connection, sql)
            statement.bind(arguments)
            let examined = filter.unexamined.map { Field.examined(by: $0) }
            var found: [Int64] = []
            while try statement.step() {
                let item = statement.integer(0)
                let key = { String(decoding: statement.blob(1), as: UTF8.self) }
                if let labelled {
                    let isOwn =
                        filter.isContested && filter.classNames == nil && filter.org == nil
                        && RowFlags(rawValue: Int(statement.integer(2))).isConflict
                    guard
                        try isOwn
                            || labelled[item]?.contains(where: { log in
                                try logs[log].map { try isShown?($0, key()) ?? true } ?? false
                            }) == true
                    else { continue }
                }
                if filter.group != nil || examined != nil {
                    let fields = try rows.fields(statement.blob(3))
                    if let group = filter.group, fields["group"]?.textValue != group { continue }
                    if let examined, fields[examined] == .bool(true) { continue }
                }
                found.append(item)
            }
            return found
        }
    }

    /// A page of all items in the order of their keys, and how many there are.
    public func itemRows(
        _ dataset: DatasetID, offset: Int, limit: Int
    ) throws -> (rows: [Int64], total: Int) {
        try reading("listing items") { rows in
            guard let id = try Self.id(of: dataset, rows) else { return ([], 0) }
            let total =
                try rows.integer("SELECT count(*) FROM item WHERE dataset=?", [.integer(id)]) ?? 0
            // The index of keys has all of it: what is passed over costs no look at a row.
            let statement = try rows.statement(
                "SELECT id FROM item WHERE dataset=? ORDER BY key LIMIT ? OFFSET ?")
            defer { statement.reset() }
            statement.bind([.integer(id), .integer(Int64(limit)), .integer(Int64(offset))])
            var found: [Int64] = []
            while try statement.step() { found.append(statement.integer(0)) }
            return (found, Int(total))
        }
    }

    /// What lists show of items.
    public func itemSummaries(
        _ items: [Int64], _ logs: [Int: Origin]
    ) throws -> [ItemSummary] {
        try reading("listing items") { rows in
            let labels = try Statement(
                rows.connection,
                "SELECT a.key, a.class, a.flags, a.status FROM run r CROSS JOIN annotation a "
                    + "ON a.key BETWEEN r.first AND r.last AND a.item=r.item "
                    + "WHERE r.item=? AND (a.status=0 OR a.flags & 3)")
            return try items.compactMap { id in
                let statement = try rows.statement(
                    "SELECT \(StoredItem.columns) FROM item i WHERE i.id=?")
                statement.bind([.integer(id)])
                var item: StoredItem?
                do {
                    defer { statement.reset() }
                    if try statement.step() { item = try StoredItem(statement, rows) }
                }
                guard let item else { return nil }
                return ItemSummary(
                    record: item.record, flags: item.flags,
                    labels: try Self.count(labels, of: id, logs, rows))
            }
        }
    }

    private static func count(
        _ statement: Statement, of item: Int64, _ logs: [Int: Origin], _ rows: ReadRows
    ) throws -> [ItemSummary.Labels] {
        var counts: [(log: Int, name: Int64, labels: ItemSummary.Labels)] = []
        statement.bind([.integer(item)])
        defer { statement.reset() }
        while try statement.step() {
            let log = OperationKey(packed: statement.integer(0)).log
            guard let org = logs[log] else { continue }
            let name = statement.integer(1)
            let isContested = RowFlags(rawValue: Int(statement.integer(2))).isConflict
            var place = counts.firstIndex { $0.log == log && $0.name == name }
            if place == nil {
                counts.append(
                    (
                        log, name,
                        .init(org: org, className: try rows.name(name), count: 0, contested: 0)
                    )
                )
                place = counts.count - 1
            }
            guard let place else { continue }
            if statement.integer(3) == 0 { counts[place].labels.count += 1 }
            if isContested { counts[place].labels.contested += 1 }
        }
        return counts.map(\.labels)
    }

    private static func id(of dataset: DatasetID, _ rows: ReadRows) throws -> Int64? {
        try rows.integer("SELECT id FROM dataset WHERE name=?", [.bytes(Array("\(dataset)".utf8))])
    }

    private static func clauses(
        _ dataset: Int64, _ filter: ItemFilter
    ) -> (sql: String, arguments: [Statement.Argument]) {
        let asksFields = filter.group != nil || filter.unexamined != nil
        var sql =
            "SELECT i.id, i.key, \(filter.isContested ? "i.flags" : "0"), "
            + "\(asksFields ? "i.fields" : "NULL") FROM item i WHERE i.dataset=?"
        var arguments: [Statement.Argument] = [.integer(dataset)]
        if let text = filter.text {
            // No key has a NUL, behind which SQLite sees no more of a text.
            if text.utf8.contains(0) { sql += " AND 0" }
            sql += " AND instr(lower(CAST(i.key AS TEXT)), lower(?))>0"
            arguments.append(.text(text))
        }
        if let stage = filter.stage {
            sql += " AND \(StageFunction.name)(i.fields,\(stage.field.rawValue)) IS ?"
            arguments.append(.text(filter.state))
        }
        return (sql + " ORDER BY i.key", arguments)
    }

    /// The items with labels that the filter asks for, and in which logs those are.
    private func labelledItems(
        _ rows: ReadRows, _ logs: [Int: Origin], _ filter: ItemFilter
    ) throws -> [Int64: Set<Int>] {
        // What is in conflict was touched.
        var sql =
            "SELECT DISTINCT a.item FROM \(filter.isContested ? "touched" : "annotation") a "
            + "WHERE a.key>=? AND a.key<?"
        var arguments: [Statement.Argument] = []
        // Whether a label is retracted may be what the conflict is about.
        sql += filter.isContested ? " AND a.flags & 3" : " AND a.status=0"
        if let names = filter.classNames {
            let ids = try names.compactMap { try rows.id(ofName: $0) }
            sql += " AND a.class IN (SELECT value FROM json_each(?))"
            arguments.append(.text("\(ids)"))
        }
        let statement = try Statement(rows.connection, sql)
        var found: [Int64: Set<Int>] = [:]
        for (number, origin) in logs where filter.org == nil || filter.org == origin {
            statement.bind(
                [.integer(Int64(number) << 48), .integer(Int64(number + 1) << 48)] + arguments)
            defer { statement.reset() }
            while try statement.step() { found[statement.integer(0), default: []].insert(number) }
        }
        return found
    }
}
