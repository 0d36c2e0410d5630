import AnnotationModel
import Provenance
import Signing

/// A node that merges in memory, as entries arrive.
struct MemoryNode {
    let history: History
    let reader: Origin?
    private(set) var merge: Merge
    private(set) var storage = MemoryLabelStorage()
    private var held: [Origin: UInt64] = [:]
    private var forks: [Origin: UInt64] = [:]
    /// How often everything was made anew.
    private(set) var rebuilds = 0

    init(_ history: History, reader: Origin? = nil) {
        (self.history, self.reader) = (history, reader)
        merge = Self.merge(history, reader, storage)
    }

    private static func merge(
        _ history: History, _ reader: Origin?, _ storage: MemoryLabelStorage
    ) -> Merge {
        Merge(state: MergeState(dataset: history.dataset, reader: reader), storage: storage)
    }

    var state: MergeState { merge.state }

    /// Receives a log up to a size, and applies all that can be.
    mutating func receive(_ origin: Origin, upTo size: UInt64) throws {
        if size <= held[origin] ?? 0 { return }
        held[origin] = size
        try settle()
    }

    /// Learns that a log forked.
    mutating func learn(fork origin: Origin, prefix: UInt64) throws {
        forks[origin] = min(prefix, forks[origin] ?? prefix)
        try settle()
    }

    /// Makes the label set anew from all logs held.
    mutating func rebuild() throws {
        rebuilds += 1
        storage = MemoryLabelStorage()
        merge = Self.merge(history, reader, storage)
        try MergeDriver(merge).note(logs, forks: forks)
        try require(merge.state.needsRebuild == nil, "a rebuild asks for a rebuild")
        try drain()
    }

    private var logs: [Origin: any HeldEntries] {
        Dictionary(uniqueKeysWithValues: held.map { ($0, history.log($0, upTo: $1)) })
    }

    private mutating func settle() throws {
        try MergeDriver(merge).note(logs, forks: forks)
        if merge.state.needsRebuild != nil { try rebuild() } else { try drain() }
    }

    private func drain() throws {
        _ = try MergeDriver(merge).apply(logs, now: 0)
        try merge.flush()
        try require(merge.state.needsRebuild == nil, "applying asks for a rebuild")
    }
}

extension MemoryNode {
    /// The sum over all rows, made anew.
    func recomputedSum() throws -> StateSum {
        var sum = StateSum()
        for log in state.logs.values {
            try storage.forEachEntry(of: log.number, from: 0) { index, row in
                let key = OperationKey(log: log.number, slot: Slot(entry: index, position: 0))
                if row.labelCount > 0 { sum.add(try merge.element(ofEntry: key, row.leafHash)) }
                return true
            }
        }
        for key in storage.quarantined.keys where try isAddition(key) {
            sum.add(try merge.element(notAdded: key))
        }
        for (key, row) in storage.annotations where row.flags.contains(.hasRegisters) {
            sum.add(try merge.element(of: row, key: key))
            for register in storage.registers(key.packed) {
                sum.add(try merge.element(of: register, target: key.packed))
            }
        }
        var id: Int64 = 1
        while let row = storage.item(id: id) {
            sum.add(try merge.element(of: row))
            for register in Merge.writes(ofBase: row) {
                sum.add(try merge.element(of: register, item: row.key))
            }
            for register in storage.registers(row.target) {
                sum.add(try merge.element(of: register, target: row.target))
            }
            id += 1
        }
        return sum
    }

    private func isAddition(_ key: OperationKey) throws -> Bool {
        guard let log = state.logs[key.log] else { return false }
        guard let entry = history.logs[log.origin]?[Int(key.slot.entry)] else { return false }
        var isAddition = false
        try entry.payload.withUnsafeBytes { payload in
            var cursor = try ChangesetView(payload).operations
            while let operation = try cursor.next(), cursor.position <= key.slot.position {
                guard case .addAnnotation = operation else { continue }
                isAddition = cursor.position == key.slot.position
            }
        }
        return isAddition
    }

    /// Why entries do not count.
    func entryReasons() throws -> [NotCounted] {
        state.logs.values.flatMap { log in
            (0..<log.applied).compactMap { index in
                storage.entry(
                    OperationKey(log: log.number, slot: Slot(entry: index, position: 0)).entryKey
                )?.notCounted
            }
        }
    }
}
