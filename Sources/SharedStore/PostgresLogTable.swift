import Glibc
import Signing
import Synchronization

/// The rows in a PostgreSQL database.
///
/// Whole transactions are tried again where the server asks for it or the connection is lost. Where it was lost at the
/// moment of committing, the token in the first part's row says afterwards whether it was: so nothing is done twice.
package final class PostgresLogTable: SharedLogTable {
    typealias SQL = PostgresStatements

    let address: StoreAddress
    private let idle = Mutex<[PostgresConnection]>([])
    private let listener = Mutex<PostgresConnection?>(nil)
    /// Whether the documents' table was seen.
    let documentsAreThere = Mutex(false)

    /// Connections that are kept open while nobody uses them.
    private let idleMax: Int
    /// How long a statement is tried again: a server that is restarted is back by then.
    private let patience: Duration

    package init(
        _ address: StoreAddress, patience: Duration = .seconds(10), idleMax: Int = 4
    ) {
        (self.address, self.patience, self.idleMax) = (address, patience, idleMax)
    }

    // MARK: Connections

    private func connect() throws -> PostgresConnection {
        let connection = try PostgresConnection(address)
        try connection.run(SQL.session)
        return connection
    }

    /// Runs `body` with a connection, again on another one where the server asks for it or the connection is lost.
    func run<R>(_ body: (PostgresConnection) throws -> R) throws -> R {
        let end = ContinuousClock.now + patience
        var pauseMilliseconds = 5.0
        while true {
            do {
                let connection = try idle.withLock { $0.popLast() } ?? connect()
                // Whatever was begun on it is undone by closing it.
                let result = try body(connection)
                idle.withLock { if $0.count < idleMax { $0.append(connection) } }
                return result
            } catch let failure as PostgresFailure {
                guard failure.isPassing, ContinuousClock.now < end else { throw words(failure) }
                // A server that was restarted has ended them all.
                if case .lost = failure { idle.withLock { $0 = [] } }
            }
            usleep(UInt32(Double.random(in: 0.5...1.5) * pauseMilliseconds * 1_000))
            pauseMilliseconds = min(2 * pauseMilliseconds, 500)
        }
    }

    private func words(_ failure: PostgresFailure) -> SharedStoreError {
        let store = address.text
        switch failure {
        case .late:
            return .slow(
                store: store, seconds: Int(PostgresConnection.statementMilliseconds) / 1_000)
        case .lost(let why) where failure.isPassing: return .unreachable(store: store, why: why)
        case .lost(let why): return .notAllowed(store: store, why: why)
        case .refused(let state, let why):
            switch state {
            case "53100", "53200", "53400": return .full(store: store, why: why)
            case "25006": return .readOnly(store: store)
            case "42501", "28000", "28P01": return .notAllowed(store: store, why: why)
            case "42P01", "3F000": return .noTables(store: store)
            case "57014", "55P03": return .slow(store: store, seconds: 10)
            case _ where failure.isPassing: return .unreachable(store: store, why: why)
            default: return .failed(store: store, state: state, why: why)
            }
        }
    }

    // MARK: Whose it is

    package func owner() throws -> StoreOwner? {
        do {
            return try run { connection in
                let rows = try connection.run(SQL.owner)
                guard rows.count == 1 else { return nil }
                return try self.owner(rows)
            }
        } catch SharedStoreError.noTables {
            return nil
        }
    }

    private func owner(_ rows: PostgresRows) throws -> StoreOwner {
        let version = rows.number(0, 0) ?? 0
        guard version == SQL.version else {
            throw SharedStoreError.otherVersion(
                store: address.text, found: version, known: SQL.version)
        }
        return StoreOwner(org: rows.text(0, 1) ?? "", key: rows.bytes(0, 2) ?? [])
    }

    package func claim(_ owner: StoreOwner) throws {
        if try self.owner() == nil { try makeTables(owner) }
        guard let found = try self.owner() else {
            throw SharedStoreError.noTables(store: address.text)
        }
        if found != owner {
            throw SharedStoreError.otherOwner(store: address.text, org: found.org)
        }
    }

    private func makeTables(_ owner: StoreOwner) throws {
        try run { connection in
            try connection.run(SQL.begin)
            do {
                for statement in SQL.create { try connection.run(statement) }
                try connection.run(
                    SQL.take, [.number(SQL.version), .text(owner.org), .bytes(owner.key)])
                try connection.run(SQL.commit)
            } catch PostgresFailure.refused(let state, _)
                where ["23505", "42P07", "42P06", "XX000"].contains(state)
            {
                // Somebody else makes them at this moment.
                try connection.run(SQL.rollBack)
            }
        }
    }

    // MARK: Reading

    package func heads() throws -> [SharedHead] {
        try run { connection in
            let rows = try connection.run(SQL.heads)
            return try (0..<rows.count).map { row in
                guard let log = rows.text(row, 0), let size = rows.number(row, 1), size >= 0,
                    let root = rows.bytes(row, 2).flatMap({ Digest($0) })
                else {
                    throw SharedStoreError.damaged(
                        log: rows.text(row, 0) ?? "a log", why: "its row is none")
                }
                return SharedHead(log: log, size: UInt64(size), root: root)
            }
        }
    }

    package func parts(of log: String, from: UInt64) throws -> [SharedPart] {
        try run { connection in
            let rows = try connection.run(
                SQL.parts,
                [
                    .text(log), .number(Int64(clamping: from)),
                    .number(Int64(SharedLogStore.partsPerPage)),
                ])
            return try (0..<rows.count).map { row in
                guard let first = rows.number(row, 0), let count = rows.number(row, 1),
                    first >= 0, count > 0, count < 1 << 40, first < 1 << 62,
                    let sha256 = rows.bytes(row, 2).flatMap({ Digest($0) }),
                    let checkpoint = rows.bytes(row, 3)
                else { throw SharedStoreError.damaged(log: log, why: "a part's row is none") }
                return SharedPart(
                    first: UInt64(first), count: UInt64(count), sha256: sha256,
                    checkpoint: checkpoint, isBound: rows.truth(row, 4),
                    isObject: rows.truth(row, 5))
            }
        }
    }

    package func bytes(of log: String, first: UInt64) throws -> [UInt8]? {
        try run { connection in
            try connection.run(SQL.bytes, [.text(log), .number(Int64(clamping: first))]).bytes(0, 0)
        }
    }

    // MARK: Writing

    package func append(
        from old: UInt64, to head: SharedHead, on server: StoreServer?,
        parts: (_ put: (SharedPart, _ bytes: [UInt8]?) throws -> Void) throws -> Void
    ) throws -> Bool {
        let token = withUnsafeBytes(
            of: (UInt64.random(in: 0 ... .max), UInt64.random(in: 0 ... .max))
        ) { Array($0) }
        var isUnsure = false
        do {
            return try run { connection in
                if isUnsure, try self.holds(connection, head.log, old, token) { return true }
                // A write that has begun with one server must not go on with one that may lack what was confirmed.
                if let server, try self.server(connection)?.mayLack(whatWasThere: server) == true {
                    return false
                }
                let isDone = try self.move(connection, from: old, to: head, token, parts) {
                    isUnsure = true
                }
                if isDone {
                    isUnsure = false
                    // Only a wake-up: a database that knows none has said all that counts.
                    _ = try? connection.run(SQL.tell)
                    return true
                }
                return try isUnsure && self.holds(connection, head.log, old, token)
            }
        } catch let error as SharedStoreError {
            guard isUnsure else { throw error }
            throw SharedStoreError.unconfirmed(store: address.text, log: head.log)
        }
    }

    /// Whether what was written before the answer was lost is there for good.
    ///
    /// After a crash a server shows what no standby has got. A change of the row waits for the standby, and what lies
    /// before it in the server's log is there then, too.
    private func holds(
        _ connection: PostgresConnection, _ log: String, _ first: UInt64, _ token: [UInt8]
    ) throws -> Bool {
        let found = try connection.run(
            SQL.token, [.text(log), .number(Int64(clamping: first))]
        ).bytes(0, 0)
        guard found == token else { return false }
        return try connection.run(SQL.confirmLog, [.text(log)]).changed == 1
    }

    /// One transaction: the parts, then the row.
    private func move(
        _ connection: PostgresConnection, from old: UInt64, to head: SharedHead, _ token: [UInt8],
        _ parts: (_ put: (SharedPart, _ bytes: [UInt8]?) throws -> Void) throws -> Void,
        onCommit: () -> Void
    ) throws -> Bool {
        let log = PostgresValue.text(head.log)
        let (size, root) = (Int64(clamping: head.size), PostgresValue.bytes(head.root.bytes))
        try connection.run(SQL.begin)
        do {
            if old == 0 { try requireNotLeft(connection, SQL.notLeft) }
            try parts { part, bytes in
                try connection.run(
                    SQL.putPart,
                    [
                        log, .number(Int64(clamping: part.first)),
                        .number(Int64(clamping: part.count)), .bytes(part.sha256.bytes),
                        .bytes(part.checkpoint), .truth(part.isBound), .bytes(token),
                        bytes.map { PostgresValue.bytes($0) },
                    ])
            }
            let rows =
                old == 0
                ? try connection.run(SQL.beginLog, [log, .number(size), root])
                : try connection.run(
                    SQL.moveLog, [log, .number(size), root, .number(Int64(clamping: old))])
            if rows.changed != 1 {
                try connection.run(SQL.rollBack)
                try requireNotLeft(connection, SQL.owner)
                return false
            }
        } catch PostgresFailure.refused(state: "23505", _) {
            // Another node has put a part in this place.
            try connection.run(SQL.rollBack)
            return false
        }
        onCommit()
        try connection.run(SQL.commit)
        return true
    }

    package func requireNotLeft() throws {
        try run { try requireNotLeft($0, SQL.owner) }
    }

    func requireNotLeft(_ connection: PostgresConnection, _ statement: String) throws {
        let rows = try connection.run(statement)
        if let by = rows.text(0, statement == SQL.owner ? 3 : 0) {
            throw SharedStoreError.left(store: address.text, by: by)
        }
    }

    // MARK: Turns

    package func turn(of log: String) throws -> String? {
        try run { try $0.run(SQL.turn, [.text(log)]).text(0, 0) }
    }

    package func takeTurn(_ log: String, for writer: String, seconds: Int) throws {
        try run { connection in
            _ = try connection.run(
                SQL.takeTurn, [.text(log), .text(writer), .number(Int64(seconds))])
        }
    }

    // MARK: The witness

    package func witnessed(_ log: String) throws -> [UInt8]? {
        try run { try $0.run(SQL.witnessed, [.text(log)]).bytes(0, 0) }
    }

    package func moveWitness(
        _ log: String, from old: UInt64?, to size: UInt64, note: [UInt8]
    ) throws -> Bool {
        let new: [PostgresValue?] = [.text(log), .number(Int64(clamping: size)), .bytes(note)]
        return try run { connection in
            let rows =
                if let old {
                    try connection.run(SQL.moveWitness, new + [.number(Int64(clamping: old))])
                } else {
                    try connection.run(SQL.beginWitness, new)
                }
            if rows.changed == 1 { return true }
            // Lost before the answer, and tried again: the same note is there.
            guard try connection.run(SQL.witnessed, [.text(log)]).bytes(0, 0) == note else {
                return false
            }
            return try connection.run(SQL.confirmWitness, [.text(log)]).changed == 1
        }
    }

    // MARK: Leaving

    package func leave(by home: String) throws {
        try change(by: home, SQL.leave, SQL.leaveLogs, [.text(home)])
    }

    package func reenter(by home: String) throws {
        let by = try run { try $0.run(SQL.owner).text(0, 3) }
        if by == nil { return }
        try change(by: home, SQL.reenter, SQL.reenterLogs, [])
    }

    private func change(
        by home: String, _ store: String, _ logs: String, _ values: [PostgresValue?]
    ) throws {
        try run { connection in
            try connection.run(SQL.begin)
            if try connection.run(store, [.text(home)]).changed != 1 {
                try connection.run(SQL.rollBack)
                let by = try connection.run(SQL.owner).text(0, 3)
                throw SharedStoreError.left(store: self.address.text, by: by ?? "somebody")
            }
            try connection.run(logs, values)
            try connection.run(SQL.commit)
        }
    }

    // MARK: News

    package func waitForNews(milliseconds: Int) throws {
        // One thread waits; others would only sleep beside it.
        try listener.withLock { listener in
            do {
                if listener == nil {
                    let made = try connect()
                    try made.run(SQL.listen)
                    listener = made
                }
                try listener?.wait(milliseconds: milliseconds)
            } catch let failure as PostgresFailure {
                listener = nil
                throw words(failure)
            }
        }
    }
}

extension PostgresFailure {
    /// Whether it may be over in a moment.
    var isPassing: Bool {
        switch self {
        case .late: return true
        case .lost(let why):
            // The server answers, and will say the same again; or it asks for what this side does not have.
            if why.contains("no password supplied") { return false }
            return !why.contains("FATAL") || why.contains("starting up")
                || why.contains("shutting down") || why.contains("recovery")
                || why.contains("too many") || why.contains("terminating")
        case .refused(let state, _):
            return state.hasPrefix("08")
                || [
                    "40001", "40P01", "55P03", "57P01", "57P02", "57P03", "57P05", "25P03", "53300",
                ]
                .contains(state)
        }
    }
}
