import AnnotationModel
import Foundation
import GRDB
import GRDBSQLite
import Provenance
import Signing

/// The merged label sets of one home as tables: derived from the logs, and made anew from them at any
/// time.
///
/// A batch of entries is applied in one transaction, together with how far each log has been applied;
/// so an entry is applied exactly once, whatever crashes. Durability is the logs' affair: the tables
/// run with `synchronous=NORMAL`.
public final class LabelStore {
    /// The database file.
    public let path: String
    private(set) var queue: DatabaseQueue
    /// The labels that have no row, on this store's connection.
    private(set) var labels: LoggedLabels
    private let source: (any EntrySource)?
    let knownStates: KnownStates?
    private(set) var copy: TableCopy?
    var open: [Version: OpenDataset] = [:]
    private var dataVersion: Int64 = -1
    /// Whether the tables were another program version's and were emptied, to be made anew from the logs.
    public private(set) var wasRenewed = false
    /// Names are only ever added, but for those of a transaction that was rolled back.
    var reads: ReadRows?

    /// The prepared statements of each dataset, which outlive what is known of its state.
    var storages: [Int64: SQLiteLabelStorage] = [:]

    /// Which rows of a dataset are meant.
    struct Version: Hashable {
        let dataset: DatasetID
        var kind = Kind.current

        enum Kind: String {
            /// What everybody reads.
            case current = ""
            /// What a rebuild is making, which takes the place of the current rows when it is whole.
            case next = "next"
            /// What a rebuild has replaced: who began to read it before that reads on.
            case former = "former"
        }

        /// How the rows are found; a dataset's name has no byte zero.
        var name: Data {
            kind == .current
                ? dataset.description.databaseBytes
                : "\0\(kind.rawValue) \(dataset)".databaseBytes
        }

        /// The dataset whose rows have a name, of whatever kind they are.
        static func dataset(ofName name: [UInt8]) -> DatasetID? {
            let text =
                name.first == 0 ? name.drop { $0 != UInt8(ascii: " ") }.dropFirst() : name[...]
            return try? DatasetID(String(decoding: text, as: UTF8.self))
        }
    }

    final class OpenDataset {
        let id: Int64
        let storage: SQLiteLabelStorage
        let merge: Merge
        /// The logs as the table has them.
        var saved: [Int: LogProgress]

        init(_ id: Int64, _ storage: SQLiteLabelStorage, _ merge: Merge) {
            (self.id, self.storage, self.merge) = (id, storage, merge)
            saved = merge.state.logs
        }
    }

    /// Whose node this is.
    let reader: Origin?

    /// How often a transaction looks whether another one is over: for half a minute.
    private static let busyTriesMax = 3_050

    /// Page cache in KiB: with it a merge of any length stays within a fixed memory.
    static let cacheKiB = 24_576

    /// Opens or makes the database.
    ///
    /// Tables of an older schema are emptied: what they held is made anew from the logs as it is asked for.
    ///
    /// - Parameter reader: Whose node this is: logs that are kept from it are not waited for.
    /// - Parameter source: Where the entries lie; nil where no labels are asked for.
    /// - Parameter known: What all stores of this database with this reader know together; nil where there is one.
    /// - Throws: ``AnnotationStoreError`` if the file is of a newer schema or cannot be opened.
    public init(
        path: String, reader: Origin?, source: (any EntrySource)?, known: KnownStates? = nil
    ) throws {
        (self.path, self.reader, self.source) = (path, reader, source)
        knownStates = known
        do {
            (queue, labels, wasRenewed) = try Self.connect(path, source)
            copy = nil
        } catch AnnotationStoreError.sqlite(let code, let message, let doing) {
            guard let reason = TableCopy.reason(code: code, path: path) else {
                throw AnnotationStoreError.sqlite(code: code, message: message, doing: doing)
            }
            let made = try TableCopy(of: path, because: reason)
            (queue, labels, wasRenewed) = try Self.connect(made.path, source)
            copy = made
        }
    }

    /// Why the tables are read from a copy, in plain words; nil where they are used in their place.
    ///
    /// What is merged meanwhile is in the copy alone, and merged again when the place can be written.
    public var whyCopied: String? { copy?.reason }

    /// Uses the tables in their own place again, where they could not be written when they were opened and now can.
    public func returnToPlace() {
        guard let made = copy, TableCopy.trouble(of: path) == nil,
            let (queue, labels, isNew) = try? Self.connect(path, source)
        else { return }
        open.removeAll()
        storages.removeAll()
        reads = nil
        dataVersion = -1
        (self.queue, self.labels, wasRenewed) = (queue, labels, wasRenewed || isNew)
        copy = nil
        withExtendedLifetime(made) {}
    }

