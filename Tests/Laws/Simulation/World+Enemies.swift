import AnnotationModel
import Provenance
import Signing
import TransparencyLog

extension World {
    // MARK: What hostile companies sign in their own logs

    /// A write of a hostile company: any of its histories, any context, any of its keys, any time.
    func writeAsEnemy(_ number: Int) throws {
        let node = nodes[number]
        let company = node.company
        guard node.state.membership.isDefined else { return }
        guard var log = branches[node.origin]?.randomElement(using: &random), log.size > 0 else {
            return try append(number, [try operation(for: node)])
        }
        if random.oneIn(3) {
            if node.disk.logs[node.origin]?.leaves == log.leaves {
                try append(number, [try operation(for: node)])
            }
            return
        }
        let place = branches[node.origin]?.firstIndex { $0.leaves == log.leaves } ?? 0
        var operations = try [operation(for: node)]
        var heads = random.oneIn(2) ? node.headsToCite() : []
        var time = clock
        var signer = company.signers[Int.random(in: 0...1, using: &random)]
        var repeats = 1
        let kind = Int.random(in: 0..<7, using: &random)
        switch kind {
        case 0: heads = falseHeads(node)
        case 1: time = CompanyPool.start + 60  // Backdated: as if it were old.
        case 2: time = company.signers[0].certificate.notAfter + 10
        case 3 where companies.count > 1:  // A member that plays the steward.
            operations.insert(.governance(stewardsAct(node)), at: 0)
        case 4: repeats = Int.random(in: 8...20, using: &random)  // A flood.
        case 5: signer = company.signers[0]
        default: break
        }
        let introduced = log.entries.contains { entry in
            written[SHA256Hasher.hash([0] + entry)]?.operations.contains(
                .governance(.addKey(chain: signer.chain, logKey: nil))) ?? false
                || written[SHA256Hasher.hash([0] + entry)]?.operations.contains(
                    .governance(.addKey(chain: signer.chain, logKey: company.logKeyBytes))) ?? false
        }
        if !introduced {
            operations.insert(.governance(.addKey(chain: signer.chain, logKey: nil)), at: 0)
        }
        note(
            "\(node.origin.short) (hostile, kind \(kind)) writes \(repeats) at \(log.size) of history \(place)"
        )
        count("hostile writes")
        for _ in 0..<repeats {
            let entry = try sign(operations, heads, company, by: signer, at: time)
            remember(entry, node.origin, log.size, time, signer, heads, operations)
            log.append(entry)
            heads = []
            operations = [try operation(for: node)]
        }
        log.note = try SimulatedNode.checkpoint(of: log, company, dataset)
        branches[node.origin]?[place] = log
        if place == 0 {
            node.disk.logs[node.origin] = log
            try node.catchUp()
        }
    }

    /// Heads that are false, shrink, reach into the future, or leave out what they ought to hold.
    private func falseHeads(_ node: SimulatedNode) -> [Head] {
        let others = nodes.filter { $0.origin != node.origin }
        guard let victim = others.randomElement(using: &random),
            let log = node.disk.logs[victim.origin], log.size > 0
        else { return [] }
        switch Int.random(in: 0..<4, using: &random) {
        case 0: return [Head(origin: victim.origin, size: log.size, root: Digest.zero.bytes)]
        case 1:
            return [
                Head(origin: victim.origin, size: 1, root: log.root(at: 1)?.bytes ?? [])
            ]
        case 2:
            return [
                Head(
                    origin: victim.origin, size: log.size + 2,
                    root: [UInt8](repeating: 9, count: 32))
            ]
        default:
            return [
                Head(
                    origin: victim.origin, size: log.size, root: log.root(at: log.size)?.bytes ?? []
                )
            ]
        }
    }

    // MARK: Attacks

