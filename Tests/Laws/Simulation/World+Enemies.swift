import AnnotationModel
import Provenance
import Signing
import TransparencyLog

extension World {
    // MARK: What hostile companies sign in their own logs

    /// A write of a hostile company: any of its histories, any context, any of its keys, any time.
    func writeAsEnemy(_ number: Int) throws {
        let node = nodes[number]
        guard node.state.membership.isDefined else { return }
        guard let log = branches[node.origin]?.randomElement(using: &random), log.size > 0 else {
            return try append(number, [try operation(for: node)])
        }
        if random.oneIn(3) {
            if node.disk.logs[node.origin]?.leaves == log.leaves {
                try append(number, [try operation(for: node)])
            }
            return
        }
        let place = branches[node.origin]?.firstIndex { $0.leaves == log.leaves } ?? 0
        var draft = Draft(
            operations: [try operation(for: node)],
            heads: random.oneIn(2) ? try node.headsToCite().map { cited($0) } : [],
            signer: node.company.signers[Int.random(in: 0...1, using: &random)], time: clock)
        let kind = Int.random(in: 0..<12, using: &random)
        var repeats = 1
        switch kind {
        case 0..<3: draft.heads = try falseHeads(node)
        case 3: draft.time = CompanyPool.start + 60  // Backdated: as if it were old.
        case 4: draft.time = node.company.signers[0].certificate.notAfter + 10
        case 5 where companies.count > 1:  // A member that plays the steward.
            draft.operations.insert(.governance(stewardsAct(node)), at: 0)
        case 6: repeats = Int.random(in: 8...20, using: &random)  // A flood.
        case 7: draft.signer = node.company.signers[0]
        case 8...9: draft.operations = try hostileActs(node, log.size) + draft.operations
        case 10: try forget(node, &draft)
        default: break
        }
        note(
            "\(node.origin.short) (hostile, kind \(kind)) writes \(repeats) at \(log.size) of history "
                + "\(place), cites \(draft.heads.map(\.short))")
        count("hostile writes")
        try extend(place, of: node, with: draft, times: repeats)
    }

    /// Adds entries to one of a hostile company's histories.
    private func extend(
        _ place: Int, of node: SimulatedNode, with first: Draft, times: Int
    ) throws {
        guard var log = branches[node.origin]?[place] else { return }
        var draft = first
        if !introduces(log, draft.signer) {
            draft.operations.insert(
                .governance(.addKey(chain: draft.signer.chain, logKey: nil)), at: 0)
        }
        for _ in 0..<times {
            let (entry, author) = try sign(draft, node.company)
            remember(entry, by: author, node.origin, log.size, draft)
            log.append(entry)
            log.note = try SimulatedNode.checkpoint(of: log, node.company, dataset)
            let isAboutAudience = draft.operations.contains {
                if case .governance(.setAudience) = $0 { true } else { false }
            }
            // Without a checkpoint behind the act the excluded are served as much more as comes under one.
            if isAboutAudience, !random.oneIn(4) { log.bounds[log.size] = log.note }
            draft.heads = []
            draft.operations = [try operation(for: node)]
        }
        branches[node.origin]?[place] = log
        if place == 0 {
            node.disk.logs[node.origin] = log
            try node.catchUp()
        }
    }

    private func introduces(_ log: HeldLog, _ signer: Signer) -> Bool {
        log.leaves.contains { leaf in
            written[leaf]?.operations.contains { operation in
                guard case .governance(.addKey(let chain, _)) = operation else { return false }
                return chain == signer.chain
            } ?? false
        }
    }

    /// Acts with which a member can hope to harm: narrowed audiences, keys retired twice, more than its share.
    private func hostileActs(_ node: SimulatedNode, _ size: UInt64) throws -> [Operation] {
        let signers = node.company.signers
        let acts: [GovernanceAct]
        switch Int.random(in: 0..<6, using: &random) {
        case 0: acts = (0..<18).map { _ in .addWitness(key: someBytes(32)) }
        case 1 where !isStrict:  // The last two are too many.
            acts = (0..<34).map { _ in .setAudience(random.oneIn(3) ? [] : someMembers()) }
        case 2:
            let key = signers[Int.random(in: 0...1, using: &random)].fingerprint.bytes
            acts = (0..<2).map { _ in
                let from = isStrict ? size + 1 : UInt64.random(in: 0...(size + 2), using: &random)
                return .retireKey(fingerprint: key, index: from)
            }
        case 3...4 where !isStrict: acts = [.setAudience(someMembers())]
        default: acts = [.setAudience([])]
        }
        count("hostile acts")
        return acts.map { .governance($0) }
    }

