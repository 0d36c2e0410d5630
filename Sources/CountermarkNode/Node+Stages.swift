import AnnotationModel
import AnnotationStore
import CompanyHome
import PlainErrors
import Provenance

/// What a bulk statement about items or annotations did.
public struct StatementReport: Sendable, Equatable {
    /// How many got another value.
    public var changed = 0
    /// How many had it already: nothing was written about them.
    public var unchanged = 0
    /// How many items were registered, because a cleaned item was not known.
    public var added = 0
    /// How many changes wait for the annotation's company or a reviewer.
    public var suggestions = 0
    /// Signed changesets.
    public var changesets = 0
}

extension Node {
    /// Sets how far items or annotations are in a stage: one signed statement for all of them.
    ///
    /// Every name is checked before anything is signed. What has the state already is left alone, unless
    /// companies disagree about it: then the statement settles the matter.
    ///
    /// - Parameter targets: Keys of items and ids of annotations. Only a cleaned item may be new here: it is
    ///   registered, and `items add` gives it its digest.
    public func setStage(
        _ dataset: DatasetID, _ stage: ProcessingStage, _ state: StageState, _ targets: [String],
        author: String? = nil
    ) throws -> StatementReport {
        try require(dataset)
        try catchUp(dataset)
        let origins = try state.from.map { try ancestors(of: $0, dataset) } ?? []
        let logs = try logNames(dataset)
        if let to = state.to { try requireReviewer(try Reviewer(to), dataset) }
        var report = StatementReport()
        var writes: [Operation] = []
        let field = Field.known(stage.field)
        try forEachDistinct(targets, dataset) { target, item in
            if origins.contains(target) {
                throw NodeError(
                    .circularSource, "\(target) cannot be made from itself",
                    hint: "give the item that was cleaned with --from, and its result as ITEM")
            }
            if let item {
                if try isSettled(item, stage, state, logs) {
                    report.unchanged += 1
                } else {
                    writes.append(.setItem(key: target, fields: [field: state.value]))
                }
            } else if state.from != nil {
                report.added += 1
                writes.append(.addItem(key: target, fields: [field: state.value]))
            } else if let label = try annotation(target, dataset, stage, logs) {
                if try isSettled(label, stage, state, logs) {
                    report.unchanged += 1
                } else {
                    writes.append(.set(label.id, [.field(field, state.value)]))
                }
            } else {
                throw NodeError.notFound(
                    "item or annotation", target, hint: "register files with countermark items add")
            }
        }
        try write(writes, dataset, "stage \(stage.rawValue)", author: author, &report)
        return report
    }

    /// Says for this organisation that items were looked at and hold no more than what it labelled.
    ///
    /// An item without labels then holds nothing. Or it takes the statement back.
    public func setExamined(
        _ dataset: DatasetID, _ items: [String], isWithdrawn: Bool = false, author: String? = nil
    ) throws -> StatementReport {
        try require(dataset)
        try catchUp(dataset)
        let own = Field.examined(by: home.origin)
        let value: FieldValue = isWithdrawn ? .null : .bool(true)
        var report = StatementReport()
        var writes: [Operation] = []
        try forEachDistinct(items, dataset) { key, item in
            guard let item else {
                throw NodeError.notFound(
                    "item", key, hint: "register files with countermark items add")
            }
            if item.record.fields[own] ?? .null == value {
                report.unchanged += 1
            } else {
                writes.append(.setItem(key: key, fields: [.known(.examined): value]))
            }
        }
        let message = isWithdrawn ? "examined, withdrawn" : "examined"
        try write(writes, dataset, message, author: author, &report)
        return report
    }

    /// How far a dataset is in each stage, and each group of its items if asked for.
    public func stages(
        _ dataset: DatasetID, byGroup: Bool = false
    ) throws -> (all: StageSummary, groups: [String: StageSummary]) {
        try require(dataset)
        try catchUp(dataset)
        let members = try read(dataset) { merge in
            merge.state.membership.members.filter {
                $0.value.cutIndex == nil && $0.value.spans.last.map { $0.role != .reader } ?? false
            }.map(\.key)
        }
        return try store.stages(
            dataset, try logNames(dataset), members: members, byGroup: byGroup)
    }

    // MARK: Parts

    private func forEachDistinct(
        _ keys: [String], _ dataset: DatasetID, _ body: (String, StoredItem?) throws -> Void
    ) throws {
        guard !keys.isEmpty else {
            throw NodeError(
                .noItems, "no item is named", hint: "name items, or --items-from FILE")
        }
        var seen: ByteSet = []
        try store.forEachItem(dataset, keys: keys.filter { seen.insert($0).inserted }, body)
    }

    private func write(
        _ writes: [Operation], _ dataset: DatasetID, _ message: String, author: String?,
        _ report: inout StatementReport
    ) throws {
        report.changed = writes.count - report.added
        if writes.isEmpty { return }
        var foreign: [OperationID] = []
        report.changesets = try write(dataset, author: author, message: message) { append in
            foreign = []
            for operation in writes {
                let id = try append(operation)
                if case .set(let label, _) = operation, label.origin != home.origin {
                    foreign.append(id)
                }
            }
        }
        for id in foreign where try suggestion(id, dataset)?.state == .pending {
            report.suggestions += 1
        }
    }

    private func annotation(
        _ text: String, _ dataset: DatasetID, _ stage: ProcessingStage, _ logs: [Int: Origin]
    ) throws -> LabelView? {
        guard let (id, named) = try? OperationID.parse(text), named ?? dataset == dataset,
            let number = logs.first(where: { $0.value == id.origin })?.key,
            let label = try store.label(
                OperationKey(log: number, slot: id.slot), origin: id.origin)
        else { return nil }
        guard stage.isOfAnnotations else {
            throw NodeError(
                .notOfAnnotations,
                "the stage \(stage.rawValue) is one of items, not labels",
                hint: "name the item \(label.item)")
        }
        return label
    }

    private func isSettled(
        _ item: StoredItem, _ stage: ProcessingStage, _ state: StageState, _ logs: [Int: Origin]
    ) throws -> Bool {
        let name = stage.field.name
        guard item.record.fields[name] == state.value else { return false }
        return try !item.flags.isConflict || !isContested(item.target, name, logs)
    }

    private func isSettled(
        _ label: LabelView, _ stage: ProcessingStage, _ state: StageState, _ logs: [Int: Origin]
    ) throws -> Bool {
        let name = stage.field.name
        guard label.fields[name] == state.value else { return false }
        return try !label.flags.isConflict || !isContested(label.key.packed, name, logs)
    }

    private func isContested(
        _ target: Int64, _ field: String, _ logs: [Int: Origin]
    ) throws -> Bool {
        let writes = try store.writes(target, logs)
        return Set(writes.filter { $0.field == field }.map(\.encoded)).count > 1
    }

    /// The longest chain of cleaned items that is followed.
    static let ancestorsMax = 64

    /// An item, the item that it was made from, and so on: none of them can be made from it.
    private func ancestors(of key: String, _ dataset: DatasetID) throws -> ByteSet {
        guard try store.item(dataset, key: key) != nil else {
            throw NodeError.notFound(
                "item", key, hint: "register what was cleaned with countermark items add")
        }
        var found: ByteSet = [key]
        var last = key
        while found.count < Self.ancestorsMax,
            let value = try store.item(dataset, key: last)?.record.fields[
                ProcessingStage.clean.field.name],
            let from = StageState(of: .clean, value)?.from, found.insert(from).inserted
        {
            last = from
        }
        return found
    }
}
