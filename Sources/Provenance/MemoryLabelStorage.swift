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
    /// Operations that are stored and not counted.
    public private(set) var quarantined: [OperationKey: NotCounted] = [:]

    /// An empty label set.
    public init() {}

    public func nameID(_ utf8: UnsafeRawBufferPointer) -> Int64 {
        let text = Array(utf8)
        if let id = nameIDs[text] { return id }
        let id = nameBase + Int64(names.count)
        names.append(text)
        nameIDs[text] = id
        return id
    }

    public func name(_ id: Int64) -> [UInt8] {
        let index = Int(id - nameBase)
        return names.indices.contains(index) ? names[index] : []
    }

    public func item(key: UnsafeRawBufferPointer) -> ItemRow? {
        itemIDs[Array(key)].flatMap { items[$0] }
    }

    public func item(id: Int64) -> ItemRow? { items[id] }

    public func insertItem(key: UnsafeRawBufferPointer) -> Int64 {
        let id = Int64(items.count + 1)
        items[id] = ItemRow(id: id, key: Array(key))
        itemIDs[Array(key)] = id
        return id
    }

    public func updateItem(_ row: ItemRow) { items[row.id] = row }

    public func insertAnnotation(_ key: OperationKey, _ row: borrowing NewAnnotation) {
        annotations[key] = AnnotationRow(
            item: row.item, className: row.className, selector: Array(row.selector),
            isRetracted: row.isRetracted, flags: [], source: row.source, author: row.author,
            fields: Array(row.fields))
    }

    public func annotation(_ key: OperationKey) -> AnnotationRow? { annotations[key] }

    public func updateAnnotation(_ key: OperationKey, _ row: AnnotationRow) {
        annotations[key] = row
    }

    public func insertRun(item: Int64, first: OperationKey, last: OperationKey) {}

    public func registers(_ target: Int64) -> [RegisterRow] { registerRows[target] ?? [] }

    public func insertRegister(_ target: Int64, _ row: RegisterRow) {
        registerRows[target, default: []].append(row)
    }

    public func deleteRegister(_ target: Int64, field: Int64, operation: OperationKey) {
        registerRows[target]?.removeAll { $0.field == field && $0.operation == operation }
    }

    public func touch(_ target: Int64, _ operation: OperationKey) {}

    public func insertEntry(_ key: Int64, _ row: EntryRow) { entries[key] = row }

    public func entry(_ key: Int64) -> EntryRow? { entries[key] }

    public func insertContext(_ entryKey: Int64, _ context: CausalContext) {
        contexts[entryKey] = context
    }

    public func context(_ entryKey: Int64) -> CausalContext {
        var key = entryKey
        let first = (entryKey >> 36) << 36
        while key >= first {
            if let context = contexts[key] { return context }
            key -= 1
        }
        return CausalContext()
    }

    public func insertAct(_ operation: OperationKey, _ act: GovernanceAct) {}

    public func quarantine(_ operation: OperationKey, _ why: NotCounted) {
        quarantined[operation] = why
    }
}
