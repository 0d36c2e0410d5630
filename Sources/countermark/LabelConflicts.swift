import AnnotationFormats
import AnnotationModel
import AnnotationStore
import CountermarkNode
import Foundation
import Provenance

/// One contested field, for `conflicts`.
struct ConflictView {
    let document: [String: Any]
    let line: String
}

extension Node {
    /// The contested fields of a dataset's labels and items with their candidates.
    func conflicts(_ dataset: DatasetID) throws -> [ConflictView] {
        try catchUp(dataset)
        let logs = try logNames(dataset)
        var filter = LabelFilter()
        filter.conflictsOnly = true
        var views: [ConflictView] = []
        for label in try store.labels(logs, filter: filter, limit: .max) {
            views += try conflicts(
                of: label.key.packed, label.flags, label.id.description, label.item, logs)
        }
        for item in try store.itemsInConflict(dataset) {
            views += try conflicts(of: item.target, item.flags, nil, item.record.key, logs)
        }
        return views
    }

    private func conflicts(
        of target: Int64, _ flags: RowFlags, _ annotation: String?, _ item: String,
        _ logs: [Int: Origin]
    ) throws -> [ConflictView] {
        var views: [ConflictView] = []
        let writes = Dictionary(grouping: try store.writes(target, logs), by: \.field)
        for (field, group) in writes.sorted(by: { $0.key < $1.key })
        where !field.hasPrefix("\u{0}") {
            var kinds: [(name: String, candidates: [[String: Any]])] = []
            let own = try group.map { try candidate($0) }
            if Set(group.map(\.encoded)).count > 1 { kinds.append(("value", own)) }
            if field == "status", flags.contains(.editedWhileRetracted) {
                // Who retracted it, and what others went on to change.
                let edits = try writes.filter { $0.key != field && !$0.key.hasPrefix("\u{0}") }
                    .sorted { $0.key < $1.key }.flatMap { try $0.value.map { try candidate($0) } }
                kinds.append(("edited-while-retracted", own + edits))
            }
            views += kinds.map { kind in
                ConflictView(
                    document: [
                        "annotation": annotation ?? NSNull() as Any, "item": item,
                        "field": field, "kind": kind.name, "candidates": kind.candidates,
                    ],
                    line: "\(annotation ?? item)  \(field)  \(kind.name)  "
                        + kind.candidates.map { candidate in
                            let other = candidate["field"] as? String ?? field
                            return "\(candidate["org"] ?? ""): "
                                + (other == field ? "" : "\(other) = ")
                                + Self.words(other, candidate["value"])
                        }.joined(separator: " | "))
            }
        }
        return views
    }

    private func candidate(_ write: WriteView) throws -> [String: Any] {
        [
            "value": try value(of: write), "org": write.operation.origin.description,
            "op": write.operation.description, "field": write.field,
        ]
    }

    private static func words(_ field: String, _ value: Any?) -> String {
        if field == "status", let value = value as? Int64 {
            return value == 0 ? "active" : "retracted"
        }
        return Output.words(value ?? NSNull())
    }

    private func value(of write: WriteView) throws -> Any {
        guard write.field == "selector" else { return Output.json(write.value) }
        return Output.selector(try Selector(decoding: write.encoded))
    }

    /// What an organisation proposes for a contested field of a label or an item.
    ///
    /// - Parameter name: The label's id or the item's key.
    func candidate(
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
