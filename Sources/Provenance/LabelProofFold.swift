import AnnotationModel
import Signing
import TransparencyLog

/// What some entries of a proof come to: the acts, and how much of other logs the authors knew.
struct LabelProofFold {
    private let dataset: DatasetID
    private let governance: Governance
    private let logs: [Int: LogProgress]
    private var knowledge: [Origin: LabelProofKnowledge] = [:]
    private var falseHeads: Set<OperationKey> = []

    /// Folds entries: the steward's log first, then the others by origin, each in its order.
    init(_ dataset: DatasetID, _ entries: [LabelProofCheck.Entry], _ heads: HeadCheck) {
        self.dataset = dataset
        var logs: [Int: LogProgress] = [:]
        var acts: [Int: [NotedAct]] = [:]
        for entry in entries {
            if logs[entry.log] == nil {
                logs[entry.log] = LogProgress(number: entry.log, origin: entry.origin)
            }
            acts[entry.log, default: []] += entry.acts
        }
        self.logs = logs
        let steward = logs.values.first { $0.origin == dataset.owner }?.number
        governance = Governance(
            steward: dataset.owner, number: steward, acts: acts, logs: logs)
        let key = steward.flatMap { governance.logKeys[$0] }
        for entry in entries { take(entry, stewardsKey: key, heads) }
    }

    var membership: Membership { governance.membership }

    /// The release that the steward made of a commitment, and who has countersigned it.
    ///
    /// - Throws: ``LabelProofError/refused(_:)`` if no act makes it.
    func named(
        _ commitment: Release.Commitment
    ) throws(LabelProofError) -> LabelProofReport.NamedRelease {
        let digest = commitment.digest
        let found = governance.releases.first {
            $0.name.hasSameBytes(as: commitment.name) && $0.digest == digest
        }
        guard let found, found.heads == commitment.heads, found.terms == commitment.terms else {
            throw .refused("no act of the steward in it makes the release that it speaks of")
        }
        let by = governance.countersigners(of: found).compactMap { logs[$0]?.origin }.sorted()
        return LabelProofReport.NamedRelease(
            name: found.name, digest: digest, time: found.time, withdrawal: found.withdrawal,
            countersigned: by, quorum: found.quorum, asked: found.policy?.members ?? [],
            holds: found.withdrawal == nil && found.isMet(by: by))
    }

    /// Takes the heads of an entry: those that the cited logs' keys have signed, the keys that the steward's log names
    /// within what the entry has merged of it.
    private mutating func take(
        _ entry: LabelProofCheck.Entry, stewardsKey: [UInt8]?, _ check: HeadCheck
    ) {
        let owner = dataset.owner
        var known = knowledge[entry.origin] ?? LabelProofKnowledge()
        func take(_ head: Head, _ key: [UInt8]?) -> Bool {
            guard let key, check.holds(head, of: dataset, key: key) else { return false }
            known.note(head, at: entry.index)
            return true
        }
        var allHold = true
        // The steward's head first: it says whose keys the author knew.
        for head in entry.heads where head.origin == owner {
            if entry.origin == owner || !take(head, stewardsKey) { allHold = false }
        }
        let named =
            entry.origin == owner ? entry.index + 1 : known.size(of: owner, at: entry.index)
        for head in entry.heads where head.origin != owner {
            let key = membership.members[head.origin]?.logKey(within: named)
            if head.origin == entry.origin || !take(head, key) { allHold = false }
        }
        knowledge[entry.origin] = known
        if !allHold { falseHeads.insert(entry.key) }
    }

    /// Why an entry does not count; nil if it does.
    func standing(_ entry: LabelProofCheck.Entry) -> NotCounted? {
        whyNotInStanding(entry) ?? (falseHeads.contains(entry.key) ? .falseHead : nil)
    }

    /// Whether the acts of an entry about its own log take effect.
    func isEffective(_ entry: LabelProofCheck.Entry) -> Bool {
        whyNotInStanding(entry, isAct: true) == nil
    }

    private func whyNotInStanding(
        _ entry: LabelProofCheck.Entry, isAct: Bool = false
    ) -> NotCounted? {
        guard let log = logs[entry.log] else { return .notMember }
        return governance.standing(
            of: log, index: entry.index, signer: entry.signer, time: entry.time, isAct: isAct)
    }

    /// True if the author of one operation knew of another, as far as the proof shows.
    func covers(_ one: OperationID, _ other: OperationID) -> Bool {
        if one.origin == other.origin { return other.slot < one.slot }
        let known = knowledge[one.origin]?.size(of: other.origin, at: one.slot.entry) ?? 0
        return known > other.slot.entry
    }

    /// Whose cosignatures of a log the entries explain.
    func witnesses(of log: Origin) -> WitnessRoster {
        WitnessRoster(
            governance.witnessKeys.compactMap { number, keys -> WitnessRoster.Organisation? in
                guard let origin = logs[number]?.origin, origin != log else { return nil }
                return .init(name: origin.description, keys: keys)
            }.sorted { $0.name < $1.name })
    }
}

extension LabelProofCheck.Entry {
    /// The entry as a place in its log.
    fileprivate var key: OperationKey {
        OperationKey(log: log, slot: Slot(entry: index, position: 0))
    }
}

/// How much of other logs the author of one log had merged, entry by entry.
struct LabelProofKnowledge {
    private struct Step {
        let index: UInt64
        let size: UInt64
    }

    private var steps: [Origin: [Step]] = [:]

    /// Takes a head of the next entry; what was cited before is not forgotten.
    mutating func note(_ head: Head, at index: UInt64) {
        guard head.merged > steps[head.origin]?.last?.size ?? 0 else { return }
        steps[head.origin, default: []].append(Step(index: index, size: head.merged))
    }

    /// How much of a log was known at an entry.
    func size(of origin: Origin, at index: UInt64) -> UInt64 {
        let steps = steps[origin] ?? []
        var (low, high) = (0, steps.count)
        while low < high {
            let middle = (low + high) / 2
            if steps[middle].index <= index { low = middle + 1 } else { high = middle }
        }
        return low == 0 ? 0 : steps[low - 1].size
    }
}
