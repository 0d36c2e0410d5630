import AnnotationFormats
import AnnotationModel
import AnnotationStore
import ArgumentParser
import CountermarkNode
import Foundation
import LabelDocuments
import Provenance
import Signing

/// The label set, paged.
struct List: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "The label set, paged.")
    @OptionGroup var common: CommonOptions
    @Argument var dataset: String
    @Option(help: "One item's labels.") var item: String?
    @Option(name: .customLong("class"), help: "One class.") var className: String?
    @Option(help: "What one organisation added.") var org: String?
    @Flag(help: "Labels in conflict.") var contested = false
    @Flag(help: "Labels that do not fit the schema.") var outsideSchema = false
    @Option(help: "STAGE=STATE, of the label or else of its item; none for no state.")
    var stage: String?
    @Option(help: "The most labels of a page.") var limit = 100
    @Option(help: "Goes on after this id.") var after: String?

    func run() throws {
        guard (1...100_000).contains(limit) else { throw ValidationError("--limit is 1...100000") }
        let node = try common.node()
        let id = try common.dataset(dataset, node)
        try node.require(id)
        try node.catchUp(id)
        var filter = LabelFilter()
        let same = SameItems(node.store, id)
        filter.items = try item.map { try same.names(of: $0) } ?? []
        filter.conflictsOnly = contested
        filter.org = try org.map { try Origin($0) }
        filter.stage = try stage.map(stageFilter)
        let judging = try node.judging(id)
        warn(of: judging.schema, id)
        filter.classNames = className.map { judging.schema.writtenNames(of: $0) } ?? []
        let from = try after.map { try node.key(try node.named($0, in: id).id, id) }
        let (found, skipped) = try node.store.passingDamage {
            try outsideSchema
                ? node.outside(id, judging, filter: filter, after: from, limit: limit)
                : node.store.labels(
                    try node.logNames(id), filter: filter, after: from, limit: limit)
        }
        for entry in skipped { node.warn(PlainError.line(entry)) }
        let next = found.count == limit ? found.last?.id.description ?? "" : nil
        let blindness = try node.blindness(id)
        let labels = try found.filter { try blindness?.hides($0) != true }
        if let note = blindness?.note { Terminal.warn("countermark: \(note)") }
        let lines = try labels.map {
            "\($0.id)  \(try same.shown($0))  \(judging.schema.className($0.className))  "
                + $0.selector.kindName + (Self.author($0).map { "  by \($0)" } ?? "")
        }
        let document = LabelListDocument(
            annotations: try labels.map { try .init($0, judging, same) }, next: next,
            unreadable: skipped.map { PlainError.line($0) })
        try common.print(document: document, lines)
    }
}

extension List {
    /// Who labelled, as the label itself or its changeset says.
    static func author(_ label: LabelView) -> String? {
        label.fields["author"]?.textValue ?? label.author
    }
}
