import AnnotationModel
import AnnotationStore
import CompanyHome
import CountermarkNode
import LabelDocuments
import PlainErrors
import Provenance

/// How a contested field of a label or an item is settled.
package struct Resolution: Sendable {
    /// What it is settled with.
    package enum Choice: Sendable {
        /// One organisation's value.
        case take(Origin)
        /// A value of one's own.
        case write(AnnotationModel.Operation.Write)
    }

    package let field: String
    package let choice: Choice

    /// A decision about a field.
    package init(field: String, _ choice: Choice) { (self.field, self.choice) = (field, choice) }
}

extension Node {
    /// Settles a contested field with a value that covers all candidates.
    ///
    /// - Parameter name: A label's id; what is none may be an item's key.
    package func resolve(
        _ name: String, in chosen: DatasetID?, _ resolution: Resolution, author: String?
    ) throws -> ActReport {
        let (dataset, operation) = try settlement(of: name, in: chosen, resolution)
        if try isSettled(operation, dataset) {
            return ActReport(
                document: WrittenDocument(nothingIn: dataset),
                lines: ["\(name) has this value already"])
        }
        if case .set(let id, _) = operation {
            let label = try find(id.description, in: dataset).label
            if let report = try suggestsAlready(operation, label, dataset) { return report }
            return try writeOne(operation, dataset, author: author)
        }
        let ids = try write(dataset, author: author, [operation])
        return ActReport(
            document: WrittenDocument(ids.first, WriteOutcome(self)), lines: ids.map(\.description))
    }

    private func settlement(
        of name: String, in chosen: DatasetID?, _ resolution: Resolution
    ) throws -> (DatasetID, AnnotationModel.Operation) {
        if (try? OperationID.parse(name)) == nil,
            let dataset = try datasetOfItem(name, in: chosen),
            let item = try store.item(dataset, key: name)
        {
            let write = try decision(item.target, name, dataset, resolution)
            guard case .field(let field, let value) = write else {
                throw NodeError(.usage, "an item has no \(resolution.field)", hint: "")
            }
            if field == .known(.sameAs), let other = value.textValue {
                try requireSame(name, other, in: dataset)
            }
            return (dataset, .setItem(key: name, fields: [field: value]))
        }
        let (dataset, label) = try find(name, in: chosen)
        let write = try decision(label.key.packed, label.id.description, dataset, resolution)
        return (dataset, .set(label.id, [write]))
    }

    private func decision(
        _ target: Int64, _ name: String, _ dataset: DatasetID, _ resolution: Resolution
    ) throws -> AnnotationModel.Operation.Write {
        switch resolution.choice {
        case .take(let org):
            try candidate(of: target, name, dataset, field: resolution.field, org: org)
        case .write(let write): write
        }
    }

    /// Whether nobody contests the field, and this organisation has said the same last.
    private func isSettled(
        _ operation: AnnotationModel.Operation, _ dataset: DatasetID
    ) throws -> Bool {
        if case .setItem(let key, let fields) = operation {
            guard let item = try store.item(dataset, key: key) else { return false }
            let writes = try store.writes(item.target, try logNames(dataset))
            return fields.allSatisfy { field, value in
                let known = writes.filter { $0.field == field.name }
                return known.count == 1 && known[0].operation.origin == home.origin
                    && known[0].value == value
            }
        }
        guard case .set(let id, _) = operation else { return false }
        return try changesNothing(
            operation, try find(id.description, in: dataset).label, dataset)
    }
}
