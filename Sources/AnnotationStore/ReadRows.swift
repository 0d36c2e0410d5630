import AnnotationModel
import GRDB
import GRDBSQLite
import Provenance

/// What reading uses again and again on one connection: prepared statements, and names by id.
///
/// Rows are read where SQLite has them: a listing, an export and an import that changes nothing cost what their labels
/// cost, not a container for each.
final class ReadRows {
    let connection: OpaquePointer
    private var statements: [String: Statement] = [:]
    /// Queries differ by what is asked for; more than that many kinds are prepared again.
    private static let statementsMax = 64
    private var names: [Int64: String] = [:]
    private var fieldNames: [Int64: String] = [:]
    /// Names are few; a log that brings very many must not fill the memory with them.
    private static let namesMax = 65_536
    private var item = Item(key: "", flags: [])
    /// Whose label a walk found the item at; nil where its flags are not those of a walk.
    private var itemLog: Int?
    /// The flags of the item with a key's bytes, in the dataset of a log.
    private var flags: Statement?

    /// What a label's item is called, and its flags.
    struct Item {
        var key: String
        var flags: RowFlags
    }

    init(_ connection: OpaquePointer) { self.connection = connection }

    /// A statement that is not in use: who steps it resets it before anything else can ask for it.
    func statement(_ sql: String) throws(AnnotationStoreError) -> Statement {
        if let made = statements[sql] { return made }
        if statements.count >= Self.statementsMax { statements.removeAll() }
        let made = try Statement(connection, sql)
        statements[sql] = made
        return made
    }

    /// The first column of a query's first row; nil where it has none.
    func integer(_ sql: String, _ arguments: [Statement.Argument]) throws -> Int64? {
        let statement = try statement(sql)
        statement.bind(arguments)
        defer { statement.reset() }
        return try statement.step() ? statement.integer(0) : nil
    }

    func name(_ id: Int64) throws -> String {
        if let text = names[id] { return text }
        let statement = try statement("SELECT text FROM name WHERE id=?")
        statement.bind(1, id)
        defer { statement.reset() }
        guard try statement.step() else {
            throw AnnotationStoreError.damagedRow(table: "name", key: id)
        }
        let text = String(decoding: statement.blob(0), as: UTF8.self)
        if names.count >= Self.namesMax { names.removeAll(keepingCapacity: true) }
        names[id] = text
        return text
    }

    func id(ofName name: String) throws -> Int64? {
        try integer("SELECT id FROM name WHERE text=?", [.bytes(Array(name.utf8))])
    }

    /// A field's name for people: the model's own fields by theirs, attributes by theirs.
    func field(_ id: Int64) throws -> String {
        if let text = fieldNames[id] { return text }
        let text = try unknownField(id)
        if fieldNames.count >= Self.namesMax { fieldNames.removeAll(keepingCapacity: true) }
        fieldNames[id] = text
        return text
    }

    private func unknownField(_ id: Int64) throws -> String {
        if id < nameBase {
            return Field.Known(rawValue: Int(id))?.name ?? "field \(id)"
        }
        let text = try name(id)
        let examined = "\u{0}" + Field.examinedPrefix
        if text.hasPrefix(examined) { return String(text.dropFirst()) }
        return text.hasPrefix("\u{0}") ? text : Field.attribute(text).name
    }

    /// The fields of a row by name.
    func fields(_ list: UnsafeRawBufferPointer) throws -> [String: FieldValue] {
        var fields: [String: FieldValue] = [:]
        try FieldList.forEach(list) { fields[try field($0)] = try FieldValue(decoding: $1) }
        return fields
    }

    /// The item of a row; labels of one item mostly follow each other.
    func item(_ bytes: UnsafeRawBufferPointer, flags: RowFlags) -> Item {
        if !isItem(bytes) { item.key = String(decoding: bytes, as: UTF8.self) }
        item.flags = flags
        itemLog = nil
        return item
    }

    /// Forgets what the last walk has found: somebody may have written since.
    func beginWalk() { itemLog = nil }

