import AnnotationModel
import AnnotationStore
import CompanyHome
import DatasetReading
import LogStorage
import PlainErrors
import Provenance
import Signing

extension Node {
    /// Keeps companies from seeing each other's labels of an item until they have examined it, or ends that; the
    /// steward's act.
    public func setBlind(_ dataset: DatasetID, _ isBlind: Bool) throws {
        try requireSteward(dataset)
        try catchUp(dataset)
        if try self.isBlind(dataset) == isBlind { return }
        try write(dataset, [.governance(.setBlind(isBlind))])
    }

    /// Whether a dataset is blind.
    public func isBlind(_ dataset: DatasetID) throws -> Bool {
        try mergedState(dataset).membership.isBlind
    }

    /// What this organisation's people are not shown; nil where a dataset is not blind.
    public func blindness(_ dataset: DatasetID) throws -> Blindness? {
        let membership = try mergedState(dataset).membership
        // What was is no secret from what is: whoever replays logs asks of the state as it is now.
        guard membership.isBlind, heads == nil else { return nil }
        return Blindness(store, dataset, own: home.origin, membership)
    }

    /// Throws for a label that this organisation's people are not shown yet.
    func requireShown(_ label: LabelView, _ dataset: DatasetID) throws {
        guard let blindness = try blindness(dataset) else { return }
        try requireShown(label, dataset, blindness)
    }

    fileprivate func requireShown(
        _ label: LabelView, _ dataset: DatasetID, _ blindness: Blindness
    ) throws {
        guard try blindness.hides(label) else { return }
        throw NodeError(
            .blind,
            "\(label.id) is another company's label of \(label.item), which \(home.origin) has not examined: "
                + "the dataset is blind",
            hint: "label what is there, then run countermark examined \(dataset) \(label.item)")
    }

    /// Throws where a release holds labels that this organisation's people are not shown yet.
    public func requireShown(_ contents: ReleaseContents) throws {
        guard let blindness = try blindness(contents.dataset) else { return }
        try contents.forEachLabel { label in
            guard try blindness.hides(label) else { return }
            throw NodeError(
                .blind,
                "the release holds \(label.id), a label of \(label.item), which \(home.origin) has not examined: "
                    + "the dataset is blind",
                hint:
                    "run countermark blind show \(contents.dataset); or wait until the steward ends it"
            )
        }
    }

    // MARK: What may be cited

    /// How much of each other log a changeset of this organisation may cite while a dataset is blind: up to the first
    /// entry with a word on a label that its people are not shown.
    ///
    /// So contexts prove that nobody labelled an item after this node had merged what others say of it.
    ///
    /// What is cited already is not looked at.
    func blindEnds(_ dataset: DatasetID) throws -> [Origin: UInt64]? {
        guard let blindness = try blindness(dataset) else { return nil }
        let state = try mergedState(dataset)
        let cited = state.progress(home.origin)?.cited ?? [:]
        var ends: [Origin: UInt64] = [:]
        for log in state.logs.values where log.origin != home.origin {
            let first = cited[log.number] ?? 0
            guard log.applied > first else { continue }
            ends[log.origin] = try blindEnd(of: log, from: first, dataset, state, blindness)
        }
        return ends
    }

    /// How much of each log this organisation's log cites once it has cited these heads, too.
    func cited(_ dataset: DatasetID, with heads: [Head]) throws -> [Origin: UInt64] {
        let state = try mergedState(dataset)
        var cited: [Origin: UInt64] = [:]
        for (number, size) in state.progress(home.origin)?.cited ?? [:] {
            if let log = state.logs[number] { cited[log.origin] = size }
        }
        for head in heads { cited[head.origin] = max(head.merged, cited[head.origin] ?? 0) }
        return cited
    }

    private func blindEnd(
        of log: LogProgress, from first: UInt64, _ dataset: DatasetID, _ state: MergeState,
        _ blindness: Blindness
    ) throws -> UInt64 {
        var end = log.applied
        try home.log(log.origin, dataset).forEachEntry(from: first, to: log.applied) {
            index, entry in
            let statement = try COSESign1.parse(entry)
            let tells = try tellsOfHidden(
                try ChangesetView(statement.payload(in: entry)), log, state, blindness)
            if tells { end = index }
            return !tells
        }
        return end
    }

    /// Whether a changeset speaks of a label that is not shown.
    private func tellsOfHidden(
        _ view: ChangesetView, _ log: LogProgress, _ state: MergeState, _ blindness: Blindness
    ) throws -> Bool {
        var cursor = view.operations
        while let operation = try cursor.next() {
            switch operation {
            case .addAnnotation(let item, _, _, _):
                if blindness.isOthers(log.origin), try !blindness.isExamined(view.string(item)) {
                    return true
                }
            case .set(let origin, let slot, _), .review(let origin, let slot, _, _),
                .comment(let origin, let slot, _):
                guard let origin = try? Origin(view.string(origin)),
                    let number = state.number(origin),
                    let label = try store.label(
                        OperationKey(log: number, slot: slot), origin: origin)
                else { continue }
                if try blindness.hides(label) { return true }
            case .addItem, .setItem, .commentItem, .governance: continue
            }
        }
        return false
    }
}

/// What one changeset of a blind dataset may say of others' labels.
struct BlindJudging {
    private let node: Node
    private let dataset: DatasetID
    private let blindness: Blindness
    /// How much of each log this organisation's log cites with the changeset.
    private let cited: [Origin: UInt64]

    /// Nil where the dataset is not blind.
    init?(_ node: Node, _ dataset: DatasetID, citing heads: [Head]) throws {
        guard let blindness = try node.blindness(dataset) else { return nil }
        (self.node, self.dataset, self.blindness) = (node, dataset, blindness)
        cited = try node.cited(dataset, with: heads)
    }

    /// Throws for an operation on a label of another company that this organisation's people are not shown, or that the
    /// changeset cannot cite, since others' labels that are not shown yet lie before it: it would not count.
    func require(_ operation: Operation) throws {
        let own = node.home.origin
        guard let target = operation.target, target.origin != own else { return }
        if let number = try node.mergedState(dataset).number(target.origin),
            let label = try node.store.label(
                OperationKey(log: number, slot: target.slot), origin: target.origin)
        {
            try node.requireShown(label, dataset, blindness)
        }
        guard target.slot.entry >= cited[target.origin] ?? 0 else { return }
        throw NodeError(
            .blind,
            "\(target) cannot be judged yet: in the log of \(target.origin) it comes after labels of items that "
                + "\(own) has not examined, and the dataset is blind",
            hint:
                "examine the items that countermark blind show lists, or wait until the steward ends it"
        )
    }
}

extension Node {
    /// The items with labels that this organisation's people are not shown, and how many there are beyond those that
    /// are named.
    public func unexaminedItems(
        _ dataset: DatasetID, limit: Int = 100
    ) throws -> (items: [String], more: Int) {
        guard let blindness = try blindness(dataset) else { return ([], 0) }
        let same = SameItems(store, dataset)
        var found: ByteSet = []
        try store.forEachLabel(try logNames(dataset)) { label in
            if !label.isRetracted, try blindness.hides(label) {
                found.insert(try same.shown(label))
            }
        }
        let keys = found.map { $0 }.sortedByBytes()
        return (Array(keys.prefix(limit)), max(0, keys.count - limit))
    }
}
