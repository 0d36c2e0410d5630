import AnnotationModel
import GRDB
import Provenance

extension LabelStore {
    /// Entries and operations of one log from an entry on that are stored and not counted, in their order.
    ///
    /// - Parameter number: The log's local number.
    public func uncounted(
        log number: Int, from index: UInt64
    ) throws -> [(slot: Slot, isEntry: Bool, why: NotCounted)] {
        try Self.translating("reading the quarantine") {
            try queue.unsafeReentrantWrite { db in
                let low = OperationKey(log: number, slot: Slot(entry: index, position: 0)).packed
                let high = Int64(number + 1) << 48
                return try Row.fetchAll(
                    db,
                    sql: "SELECT key << 12 AS op, why, 1 AS whole FROM entry WHERE why IS NOT "
                        + "NULL AND key>=? AND key<? UNION ALL "
                        + "SELECT op, why, 0 FROM quarantine WHERE op>=? AND op<? ORDER BY op",
                    arguments: [low >> 12, high >> 12, low, high]
                ).compactMap { row in
                    guard let why = NotCounted(rawValue: row["why"]) else { return nil }
                    return (OperationKey(packed: row["op"]).slot, row["whole"], why)
                }
            }
        }
    }
}
