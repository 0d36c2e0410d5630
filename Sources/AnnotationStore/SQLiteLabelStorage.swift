import AnnotationModel
import Provenance
import Signing

/// The label table of one dataset in SQLite, as the merge writes it.
///
/// Every statement is prepared once; a row is bound from where its bytes lie in the changeset.
final class SQLiteLabelStorage: LabelStorage {
    private let dataset: Int64
    private var nameIDs: [[UInt8]: Int64] = [:]
    private var names: [Int64: [UInt8]] = [:]
    /// Names are few; a log that brings very many must not fill the memory with them.
    private static let namesCachedMax = 65_536

    private let selectName, selectNameID, insertName: Statement
    private let selectItemByKey, selectItemByID, addItem, changeItem: Statement
    private let addAnnotation, selectAnnotation, changeAnnotation, addRun: Statement
    private let selectRegisters, addRegister, removeRegister, addTouch: Statement
    private let addEntry, selectEntry, addContext, selectContext, addQuarantine: Statement
    private let addAct: Statement

    init(_ connection: OpaquePointer, dataset: Int64) throws(AnnotationStoreError) {
        self.dataset = dataset
        func prepare(_ sql: String) throws(AnnotationStoreError) -> Statement {
            try Statement(connection, sql)
        }
        selectName = try prepare("SELECT text FROM name WHERE id=?")
        selectNameID = try prepare("SELECT id FROM name WHERE text=?")
        insertName = try prepare("INSERT INTO name(id,text) VALUES(?,?)")
        selectItemByKey = try prepare(
            "SELECT id,base,flags,fields FROM item WHERE dataset=? AND key=?")
        selectItemByID = try prepare("SELECT key,base,flags,fields FROM item WHERE id=?")
        addItem = try prepare(
            "INSERT INTO item(dataset,key,flags) VALUES(?,?,0) RETURNING id")
        changeItem = try prepare("UPDATE item SET base=?,flags=?,fields=? WHERE id=?")
        addAnnotation = try prepare("INSERT INTO annotation VALUES(?,?,?,?,?,0,?,?,?)")
        selectAnnotation = try prepare(
            "SELECT item,class,selector,status,flags,source,author,fields FROM annotation "
                + "WHERE key=?")
        changeAnnotation = try prepare(
            "UPDATE annotation SET class=?,selector=?,status=?,flags=?,fields=? WHERE key=?")
        addRun = try prepare("INSERT INTO run VALUES(?,?,?)")
        selectRegisters = try prepare("SELECT field,op,value FROM register WHERE target=?")
        addRegister = try prepare("INSERT INTO register VALUES(?,?,?,?)")
        removeRegister = try prepare("DELETE FROM register WHERE target=? AND field=? AND op=?")
        addTouch = try prepare("INSERT INTO touch VALUES(?,?)")
        addEntry = try prepare("INSERT INTO entry VALUES(?,?,?,?,?,?)")
        selectEntry = try prepare("SELECT leaf,height,time,operations,why FROM entry WHERE key=?")
        addContext = try prepare("INSERT INTO context VALUES(?,?)")
        selectContext = try prepare(
            "SELECT sizes FROM context WHERE key BETWEEN ? AND ? ORDER BY key DESC LIMIT 1")
        addAct = try prepare("INSERT INTO act VALUES(?,?)")
        addQuarantine = try prepare("INSERT INTO quarantine VALUES(?,?)")
    }

    /// Forgets cached names: another process may have made the tables anew.
    func forgetNames() {
        nameIDs.removeAll()
        names.removeAll()
    }

    /// The keys of a table's rows that belong to a log.
    func keys(_ sql: String, _ log: Int) throws -> [Int64] {
        let statement = try Statement(selectName.connection, sql)
        statement.bind(1, Int64(log) << 48)
        statement.bind(2, Int64(log + 1) << 48)
        var keys: [Int64] = []
        while try statement.step() { keys.append(statement.integer(0)) }
        return keys
    }

    /// The ids of the dataset's items.
    func itemIDs() throws -> [Int64] {
        let statement = try Statement(
            selectName.connection, "SELECT id FROM item WHERE dataset=?")
        statement.bind(1, dataset)
        var ids: [Int64] = []
        while try statement.step() { ids.append(statement.integer(0)) }
        return ids
    }

    // MARK: Names

