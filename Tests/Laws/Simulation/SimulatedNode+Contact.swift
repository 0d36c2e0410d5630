import AnnotationModel
import Provenance
import Replication
import Signing
import TransparencyLog

/// A contact with a partner that is under way: the machine that ships, and what it has learnt.
struct SimulatedContact {
    var machine: SyncMachine
    /// The action that waits for an answer.
    var action = SyncMachine.Action.list
    /// The request that it waits for.
    var request: UInt64 = 0
    /// What the partner offers, and what it is offered.
    var theirs: [Message.Offer] = []
    var ours: [Message.Offer] = []
    var evidence: [ForkProof] = []
    /// How much the partner has of the own log, where it says that this company was cut.
    var rest: UInt64?
    /// The checkpoint that the partner's witness was asked about.
    var note: [UInt8] = []
}

extension SimulatedNode {
    /// Begins a contact; one that was under way with the same partner is over.
    ///
    /// - Returns: What to send.
    func begin(with partner: Origin) throws -> Message? {
        contacts[partner] = SimulatedContact(
            machine: SyncMachine(.everything, own: origin.description))
        return try goOn(with: partner)
    }

    /// Takes an answer, if it is the one that is waited for, and goes on.
    func take(_ answer: Message.Answer, to request: UInt64, from partner: Origin) throws -> Message?
    {
        guard var contact = contacts[partner], contact.request == request else { return nil }
        if case .exchangeCosignatures = contact.action,
            let again = try takeCosignature(answer, &contact, partner)
        {
            requests += 1
            contact.request = requests
            contacts[partner] = contact
            return .request(requests, again)
        }
        let outcome = try outcome(of: answer, &contact, partner)
        contact.machine.take(outcome)
        contacts[partner] = contact
        return try goOn(with: partner)
    }

    /// Does what the machine wants until something has to be asked of the partner.
    private func goOn(with partner: Origin) throws -> Message? {
        guard var contact = contacts[partner] else { return nil }
        while let action = contact.machine.next() {
            contact.action = action
            if let request = try request(for: action, &contact, partner) {
                requests += 1
                contact.request = requests
                contacts[partner] = contact
                return .request(requests, request)
            }
            contact.machine.take(try carryOut(action, &contact, partner))
        }
        finished += contact.machine.isBroken ? 0 : 1
        contacts[partner] = nil
        return nil
    }

    /// What an action asks of the partner; nil for one that asks nothing.
    private func request(
        for action: SyncMachine.Action, _ contact: inout SimulatedContact, _ partner: Origin
    ) throws -> Message.Request? {
        switch action {
        case .list: return .list
        case .tellHeld:
            let held = disk.logs[partner].map { held -> [Message.Offer] in
                held.note.isEmpty ? [] : [.init(log: partner, size: held.size, note: held.note)]
            }
            return .held(held ?? [])
        case .takeEvidence: return .evidence
        case .fetch(let place, let size, let from, _):
            return .fetch(contact.theirs[place].log, from: from, to: size)
        case .investigate(let place, _): return .tree(contact.theirs[place].log)
        case .giveEvidence:
            let files = Set(contact.evidence.map(\.file))
            let new = evidenceToShow(partner).filter { !files.contains($0.file) }
            return new.isEmpty ? nil : .take(new)
        case .push(let place, let from, let to):
            return push(contact.ours[place], from: from, to: to, partner).map { .push($0) }
        case .bringRest:
            guard let rest = contact.rest,
                let own = readable(origin, by: partner) ?? disk.logs[origin],
                own.size > rest
            else { return nil }
            return .push(
                .init(
                    log: origin, from: rest, entries: Array(own.entries[Int(rest)...]),
                    note: own.note))
        case .exchangeCosignatures:
            guard cosigns, let request = try cosigning(from: 0) else { return nil }
            contact.note = request.note
            return .addCheckpoint(origin, body: request.body)
        default: return nil
        }
    }

    private func push(
        _ offer: Message.Offer, from: UInt64, to: UInt64, _ partner: Origin
    ) -> Message.Batch? {
        guard let held = readable(offer.log, by: partner), held.size >= to,
            let note = offer.note(at: to)
        else { return nil }
        return .init(
            log: offer.log, from: from, entries: Array(held.entries[Int(from)..<Int(to)]),
            note: note)
    }

    /// What comes of an action that asks nothing.
    private func carryOut(
        _ action: SyncMachine.Action, _ contact: inout SimulatedContact, _ partner: Origin
    ) throws -> SyncMachine.Outcome {
        switch action {
        case .compare(let place, let size): return try compare(contact.theirs[place], size)
        case .takeEvidenceAgain: for proof in contact.evidence { try take(proof) }
        case .offer:
            contact.ours = offers(to: partner)
            return .offered(
                contact.ours.map {
                    .init(
                        log: logName($0.log), size: $0.size, bounds: Array($0.bounds.keys),
                        forkedAt: disk.evidence[$0.log]?.prefix)
                })
        case .push: return .failed
        case .noteHeard:
            if contact.rest.map({ ownSize >= $0 }) ?? true { unheard.remove(partner) }
        default: break
        }
        return .done
    }

