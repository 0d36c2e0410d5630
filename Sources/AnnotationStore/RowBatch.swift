import GRDBSQLite

/// Rows on their way into one table, inserted many at a time.
///
/// A statement that inserts one row spends more on starting and ending than on the row. Rows wait here
/// until a batch is full, until somebody asks for one of them, or until the transaction ends.
final class RowBatch {
    private static let rowsMax = 64
    private static let sizes = [64, 8, 1]

    private struct Cell {
        /// A number, or where the bytes begin.
        let value: Int64
        /// The number of bytes; -1 for a number.
        let count: Int32
    }

    private let connection: OpaquePointer
    private let table: String
    private let row: String
    private let columns: Int
    private let verb: String
    /// One for each of ``sizes``, prepared when it is first needed: the large ones take long.
    private var statements: [Statement?]
    private var cells: [Cell] = []
    private var arena: [UInt8] = []
    /// What rows are asked for by: each row's first column.
    private var keys: [Int64] = []

    /// A batch for a table; `row` is the list of values of one row, `(?,?)`.
    ///
    /// - Parameter verb: `INSERT`, or what is done with a row whose key is known.
    init(
        _ connection: OpaquePointer, into table: String, row: String, verb: String = "INSERT"
    ) {
        (self.connection, self.table, self.row, self.verb) = (connection, table, row, verb)
        columns = row.count { $0 == "?" }
        statements = Array(repeating: nil, count: Self.sizes.count)
    }

    private func statement(_ size: Int) throws(AnnotationStoreError) -> Statement {
        if let made = statements[size] { return made }
        let list = repeatElement(row, count: Self.sizes[size]).joined(separator: ",")
        let made = try Statement(connection, "\(verb) INTO \(table) VALUES\(list)")
        statements[size] = made
        return made
    }

    /// Adds a number to the row being gathered.
    @inline(__always)
    func add(_ value: Int64) { cells.append(Cell(value: value, count: -1)) }

    /// Adds bytes to the row being gathered; none become NULL.
    @inline(__always)
    func add(_ bytes: UnsafeRawBufferPointer) {
        cells.append(Cell(value: Int64(arena.count), count: Int32(bytes.count)))
        arena.append(contentsOf: bytes)
    }

    /// Ends the row being gathered.
    @inline(__always)
    func endRow(key: Int64) throws(AnnotationStoreError) {
        keys.append(key)
        if keys.count == Self.rowsMax { try flush() }
    }

    /// Inserts what waits if a row with this key is among it.
    @inline(__always)
    func flush(ifHolding key: Int64) throws(AnnotationStoreError) {
        if !keys.isEmpty, keys.contains(key) { try flush() }
    }

    /// Inserts what waits.
    func flush() throws(AnnotationStoreError) {
        if keys.isEmpty { return }
        defer { drop() }
        let result: Result<Void, AnnotationStoreError> = arena.withUnsafeBytes { bytes in
            do throws(AnnotationStoreError) {
                return .success(try insert(bytes))
            } catch {
                return .failure(error)
            }
        }
        try result.get()
    }

    /// Forgets what waits: the transaction was rolled back.
    func drop() {
        cells.removeAll(keepingCapacity: true)
        arena.removeAll(keepingCapacity: true)
        keys.removeAll(keepingCapacity: true)
    }

    private func insert(_ bytes: UnsafeRawBufferPointer) throws(AnnotationStoreError) {
        var next = 0
        for (size, rows) in Self.sizes.enumerated() {
            while keys.count * columns - next >= rows * columns {
                let statement = try statement(size)
                for parameter in 0..<rows * columns {
                    let cell = cells[next + parameter]
                    if cell.count < 0 {
                        statement.bind(Int32(parameter + 1), cell.value)
                    } else {
                        let start = Int(cell.value)
                        statement.bind(
                            Int32(parameter + 1),
                            UnsafeRawBufferPointer(
                                rebasing: bytes[start..<start + Int(cell.count)]))
                    }
                }
                try statement.run()
                next += rows * columns
            }
        }
    }
}
