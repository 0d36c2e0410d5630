import GRDBSQLite

/// One prepared SQLite statement, bound and stepped without a container per row.
///
/// The connection is GRDB's; its queue serialises every use.
final class Statement {
    private let handle: OpaquePointer
    let connection: OpaquePointer
    private let sql: String

    init(_ connection: OpaquePointer, _ sql: String) throws(AnnotationStoreError) {
        var handle: OpaquePointer?
        let code = sqlite3_prepare_v3(
            connection, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &handle, nil)
        guard code == SQLITE_OK, let handle else {
            throw Self.error(connection, doing: "preparing \(sql.prefix(60))")
        }
        self.handle = handle
        self.connection = connection
        self.sql = sql
    }

    deinit { sqlite3_finalize(handle) }

    static func error(
        _ connection: OpaquePointer, doing: String
    ) -> AnnotationStoreError {
        .sqlite(
            code: sqlite3_extended_errcode(connection),
            message: String(cString: sqlite3_errmsg(connection)), doing: doing)
    }

    @inline(__always)
    func bind(_ index: Int32, _ value: Int64) { sqlite3_bind_int64(handle, index, value) }

    @inline(__always)
    func bind(_ index: Int32, _ value: Int) { sqlite3_bind_int64(handle, index, Int64(value)) }

    /// Binds memory that stays as it is until the statement was stepped; empty memory binds NULL.
    @inline(__always)
    func bind(_ index: Int32, _ bytes: UnsafeRawBufferPointer) {
        if bytes.isEmpty {
            sqlite3_bind_null(handle, index)
        } else {
            sqlite3_bind_blob(handle, index, bytes.baseAddress, Int32(bytes.count), nil)
        }
    }

    /// Binds a copy; an empty array binds NULL.
    func bind(_ index: Int32, _ bytes: [UInt8]) {
        if bytes.isEmpty {
            sqlite3_bind_null(handle, index)
        } else {
            // SQLITE_TRANSIENT: SQLite copies before the array goes.
            sqlite3_bind_blob(
                handle, index, bytes, Int32(bytes.count),
                unsafeBitCast(-1, to: sqlite3_destructor_type.self))
        }
    }

    func bindNull(_ index: Int32) { sqlite3_bind_null(handle, index) }

    /// Binds a copy of a text.
    func bind(text: String, _ index: Int32) {
        sqlite3_bind_text(
            handle, index, text, -1, unsafeBitCast(-1, to: sqlite3_destructor_type.self))
    }

    /// Binds arguments in their order, from the first.
    func bind(_ arguments: [Argument]) {
        for (index, argument) in zip(1..., arguments) {
            switch argument {
            case .integer(let value): bind(Int32(index), value)
            case .bytes(let value): bind(Int32(index), value)
            case .text(let value?): bind(text: value, Int32(index))
            case .text(nil): bindNull(Int32(index))
            }
        }
    }

    /// A value of a query whose parts are put together as it is asked for.
    enum Argument {
        case integer(Int64)
        case bytes([UInt8])
        case text(String?)
    }

    /// Runs a statement that returns no row, and makes it ready for the next use.
    @inline(__always)
    func run() throws(AnnotationStoreError) {
        let code = sqlite3_step(handle)
        sqlite3_reset(handle)
        if code != SQLITE_DONE { throw Self.error(connection, doing: "writing") }
    }

    /// Moves to the next row; false, and ready for the next use, after the last.
    @inline(__always)
    func step() throws(AnnotationStoreError) -> Bool {
        switch sqlite3_step(handle) {
        case SQLITE_ROW: return true
        case SQLITE_DONE:
            sqlite3_reset(handle)
            return false
        default:
            let error = Self.error(connection, doing: "reading")
            sqlite3_reset(handle)
            throw error
        }
    }

    /// Makes the statement ready for the next use before its last row was read.
    func reset() { sqlite3_reset(handle) }

    @inline(__always)
    func integer(_ column: Int32) -> Int64 { sqlite3_column_int64(handle, column) }

    func isNull(_ column: Int32) -> Bool {
        sqlite3_column_type(handle, column) == SQLITE_NULL
    }

    /// A column's bytes, where they stay until the next step.
    @inline(__always)
    func blob(_ column: Int32) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(
            start: sqlite3_column_blob(handle, column),
            count: Int(sqlite3_column_bytes(handle, column)))
    }

    func bytes(_ column: Int32) -> [UInt8] {
        guard let start = sqlite3_column_blob(handle, column) else { return [] }
        let count = Int(sqlite3_column_bytes(handle, column))
        return Array(UnsafeRawBufferPointer(start: start, count: count))
    }
}