    /// The item of the label at which a walk stands.
    func item(of cursor: LabelCursor) throws -> Item {
        let log = OperationKey(packed: cursor.key).log
        return try cursor.withItem { bytes in
            if log == itemLog, isItem(bytes) { return item }
            let statement =
                try flags
                ?? Statement(
                    connection,
                    "SELECT flags FROM item WHERE key=? AND dataset=(SELECT dataset FROM log WHERE "
                        + "number=?)")
            flags = statement
            statement.bind(1, bytes)
            statement.bind(2, Int64(log))
            defer { statement.reset() }
            guard try statement.step() else {
                throw AnnotationStoreError.damagedRow(table: "item", key: cursor.key)
            }
            item = Item(
                key: String(decoding: bytes, as: UTF8.self),
                flags: RowFlags(rawValue: Int(statement.integer(0))))
            itemLog = log
            return item
        }
    }

    private func isItem(_ bytes: UnsafeRawBufferPointer) -> Bool {
        item.key.withUTF8 { $0.elementsEqual(bytes) }
    }
}

extension LabelView {
    /// What a row has, of an annotation `a` and its item `i`.
    static let columns =
        "a.key,a.class,a.selector,a.status,a.flags,a.source,a.author,a.fields,i.key,i.flags"

    init(_ row: Statement, _ origin: Origin, _ rows: ReadRows) throws {
        let key = OperationKey(packed: row.integer(0))
        let (source, author) = (row.integer(5), row.integer(6))
        let item = rows.item(row.blob(8), flags: RowFlags(rawValue: Int(row.integer(9))))
        self.init(
            key: key, id: OperationID(origin: origin, slot: key.slot), item: item.key,
            isOfAlias: item.flags.contains(.namesAnother),
            className: try rows.name(row.integer(1)),
            selector: try Selector(decoding: row.blob(2)), isRetracted: row.integer(3) != 0,
            flags: RowFlags(rawValue: Int(row.integer(4))),
            source: source == 0 ? nil : try rows.name(source),
            author: author == 0 ? nil : try rows.name(author),
            fields: try rows.fields(row.blob(7)))
    }
}

extension StoredItem {
    /// What a row has, of an item `i`.
    static let columns = "i.id,i.key,i.flags,i.fields"

    init(_ row: Statement, _ rows: ReadRows) throws {
        var record = ItemRecord(key: String(decoding: row.blob(1), as: UTF8.self))
        try FieldList.forEach(row.blob(3)) { field, value in
            let value = try FieldValue(decoding: value)
            if value != .null { record.fields[try rows.field(field)] = value }
        }
        self.init(
            target: -row.integer(0), flags: RowFlags(rawValue: Int(row.integer(2))), record: record)
    }
}

extension LabelStore {
    /// What reads on this store's connection.
    func rows(_ db: Database) throws -> ReadRows {
        if let reads { return reads }
        guard let connection = db.sqliteConnection else {
            throw AnnotationStoreError.sqlite(
                code: SQLITE_MISUSE, message: "the connection is closed", doing: "reading")
        }
        let made = ReadRows(connection)
        reads = made
        return made
    }

    /// Runs `body`, which reads past entries that are damaged.
    ///
    /// - Returns: What it returns, and the entries whose labels were left out: at most a hundred.
    public func passingDamage<R>(
        _ body: () throws -> R
    ) rethrows -> (R, skipped: [AnnotationStoreError]) {
        labels.skipped = []
        defer { labels.skipped = nil }
        let result = try body()
        return (result, labels.skipped ?? [])
    }

    /// Reads on this store's connection.
    func reading<R>(_ doing: String, _ body: (ReadRows) throws -> R) throws -> R {
        labels.failure = nil
        do {
            return try Self.translating(doing) {
                try queue.unsafeReentrantWrite { try body(try rows($0)) }
            }
        } catch {
            // SQLite says that a table failed, and the table says why.
            throw labels.failure ?? error
        }
    }
}
