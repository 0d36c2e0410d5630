import Foundation

/// The fan-out of a sync as a check, and as a table of a large one.
enum FanOutCheck {
    static let check = Check(
        name: "fan-out",
        promise: "what many members write reaches all of them, each entry once, whoever dials whom",
        seeds: 1...20, run: run)

    private static func run(seed: UInt64, record: inout Record) throws {
        var random = SeededGenerator(seed: seed)
        for topology in FanOutPlan.Topology.allCases {
            let plan = FanOutPlan(
                topology, members: Int.random(in: 4...140, using: &random),
                fanOut: Int.random(in: 2...12, using: &random), using: &random)
            let world = try FanOutWorld(plan)
            try rounds(world, topology, &random)
            try live(world, topology, &random, &record)
            record.count("contacts", world.tally.contacts)
            record.count("entries taken", world.tally.taken)
        }
    }

    /// All write, and dial in any order until all have all.
    private static func rounds(
        _ world: FanOutWorld, _ topology: FanOutPlan.Topology, _ random: inout SeededGenerator
    ) throws {
        let members = world.plan.members
        world.writeAll()
        let rounds = world.converge(using: &random)
        // Up to the steward once, and down once; both at the worst one step a round.
        let bound = 2 * world.plan.depth
        try require(
            world.missing == 0 && rounds <= bound,
            "\(topology) of \(members): \(world.missing) logs are missing after \(rounds) rounds, not \(bound)"
        )
        try require(
            world.tally.taken == members * (members - 1) && world.tally.echoes == 0,
            "\(topology) of \(members): \(world.tally.taken) entries were taken, "
                + "\(world.tally.echoes) were brought to who had them")
    }

    /// One writes, and all hear of it.
    private static func live(
        _ world: FanOutWorld, _ topology: FanOutPlan.Topology, _ random: inout SeededGenerator,
        _ record: inout Record
    ) throws {
        let members = world.plan.members
        let before = world.tally
        let writer = Int.random(in: 0..<members, using: &random)
        let seen = world.live(from: writer)
        try require(
            world.missing == 0 && world.tally.taken - before.taken == members - 1,
            "\(topology) of \(members): a label of \(writer) has not reached all")
        try require(
            seen.hops <= 2 * world.plan.depth,
            "\(topology) of \(members): a label of \(writer) took \(seen.hops) steps")
        try require(
            topology == .mesh || world.tally.echoes == before.echoes,
            "\(topology) of \(members): a label of \(writer) was given back to who had told of it")
        let all = world.lines(writer, at: writer).count
        try require(
            all == min(members - 1, FanOutWire.witnessesMax)
                && (0..<members).allSatisfy { world.lines(writer, at: $0).count == all },
            "\(topology) of \(members): somebody lacks cosignatures of \(writer)")
        record.count("lines of watches", seen.entryLines + seen.cosignatureLines)
    }

    // MARK: A table

    /// Runs one large consortium and prints what it took.
    static func measure(
        _ topology: FanOutPlan.Topology, members: Int, cosigns: Bool
    ) throws {
        var random = SeededGenerator(seed: 1)
        let plan = FanOutPlan(topology, members: members, using: &random)
        let world = try FanOutWorld(plan, cosigns: cosigns)
        func row(_ what: String, _ value: String) {
            print("| \(topology) | \(members) | \(cosigns ? 99 : 0) | \(what) | \(value) |")
            fflush(nil)
        }
        row("all logs with their cosignatures, MB", mega(world.listBytes[0]))
        row("the list of them that is given, MB", mega(world.toldBytes(0)))
        for isBusy in [false, true] {
            if isBusy { world.haveCitedNothing() } else { world.haveCitedAll() }
            live(world, isBusy ? "a label that cites others" : "a label that cites nothing", row)
        }
        contacts(world, &random, row)
    }

    private static func contacts(
        _ world: FanOutWorld, _ random: inout SeededGenerator, _ row: (String, String) -> Void
    ) {
        let members = world.plan.members
        world.tally = FanOutTally(members: members)
        world.haveCitedNothing()
        world.writeAll()
        row("an entry that cites what moved, bytes", "\(world.entries[1].last ?? 0)")
        let started = processorSeconds()
        let rounds = world.converge(using: &random)
        let took = processorSeconds() - started
        let tally = world.tally
        func each(_ value: Int) -> String { mega(value / tally.contacts) }
        row("rounds until all have all", "\(world.missing == 0 ? "" : "not within ")\(rounds)")
        row("contacts; requests of each", "\(tally.contacts); \(tally.requests / tally.contacts)")
        row("MB of each contact", each(tally.bytesInAll))
        for purpose in FanOutTally.Purpose.allCases where purpose != .lines {
            row("  of these for \(purpose)", each(tally.bytes[purpose.rawValue]))
        }
        row("the busiest member: requests", "\(tally.requestsAtMost)")
        row("the busiest member: MB", mega(tally.bytesAtMost))
        row(
            "the machine and this simulation, ms of a processor a contact",
            String(format: "%.2f", 1_000 * took / Double(tally.contacts)))
    }

    private static func live(
        _ world: FanOutWorld, _ what: String, _ row: (String, String) -> Void
    ) {
        let members = world.plan.members
        world.tally = FanOutTally(members: members)
        let seen = world.live(from: members - 1)
        let tally = world.tally
        row("\(what): bytes", "\(world.entries[members - 1].last ?? 0)")
        row("\(what): hops; lines", "\(seen.hops); \(seen.entryLines)")
        row("\(what): lines of its cosignatures", "\(seen.cosignatureLines)")
        row("\(what): exchanges; within s", "\(seen.exchanges); \(seen.seconds)")
        row("\(what): brought to who had it", "\(tally.echoes)")
        row("\(what): requests, the busiest member", "\(tally.requestsAtMost)")
        row("\(what): MB, the busiest member", mega(tally.bytesAtMost))
        for purpose in FanOutTally.Purpose.allCases {
            row("  of all for \(purpose), MB", mega(tally.bytes[purpose.rawValue]))
        }
    }

    private static func mega(_ bytes: Int) -> String {
        String(format: "%.3f", Double(bytes) / 1_000_000)
    }

    private static func processorSeconds() -> Double {
        Double(clock()) / Double(CLOCKS_PER_SEC)
    }
}

extension FanOutWorld {
    /// Rounds after which it is given up.
    private static let roundsMax = 20

    /// All dial all whom they dial, in any order, round after round until nobody lacks anything.
    ///
    /// - Returns: The rounds that it took.
    func converge(using random: inout SeededGenerator) -> Int {
        var round = 0
        while missing > 0, round < Self.roundsMax {
            round += 1
            for member in (0..<plan.members).shuffled(using: &random) {
                for partner in plan.dialled[member] { contact(member, partner) }
            }
        }
        return round
    }
}
