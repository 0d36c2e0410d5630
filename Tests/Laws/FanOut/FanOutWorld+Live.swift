import Replication

/// What one label costs where everybody serves and follows those whom it dials.
struct FanOutLive {
    /// Steps from the member that wrote until the last has it.
    var hops = 0
    /// Lines of watches that told of the entry, and of its cosignatures.
    var entryLines = 0
    var cosignatureLines = 0
    /// Exchanges of cosignatures: one of a pair of nodes in each second in which something has moved there.
    var exchanges = 0
    /// Seconds in which some pair exchanged some.
    var seconds = 0
}

/// One label on its way through watches and pushes, as `PartnerSync` follows a partner.
extension FanOutWorld {
    private struct Link: Hashable {
        let own, partner: Int
    }

    /// A member writes a label, and all that follows happens.
    func live(from writer: Int) -> FanOutLive {
        var seen = FanOutLive()
        let before = size(writer, at: writer)
        write(writer)
        // All hold the same but for this entry.
        let ours = (0..<plan.members).map { offer($0, at: writer) }
        let known = Dictionary(uniqueKeysWithValues: ours.map { ($0.log, $0.size) })
        var reached = [writer]
        // Who has told whom of the new entry.
        var told: Set<Link> = []
        while !reached.isEmpty {
            var next: [Int] = []
            for member in reached {
                for watcher in plan.watchers[member] {
                    seen.entryLines += 1
                    told.insert(Link(own: watcher, partner: member))
                    if hear(writer, from: member, watcher) { next.append(watcher) }
                }
                for partner in plan.dialled[member] {
                    var sizes = known
                    if !told.contains(Link(own: member, partner: partner)) {
                        sizes[logs[writer]] = before
                    }
                    if give(ours, sizes, member, partner) { next.append(partner) }
                }
            }
            reached = next
            if !next.isEmpty { seen.hops += 1 }
        }
        if cosigns { settle(writer, &seen) }
        return seen
    }

    /// A line of a watch, with the new entry where that is small.
    ///
    /// - Returns: Whether it was news.
    private func hear(_ log: Int, from partner: Int, _ own: Int) -> Bool {
        let size = size(log, at: partner)
        let news = bytes(log, from: size - 1, to: size)
        let isInline = news <= FanOutWire.inlineMax
        tally.add(
            .lines, offerBytes(log, at: partner) + (isInline ? news * 4 / 3 : 0), own, partner)
        var machine = SyncMachine(.take(offer(log, at: partner)), own: origins[own])
        var isNews = false
        while let action = machine.next() {
            switch action {
            case .compare(_, let size): machine.take(.compared(compare(log, size, own)))
            case .fetch(_, let size, let from, _):
                isNews = true
                if isInline {
                    take(log, upTo: size, at: own)
                } else {
                    fetch(log, size, from, own, partner)
                }
                machine.take(.done)
            default: machine.take(.done)
            }
        }
        return isNews
    }

    /// A member looks at all logs, and gives a partner what that lacks as far as it knows.
    ///
    /// - Returns: Whether the partner took something.
    private func give(
        _ ours: [SyncMachine.Offer], _ theirs: [String: UInt64], _ own: Int, _ partner: Int
    ) -> Bool {
        var machine = SyncMachine(.give(beyond: theirs), own: origins[own])
        var isTaken = false
        while let action = machine.next() {
            switch action {
            case .offer: machine.take(.offered(ours))
            case .push(let log, let from, let to):
                let outcome = push(log, from, to, own, partner)
                if case .done = outcome { isTaken = true }
                machine.take(outcome)
            default: machine.take(.done)
            }
        }
        return isTaken
    }

    /// Cosignatures of the new checkpoint go about until nothing moves any more.
    private func settle(_ log: Int, _ seen: inout FanOutLive) {
        var nudged: [Link] = []
        for (own, partners) in plan.dialled.enumerated() {
            nudged += partners.map { Link(own: own, partner: $0) }
        }
        while !nudged.isEmpty {
            seen.seconds += 1
            var moved: Set<Int> = []
            for link in nudged {
                seen.exchanges += 1
                let changed = exchangeCosignatures(log, link.own, link.partner)
                if changed.own { moved.insert(link.own) }
                if changed.partner { moved.insert(link.partner) }
            }
            var next: Set<Link> = []
            for member in moved {
                for watcher in plan.watchers[member] {
                    seen.cosignatureLines += 1
                    tally.add(.lines, offerBytes(log, at: member), watcher, member)
                    next.insert(Link(own: watcher, partner: member))
                }
                for partner in plan.dialled[member] {
                    next.insert(Link(own: member, partner: partner))
                }
            }
            nudged = next.sorted { ($0.own, $0.partner) < ($1.own, $1.partner) }
        }
    }
}
