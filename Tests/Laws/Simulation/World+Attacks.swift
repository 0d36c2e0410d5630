import AnnotationModel
import Provenance
import Signing
import TransparencyLog

extension World {
    // MARK: Attacks

    func attack(_ number: Int) throws {
        let node = nodes[number]
        let victim = Int.random(in: 0..<nodes.count, using: &random)
        let listener = Int.random(in: 0..<nodes.count, using: &random)
        guard listener != number else { return }
        switch Int.random(in: 0..<9, using: &random) {
        case 6...: try poison(node, listener)
        case 0..<3: try fork(node)
        case 3:
            guard victim != number, !hostile.contains(victim) else { return }
            try forgeEntry(node, victim: nodes[victim], listener)
        case 4: try accuseFalsely(node, victim: nodes[victim], listener)
        default:
            // Whoever is dialled asks what is shown.
            try contact(listener, number)
        }
    }

    /// Asks something of a partner without a contact: nobody takes the answer.
    private func ask(_ request: Message.Request, _ node: SimulatedNode, _ listener: Int) {
        node.requests += 1
        send(.request(node.requests, request), from: node.company.number, to: listener)
    }

    /// Begins another history of its own log, from any entry on, and shows it to some.
    private func fork(_ node: SimulatedNode) throws {
        guard let log = branches[node.origin]?.randomElement(using: &random), log.size > 1,
            branches[node.origin]?.count ?? 0 < 4
        else { return }
        var other = log.prefix(UInt64.random(in: 1..<log.size, using: &random))
        let prefix = other.size
        let signer = node.company.signers[1]
        for _ in 0..<Int.random(in: 1...3, using: &random) {
            let draft = Draft(
                operations: [
                    .governance(.addKey(chain: signer.chain, logKey: nil)),
                    try operation(for: node),
                ], signer: signer, time: clock)
            let (entry, author) = try sign(draft, node.company)
            remember(entry, by: author, node.origin, other.size, draft)
            other.append(entry)
        }
        other.note = try SimulatedNode.checkpoint(of: other, node.company, dataset)
        branches[node.origin]?.append(other)
        let place = (branches[node.origin]?.count ?? 1) - 1
        for partner in nodes where random.oneIn(2) {
            shown[node.origin, default: [:]][partner.origin] = place
        }
        for partner in nodes where random.oneIn(2) {
            try contact(partner.company.number, node.company.number)
        }
        count("forks")
        note("\(node.origin.short) forks its log at \(prefix), history \(place) of \(other.size)")
    }

    /// Entries for another company's log that the company never wrote.
    private func forgeEntry(
        _ node: SimulatedNode, victim: SimulatedNode, _ listener: Int
    ) throws {
        let held = nodes[listener].disk.logs[victim.origin] ?? HeldLog()
        let company = node.company
        var draft = Draft(
            operations: [try operation(for: victim)], signer: company.signers[1], time: clock)
        func introduce() {
            let logKey = held.size == 0 ? company.logKeyBytes : nil
            draft.operations.insert(
                .governance(.addKey(chain: draft.signer.chain, logKey: logKey)), at: 0)
        }
        let entry: [UInt8]
        switch Int.random(in: 0..<5, using: &random) {
        case 0:  // The victim's name, the attacker's certificate.
            introduce()
            entry = try sign(draft, victim.company).entry
        case 1, 2:  // A certificate that another root issued, or one that has ended.
            draft.signer = random.oneIn(2) ? victim.company.forged : victim.company.stale
            introduce()
            entry = try sign(draft, victim.company).entry
        case 3:  // A key of the attacker's under a certificate that the log knows.
            draft.signer = Signer(
                key: company.logKey, certificate: victim.company.signers[1].certificate)
            entry = try sign(draft, victim.company).entry
        default:  // An old signature under something else.
            guard let old = held.entries.last else { return }
            entry = Message.garble(old, &random)
        }
        var log = held
        log.append(entry)
        let name = "\(victim.origin)/\(dataset)"
        let text = Checkpoint(origin: name, size: log.size, root: log.root(at: log.size) ?? .zero)
            .text
        let note = try SignedNote.sign(text, name: name, key: company.logKey)
        count("forgeries")
        ask(
            .push(
                .init(
                    log: victim.origin, from: held.size, entries: [entry],
                    note: random.oneIn(2) ? note : held.note)), node, listener)
    }