    private func someBytes(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
    }

    /// Two companies that play together: one signs what it never delivers and keeps somebody out, who then does
    /// not wait for it; the other cites it.
    func collude(_ node: SimulatedNode) throws {
        let partners = nodes.filter {
            hostile.contains($0.company.number) && $0.origin != node.origin
                && branches[$0.origin]?.first?.size ?? 0 > 0
        }
        guard let partner = partners.randomElement(using: &random),
            branches[node.origin]?.isEmpty == false
        else { return }
        guard let victim = honest.filter({ $0.company.number > 0 }).randomElement(using: &random)
        else { return }
        let readers = companies.map(\.origin).filter { $0 != victim.origin }
        let narrowing = Operation.governance(.setAudience(isStrict ? [] : readers))
        let signer = partner.company.signers[1]
        let acts = [narrowing, try operation(for: partner)]
        try extend(
            0, of: partner, with: Draft(operations: acts, signer: signer, time: clock), times: 1)
        let size = (partner.disk.logs[partner.origin]?.size ?? 0) + 5
        let lie = try head(
            partner.origin, merged: size, size: size, root: Digest(repeating: 8),
            by: partner.company)
        let heads = try node.headsToCite().map { cited($0) }.filter {
            $0.head.origin != partner.origin
        }
        let draft = Draft(
            operations: [try operation(for: node)], heads: heads + [lie],
            signer: node.company.signers[1], time: clock)
        try extend(0, of: node, with: draft, times: 1)
        count("collusions")
        note("\(node.origin.short) cites \(size) of \(partner.origin.short), which keeps them")
        for liar in [partner, node] {
            try contact(liar.company.number, victim.company.number)
            try contact(victim.company.number, liar.company.number)
        }
    }

    // MARK: False heads

    /// Cites less than before of a log, and speaks of what lies between: once merged, always merged.
    private func forget(_ node: SimulatedNode, _ draft: inout Draft) throws {
        let cited = node.state.progress(node.origin)?.cited ?? [:]
        let known = targets.filter { target in
            guard target.id.slot.entry > 0, let number = node.state.number(target.id.origin),
                number != node.state.number(node.origin)
            else { return false }
            return target.id.slot.entry < cited[number] ?? 0
        }
        guard let target = known.randomElement(using: &random),
            let log = node.disk.logs[target.id.origin], let root = log.root(at: 1),
            let victim = companies.first(where: { $0.origin == target.id.origin })
        else { return }
        draft.heads.removeAll { $0.head.origin == victim.origin }
        draft.heads.append(try head(victim.origin, merged: 1, size: 1, root: root, by: victim))
        draft.operations = [.comment(target.id, text: "once merged")]
        count("heads below what was cited")
    }

    /// Heads that lie in one way or another, with the signatures of whoever colludes.
    private func falseHeads(_ node: SimulatedNode) throws -> [Cited] {
        let others = (companies + ghosts).filter { $0.origin != node.origin }
        guard let victim = others.randomElement(using: &random) else { return [] }
        var heads = try node.headsToCite().map { cited($0) }.filter {
            $0.head.origin != victim.origin
        }
        if random.oneIn(6) { heads.removeAll { $0.head.origin == dataset.owner } }
        guard let lie = try falseHead(of: victim, by: node) else { return heads }
        count("false heads")
        // The newest entry of a log without what that entry had merged.
        if random.oneIn(5) { heads.removeAll { $0.head.origin != dataset.owner } }
        return heads + [lie]
    }

