import AnnotationModel
import Provenance

/// Walks the annotations between two keys in their order: as its row says where an annotation was changed since it
/// was added, else as its entry says.
final class LabelCursor {
    private unowned let labels: LoggedLabels
    private let entries, touched: Statement
    private var high: Int64 = 0
    private var low: Int64 = 0
    private var entry: OpenedEntry?
    private var operations: OperationCursor?
    /// The item whose annotations are walked, by its key; nil for all.
    private var item: [UInt8]?
    /// Where they are in the open entry, the next one last.
    private var positions: [UInt16] = []
    private var label: LoggedLabel?
    private var added: AddedFields?
    /// The key of the row that `touched` stands at; past all keys where it has ended.
    private var touchedKey = Int64.max
    private(set) var isAtEnd = true

    init(_ labels: LoggedLabels) throws(AnnotationStoreError) {
        self.labels = labels
        entries = try Statement(
            labels.connection,
            "SELECT key, leaf FROM entry WHERE key BETWEEN ? AND ? AND why IS NULL AND labels>0 "
                + "ORDER BY key")
        touched = try Statement(
            labels.connection,
            "SELECT key, item, class, selector, status, flags, source, author, fields "
                + "FROM touched WHERE key BETWEEN ? AND ? ORDER BY key")
    }

    /// Begins at the first annotation between two keys, both included.
    ///
    /// - Parameter item: The local id of the item whose annotations are walked; nil for all.
    func start(from low: Int64, through high: Int64, item: Int64?) throws {
        end()
        if low > high { return }
        try labels.forgetIfChanged()
        self.item = try item.map { try labels.itemKey($0) ?? [] }
        (self.low, self.high, isAtEnd) = (low, high, false)
        entries.bind(1, low >> 12)
        entries.bind(2, high >> 12)
        touched.bind(1, low)
        touched.bind(2, high)
        try stepTouched()
        try next()
    }

    /// Ends the walk, wherever it is.
    func end() {
        entries.reset()
        touched.reset()
        (entry, operations, label, added, item) = (nil, nil, nil, nil, nil)
        positions.removeAll(keepingCapacity: true)
        (touchedKey, isAtEnd) = (.max, true)
    }

    /// Moves to the next annotation.
    func next() throws {
        if isTouched { try stepTouched() }
        added = nil
        repeat {
            label = nil
            if item != nil {
                label = try positions.popLast().flatMap { try entry?.label(at: Int($0)) }
            } else if let entry, var walk = operations {
                label = try entry.nextLabel(&walk)
                operations = walk
            }
        } while try label == nil && openNextEntry()
        guard let label, label.key.packed <= high else { return end() }
        while touchedKey < label.key.packed { try stepTouched() }
    }

    private func openNextEntry() throws -> Bool {
        var next: OpenedEntry?
        var key: Int64 = 0
        while next == nil {
            guard try entries.step() else { return false }
            key = entries.integer(0)
            do {
                next = try labels.entry(key, leaf: entries.blob(1))
            } catch  where labels.skips(error) {}
        }
        guard let opened = next else { return false }
        entry = opened
        let first = Int(max(0, low - key << 12))
        guard let item else {
            operations = try opened.operations(from: first)
            return true
        }
        let found = try item.withUnsafeBytes { try opened.positions(ofItem: $0) }
        positions.append(contentsOf: found.reversed().prefix { Int($0) >= first })
        return true
    }

    private func stepTouched() throws {
        touchedKey = try touched.step() ? touched.integer(0) : .max
    }

    private var isTouched: Bool { label.map { $0.key.packed == touchedKey } ?? false }

    // MARK: The annotation at which it stands

    /// The annotation's key.
    var key: Int64 { label?.key.packed ?? 0 }

    /// Hands the value of a column of `annotation` to one of two closures.
    func value(
        _ column: Int32, integer: (Int64) -> Void, bytes: (UnsafeRawBufferPointer) -> Void
    ) throws {
        switch column {
        case 3: bytes(selector)
        case 8:
            guard let label, let entry else { return }
            if isTouched { return bytes(touched.blob(8)) }
            try fields(label, entry).list.withUnsafeBytes { bytes($0) }
        default: integer(try number(column))
        }
    }

    /// The value of a column of `annotation` that holds numbers.
    func number(_ column: Int32) throws -> Int64 {
        guard let label, let entry else { return 0 }
        if isTouched { return touched.integer(column) }
        switch column {
        case 0: return label.key.packed
        case 1: return try labels.item(of: label, in: entry)
        case 2: return try labels.className(of: label, in: entry)
        case 4: return AddedFields.isRetracted(label.fields) ? 1 : 0
        case 6: return try labels.name(entry.view.source, in: entry)
        case 7: return try labels.name(entry.view.author, in: entry)
        default: return 0
        }
    }

    /// The encoded selector.
    var selector: UnsafeRawBufferPointer {
        guard let label else { return UnsafeRawBufferPointer(start: nil, count: 0) }
        return isTouched ? touched.blob(3) : label.selector
    }

    /// Calls `body` with the bytes of the item's key, which an entry has without asking the tables.
    func withItem<R>(_ body: (UnsafeRawBufferPointer) throws -> R) throws -> R {
        guard let label, let entry, !isTouched else {
            return try (labels.itemKey(touched.integer(1)) ?? []).withUnsafeBytes(body)
        }
        return try body(entry.view.utf8(label.item))
    }

    /// Calls `body` with each field that has a value, under its local id; the status is none of them.
    func forEachField(
        _ body: (_ field: Int64, _ value: UnsafeRawBufferPointer) throws -> Void
    ) throws {
        guard let label, let entry else { return }
        if isTouched { return try FieldList.forEach(touched.blob(8), body) }
        try AddedFields.forEach(label.fields) { code, value in
            try body(try labels.fieldID(code, in: entry), value)
        }
    }

    private func fields(_ label: LoggedLabel, _ entry: OpenedEntry) throws -> AddedFields {
        if let added { return added }
        let made = try labels.fields(of: label, in: entry)
        added = made
        return made
    }
}