    private static func connect(
        _ path: String, _ source: (any EntrySource)?
    ) throws -> (DatabaseQueue, LoggedLabels, wasRenewed: Bool) {
        var configuration = Configuration()
        // A transaction of one entry takes a millisecond: SQLite's own steps would grow to a hundred of them.
        configuration.busyMode = .callback { tries in
            usleep(tries < 20 ? 500 : tries < 60 ? 2_000 : 10_000)
            return tries < Self.busyTriesMax
        }
        configuration.prepareDatabase { db in
            db.add(function: StageFunction.function)
            try db.execute(
                sql: """
                    PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;
                    PRAGMA cache_size=-\(Self.cacheKiB); PRAGMA temp_store=MEMORY;
                    PRAGMA wal_autocheckpoint=4000
                    """)
        }
        return try translating("opening \(path)") {
            let queue = try DatabaseQueue(path: path, configuration: configuration)
            let (labels, wasRenewed) = try prepare(queue, path, source)
            return (queue, labels, wasRenewed)
        }
    }

    /// Removes the tables at a path if SQLite cannot use them or their schema is another: they are derived.
    ///
    /// - Returns: True if they were removed.
    public static func removeIfUnusable(path: String) throws -> Bool {
        guard FileManager.default.fileExists(atPath: path) else { return false }
        do {
            let store = try LabelStore(path: path, reader: nil, source: nil)
            let found = try translating("checking \(path)") {
                try store.queue.read { try String.fetchOne($0, sql: "PRAGMA quick_check(1)") }
            }
            if found == "ok" { return false }
        } catch AnnotationStoreError.sqlite(let code, _, _)
            where code & 0xff == SQLITE_CORRUPT || code & 0xff == SQLITE_NOTADB
        {
        } catch AnnotationStoreError.schemaVersion {
        }
        for suffix in ["", "-wal", "-shm"] {
            let file = path + suffix
            if FileManager.default.fileExists(atPath: file) {
                try FileManager.default.removeItem(atPath: file)
            }
        }
        return true
    }

    /// Makes the tables where there are none, or older ones, and the table of labels on this connection.
    private static func prepare(
        _ queue: DatabaseQueue, _ path: String, _ source: (any EntrySource)?
    ) throws -> (labels: LoggedLabels, wasRenewed: Bool) {
        let found = try queue.write { try makeTables($0, path) }
        let isOlder = found > 0 && found < Schema.version
        // The emptied pages would stay with the file; where somebody else reads it they do, and are used again.
        if isOlder { try? queue.vacuum() }
        let labels = try queue.writeWithoutTransaction { db in
            guard let connection = db.sqliteConnection else {
                throw AnnotationStoreError.sqlite(
                    code: SQLITE_MISUSE, message: "the connection is closed", doing: "opening")
            }
            let labels = try LoggedLabels(connection, source)
            try LabelModule.register(labels)
            return labels
        }
        return (labels, isOlder)
    }

    /// - Returns: The version that was there; 0 for none.
    private static func makeTables(_ db: Database, _ path: String) throws -> Int {
        let found = try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
        if found == Schema.version { return found }
        guard found < Schema.version else {
            throw AnnotationStoreError.schemaVersion(
                found: found, expected: Schema.version, path: path)
        }
        let old = try String.fetchAll(
            db, sql: "SELECT name FROM sqlite_master WHERE type='table' AND name NOT LIKE 'sqlite%'"
        )
        for table in old { try db.execute(sql: "DROP TABLE \"\(table)\"") }
        try db.execute(sql: Schema.tables)
        try db.execute(sql: "PRAGMA user_version=\(Schema.version)")
        return found
    }

    static func translating<R>(_ doing: String, _ body: () throws -> R) throws -> R {
        do {
            return try body()
        } catch let error as DatabaseError {
            throw AnnotationStoreError.sqlite(
                code: error.extendedResultCode.rawValue, message: error.message ?? "", doing: doing)
        }
    }

    /// Runs a merge of one dataset in one transaction; what it throws leaves the tables as they were.
    public func merge<R>(_ dataset: DatasetID, _ body: (Merge) throws -> R) throws -> R {
        try merge(Version(dataset: dataset)) { _, merge in try body(merge) }
    }

    /// - Parameter ending: Runs when everything is saved, in the same transaction.
    func merge<R>(
        _ version: Version, _ body: (Database, Merge) throws -> R,
        ending: (Database, R) throws -> Void = { _, _ in }
    ) throws -> R {
        let dataset = version.dataset
        return try Self.translating("merging \(dataset)") {
            try queue.writeWithoutTransaction { db in
                var (result, written): (R?, OpenDataset?)
                do {
                    try db.inTransaction(.immediate) {
                        try forgetIfChanged(db)
                        let merge = try opened(db, version)
                        written = merge
                        let made = try body(db, merge.merge)
                        try merge.merge.flush()
                        try merge.storage.flush()
                        try save(db, merge)
                        try ending(db, made)
                        result = made
                        return .commit
                    }
                } catch {
                    // What is in memory may run ahead of what was rolled back.
                    open.removeAll()
                    storages.removeAll()
                    labels.forget()
                    reads = nil
                    throw error
                }
                guard let result, let written else {
                    throw AnnotationStoreError.unknownDataset("\(dataset)")
                }
                if version.kind == .current {
                    knownStates?.note(written.merge.state, row: written.id)
                }
                return result
            }
        }
    }

