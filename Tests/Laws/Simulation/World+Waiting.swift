import AnnotationModel
import Provenance
import Signing

extension World {
    /// An honest company's entry that an honest node cannot apply, and what withholds it.
    private struct HeldUp {
        let node: SimulatedNode
        let log: Origin
        /// The log at the end of the chain of what waits for what, or where the chain closes to a circle, and how
        /// much of it is wanted.
        let withheld: Origin
        let size: UInt64
        /// The log whose entry cites what is withheld.
        let citedBy: Origin
    }

    /// No entry of an honest company waits, unless what two colluding members have done allows it; and then it is
    /// named which hostile company withholds what.
    func checkWaiting() throws {
        let all = try heldUp()
        for one in all {
            count("honest logs held up at a node")
            let what =
                "\(one.node.origin) waits with \(one.log) for \(one.size) entries of \(one.withheld), which "
                + "\(one.citedBy) cites"
            note(what)
            if isHonest(one.withheld) { throw LawFailure("\(what) and which is honest") }
            if isHonest(one.citedBy) {
                // Whoever was cut brings nothing any more, not even what it had merged before.
                guard one.node.state.membership.members[one.citedBy]?.cutIndex != nil else {
                    throw LawFailure("\(what), and which is honest")
                }
                count("logs held up by what a cut company cites")
                continue
            }
            if isStrict || excuses.areNone && !hostile.contains(0) {
                throw LawFailure("\(what), though nobody has narrowed or given back anything")
            }
            if hostile.count + ghosts.count < 2 {
                throw LawFailure("\(what), though only one company is hostile")
            }
        }
        if !all.isEmpty { count("runs with honest entries held up") }
        if isStrict { count("runs in which nothing may be held up") }
    }

    private func heldUp() throws -> [HeldUp] {
        var all: [HeldUp] = []
        // Whoever is no member for everybody is not served.
        for node in honest
        where honest.allSatisfy({ $0.state.membership.isMember(node.origin) }) {
            for log in node.state.logs.values.sorted(by: { $0.origin < $1.origin })
            where isHonest(log.origin) && log.applied < log.stored {
                all.append(try explain(log, node))
            }
        }
        return all
    }

    /// Walks along what a node says waits for what, as `status` does.
    private func explain(_ log: LogProgress, _ node: SimulatedNode) throws -> HeldUp {
        var stuck = log
        var seen: Set<Int> = []
        while true {
            seen.insert(stuck.number)
            guard let wait = stuck.waiting, let next = node.state.logs[wait.log] else {
                throw LawFailure(
                    "\(node.origin) does not say why it has applied \(stuck.applied) of \(stuck.stored) "
                        + "entries of \(stuck.origin)")
            }
            // Two that collude can also wait for each other, and withhold nothing.
            let isCircle = seen.contains(next.number)
            if isCircle { count("honest logs held up by a circle") }
            if isCircle || next.stored < wait.size {
                return HeldUp(
                    node: node, log: log.origin, withheld: next.origin, size: wait.size,
                    citedBy: stuck.origin)
            }
            stuck = next
        }
    }

    /// An honest steward cuts what is withheld where it has applied it, as `member cut` does unless told
    /// otherwise: after that nothing of an honest company waits.
    func release() throws {
        let steward = nodes[0]
        guard !hostile.contains(0), steward.mayWrite else { return }
        var rounds = 0
        while let one = try heldUp().first {
            rounds += 1
            guard rounds <= 2 * (companies.count + ghosts.count) else {
                throw LawFailure(
                    "\(one.node.origin) still waits with \(one.log) for \(one.withheld) after \(rounds) cuts"
                )
            }
            let applied = steward.state.progress(one.withheld)?.applied ?? 0
            note("\(steward.origin.short) cuts \(one.withheld.short) at \(applied)")
            count("cuts of what is withheld")
            let size = steward.ownSize
            let cut = Operation.governance(.cutLog(one.withheld, index: applied))
            while steward.ownSize == size { try append(0, [cut]) }
            try syncAll()
        }
        if rounds == 0 { return }
        count("runs that the steward's cuts released")
        try checkEnd()
    }
}
