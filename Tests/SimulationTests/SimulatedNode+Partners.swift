import AnnotationModel
import Provenance
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
            guard state.mayRead(log, by: partner), let held = disk.logs[log], from < held.size,
                !held.note.isEmpty
            else { return [] }
            return [(partner, push(log, held, from: from))]
        case .entries(let log, let from, let entries, let note):
            return try admit(entries, of: log, from: from, note: note, partner: partner)
        case .fetchTree(let log):
            guard state.mayRead(log, by: partner), let held = disk.logs[log], !held.note.isEmpty
            else { return [] }
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

    private func push(_ log: Origin, _ held: HeldLog, from: UInt64) -> Message {
        .entries(log, from: from, Array(held.entries[Int(from)...]), note: held.note)
    }

    func offers(to partner: Origin) -> [Message.Offer] {
        disk.logs.keys.sorted {
            ($0 == dataset.owner ? 0 : 1, $0) < ($1 == dataset.owner ? 0 : 1, $1)
        }.compactMap { log in
            guard state.mayRead(log, by: partner), let held = disk.logs[log], held.size > 0,
                !held.note.isEmpty
            else { return nil }
            return .init(log: log, size: held.size, note: held.note)
        }
    }

    func evidenceToShow(_ partner: Origin) -> [ForkProof] {
        disk.evidence.values.filter { state.mayRead($0.log, by: partner) }
            .sorted { $0.log < $1.log }
    }

    // MARK: Comparing

    private func compare(_ offers: [Message.Offer], _ partner: Origin) throws -> [Answer] {
        unheard.remove(partner)
        var answers: [Answer] = []
        var theirs: [Origin: UInt64] = [:]
        for offer in offers {
            theirs[offer.log] = max(offer.size, theirs[offer.log] ?? 0)
            if let answer = try compare(offer) { answers.append((partner, answer)) }
        }
        for (log, held) in disk.logs.sorted(by: { $0.key < $1.key })
        where log != partner && held.size > theirs[log] ?? 0 && !held.note.isEmpty {
            guard state.mayRead(log, by: partner) else { continue }
            answers.append((partner, push(log, held, from: theirs[log] ?? 0)))
        }
        return answers
    }

    /// What one offer calls for.
    private func compare(_ offer: Message.Offer) throws -> Message? {
        let held = disk.logs[offer.log] ?? HeldLog()
        if offer.log == origin {
            guard let claimed = try checkpoint(offer.note, of: origin) else { return nil }
            ownShown = max(ownShown, claimed.size)
        }
        if let proof = disk.evidence[offer.log] {
            if held.size < proof.prefix {
                return offer.size > held.size ? .fetch(offer.log, from: held.size) : nil
            }
            // A third history, which leaves the others earlier, is not proven yet.
            return held.root(at: proof.prefix) != proof.root ? .fetchTree(offer.log) : nil
        }
        if offer.size > held.size { return .fetch(offer.log, from: held.size) }
        guard let claimed = try checkpoint(offer.note, of: offer.log),
            claimed.size <= held.size, held.root(at: claimed.size) != claimed.root
        else { return nil }
        return .fetchTree(offer.log)
    }

    // MARK: Evidence

    /// Takes evidence of a log held here, by the key that the log itself introduced; of several proofs the one
    /// that shows the smallest common prefix.
    func take(_ proof: ForkProof) throws {
        guard let key = try noteVerifier(proof.log), key == proof.key, try proof.isProven() else {
            return refuse("evidence")
        }
        if let known = disk.evidence[proof.log], known.prefix <= proof.prefix { return }
        disk.evidence[proof.log] = proof
        merge.state.noteFork(log: merge.logNumber(proof.log), prefix: proof.prefix)
        try catchUp()
    }

    private func investigate(_ log: Origin, _ leaves: [Digest], _ note: [UInt8]) throws {
        guard let held = disk.logs[log], let key = try noteVerifier(log),
            let proof = try ForkProof(
                log: log, key: key, (held.note, held.leaves), (note, leaves))
        else { return refuse("tree") }
        try take(proof)
    }

    // MARK: Admission

    /// Verifies entries of another organisation's log and stores them under its checkpoint, or stores nothing.
    func admit(
        _ entries: [[UInt8]], of log: Origin, from: UInt64, note: [UInt8], partner: Origin
    ) throws -> [Answer] {
        if log == origin, ownIsComplete {
            refuse("own log")
            return []
        }
        var held = disk.logs[log] ?? HeldLog()
        guard held.size == from else {
            refuse("position")
            return []
        }
        let proof = disk.evidence[log]
        let end = proof.map { min($0.prefix, from + UInt64(entries.count)) }
        if let end, end <= from {
            refuse("forked log")
            return []
        }
        let taken = end.map { Array(entries.prefix(Int($0 - from))) } ?? entries
        var verifier = try verifier(log)
        for (place, entry) in taken.enumerated() {
            do {
                _ = try entry.withUnsafeBytes {
                    try verifier.verify($0, index: from + UInt64(place), with: cose)
                }
            } catch {
                refuse("entry")
                return []
            }
            held.append(entry)
        }
        if let proof {
            // The shared beginning of a forked log needs no checkpoint of its own: both histories prove it.
            guard held.size == proof.prefix, held.root(at: held.size) == proof.root else {
                refuse("not the shared beginning")
                return held.size == proof.prefix ? [(partner, .fetchTree(log))] : []
            }
            held.note = []
        } else {
            guard let key = verifier.logKey,
                let name = try? NoteVerifier(name: logName(log), publicKey: key),
                let checkpoint = try? Checkpoint.open(note, verifier: name, origin: logName(log)),
                checkpoint.size == held.size
            else {
                refuse("checkpoint")
                return []
            }
            guard checkpoint.root == held.root(at: held.size) else {
                refuse("does not extend")
                return from > 0 ? [(partner, .fetchTree(log))] : []
            }
            held.note = note
        }
        disk.logs[log] = held
        keep(verifier, of: log)
        try catchUp()
        return []
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
