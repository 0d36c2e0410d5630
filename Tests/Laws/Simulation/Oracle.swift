import AnnotationModel
import Provenance
import Signing

/// Which entries of a node's logs count, and what they come to, worked out from what was written, from whose hand each
/// signature is, and from the rules of the documents, without a line of the code under test.
struct Oracle {
    let world: World
    let node: SimulatedNode
    let steward: Origin
    private(set) var logs: [Origin: [Written]] = [:]
    private var forks: [Origin: Int] = [:]
    /// Where a log ends for everybody: at a fork, or where the steward cut it.
    private(set) var ends: [Origin: Int] = [:]
    /// The roles by index, a list of (from, role) for each act, and cuts.
    private var roles: [Origin: [(from: Int, role: Role?)]] = [:]
    /// Where the steward has retired a certificate last, and where a log has retired its own first.
    private var retiredBySteward: [Digest: Int] = [:]
    private var retiredByOwner: [Origin: [Digest: Int]] = [:]
    /// The log keys that the steward has named, and by which of its entries.
    private(set) var named: [Origin: [(entry: Int, key: [UInt8])]] = [:]
    private var heirs: [Origin: Origin] = [:]
    /// Which of several surviving values is shown, as the steward said last.
    private(set) var policy = "causal-height"
    private var audiences: [Origin: [Origin]] = [:]
    private var witnesses: [Origin: [[UInt8]]] = [:]
    /// Acts that are beyond what one member may say.
    private(set) var excess: Set<OperationID> = []
    private let validity: [Digest: (from: Int64, to: Int64)]

    init(_ world: World, _ node: SimulatedNode) {
        (self.world, self.node, steward) = (world, node, world.dataset.owner)
        var validity: [Digest: (from: Int64, to: Int64)] = [:]
        for company in world.companies {
            for signer in company.signers {
                validity[signer.fingerprint] = (
                    signer.certificate.notBefore, signer.certificate.notAfter
                )
            }
        }
        self.validity = validity
        for (origin, log) in node.disk.logs {
            logs[origin] = log.leaves.compactMap { world.written[$0] }
        }
        for (origin, proof) in node.disk.evidence { forks[origin] = Int(proof.prefix) }
        ends = forks
        for (origin, entries) in logs { findExcess(origin, entries) }
        foldSteward()
        for (origin, entries) in logs where origin != steward { foldMember(origin, entries) }
    }

    /// What of each kind one log may say: 16 cosigning keys, 32 audiences.
    private mutating func findExcess(_ origin: Origin, _ entries: [Written]) {
        var (keys, narrowings) = (0, 0)
        for (id, act) in acts(origin, entries) {
            if case .addWitness = act {
                keys += 1
                if keys > 16 { excess.insert(id) }
            }
            if case .setAudience = act {
                narrowings += 1
                if narrowings > 32 { excess.insert(id) }
            }
        }
    }

    private func acts(
        _ origin: Origin, _ entries: [Written]
    ) -> [(id: OperationID, act: GovernanceAct)] {
        entries.enumerated().flatMap { index, entry in
            entry.operations.enumerated().compactMap { position, operation in
                guard case .governance(let act) = operation else { return nil }
                let slot = Slot(entry: UInt64(index), position: position)
                return (OperationID(origin: origin, slot: slot), act)
            }
        }
    }

    // MARK: The steward's word

    private mutating func foldSteward() {
        var cuts: [Origin: Int] = [:]
        for (id, act) in acts(steward, logs[steward] ?? []) {
            let index = Int(id.slot.entry)
            guard let entry = logs[steward]?[index], objection(steward, index, entry) == nil,
                !excess.contains(id)
            else { continue }
            switch act {
            case .setMember(let origin, let role, _, let key, let from) where origin != steward:
                var list = roles[origin] ?? []
                // Between a cut and the return nothing counts.
                if let cut = cuts.removeValue(forKey: origin), cut < from {
                    list = end(list, cut)
                }
                if let last = list.firstIndex(where: { $0.from >= Int(from) }) {
                    list.removeSubrange(last...)
                }
                roles[origin] = list + [(Int(from), role)]
                if let key { named[origin, default: []].append((index, key)) }
            case .cutLog(let origin, let index) where roles[origin] != nil:
                cuts[origin] = min(Int(index), cuts[origin] ?? Int(index))
            case .retireKey(let fingerprint, let from):
                if let key = Digest(fingerprint) { retiredBySteward[key] = Int(from) }
            case .succeedLog(let origin, let heir) where origin != steward && origin != heir:
                if !isOwner(origin, of: heir) { heirs[origin] = heir }
            case .setPolicy(let rule): policy = rule
            default: takeOwn(act, steward)
            }
        }
        for (origin, cut) in cuts {
            roles[origin] = end(roles[origin] ?? [], cut)
            ends[origin] = min(cut, ends[origin] ?? cut)
        }
    }

