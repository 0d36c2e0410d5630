import AnnotationModel
import Foundation
import GRDB
import Provenance
import Signing

/// A dataset's state as the tables keep it between two merges.
extension LabelStore {
    static let datasetRow = "SELECT * FROM dataset WHERE name=?"

    func load(_ db: Database, _ version: Version) throws -> (Int64, MergeState)? {
        let dataset = version.dataset
        guard
            let row = try Row.fetchOne(
                db.cachedStatement(sql: Self.datasetRow), arguments: [version.name])
        else { return nil }
        let id: Int64 = row["id"]
        guard let sum = Digest(Array(row["sum"] as Data)) else {
            throw AnnotationStoreError.damagedRow(table: "dataset", key: id)
        }
        let known = version.kind == .current ? knownStates?.state(dataset, row: id) : nil
        let logs = try Row.fetchAll(
            db.cachedStatement(sql: "SELECT * FROM log WHERE dataset=?"), arguments: [id]
        ).map { row in try log(row, known: known?.logs[row["number"] as Int]) }
        let rebuild = (row["rebuild"] as Int?).flatMap { MergeState.RebuildCause(rawValue: $0) }
        if let state = known?.going(
            on: logs, sum: StateSum(sum), counts: Self.counts(row), needsRebuild: rebuild)
        {
            return (id, state)
        }
        let state = MergeState(
            dataset: dataset, reader: reader, logs: logs, acts: try acts(db, logs),
            sum: StateSum(sum), counts: Self.counts(row), needsRebuild: rebuild)
        if version.kind == .current { knownStates?.note(state, row: id) }
        return (id, state)
    }

    static func counts(_ row: Row) -> LabelCounts {
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
                db.cachedStatement(
                    sql: "SELECT op, bytes, signer, time FROM act WHERE op>=? AND op<? ORDER BY op"),
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

    /// - Parameter known: The log as it was; what it cites moves only with what is applied of it.
    private func log(_ row: Row, known: LogProgress?) throws -> LogProgress {
        let number: Int = row["number"]
        let name = String(decoding: row["origin"] as Data, as: UTF8.self)
        var log = LogProgress(number: number, origin: try Origin(name))
        log.stored = UInt64(row["stored"] as Int64)
        log.applied = UInt64(row["applied"] as Int64)
        if let known, known.origin == log.origin, known.applied == log.applied {
            log.cited = known.cited
        } else if let bytes = row["cited"] as Data? {
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

    func save(_ db: Database, _ dataset: OpenDataset) throws {
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
}
