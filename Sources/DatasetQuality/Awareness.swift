import AnnotationModel
import AnnotationStore
import Provenance

/// What its signer had merged when somebody said something of an item, and where it was said.
///
/// Changesets sign how much of each log their author's node had merged: so whether one who labelled had another one's
/// label before it is read from the logs, and cannot be said afterwards.
struct Awareness: Equatable {
    /// By log: the first entry in which it was said.
    private(set) var first: [(log: Int, entry: UInt64)]
    /// How much of each log was merged when the last of it was said.
    private(set) var seen: CausalContext

    init(log: Int, entry: UInt64, seen: CausalContext) {
        first = [(log, entry)]
        self.seen = seen
    }

    static func == (one: Awareness, other: Awareness) -> Bool {
        one.seen == other.seen
            && one.first.elementsEqual(other.first) { $0.log == $1.log && $0.entry == $1.entry }
    }

    /// Adds what was said elsewhere.
    mutating func join(_ other: Awareness) {
        for (log, entry) in other.first {
            if let place = first.firstIndex(where: { $0.log == log }) {
                first[place].entry = min(first[place].entry, entry)
            } else {
                first.append((log, entry))
            }
        }
        for part in other.seen.parts { seen[part.log] = max(seen[part.log], part.size) }
    }

    /// True if any of this was signed by somebody who had merged any of the other.
    ///
    /// Who shares a log shares a node, which holds all that the log has: there nothing proves that one did not see the
    /// other, and so it counts as seen.
    func saw(_ other: Awareness) -> Bool {
        other.first.contains { log, entry in
            seen[log] > entry || first.contains { $0.log == log }
        }
    }
}

/// The awareness behind each label, kept once for labels of one changeset.
struct AwarenessBook {
    private let merge: Merge
    private(set) var list: [Awareness] = []
    private var byEntry: [Int64: Int32] = [:]

    init(_ merge: Merge) { self.merge = merge }

    /// The number of the awareness of what several operations have made; the first of them added it.
    mutating func number(_ first: OperationKey, _ later: [OperationKey]) throws -> Int32 {
        let others = later.filter { $0.entryKey != first.entryKey }
        guard !others.isEmpty else { return try number(first) }
        var joined = list[Int(try number(first))]
        for operation in others { joined.join(list[Int(try number(operation))]) }
        list.append(joined)
        return Int32(list.count - 1)
    }

    /// The number of the awareness of one operation.
    mutating func number(_ operation: OperationKey) throws -> Int32 {
        if let known = byEntry[operation.entryKey] { return known }
        let seen = try merge.rows.context(operation.entryKey)
        let number = Int32(list.count)
        list.append(Awareness(log: operation.log, entry: operation.slot.entry, seen: seen))
        byEntry[operation.entryKey] = number
        return number
    }

    /// Who has said what a label holds: those who changed its class, its place, its status or the field that is asked
    /// for, after it was added.
    func changes(of label: OperationKey, field: String?) throws -> [OperationKey] {
        let judged = [Field.Known.className, .selector, .status].map { Int64($0.rawValue) }
        let wanted = field.map { Field(name: $0) }
        return try merge.rows.registers(label.packed).filter { row in
            if judged.contains(row.field) { return true }
            switch wanted {
            case .known(let known): return row.field == Int64(known.rawValue)
            case .attribute(let name):
                return try row.field >= nameBase && merge.rows.name(row.field) == Array(name.utf8)
            case nil: return false
            }
        }.map(\.operation)
    }

    /// Where an organisation has said that it has examined an item.
    ///
    /// - Parameter base: The only operation that has written to the item, if there is only one.
    func examination(
        _ target: Int64, base: OperationKey?, by origin: String
    ) throws -> OperationKey? {
        if let base { return base }
        let name = Array("\u{0}\(Field.examinedPrefix)\(origin)".utf8)
        return try merge.rows.registers(target).last {
            try $0.field >= nameBase && merge.rows.name($0.field) == name
        }?.operation
    }
}
