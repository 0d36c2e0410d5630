import AnnotationModel
import AnnotationStore
import Provenance

/// Why operations of a dataset are not counted: by themselves, or with the whole entry.
struct NotCountedReasons {
    private var entries: [OperationID: NotCounted] = [:]
    private var operations: [OperationID: NotCounted] = [:]

    /// The reasons that a table keeps.
    init(_ store: LabelStore, _ logs: [Int: Origin]) throws {
        for found in try store.quarantined(logs) {
            let id = OperationID(origin: found.log, slot: found.slot)
            if found.isEntry { entries[id] = found.why } else { operations[id] = found.why }
        }
    }

    /// Why an operation does not count; nil if it does.
    func callAsFunction(_ id: OperationID) -> NotCounted? {
        operations[id] ?? ofEntry(id.origin, id.slot.entry)
    }

    /// Why a whole entry does not count; nil if it does, or parts of it.
    func ofEntry(_ origin: Origin, _ index: UInt64) -> NotCounted? {
        entries[OperationID(origin: origin, slot: Slot(entry: index, position: 0))]
    }
}
