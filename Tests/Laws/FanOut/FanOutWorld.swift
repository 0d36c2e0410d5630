import Replication

/// Very many members of one dataset, with what each holds of whose log: sizes and cosignatures, no bytes and no keys.
///
/// Contacts are run by the machine that ships. What it asks for is looked up and counted. Everybody is honest, and
/// nothing gets lost: `simulation` is about that.
final class FanOutWorld {
    let plan: FanOutPlan
    let wire: FanOutWire
    let origins: [String]
    let logs: [String]
    var tally: FanOutTally
    /// By member and log: the number of entries held.
    private(set) var held: [UInt8]
    /// By member and log: who has cosigned the newest checkpoint that is held.
    private var lines: [WitnessSet]
    /// By log: the bytes of its entries.
    private(set) var entries: [[Int]]
    /// By log: how many of its entries its member's last one has cited nothing of.
    private var uncited: [Int]
    /// By member: the bytes of the list of all logs that it would give.
    private(set) var listBytes: [Int]
    /// By member: the bytes of the notes in it.
    private var noteBytes: [Int]
    /// How many logs of how many members are not as far as they could be.
    private(set) var missing = 0
    /// Whether nodes cosign.
    let cosigns: Bool
    /// Whether an exchange of cosignatures while following begins with the list of all logs.

    private var members: Int { plan.members }

    /// Members that all hold each other's first entry, with all cosignatures that anybody keeps.
    init(_ plan: FanOutPlan, cosigns: Bool = true) throws {
        (self.plan, self.cosigns) = (plan, cosigns)
        let wire = try FanOutWire()
        self.wire = wire
        let count = plan.members
        origins = (0..<count).map(FanOutPlan.origin)
        logs = (0..<count).map(FanOutPlan.log)
        tally = FanOutTally(members: count)
        held = [UInt8](repeating: 1, count: count * count)
        entries = [[Int]](repeating: [wire.entry(citing: 0)], count: count)
        uncited = [Int](repeating: count - 1, count: count)
        let all = (0..<count).map { Self.witnesses(of: $0, count, cosigns) }
        lines = []
        lines.reserveCapacity(count * count)
        for _ in 0..<count { lines += all }
        listBytes = [Int](repeating: all.reduce(0) { $0 + wire.offers[$1.count] }, count: count)
        noteBytes = [Int](repeating: all.reduce(0) { $0 + wire.notes[$1.count] }, count: count)
    }

    /// Whose cosignatures of a member's log are kept: the first of the others by origin.
    private static func witnesses(of log: Int, _ members: Int, _ cosigns: Bool) -> WitnessSet {
        guard cosigns else { return WitnessSet() }
        var found = WitnessSet(
            below: min(
                members, FanOutWire.witnessesMax + (log < FanOutWire.witnessesMax ? 1 : 0)))
        found.remove(log)
        return found
    }

    // MARK: What is held

    func size(_ log: Int, at member: Int) -> UInt64 { UInt64(held[member * members + log]) }

    func lines(_ log: Int, at member: Int) -> WitnessSet { lines[member * members + log] }

    func offer(_ log: Int, at member: Int) -> SyncMachine.Offer {
        .init(log: logs[log], size: size(log, at: member))
    }

    func offerBytes(_ log: Int, at member: Int) -> Int {
        wire.offers[lines(log, at: member).count]
    }

    /// Everybody has written one label more.
    func writeAll() { for member in 0..<members { write(member) } }

    /// Nothing has moved that a member has not cited.
    func haveCitedAll() { uncited = [Int](repeating: 0, count: members) }

    /// All logs have moved since anybody cited them.
    func haveCitedNothing() { uncited = [Int](repeating: members - 1, count: members) }

    /// A member signs a label; it cites what has moved since its last one, as far as there is room.
    func write(_ member: Int) {
        let citing = min(uncited[member], members - 1, wire.headsMax)
        uncited[member] -= citing
        entries[member].append(wire.entry(citing: citing))
        missing += members
        store(member, UInt8(entries[member].count), at: member)
    }

    private func store(_ log: Int, _ size: UInt8, at member: Int) {
        let place = member * members + log
        count(lines[place].count, 0, at: member)
        (held[place], lines[place]) = (size, WitnessSet())
        if Int(size) == entries[log].count { missing -= 1 }
    }

    /// A member takes a log's entries up to a size.
    func take(_ log: Int, upTo size: UInt64, at member: Int) {
        tally.taken += Int(size - self.size(log, at: member))
        if log != member { uncited[member] += 1 }
        store(log, UInt8(size), at: member)
    }

    private func keep(_ found: WitnessSet, under log: Int, at member: Int) -> Bool {
        let place = member * members + log
        let all = lines[place].union(found)
        if all == lines[place] { return false }
        count(lines[place].count, all.count, at: member)
        lines[place] = all
        return true
    }

    private func count(_ before: Int, _ now: Int, at member: Int) {
        listBytes[member] += wire.offers[now] - wire.offers[before]
        noteBytes[member] += wire.notes[now] - wire.notes[before]
    }

