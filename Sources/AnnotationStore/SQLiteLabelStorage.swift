import AnnotationModel
import GRDBSQLite
import Provenance
import Signing

/// The label table of one dataset in SQLite, as the merge writes it; labels that nobody touched are found in the logs.
///
/// It is long because every statement of the merge stands here, each with what binds and reads it.
///
/// Every statement is prepared once, and new rows go in by batches. Whoever reads a table flushes its
/// batch first; ``flush()`` must run before the transaction ends.
final class SQLiteLabelStorage: LabelStorage {
    private let dataset: Int64
    private var nameIDs: [[UInt8]: Int64] = [:]
    private var names: [Int64: [UInt8]] = [:]
    /// Names are few; a log that brings very many must not fill the memory with them.
    private static let namesCachedMax = 65_536

    private let selectName, selectNameID, insertName: Statement
    private let selectItemID, selectItemByKey, selectItemByID, addItem, changeItem: Statement
    private let selectAnnotation, selectTouched: Statement
    private let selectRegisters, removeRegister: Statement
    private let touched, newRuns, newRegisters, newTouches: RowBatch
    private let addEntry, selectEntry, addContext, selectContext, addQuarantine: Statement
    private let addAct, removeQuarantine, addAttribute, selectAttribute: Statement
    private let addSuggestion, selectSuggestion, changeSuggestion: Statement
    private let connection: OpaquePointer
    let labels: LoggedLabels
    /// Entries are few and edits ask for their heights again and again.
    private var entries: [Int64: EntryRow] = [:]
    private static let entriesCachedMax = 4_096
    /// The attributes that logs are known to use, bounded as ``MemberLimits`` bounds them.
    private var attributes: [Int: Set<Int64>] = [:]

    let holdsAllLabels = false

    init(_ labels: LoggedLabels, dataset: Int64) throws(AnnotationStoreError) {
        self.dataset = dataset
        self.labels = labels
        let connection = labels.connection
        self.connection = connection
        func prepare(_ sql: String) throws(AnnotationStoreError) -> Statement {
            try Statement(connection, sql)
        }
        selectName = try prepare("SELECT text FROM name WHERE id=?")
        selectNameID = try prepare("SELECT id FROM name WHERE text=?")
        insertName = try prepare("INSERT INTO name(id,text) VALUES(?,?)")
        selectItemID = try prepare("SELECT id FROM item WHERE dataset=? AND key=?")
        selectItemByKey = try prepare(
            "SELECT id,base,flags,fields FROM item WHERE dataset=? AND key=?")
        selectItemByID = try prepare("SELECT key,base,flags,fields FROM item WHERE id=?")
        addItem = try prepare(
            "INSERT INTO item(dataset,key,base,flags,fields,content) VALUES(?,?,?,?,?,?)")
        changeItem = try prepare("UPDATE item SET base=?,flags=?,fields=?,content=? WHERE id=?")
        touched = RowBatch(
            connection, into: "touched", row: "(?,?,?,?,?,?,?,?,?)",
            verb: "INSERT OR REPLACE")
        newRuns = RowBatch(connection, into: "run", row: "(?,?,?)")
        newRegisters = RowBatch(connection, into: "register", row: "(?,?,?,?)")
        newTouches = RowBatch(
            connection, into: "touch", row: "(?,?)", verb: "INSERT OR IGNORE")
        selectAnnotation = try prepare(
            "SELECT item,class,selector,status,flags,source,author,fields FROM touched "
                + "WHERE key=?")
        selectTouched = try prepare("SELECT key FROM touched WHERE key BETWEEN ? AND ?")
        selectRegisters = try prepare("SELECT field,op,value FROM register WHERE target=?")
        removeRegister = try prepare("DELETE FROM register WHERE target=? AND field=? AND op=?")
        addEntry = try prepare("INSERT INTO entry VALUES(?,?,?,?,?,?,?,?,?)")
        selectEntry = try prepare(
            "SELECT key,leaf,height,time,operations,labels,why,signer,role FROM entry "
                + "WHERE key BETWEEN ? AND ? ORDER BY key")
        addContext = try prepare("INSERT INTO context VALUES(?,?)")
        selectContext = try prepare(
            "SELECT sizes FROM context WHERE key BETWEEN ? AND ? ORDER BY key DESC LIMIT 1")
        addAct = try prepare("INSERT INTO act VALUES(?,?,?,?)")
        addAttribute = try prepare("INSERT OR IGNORE INTO attribute VALUES(?,?)")
        selectAttribute = try prepare("SELECT 1 FROM attribute WHERE log=? AND name=?")
        addQuarantine = try prepare("INSERT INTO quarantine VALUES(?,?)")
        removeQuarantine = try prepare("DELETE FROM quarantine WHERE op=?")
        addSuggestion = try prepare("INSERT INTO suggestion VALUES(?,?,?,?)")
        selectSuggestion = try prepare("SELECT target,fields,state FROM suggestion WHERE op=?")
        changeSuggestion = try prepare("UPDATE suggestion SET state=? WHERE op=?")
    }

