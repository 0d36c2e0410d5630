import Synchronization

/// The labels of a company as rows of its PostgreSQL, which analysts read.
///
/// All of it follows from the logs and can be thrown away. Each change of a dataset's rows is one transaction, which
/// moves the dataset's state from the version that was seen and from no other: of several nodes one makes it, and
/// whoever is killed or loses the connection leaves what was there before.
public final class LabelRows: Sendable {
    private typealias SQL = PostgresStatements

    private let table: PostgresLogTable
    private let isProbed = Mutex(false)
    /// From which hash on old rows are still there.
    private let removedTo = Mutex<[Int64: Int64]>([:])
    /// What ends the transaction of the probe; a test says COMMIT.
    private let endOfProbe: String

    /// The columns of a label's row, and of an item's.
    package static let labelColumns: Int16 = 16
    package static let aliasColumns: Int16 = 4
    /// Rows that one statement removes, and no more than an item's beyond.
    private static let removedAtOnce: Int64 = 10_000
    /// More than what the databases that commit a COPY in pieces put into one.
    private static let probeRows: Int64 = 20_100

    init(_ table: PostgresLogTable, endOfProbe: String = PostgresStatements.rollBack) {
        (self.table, self.endOfProbe) = (table, endOfProbe)
    }

    // MARK: Tables

    /// Whether anybody has ever asked for rows.
    ///
    /// - Parameter renewed: Called where tables of an older version were found and made anew, empty; nil leaves them
    ///   as they are.
    /// - Throws: ``SharedStoreError/otherVersion(store:found:known:)`` for a newer program's tables.
    public func areThere(renewed: (() -> Void)? = nil) throws -> Bool {
        try table.run { connection in
            guard try connection.run(SQL.hasRows).truth(0, 0) else { return false }
            let found = try connection.run(SQL.versionOfRows).number(0, 0) ?? 0
            guard (1...SQL.rowsVersion).contains(found) else {
                throw SharedStoreError.otherVersion(
                    store: table.address.text, found: found, known: SQL.rowsVersion)
            }
            if found < SQL.rowsVersion, let renewed, try renew(connection) { renewed() }
            return true
        }
    }

    /// Makes the tables of labels anew where they are of an older version; who may read the views may do so still.
    ///
    /// - Returns: False where another node has done it.
    private func renew(_ connection: PostgresConnection) throws -> Bool {
        try connection.run(SQL.begin)
        guard try connection.run(SQL.versionToChange, [.number(SQL.rowsVersion)]).count == 1 else {
            try connection.run(SQL.rollBack)
            return false
        }
        for statement in SQL.moveOlderRows + SQL.labelTables + [SQL.dropOlderRows] {
            try connection.run(statement)
        }
        try connection.run(SQL.changeVersion, [.number(SQL.rowsVersion)])
        try connection.run(SQL.commit)
        return true
    }

    /// Makes the tables where there are none.
    ///
    /// - Throws: ``SharedStoreError``.
    public func makeTables() throws {
        if try areThere() { return }
        try table.run { connection in
            try connection.run(SQL.begin)
            do {
                for statement in SQL.createRows { try connection.run(statement) }
                try connection.run(SQL.takeRows, [.number(SQL.rowsVersion)])
                try connection.run(SQL.commit)
            } catch PostgresFailure.refused(let state, _)
                where ["23505", "42P07", "XX000"].contains(state)
            {
                // Somebody else makes them at this moment.
                try connection.run(SQL.rollBack)
            }
        }
        guard try areThere() else { throw SharedStoreError.noTables(store: table.address.text) }
    }

    /// Throws unless a COPY is undone by ROLLBACK, all of it: there are databases that commit it in pieces.
    ///
    /// - Throws: ``SharedStoreError/copyStays(store:)``.
    public func requireTransactions() throws {
        if isProbed.withLock({ $0 }) { return }
        let first = Int64.random(in: 0..<Int64.max - Self.probeRows)
        let range: [PostgresValue?] = [.number(first), .number(first + Self.probeRows)]
        let isUndone = try table.run { connection in
            var rows = CopyRows(columns: 1)
            for id in first..<first + Self.probeRows {
                rows.begin(hash: 0, key: id)
                rows.add(id)
            }
            try connection.run(SQL.begin)
            // In one, since there are databases that commit pieces of one.
            for copy in rows.copies(bytesMax: .max) {
                _ = try connection.copy(SQL.copyProbe) { try rows.send(copy, $0) }
            }
            try connection.run(endOfProbe)
            let left = try connection.run(SQL.countProbe, range).number(0, 0) ?? 1
            if left > 0 { try connection.run(SQL.emptyProbe, range) }
            return left == 0
        }
        guard isUndone else { throw SharedStoreError.copyStays(store: table.address.text) }
        isProbed.withLock { $0 = true }
    }

    // MARK: Wishes

    /// For which datasets rows are wanted; `*` stands for all that are not named.
    public func wishes() throws -> [String: Bool] {
        try table.run { connection in
            let rows = try connection.run(SQL.wishes)
            return Dictionary(
                (0..<rows.count).map { (rows.text($0, 0) ?? "", rows.truth($0, 1)) },
                uniquingKeysWith: { $1 })
        }
    }

    /// Takes a wish down: for some datasets, or, where none is named, for all and in the place of all earlier ones.
    public func wish(_ isWanted: Bool, for datasets: [String]) throws {
        try table.run { connection in
            try connection.run(SQL.begin)
            if datasets.isEmpty { try connection.run(SQL.forgetWishes) }
            for dataset in datasets.isEmpty ? ["*"] : datasets {
                try connection.run(SQL.wish, [.text(dataset), .truth(isWanted)])
            }
            try connection.run(SQL.commit)
        }
    }