    /// Whether a member tells of all logs without cosignatures.
    private func isPlain(_ member: Int) -> Bool { noteBytes[member] > FanOutWire.toldMax }

    /// The bytes of the list of all logs that a member gives.
    func toldBytes(_ member: Int) -> Int {
        isPlain(member)
            ? members * (wire.offers[0] + FanOutWire.plainWord) : listBytes[member]
    }

    /// The bytes of a log's entries between two sizes.
    func bytes(_ log: Int, from: UInt64, to: UInt64) -> Int {
        entries[log][Int(from)..<Int(to)].reduce(0) { $0 + $1 + 2 }
    }

    // MARK: A whole contact

    /// A member dials another: all that there is to do.
    func contact(_ own: Int, _ partner: Int) {
        tally.contacts += 1
        var machine = SyncMachine(.everything, own: origins[own])
        while let action = machine.next() {
            machine.take(outcome(of: action, own, partner))
        }
    }

    private func outcome(
        of action: SyncMachine.Action, _ own: Int, _ partner: Int
    ) -> SyncMachine.Outcome {
        switch action {
        case .list:
            list(own, partner)
            return .listed((0..<members).map { offer($0, at: partner) }, ended: 0)
        case .tellHeld:
            tally.request(.rest, wire.notes[0] + 100, own, partner)
            return .told(sizes: [offer(partner, at: partner)], isComplete: true)
        // Lists of revoked certificates and evidence, of which there is none; two digests.
        case .exchangeRevocations, .takeEvidence, .exchangeDigests:
            tally.request(.rest, 200, own, partner)
        case .compare(let log, let size): return .compared(compare(log, size, own))
        case .fetch(let log, let size, let from, _): fetch(log, size, from, own, partner)
        case .offer: return .offered((0..<members).map { offer($0, at: own) })
        case .push(let log, let from, let to): return push(log, from, to, own, partner)
        case .exchangeCosignatures where cosigns:
            list(own, partner)
            let isPlain = isPlain(partner)
            for log in 0..<members { _ = exchangeCosignatures(log, own, partner, isPlain) }
        default: break
        }
        return .done
    }

    func list(_ own: Int, _ partner: Int) {
        tally.request(.lists, toldBytes(partner), own, partner)
    }

    func compare(_ log: Int, _ theirs: UInt64, _ own: Int) -> SyncMachine.Comparison {
        tally.compared += 1
        let held = size(log, at: own)
        let standing: LogStanding =
            theirs > held ? .ahead(from: held) : theirs < held ? .behind(size: theirs) : .same
        return .init(standing: standing, held: held, forkedAt: nil)
    }

    func fetch(_ log: Int, _ size: UInt64, _ from: UInt64, _ own: Int, _ partner: Int) {
        // All of a log here lies in its first bundle.
        tally.request(.entries, bytes(log, from: from, to: size), own, partner)
        take(log, upTo: size, at: own)
    }

    func push(
        _ log: Int, _ from: UInt64, _ to: UInt64, _ own: Int, _ partner: Int
    ) -> SyncMachine.Outcome {
        tally.request(
            .entries, wire.notes[0] + bytes(log, from: from, to: to), own, partner)
        guard size(log, at: partner) == from else {
            tally.echoes += 1
            return .stopped
        }
        take(log, upTo: to, at: partner)
        return .done
    }

    /// Takes and gives cosignatures of one log, as a node plans it.
    ///
    /// - Parameter isPlain: Whether it does not show what the partner has.
    /// - Returns: Whose lines have changed: the dialler's, the partner's.
    func exchangeCosignatures(
        _ log: Int, _ own: Int, _ partner: Int, _ isPlain: Bool = false
    ) -> (own: Bool, partner: Bool) {
        guard size(log, at: own) == size(log, at: partner) else { return (false, false) }
        let kept = Self.witnesses(of: log, members, cosigns)
        let theirs = lines(log, at: partner)
        var changed = (own: false, partner: false)
        if !isPlain { changed.own = keep(theirs, under: log, at: own) }
        func sign(_ member: Int, at place: Int) -> Bool {
            var line = WitnessSet()
            line.insert(member)
            return keep(line, under: log, at: place)
        }
        if kept.contains(own), !lines(log, at: own).contains(own) {
            changed.own = sign(own, at: own)
        }
        let lacking = lines(log, at: own).subtracting(theirs)
        if !isPlain, !lacking.isEmpty {
            tally.request(.cosignatures, wire.notes[lines(log, at: own).count], own, partner)
            changed.partner = keep(lacking, under: log, at: partner)
        }
        if kept.contains(partner), !lines(log, at: own).contains(partner) {
            tally.request(.cosignatures, 2 * wire.notes[0], own, partner)
            changed.own = sign(partner, at: own) || changed.own
            changed.partner = sign(partner, at: partner) || changed.partner
        }
        return changed
    }
}
