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
                    db.cachedStatement(sql: Self.uncounted),
                    arguments: [low >> 12, high >> 12, low, high]
                ).compactMap { row in
                    guard let why = NotCounted(rawValue: row["why"]) else { return nil }
                    return (OperationKey(packed: row["op"]).slot, row["whole"], why)
                }
            }
        }
    }

    /// Entries of a reader that hold acts about its own log and nothing else: the acts take effect.
    private static let isActsOfReader =
        "(why=\(NotCounted.readerRole.rawValue) AND operations>0 AND operations="
        + "(SELECT count(*) FROM act WHERE op>=key<<12 AND op<(key+1)<<12))"

    /// What is stored and does not count between two keys: of entries, and of operations.
    static let uncounted =
        "SELECT key << 12 AS op, why, 1 AS whole FROM entry WHERE why IS NOT NULL AND key>=? AND "
        + "key<? AND NOT \(isActsOfReader) UNION ALL "
        + "SELECT op, why, 0 FROM quarantine WHERE op>=? AND op<? ORDER BY op"

    /// How many entries of logs hold nothing but acts that readers may make.
    public func actsOfReaders(_ logs: some Sequence<Int>) throws -> Int {
        try Self.translating("reading the quarantine") {
            try queue.unsafeReentrantWrite { db in
                try logs.reduce(0) { sum, number in
                    let (low, high) = (Int64(number) << 36, Int64(number + 1) << 36)
                    return try sum
                        + (Int.fetchOne(
                            db,
                            sql: "SELECT count(*) FROM entry WHERE why IS NOT NULL AND key>=? AND "
                                + "key<? AND \(Self.isActsOfReader)", arguments: [low, high]) ?? 0)
                }
            }
        }
    }
}
