import AnnotationModel
import Provenance
import Replication
import Signing
import TransparencyLog

extension SimulatedNode {
    typealias Answer = (to: Origin, message: Message)

    /// Takes a message and says what to send.
    func receive(_ message: Message, from partner: Origin, at time: Int64) throws -> [Answer] {
        switch message {
        case .hello(let evidence):
            for proof in evidence { try take(proof) }
            return [(partner, .offers(offers(to: partner), evidence: evidenceToShow(partner)))]
        case .offers(let offers, let evidence):
            for proof in evidence { try take(proof) }
            return try compare(offers, partner)
        case .fetch(let log, let from):
            return readable(log, by: partner).flatMap { push(log, $0, from: from) }
                .map { [(partner, $0)] } ?? []
        case .entries(let batch): return try admit(batch, from: partner)
        case .fetchTree(let log):
            guard let held = readable(log, by: partner) else { return [] }
            return [(partner, .tree(log, leaves: held.leaves, note: held.note))]
        case .tree(let log, let leaves, let note):
            try investigate(log, leaves, note)
            return []
        case .addCheckpoint(let log, let body):
            return try cosign(log, body, partner, at: time)
        case .cosigned(let log, let note, let line, let size):
            return try takeCosignature(log, note, line, size, partner)
        }
    }

    private func push(_ log: Origin, _ held: HeldLog, from: UInt64) -> Message? {
        guard from < held.size else { return nil }
        return .entries(
            .init(
                log: log, from: from, entries: Array(held.entries[Int(from)...]), note: held.note,
                bounds: held.bounds.filter { $0.key > from && $0.key < held.size }))
    }

    /// What a partner may have of a log: all of it, or, if the log's own act keeps it out, up to and including
    /// that act.
    func readable(_ log: Origin, by partner: Origin) -> HeldLog? {
        guard let held = disk.logs[log], held.size > 0, !held.note.isEmpty else { return nil }
        if state.mayRead(log, by: partner) { return held }
        guard state.membership.isMember(partner),
            let end = state.exclusion(of: partner, from: log),
            let size = held.bounds.keys.filter({ $0 > end }).min()
        else { return nil }
        var part = held.prefix(size)
        part.note = held.bounds[size] ?? []
        return part
    }

    func offers(to partner: Origin) -> [Message.Offer] {
        disk.logs.keys.sorted {
            ($0 == dataset.owner ? 0 : 1, $0) < ($1 == dataset.owner ? 0 : 1, $1)
        }.compactMap { log in
            readable(log, by: partner).map { .init(log: log, size: $0.size, note: $0.note) }
        }
    }

    func evidenceToShow(_ partner: Origin) -> [ForkProof] {
        disk.evidence.values.filter { state.mayRead($0.log, by: partner) }
            .sorted { $0.log < $1.log }
    }

    // MARK: Comparing

    private func compare(_ offers: [Message.Offer], _ partner: Origin) throws -> [Answer] {
        // Whoever shows the own log damaged has not said how much of it there is.
        let isWhole = try offers.allSatisfy {
            try $0.log != origin || checkpoint($0.note, of: origin) != nil
        }
        if isWhole { unheard.remove(partner) }
        var answers: [Answer] = []
        for offer in offers {
            if let answer = try compare(offer, partner) { answers.append((partner, answer)) }
        }
        for log in disk.logs.keys.sorted()
        where log != partner && !offers.contains(where: { $0.log == log }) {
            if let held = readable(log, by: partner), let all = push(log, held, from: 0) {
                answers.append((partner, all))
            }
        }
        return answers
    }

    /// What one offer calls for.
    private func compare(_ offer: Message.Offer, _ partner: Origin) throws -> Message? {
        let held = disk.logs[offer.log] ?? HeldLog()
        guard let claimed = try? Checkpoint(text: try SignedNote(offer.note).text) else {
            refuse("offer")
            return nil
        }
        if offer.log == origin, let signed = try checkpoint(offer.note, of: origin) {
            ownShown = max(ownShown, signed.size)
        }
        let standing = LogStanding.judge(claimed, held: held.size) { held.root(at: $0) ?? .zero }
        let step = LogStep.decide(
            standing, isOwn: offer.log == origin, held: held.size,
            forkedAt: disk.evidence[offer.log]?.prefix)
        switch step {
        case .rest: return nil
        case .fetch(let from), .takeBack(let from): return .fetch(offer.log, from: from)
        case .investigate: return .fetchTree(offer.log)
        case .give(let from):
            return readable(offer.log, by: partner).flatMap { push(offer.log, $0, from: from) }
        }
    }

    // MARK: Evidence

