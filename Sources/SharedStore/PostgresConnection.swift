import CPostgres
import Glibc

/// A value that goes to the server, or comes from it, in its binary form.
enum PostgresValue: Sendable {
    case number(Int64)
    case text(String)
    case bytes([UInt8])
    case truth(Bool)
    case numbers([Int64])
    case texts([String?])

    /// The type's number in PostgreSQL's catalogue.
    var type: UInt32 {
        switch self {
        case .number: 20
        case .text: 25
        case .bytes: 17
        case .truth: 16
        case .numbers: 1_016
        case .texts: 1_009
        }
    }

    var wire: [UInt8] {
        switch self {
        case .number(let value): withUnsafeBytes(of: value.bigEndian) { Array($0) }
        case .text(let value): Array(value.utf8)
        case .bytes(let value): value
        case .truth(let value): [value ? 1 : 0]
        case .numbers(let values): Self.array(values.map { .number($0) }, of: 20)
        case .texts(let values): Self.array(values.map { $0.map { .text($0) } }, of: 25)
        }
    }

    /// An array of one dimension.
    private static func array(_ values: [PostgresValue?], of type: UInt32) -> [UInt8] {
        var bytes: [UInt8] = []
        func append(_ value: Int32) {
            withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
        }
        // Dimensions, whether there may be NULL, the type; then how many from which index on.
        for value in [1, 1, Int32(type), Int32(values.count), 1] { append(value) }
        for value in values {
            let wire = value?.wire
            append(wire.map { Int32($0.count) } ?? -1)
            bytes += wire ?? []
        }
        return bytes
    }
}

/// Why a statement did not work.
enum PostgresFailure: Error {
    /// The connection is gone; what was under way may have happened.
    case lost(String)
    /// The server has not answered in time; what was under way may have happened.
    case late
    /// The server has refused the statement.
    case refused(state: String, why: String)
}

/// The rows of an answer.
final class PostgresRows {
    private let result: OpaquePointer
    /// How many there are.
    let count: Int
    /// How many rows the statement has changed.
    let changed: Int

    fileprivate init(_ result: OpaquePointer) {
        self.result = result
        count = Int(cm_pq_rows(result))
        changed = Int(String(cString: cm_pq_changed(result))) ?? 0
    }

    deinit { cm_pq_clear(result) }

    /// The bytes of a value; nil for NULL.
    func bytes(_ row: Int, _ column: Int) -> [UInt8]? {
        guard row < count, cm_pq_is_null(result, Int32(row), Int32(column)) == 0,
            let value = cm_pq_value(result, Int32(row), Int32(column))
        else { return nil }
        let length = Int(cm_pq_length(result, Int32(row), Int32(column)))
        return Array(UnsafeRawBufferPointer(start: value, count: length))
    }

    /// A text; nil for NULL.
    func text(_ row: Int, _ column: Int) -> String? {
        bytes(row, column).map { String(decoding: $0, as: UTF8.self) }
    }

    /// A `bigint`; nil for NULL, and for another type.
    func number(_ row: Int, _ column: Int) -> Int64? {
        guard let bytes = bytes(row, column), bytes.count == 8 else { return nil }
        return bytes.reduce(0) { $0 << 8 | Int64($1) }
    }

    /// A `boolean`.
    func truth(_ row: Int, _ column: Int) -> Bool { bytes(row, column)?.first == 1 }
}

/// One connection to a PostgreSQL server; used by one thread at a time.
final class PostgresConnection: @unchecked Sendable {
    // SAFETY: whoever takes it out of the pool is the only one that has it.
    private let connection: OpaquePointer

    /// How long a statement may take, in milliseconds; the server ends it a little earlier.
    static let statementMilliseconds: Int32 = 15_000

    /// Connects.
    ///
    /// - Throws: ``SharedStoreError`` for an address or a library that cannot be used, ``PostgresFailure``.
    init(_ address: StoreAddress) throws {
        let parameters = try address.parameters()
        var keywords: [UnsafePointer<CChar>?] = []
        var values: [UnsafePointer<CChar>?] = []
        defer {
            for text in keywords + values where text != nil {
                free(UnsafeMutablePointer(mutating: text))
            }
        }
        for (name, value) in parameters {
            keywords.append(UnsafePointer(strdup(name)))
            values.append(UnsafePointer(strdup(value)))
        }
        guard let made = cm_pq_connect(keywords + [nil], values + [nil]) else {
            throw PostgresFailure.lost("memory is out")
        }
        connection = made
        guard cm_pq_is_open(made) == 1 else { throw PostgresFailure.lost(why) }
    }

    deinit { cm_pq_close(connection) }

