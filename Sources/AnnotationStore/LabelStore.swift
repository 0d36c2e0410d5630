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
    private(set) var copy: TableCopy?
    var open: [Version: OpenDataset] = [:]
    private var dataVersion: Int64 = -1
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
    private let reader: Origin?

    /// Page cache in KiB: with it a merge of any length stays within a fixed memory.
    static let cacheKiB = 24_576

    /// Opens or makes the database.
    ///
    /// - Parameter reader: Whose node this is: logs that are kept from it are not waited for.
    /// - Throws: ``AnnotationStoreError`` if the file is of another schema or cannot be opened.
    public init(path: String, reader: Origin?) throws {
        (self.path, self.reader) = (path, reader)
        do {
            (queue, copy) = (try Self.connect(path), nil)
        } catch AnnotationStoreError.sqlite(let code, let message, let doing) {
            guard let reason = TableCopy.reason(code: code, path: path) else {
                throw AnnotationStoreError.sqlite(code: code, message: message, doing: doing)
            }
            let made = try TableCopy(of: path, because: reason)
            (queue, copy) = (try Self.connect(made.path), made)
        }
    }

    /// Why the tables are read from a copy, in plain words; nil where they are used in their place.
    ///
    /// What is merged meanwhile is in the copy alone, and merged again when the place can be written.
    public var whyCopied: String? { copy?.reason }

    /// Uses the tables in their own place again, where they could not be written when they were opened and now can.
    public func returnToPlace() {
        guard let made = copy, TableCopy.trouble(of: path) == nil,
            let queue = try? Self.connect(path)
        else { return }
        open.removeAll()
        storages.removeAll()
        reads = nil
        dataVersion = -1
        self.queue = queue
        copy = nil
        withExtendedLifetime(made) {}
    }

    private static func connect(_ path: String) throws -> DatabaseQueue {
        var configuration = Configuration()
        configuration.busyMode = .timeout(30)
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
            try queue.write { try prepare($0, path) }
            return queue
        }
    }

    /// Removes the tables at a path if SQLite cannot use them or their schema is another: they are derived.
    ///
    /// - Returns: True if they were removed.
    public static func removeIfUnusable(path: String) throws -> Bool {
        guard FileManager.default.fileExists(atPath: path) else { return false }
        do {
            let store = try LabelStore(path: path, reader: nil)
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

    private static func prepare(_ db: Database, _ path: String) throws {
        let found = try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
        if found == Schema.version { return }
        guard found == 0 else {
            throw AnnotationStoreError.schemaVersion(
                found: found, expected: Schema.version, path: path)
        }
        try db.execute(sql: Schema.tables)
        try db.execute(sql: "PRAGMA user_version=\(Schema.version)")
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
                var result: R?
                do {
                    try db.inTransaction(.immediate) {
                        try forgetIfChanged(db)
                        let merge = try opened(db, version)
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
                    reads = nil
                    throw error
                }
                guard let result else { throw AnnotationStoreError.unknownDataset("\(dataset)") }
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

    /// Drops what is cached if another process has written since.
    ///
    /// Within the transaction, when nobody else can write; our own commits do not move the version.
    private func forgetIfChanged(_ db: Database) throws {
        let version = try Int64.fetchOne(db, sql: "PRAGMA data_version") ?? 0
        if version != dataVersion {
            open.removeAll()
            for storage in storages.values { storage.forget() }
        }
        dataVersion = version
    }

    private func opened(_ db: Database, _ version: Version) throws -> OpenDataset {
        guard let connection = db.sqliteConnection else {
            throw AnnotationStoreError.unknownDataset("\(version.dataset)")
        }
        if let open = open[version] { return open }
        let (id, state) = try load(db, version) ?? create(db, version)
        let storage = try storages[id] ?? SQLiteLabelStorage(connection, dataset: id)
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

    func load(_ db: Database, _ version: Version) throws -> (Int64, MergeState)? {
        let dataset = version.dataset
        guard
            let row = try Row.fetchOne(
                db, sql: "SELECT * FROM dataset WHERE name=?", arguments: [version.name])
        else { return nil }
        let id: Int64 = row["id"]
        guard let sum = Digest(Array(row["sum"] as Data)) else {
            throw AnnotationStoreError.damagedRow(table: "dataset", key: id)
        }
        let logs = try Row.fetchAll(
            db, sql: "SELECT * FROM log WHERE dataset=?", arguments: [id]
        ).map { try log($0) }
        let state = MergeState(
            dataset: dataset, reader: reader, logs: logs, acts: try acts(db, logs),
            sum: StateSum(sum), counts: Self.counts(row),
            needsRebuild: (row["rebuild"] as Int?).flatMap { .init(rawValue: $0) })
        return (id, state)
    }

    private static func counts(_ row: Row) -> LabelCounts {
        var counts = LabelCounts()
        counts.items = row["items"]
        counts.annotations = row["annotations"]
        counts.retracted = row["retracted"]
        counts.conflicts = row["conflicts"]
        counts.quarantined = row["quarantined"]
        counts.operations = row["operations"]
        return counts
    }

    private func acts(_ db: Database, _ logs: [LogProgress]) throws -> [Int: [NotedAct]] {
        var acts: [Int: [NotedAct]] = [:]
        for log in logs {
            acts[log.number] = try Row.fetchAll(
                db,
                sql: "SELECT op, bytes, signer, time FROM act WHERE op>=? AND op<? ORDER BY op",
                arguments: [Int64(log.number) << 48, Int64(log.number + 1) << 48]
            ).map { row in
                let key = OperationKey(packed: row["op"])
                guard let act = GovernanceAct(decoding: Array(row["bytes"] as Data)) else {
                    throw AnnotationStoreError.damagedRow(table: "act", key: key.packed)
                }
                let signer = (row["signer"] as Data?).flatMap { Digest(Array($0)) }
                return NotedAct(key, act, signer: signer, time: row["time"])
            }
        }
        return acts
    }

    private func log(_ row: Row) throws -> LogProgress {
        let number: Int = row["number"]
        let name = String(decoding: row["origin"] as Data, as: UTF8.self)
        var log = LogProgress(number: number, origin: try Origin(name))
        log.stored = UInt64(row["stored"] as Int64)
        log.applied = UInt64(row["applied"] as Int64)
        if let bytes = row["cited"] as Data? {
            guard let cited = StateCoding.cited(Array(bytes)) else {
                throw AnnotationStoreError.damagedRow(table: "log", key: Int64(number))
            }
            log.cited = cited
        }
        log.citedSize = UInt64(row["most"] as Int64)
        log.forkedAt = (row["forked"] as Int64?).map { UInt64($0) }
        log.attributeNames = row["names"]
        log.latestTime = row["latest"]
        if let bytes = row["waiting"] as Data? { log.waiting = StateCoding.wait(Array(bytes)) }
        return log
    }

    private func save(_ db: Database, _ dataset: OpenDataset) throws {
        let state = dataset.merge.state
        try db.cachedStatement(
            sql: "UPDATE dataset SET sum=?,items=?,annotations=?,retracted=?,conflicts=?,"
                + "quarantined=?,operations=?,rebuild=? WHERE id=?"
        ).execute(arguments: [
            state.sum.digest.bytes.databaseBytes, state.counts.items, state.counts.annotations,
            state.counts.retracted, state.counts.conflicts, state.counts.quarantined,
            state.counts.operations, state.needsRebuild?.rawValue, dataset.id,
        ])
        let update = try db.cachedStatement(
            sql: "UPDATE log SET stored=?,applied=?,cited=?,most=?,forked=?,names=?,latest=?,"
                + "waiting=? "
                + "WHERE number=?")
        for log in state.logs.values where dataset.saved[log.number] != log {
            try update.execute(arguments: [
                Int64(log.stored), Int64(log.applied), StateCoding.encode(log.cited).databaseBytes,
                Int64(log.citedSize), log.forkedAt.map { Int64($0) }, log.attributeNames,
                log.latestTime,
                log.waiting.map { StateCoding.encode($0).databaseBytes }, log.number,
            ])
        }
        dataset.saved = state.logs
    }

    /// The counts of a dataset as they were last committed; nil if nothing of it was merged.
    public func counts(_ dataset: DatasetID) throws -> LabelCounts? {
        try Self.translating("counting \(dataset)") {
            try queue.read { db in
                try Row.fetchOne(
                    db, sql: "SELECT * FROM dataset WHERE name=?",
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
