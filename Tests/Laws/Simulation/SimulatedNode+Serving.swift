import AnnotationModel
import Provenance
import Replication
import Signing
import TransparencyLog

extension SimulatedNode {
    /// Answers a partner that dials.
    func answer(
        _ request: Message.Request, from partner: Origin, at time: Int64
    ) throws -> Message.Answer {
        switch request {
        case .list:
            // Whoever was cut is told so, and may still bring what it wrote before.
            let isCut = state.membership.members[partner]?.cutIndex != nil
            return .logs(
                offers(to: partner), rest: isCut ? state.progress(partner)?.stored ?? 0 : nil)
        case .held(let offers): return try take(held: offers, from: partner)
        case .evidence: return .evidence(evidenceToShow(partner))
        case .take(let proofs):
            for proof in proofs { try take(proof) }
            return .taken
        case .fetch(let log, let from, let to):
            guard let held = readable(log, by: partner), from < to, to <= held.size else {
                return .refused
            }
            return .entries(log, Array(held.entries[Int(from)..<Int(to)]))
        case .tree(let log):
            guard let held = readable(log, by: partner) else { return .refused }
            return .tree(leaves: held.leaves, note: held.note)
        case .push(let batch): return try take(batch, from: partner)
        case .addCheckpoint(let log, let body):
            return try cosign(log, body, at: time)
        }
    }

    /// What a partner may have of a log: all of it, or, if the log's own act keeps it out, up to and including
    /// that act.
    func readable(_ log: Origin, by partner: Origin) -> HeldLog? {
        let held = log == origin ? showing[partner] ?? disk.logs[log] : disk.logs[log]
        guard let held, held.size > 0, !held.note.isEmpty else { return nil }
        if state.mayRead(log, by: partner) { return held }
        guard state.membership.isMember(partner),
            let end = state.exclusion(of: partner, from: log),
            let size = held.bounds.keys.filter({ $0 > end }).min()
        else { return nil }
        var part = held.prefix(size)
        part.note = held.bounds[size] ?? []
        part.bounds[size] = nil
        return part
    }

    func offers(to partner: Origin) -> [Message.Offer] {
        disk.logs.keys.sorted {
            ($0 == dataset.owner ? 0 : 1, $0) < ($1 == dataset.owner ? 0 : 1, $1)
        }.compactMap { log in
            readable(log, by: partner).map { held in
                .init(
                    log: log, size: held.size, note: held.note,
                    bounds: held.bounds.filter { $0.key < held.size })
            }
        }
    }

    func evidenceToShow(_ partner: Origin) -> [ForkProof] {
        disk.evidence.values.filter { state.mayRead($0.log, by: partner) }
            .sorted { $0.log < $1.log }
    }

    // MARK: What is told of the own log

    /// Takes what a partner tells of this company's own log.
    private func take(held: [Message.Offer], from partner: Origin) throws -> Message.Answer {
        var isComplete = true
        var size: UInt64?
        for offer in held {
            guard offer.log == origin, let shown = try noteShown(offer.note),
                shown.size == offer.size
            else {
                isComplete = false
                continue
            }
            size = ownSize
            let own = disk.logs[origin]?.root(at: shown.size)
            if ownSize < shown.size || own != shown.root { isComplete = false }
        }
        if isComplete { unheard.remove(partner) }
        return .held(size: size, isComplete: isComplete)
    }

    /// Takes note of how much of the own log somebody has.
    ///
    /// - Returns: The checkpoint, if the own key signed it.
    @discardableResult
    func noteShown(_ note: [UInt8]) throws -> Checkpoint? {
        guard let signed = try checkpoint(note, of: origin) else { return nil }
        ownShown = max(ownShown, signed.size)
        return signed
    }

    // MARK: Evidence

    /// Takes evidence of a log held here, by the key that the log itself introduced; of several proofs the one
    /// that shows the smallest common prefix.
    func take(_ proof: ForkProof) throws {
        if isHostile { return }
        guard let key = try noteVerifier(proof.log), key == proof.key, proof.isProven() else {
            return refuse("evidence")
        }
        if let known = disk.evidence[proof.log], known.prefix <= proof.prefix { return }
        disk.evidence[proof.log] = proof
        try catchUp()
    }

    // MARK: Admission

    private func take(_ batch: Message.Batch, from partner: Origin) throws -> Message.Answer {
        if isHostile, batch.log == origin { return .stopped }
        guard Offering.mayBring(batch.log, by: partner, state: state) else {
            refuse("bringer")
            return .stopped
        }
        switch try admit(batch) {
        case .taken:
            if batch.log == origin { unheard.remove(partner) }
            return .taken
        case .wrongPosition: return .stopped
        case .wrong: return .refused
        }
    }

    /// What came of entries.
    enum Admitted { case taken, wrongPosition, wrong }

    /// Verifies entries of a log and stores them under their checkpoint, or stores nothing.
    func admit(_ batch: Message.Batch) throws -> Admitted {
        do {
            disk.logs[batch.log] = try admitted(batch)
        } catch let error as Admission.Refusal {
            refuse("\("\(error)".prefix { $0 != "(" })")
            if case .position = error { return .wrongPosition }
            return .wrong
        } catch is ProvenanceError {
            refuse("entry")
            return .wrong
        } catch is TransparencyLogError {
            refuse("checkpoint")
            return .wrong
        }
        try catchUp()
        return .taken
    }

    private func admitted(_ batch: Message.Batch) throws -> HeldLog {
        let log = batch.log
        var held = disk.logs[log] ?? HeldLog()
        var admission = try Admission(
            from: batch.from, checkpoint: batch.note, verifier: try verifier(log),
            situation: .init(
                own: origin, held: held.size, forkedAt: disk.evidence[log]?.prefix,
                pinnedKey: log == origin ? company.logKeyBytes : nil,
                isTakingBack: log == origin && !ownIsComplete))
        try admission.admit(batch.entries)
        for entry in batch.entries { held.append(entry) }
        try admission.conclude(size: held.size, root: held.root(at: held.size) ?? .zero)
        if admission.changesReaders { held.bounds[held.size] = batch.note }
        held.note = batch.note
        keep(admission.verifier, of: log)
        return held
    }

    // MARK: Witnessing

    private func cosign(
        _ log: Origin, _ body: [UInt8], at time: Int64
    ) throws -> Message.Answer {
        guard let key = try noteVerifier(log), disk.evidence[log] == nil,
            let request = try? AddCheckpointRequest(body: body)
        else {
            refuse("add-checkpoint")
            return .refused
        }
        let latest = disk.cosigned[log] ?? .none
        do throws(WitnessRefusal) {
            let answer = try company.witness.answer(
                request, origin: logName(log), logKeys: [key], latest: latest, time: time)
            disk.cosigned[log] = answer.tree
            return .cosigned(line: answer.body, size: 0)
        } catch {
            refuse("add-checkpoint")
            guard case .otherSize(let size) = error else { return .refused }
            return .cosigned(line: nil, size: size)
        }
    }
}
