import AnnotationModel
import AnnotationStore
import CompanyHome
import LogStorage
import PlainErrors
import Provenance
import Signing

/// What an id or a key on the command line means: one thing in one dataset, or an error that names the datasets.
///
/// Each dataset's log counts from 0, so a short id, `origin:entry.position`, is made in every dataset that its
/// company takes part in. It is plain where only one of them has an operation about a label there; a change of the
/// wrong label would be a signed one.
extension Node {
    /// What was looked for, and in which datasets.
    public struct NamedOperation: Sendable {
        /// The id.
        public let id: OperationID
        /// The only dataset that it can mean.
        public let dataset: DatasetID
    }

    /// The operation that an id means.
    ///
    /// - Parameter chosen: The dataset that the user named beside it; nil where it has to be plain.
    /// - Throws: ``NodeError`` if there is none, if it is one in several datasets, or if id and dataset disagree.
    public func named(_ text: String, in chosen: DatasetID? = nil) throws -> NamedOperation {
        let (id, written) = try OperationID.parse(text)
        if let chosen, let written, chosen != written {
            throw NodeError(
                .twoDatasets, "\(text) is of \(written), and --dataset names \(chosen)",
                hint: "leave one of them out")
        }
        if let dataset = written ?? chosen {
            try require(dataset)
            return NamedOperation(id: id, dataset: dataset)
        }
        let datasets = try home.datasets().filter { try speaksOfLabel(id, $0) }
        guard let first = datasets.first else {
            throw NodeError.notFound(
                "annotation", text,
                hint: "ids look like origin:entry.position; see countermark list")
        }
        guard datasets.count == 1 else {
            throw Self.ambiguous(.ambiguousId, "the id \(text)", datasets)
        }
        return NamedOperation(id: id, dataset: first)
    }

    /// The only dataset that has an item with this key; nil if none has.
    public func datasetOfItem(_ key: String, in chosen: DatasetID? = nil) throws -> DatasetID? {
        if let chosen { try require(chosen) }
        let found = try (chosen.map { [$0] } ?? home.datasets()).filter { dataset in
            try catchUp(dataset)
            return try store.item(dataset, key: key) != nil
        }
        guard found.count < 2 else {
            throw Self.ambiguous(.ambiguousItem, "the item \(key)", found)
        }
        return found.first
    }

    private static func ambiguous(
        _ code: ErrorCode, _ what: String, _ datasets: [DatasetID]
    ) -> NodeError {
        let names = datasets.map(\.description).joined(separator: " and in ")
        let first = datasets.first?.description ?? "DATASET"
        return NodeError(
            code, "\(what) is one in \(names)",
            hint: "add --dataset \(first), or another of them; nothing was written")
    }

    /// Whether a dataset has an operation about a label at this place, counted or not: the label itself, a change, a
    /// suggestion, a verdict, a comment.
    ///
    /// A place that cannot be read may be the one that is meant.
    private func speaksOfLabel(_ id: OperationID, _ dataset: DatasetID) throws -> Bool {
        guard try home.members(of: dataset).contains(id.origin) else { return false }
        do {
            let reader = try home.log(id.origin, dataset)
            guard id.slot.entry < reader.size else { return false }
            return try reader.entry(at: id.slot.entry).withUnsafeBytes { bytes in
                let statement = try COSESign1.parse(bytes)
                var cursor = try ChangesetView(statement.payload(in: bytes)).operations
                while let operation = try cursor.next() {
                    guard cursor.position == id.slot.position else { continue }
                    switch operation {
                    case .addAnnotation, .set, .review, .comment: return true
                    case .addItem, .setItem, .commentItem, .governance: return false
                    }
                }
                return false
            }
        } catch is LogStorageError {
            return true
        } catch is SigningError {
            return true
        } catch is AnnotationModelError {
            return true
        }
    }

    /// The annotation with an id.
    public func find(
        _ text: String, in chosen: DatasetID? = nil
    ) throws -> (dataset: DatasetID, label: LabelView) {
        let named = try named(text, in: chosen)
        try catchUp(named.dataset)
        guard let number = try read(named.dataset, { $0.state.number(named.id.origin) }),
            let label = try store.label(
                OperationKey(log: number, slot: named.id.slot), origin: named.id.origin)
        else {
            throw NodeError.notFound(
                "annotation", "\(named.id) in \(named.dataset)",
                hint: "see countermark list \(named.dataset), and countermark show for what is not "
                    + "counted")
        }
        try requireShown(label, named.dataset)
        return (named.dataset, label)
    }

    /// The suggestion with an id; nil where the id means something else.
    public func findSuggestion(
        _ text: String, in chosen: DatasetID? = nil
    ) throws -> (dataset: DatasetID, id: OperationID, row: SuggestionRow)? {
        let named = try named(text, in: chosen)
        try catchUp(named.dataset)
        return try suggestion(named.id, named.dataset).map { (named.dataset, named.id, $0) }
    }

    /// Whether a verdict with its reason is what the same reviewer of this organisation said last of a label, and
    /// nothing of the label has changed since.
    public func isStandingVerdict(
        _ verdict: Verdict, reason: String?, author: String?, on label: OperationKey,
        _ dataset: DatasetID
    ) throws -> Bool {
        let author = author ?? person.map { NodeIdentity.name(of: $0.certificate) }
        let reviewer = home.origin.description + (author.map { "/\($0)" } ?? "")
        let value = FieldValue.array([
            .integer(Int64(verdict.rawValue)), reason.map { .text($0) } ?? .null,
        ]).encoded
        let logs = try logNames(dataset)
        let said = try store.writes(label.packed, logs).filter {
            Merge.reviewer(ofRegister: Array($0.field.utf8)) == reviewer
        }
        guard let last = said.first, said.count == 1, last.encoded == value else { return false }
        let touches = try store.touches(label.packed, logs)
        return try read(dataset) { merge in
            guard let own = merge.state.number(last.operation.origin) else { return false }
            let key = OperationKey(log: own, slot: last.operation.slot)
            let known = try merge.rows.context(key.entryKey)
            return touches.allSatisfy { touch in
                guard let log = merge.state.number(touch.origin) else { return false }
                return log == own
                    ? touch.slot <= key.slot : touch.slot.entry < known[log]
            }
        }
    }

    /// Whether this organisation has decided a suggestion so already, and its values stand.
    public func hasDecided(
        _ id: OperationID, _ suggestion: SuggestionRow, _ verdict: Verdict, _ dataset: DatasetID
    ) throws -> Bool {
        switch (suggestion.state, verdict) {
        case (.rejected, .reject): return true
        case (.accepted, .accept):
            let logs = try logNames(dataset)
            let fields = try store.suggestions(suggestion.target, logs).first { $0.operation == id }
            let own = try store.writes(suggestion.target.packed, logs).filter {
                $0.operation.origin == home.origin
            }
            return fields?.fields.allSatisfy { name, value in
                own.contains { $0.field == name && $0.encoded == value.encoded }
            } ?? false
        default: return false
        }
    }
}
