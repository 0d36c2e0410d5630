import AnnotationModel
import Provenance
import Signing

/// Which entries of a node's logs count, worked out from what was written and the rules of the documents,
/// without a line of the code under test.
struct Oracle {
    private let world: World
    private let node: SimulatedNode
    private var logs: [Origin: [Written]] = [:]
    private var forks: [Origin: Int] = [:]
    /// Where a log ends for everybody: at a fork, or where the steward cut it.
    private var ends: [Origin: Int] = [:]
    private let steward: Origin
    /// The roles by index, a list of (from, role) for each act, and cuts.
    private var roles: [Origin: [(from: Int, role: Role?)]] = [:]
    /// From which index on a certificate signs nothing in a log.
    private var retired: [Origin: [Digest: Int]] = [:]
    private var lapsed: [Origin: [Digest: Int]] = [:]
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
        foldSteward()
        foldMembers()
        findLapses()
    }

    // MARK: The steward's word

    private mutating func foldSteward() {
        var cuts: [Origin: Int] = [:]
        for (index, entry) in (logs[steward] ?? []).enumerated() {
            guard standing(steward, index, entry) else { continue }
            for case .governance(let act) in entry.operations {
                switch act {
                case .setMember(let origin, let role, _, let from) where origin != steward:
                    var list = roles[origin] ?? []
                    // Between a cut and the return nothing counts.
                    if let cut = cuts.removeValue(forKey: origin), cut < from {
                        list = end(list, cut)
                    }
                    if let last = list.firstIndex(where: { $0.from >= Int(from) }) {
                        list.removeSubrange(last...)
                    }
                    roles[origin] = list + [(Int(from), role)]
                case .cutLog(let origin, let index) where roles[origin] != nil:
                    cuts[origin] = min(Int(index), cuts[origin] ?? Int(index))
                case .retireKey(let fingerprint, let from):
                    guard let key = Digest(fingerprint) else { continue }
                    for company in world.companies {
                        let old = retired[company.origin]?[key] ?? .max
                        retired[company.origin, default: [:]][key] = min(old, Int(from))
                    }
                default: break
                }
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

    private func role(_ origin: Origin, _ index: Int) -> Role? {
        if origin == steward { return .steward }
        return roles[origin]?.last { $0.from <= index }?.role
    }

    /// True if neither a fork, nor the steward, nor the key stands against an entry.
    private func standing(
        _ origin: Origin, _ index: Int, _ entry: Written, readersToo: Bool = false
    ) -> Bool {
        if index >= forks[origin] ?? .max { return false }
        guard let role = role(origin, index), readersToo || role > .reader else { return false }
        if index >= retired[origin]?[entry.signer] ?? .max { return false }
        guard let valid = validity[entry.signer] else { return false }
        return (valid.from...valid.to).contains(entry.time)
    }

    private mutating func foldMembers() {
        for (origin, entries) in logs where origin != steward {
            for (index, entry) in entries.enumerated() {
                guard standing(origin, index, entry, readersToo: true) else { continue }
                for case .governance(.retireKey(let fingerprint, let from)) in entry.operations {
                    guard let key = Digest(fingerprint), introduces(origin, key, upTo: index)
                    else { continue }
                    let old = retired[origin]?[key] ?? .max
                    retired[origin, default: [:]][key] = min(old, Int(from))
                }
            }
        }
    }

    private func introduces(_ origin: Origin, _ key: Digest, upTo index: Int) -> Bool {
        (logs[origin] ?? []).prefix(index + 1).contains { entry in
            entry.operations.contains { operation in
                guard case .governance(.addKey(let chain, _)) = operation else { return false }
                return SHA256Hasher.hash(chain.first ?? []) == key
            }
        }
    }

    // MARK: Expired certificates

    private mutating func findLapses() {
        let first = world.companies.map { ($0.origin, $0.signers) }
        for (origin, signers) in first where origin != steward {
            for signer in signers {
                let ends = signer.certificate.notAfter
                guard let closed = closedSize(origin, ends) else { continue }
                lapsed[origin, default: [:]][signer.fingerprint] = max(
                    closed, timelySize(origin, ends))
            }
        }
    }

    /// How much of a log the steward had cited when its own log first passed a time; nil before that.
    private func closedSize(_ origin: Origin, _ time: Int64) -> Int? {
        var size = 0
        for (index, entry) in (logs[steward] ?? []).enumerated()
        where standing(steward, index, entry) {
            size = max(size, cited(origin, in: entry))
            if entry.time > time { return size }
        }
        return nil
    }

    private func timelySize(_ origin: Origin, _ time: Int64) -> Int {
        var size = 0
        for (other, entries) in logs where other != origin {
            for (index, entry) in entries.enumerated()
            where entry.time <= time && standing(other, index, entry) {
                size = max(size, cited(origin, in: entry))
            }
        }
        return size
    }

    private func cited(_ origin: Origin, in entry: Written) -> Int {
        entry.heads.first { $0.origin == origin }.map { Int($0.size) } ?? 0
    }

    // MARK: Contexts

    /// What an author had cited so far of one log.
    private struct Cited {
        var size: Int
        var root: Digest
        var isTrue = false
    }

    /// For each log, whether each entry counts and what it had merged; entry by entry, as far as they are applied.
    private func judge() -> [Origin: [Bool]] {
        var contexts: [Origin: [[Origin: Int]]] = [:]
        var cited: [Origin: [Origin: Cited]] = [:]
        var counts: [Origin: [Bool]] = [:]
        var moved = true
        while moved {
            moved = false
            for (origin, entries) in logs.sorted(by: { $0.key < $1.key }) {
                while let index = Optional(counts[origin]?.count ?? 0), index < entries.count {
                    var mine = cited[origin] ?? [:]
                    var isFine = take(entries[index], origin, &mine)
                    let isReady = mine.allSatisfy { other, head in
                        logs[other] == nil || counts[other]?.count ?? 0 >= head.size
                    }
                    if !isReady { break }
                    isFine = compare(&mine, origin, index, contexts) && isFine
                    cited[origin] = mine
                    contexts[origin, default: []].append(mine.mapValues(\.size))
                    let lapse = lapsed[origin]?[entries[index].signer] ?? .max
                    counts[origin, default: []].append(
                        isFine && index < lapse && standing(origin, index, entries[index]))
                    moved = true
                }
            }
        }
        return counts
    }

    private func take(_ entry: Written, _ origin: Origin, _ mine: inout [Origin: Cited]) -> Bool {
        var isFine = true
        for head in entry.heads {
            guard head.origin != origin, var root = Digest(head.root) else {
                isFine = false
                continue
            }
            var size = Int(head.size)
            if let end = ends[head.origin], size > end { (size, root) = (end, .zero) }
            if let before = mine[head.origin], size <= before.size {
                let isOther = root != before.root && root != .zero && before.root != .zero
                if Int(head.size) < before.size || (size == before.size && isOther) {
                    isFine = false
                }
            } else if size > 0 {
                mine[head.origin] = Cited(size: size, root: root)
            }
        }
        return isFine
    }

    private func compare(
        _ mine: inout [Origin: Cited], _ origin: Origin, _ index: Int,
        _ contexts: [Origin: [[Origin: Int]]]
    ) -> Bool {
        var isFine = true
        for (other, head) in mine where !head.isTrue && logs[other] != nil {
            let held = node.disk.logs[other]
            if head.root != .zero, held?.root(at: UInt64(head.size)) != head.root {
                isFine = false
                continue
            }
            let theirs = contexts[other]?[head.size - 1] ?? [:]
            let holds = theirs.allSatisfy { third, size in
                third == origin ? size <= index : mine[third].map { $0.size >= size } ?? true
            }
            if holds { mine[other]?.isTrue = true } else { isFine = false }
        }
        return isFine
    }

    // MARK: Comparing

    func check() throws {
        let counts = judge()
        for (origin, expected) in counts.sorted(by: { $0.key < $1.key }) {
            guard let progress = node.state.progress(origin) else { continue }
            guard Int(progress.applied) == expected.count else {
                throw LawFailure(
                    "\(node.origin) has applied \(progress.applied) entries of \(origin), expected "
                        + "\(expected.count)")
            }
            for (index, isCounted) in expected.enumerated() {
                let key = OperationKey(
                    log: progress.number, slot: Slot(entry: UInt64(index), position: 0))
                let row = node.storage.entry(key.entryKey)
                if isCounted != (row?.notCounted == nil) {
                    throw LawFailure(
                        "\(node.origin) \(isCounted ? "does not count" : "counts") entry \(index) of "
                            + "\(origin): \(row?.notCounted.map { "\($0)" } ?? "no objection")")
                }
            }
        }
        try checkAnnotations(counts)
    }

    /// The annotations in the label set are those of the counted entries, no more and no less.
    private func checkAnnotations(_ counts: [Origin: [Bool]]) throws {
        var expected: Set<OperationID> = []
        for (origin, entries) in logs {
            for (index, entry) in entries.enumerated() {
                guard index < counts[origin]?.count ?? 0, counts[origin]?[index] == true else {
                    continue
                }
                for (position, operation) in entry.operations.enumerated() {
                    guard case .addAnnotation = operation else { continue }
                    expected.insert(
                        OperationID(
                            origin: origin, slot: Slot(entry: UInt64(index), position: position)))
                }
            }
        }
        let found = Set(
            node.storage.annotations.keys.compactMap { key in
                node.state.logs[key.log].map { OperationID(origin: $0.origin, slot: key.slot) }
            })
        guard found == expected else {
            throw LawFailure(
                "\(node.origin) shows annotations \(found.subtracting(expected)) too many, "
                    + "\(expected.subtracting(found)) too few")
        }
    }
}
