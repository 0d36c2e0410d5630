import AnnotationModel
import GRDBSQLite
import Provenance
import Signing

/// The labels that nobody touched since they were added, which the tables do not hold: read from the logs' entries.
///
/// One value serves one connection. What it keeps in memory is derived from the tables and the logs, and is dropped
/// when another connection has written.
final class LoggedLabels {
    let connection: OpaquePointer
    private let source: (any EntrySource)?
    private var opened: [Int64: OpenedEntry] = [:]
    private var openedBytes = 0
    /// Entries are at most 64 KiB: those that edits and listings go back and forth between.
    private static let openedBytesMax = 8 << 20
    /// The entry that is being applied, which the tables do not have yet; opened when it is asked for.
    private var applying: OpenedEntry?
    private var applyingKey: Int64?
    private var logs: [Int: Log] = [:]
    private var dataVersion: Int64 = -1
    /// Cursors that walk no more, with their statements.
    private var idle: [LabelCursor] = []
    private static let idleMax = 8
    /// Why a cursor stopped, which SQLite passes on as a number alone.
    var failure: (any Error)?

    private let selectVersion, selectLog, selectEntry, selectQuarantine: Statement
    private let selectName, selectItem, selectKey: Statement

    /// Whose log a number stands for.
    private struct Log {
        let row: Int64
        let dataset: DatasetID
        let origin: Origin
    }

    init(
        _ connection: OpaquePointer, _ source: (any EntrySource)?
    ) throws(AnnotationStoreError) {
        (self.connection, self.source) = (connection, source)
        func prepare(_ sql: String) throws(AnnotationStoreError) -> Statement {
            try Statement(connection, sql)
        }
        selectVersion = try prepare("PRAGMA data_version")
        selectLog = try prepare(
            "SELECT d.id, d.name, l.origin FROM log l JOIN dataset d ON d.id=l.dataset "
                + "WHERE l.number=?")
        selectEntry = try prepare("SELECT leaf, why, labels FROM entry WHERE key=?")
        selectQuarantine = try prepare("SELECT op FROM quarantine WHERE op BETWEEN ? AND ?")
        selectName = try prepare("SELECT id FROM name WHERE text=?")
        selectItem = try prepare("SELECT id FROM item WHERE dataset=? AND key=?")
        selectKey = try prepare("SELECT key FROM item WHERE id=?")
    }

    /// Forgets what a rollback, a rebuild or another process may have made anew.
    func forget() {
        opened.removeAll()
        openedBytes = 0
        endApplying()
        logs.removeAll()
    }

    /// Forgets what is kept if another connection has written.
    func forgetIfChanged() throws {
        guard try selectVersion.step() else { return }
        let version = selectVersion.integer(0)
        selectVersion.reset()
        if version != dataVersion { forget() }
        dataVersion = version
    }

    // MARK: One label

    /// The annotation with a key as it was added; nil if there is none that counts.
    func annotation(_ key: OperationKey, in entry: OpenedEntry) throws -> AnnotationRow? {
        guard let label = try entry.label(at: key.slot.position) else { return nil }
        let added = try fields(of: label, in: entry)
        return AnnotationRow(
            item: try item(of: label, in: entry), className: try className(of: label, in: entry),
            selector: Array(label.selector), isRetracted: added.isRetracted, flags: [],
            source: try name(entry.view.source, in: entry),
            author: try name(entry.view.author, in: entry), fields: added.list)
    }

    /// True if the operation with a key adds an annotation, whether that counts or not.
    func isAddition(_ key: OperationKey) throws -> Bool {
        selectEntry.bind(1, key.entryKey)
        guard try selectEntry.step() else { return false }
        defer { selectEntry.reset() }
        let entry = try entry(key.entryKey, leaf: selectEntry.blob(0))
        var cursor = try entry.operations(from: key.slot.position)
        guard case .addAnnotation? = try cursor.next() else { return false }
        return true
    }

    /// The entry in which an annotation with a key would be; nil if nothing of it counts.
    ///
    /// What is in memory is as the tables are: whoever begins a transaction calls ``forgetIfChanged()``.
    func entry(of key: OperationKey) throws -> OpenedEntry? {
        if let known = opened[key.entryKey] { return known }
        selectEntry.bind(1, key.entryKey)
        guard try selectEntry.step() else { return try entryBeingApplied(key) }
        defer { selectEntry.reset() }
        guard selectEntry.isNull(1), selectEntry.integer(2) > 0 else { return nil }
        return try entry(key.entryKey, leaf: selectEntry.blob(0))
    }

    private func entryBeingApplied(_ key: OperationKey) throws -> OpenedEntry? {
        guard key.entryKey == applyingKey else { return nil }
        if try !quarantined(key.packed, key.packed).isEmpty { return nil }
        if let applying, applying.key == key.entryKey { return applying }
        applying = try open(key.entryKey, leaf: nil, quarantined: [])
        return applying
    }

    /// Takes note that an annotation has a row now.
    func noteTouched(_ key: OperationKey) {
        opened[key.entryKey]?.noteTouched(key.slot.position)
        if applying?.key == key.entryKey { applying?.noteTouched(key.slot.position) }
    }

    /// Takes note of the entry that is being applied.
    func begin(entry key: Int64) { (applying, applyingKey) = (nil, key) }

    /// Takes note that the tables have the entry that was being applied.
    func endApplying() { (applying, applyingKey) = (nil, nil) }

