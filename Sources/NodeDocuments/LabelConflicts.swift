import AnnotationFormats
import AnnotationModel
import AnnotationStore
import CountermarkNode
import DatasetReading
import Foundation
import LabelDocuments
import LabelText
import PlainErrors
import Provenance
import Signing

extension ConflictsDocument.Conflict {
    /// The conflict in one line.
    package var line: String {
        "\(annotation ?? item)  \(field)  \(kind)  "
            + candidates.map { candidate in
                "\(candidate.org): "
                    + (candidate.field == field ? "" : "\(candidate.field) = ")
                    + Output.words(candidate.field, candidate.value)
            }.joined(separator: " | ")
    }
}

extension Node {
    /// The contested fields of a dataset's labels and items with their candidates.
    package func conflicts(_ dataset: DatasetID) throws -> [ConflictsDocument.Conflict] {
        try catchUp(dataset)
        let logs = try logNames(dataset)
        var filter = LabelFilter()
        filter.conflictsOnly = true
        var found: [ConflictsDocument.Conflict] = []
        let blindness = try blindness(dataset)
        for label in try store.labels(logs, filter: filter, limit: .max) {
            if try blindness?.hides(label) == true { continue }
            found += try conflicts(
                of: label.key.packed, label.flags, label.id.description, label.item, logs)
        }
        for item in try store.itemsInConflict(dataset) {
            found += try conflicts(of: item.target, item.flags, nil, item.record.key, logs)
        }
        return found
    }

    private func conflicts(
        of target: Int64, _ flags: RowFlags, _ annotation: String?, _ item: String,
        _ logs: [Int: Origin]
    ) throws -> [ConflictsDocument.Conflict] {
        var found: [ConflictsDocument.Conflict] = []
        let writes = Dictionary(grouping: try store.writes(target, logs), by: \.field)
        for (field, group) in writes.sorted(by: { $0.key < $1.key })
        where !field.hasPrefix("\u{0}") {
            var kinds: [(name: String, candidates: [ConflictsDocument.Conflict.Candidate])] = []
            let own = try group.map { try candidate($0) }
            if Set(group.map(\.encoded)).count > 1 { kinds.append(("value", own)) }
            if field == "status", flags.contains(.editedWhileRetracted) {
                // Who retracted it, and what others went on to change.
                let edits = try writes.filter { $0.key != field && !$0.key.hasPrefix("\u{0}") }
                    .sorted { $0.key < $1.key }.flatMap { try $0.value.map { try candidate($0) } }
                kinds.append(("edited-while-retracted", own + edits))
            }
            found += kinds.map { kind in
                .init(
                    annotation: annotation, item: item, field: field, kind: kind.name,
                    candidates: kind.candidates)
            }
        }
        return found
    }

    private func candidate(
        _ write: WriteView
    ) throws -> ConflictsDocument.Conflict.Candidate {
        let value =
            write.field == "selector"
            ? Output.selector(try Selector(decoding: write.encoded)) : JSONValue(write.value)
        return .init(
            value: value, org: write.operation.origin.description,
            op: write.operation.description, field: write.field)
    }

    /// What an organisation proposes for a contested field of a label or an item.
    ///
    /// - Parameter name: The label's id or the item's key.
    package func candidate(
        of target: Int64, _ name: String, _ dataset: DatasetID, field: String, org: Origin
    ) throws -> AnnotationModel.Operation.Write {
        let writes = try store.writes(target, try logNames(dataset))
        guard
            let write = writes.last(where: { $0.field == field && $0.operation.origin == org })
        else { throw try noCandidate(target, name, dataset, field: field, org: org) }
        switch Field(name: field) {
        case .known(.className): return .className(write.value?.textValue ?? "")
        case .known(.selector): return .selector(try Selector(decoding: write.encoded))
        case let field: return .field(field, write.value ?? .null)
        }
    }

    /// The same with its bytes, for somebody who signs it elsewhere.
    ///
    /// - Parameters:
    ///   - label: The label's id; nil for an item.
    ///   - item: The item's key; nil for a label.
    package func candidate(
        ofLabel label: String?, orItem item: String?, in dataset: DatasetID, field: String,
        org: Origin
    ) throws -> CandidateDocument {
        try require(dataset)
        try catchUp(dataset)
        let target: Int64
        if let label {
            target = try find(label, in: dataset).label.key.packed
        } else {
            guard let found = try store.item(dataset, key: item ?? "") else {
                throw NodeError(
                    .notFound, "\(dataset) has no item \(item ?? "")", hint: "see countermark list")
            }
            target = found.target
        }
        // It says what is wrong where there is none.
        _ = try candidate(of: target, label ?? item ?? "", dataset, field: field, org: org)
        let write = try store.writes(target, try logNames(dataset))
            .last { $0.field == field && $0.operation.origin == org }
        guard let write else {
            throw try noCandidate(target, label ?? item ?? "", dataset, field: field, org: org)
        }
        let made = try candidate(write)
        return CandidateDocument(
            field: field, org: made.org, op: made.op, value: made.value,
            encoded: Field(name: field) == .known(.className) ? nil : Base64.encode(write.encoded))
    }

    /// Why an organisation has no candidate: it may have suggested one, which waits for a decision.
    private func noCandidate(
        _ target: Int64, _ name: String, _ dataset: DatasetID, field: String, org: Origin
    ) throws -> NodeError {
        let logs = try logNames(dataset)
        let suggestions =
            target > 0 ? try store.suggestions(OperationKey(packed: target), logs) : []
        let suggestion = suggestions.last {
            $0.operation.origin == org && $0.fields[field] != nil
        }
        if let suggestion {
            let id =
                "\(org)/\(dataset):\(suggestion.operation.slot.entry)."
                + "\(suggestion.operation.slot.position)"
            return NodeError(
                .onlySuggested,
                "\(org) has only suggested a \(field) of \(name), which is \(suggestion.state)",
                hint: "run countermark review \(id) accept; or give --value")
        }
        return NodeError(
            .noCandidate, "\(org) proposes nothing for \(field) of \(name)",
            hint: "see countermark show \(name) --dataset \(dataset)")
    }
}