    /// Takes evidence of a log held here, by the key that the log itself introduced; of several proofs the one
    /// that shows the smallest common prefix.
    func take(_ proof: ForkProof) throws {
        guard let key = try noteVerifier(proof.log), key == proof.key, proof.isProven() else {
            return refuse("evidence")
        }
        if let known = disk.evidence[proof.log], known.prefix <= proof.prefix { return }
        disk.evidence[proof.log] = proof
        try catchUp()
    }

    private func investigate(_ log: Origin, _ leaves: [Digest], _ note: [UInt8]) throws {
        guard let held = disk.logs[log], let key = try noteVerifier(log),
            let proof = ForkProof(
                log: log, key: key, (held.note, held.leaves), (note, leaves))
        else { return refuse("tree") }
        try take(proof)
    }

    // MARK: Admission

    /// Verifies entries of another organisation's log and stores them under its checkpoint, or stores nothing.
    func admit(_ batch: Message.Batch, from partner: Origin) throws -> [Answer] {
        let log = batch.log
        guard Offering.mayBring(log, by: partner, state: state) else {
            refuse("bringer")
            return []
        }
        do {
            disk.logs[log] = try admitted(batch)
        } catch Admission.Refusal.doesNotExtend {
            refuse("does not extend")
            return [(partner, .fetchTree(log))]
        } catch let error as Admission.Refusal {
            refuse("\("\(error)".prefix { $0 != "(" })")
            return []
        } catch is ProvenanceError {
            refuse("entry")
            return []
        } catch is TransparencyLogError {
            refuse("checkpoint")
            return []
        }
        try catchUp()
        return []
    }

    /// The log with what a batch adds, checkpoint by checkpoint.
    private func admitted(_ batch: Message.Batch) throws -> HeldLog {
        let log = batch.log
        var held = disk.logs[log] ?? HeldLog()
        var verifier = try verifier(log)
        var rest = batch.entries[...]
        let end = batch.from + UInt64(rest.count)
        let bounds = batch.bounds.filter { $0.key > batch.from && $0.key < end }
        var from = batch.from
        for (size, note) in bounds.sorted(by: { $0.key < $1.key }) + [(end, batch.note)] {
            // What was admitted up to an earlier checkpoint is all that a forked log still lacked.
            let fork = disk.evidence[log]?.prefix ?? .max
            if from > batch.from, from >= fork { break }
            let part = Array(rest.prefix(Int(size - from)))
            rest = rest.dropFirst(part.count)
            var admission = try Admission(
                from: from, checkpoint: note, verifier: verifier,
                situation: .init(
                    own: origin, held: held.size, forkedAt: disk.evidence[log]?.prefix,
                    pinnedKey: log == origin ? company.logKeyBytes : nil,
                    isTakingBack: log == origin && !ownIsComplete))
            try admission.admit(part)
            for entry in part { held.append(entry) }
            try admission.conclude(size: held.size, root: held.root(at: held.size) ?? .zero)
            if admission.changesReaders { held.bounds[size] = note }
            held.note = note
            verifier = admission.verifier
            from = size
        }
        keep(verifier, of: log)
        return held
    }

    // MARK: Witnessing

    private func cosign(
        _ log: Origin, _ body: [UInt8], _ partner: Origin, at time: Int64
    ) throws -> [Answer] {
        guard let key = try noteVerifier(log), disk.evidence[log] == nil,
            let request = try? AddCheckpointRequest(body: body)
        else {
            refuse("add-checkpoint")
            return []
        }
        let latest = disk.cosigned[log] ?? .none
        do throws(WitnessRefusal) {
            let answer = try company.witness.answer(
                request, origin: logName(log), logKeys: [key], latest: latest, time: time)
            disk.cosigned[log] = answer.tree
            return [
                (partner, .cosigned(log, note: request.note, line: answer.body, size: 0))
            ]
        } catch {
            refuse("add-checkpoint")
            guard case .otherSize(let size) = error else { return [] }
            return [(partner, .cosigned(log, note: request.note, line: nil, size: size))]
        }
    }

    /// Asks a partner to cosign the own log's newest checkpoint.
    func askToCosign(from old: UInt64 = 0) throws -> Message? {
        guard let log = disk.logs[origin], old <= log.size, !log.note.isEmpty else { return nil }
        let proof = try MerkleProof.proveConsistency(old: old, new: log.size) { log.subtree($0) }
        let request = AddCheckpointRequest(oldSize: old, proof: proof, note: log.note)
        return .addCheckpoint(origin, body: request.body)
    }

    private func takeCosignature(
        _ log: Origin, _ note: [UInt8], _ line: [UInt8]?, _ size: UInt64, _ partner: Origin
    ) throws -> [Answer] {
        guard log == origin else { return [] }
        guard let line else {
            return try askToCosign(from: size).map { [(partner, $0)] } ?? []
        }
        guard let signed = try checkpoint(note, of: origin),
            let witness = companies.first(where: { $0.origin == partner })?.witness.verifier
        else { return [] }
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
        return []
    }
}
