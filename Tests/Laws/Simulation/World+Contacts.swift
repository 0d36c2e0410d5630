import AnnotationModel
import Provenance
import Replication

extension World {
    /// Lets things happen, and between them contacts of two honest nodes that nobody disturbs: each has to do all that
    /// a contact is for, by itself.
    ///
    /// In the long run the other side of a contact makes up for much of what one leaves undone, and a third node for
    /// the rest; so that is looked for here.
    func runContacts() throws {
        try found()
        for _ in 0..<(14 + 6 * nodes.count) {
            try happen()
            guard random.oneIn(2), let one = honest.randomElement(using: &random),
                let other = honest.randomElement(using: &random), one !== other
            else { continue }
            try contactAlone(of: one, with: other)
        }
    }

    /// What two nodes have before a contact, as far as it is to reach the other one.
    private struct Before {
        let offers: [Message.Offer]
        let evidence: [ForkProof]
        let sizes: [Origin: UInt64]

        init(_ node: SimulatedNode, for other: SimulatedNode) {
            offers = node.offers(to: other.origin)
            evidence = node.evidenceToShow(other.origin)
            sizes = node.disk.logs.mapValues(\.size)
        }
    }

    private func contactAlone(of dialler: SimulatedNode, with partner: SimulatedNode) throws {
        let (waiting, wasHealed) = (queue, isHealed)
        (queue, isHealed) = ([], true)
        defer { (queue, isHealed) = (waiting, wasHealed) }
        for node in [dialler, partner] {
            node.rests = false
            try node.catchUp()
        }
        let theirs = Before(partner, for: dialler)
        let ours = Before(dialler, for: partner)
        let (finished, starts) = (dialler.finished, dialler.starts + partner.starts)
        note("\(dialler.origin.short) and \(partner.origin.short) are left alone")
        try contact(dialler.company.number, partner.company.number)
        while !queue.isEmpty { try deliverOne() }
        // Whoever crashes while it names keys disturbs the contact by itself.
        if dialler.starts + partner.starts > starts { return }
        guard dialler.finished == finished + 1 else {
            throw LawFailure("\(dialler.origin)'s contact with \(partner.origin) has no end")
        }
        count("contacts that nobody disturbed")
        try requireTaken(theirs, of: partner, by: dialler, which: ours.sizes)
        try requireGiven(ours, to: partner, by: dialler, theirs)
        try requireEvidence(theirs.evidence, at: dialler)
        let shown = dialler.evidenceToShow(partner.origin)
        try requireEvidence(
            ours.evidence.filter { proof in shown.contains { $0.log == proof.log } }, at: partner)
    }

    /// What the partner offered is with the dialler.
    private func requireTaken(
        _ theirs: Before, of partner: SimulatedNode, by dialler: SimulatedNode,
        which had: [Origin: UInt64]
    ) throws {
        for offer in theirs.offers {
            try requirePartingProven(offer.log, at: dialler, with: partner)
            if isForked(offer.log, dialler, partner) { continue }
            let size = dialler.disk.logs[offer.log]?.size ?? 0
            guard size >= offer.size else {
                throw LawFailure(
                    "\(dialler.origin) has \(size) entries of \(offer.log) after a contact with "
                        + "\(partner.origin), which offered \(offer.size)")
            }
            try requireBounds(offer, at: dialler, since: had[offer.log] ?? 0)
            count("logs compared after contacts")
        }
    }

    /// What the dialler may give is with the partner.
    private func requireGiven(
        _ ours: Before, to partner: SimulatedNode, by dialler: SimulatedNode, _ theirs: Before
    ) throws {
        let isCut = partner.state.membership.members[dialler.origin]?.cutIndex != nil
        // A partner that lists nothing of a dataset shares it with nobody, or has not heard of the dialler.
        var given = theirs.offers.isEmpty ? [] : dialler.offers(to: partner.origin)
        if isCut, let own = dialler.disk.logs[dialler.origin], !own.note.isEmpty {
            given.append(.init(log: dialler.origin, size: own.size, note: own.note))
        }
        for offer in given {
            guard Offering.mayBring(offer.log, by: dialler.origin, state: partner.state),
                !isForked(offer.log, dialler, partner)
            else { continue }
            // It may have written since it looked what there is to give.
            let least = min(offer.size, ours.sizes[offer.log] ?? 0)
            let size = partner.disk.logs[offer.log]?.size ?? 0
            guard size >= least else {
                throw LawFailure(
                    "\(partner.origin) has \(size) entries of \(offer.log) after a contact of "
                        + "\(dialler.origin), which has \(least)\(isCut ? " and was cut" : "")")
            }
            try requireBounds(offer, at: partner, since: theirs.sizes[offer.log] ?? 0)
            count("logs compared after contacts")
        }
    }

    /// Where the readers of a log change, whoever took it beyond that keeps the checkpoint: it serves those who may
    /// have no more.
    private func requireBounds(
        _ offer: Message.Offer, at node: SimulatedNode, since held: UInt64
    ) throws {
        guard let log = node.disk.logs[offer.log] else { return }
        for bound in offer.bounds.keys.sorted() where held < bound && bound <= log.size {
            guard log.bounds[bound] != nil else {
                throw LawFailure(
                    "\(node.origin) took \(offer.log) over \(bound) entries, where its readers change"
                )
            }
            count("bounds kept in contacts")
        }
    }

    private func requireEvidence(_ proofs: [ForkProof], at node: SimulatedNode) throws {
        for proof in proofs {
            guard let key = try node.noteVerifier(proof.log), key == proof.key else { continue }
            guard let known = node.disk.evidence[proof.log], known.prefix <= proof.prefix else {
                throw LawFailure(
                    "\(node.origin) has no proof of \(proof.log)'s fork after a contact")
            }
            count("proofs passed on in contacts")
        }
    }

    /// Two histories of a log that meet in a contact are proven there.
    private func requirePartingProven(
        _ log: Origin, at dialler: SimulatedNode, with partner: SimulatedNode
    ) throws {
        guard let here = dialler.disk.logs[log],
            let there = partner.readable(log, by: dialler.origin),
            here.shared(with: there) < min(here.size, there.size)
        else { return }
        guard dialler.disk.evidence[log] != nil else {
            throw LawFailure(
                "\(dialler.origin) has met another history of \(log) at \(partner.origin), and proves nothing"
            )
        }
        count("partings proven in contacts")
    }

    private func isForked(_ log: Origin, _ one: SimulatedNode, _ other: SimulatedNode) -> Bool {
        one.disk.evidence[log] != nil || other.disk.evidence[log] != nil
    }
}
