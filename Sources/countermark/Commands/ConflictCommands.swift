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
        let report = try node.resolve(
            annotation, in: chosen, Resolution(field: field, try choice()), author: author)
        try common.print(document: report.document, changed: report.document.changed, report.lines)
        try common.endIfUncounted(node)
    }

    private func choice() throws -> Resolution.Choice {
        switch (take, value) {
        case (.some(let org), .none): return .take(try Origin(org))
        case (.none, .some(let value)): return .write(try FieldWrite.write(field, value))
        default: throw ValidationError("give either --take ORG or --value V")
        }
    }
}
