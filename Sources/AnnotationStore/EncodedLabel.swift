import AnnotationModel
import Provenance

/// A label as it stands, with its values as they are encoded: for whoever reads very many and looks at little of each.
///
/// It is read where it lies, and is gone when the next one is read.
public struct EncodedLabel {
    /// Where it lies: in an entry and its row, or in a query's row of ``LabelView/columns``.
    fileprivate enum Place {
        case walk(LabelCursor)
        case row(Statement)
    }

    private let place: Place
    fileprivate let rows: ReadRows
    /// The local key.
    public let key: OperationKey
    /// Who added it.
    public let origin: Origin

    fileprivate init(_ place: Place, _ rows: ReadRows, _ origin: Origin) {
        (self.place, self.rows, self.origin) = (place, rows, origin)
        switch place {
        case .walk(let cursor): key = OperationKey(packed: cursor.key)
        case .row(let row): key = OperationKey(packed: row.integer(0))
        }
    }

    /// The id that means the same on every node.
    public var id: OperationID { OperationID(origin: origin, slot: key.slot) }

    /// Calls `body` with the bytes of the item's key.
    ///
    /// - Throws: ``AnnotationStoreError`` where the tables are damaged, and what `body` throws; so do all others here.
    public func withItem<R>(_ body: (UnsafeRawBufferPointer) throws -> R) throws -> R {
        switch place {
        case .walk(let cursor): try cursor.withItem(body)
        case .row(let row): try body(row.blob(8))
        }
    }

    /// The item's key and flags.
    fileprivate func item() throws -> ReadRows.Item {
        switch place {
        case .walk(let cursor): try rows.item(of: cursor)
        case .row(let row): rows.item(row.blob(8), flags: RowFlags(rawValue: Int(row.integer(9))))
        }
    }

    /// The key of the item.
    public func itemKey() throws -> String { try item().key }

    /// True if the item says that it is another one, see ``SameItems``.
    public func isOfAlias() throws -> Bool { try item().flags.contains(.namesAnother) }

    /// The local id of the class's name; ``name(_:)`` has the text.
    public func className() throws -> Int64 {
        switch place {
        case .walk(let cursor): try cursor.number(2)
        case .row(let row): row.integer(1)
        }
    }

    /// The local id of the changeset's source; 0 for none.
    public func source() throws -> Int64 {
        switch place {
        case .walk(let cursor): try cursor.number(6)
        case .row(let row): row.integer(5)
        }
    }

    /// The local id of the changeset's author; 0 for the organisation itself.
    public func author() throws -> Int64 {
        switch place {
        case .walk(let cursor): try cursor.number(7)
        case .row(let row): row.integer(6)
        }
    }

    /// True if it was retracted.
    public func isRetracted() throws -> Bool {
        switch place {
        case .walk(let cursor): try cursor.number(4) != 0
        case .row(let row): row.integer(3) != 0
        }
    }

    /// Conflicts, and whether there are registers.
    public func flags() throws -> RowFlags {
        switch place {
        case .walk(let cursor): RowFlags(rawValue: Int(try cursor.number(5)))
        case .row(let row): RowFlags(rawValue: Int(row.integer(4)))
        }
    }

    /// The resolved selector as it is encoded.
    public var encodedSelector: UnsafeRawBufferPointer {
        switch place {
        case .walk(let cursor): cursor.selector
        case .row(let row): row.blob(2)
        }
    }

    /// What the selector is; nil for one that this program does not know.
    public var kind: Selector.Kind? { Selector.Kind(ofEncoded: encodedSelector) }

    /// Whether it is of the item as a whole.
    public var isOfWholeItem: Bool { kind == .wholeItem }

    /// The resolved selector.
    public func selector() throws -> Selector { try Selector(decoding: encodedSelector) }

    /// Calls `body` with each field that has a value: its local id and the encoded value.
    public func forEachField(
        _ body: (_ field: Int64, _ value: UnsafeRawBufferPointer) throws -> Void
    ) throws {
        switch place {
        case .walk(let cursor): try cursor.forEachField(body)
        case .row(let row): try FieldList.forEach(row.blob(7), body)
        }
    }

    /// The text of a name's local id.
    public func name(_ id: Int64) throws -> String { try rows.name(id) }

    /// A field's name by its local id, as ``LabelView/fields`` has it.
    public func field(_ id: Int64) throws -> String { try rows.field(id) }
}

extension LabelView {
    /// All that a label has, decoded.
    ///
    /// - Throws: ``AnnotationStoreError`` where the tables are damaged.
    public init(_ label: EncodedLabel) throws {
        let (item, source, author) = (try label.item(), try label.source(), try label.author())
        var fields: [String: FieldValue] = [:]
        try label.forEachField { fields[try label.field($0)] = try FieldValue(decoding: $1) }
        self.init(
            key: label.key, id: label.id, item: item.key,
            isOfAlias: item.flags.contains(.namesAnother),
            className: try label.name(label.className()), selector: try label.selector(),
            isRetracted: try label.isRetracted(), flags: try label.flags(),
            source: source == 0 ? nil : try label.name(source),
            author: author == 0 ? nil : try label.name(author), fields: fields)
    }
}

extension LabelFilter {
    /// True if it asks for nothing but which items are not excluded.
    public var isOfItemsAlone: Bool {
        items.isEmpty && itemIDs.isEmpty && classNames.isEmpty && org == nil && !conflictsOnly
            && stage == nil
    }

    /// True if it asks for nothing but whose labels: these are found without a query.
    var isWalked: Bool {
        items.isEmpty && itemIDs.isEmpty && classNames.isEmpty && !conflictsOnly && stage == nil
            && !isWithoutExcluded
    }
}

