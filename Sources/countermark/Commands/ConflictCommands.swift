import AnnotationModel
import AnnotationStore
import ArgumentParser
import CountermarkNode
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
        common.print(
            ["conflicts": conflicts.map(\.document)],
            conflicts.map(\.line))
    }
}

/// Settles a contested field.
struct Resolve: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Settles a contested field with a value that covers all candidates.")
    @OptionGroup var common: CommonOptions
    @OptionGroup var signing: SigningOptions
    @Argument(help: "The label's id, or an item's key.") var annotation: String
    @Option(help: "The item's dataset; all are looked through if it is left out.")
    var dataset: String?
    @Option(help: "The field.") var field: String
    @Option(help: "Takes this organisation's value.") var take: String?
    @Option(help: "Takes this value.") var value: String?
    @Option(help: "Who decided.") var author: String?

    func run() throws {
        let node = try signing.node(common)
        let dataset: DatasetID
        let operation: AnnotationModel.Operation
        if let (found, item) = try item(node) {
            dataset = found
            operation = try settle(item, node, found)
        } else {
            let (found, label) = try node.find(annotation)
            dataset = found
            operation = .set(
                label.id, [try decision(label.key.packed, label.id.description, node, found)])
        }
        let ids = try node.write(dataset, author: author, [operation])
        common.print(["id": ids.first?.description ?? ""], ids.map(\.description))
    }

    private func item(_ node: Node) throws -> (DatasetID, StoredItem)? {
        for id in try dataset.map({ [try common.dataset($0, node)] }) ?? node.home.datasets() {
            try node.require(id)
            try node.catchUp(id)
            if let item = try node.store.item(id, key: annotation) { return (id, item) }
        }
        return nil
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
