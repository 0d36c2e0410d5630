import AnnotationModel
import Provenance
import Signing

/// A node that merges in memory, as entries arrive.
struct MemoryNode {
    let history: History
    let reader: Origin?
    private var merge: Merge
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
        try note(origin, size)
        try settle()
    }

    /// Learns that a log forked.
    mutating func learn(fork origin: Origin, prefix: UInt64) throws {
        forks[origin] = min(prefix, forks[origin] ?? prefix)
        merge.noteFork(log: try merge.logNumber(origin), prefix: prefix)
        try settle()
    }

    /// Makes the label set anew from all logs held.
    mutating func rebuild() throws {
        rebuilds += 1
        storage = MemoryLabelStorage()
        merge = Self.merge(history, reader, storage)
        for (origin, prefix) in forks {
            merge.noteFork(log: try merge.logNumber(origin), prefix: prefix)
        }
        for (origin, size) in held { try note(origin, size) }
        try merge.settle()
        try require(merge.state.needsRebuild == nil, "a rebuild asks for a rebuild")
        try drain()
    }

    private mutating func settle() throws {
        try merge.settle()
        if merge.state.needsRebuild != nil { try rebuild() } else { try drain() }
    }

    private func note(_ origin: Origin, _ size: UInt64) throws {
        let number = try merge.logNumber(origin)
        for index in (merge.state.logs[number]?.stored ?? 0)..<size {
            try entry(origin, index) { view in
                let stored = history.logs[origin]?[Int(index)]
                try merge.note(
                    StoredEntry(
                        log: number, index: index, time: stored?.time ?? 0,
                        signer: stored?.signer, acts: try view.acts()))
            }
        }
        merge.noteStored(number, size: size)
    }

    private func entry(
        _ origin: Origin, _ index: UInt64, _ body: (ChangesetView) throws -> Void
    ) throws {
        guard let entry = history.logs[origin]?[Int(index)] else { return }
        try entry.payload.withUnsafeBytes { try body(try ChangesetView($0)) }
    }

    private func drain() throws {
        var moved = true
        while moved {
            moved = false
            for (number, log) in merge.state.logs.sorted(by: { $0.key < $1.key }) {
                var applied = log.applied
                while applied < log.stored {
                    guard try apply(number, log.origin, applied) else { break }
                    applied += 1
                    moved = true
                }
            }
        }
        try merge.flush()
        try require(merge.state.needsRebuild == nil, "applying asks for a rebuild")
    }

    private func apply(_ number: Int, _ origin: Origin, _ index: UInt64) throws -> Bool {
        guard let entry = history.logs[origin]?[Int(index)] else { return false }
        return try entry.payload.withUnsafeBytes { payload in
            let outcome = try merge.apply(
                VerifiedChangeset(
                    log: number, index: index, leafHash: entry.leafHash, time: entry.time,
                    signer: entry.signer, view: try ChangesetView(payload)))
            if case .applied = outcome { return true }
            return false
        }
    }
}

extension MemoryNode {
    /// The sum over all rows, made anew.
    func recomputedSum() throws -> StateSum {
        var sum = StateSum()
        for (key, row) in storage.annotations {
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
