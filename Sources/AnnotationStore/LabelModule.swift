import GRDBSQLite

/// The table `annotation` in SQL: a virtual one, whose rows are what a ``LabelCursor`` finds in tables and logs.
///
/// So listings, counts and joins are written as queries, whether a label has a row or not.
/// See sqlite.org/vtab.html; the table exists in each connection without being made ("eponymous-only").
enum LabelModule {
    private static let declaration = """
        CREATE TABLE annotation(key INTEGER PRIMARY KEY, item INTEGER, class INTEGER, selector BLOB,
        status INTEGER, flags INTEGER, source INTEGER, author INTEGER, fields BLOB)
        """

    /// SQLite's part comes first: it knows nothing of the rest.
    private struct Table {
        var base = sqlite3_vtab()
        let labels: Unmanaged<LoggedLabels>
    }

    private struct Cursor {
        var base = sqlite3_vtab_cursor()
        let labels: Unmanaged<LoggedLabels>
        let walk: Unmanaged<LabelCursor>
    }

    /// SAFETY: SQLite reads it and never changes it.
    private nonisolated(unsafe) static let module: UnsafeMutablePointer<sqlite3_module> = {
        let module = UnsafeMutablePointer<sqlite3_module>.allocate(capacity: 1)
        module.initialize(to: sqlite3_module())
        module.pointee.iVersion = 1
        module.pointee.xConnect = { database, context, _, _, table, _ in
            LabelModule.connect(database, context, table)
        }
        module.pointee.xBestIndex = { _, info in LabelModule.choose(info) }
        module.pointee.xDisconnect = { table in
            UnsafeMutableRawPointer(table)?.assumingMemoryBound(to: Table.self).deallocate()
            return SQLITE_OK
        }
        module.pointee.xOpen = { table, cursor in LabelModule.open(table, cursor) }
        module.pointee.xClose = { cursor in LabelModule.close(cursor) }
        module.pointee.xFilter = { cursor, plan, _, count, values in
            LabelModule.filter(cursor, plan, count, values)
        }
        module.pointee.xNext = { cursor in
            LabelModule.walking(cursor) { try $0.next() }
        }
        module.pointee.xEof = { cursor in
            LabelModule.cursor(cursor).map { $0.walk.takeUnretainedValue().isAtEnd } ?? true ? 1 : 0
        }
        module.pointee.xColumn = { cursor, context, column in
            LabelModule.column(cursor, context, column)
        }
        module.pointee.xRowid = { cursor, key in
            key?.pointee = LabelModule.cursor(cursor)?.walk.takeUnretainedValue().key ?? 0
            return SQLITE_OK
        }
        return module
    }()

    /// Gives a connection the table; `labels` must live as long as the connection.
    static func register(_ labels: LoggedLabels) throws(AnnotationStoreError) {
        let code = sqlite3_create_module_v2(
            labels.connection, "annotation", module,
            Unmanaged.passUnretained(labels).toOpaque(), nil)
        if code != SQLITE_OK {
            throw Statement.error(labels.connection, doing: "opening the label table")
        }
    }

    private static func connect(
        _ database: OpaquePointer?, _ context: UnsafeMutableRawPointer?,
        _ made: UnsafeMutablePointer<UnsafeMutablePointer<sqlite3_vtab>?>?
    ) -> Int32 {
        guard let context, let made else { return SQLITE_MISUSE }
        let code = sqlite3_declare_vtab(database, declaration)
        if code != SQLITE_OK { return code }
        let table = UnsafeMutablePointer<Table>.allocate(capacity: 1)
        table.initialize(to: Table(labels: .fromOpaque(context)))
        made.pointee = UnsafeMutableRawPointer(table).assumingMemoryBound(to: sqlite3_vtab.self)
        return SQLITE_OK
    }

    // MARK: Plans

    /// How an argument bounds the walk.
    private enum Bound: Int32 {
        case equal = 1
        case from, above, through, below
        /// Not of the key: the annotation's item.
        case item

        init?(_ operation: UInt8, column: Int32) {
            switch Int32(operation) {
            case SQLITE_INDEX_CONSTRAINT_EQ where column == 1: self = .item
            case _ where column > 0: return nil
            case SQLITE_INDEX_CONSTRAINT_EQ: self = .equal
            case SQLITE_INDEX_CONSTRAINT_GE: self = .from
            case SQLITE_INDEX_CONSTRAINT_GT: self = .above
            case SQLITE_INDEX_CONSTRAINT_LE: self = .through
            case SQLITE_INDEX_CONSTRAINT_LT: self = .below
            default: return nil
            }
        }
    }

    /// Arguments that a plan has room for: each takes three bits.
    private static let boundsMax: Int32 = 8