    /// Forgets what another process may have made anew; names are only ever added.
    func forget() {
        entries.removeAll(keepingCapacity: true)
        attributes.removeAll(keepingCapacity: true)
        nameIDMax = nil
    }

    /// Inserts the rows that wait in batches.
    func flush() throws {
        for batch in [touched, newRuns, newRegisters, newTouches] { try batch.flush() }
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
        // seen because `forget` is called whenever the file changed under this connection.
        if let last = nameIDMax {
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

    func itemID(key: UnsafeRawBufferPointer) throws -> Int64? {
        selectItemID.bind(1, dataset)
        selectItemID.bind(2, key)
        guard try selectItemID.step() else { return nil }
        defer { selectItemID.reset() }
        return selectItemID.integer(0)
    }

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

    func insertItem(key: UnsafeRawBufferPointer, _ row: ItemRow) throws -> Int64 {
        addItem.bind(1, dataset)
        addItem.bind(2, key)
        if let base = row.base { addItem.bind(3, base.packed) } else { addItem.bindNull(3) }
        addItem.bind(4, row.flags.rawValue)
        Self.bind(contentOf: row, addItem, 6)
        try row.fields.withUnsafeBytes {
            addItem.bind(5, $0)
            try addItem.run()
        }
        return sqlite3_last_insert_rowid(connection)
    }

    func updateItem(_ row: ItemRow) throws {
        if let base = row.base { changeItem.bind(1, base.packed) } else { changeItem.bindNull(1) }
        changeItem.bind(2, row.flags.rawValue)
        changeItem.bind(3, row.fields)
        Self.bind(contentOf: row, changeItem, 4)
        changeItem.bind(5, row.id)
        try changeItem.run()
    }

    private static func bind(contentOf row: ItemRow, _ statement: Statement, _ place: Int32) {
        if let content = SameItems.content(ofFields: row.fields) {
            statement.bind(place, content)
        } else {
            statement.bindNull(place)
        }
    }

    // MARK: Annotations

    func begin(entry key: Int64) { labels.begin(entry: key) }

    func insertAnnotation(_ key: OperationKey, _ row: borrowing NewAnnotation) {}

    func annotation(_ key: OperationKey) throws -> AnnotationRow? {
        let entry: OpenedEntry
        do {
            guard let found = try labels.entry(of: key) else { return nil }
            entry = found
        } catch {
            // A label that was changed has all it needs in its row.
            try touched.flush()
            if let row = try touchedRow(key) { return row }
            throw error
        }
        let isTouched = try entry.isTouched(key.slot.position) {
            try touched.flush()
            return try touchedPositions(key.entryKey)
        }
        if !isTouched { return try labels.annotation(key, in: entry) }
        try touched.flush(ifHolding: key.packed)
        guard let row = try touchedRow(key) else {
            throw AnnotationStoreError.damagedRow(table: "touched", key: key.packed)
        }
        return row
    }

    private func touchedRow(_ key: OperationKey) throws -> AnnotationRow? {
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

    private func touchedPositions(_ entryKey: Int64) throws -> [Int] {
        selectTouched.bind(1, entryKey << 12)
        selectTouched.bind(2, entryKey << 12 | 0xfff)
        var found: [Int] = []
        while try selectTouched.step() { found.append(Int(selectTouched.integer(0) & 0xfff)) }
        return found
    }

    func updateAnnotation(_ key: OperationKey, _ row: AnnotationRow) throws {
        // A row that waits is replaced by the one that comes after it in the batch.
        labels.noteTouched(key)
        touched.add(key.packed)
        touched.add(row.item)
        touched.add(row.className)
        row.selector.withUnsafeBytes { touched.add($0) }
        touched.add(row.isRetracted ? 1 : 0)
        touched.add(Int64(row.flags.rawValue))
        touched.add(row.source)
        touched.add(row.author)
        row.fields.withUnsafeBytes { touched.add($0) }
        try touched.endRow(key: key.packed)
    }

    func insertRun(item: Int64, first: OperationKey, last: OperationKey) throws {
        newRuns.add(item)
        newRuns.add(first.packed)
        newRuns.add(last.packed)
        try newRuns.endRow(key: item)
    }

    // MARK: Registers

    func registers(_ target: Int64) throws -> [RegisterRow] {
        try newRegisters.flush(ifHolding: target)
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
        newRegisters.add(target)
        newRegisters.add(row.field)
        newRegisters.add(row.operation.packed)
        row.value.withUnsafeBytes { newRegisters.add($0) }
        try newRegisters.endRow(key: target)
    }

    func deleteRegister(_ target: Int64, field: Int64, operation: OperationKey) throws {
        try newRegisters.flush(ifHolding: target)
        removeRegister.bind(1, target)
        removeRegister.bind(2, field)
        removeRegister.bind(3, operation.packed)
        try removeRegister.run()
    }

    func touch(_ target: Int64, _ operation: OperationKey) throws {
        newTouches.add(target)
        newTouches.add(operation.packed)
        try newTouches.endRow(key: target)
    }

    // MARK: Entries

    func insertEntry(_ key: Int64, _ row: EntryRow) throws {
        addEntry.bind(1, key)
        addEntry.bind(2, row.leafHash.bytes)
        addEntry.bind(3, row.height)
        addEntry.bind(4, row.time)
        addEntry.bind(5, row.operationCount)
        addEntry.bind(6, row.labelCount)
        if let why = row.notCounted { addEntry.bind(7, why.rawValue) } else { addEntry.bindNull(7) }
        addEntry.bind(8, row.signer)
        if let role = row.role {
            addEntry.bind(9, Int(role.rawValue))
        } else {
            addEntry.bindNull(9)
        }
        try addEntry.run()
        labels.endApplying()
    }

    func entry(_ key: Int64) throws -> EntryRow? {
        if let row = entries[key] { return row }
        selectEntry.bind(1, key)
        selectEntry.bind(2, key)
        guard try selectEntry.step() else { return nil }
        defer { selectEntry.reset() }
        let row = try entryRow(selectEntry)
        if entries.count >= Self.entriesCachedMax { entries.removeAll(keepingCapacity: true) }
        entries[key] = row
        return row
    }

    func forEachEntry(
        of log: Int, from index: UInt64, _ body: (UInt64, EntryRow) throws -> Bool
    ) throws {
        let first = OperationKey(log: log, slot: Slot(entry: index, position: 0)).entryKey
        selectEntry.bind(1, first)
        selectEntry.bind(2, (Int64(log + 1) << 36) - 1)
        defer { selectEntry.reset() }
        while try selectEntry.step() {
            let index = UInt64(selectEntry.integer(0) & (1 << 36 - 1))
            guard try body(index, entryRow(selectEntry)) else { return }
        }
    }

    private func entryRow(_ statement: Statement) throws -> EntryRow {
        guard let leafHash = Digest(statement.bytes(1)) else {
            throw AnnotationStoreError.damagedRow(table: "entry", key: statement.integer(0))
        }
        return EntryRow(
            leafHash: leafHash, height: statement.integer(2), time: statement.integer(3),
            operationCount: Int(statement.integer(4)), labelCount: Int(statement.integer(5)),
            notCounted: statement.isNull(6)
                ? nil : NotCounted(rawValue: Int(statement.integer(6))),
            signer: Int(statement.integer(7)),
            role: statement.isNull(8)
                ? nil : UInt8(exactly: statement.integer(8)).flatMap(Role.init(rawValue:)))
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

    func insertAct(_ noted: NotedAct) throws {
        addAct.bind(1, noted.operation.packed)
        addAct.bind(2, noted.act.encoded)
        if let signer = noted.signer { addAct.bind(3, signer.bytes) } else { addAct.bindNull(3) }
        addAct.bind(4, noted.time)
        try addAct.run()
    }

    // MARK: Attributes

    func noteAttribute(_ name: Int64, of log: Int) throws -> Bool {
        if attributes[log]?.contains(name) == true { return false }
        attributes[log, default: []].insert(name)
        addAttribute.bind(1, log)
        addAttribute.bind(2, name)
        try addAttribute.run()
        return sqlite3_changes(connection) > 0
    }

    func usesAttribute(_ name: Int64, of log: Int) throws -> Bool {
        if attributes[log]?.contains(name) == true { return true }
        selectAttribute.bind(1, log)
        selectAttribute.bind(2, name)
        defer { selectAttribute.reset() }
        return try selectAttribute.step()
    }

    func quarantine(_ operation: OperationKey, _ why: NotCounted) throws {
        addQuarantine.bind(1, operation.packed)
        addQuarantine.bind(2, why.rawValue)
        try addQuarantine.run()
    }

    func release(_ operation: OperationKey) throws {
        removeQuarantine.bind(1, operation.packed)
        try removeQuarantine.run()
    }

    // MARK: Suggestions

    func insertSuggestion(_ operation: OperationKey, _ row: SuggestionRow) throws {
        addSuggestion.bind(1, operation.packed)
        addSuggestion.bind(2, row.target.packed)
        addSuggestion.bind(3, row.fields)
        addSuggestion.bind(4, row.state.rawValue)
        try addSuggestion.run()
    }

    func suggestion(_ operation: OperationKey) throws -> SuggestionRow? {
        selectSuggestion.bind(1, operation.packed)
        guard try selectSuggestion.step() else { return nil }
        defer { selectSuggestion.reset() }
        guard let state = SuggestionRow.State(rawValue: Int(selectSuggestion.integer(2))) else {
            throw AnnotationStoreError.damagedRow(table: "suggestion", key: operation.packed)
        }
        return SuggestionRow(
            target: OperationKey(packed: selectSuggestion.integer(0)),
            fields: selectSuggestion.bytes(1), state: state)
    }

    func updateSuggestion(_ operation: OperationKey, _ state: SuggestionRow.State) throws {
        changeSuggestion.bind(1, state.rawValue)
        changeSuggestion.bind(2, operation.packed)
        try changeSuggestion.run()
    }
}
