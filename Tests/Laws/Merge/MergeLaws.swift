import AnnotationModel
import Provenance

/// Laws of the merge over random histories.
enum MergeLaws {
    static let checks = [
        Check(
            name: "merge/order",
            promise: "equal logs make equal label sets, in whatever order they came",
            seeds: 0...149, run: orderDoesNotMatter),
        Check(
            name: "merge/forks",
            promise: "a fork that becomes known early or late leaves the same label set",
            seeds: 3000...3049, run: forksCommute),
        Check(
            name: "merge/again", promise: "receiving again what is held changes nothing",
            seeds: 1000...1029, run: idempotent),
        Check(
            name: "merge/sum",
            promise: "the sum that is kept as rows change is the sum over the rows",
            seeds: 2000...2029, run: sumIsOverRows),
        Check(
            name: "merge/replaced",
            promise: "what a write replaces is what stands of all that its entry had merged",
            seeds: 4000...4029, run: replacedIsWhatStood),
        Check(
            name: "merge/rich",
            promise: "random histories do make conflicts, suggestions and false contexts",
            seeds: 0...99, run: countWhatHappens, judge: historiesAreRich),
    ]

    private static func orderDoesNotMatter(seed: UInt64, record: inout Record) throws {
        let history = try History(seed: seed, steps: 40, hostile: seed % 2 == 1)
        var random = SeededGenerator(seed: seed ^ 0xabcdef)
        // Half of them see all logs, half are the last company, which others may keep out.
        let reader = seed % 4 < 2 ? nil : try Origin(History.companies[4])
        let expected = try deliverAtOnce(history, reader)
        for _ in 0..<4 {
            try compare(try deliverInPieces(history, &random, reader), expected)
        }
    }

    private static func forksCommute(seed: UInt64, record: inout Record) throws {
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
            try compare(node, late)
        }
    }

    private static func idempotent(seed: UInt64, record: inout Record) throws {
        let history = try History(seed: seed, steps: 30, hostile: true)
        let first = try deliverAtOnce(history)
        var node = try deliverAtOnce(history)
        for (origin, log) in history.logs { try node.receive(origin, upTo: UInt64(log.count)) }
        try node.rebuild()
        try compare(node, first)
    }

    private static func sumIsOverRows(seed: UInt64, record: inout Record) throws {
        let node = try deliverAtOnce(try History(seed: seed, steps: 40, hostile: true))
        try require(try node.recomputedSum() == node.state.sum, "the sums differ")
    }

    private static func replacedIsWhatStood(seed: UInt64, record: inout Record) throws {
        let node = try deliverAtOnce(try History(seed: seed, steps: 60, hostile: true))
        var random = SeededGenerator(seed: seed ^ 0xbeef)
        var writes: Set<OperationKey> = []
        for log in node.state.logs.values where log.applied > 0 {
            for _ in 0..<20 {
                let entry = UInt64.random(in: 0..<log.applied, using: &random)
                let position = Int.random(in: 0..<3, using: &random)
                writes.insert(
                    OperationKey(log: log.number, slot: Slot(entry: entry, position: position)))
            }
        }
        let all = writes.shuffled(using: &random)
        let found = try node.merge.replaced(byEach: all, of: all)
        for write in all {
            let known = try all.filter { try node.merge.knows(write, $0) }
            try require(
                try found[write] == node.merge.surviving(known), "\(write) replaces something else")
            record.count("replaced", found[write]?.count ?? 0)
        }
    }

    private static func countWhatHappens(seed: UInt64, record: inout Record) throws {
        let node = try deliverAtOnce(try History(seed: seed, steps: 60, hostile: true))
        record.count(conflicts, node.state.counts.conflicts)
        record.count(decided, node.storage.suggestions.values.count { $0.state == .accepted })
        for why in try Array(node.storage.quarantined.values) + node.entryReasons() {
            record.count("\(why)")
        }
    }

    private static let conflicts = "conflicts"
    private static let decided = "suggestions accepted"

    private static func historiesAreRich(_ record: Record) throws {
        let expected: [NotCounted] = [
            .suggestion, .unknownTarget, .falseHead, .beyondCut, .readerRole, .retiredKey,
            .outsideValidity, .notYoursToDecide, .stewardOnly,
        ]
        for why in expected {
            try require(record.figures["\(why)"] != nil, "\(why) never happened")
        }
        for (what, least) in [(conflicts, 20), (decided, 5)] {
            let found = record.figures[what] ?? 0
            try require(found > least, "\(what): \(found), expected more than \(least)")
        }
    }

    private static func compare(_ node: MemoryNode, _ other: MemoryNode) throws {
        let (found, expected) = (node.state, other.state)
        try require(found.mark == expected.mark, "other entries are applied")
        try require(found.counts == expected.counts, "\(found.counts), not \(expected.counts)")
        try require(found.digest == expected.digest, "equal counts, other digests")
    }

    static func deliverAtOnce(
        _ history: History, _ reader: Origin? = nil
    ) throws -> MemoryNode {
        var node = MemoryNode(history, reader: reader)
        for (origin, log) in history.logs.sorted(by: { $0.key < $1.key }) {
            try node.receive(origin, upTo: UInt64(log.count))
        }
        return node
    }

    private static func deliverInPieces(
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