    func nameID(_ utf8: UnsafeRawBufferPointer) throws -> Int64 {
        let text = Array(utf8)
        if let id = nameIDs[text] { return id }
        selectNameID.bind(1, text)
        var id: Int64
        if try selectNameID.step() {
            id = selectNameID.integer(0)
            selectNameID.reset()
        } else {
            id = try nextNameID()
            insertName.bind(1, id)
            insertName.bind(2, text)
            try insertName.run()
        }
        remember(id, text)
        return id
    }

    private var nameIDMax: Int64?

    private func nextNameID() throws -> Int64 {
        // The table's own largest id each time would cost a look-up; another process's additions are
        // seen because `forgetNames` is called whenever the file changed under this connection.
        if let last = nameIDMax, !nameIDs.isEmpty {
            nameIDMax = last + 1
            return last + 1
        }
        let statement = try Statement(selectName.connection, "SELECT max(id) FROM name")
        _ = try statement.step()
        let next = max(nameBase, statement.integer(0) + 1)
        statement.reset()
        nameIDMax = next
        return next
    }

    func name(_ id: Int64) throws -> [UInt8] {
        if let text = names[id] { return text }
        selectName.bind(1, id)
        guard try selectName.step() else {
            throw AnnotationStoreError.damagedRow(table: "name", key: id)
        }
        let text = selectName.bytes(0)
        selectName.reset()
        remember(id, text)
        return text
    }

    private func remember(_ id: Int64, _ text: [UInt8]) {
        if names.count >= Self.namesCachedMax {
            nameIDs.removeAll(keepingCapacity: true)
            names.removeAll(keepingCapacity: true)
            nameIDMax = nil
        }
        nameIDs[text] = id
        names[id] = text
    }

    // MARK: Items

    func item(key: UnsafeRawBufferPointer) throws -> ItemRow? {
        selectItemByKey.bind(1, dataset)
        selectItemByKey.bind(2, key)
        guard try selectItemByKey.step() else { return nil }
        defer { selectItemByKey.reset() }
        return itemRow(selectItemByKey, id: selectItemByKey.integer(0), key: Array(key))
    }

    func item(id: Int64) throws -> ItemRow? {
        selectItemByID.bind(1, id)
        guard try selectItemByID.step() else { return nil }
        defer { selectItemByID.reset() }
        return itemRow(selectItemByID, id: id, key: selectItemByID.bytes(0))
    }

    private func itemRow(_ statement: Statement, id: Int64, key: [UInt8]) -> ItemRow {
        ItemRow(
            id: id, key: key,
            base: statement.isNull(1) ? nil : OperationKey(packed: statement.integer(1)),
            flags: RowFlags(rawValue: Int(statement.integer(2))), fields: statement.bytes(3))
    }

    func insertItem(key: UnsafeRawBufferPointer) throws -> Int64 {
        addItem.bind(1, dataset)
        addItem.bind(2, key)
        guard try addItem.step() else {
            throw AnnotationStoreError.damagedRow(table: "item", key: 0)
        }
        let id = addItem.integer(0)
        _ = try addItem.step()
        return id
    }

    func updateItem(_ row: ItemRow) throws {
        if let base = row.base { changeItem.bind(1, base.packed) } else { changeItem.bindNull(1) }
        changeItem.bind(2, row.flags.rawValue)
        changeItem.bind(3, row.fields)
        changeItem.bind(4, row.id)
        try changeItem.run()
    }

    // MARK: Annotations

    func insertAnnotation(_ key: OperationKey, _ row: borrowing NewAnnotation) throws {
        addAnnotation.bind(1, key.packed)
        addAnnotation.bind(2, row.item)
        addAnnotation.bind(3, row.className)
        addAnnotation.bind(4, row.selector)
        addAnnotation.bind(5, row.isRetracted ? 1 : 0)
        addAnnotation.bind(6, row.source)
        addAnnotation.bind(7, row.author)
        addAnnotation.bind(8, row.fields)
        try addAnnotation.run()
    }

    func annotation(_ key: OperationKey) throws -> AnnotationRow? {
        selectAnnotation.bind(1, key.packed)
        guard try selectAnnotation.step() else { return nil }
        defer { selectAnnotation.reset() }
        return AnnotationRow(
            item: selectAnnotation.integer(0), className: selectAnnotation.integer(1),
            selector: selectAnnotation.bytes(2), isRetracted: selectAnnotation.integer(3) != 0,
            flags: RowFlags(rawValue: Int(selectAnnotation.integer(4))),
            source: selectAnnotation.integer(5), author: selectAnnotation.integer(6),
            fields: selectAnnotation.bytes(7))
    }