    // MARK: States

    /// How far all datasets are that ever had rows.
    public func states() throws -> [RowsState] {
        try table.run { connection in
            let rows = try connection.run(SQL.states)
            return (0..<rows.count).map { row in
                var state = RowsState(rows.text(row, 0) ?? "", version: rows.number(row, 1) ?? 0)
                (state.shown, state.heads) = (rows.number(row, 2), rows.text(row, 3))
                (state.digest, state.labels) = (rows.text(row, 4), rows.number(row, 5) ?? 0)
                (state.filling, state.target) = (rows.number(row, 6), rows.text(row, 7))
                (state.done, state.filled) = (rows.text(row, 8), rows.number(row, 9) ?? 0)
                (state.why, state.movedAt) = (rows.text(row, 10), rows.number(row, 11) ?? 0)
                return state
            }
        }
    }

    /// Makes the row of a dataset that has none.
    public func begin(_ dataset: String) throws {
        try table.run { _ = try $0.run(SQL.beginState, [.text(dataset)]) }
    }

    /// Changes a dataset's rows and its state in one transaction.
    ///
    /// - Parameters:
    ///   - seen: The state that the change was made for.
    ///   - body: Puts rows and returns the next state. It runs again where the server asks for it, and must do the
    ///     same then.
    /// - Returns: False, and nothing has changed, where another node has changed it or does so at this moment.
    /// - Throws: ``SharedStoreError``, and what `body` throws; nothing has changed then.
    public func change(
        from seen: RowsState, _ body: (RowsWriter) throws -> RowsState
    ) throws -> Bool {
        try table.run { connection in
            try connection.run(SQL.begin)
            try connection.run(SQL.patientTransaction)
            let place: [PostgresValue?] = [.text(seen.dataset), .number(seen.version)]
            guard try connection.run(SQL.takeState, place).count == 1 else {
                try connection.run(SQL.rollBack)
                return false
            }
            let next = try body(RowsWriter(connection))
            for old in [seen.shown, seen.filling].compactMap({ $0 })
            where old != next.shown && old != next.filling {
                try connection.run(SQL.dropRows, [.number(old)])
            }
            let values: [PostgresValue?] = [
                next.shown.map { .number($0) }, next.heads.map { .text($0) },
                next.digest.map { .text($0) }, .number(next.labels),
                next.filling.map { .number($0) }, next.target.map { .text($0) },
                next.done.map { .text($0) }, .number(next.filled), next.why.map { .text($0) },
            ]
            guard try connection.run(SQL.moveState, place + values).changed == 1 else {
                try connection.run(SQL.rollBack)
                return false
            }
            try connection.run(SQL.commit)
            return true
        }
    }

    // MARK: Removing

    /// Removes rows that nobody is shown any more, a piece of some ten thousand.
    ///
    /// - Returns: Whether there may be more of them.
    public func removeSomeOld() throws -> Bool {
        try table.run { connection in
            guard let rows = try connection.run(SQL.oldRows).number(0, 0) else { return false }
            let from = removedTo.withLock { $0[rows] } ?? .min
            let end = try connection.run(
                SQL.endOfPiece, [.number(rows), .number(from), .number(Self.removedAtOnce)]
            ).number(0, 0)
            if let end {
                try connection.run(SQL.removePiece, [.number(rows), .number(from), .number(end)])
                removedTo.withLock { $0[rows] = end }
                return true
            }
            try connection.run(SQL.forgetAliases, [.number(rows)])
            try connection.run(SQL.forgetWords, [.number(rows)])
            try connection.run(SQL.forgetOld, [.number(rows)])
            removedTo.withLock { $0[rows] = nil }
            return true
        }
    }
}

/// What puts rows into a dataset's tables within one transaction.
public final class RowsWriter {
    private typealias SQL = PostgresStatements

    private let connection: PostgresConnection
    private var isStaging = false

    init(_ connection: PostgresConnection) { self.connection = connection }

    /// Puts words that labels name, those that are not there yet.
    package func put(_ words: [LabelWords], of rows: Int64) throws {
        if words.isEmpty { return }
        let columns = words.map(\.columns)
        let texts = (0..<LabelWords.textColumns).map { column in
            PostgresValue.texts(columns.map { $0[column] })
        }
        try connection.run(
            SQL.putWords,
            [
                .number(rows), .numbers(words.map { $0.id(in: rows) }),
                .numbers(words.map { $0.isContested ? 1 : 0 }),
            ] + texts)
    }

    /// Puts new labels.
    package func put(_ labels: CopyRows) throws { try copy(SQL.copyLabels, labels) }

    /// Puts what labels that are there are now in the place of what they were.
    ///
    /// - Returns: How many were there.
    package func update(_ labels: CopyRows) throws -> Int {
        if labels.isEmpty { return 0 }
        if isStaging {
            try connection.run(SQL.emptyStaged)
        } else {
            try connection.run(SQL.stage)
        }
        isStaging = true
        try copy(SQL.copyStaged, labels)
        try connection.run(SQL.analyzeStaged)
        return try connection.run(SQL.updateFromStaged).changed
    }

    /// Puts the items that are shown under another one's key in the place of those that were.
    package func replaceAliases(of rows: Int64, _ aliases: CopyRows) throws {
        try connection.run(SQL.forgetAliases, [.number(rows)])
        try copy(SQL.copyAliases, aliases)
    }

    private func copy(_ statement: String, _ rows: CopyRows) throws {
        for copy in rows.copies() {
            _ = try connection.copy(statement) { try rows.send(copy, $0) }
        }
    }
}
