import AnnotationModel
import AnnotationStore
import CountermarkNode
import DatasetReading
import LabelDocuments
import PlainErrors
import Provenance

/// Which labels of a dataset to list, a page at a time.
package struct LabelListing {
    /// One item's labels, under whatever key.
    package var item: String?
    /// One class.
    package var className: String?
    /// What one organisation added.
    package var org: Origin?
    /// Labels in conflict.
    package var isContested = false
    /// Labels that do not fit the schema.
    package var isOutsideSchema = false
    /// In this state of a stage; nil stands for no state.
    package var stage: (stage: ProcessingStage, state: String?)?
    /// The most labels of a page.
    package var limit = 100
    /// The id of the label to go on after.
    package var after: String?

    /// All labels, the first hundred.
    package init() {}

    /// The page.
    package func page(_ node: Node, _ id: DatasetID) throws -> LabelPage {
        try node.require(id)
        try node.catchUp(id)
        if let org { try node.requireKnown(org, in: id) }
        var filter = LabelFilter()
        let same = SameItems(node.store, id)
        filter.items = try item.map { try same.names(of: $0) } ?? []
        filter.conflictsOnly = isContested
        filter.org = org
        filter.stage = stage
        let judging = try node.judging(id)
        filter.classNames = className.map { judging.schema.writtenNames(of: $0) } ?? []
        let from = try after.map { try node.key(try node.named($0, in: id).id, id) }
        let (found, skipped) = try node.store.passingDamage {
            try isOutsideSchema
                ? node.outside(id, judging, filter: filter, after: from, limit: limit)
                : node.store.labels(
                    try node.logNames(id), filter: filter, after: from, limit: limit)
        }
        let next = found.count == limit ? found.last?.id.description ?? "" : nil
        let blindness = try node.blindness(id)
        let labels = try found.filter { try blindness?.hides($0) != true }
        return LabelPage(
            document: LabelListDocument(
                annotations: try labels.map { try .init($0, judging, same) }, next: next,
                unreadable: skipped.map { PlainError.line($0) }),
            schemaWarning: judging.schema.warning, blindNote: blindness?.note,
            lines: try labels.map {
                "\($0.id)  \(try same.shown($0))  \(judging.schema.className($0.className))  "
                    + $0.selector.kindName + ($0.shownAuthor.map { "  by \($0)" } ?? "")
            })
    }
}

/// A page of labels, and what people should know of it.
package struct LabelPage {
    package let document: LabelListDocument
    /// Why labels are not judged as the schema says.
    package let schemaWarning: String?
    /// What a blind dataset does not show.
    package let blindNote: String?
    package let lines: [String]
}
