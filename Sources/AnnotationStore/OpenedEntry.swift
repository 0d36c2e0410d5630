import AnnotationModel
import Provenance
import Signing

/// An entry of a log in memory, from which labels are read that nobody touched since they were added.
///
/// What its strings stand for in the tables is asked for once, and where its operations lie is found once.
final class OpenedEntry {
    let key: Int64
    /// The leaf hash that its bytes were compared with; nil while it is being applied.
    let leaf: Digest?
    let view: ChangesetView
    private let memory: UnsafeMutableRawBufferPointer
    /// The positions of operations that do not count.
    private let quarantined: Set<Int>
    /// Where operations begin, as far as the entry was walked, and what lies behind them.
    private var starts: [UInt32]
    /// The positions of the annotations that count, by the item's key; nil until they are asked for.
    private var positionsByItem: [Bytes: [UInt16]]?
    /// A bit for each position whose annotation has a row; nil until it is asked for.
    private var touched: [UInt64]?
    private var items: [Int64] = []
    private var names: [Int64] = []

    /// Opens an entry; nil where it cannot be read as what the protocol says.
    init?(_ key: Int64, leaf: Digest?, bytes: [UInt8], quarantined: Set<Int>) {
        (self.key, self.leaf, self.quarantined) = (key, leaf, quarantined)
        memory = .allocate(byteCount: max(1, bytes.count), alignment: 16)
        memory.copyBytes(from: bytes)
        let entry = UnsafeRawBufferPointer(rebasing: memory[..<bytes.count])
        guard let statement = try? COSESign1.parse(entry),
            let view = try? ChangesetView(statement.payload(in: entry))
        else {
            memory.deallocate()
            return nil
        }
        self.view = view
        starts = [UInt32(truncatingIfNeeded: view.operations.offset)]
    }

    deinit { memory.deallocate() }

    /// What it takes, in bytes, as far as it is known.
    var byteCount: Int { memory.count + 4 * starts.count + 16 * items.count }

    /// The operations from a position on; ``next(_:)`` walks them.
    func operations(from position: Int) throws -> OperationCursor {
        let known = min(position, starts.count - 1)
        var cursor = view.operations(from: known, at: Int(starts[known]))
        for _ in known..<position {
            guard try cursor.next() != nil else { break }
            noteStart(cursor)
        }
        return cursor
    }

    /// The next annotation that was added and counts.
    func nextLabel(_ cursor: inout OperationCursor) throws -> LoggedLabel? {
        while let operation = try cursor.next() {
            noteStart(cursor)
            if let label = label(operation, at: cursor.position) { return label }
        }
        return nil
    }

    /// The annotation that the operation at a position added; nil if it added none, or does not count.
    func label(at position: Int) throws -> LoggedLabel? {
        guard position < view.operationCount else { return nil }
        var cursor = try operations(from: position)
        guard let operation = try cursor.next() else { return nil }
        noteStart(cursor)
        return label(operation, at: position)
    }

    /// The positions of an item's annotations that count, ascending.
    func positions(ofItem key: UnsafeRawBufferPointer) throws -> [UInt16] {
        if let known = positionsByItem { return known[Bytes(bytes: key)] ?? [] }
        var found: [Bytes: [UInt16]] = [:]
        var cursor = try operations(from: 0)
        while let label = try nextLabel(&cursor) {
            found[Bytes(bytes: view.utf8(label.item)), default: []].append(
                UInt16(label.key.slot.position))
        }
        positionsByItem = found
        return found[Bytes(bytes: key)] ?? []
    }

    /// Whether the annotation at a position has a row.
    ///
    /// - Parameter find: Gives the positions of those that have one; asked once.
    func isTouched(_ position: Int, _ find: () throws -> [Int]) rethrows -> Bool {
        if touched == nil {
            touched = Array(repeating: 0, count: 64)
            for position in try find() { noteTouched(position) }
        }
        return touched.map { $0[position >> 6] >> UInt64(position & 63) & 1 == 1 } ?? true
    }

    /// Takes note that the annotation at a position has a row now.
    func noteTouched(_ position: Int) {
        touched?[position >> 6] |= 1 << UInt64(position & 63)
    }

    /// A key by its bytes, which the entry keeps: Unicode's equivalences must not make two items one.
    private struct Bytes: Hashable {
        let bytes: UnsafeRawBufferPointer

        static func == (left: Self, right: Self) -> Bool { left.bytes.elementsEqual(right.bytes) }

        func hash(into hasher: inout Hasher) { hasher.combine(bytes: bytes) }
    }

    private func label(_ operation: OperationView, at position: Int) -> LoggedLabel? {
        guard case .addAnnotation(let item, let className, let selector, let fields) = operation,
            quarantined.isEmpty || !quarantined.contains(position)
        else { return nil }
        return LoggedLabel(
            key: OperationKey(packed: key << 12 | Int64(position)), item: item,
            className: className, selector: selector, fields: fields)
    }

    private func noteStart(_ cursor: OperationCursor) {
        if cursor.position + 1 == starts.count {
            starts.append(UInt32(truncatingIfNeeded: cursor.offset))
        }
    }

    /// The local id of the item whose key a string is; `find` is asked once.
    func itemID(
        _ string: Int, _ find: (UnsafeRawBufferPointer) throws -> Int64
    ) throws -> Int64 {
        if items.isEmpty { items = Array(repeating: 0, count: view.stringCount) }
        if items[string] == 0 { items[string] = try find(view.utf8(string)) }
        return items[string]
    }

    /// The local id of the name that a string is; `find` is asked once.
    func nameID(
        _ string: Int, _ find: (UnsafeRawBufferPointer) throws -> Int64
    ) throws -> Int64 {
        if names.isEmpty { names = Array(repeating: 0, count: view.stringCount) }
        if names[string] == 0 { names[string] = try find(view.utf8(string)) }
        return names[string]
    }
}

/// An annotation as its entry says it, with strings by their index.
struct LoggedLabel {
    let key: OperationKey
    let item: Int
    let className: Int
    let selector: UnsafeRawBufferPointer
    let fields: FieldPairs
}