    private func falseHead(of victim: Company, by node: SimulatedNode) throws -> Cited? {
        let log = node.disk.logs[victim.origin] ?? HeldLog()
        let colludes =
            victim.number >= nodes.count || hostile.contains(victim.number) && !random.oneIn(8)
        let signer = colludes ? victim : node.company
        let size = log.size
        let wrong = Digest(repeating: 9)
        switch Int.random(in: 0..<8, using: &random) {
        case 0 where size > 0:  // A root that was once a sentinel.
            return try head(victim.origin, merged: size, size: size, root: .zero, by: signer)
        case 1 where size > 0:  // Less than was cited before, as the log once signed it.
            return try head(
                victim.origin, merged: 1, size: 1, root: log.root(at: 1) ?? .zero, by: victim)
        case 2 where size > 0:  // A foreign signature, or none.
            return try head(
                victim.origin, merged: size, size: size, root: log.root(at: size) ?? .zero,
                by: random.oneIn(2) ? node.company : nil)
        case 3 where size > 0:  // A true head, part of which was merged.
            let merged = UInt64.random(in: 1...size, using: &random)
            return try head(
                victim.origin, merged: merged, size: size, root: log.root(at: size) ?? .zero,
                by: victim)
        case 4:  // Somebody whom the steward never named.
            return try head(
                try Origin("nobody.example"), merged: 1, size: 1, root: wrong, by: node.company)
        default:  // What was never delivered, signed by whoever was to deliver it.
            let more = random.oneIn(2) ? UInt64.random(in: 1...3, using: &random) : 1 << 30
            count("heads of what is withheld", colludes ? 1 : 0)
            return try head(
                victim.origin, merged: random.oneIn(2) ? 1 : size + more, size: size + more,
                root: wrong, by: signer)
        }
    }

    // MARK: Answering

    /// Lets a hostile company go by the history of its log that it shows to a partner.
    func chooseHistory(_ node: SimulatedNode, for partner: Origin) {
        let place = shown[node.origin]?[partner] ?? 0
        let all = branches[node.origin] ?? []
        node.showing[partner] = place < all.count ? all[place] : nil
    }

    /// What a hostile company answers in the place of the truth.
    func lie(
        _ answer: Message.Answer, _ node: SimulatedNode, to partner: Origin
    ) throws -> Message.Answer {
        switch answer {
        case .logs(var offers, let rest):
            // Withholds some logs.
            if random.oneIn(6) { offers.removeAll { _ in random.oneIn(2) } }
            if random.oneIn(12) { try showOldHead(&offers, node) }
            if random.oneIn(10) { try showFalseHead(&offers, node) }
            return .logs(offers, rest: random.oneIn(40) ? 0 : rest)
        case .evidence(let proofs): return .evidence(random.oneIn(4) ? [] : proofs)
        case .tree(var leaves, let note) where random.oneIn(4) && !leaves.isEmpty:
            count("false trees")
            leaves[Int.random(in: 0..<leaves.count, using: &random)] = .zero
            return .tree(leaves: leaves, note: note)
        case .held(let size, let isComplete) where random.oneIn(8):
            return .held(
                size: size.map { _ in UInt64.random(in: 0...9, using: &random) },
                isComplete: isComplete)
        case .taken, .stopped, .refused:
            return random.oneIn(8) ? (random.oneIn(2) ? .stopped : .refused) : answer
        default: return answer
        }
    }

    /// Old heads again: a history that was longer before.
    private func showOldHead(_ offers: inout [Message.Offer], _ node: SimulatedNode) throws {
        guard let place = offers.firstIndex(where: { $0.log == node.origin }),
            let log = branches[node.origin]?.first, log.size > 1
        else { return }
        let old = log.prefix(UInt64.random(in: 1..<log.size, using: &random))
        count("replays")
        offers[place] = .init(
            log: node.origin, size: old.size,
            note: try SimulatedNode.checkpoint(of: old, node.company, dataset))
    }

    /// Another company's log under a root that it never had, and under whatever signature there is.
    private func showFalseHead(_ offers: inout [Message.Offer], _ node: SimulatedNode) throws {
        let others = offers.indices.filter { offers[$0].log != node.origin }
        guard let place = others.randomElement(using: &random) else { return }
        count("false offers")
        let name = "\(offers[place].log)/\(dataset)"
        let text = Checkpoint(
            origin: name, size: offers[place].size, root: Digest(repeating: 7)
        ).text
        offers[place].note = try SignedNote.sign(text, name: name, key: node.company.logKey)
    }
}