    private func end(
        _ list: [(from: Int, role: Role?)], _ cut: Int
    ) -> [(from: Int, role: Role?)] {
        list.filter { $0.from < cut } + [(cut, nil)]
    }

    func role(_ origin: Origin, _ index: Int) -> Role? {
        if origin == steward { return .steward }
        return roles[origin]?.last { $0.from <= index }?.role
    }

    /// True if a company goes on for another, or is it.
    func isOwner(_ origin: Origin, of log: Origin) -> Bool {
        var owner: Origin? = log
        while let current = owner {
            if current == origin { return true }
            owner = heirs[current]
        }
        return false
    }

    // MARK: The members' word

    private mutating func foldMember(_ origin: Origin, _ entries: [Written]) {
        for (id, act) in acts(origin, entries) {
            let index = Int(id.slot.entry)
            guard !excess.contains(id),
                objection(origin, index, entries[index], readersToo: true) == nil
            else { continue }
            if case .retireKey(let fingerprint, let from) = act, let key = Digest(fingerprint) {
                if retiredByOwner[origin]?[key] == nil {
                    retiredByOwner[origin, default: [:]][key] = Int(from)
                }
            } else {
                takeOwn(act, origin)
            }
        }
    }

    /// What any log may say about itself.
    private mutating func takeOwn(_ act: GovernanceAct, _ origin: Origin) {
        switch act {
        case .setAudience(let readers): audiences[origin] = readers.isEmpty ? nil : readers
        case .addWitness(let key):
            if witnesses[origin]?.contains(key) != true {
                witnesses[origin, default: []].append(key)
            }
        default: break
        }
    }

    /// Why an entry is not in standing: a fork, the steward, or the key; nil if nothing stands against it.
    func objection(
        _ origin: Origin, _ index: Int, _ entry: Written, readersToo: Bool = false
    ) -> NotCounted? {
        if index >= forks[origin] ?? .max { return .forked }
        guard let role = role(origin, index) else {
            return roles[origin]?.contains { $0.from <= index } == true ? .beyondCut : .notMember
        }
        if role == .reader, !readersToo { return .readerRole }
        let retired = [retiredBySteward[entry.signer], retiredByOwner[origin]?[entry.signer]]
        if retired.contains(where: { index >= $0 ?? .max }) { return .retiredKey }
        guard let valid = validity[entry.signer], entry.time >= valid.from,
            entry.time <= valid.to
        else { return .outsideValidity }
        return nil
    }

    /// True if a log's owner keeps the node out of it.
    func isKept(_ origin: Origin) -> Bool {
        guard let readers = audiences[origin], origin != steward, origin != node.origin,
            node.origin != steward
        else { return false }
        return !readers.contains { isOwner(node.origin, of: $0) }
    }

    // MARK: Comparing

    func check() throws {
        let judged = judge()
        for (origin, expected) in judged.sorted(by: { $0.key < $1.key }) {
            guard let progress = node.state.progress(origin) else { continue }
            guard Int(progress.applied) == expected.count else {
                throw LawFailure(
                    "\(node.origin) has applied \(progress.applied) entries of \(origin), expected "
                        + "\(expected.count)")
            }
            for (index, verdict) in expected.enumerated() {
                let slot = Slot(entry: UInt64(index), position: 0)
                let key = OperationKey(log: progress.number, slot: slot).entryKey
                guard let row = node.storage.entry(key), row.notCounted == verdict.objection else {
                    throw LawFailure(
                        "\(node.origin) lists entry \(index) of \(origin) as "
                            + "\(String(describing: node.storage.entry(key)?.notCounted)), expected "
                            + "\(String(describing: verdict.objection))")
                }
            }
            let witnesses = witnesses[origin] ?? []
            guard node.state.witnessKeys[progress.number] ?? [] == witnesses else {
                throw LawFailure("\(node.origin) knows other cosigning keys of \(origin)")
            }
        }
        try checkExcess(judged)
        try LabelOracle(self, judged).check()
    }

    /// What is too much is listed as that, wherever its entry counts.
    private func checkExcess(_ judged: [Origin: [Verdict]]) throws {
        let expected = excess.filter { id in
            let verdicts = judged[id.origin] ?? []
            let index = Int(id.slot.entry)
            return index < verdicts.count && verdicts[index].objection == nil
        }
        let found = node.storage.quarantined.filter { $0.value == .tooMany }.keys.compactMap {
            key in
            node.state.logs[key.log].map { OperationID(origin: $0.origin, slot: key.slot) }
        }
        guard Set(found) == expected else {
            throw LawFailure("\(node.origin) lists other acts as too many: \(found)")
        }
    }
}