    private static func choose(_ info: UnsafeMutablePointer<sqlite3_index_info>?) -> Int32 {
        guard let info else { return SQLITE_MISUSE }
        var (plan, count): (Int32, Int32) = (0, 0)
        var (hasLow, hasHigh) = (false, false)
        for place in 0..<Int(info.pointee.nConstraint) {
            let constraint = info.pointee.aConstraint[place]
            guard constraint.usable != 0, count < boundsMax,
                let bound = Bound(constraint.op, column: constraint.iColumn)
            else { continue }
            plan |= bound.rawValue << (3 * count)
            count += 1
            info.pointee.aConstraintUsage[place].argvIndex = count
            info.pointee.aConstraintUsage[place].omit = 1
            hasLow = hasLow || bound == .equal || bound == .from || bound == .above
            hasHigh = hasHigh || bound == .equal || bound == .through || bound == .below
        }
        info.pointee.idxNum = plan
        // A range is a part of one log; without one, all labels of the home are walked.
        let rows: Int64 = hasLow && hasHigh ? 100 : hasLow || hasHigh ? 1_000_000 : 10_000_000
        info.pointee.estimatedRows = rows
        info.pointee.estimatedCost = Double(rows)
        if info.pointee.nOrderBy == 1, info.pointee.aOrderBy[0].iColumn <= 0,
            info.pointee.aOrderBy[0].desc == 0
        {
            info.pointee.orderByConsumed = 1
        }
        return SQLITE_OK
    }

    // MARK: Walking

    private static func open(
        _ table: UnsafeMutablePointer<sqlite3_vtab>?,
        _ made: UnsafeMutablePointer<UnsafeMutablePointer<sqlite3_vtab_cursor>?>?
    ) -> Int32 {
        guard let table, let made else { return SQLITE_MISUSE }
        let labels = UnsafeMutableRawPointer(table).assumingMemoryBound(to: Table.self).pointee
            .labels
        do {
            let walk = try labels.takeUnretainedValue().cursor()
            let cursor = UnsafeMutablePointer<Cursor>.allocate(capacity: 1)
            cursor.initialize(to: Cursor(labels: labels, walk: .passRetained(walk)))
            made.pointee = UnsafeMutableRawPointer(cursor)
                .assumingMemoryBound(to: sqlite3_vtab_cursor.self)
            return SQLITE_OK
        } catch {
            labels.takeUnretainedValue().failure = error
            return SQLITE_ERROR
        }
    }

    private static func cursor(_ cursor: UnsafeMutablePointer<sqlite3_vtab_cursor>?) -> Cursor? {
        UnsafeMutableRawPointer(cursor)?.assumingMemoryBound(to: Cursor.self).pointee
    }

    private static func close(_ made: UnsafeMutablePointer<sqlite3_vtab_cursor>?) -> Int32 {
        guard let made, let known = cursor(made) else { return SQLITE_MISUSE }
        known.labels.takeUnretainedValue().giveBack(known.walk.takeRetainedValue())
        UnsafeMutableRawPointer(made).assumingMemoryBound(to: Cursor.self).deallocate()
        return SQLITE_OK
    }

    /// Runs `body`; what it throws is kept, and the statement ends with an error.
    private static func walking(
        _ made: UnsafeMutablePointer<sqlite3_vtab_cursor>?, _ body: (LabelCursor) throws -> Void
    ) -> Int32 {
        guard let known = cursor(made) else { return SQLITE_MISUSE }
        do {
            try body(known.walk.takeUnretainedValue())
            return SQLITE_OK
        } catch {
            known.labels.takeUnretainedValue().failure = error
            return SQLITE_ERROR
        }
    }

    private static func filter(
        _ made: UnsafeMutablePointer<sqlite3_vtab_cursor>?, _ plan: Int32, _ count: Int32,
        _ values: UnsafeMutablePointer<OpaquePointer?>?
    ) -> Int32 {
        var (low, high) = (Int64(0), Int64.max)
        var item: Int64?
        for place in 0..<Int(count) {
            // Nothing compares with NULL.
            guard let value = values?[place], sqlite3_value_type(value) == SQLITE_INTEGER else {
                (low, high) = (1, 0)
                break
            }
            let limit = sqlite3_value_int64(value)
            switch Bound(rawValue: plan >> (3 * Int32(place)) & 7) {
            case .equal: (low, high) = (max(low, limit), min(high, limit))
            case .from: low = max(low, limit)
            case .above: low = max(low, limit == .max ? limit : limit + 1)
            case .through: high = min(high, limit)
            case .item: item = limit
            case .below: high = min(high, limit == .min ? limit : limit - 1)
            case nil: return SQLITE_MISUSE
            }
        }
        return walking(made) { try $0.start(from: low, through: high, item: item) }
    }

    private static func column(
        _ made: UnsafeMutablePointer<sqlite3_vtab_cursor>?, _ context: OpaquePointer?,
        _ column: Int32
    ) -> Int32 {
        walking(made) { walk in
            try walk.value(column) {
                sqlite3_result_int64(context, $0)
            } bytes: { bytes in
                if bytes.isEmpty {
                    sqlite3_result_null(context)
                } else {
                    // SQLITE_TRANSIENT: the entry may go before SQLite has read it.
                    sqlite3_result_blob(
                        context, bytes.baseAddress, Int32(bytes.count),
                        unsafeBitCast(-1, to: sqlite3_destructor_type.self))
                }
            }
        }
    }
}