    func attack(_ number: Int) throws {
        let node = nodes[number]
        let victim = Int.random(in: 0..<nodes.count, using: &random)
        let listener = Int.random(in: 0..<nodes.count, using: &random)
        guard listener != number else { return }
        switch Int.random(in: 0..<8, using: &random) {
        case 6...: try poison(node, listener)
        case 0..<3: try fork(node)
        case 3:
            guard victim != number, !hostile.contains(victim) else { return }
            try forgeEntry(node, victim: nodes[victim], listener)
        case 4: try accuseFalsely(node, victim: nodes[victim], listener)
        default:
            // Old heads again: a history that was longer before.
            guard let log = branches[node.origin]?.first, log.size > 1 else { return }
            var old = log.prefix(UInt64.random(in: 1..<log.size, using: &random))
            old.note = try SimulatedNode.checkpoint(of: old, node.company, dataset)
            count("replays")
            send(
                .offers(
                    [.init(log: node.origin, size: old.size, note: old.note)], evidence: []),
                from: number, to: listener)
        }
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
            let operations: [Operation] = [
                .governance(.addKey(chain: signer.chain, logKey: nil)), try operation(for: node),
            ]
            let entry = try sign(operations, [], node.company, by: signer, at: clock)
            remember(entry, node.origin, other.size, clock, signer, [], operations)
            other.append(entry)
        }
        other.note = try SimulatedNode.checkpoint(of: other, node.company, dataset)
        branches[node.origin]?.append(other)
        let place = (branches[node.origin]?.count ?? 1) - 1
        for partner in nodes where random.oneIn(2) {
            shown[node.origin, default: [:]][partner.origin] = place
        }
        for partner in nodes where random.oneIn(2) {
            contact(partner.company.number, node.company.number)
        }
        count("forks")
        note("\(node.origin.short) forks its log at \(prefix), history \(place) of \(other.size)")
    }

    /// Entries for another company's log that the company never wrote.
    private func forgeEntry(
        _ node: SimulatedNode, victim: SimulatedNode, _ listener: Int
    ) throws {
        let held = nodes[listener].disk.logs[victim.origin] ?? HeldLog()
        var operations = try [operation(for: victim)]
        let entry: [UInt8]
        switch Int.random(in: 0..<5, using: &random) {
        case 0:  // The victim's name, the attacker's certificate.
            operations.insert(
                .governance(
                    .addKey(
                        chain: node.company.signers[1].chain,
                        logKey: held.size == 0 ? node.company.logKeyBytes : nil)), at: 0)
            entry = try sign(operations, [], victim.company, by: node.company.signers[1], at: clock)
        case 1, 2:  // A certificate that another root issued, or one that has ended.
            let signer = random.oneIn(2) ? victim.company.forged : victim.company.stale
            operations.insert(
                .governance(
                    .addKey(
                        chain: signer.chain,
                        logKey: held.size == 0 ? node.company.logKeyBytes : nil)), at: 0)
            entry = try sign(operations, [], victim.company, by: signer, at: clock)
        case 3:  // A key of the attacker's under a certificate that the log knows.
            let signer = Signer(
                key: node.company.logKey, certificate: victim.company.signers[1].certificate)
            entry = try sign(operations, [], victim.company, by: signer, at: clock)
        default:  // An old signature under something else.
            guard let old = held.entries.last else { return }
            entry = Message.garble(old, &random)
        }
        var log = held
        log.append(entry)
        let name = "\(victim.origin)/\(dataset)"
        let text = Checkpoint(origin: name, size: log.size, root: log.root(at: log.size) ?? .zero)
            .text
        let note = try SignedNote.sign(text, name: name, key: node.company.logKey)
        count("forgeries")
        send(
            .entries(
                victim.origin, from: held.size, [entry], note: random.oneIn(2) ? note : held.note),
            from: node.company.number, to: listener)
    }

    /// Goes on with its own log, under its own checkpoint, with an entry that must not be stored by anybody.
    private func poison(_ node: SimulatedNode, _ listener: Int) throws {
        guard var log = branches[node.origin]?.first, log.size > 0,
            let victim = companies.filter({ $0.origin != node.origin }).randomElement(
                using: &random)
        else { return }
        let company = node.company
        var operations = try [operation(for: node)]
        var signer = company.signers[1]
        var claimed = company
        func introduce() {
            operations.insert(.governance(.addKey(chain: signer.chain, logKey: nil)), at: 0)
        }
        switch Int.random(in: 0..<6, using: &random) {
        case 0:  // Signed by another key than the certificate's.
            signer = Signer(key: company.logKey, certificate: signer.certificate)
            introduce()
        case 1:  // A certificate of another root, or one that has ended.
            signer = random.oneIn(2) ? company.forged : company.stale
            introduce()
        case 2:  // A certificate that the log has never introduced.
            signer = company.forged
        case 3:  // Another company's name.
            claimed = victim
            introduce()
        case 4:  // Another company's certificate.
            signer = Signer(
                key: company.signers[1].key, certificate: victim.signers[1].certificate)
            introduce()
        default:  // Another company's entry, as it stands.
            guard let entry = node.disk.logs[victim.origin]?.entries.last else { return }
            log.append(entry)
        }
        if log.size == branches[node.origin]?.first?.size {
            log.append(try sign(operations, [], claimed, by: signer, at: clock))
        }
        log.note = try SimulatedNode.checkpoint(of: log, company, dataset)
        let from = log.size - 1
        count("poisoned entries")
        note("\(node.origin.short) offers a poisoned entry \(from)")
        send(
            .entries(node.origin, from: from, log.entries.suffix(1), note: log.note),
            from: company.number, to: listener)
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
        send(
            .tree(victim.origin, leaves: leaves, note: random.oneIn(2) ? note : log.note),
            from: node.company.number, to: listener)
        let own = try NoteVerifier(name: name, publicKey: node.company.logKeyBytes)
        var mine = log
        mine.note = try SignedNote.sign(
            Checkpoint(origin: name, size: log.size, root: log.root(at: log.size) ?? .zero).text,
            name: name, key: node.company.logKey)
        if let proof = ForkProof(
            log: victim.origin, key: own, (mine.note, mine.leaves), (note, leaves))
        {
            send(.hello(evidence: [proof]), from: node.company.number, to: listener)
        }
    }

    // MARK: Answering

    /// A hostile node takes what it gets, and answers with the history that it shows to this partner, or not.
    func receiveAsEnemy(_ message: Message, from: Int, to: Int) throws {
        let node = nodes[to]
        let partner = nodes[from].origin
        if case .entries(let log, _, _, _) = message, log == node.origin { return }
        if case .tree = message { return }
        let main = node.disk.logs[node.origin]
        let place = shown[node.origin]?[partner] ?? 0
        if let all = branches[node.origin], place < all.count {
            node.disk.logs[node.origin] = all[place]
        }
        defer { node.disk.logs[node.origin] = main }
        var isQuestion = false
        switch message {
        case .hello, .fetch, .fetchTree: isQuestion = true
        default: break
        }
        if !isQuestion { node.disk.logs[node.origin] = main }
        // What others can prove of it is nothing that it would act upon.
        var heard = message
        if case .hello = message { heard = .hello(evidence: []) }
        if case .offers(let offers, _) = message { heard = .offers(offers, evidence: []) }
        let answers = try node.receive(heard, from: partner, at: clock)
        for (receiver, answer) in answers {
            guard let number = number(receiver), !random.oneIn(6) else { continue }
            if case .offers(let offers, let evidence) = answer, random.oneIn(4) {
                // Withholds some logs, and the evidence.
                let some = offers.filter { _ in random.oneIn(2) }
                send(.offers(some, evidence: random.oneIn(2) ? evidence : []), from: to, to: number)
            } else {
                send(answer, from: to, to: number)
            }
        }
    }
}
