import AnnotationModel
import Provenance
import Signing

/// A node that merges in memory, as entries arrive.
struct MemoryNode {
    let history: History
    private var merge: Merge
    private(set) var storage = MemoryLabelStorage()
    private var held: [Origin: UInt64] = [:]
    private var forks: [Origin: UInt64] = [:]
    /// How often everything was made anew.
    private(set) var rebuilds = 0

    init(_ history: History) {
        self.history = history
        merge = Self.merge(history, storage)
    }

    private static func merge(_ history: History, _ storage: MemoryLabelStorage) -> Merge {
        Merge(state: MergeState(dataset: history.dataset), storage: storage) {
            history.root($0, $1)
        }
    }

    var state: MergeState { merge.state }

    /// Receives a log up to a size, and applies all that can be.
    mutating func receive(_ origin: Origin, upTo size: UInt64) throws {
        if size <= held[origin] ?? 0 { return }
        held[origin] = size
        try note(origin, size)
        if merge.state.needsRebuild { try rebuild() } else { try drain() }
    }

    private func note(_ origin: Origin, _ size: UInt64) throws {
        for isFirstPass in [true, false] { try pass(origin, size, isFirst: isFirstPass) }
        merge.state.noteStored(merge.logNumber(origin), size: size)
    }

    private func pass(_ origin: Origin, _ size: UInt64, isFirst: Bool) throws {
        let number = merge.logNumber(origin)
        let held = merge.state.logs[number]?.stored ?? 0
        for index in held..<size {
            try entry(origin, index) { view in
                let stored = history.logs[origin]?[Int(index)]
                let entry = StoredEntry(
                    log: number, index: index, time: stored?.time ?? 0, signer: stored?.signer,
                    heads: view.heads, acts: try view.acts())
                if isFirst { try merge.note(entry) } else { merge.noteCitations(entry) }
            }
        }
    }

    /// Learns that a log forked.
    mutating func learn(fork origin: Origin, prefix: UInt64) throws {
        forks[origin] = min(prefix, forks[origin] ?? prefix)
        merge.state.noteFork(log: merge.logNumber(origin), prefix: prefix)
        // Entries that waited for the fork's second half may go on.
        if merge.state.needsRebuild { try rebuild() } else { try drain() }
    }

    /// Makes the label set anew from all logs held.
    mutating func rebuild() throws {
        rebuilds += 1
        storage = MemoryLabelStorage()
        merge = Self.merge(history, storage)
        for (origin, prefix) in forks {
            merge.state.noteFork(log: merge.logNumber(origin), prefix: prefix)
        }
        let steward = history.dataset.owner
        let sizes = held.sorted {
            ($0.key != steward ? 1 : 0, $0.key) < ($1.key != steward ? 1 : 0, $1.key)
        }
        for isFirstPass in [true, false] {
            for (origin, size) in sizes { try pass(origin, size, isFirst: isFirstPass) }
        }
        for (origin, size) in sizes {
            merge.state.noteStored(merge.logNumber(origin), size: size)
        }
        try drain()
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
        try require(!merge.state.needsRebuild, "applying asks for a rebuild")
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
