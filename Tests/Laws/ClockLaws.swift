import Replication

/// Laws of clocks: nobody's clock, and no claimed time, decides alone.
enum ClockLaws {
    static let checks = [
        Check(
            name: "clock/alone",
            promise: "no partner's clock keeps a node from writing while another one agrees",
            seeds: 0...499, run: oneIsNotEnough),
        Check(
            name: "clock/ends",
            promise: "neither the own clock nor what others claim ends a key alone",
            seeds: 0...499, run: nothingEndsAlone),
    ]

    private static func someTime(_ random: inout SeededGenerator) -> Int64 {
        switch Int.random(in: 0..<4, using: &random) {
        case 0: Int64.random(in: -400...400, using: &random)
        case 1: Int64.random(in: -90_000...90_000, using: &random)
        case 2: Int64.random(in: -(1 << 40)...(1 << 40), using: &random)
        default: random.oneIn(2) ? .min + 1 : .max
        }
    }

    private static func oneIsNotEnough(seed: UInt64, record: inout Record) throws {
        var random = SeededGenerator(seed: seed)
        var words = (0..<Int.random(in: 0..<9, using: &random)).map {
            ClockRule.Word(partner: "p\($0)", ahead: someTime(&random))
        }
        let verdict = ClockRule.judge(words)
        let least = words.map(\.ahead.magnitude).min() ?? 0
        switch verdict {
        case .agrees: try require(least <= 300, "a clock that nobody agrees with agrees")
        case .warns: try require((301...86_400).contains(least), "a needless warning")
        case .refuses: try require(least > 86_400, "a needless refusal")
        }
        record.count("\("\(verdict)".prefix { $0 != "(" })")
        words.append(.init(partner: "honest", ahead: Int64.random(in: -300...300, using: &random)))
        words.shuffle(using: &random)
        try require(ClockRule.judge(words) == .agrees, "one that agrees is not enough")
    }

    private static func nothingEndsAlone(seed: UInt64, record: inout Record) throws {
        var random = SeededGenerator(seed: seed)
        let now = Int64.random(in: 0...(1 << 33), using: &random)
        let end = now &+ Int64.random(in: -200_000...200_000, using: &random)
        let signed = (0..<Int.random(in: 0..<6, using: &random)).map { _ in
            now &+ someTime(&random) / 2
        }
        let ends = ClockRule.mayEnd(keyUntil: end, at: now, signed: signed)
        record.count(ends ? "ended" : "kept")
        if end >= now { try require(!ends, "claims end a key before its time") }
        let farAhead = signed.map { _ in
            now + 86_401 + Int64.random(in: 0...1_000, using: &random)
        }
        try require(
            !ClockRule.mayEnd(keyUntil: end, at: now, signed: farAhead),
            "times far ahead end a key")
        try require(
            !ClockRule.mayEnd(keyUntil: end, at: now, signed: signed.filter { $0 <= end }),
            "the own clock ends a key alone")
    }
}