/// An item as it stands, with its fields as they are encoded; it is gone when the next one is read.
public struct EncodedItem {
    fileprivate let row: Statement
    fileprivate let rows: ReadRows

    /// What registers and touches know it by.
    public var target: Int64 { -row.integer(0) }
    /// The bytes of its key.
    public var key: UnsafeRawBufferPointer { row.blob(1) }
    /// The only operation that has written to it; nil where none or several have.
    public var base: OperationKey? {
        row.isNull(4) ? nil : OperationKey(packed: row.integer(4))
    }
    /// Whether the stage `filter` excludes it.
    public var isExcluded: Bool { row.integer(5) != 0 }
    /// Whether anything was said of it.
    public var hasFields: Bool { !row.blob(3).isEmpty }

    /// The key and the fields.
    public func record() throws -> ItemRecord { try StoredItem(row, rows).record }
}

extension LabelStore {
    /// Calls `body`, which may read labels and items and no more, with each label of a dataset's logs in the order of
    /// keys.
    ///
    /// - Parameter logs: The logs by local number.
    public func forEachEncodedLabel(
        _ logs: [Int: Origin], filter: LabelFilter = LabelFilter(),
        _ body: (EncodedLabel) throws -> Void
    ) throws {
        for (number, origin) in logs.sorted(by: { $0.key < $1.key }) {
            if let org = filter.org, org != origin { continue }
            try forEachEncodedLabel(
                of: number, origin, filter: filter.isWalked ? nil : filter, body)
        }
    }

    /// Calls `body` with each label of a log in the order of keys.
    ///
    /// - Parameters:
    ///   - log: The log's local number.
    ///   - origin: Whose it is.
    ///   - filter: Which labels; nil for all, which are read without a query.
    public func forEachEncodedLabel(
        of log: Int, _ origin: Origin, filter: LabelFilter?, _ body: (EncodedLabel) throws -> Void
    ) throws {
        if let org = filter?.org, org != origin { return }
        let first = Int64(log) << 48
        try reading("reading labels") { rows in
            guard let filter else {
                return try forEachEncodedLabel(of: log, origin, from: first, rows) { label in
                    try body(label)
                    return true
                }
            }
            let (from, conditions, arguments) = try clauses(rows, [log: origin], filter)
            // One of its own: `body` may read, too.
            let row = try Statement(
                rows.connection,
                "SELECT \(LabelView.columns) FROM \(from) "
                    + "WHERE a.key>=? AND a.key<?\(conditions) ORDER BY a.key")
            row.bind([.integer(first), .integer(Int64(log + 1) << 48)] + arguments)
            while try row.step() { try body(EncodedLabel(.row(row), rows, origin)) }
        }
    }

    /// Calls `body`, which may read labels and items and no more, with each label of a log from a key on.
    ///
    /// - Parameters:
    ///   - log: The log's local number.
    ///   - body: Returns false to stop.
    public func forEachEncodedLabel(
        of log: Int, _ origin: Origin, from first: OperationKey,
        _ body: (EncodedLabel) throws -> Bool
    ) throws {
        try reading("reading labels") {
            try forEachEncodedLabel(of: log, origin, from: first.packed, $0, body)
        }
    }

    /// Walks the labels of a log from a key on.
    ///
    /// - Parameter body: Returns false to stop.
    func forEachEncodedLabel(
        of log: Int, _ origin: Origin, from first: Int64, _ rows: ReadRows,
        _ body: (EncodedLabel) throws -> Bool
    ) throws {
        rows.beginWalk()
        let cursor = try labels.cursor()
        defer { labels.giveBack(cursor) }
        try cursor.start(from: first, through: Int64(log + 1) << 48 - 1, item: nil)
        while !cursor.isAtEnd, try body(EncodedLabel(.walk(cursor), rows, origin)) {
            try cursor.next()
        }
    }

    /// Calls `body`, which may read names and no more, with the labels of items that one log has added, item by item.
    ///
    /// - Parameters:
    ///   - items: The items' local numbers (``StoredItem/target``, negated).
    ///   - log: The log's local number.
    ///   - body: Is told the item's place in `items`; returns false to leave out the rest of its labels.
    public func forEachEncodedLabel(
        ofItems items: [Int64], in log: Int, _ origin: Origin,
        _ body: (_ place: Int, EncodedLabel) throws -> Bool
    ) throws {
        try reading("reading labels") { rows in
            let select = try rows.statement(
                "SELECT first,last FROM run WHERE item=? AND first>=? AND first<? ORDER BY first")
            let cursor = try labels.cursor()
            defer { labels.giveBack(cursor) }
            for (place, item) in items.enumerated() {
                rows.beginWalk()
                select.bind([
                    .integer(item), .integer(Int64(log) << 48), .integer(Int64(log + 1) << 48),
                ])
                defer { select.reset() }
                var goesOn = true
                while goesOn, try select.step() {
                    try cursor.start(
                        from: select.integer(0), through: select.integer(1), item: item)
                    while goesOn, !cursor.isAtEnd {
                        goesOn = try body(place, EncodedLabel(.walk(cursor), rows, origin))
                        if goesOn { try cursor.next() }
                    }
                }
            }
        }
    }

    /// Calls `body` with each item of a dataset, in the order of their keys' bytes.
    public func forEachEncodedItem(
        _ dataset: DatasetID, _ body: (EncodedItem) throws -> Void
    ) throws {
        try reading("reading items") { rows in
            let row = try Statement(
                rows.connection,
                "SELECT \(StoredItem.columns),i.base,\(StageFunction.isExcluded) "
                    + "FROM item i JOIN dataset d ON d.id=i.dataset WHERE d.name=? ORDER BY i.key")
            row.bind([.bytes(Array("\(dataset)".utf8))])
            while try row.step() { try body(EncodedItem(row: row, rows: rows)) }
        }
    }
}
