import AnnotationModel
import Foundation
import GRDB
import Provenance

extension LabelStore {
    /// When a dataset was last made anew, and how long that took; in milliseconds, the first since 1970.
    public func lastRebuild(
        _ dataset: DatasetID
    ) throws -> (ended: Int64, took: Int64)? {
        try Self.translating("reading \(dataset)") {
            // One statement sees one state, without a transaction around it.
            try queue.writeWithoutTransaction { db in
                try Row.fetchOne(
                    db.cachedStatement(sql: "SELECT rebuilt, took FROM dataset WHERE name=?"),
                    arguments: [dataset.description.databaseBytes]
                ).map { ($0["rebuilt"], $0["took"]) }
            }
        }
    }

    /// Takes note that a dataset was made anew.
    public func noteRebuild(_ dataset: DatasetID, ended: Int64, took: Int64) throws {
        try Self.translating("noting a rebuild of \(dataset)") {
            try queue.write {
                try $0.execute(
                    sql: "UPDATE dataset SET rebuilt=?, took=? WHERE name=?",
                    arguments: [ended, took, dataset.description.databaseBytes])
            }
        }
    }

    // MARK: Making anew

    /// Labels up to which the rows that a rebuild has replaced stay until the next one, for whoever reads them
    /// still: they take some hundred bytes each.
    private static let formerLabelsMax = 100_000
    /// How long rows of more labels stay, in microseconds: most reads are over by then.
    private static let formerMicroseconds: UInt32 = 500_000

    /// The file that whoever makes rows anew keeps locked; nil where nobody else has the tables.
    public var rebuildLock: String? {
        let used = copy?.path ?? path
        return used == ":memory:" ? nil : used + "-rebuild"
    }

    /// Forgets what rebuilds have left, before one begins.
    public func beginAnew(_ dataset: DatasetID) throws {
        for kind in [Version.Kind.next, .former] {
            try remove(Version(dataset: dataset, kind: kind))
        }
    }

    /// Runs a merge of the rows that take a dataset's place when they are whole, in one transaction; nobody else sees
    /// them before.
    ///
    /// - Parameter body: Gets the merge and how far the current rows are, and says whether its rows take their place
    ///   with the end of the transaction.
    /// - Returns: What `body` said.
    public func mergeAnew(
        _ dataset: DatasetID, _ body: (_ merge: Merge, _ current: [LogProgress]) throws -> Bool
    ) throws -> Bool {
        let version = Version(dataset: dataset, kind: .next)
        let isWhole = try merge(version) { db, merge in
            let current = try load(db, Version(dataset: dataset))?.1.logs.values
            return try body(merge, current.map { Array($0) } ?? [])
        } ending: { db, isWhole in
            guard isWhole else { return }
            let change = "UPDATE dataset SET name=? WHERE name=?"
            try db.execute(
                sql: change,
                arguments: [
                    Version(dataset: dataset, kind: .former).name, Version(dataset: dataset).name,
                ])
            try db.execute(
                sql: change, arguments: [Version(dataset: dataset).name, version.name])
        }
        if isWhole {
            open.removeAll()
            storages.removeAll()
            labels.forget()
        }
        return isWhole
    }

    /// Removes the rows that a rebuild has replaced, where they take much space.
    public func endAnew(_ dataset: DatasetID) throws {
        let former = Version(dataset: dataset, kind: .former)
        let labels = try Self.translating("reading \(dataset)") {
            try queue.read { db in
                try Int.fetchOne(
                    db, sql: "SELECT annotations FROM dataset WHERE name=?",
                    arguments: [former.name])
            }
        }
        guard let labels, labels > Self.formerLabelsMax || rebuildLock == nil else { return }
        if rebuildLock != nil { usleep(Self.formerMicroseconds) }
        try remove(former)
    }

    private func remove(_ version: Version) throws {
        try Self.translating("clearing \(version.dataset)") {
            try queue.write { db in
                guard
                    let id = try Int64.fetchOne(
                        db, sql: "SELECT id FROM dataset WHERE name=?", arguments: [version.name])
                else { return }
                open.removeAll()
                storages.removeAll()
                labels.forget()
                let numbers = try Int64.fetchAll(
                    db, sql: "SELECT number FROM log WHERE dataset=?", arguments: [id])
                for number in numbers { try Self.clearLog(db, number) }
                let items = "(SELECT id FROM item WHERE dataset=\(id))"
                let targets = "(SELECT -id FROM item WHERE dataset=\(id))"
                try db.execute(
                    sql: """
                        DELETE FROM run WHERE item IN \(items);
                        DELETE FROM register WHERE target IN \(targets);
                        DELETE FROM touch WHERE target IN \(targets);
                        DELETE FROM item WHERE dataset=\(id);
                        DELETE FROM log WHERE dataset=\(id);
                        DELETE FROM dataset WHERE id=\(id)
                        """)
            }
        }
    }

    private static func clearLog(_ db: Database, _ number: Int64) throws {
        let (low, high) = (number << 48, (number + 1) << 48)
        for (table, column) in [
            ("touched", "key"), ("register", "target"), ("touch", "target"),
            ("quarantine", "op"), ("act", "op"), ("suggestion", "op"),
        ] {
            try db.execute(
                sql: "DELETE FROM \(table) WHERE \(column)>=\(low) AND \(column)<\(high)")
        }
        try db.execute(sql: "DELETE FROM attribute WHERE log=\(number)")
        for table in ["entry", "context"] {
            try db.execute(
                sql: "DELETE FROM \(table) WHERE key>=\(low >> 12) AND key<\(high >> 12)")
        }
    }
}