    /// Goes on with its own log, under its own checkpoint, with an entry that must not be stored by anybody.
    private func poison(_ node: SimulatedNode, _ listener: Int) throws {
        guard var log = branches[node.origin]?.first, log.size > 0,
            let victim = companies.filter({ $0.origin != node.origin }).randomElement(
                using: &random)
        else { return }
        guard let entry = try poisonedEntry(node, log, victim) else { return }
        log.append(entry)
        log.note = try SimulatedNode.checkpoint(of: log, node.company, dataset)
        let from = log.size - 1
        count("poisoned entries")
        note("\(node.origin.short) offers a poisoned entry \(from)")
        ask(
            .push(
                .init(log: node.origin, from: from, entries: log.entries.suffix(1), note: log.note)),
            node, listener)
    }

    private func poisonedEntry(
        _ node: SimulatedNode, _ log: HeldLog, _ victim: Company
    ) throws -> [UInt8]? {
        let company = node.company
        var draft = Draft(
            operations: [try operation(for: node)], signer: company.signers[1], time: clock)
        func introduce() {
            draft.operations.insert(
                .governance(.addKey(chain: draft.signer.chain, logKey: nil)), at: 0)
        }
        switch Int.random(in: 0..<10, using: &random) {
        case 0:  // Signed by another key than the certificate's.
            draft.signer = Signer(key: company.logKey, certificate: draft.signer.certificate)
            introduce()
        case 1:  // A certificate of another root, or one that has ended.
            draft.signer = random.oneIn(2) ? company.forged : company.stale
            introduce()
        case 2:  // A certificate that the log has never introduced.
            draft.signer = company.forged
        case 3:  // Another company's name.
            introduce()
            return try sign(draft, victim).entry
        case 4:  // Another company's certificate.
            draft.signer = Signer(
                key: company.signers[1].key, certificate: victim.signers[1].certificate)
            introduce()
        case 5:  // Another company's entry, as it stands.
            return node.disk.logs[victim.origin]?.entries.last
        case 6:  // Two equal strings in the table.
            introduce()
            return try withEqualStrings(draft, company)
        case 7:  // A head of its own log, well signed.
            introduce()
            let size = log.size
            draft.heads = [
                try head(
                    node.origin, merged: size, size: size, root: log.root(at: size) ?? .zero,
                    by: company)
            ]
        case 8:  // For another dataset, well signed.
            introduce()
            var builder = try ChangesetBuilder()
            for operation in draft.operations { _ = try builder.append(operation) }
            return try SimulatedNode.sign(
                try builder.payload(), issuer: company.origin,
                dataset: try DatasetID("\(dataset.owner)/others"), by: draft.signer, at: draft.time)
        default:  // Merged of a log: nothing, or more than it signed.
            introduce()
            let merged = UInt64(random.oneIn(2) ? 0 : 3)
            draft.heads = [
                try head(victim.origin, merged: merged, size: 2, root: .zero, by: company)
            ]
        }
        return try sign(draft, company).entry
    }

    /// An entry whose table holds one string twice: a program that builds payloads itself can make it.
    private func withEqualStrings(_ draft: Draft, _ company: Company) throws -> [UInt8] {
        var builder = try ChangesetBuilder()
        let twins: [Operation] = ["twin-a", "twin-b"].map {
            .commentItem(key: $0, text: "one of two")
        }
        for operation in draft.operations + twins { _ = try builder.append(operation) }
        var payload = try builder.payload()
        let (one, other) = (Array("twin-a".utf8), Array("twin-b".utf8))
        for start in 0...(payload.count - other.count)
        where Array(payload[start..<(start + other.count)]) == other {
            payload.replaceSubrange(start..<(start + other.count), with: one)
        }
        count("entries with equal strings")
        return try sign(payload, company, draft)
    }

    /// Evidence against somebody that is none.
    private func accuseFalsely(
        _ node: SimulatedNode, victim: SimulatedNode, _ listener: Int
    ) throws {
        guard let log = nodes[listener].disk.logs[victim.origin], log.size > 0 else { return }
        var leaves = log.leaves
        leaves[Int.random(in: 0..<leaves.count, using: &random)] = .zero
        var hasher = TreeHasher()
        let name = "\(victim.origin)/\(dataset)"
        let text = Checkpoint(origin: name, size: log.size, root: hasher.root(leaves)).text
        let note = try SignedNote.sign(text, name: name, key: node.company.logKey)
        count("false evidence")
        let own = try NoteVerifier(name: name, publicKey: node.company.logKeyBytes)
        var mine = log
        mine.note = try SignedNote.sign(
            Checkpoint(origin: name, size: log.size, root: log.root(at: log.size) ?? .zero).text,
            name: name, key: node.company.logKey)
        if let proof = ForkProof(
            log: victim.origin, key: own, (mine.note, mine.leaves), (note, leaves))
        {
            ask(.take([proof]), node, listener)
        }
    }
}