    /// Whether the way to the server is encrypted.
    var isEncrypted: Bool { cm_pq_is_encrypted(connection) != 0 }

    /// The server's version, such as 15.18.
    var serverVersion: String {
        let number = cm_pq_server_version(connection)
        return "\(number / 10_000).\(number % 10_000)"
    }

    /// What the library says of the connection, in one line.
    private var why: String {
        let text = String(cString: cm_pq_connection_error(connection))
        return text.split(separator: "\n").map {
            $0.drop { $0 == " " || $0 == "\t" }
        }.joined(separator: "; ")
    }

    /// Runs one statement.
    ///
    /// - Throws: ``PostgresFailure``.
    @discardableResult
    func run(_ statement: String, _ values: [PostgresValue?] = []) throws(PostgresFailure)
        -> PostgresRows
    {
        let wires = values.map { $0?.wire }
        let types = values.map { $0?.type ?? 0 }
        let lengths = wires.map { Int32($0?.count ?? 0) }
        var result: OpaquePointer?
        let end = Self.withPointers(to: wires) { pointers in
            cm_pq_run(
                connection, statement, Int32(values.count), types, pointers, lengths,
                Self.statementMilliseconds, &result)
        }
        return PostgresRows(try answer(end, result) { cm_pq_is_done($0) == 1 })
    }

    /// The answer to what was sent.
    ///
    /// - Parameter isWell: Whether it is the one that was hoped for.
    private func answer(
        _ end: Int32, _ result: OpaquePointer?, _ isWell: (OpaquePointer) -> Bool
    ) throws(PostgresFailure) -> OpaquePointer {
        try require(end)
        guard let result else { throw .lost(why) }
        if isWell(result) { return result }
        defer { cm_pq_clear(result) }
        // Without a state it is the library's own word on a connection that has ended.
        guard let state = cm_pq_state(result) else { throw .lost(why) }
        let said = cm_pq_message(result).map { String(cString: $0) } ?? why
        throw .refused(state: String(cString: state), why: said)
    }

    private func require(_ end: Int32) throws(PostgresFailure) {
        if Int(end) == CM_PQ_LATE { throw .late }
        if Int(end) != CM_PQ_ANSWERED { throw .lost(why) }
    }

    /// The bytes of rows that go to the server at once.
    private static let copyBytes = 1 << 17

    /// Runs a `COPY … FROM STDIN`.
    ///
    /// - Parameter body: Sends the rows' bytes; where it throws, the connection can only be closed.
    /// - Returns: How many rows came.
    /// - Throws: ``PostgresFailure``, and what `body` throws.
    func copy(
        _ statement: String,
        _ body: (_ send: (UnsafeRawBufferPointer) throws -> Void) throws -> Void
    ) throws -> Int {
        var result: OpaquePointer?
        let begun = cm_pq_run(
            connection, statement, 0, nil, nil, nil, Self.statementMilliseconds, &result)
        cm_pq_clear(try answer(begun, result) { cm_pq_is_copying($0) == 1 })
        try body { bytes in
            var start = 0
            while start < bytes.count {
                let piece = bytes[start..<min(start + Self.copyBytes, bytes.count)]
                let end = UnsafeRawBufferPointer(rebasing: piece).withMemoryRebound(
                    to: CChar.self
                ) {
                    cm_pq_put(
                        connection, $0.baseAddress, Int32($0.count), Self.statementMilliseconds)
                }
                try require(end)
                start += piece.count
            }
        }
        let end = cm_pq_put_end(connection, Self.statementMilliseconds, &result)
        return PostgresRows(try answer(end, result) { cm_pq_is_done($0) == 1 }).changed
    }

    /// Waits until the server tells of something, or the time is over.
    func wait(milliseconds: Int) throws(PostgresFailure) {
        if cm_pq_wait(connection, Int32(milliseconds)) < 0 { throw .lost(why) }
    }

    private static func withPointers<R>(
        to values: [[UInt8]?], _ body: ([UnsafePointer<CChar>?]) -> R
    ) -> R {
        var copies: [UnsafeMutableRawPointer?] = []
        defer { for copy in copies { copy?.deallocate() } }
        for value in values {
            guard let value else {
                copies.append(nil)
                continue
            }
            let copy = UnsafeMutableRawPointer.allocate(byteCount: value.count + 1, alignment: 8)
            value.withUnsafeBytes { bytes in
                if let base = bytes.baseAddress {
                    copy.copyMemory(from: base, byteCount: bytes.count)
                }
            }
            copies.append(copy)
        }
        return body(copies.map { $0.map { UnsafePointer($0.assumingMemoryBound(to: CChar.self)) } })
    }
}