    /// What a partner's log is to the held one, up to a size.
    private func compare(
        _ offer: Message.Offer, _ size: UInt64
    ) throws -> SyncMachine.Outcome {
        guard let note = offer.note(at: size),
            let claimed = try? Checkpoint(text: try SignedNote(note).text),
            claimed.size == size, claimed.origin == logName(offer.log)
        else {
            refuse("offer")
            return .failed
        }
        if offer.log == origin { try noteShown(note) }
        let held = disk.logs[offer.log] ?? HeldLog()
        let standing = LogStanding.judge(claimed, held: held.size) { held.root(at: $0) ?? .zero }
        return .compared(
            .init(
                standing: standing, held: held.size, forkedAt: disk.evidence[offer.log]?.prefix))
    }

    /// What an answer means to the machine.
    private func outcome(
        of answer: Message.Answer, _ contact: inout SimulatedContact, _ partner: Origin
    ) throws -> SyncMachine.Outcome {
        switch (contact.action, answer) {
        case (.list, .logs(let offers, let rest)):
            (contact.theirs, contact.rest) = (offers, rest)
            return .listed(
                offers.map {
                    .init(log: logName($0.log), size: $0.size, bounds: Array($0.bounds.keys))
                }, ended: rest == nil ? 0 : 1)
        case (.tellHeld, .held(let size, let isComplete)):
            return .told(
                sizes: size.map { [.init(log: logName(partner), size: $0)] } ?? [],
                isComplete: isComplete)
        case (.takeEvidence, .evidence(let proofs)):
            contact.evidence = proofs
            for proof in proofs { try take(proof) }
            return .done
        case (.fetch(let place, let size, let from, _), .entries(_, let entries)):
            let offer = contact.theirs[place]
            let batch = Message.Batch(
                log: offer.log, from: from, entries: entries, note: offer.note(at: size) ?? [])
            switch try admit(batch) {
            case .taken, .wrongPosition: return .done
            case .wrong: return from > 0 ? .wrong : .failed
            }
        case (.investigate(let place, _), .tree(let leaves, let note)):
            return try investigate(contact.theirs[place].log, leaves, note) ? .failed : .done
        case (.push, .taken), (.bringRest, .taken), (.giveEvidence, .taken): return .done
        case (.push, .stopped): return .stopped
        default: return .failed
        }
    }

    /// - Returns: Whether it proved more than was known.
    private func investigate(
        _ log: Origin, _ leaves: [Digest], _ note: [UInt8]
    ) throws -> Bool {
        guard let held = disk.logs[log], let key = try noteVerifier(log),
            let proof = ForkProof(
                log: log, key: key, (held.note, held.leaves), (note, leaves))
        else {
            refuse("tree")
            return false
        }
        let known = disk.evidence[log]?.prefix ?? .max
        try take(proof)
        return disk.evidence[log]?.prefix ?? .max < known
    }

    // MARK: Cosignatures

    private func cosigning(from old: UInt64) throws -> AddCheckpointRequest? {
        guard let log = disk.logs[origin], old <= log.size, !log.note.isEmpty else { return nil }
        let proof = try MerkleProof.proveConsistency(old: old, new: log.size) { log.subtree($0) }
        return AddCheckpointRequest(oldSize: old, proof: proof, note: log.note)
    }

    /// Keeps a cosignature.
    ///
    /// - Returns: What to ask once more: the witness has cosigned another size last.
    private func takeCosignature(
        _ answer: Message.Answer, _ contact: inout SimulatedContact, _ partner: Origin
    ) throws -> Message.Request? {
        guard case .cosigned(let line, let size) = answer else { return nil }
        guard let line else {
            // Asked twice, somebody else's request came between.
            guard size > 0, let request = try cosigning(from: size), request.note == contact.note
            else { return nil }
            contact.note = []
            return .addCheckpoint(origin, body: request.body)
        }
        let note = contact.note.isEmpty ? disk.logs[origin]?.note ?? [] : contact.note
        guard let signed = try checkpoint(note, of: origin),
            let witness = companies.first(where: { $0.origin == partner })?.witness.verifier
        else { return nil }
        let known = disk.witnesses[signed.size] ?? note
        do throws(TransparencyLogError) {
            disk.witnesses[signed.size] = try SignedNote.adding(
                cosignatures: line, to: known,
                by: companies.map(\.witness.verifier).filter { known in
                    known == witness
                        || (try? SignedNote(disk.witnesses[signed.size] ?? note))?.signatures
                            .contains { $0.name == known.name } ?? false
                })
        } catch {
            refuse("cosignature")
        }
        return nil
    }
}
