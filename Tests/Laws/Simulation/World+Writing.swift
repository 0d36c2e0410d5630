import AnnotationModel
import Provenance
import Signing
import TransparencyLog

extension World {
    /// The steward's first entry: the dataset and its members.
    func found() throws {
        var acts: [GovernanceAct] = [.defineDataset(title: "Boards", schema: "{}")]
        for company in companies.dropFirst() {
            let role = Role.allCases[Int.random(in: 0..<8, using: &random) == 0 ? 0 : 1]
            acts.append(
                .setMember(
                    company.origin, role: random.oneIn(3) ? .reviewer : role, roots: [],
                    fromIndex: 0))
        }
        try append(0, acts.map { .governance($0) })
        // The dataset is made known before anything can go wrong.
        for number in 1..<nodes.count { contact(number, 0) }
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
        var acts: [Operation] = []
        // A key is changed before it ends.
        if !company.signers[node.disk.signer].isValid(at: clock + 3_600) || random.oneIn(15) {
            node.disk.signer = 1
        }
        let signer = company.signers[node.disk.signer]
        let known = node.state.progress(node.origin)?.keys[signer.fingerprint] != nil
        if !known {
            let isFirst = node.ownSize == 0
            acts.append(
                .governance(
                    .addKey(chain: signer.chain, logKey: isFirst ? company.logKeyBytes : nil)))
        }
        let heads = node.headsToCite()
        let all = acts + operations
        let entry = try sign(all, heads, company, by: signer, at: clock)
        // A node may stop between signing and storing: nobody has seen the entry then.
        if !hostile.contains(number), random.oneIn(25) {
            note("\(node.origin.short) crashes before entry \(node.ownSize) is durable")
            return try node.restart()
        }
        note("\(node.origin.short) writes entry \(node.ownSize): \(all.map(\.short))")
        let leaf = remember(entry, node.origin, node.ownSize, clock, signer, heads, all)
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

    func sign(
        _ operations: [Operation], _ heads: [Head], _ company: Company, by signer: Signer,
        at time: Int64
    ) throws -> [UInt8] {
        var builder = try ChangesetBuilder(author: random.oneIn(3) ? "ann" : nil)
        for operation in operations { _ = try builder.append(operation) }
        return try SimulatedNode.sign(
            try builder.payload(heads: heads), issuer: company.origin, dataset: dataset, by: signer,
            at: time)
    }

    /// Notes down what was written, for the oracle.
    @discardableResult
    func remember(
        _ entry: [UInt8], _ origin: Origin, _ index: UInt64, _ time: Int64, _ signer: Signer,
        _ heads: [Head], _ operations: [Operation]
    ) -> Digest {
        let leaf = SHA256Hasher.hash([0] + entry)
        written[leaf] = Written(
            origin: origin, index: index, time: time, signer: signer.fingerprint,
            heads: heads.sorted { $0.origin < $1.origin }, operations: operations)
        for (position, operation) in operations.enumerated() {
            let id = OperationID(origin: origin, slot: Slot(entry: index, position: position))
            switch operation {
            case .addAnnotation: targets.append((id, false))
            case .set: targets.append((id, true))
            default: break
            }
        }
        return leaf
    }

    /// Something to say about an item or an annotation that the node knows; now and then an unknown one.
    func operation(for node: SimulatedNode) throws -> Operation {
        let item = "board-\(Int.random(in: 0..<4, using: &random)).png"
        let className = ["open", "short", "spur"][Int.random(in: 0..<3, using: &random)]
        let box = Selector.box(
            .init(x: Double(Int.random(in: 0..<900, using: &random)), y: 4, width: 3, height: 5))
        if random.oneIn(9) {
            return .setItem(key: item, fields: [.known(.group): .text(className)])
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
        switch Int.random(in: 0..<4, using: &random) {
        case 0 where node.disk.signer == 1 && node.state.progress(node.origin)?.keys.count == 2:
            // The old key signs nothing more from here on.
            return .retireKey(
                fingerprint: node.company.signers[0].fingerprint.bytes, index: node.ownSize)
        case 1: return .setAudience(random.oneIn(2) ? [] : someMembers())
        default:
            return .addWitness(key: node.company.witness.verifier.publicKey)
        }
    }

    private func someMembers() -> [Origin] {
        let chosen = companies.filter { _ in random.oneIn(2) }.map(\.origin)
        return chosen.isEmpty ? [companies[0].origin] : chosen
    }

    /// What an honest steward does about members, keys and rules.
    func govern() throws {
        let node = nodes[0]
        guard node.mayWrite, nodes.count > 1 else { return }
        try append(0, [.governance(stewardsAct(node))])
    }

    func stewardsAct(_ node: SimulatedNode) -> GovernanceAct {
        let known = companies.dropFirst().filter { node.disk.logs[$0.origin] != nil }
        let pool = known.isEmpty || random.oneIn(6) ? Array(companies.dropFirst()) : known
        let member = pool[Int.random(in: 0..<pool.count, using: &random)]
        let held = node.disk.logs[member.origin]?.size ?? 0
        let index = UInt64.random(in: 0...held, using: &random)
        switch Int.random(in: 0..<10, using: &random) {
        case 0..<2: return .cutLog(member.origin, index: index)
        case 2..<5:
            let role = Role.allCases[Int.random(in: 0..<3, using: &random)]
            return .setMember(member.origin, role: role, roots: [], fromIndex: index)
        case 5: return .setPolicy(random.oneIn(2) ? "owner-decides" : "role-rank")
        case 6:
            let used =
                random.oneIn(4)
                ? 1 - nodes[member.number].disk.signer
                : nodes[member.number].disk.signer
            let key = member.signers[used].fingerprint
            return .retireKey(fingerprint: key.bytes, index: index)
        case 7:
            let heir = companies[Int.random(in: 0..<companies.count, using: &random)].origin
            return heir == member.origin
                ? .setSchema("{}") : .succeedLog(member.origin, successor: heir)
        case 8: return .setWitnessPolicy(threshold: 1, witnesses: [])
        default: return .setMember(member.origin, role: .reviewer, roots: [], fromIndex: index)
        }
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
