import Provenance

/// The simulation of a consortium as a check.
enum ConsortiumCheck {
    static let check = Check(
        name: "simulation",
        promise: "no honest node is led astray, whatever the others and the network do",
        seeds: 1...3000, run: run)

    /// Homes come back from backups of any age again and again: an honest node that signs a second entry for a
    /// place in its log fails after the step in which it does.
    static let restores = Check(
        name: "restores",
        promise: "a thousand homes that come back from backups of any age fork no log",
        seeds: 10_001...10_420, run: runRestores, judge: restoresHappen)

    static let contacts = Check(
        name: "contacts",
        promise: "a contact that nobody disturbs leaves nothing of what it is for undone",
        seeds: 20_001...20_400, run: runContacts, judge: contactsHappen)

    private static func runContacts(seed: UInt64, record: inout Record) throws {
        let world = try World(seed: seed, keepsTrace: record.isTraced)
        defer {
            record.add(world.totals)
            record.trace = world.trace
        }
        try world.runContacts()
    }

    /// Of each kind of thing that a contact brings there has to be some, or nothing was looked at.
    private static func contactsHappen(_ record: Record) throws {
        for what in [
            "logs compared after contacts", "bounds kept in contacts",
            "proofs passed on in contacts",
            "partings proven in contacts",
        ] {
            try require(record.figures[what] ?? 0 >= 10, "fewer than ten: \(what)")
        }
    }

    private static func runRestores(seed: UInt64, record: inout Record) throws {
        let world = try World(seed: seed, keepsTrace: record.isTraced, restoresOften: true)
        defer {
            record.add(world.totals)
            record.trace = world.trace
        }
        try world.run()
    }

    private static func restoresHappen(_ record: Record) throws {
        try require(record.figures["restores"] ?? 0 >= 1_000, "fewer than 1,000 restores")
    }

    private static func run(seed: UInt64, record: inout Record) throws {
        let world = try World(seed: seed, keepsTrace: record.isTraced)
        defer {
            record.add(world.totals)
            record.trace = world.trace
        }
        try world.run()
    }
}

extension World {
    /// What happened in the run, with what honest nodes refused.
    fileprivate var totals: [String: Int] {
        var totals = figures
        totals["simulated hours of all nodes"] =
            nodes.count * Int((clock - CompanyPool.start) / 3_600)
        for node in honest {
            for (what, count) in node.refusals { totals["refused \(what)", default: 0] += count }
            totals["entries counted or listed", default: 0] += node.state.logs.values.reduce(0) {
                $0 + Int($1.applied)
            }
            totals["rebuilds", default: 0] += node.rebuilds
            totals["contacts that came to their end", default: 0] += node.finished
            totals["requests", default: 0] += Int(node.requests)
            totals["evidence held", default: 0] += node.disk.evidence.count
            totals["annotations", default: 0] += node.state.counts.annotations
        }
        return totals
    }
}
