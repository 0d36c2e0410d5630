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
            let differs = Set(group.map(\.encoded)).count > 1
            let isStatus = field == "status" && flags.contains(.editedWhileRetracted)
            guard differs || isStatus else { continue }
            let candidates = try group.map { write in
                [
                    "value": try value(of: write), "org": write.operation.origin.description,
                    "op": write.operation.description,
                ] as [String: Any]
            }
            let kind = differs ? "value" : "edited-while-retracted"
            views.append(
                ConflictView(
                    document: [
                        "annotation": annotation ?? NSNull() as Any, "item": item,
                        "field": field, "kind": kind, "candidates": candidates,
                    ],
                    line: "\(annotation ?? item)  \(field)  \(kind)  "
                        + candidates.map { "\($0["org"] ?? ""): \($0["value"] ?? "")" }
                        .joined(separator: " | ")))
        }
        return views
    }

    private func value(of write: WriteView) throws -> Any {
        guard write.field == "selector" else { return Output.json(write.value) }
        let text = SelectorJSON.text(try Selector(decoding: write.encoded))
        return try JSONSerialization.jsonObject(with: Data(text.utf8))
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
        else {
            throw NodeError(
                .failed, "no-candidate", "\(org) proposes nothing for \(field) of \(name)",
                hint: "see countermark show \(name)")
        }
        switch Field(name: field) {
        case .known(.className): return .className(write.value?.textValue ?? "")
        case .known(.selector): return .selector(try Selector(decoding: write.encoded))
        case let field: return .field(field, write.value ?? .null)
        }
    }
}