    // MARK: Entries

    /// An entry whose leaf hash the tables have.
    func entry(_ key: Int64, leaf: UnsafeRawBufferPointer) throws -> OpenedEntry {
        if let known = opened[key],
            known.leaf?.withUnsafeBytes({ $0.elementsEqual(leaf) }) == true
        {
            return known
        }
        guard let leaf = Digest(Array(leaf)) else {
            throw AnnotationStoreError.damagedRow(table: "entry", key: key)
        }
        let quarantined = try quarantined(key << 12, key << 12 | 0xfff)
        let made = try open(
            key, leaf: leaf, quarantined: Set(quarantined.map { Int($0 & 0xfff) }))
        if openedBytes > Self.openedBytesMax {
            opened.removeAll(keepingCapacity: true)
            openedBytes = 0
        }
        opened[key] = made
        openedBytes += made.byteCount
        return made
    }

    private func open(
        _ key: Int64, leaf: Digest?, quarantined: Set<Int>
    ) throws -> OpenedEntry {
        let (log, index) = (try log(Int(key >> 36)), UInt64(key & (1 << 36 - 1)))
        let name = "\(log.origin)/\(log.dataset)"
        guard let source else {
            throw AnnotationStoreError.unreadableEntry(
                log: name, index: index, why: "the logs are not at hand")
        }
        let bytes = try source.entry(of: log.origin, in: log.dataset, at: index, leaf: leaf)
        guard let entry = OpenedEntry(key, leaf: leaf, bytes: bytes, quarantined: quarantined)
        else {
            throw AnnotationStoreError.unreadableEntry(
                log: name, index: index, why: "it is no changeset; run countermark verify")
        }
        return entry
    }

    private func quarantined(_ low: Int64, _ high: Int64) throws -> [Int64] {
        selectQuarantine.bind(1, low)
        selectQuarantine.bind(2, high)
        var found: [Int64] = []
        while try selectQuarantine.step() { found.append(selectQuarantine.integer(0)) }
        return found
    }

    private func log(_ number: Int) throws -> Log {
        if let known = logs[number] { return known }
        selectLog.bind(1, number)
        guard try selectLog.step() else {
            throw AnnotationStoreError.damagedRow(table: "log", key: Int64(number))
        }
        defer { selectLog.reset() }
        guard let dataset = LabelStore.Version.dataset(ofName: selectLog.bytes(1)),
            let origin = try? Origin(String(decoding: selectLog.blob(2), as: UTF8.self))
        else { throw AnnotationStoreError.damagedRow(table: "log", key: Int64(number)) }
        let made = Log(row: selectLog.integer(0), dataset: dataset, origin: origin)
        logs[number] = made
        return made
    }

    // MARK: What strings stand for

    func item(of label: LoggedLabel, in entry: OpenedEntry) throws -> Int64 {
        try entry.itemID(label.item) { key in
            selectItem.bind(1, try log(label.key.log).row)
            selectItem.bind(2, key)
            return try found(selectItem, "item", label.key)
        }
    }

    /// An item's key; nil for an id that no item has.
    func itemKey(_ id: Int64) throws -> [UInt8]? {
        selectKey.bind(1, id)
        guard try selectKey.step() else { return nil }
        defer { selectKey.reset() }
        return selectKey.bytes(0)
    }

    func className(of label: LoggedLabel, in entry: OpenedEntry) throws -> Int64 {
        try name(label.className, in: entry)
    }

    /// A name's local id; 0 for none.
    func name(_ string: Int?, in entry: OpenedEntry) throws -> Int64 {
        guard let string else { return 0 }
        return try entry.nameID(string) { text in
            selectName.bind(1, text)
            return try found(selectName, "name", OperationKey(packed: entry.key << 12))
        }
    }

    func fields(of label: LoggedLabel, in entry: OpenedEntry) throws -> AddedFields {
        try AddedFields(label.fields) { try fieldID($0, in: entry) }
    }

    /// The local id of a field by its number in the changeset.
    func fieldID(_ code: Int, in entry: OpenedEntry) throws -> Int64 {
        code < Field.attributeBase ? Int64(code) : try name(code - Field.attributeBase, in: entry)
    }

    private func found(
        _ statement: Statement, _ table: String, _ key: OperationKey
    ) throws -> Int64 {
        // The merge has interned all strings of what it counts.
        guard try statement.step() else {
            throw AnnotationStoreError.damagedRow(table: table, key: key.packed)
        }
        defer { statement.reset() }
        return statement.integer(0)
    }

    // MARK: Damage

    /// The entries that a walk has passed over; nil where damage ends a walk.
    var skipped: [AnnotationStoreError]?
    private static let skippedMax = 100

    /// True if a walk goes on behind an entry that cannot be read.
    func skips(_ error: any Error) -> Bool {
        guard let error = error as? AnnotationStoreError, case .unreadableEntry = error,
            let known = skipped
        else { return false }
        if known.count < Self.skippedMax, !known.contains(error) { skipped?.append(error) }
        return true
    }

    // MARK: Cursors

    func cursor() throws -> LabelCursor { try idle.popLast() ?? LabelCursor(self) }

    /// Takes a cursor back that walks no more.
    func giveBack(_ cursor: LabelCursor) {
        cursor.end()
        if idle.count < Self.idleMax { idle.append(cursor) }
    }
}