    /// Reads one dataset's merged state in one read transaction: nothing is written, nobody is kept
    /// waiting.
    ///
    /// - Returns: Nil if nothing of the dataset was ever merged here.
    public func read<R>(_ dataset: DatasetID, _ body: (Merge) throws -> R) throws -> R? {
        try Self.translating("reading \(dataset)") {
            try queue.writeWithoutTransaction { db in
                var result: R?
                try db.inTransaction(.deferred) {
                    try forgetIfChanged(db)
                    let version = Version(dataset: dataset)
                    if open[version] == nil, try load(db, version) == nil { return .rollback }
                    result = try body(try opened(db, version).merge)
                    return .commit
                }
                return result
            }
        }
    }

    /// One dataset's merged state, without a transaction where nobody else has written since it was read.
    ///
    /// - Returns: Nil if nothing of the dataset was ever merged here.
    public func state(_ dataset: DatasetID) throws -> MergeState? {
        if let known = open[Version(dataset: dataset)]?.merge.state,
            try Self.translating(
                "reading \(dataset)",
                { try queue.writeWithoutTransaction { try version($0) == dataVersion } })
        {
            return known
        }
        return try read(dataset) { $0.state }
    }

    /// What moves with each commit of another connection.
    func version(_ db: Database) throws -> Int64 {
        try Int64.fetchOne(db.cachedStatement(sql: "PRAGMA data_version")) ?? 0
    }

    /// Drops what is cached if another process has written since.
    ///
    /// Within the transaction, when nobody else can write; our own commits do not move the version.
    private func forgetIfChanged(_ db: Database) throws {
        let version = try version(db)
        if version != dataVersion {
            open.removeAll()
            for storage in storages.values { storage.forget() }
            labels.forget()
        }
        dataVersion = version
    }

    private func opened(_ db: Database, _ version: Version) throws -> OpenDataset {
        if let open = open[version] { return open }
        let (id, state) = try load(db, version) ?? create(db, version)
        let storage = try storages[id] ?? SQLiteLabelStorage(labels, dataset: id)
        storages[id] = storage
        let merge = Merge(state: state, storage: storage)
        merge.numberForNewLog = { try Self.newLog(db, id, $0) }
        let made = OpenDataset(id, storage, merge)
        open[version] = made
        return made
    }

    private func create(_ db: Database, _ version: Version) throws -> (Int64, MergeState) {
        try db.execute(
            sql: "INSERT INTO dataset(name,sum,items,annotations,retracted,conflicts,quarantined,"
                + "operations,rebuild,rebuilt,took) VALUES(?,?,0,0,0,0,0,0,NULL,0,0)",
            arguments: [version.name, Digest.zero.bytes.databaseBytes])
        return (db.lastInsertedRowID, MergeState(dataset: version.dataset, reader: reader))
    }

    private static func newLog(_ db: Database, _ dataset: Int64, _ origin: Origin) throws -> Int {
        // Each rebuild takes other numbers than the rows that it replaces, so that they are used again.
        let next =
            try Int.fetchOne(
                db,
                sql: "SELECT min(n) FROM (SELECT 1 AS n UNION ALL SELECT number+1 FROM log) "
                    + "WHERE n NOT IN (SELECT number FROM log)") ?? 1
        guard next < 1 << 15 else { throw AnnotationStoreError.tooManyLogs(limit: 1 << 15 - 1) }
        try db.execute(
            sql: "INSERT INTO log VALUES(?,?,?,0,0,NULL,0,NULL,0,?,NULL)",
            arguments: [next, dataset, origin.description.databaseBytes, Int64.min])
        return next
    }

    /// The counts of a dataset as they were last committed; nil if nothing of it was merged.
    public func counts(_ dataset: DatasetID) throws -> LabelCounts? {
        try Self.translating("counting \(dataset)") {
            // One statement sees one state, without a transaction around it.
            try queue.writeWithoutTransaction { db in
                try Row.fetchOne(
                    db.cachedStatement(sql: Self.datasetRow),
                    arguments: [dataset.description.databaseBytes]
                ).map { Self.counts($0) }
            }
        }
    }

    /// The datasets that have been merged here.
    public func datasets() throws -> [DatasetID] {
        try Self.translating("reading the datasets") {
            try queue.read { db in
                try Data.fetchAll(db, sql: "SELECT name FROM dataset ORDER BY name")
                    .filter { $0.first != 0 }
                    .map { try DatasetID(String(decoding: $0, as: UTF8.self)) }
            }
        }
    }
}
