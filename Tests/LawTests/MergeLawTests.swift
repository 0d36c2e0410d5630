import AnnotationModel
import Foundation
import Signing
import Testing

@testable import Provenance

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
        #expect(merge.state.needsRebuild == nil)
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
        #expect(merge.state.needsRebuild == nil)
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

@Suite("Laws of the merge")
struct MergeLawTests {
    static let cases =
        ProcessInfo.processInfo.environment["COUNTERMARK_LAW_CASES"].flatMap(Int.init) ?? 150

    @Test("nodes that hold the same logs hold the same label set, in whatever order they came")
    func orderDoesNotMatter() throws {
        for seed in 0..<UInt64(Self.cases) {
            let history = try History(seed: seed, steps: 40, hostile: seed % 2 == 1)
            var random = SeededGenerator(seed: seed ^ 0xabcdef)
            // Half of them see all logs, half are the last company, which others may keep out.
            let reader = seed % 4 < 2 ? nil : try Origin(History.companies[4])
            let expected = try deliverAtOnce(history, reader)
            for _ in 0..<4 {
                let node = try deliverInPieces(history, &random, reader)
                #expect(node.state.digest == expected.state.digest, "seed \(seed)")
                #expect(node.state.counts == expected.state.counts, "seed \(seed)")
                #expect(node.state.mark == expected.state.mark, "seed \(seed)")
            }
        }
    }

    @Test("a fork that becomes known early or late leaves the same label set")
    func forksCommute() throws {
        for seed in 3000..<UInt64(3000 + Self.cases / 3) {
            let history = try History(seed: seed, steps: 40, hostile: true)
            var random = SeededGenerator(seed: seed ^ 0xf0f0)
            let names = history.logs.keys.sorted()
            let forked = names[Int.random(in: 0..<names.count, using: &random)]
            let size = UInt64(history.logs[forked]?.count ?? 0)
            let prefix = UInt64.random(in: 0...size, using: &random)
            var late = try deliverAtOnce(history)
            try late.learn(fork: forked, prefix: prefix)
            for _ in 0..<3 {
                let at = Int.random(in: 0..<12, using: &random)
                let early = try deliverInPieces(history, &random) { node, step in
                    if step == at { try node.learn(fork: forked, prefix: prefix) }
                }
                var node = early
                try node.learn(fork: forked, prefix: prefix)
                #expect(node.state.digest == late.state.digest, "seed \(seed)")
                #expect(node.state.counts == late.state.counts, "seed \(seed)")
            }
        }
    }

    @Test("receiving again what is held changes nothing")
    func idempotent() throws {
        for seed in 1000..<UInt64(1000 + Self.cases / 5) {
            let history = try History(seed: seed, steps: 30, hostile: true)
            var node = try deliverAtOnce(history)
            let digest = node.state.digest
            for (origin, log) in history.logs { try node.receive(origin, upTo: UInt64(log.count)) }
            try node.rebuild()
            #expect(node.state.digest == digest, "seed \(seed)")
        }
    }

    @Test("the sum that is kept as rows change is the sum over the rows")
    func sumIsOverRows() throws {
        for seed in 2000..<UInt64(2000 + Self.cases / 5) {
            let history = try History(seed: seed, steps: 40, hostile: true)
            let node = try deliverAtOnce(history)
            #expect(try node.recomputedSum() == node.state.sum, "seed \(seed)")
        }
    }

    @Test("random histories do make conflicts, suggestions and false contexts")
    func historiesAreRich() throws {
        var conflicts = 0
        var decided = 0
        var reasons: Set<NotCounted> = []
        for seed in 0..<UInt64(100) {
            let history = try History(seed: seed, steps: 60, hostile: true)
            let node = try deliverAtOnce(history)
            conflicts += node.state.counts.conflicts
            decided += node.storage.suggestions.values.count { $0.state == .accepted }
            reasons.formUnion(node.storage.quarantined.values)
            reasons.formUnion(try node.entryReasons())
        }
        #expect(conflicts > 20)
        #expect(decided > 5)
        #expect(
            reasons.isSuperset(of: [
                .suggestion, .unknownTarget, .falseHead, .beyondCut, .readerRole, .retiredKey,
                .outsideValidity, .notYoursToDecide, .stewardOnly,
            ]))
    }

    private func deliverAtOnce(
        _ history: History, _ reader: Origin? = nil
    ) throws -> MemoryNode {
        var node = MemoryNode(history, reader: reader)
        for (origin, log) in history.logs.sorted(by: { $0.key < $1.key }) {
            try node.receive(origin, upTo: UInt64(log.count))
        }
        return node
    }

    private func deliverInPieces(
        _ history: History, _ random: inout SeededGenerator, _ reader: Origin? = nil,
        between: (inout MemoryNode, _ step: Int) throws -> Void = { _, _ in }
    ) throws -> MemoryNode {
        var node = MemoryNode(history, reader: reader)
        var step = 0
        var open = history.logs.filter { !$0.value.isEmpty }.mapValues { _ in UInt64(0) }
        while !open.isEmpty {
            let origins = open.keys.sorted()
            let origin = origins[Int.random(in: 0..<origins.count, using: &random)]
            let total = UInt64(history.logs[origin]?.count ?? 0)
            let from = open[origin] ?? 0
            let size = UInt64.random(in: (from + 1)...total, using: &random)
            try node.receive(origin, upTo: size)
            try between(&node, step)
            step += 1
            open[origin] = size == total ? nil : size
        }
        return node
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
