import AnnotationModel
import Provenance
import Signing
import TransparencyLog

extension World {
    /// The steward's first entry: the dataset and its members, some of whom join later.
    func found() throws {
        var acts: [GovernanceAct] = [.defineDataset(title: "Boards", schema: "{}")]
        for company in companies.dropFirst() where !random.oneIn(8) {
            let role = Role.allCases[random.oneIn(8) ? 0 : 1]
            acts.append(
                .setMember(
                    company.origin, role: random.oneIn(3) ? .reviewer : role, roots: [],
                    logKey: random.oneIn(3) ? nil : company.logKeyBytes, fromIndex: 0))
        }
        for ghost in ghosts where random.oneIn(2) {
            acts.append(
                .setMember(
                    ghost.origin, role: .annotator, roots: [], logKey: ghost.logKeyBytes,
                    fromIndex: 0))
        }
        try append(0, acts.map { .governance($0) })
        // The dataset is made known before anything can go wrong.
        for number in 1..<nodes.count { try contact(number, 0) }
        while !queue.isEmpty {
            let (from, to, message) = queue.removeFirst()
            try receive(message, from: from, to: to)
        }
    }

    /// An ordinary write of an honest company, or any write of a hostile one.
    func write(_ number: Int) throws {
        let node = nodes[number]
        if hostile.contains(number) { return try writeAsEnemy(number) }
        guard node.mayWrite, node.state.membership.isDefined else { return }
        var operations: [Operation] = []
        if random.oneIn(10) { operations.append(.governance(memberAct(node))) }
        operations += try (0..<Int.random(in: 1...3, using: &random)).map { _ in
            try operation(for: node)
        }
        try append(number, operations)
    }

    /// Signs operations into a company's own log; the first entry of a log, or of a new key, introduces it.
    func append(_ number: Int, _ operations: [Operation]) throws {
        let node = nodes[number]
        let company = node.company
        // A key is changed before it ends.
        if !company.signers[node.disk.signer].isValid(at: clock + 3_600) || random.oneIn(15) {
            node.disk.signer = 1
        }
        let before = node.actsBeforeWriting(at: clock)
        let draft = Draft(
            operations: before.acts.map { .governance($0) } + operations,
            heads: try node.headsToCite(naming: before.named).map { cited($0) },
            signer: company.signers[node.disk.signer], time: clock)
        let (entry, author) = try sign(draft, company)
        // A node may stop between signing and storing: nobody has seen the entry then.
        if !hostile.contains(number), random.oneIn(25) {
            note("\(node.origin.short) crashes before entry \(node.ownSize) is durable")
            return try restart(node)
        }
        note(
            "\(node.origin.short) writes entry \(node.ownSize): \(draft.operations.map(\.short)), "
                + "cites \(draft.heads.map(\.short))")
        let leaf = remember(entry, by: author, node.origin, node.ownSize, draft)
        if !hostile.contains(number) {
            guard canonical[node.origin, default: []].count == Int(node.ownSize) else {
                throw LawFailure(
                    "\(node.origin) writes at \(node.ownSize) and forks its own log, which has "
                        + "\(canonical[node.origin]?.count ?? 0) entries")
            }
            canonical[node.origin, default: []].append(leaf)
        }
        try node.append(entry)
        if hostile.contains(number), let log = node.disk.logs[node.origin] {
            if branches[node.origin, default: []].isEmpty {
                branches[node.origin] = [log]
            } else {
                branches[node.origin]?[0] = log
            }
        } else {
            try checkStep(node)
        }
    }

    /// Lets an honest steward say which log keys its members have, as soon as it knows.
    func nameLogKeys() throws {
        let steward = nodes[0]
        if hostile.contains(0) || !steward.mayWrite || !steward.hasKeysToName { return }
        count("log keys named late")
        try append(0, [])
    }

    /// Something to say about an item or an annotation that the node knows; now and then an unknown one.
    func operation(for node: SimulatedNode) throws -> Operation {
        let item = "board-\(Int.random(in: 0..<4, using: &random)).png"
        let className = ["open", "short", "spur"][Int.random(in: 0..<3, using: &random)]
        let box = Selector.box(
            .init(x: Double(Int.random(in: 0..<900, using: &random)), y: 4, width: 3, height: 5))
        if random.oneIn(7) {
            let fields: [Field: FieldValue] =
                switch Int.random(in: 0..<4, using: &random) {
                case 0: [.known(.examined): .bool(true)]
                case 1: [.known(.group): .null, .attribute("line"): .text(className)]
                case 2: [.attribute("line"): .text(className)]
                default: [.known(.group): .text(className)]
                }
            return .setItem(key: item, fields: fields)
        }
        let known = targets.filter {
            random.oneIn(25)
                || $0.id.slot.entry < node.state.progress($0.id.origin)?.applied ?? 0
        }
        guard !random.oneIn(3), let target = known.suffix(12).randomElement(using: &random) else {
            return .addAnnotation(
                item: item, className: className, selector: box,
                fields: random.oneIn(3) ? [.attribute("severity"): .text(className)] : [:])
        }
        if target.isChange {
            return .review(target.id, random.oneIn(3) ? .reject : .accept, reason: nil)
        }
        switch Int.random(in: 0..<6, using: &random) {
        case 0: return .set(target.id, [.field(.known(.status), .integer(1))])
        case 1: return .set(target.id, [.selector(box)])
        case 2: return .review(target.id, .reject, reason: className)
        case 3: return .comment(target.id, text: className)
        case 4: return .set(target.id, [.className(className)])
        default: return .set(target.id, [.field(.attribute("severity"), .text(className))])
        }
    }