    func updateAnnotation(_ key: OperationKey, _ row: AnnotationRow) throws {
        changeAnnotation.bind(1, row.className)
        changeAnnotation.bind(2, row.selector)
        changeAnnotation.bind(3, row.isRetracted ? 1 : 0)
        changeAnnotation.bind(4, row.flags.rawValue)
        changeAnnotation.bind(5, row.fields)
        changeAnnotation.bind(6, key.packed)
        try changeAnnotation.run()
    }

    func insertRun(item: Int64, first: OperationKey, last: OperationKey) throws {
        addRun.bind(1, item)
        addRun.bind(2, first.packed)
        addRun.bind(3, last.packed)
        try addRun.run()
    }

    // MARK: Registers

    func registers(_ target: Int64) throws -> [RegisterRow] {
        selectRegisters.bind(1, target)
        var rows: [RegisterRow] = []
        while try selectRegisters.step() {
            rows.append(
                RegisterRow(
                    field: selectRegisters.integer(0),
                    operation: OperationKey(packed: selectRegisters.integer(1)),
                    value: selectRegisters.bytes(2)))
        }
        return rows
    }

    func insertRegister(_ target: Int64, _ row: RegisterRow) throws {
        addRegister.bind(1, target)
        addRegister.bind(2, row.field)
        addRegister.bind(3, row.operation.packed)
        addRegister.bind(4, row.value)
        try addRegister.run()
    }

    func deleteRegister(_ target: Int64, field: Int64, operation: OperationKey) throws {
        removeRegister.bind(1, target)
        removeRegister.bind(2, field)
        removeRegister.bind(3, operation.packed)
        try removeRegister.run()
    }

    func touch(_ target: Int64, _ operation: OperationKey) throws {
        addTouch.bind(1, target)
        addTouch.bind(2, operation.packed)
        try addTouch.run()
    }

    // MARK: Entries

    func insertEntry(_ key: Int64, _ row: EntryRow) throws {
        addEntry.bind(1, key)
        addEntry.bind(2, row.leafHash.bytes)
        addEntry.bind(3, row.height)
        addEntry.bind(4, row.time)
        addEntry.bind(5, row.operationCount)
        if let why = row.notCounted { addEntry.bind(6, why.rawValue) } else { addEntry.bindNull(6) }
        try addEntry.run()
    }

    func entry(_ key: Int64) throws -> EntryRow? {
        selectEntry.bind(1, key)
        guard try selectEntry.step() else { return nil }
        defer { selectEntry.reset() }
        guard let leafHash = Digest(selectEntry.bytes(0)) else {
            throw AnnotationStoreError.damagedRow(table: "entry", key: key)
        }
        return EntryRow(
            leafHash: leafHash, height: selectEntry.integer(1), time: selectEntry.integer(2),
            operationCount: Int(selectEntry.integer(3)),
            notCounted: selectEntry.isNull(4)
                ? nil : NotCounted(rawValue: Int(selectEntry.integer(4))))
    }

    func insertContext(_ entryKey: Int64, _ context: CausalContext) throws {
        addContext.bind(1, entryKey)
        addContext.bind(2, StateCoding.encode(context))
        try addContext.run()
    }

    func context(_ entryKey: Int64) throws -> CausalContext {
        selectContext.bind(1, (entryKey >> 36) << 36)
        selectContext.bind(2, entryKey)
        guard try selectContext.step() else { return CausalContext() }
        defer { selectContext.reset() }
        guard let context = StateCoding.context(selectContext.bytes(0)) else {
            throw AnnotationStoreError.damagedRow(table: "context", key: entryKey)
        }
        return context
    }

    func insertAct(_ operation: OperationKey, _ act: GovernanceAct) throws {
        addAct.bind(1, operation.packed)
        addAct.bind(2, act.encoded)
        try addAct.run()
    }

    func quarantine(_ operation: OperationKey, _ why: NotCounted) throws {
        addQuarantine.bind(1, operation.packed)
        addQuarantine.bind(2, why.rawValue)
        try addQuarantine.run()
    }
}
