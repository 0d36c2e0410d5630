import AnnotationModel
import Signing

/// A label set in memory: the plain form of the tables, for simulations and for laws.
public final class MemoryLabelStorage: LabelStorage {
    private var names: [[UInt8]] = []
    private var nameIDs: [[UInt8]: Int64] = [:]
    private var items: [Int64: ItemRow] = [:]
    private var itemIDs: [[UInt8]: Int64] = [:]
    /// The annotations by key.
    public private(set) var annotations: [OperationKey: AnnotationRow] = [:]
    private var registerRows: [Int64: [RegisterRow]] = [:]
    private var entries: [Int64: EntryRow] = [:]
    private var contexts: [Int64: CausalContext] = [:]
    private var attributes: [Int: Set<Int64>] = [:]
    /// Changes that wait for acceptance, or were decided.
    public private(set) var suggestions: [OperationKey: SuggestionRow] = [:]
    /// Operations that are stored and not counted.
    public private(set) var quarantined: [OperationKey: NotCounted] = [:]

    /// See ``LabelStorage``.
    public let holdsAllLabels = true

    /// An empty label set.
    public init() {}

    /// See ``LabelStorage``.
    public func nameID(_ utf8: UnsafeRawBufferPointer) -> Int64 {
        let text = Array(utf8)
        if let id = nameIDs[text] { return id }
        let id = nameBase + Int64(names.count)
        names.append(text)
        nameIDs[text] = id
        return id
    }

    /// See ``LabelStorage``.
    public func name(_ id: Int64) -> [UInt8] {
        let index = Int(id - nameBase)
        return names.indices.contains(index) ? names[index] : []
    }

    /// See ``LabelStorage``.
    public func item(key: UnsafeRawBufferPointer) -> ItemRow? {
        itemIDs[Array(key)].flatMap { items[$0] }
    }

    /// See ``LabelStorage``.
    public func itemID(key: UnsafeRawBufferPointer) -> Int64? { itemIDs[Array(key)] }

    /// See ``LabelStorage``.
    public func item(id: Int64) -> ItemRow? { items[id] }

    /// See ``LabelStorage``.
    public func insertItem(key: UnsafeRawBufferPointer, _ row: ItemRow) -> Int64 {
        let id = Int64(items.count + 1)
        items[id] = ItemRow(
            id: id, key: Array(key), base: row.base, flags: row.flags, fields: row.fields)
        itemIDs[Array(key)] = id
        return id
    }

    /// See ``LabelStorage``.
    public func updateItem(_ row: ItemRow) { items[row.id] = row }

    /// See ``LabelStorage``.
    public func begin(entry key: Int64) {}

    /// See ``LabelStorage``.
    public func insertAnnotation(_ key: OperationKey, _ row: borrowing NewAnnotation) {
        annotations[key] = AnnotationRow(
            item: row.item, className: row.className, selector: Array(row.selector),
            isRetracted: row.isRetracted, flags: [], source: row.source, author: row.author,
            fields: Array(row.fields))
    }

    /// See ``LabelStorage``.
    public func annotation(_ key: OperationKey) -> AnnotationRow? { annotations[key] }

    /// See ``LabelStorage``.
    public func updateAnnotation(_ key: OperationKey, _ row: AnnotationRow) {
        annotations[key] = row
    }

    /// See ``LabelStorage``.
    public func insertRun(item: Int64, first: OperationKey, last: OperationKey) {}

    /// See ``LabelStorage``.
    public func registers(_ target: Int64) -> [RegisterRow] { registerRows[target] ?? [] }

    /// See ``LabelStorage``.
    public func insertRegister(_ target: Int64, _ row: RegisterRow) {
        registerRows[target, default: []].append(row)
    }

    /// See ``LabelStorage``.
    public func deleteRegister(_ target: Int64, field: Int64, operation: OperationKey) {
        registerRows[target]?.removeAll { $0.field == field && $0.operation == operation }
    }

    /// See ``LabelStorage``.
    public func touch(_ target: Int64, _ operation: OperationKey) {}

    /// See ``LabelStorage``.
    public func insertEntry(_ key: Int64, _ row: EntryRow) { entries[key] = row }

    /// See ``LabelStorage``.
    public func entry(_ key: Int64) -> EntryRow? { entries[key] }

    /// See ``LabelStorage``.
    public func insertContext(_ entryKey: Int64, _ context: CausalContext) {
        contexts[entryKey] = context
    }

    /// See ``LabelStorage``.
    public func context(_ entryKey: Int64) -> CausalContext {
        var key = entryKey
        let first = (entryKey >> 36) << 36
        while key >= first {
            if let context = contexts[key] { return context }
            key -= 1
        }
        return CausalContext()
    }

    /// See ``LabelStorage``.
    public func insertAct(_ act: NotedAct) {}

    /// See ``LabelStorage``.
    public func noteAttribute(_ name: Int64, of log: Int) -> Bool {
        attributes[log, default: []].insert(name).inserted
    }

    /// See ``LabelStorage``.
    public func usesAttribute(_ name: Int64, of log: Int) -> Bool {
        attributes[log]?.contains(name) == true
    }

    /// See ``LabelStorage``.
    public func forEachEntry(
        of log: Int, from index: UInt64, _ body: (UInt64, EntryRow) throws -> Bool
    ) rethrows {
        var index = index
        while true {
            let key = OperationKey(log: log, slot: Slot(entry: index, position: 0)).entryKey
            guard let row = entries[key], try body(index, row) else { return }
            index += 1
        }
    }

    /// See ``LabelStorage``.
    public func quarantine(_ operation: OperationKey, _ why: NotCounted) {
        quarantined[operation] = why
    }

    /// See ``LabelStorage``.
    public func release(_ operation: OperationKey) { quarantined[operation] = nil }

    /// See ``LabelStorage``.
    public func insertSuggestion(_ operation: OperationKey, _ row: SuggestionRow) {
        suggestions[operation] = row
    }

    /// See ``LabelStorage``.
    public func suggestion(_ operation: OperationKey) -> SuggestionRow? { suggestions[operation] }

    /// See ``LabelStorage``.
    public func updateSuggestion(_ operation: OperationKey, _ state: SuggestionRow.State) {
        suggestions[operation]?.state = state
    }
}
