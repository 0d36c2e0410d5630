import AnnotationModel
import AnnotationStore
import ArgumentParser
import CountermarkNode
import Foundation
import LabelDocuments
import NodeDocuments
import Provenance

/// Contested fields.
struct Conflicts: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Contested fields of labels and items.")
    @OptionGroup var common: CommonOptions
    @Argument var dataset: String

    func run() throws {
        let node = try common.node()
        let id = try common.dataset(dataset, node)
        try node.require(id)
        let conflicts = try node.conflicts(id)
        try common.print(
            document: ConflictsDocument(conflicts: conflicts), conflicts.map(\.line))
    }
}

/// Settles a contested field.
struct Resolve: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Settles a contested field with a value that covers all candidates.")
    @OptionGroup var common: CommonOptions
    @OptionGroup var signing: SigningOptions
    @Argument(help: "The label's id, or an item's key.") var annotation: String
    @OptionGroup var within: WithinOptions
    @Option(help: "The field.") var field: String
    @Option(help: "Takes this organisation's value.") var take: String?
    @Option(help: "Takes this value.") var value: String?
    @Option(help: "Who decided.") var author: String?

    func run() throws {
        let node = try signing.node(common)
        let chosen = try within.dataset(common, node)
        let (dataset, operation) = try operation(node, chosen)
        if try isSettled(operation, node, dataset) {
            return try common.print(
                document: WrittenDocument(nothingIn: dataset), changed: false,
                ["\(annotation) has this value already"])
        }
        let ids = try node.write(dataset, author: author, [operation])
        try common.printWritten(
            node, WrittenDocument(ids.first, WriteOutcome(node)), ids.map(\.description))
    }

    /// Whether nobody contests the field, and this organisation has said the same last.
    private func isSettled(
        _ operation: AnnotationModel.Operation, _ node: Node, _ dataset: DatasetID
    ) throws -> Bool {
        if case .setItem(let key, let fields) = operation {
            guard let item = try node.store.item(dataset, key: key) else { return false }
            let writes = try node.store.writes(item.target, try node.logNames(dataset))
            return fields.allSatisfy { field, value in
                let known = writes.filter { $0.field == field.name }
                return known.count == 1 && known[0].operation.origin == node.home.origin
                    && known[0].value == value
            }
        }
        guard case .set(let id, _) = operation else { return false }
        return try changesNothing(
            operation, try node.find(id.description, in: dataset).label, node, dataset)
    }

    /// A label's id means the label; what is none may be an item's key.
    private func operation(
        _ node: Node, _ chosen: DatasetID?
    ) throws -> (DatasetID, AnnotationModel.Operation) {
        if (try? OperationID.parse(annotation)) == nil,
            let dataset = try node.datasetOfItem(annotation, in: chosen),
            let item = try node.store.item(dataset, key: annotation)
        {
            return (dataset, try settle(item, node, dataset))
        }
        let (dataset, label) = try node.find(annotation, in: chosen)
        let write = try decision(label.key.packed, label.id.description, node, dataset)
        return (dataset, .set(label.id, [write]))
    }

    private func settle(
        _ item: StoredItem, _ node: Node, _ dataset: DatasetID
    ) throws -> AnnotationModel.Operation {
        guard
            case .field(let field, let value) = try decision(item.target, annotation, node, dataset)
        else { throw ValidationError("an item has no \(field)") }
        return .setItem(key: annotation, fields: [field: value])
    }

    private func decision(
        _ target: Int64, _ name: String, _ node: Node, _ dataset: DatasetID
    ) throws -> AnnotationModel.Operation.Write {
        switch (take, value) {
        case (.some(let org), .none):
            return try node.candidate(
                of: target, name, dataset, field: field, org: try Origin(org))
        case (.none, .some(let value)): return try fieldWrite(field, value)
        default: throw ValidationError("give either --take ORG or --value V")
        }
    }
}