    /// An act about a member's own log.
    private func memberAct(_ node: SimulatedNode) -> GovernanceAct {
        let number = node.state.number(node.origin) ?? 0
        switch Int.random(in: 0..<4, using: &random) {
        case 0 where node.disk.signer == 1 && node.state.keys(of: number).count == 2:
            // The old key signs nothing more from here on.
            return .retireKey(
                fingerprint: node.company.signers[0].fingerprint.bytes, index: node.ownSize)
        case 1: return .setAudience(random.oneIn(2) ? [] : someMembers())
        default:
            return .addWitness(key: node.company.witness.verifier.publicKey)
        }
    }

    func someMembers() -> [Origin] {
        let chosen = companies.filter { _ in random.oneIn(2) }.map(\.origin)
        return chosen.isEmpty ? [companies[0].origin] : chosen
    }

    /// What an honest steward does about members, keys and rules.
    func govern() throws {
        let node = nodes[0]
        guard node.mayWrite, nodes.count > 1 else { return }
        try append(0, [.governance(stewardsAct(node))])
    }

    /// Any act of a steward; in the name of a member it is one that must not count.
    func stewardsAct(_ node: SimulatedNode) -> GovernanceAct {
        let all = companies.dropFirst() + ghosts
        let known = all.filter { node.disk.logs[$0.origin] != nil }
        let pool = known.isEmpty || random.oneIn(4) ? Array(all) : known
        let member = pool[Int.random(in: 0..<pool.count, using: &random)]
        let held = node.disk.logs[member.origin]?.size ?? 0
        let index = UInt64.random(in: 0...held, using: &random)
        let members = node.state.membership.members
        if random.oneIn(3),
            let newcomer = all.filter({ members[$0.origin] == nil }).randomElement(using: &random)
        {
            let from = random.oneIn(3) ? UInt64.random(in: 1...3, using: &random) : 0
            return admission(of: newcomer, as: .annotator, from: from, by: node)
        }
        switch Int.random(in: 0..<10, using: &random) {
        case 0..<2: return .cutLog(member.origin, index: index)
        case 2..<5 where mayGiveBack(member, members):
            let role = Role.allCases[Int.random(in: 0..<3, using: &random)]
            return admission(of: member, as: role, from: index, by: node)
        case 5: return .setPolicy(random.oneIn(2) ? "owner-decides" : "role-rank")
        case 6: return retirement(member, at: index, by: node)
        case 7:
            let heir = companies[Int.random(in: 0..<companies.count, using: &random)].origin
            return heir == member.origin
                ? .setSchema("{}") : .succeedLog(member.origin, successor: heir)
        case 9 where mayGiveBack(member, members):
            return admission(of: member, as: .reviewer, from: index, by: node)
        default: return .setWitnessPolicy(threshold: 1, witnesses: [])
        }
    }

    private func mayGiveBack(
        _ company: Company, _ members: [Origin: Membership.Member]
    ) -> Bool { !isStrict || members[company.origin] == nil }

    private func admission(
        of company: Company, as role: Role, from index: UInt64, by node: SimulatedNode
    ) -> GovernanceAct {
        var key = random.oneIn(2) ? nil : company.logKeyBytes
        // A hostile steward may name a key that is not the log's.
        if hostile.contains(node.company.number), random.oneIn(6) {
            key = node.company.logKeyBytes
        }
        return .setMember(company.origin, role: role, roots: [], logKey: key, fromIndex: index)
    }

    private func retirement(
        _ member: Company, at index: UInt64, by node: SimulatedNode
    ) -> GovernanceAct {
        let number = min(member.number, nodes.count - 1)
        let used = nodes[number].disk.signer
        let key = member.signers[random.oneIn(4) ? 1 - used : used].fingerprint
        let known = node.state.number(member.origin).flatMap { node.state.keys(of: $0)[key] }
        if isStrict, known?.retiredAt != nil || known == nil { return .setSchema("{}") }
        return .retireKey(fingerprint: key.bytes, index: index)
    }
}

extension Operation {
    /// The kind and the target, for traces.
    var short: String {
        switch self {
        case .addItem(let key, _): "item \(key)"
        case .addAnnotation(let item, _, _, _): "label \(item)"
        case .set(let id, _): "set \(id)"
        case .setItem(let key, _): "set \(key)"
        case .review(let id, let verdict, _): "\(verdict.name) \(id)"
        case .comment(let id, _): "comment \(id)"
        case .commentItem(let key, _): "comment \(key)"
        case .governance(.addKey): "addKey"
        case .governance(let act): "\(act)"
        }
    }
}
