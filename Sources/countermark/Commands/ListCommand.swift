import AnnotationModel
import ArgumentParser
import CountermarkNode
import LabelDocuments
import LabelExchange
import NodeDocuments

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
        var listing = LabelListing()
        (listing.item, listing.className) = (item, className)
        (listing.isContested, listing.isOutsideSchema) = (contested, outsideSchema)
        listing.org = try org.map { try Origin($0) }
        listing.stage = try stage.map { try stageFilter($0) }
        (listing.limit, listing.after) = (limit, after)
        let page = try listing.page(node, id)
        if let warning = page.schemaWarning {
            Terminal.warn("countermark: warning: \(id): \(warning)")
        }
        for why in page.document.unreadable { node.warn(why) }
        if page.document.annotations.isEmpty, after == nil,
            let why = try node.unknownName(
                ExportPart(classes: className.map { [$0] } ?? []), org: listing.org, in: id)
        {
            Terminal.warn("countermark: \(why)")
        }
        if let note = page.blindNote { Terminal.warn("countermark: \(note)") }
        try common.print(document: page.document, page.lines)
    }
}
