import CountermarkNode
import LabelDocuments

extension ItemsAddedDocument {
    /// What registering files came to, and whether that counts.
    package init(_ report: ItemsReport, _ node: Node) {
        let outcome = WriteOutcome(node)
        self.init(
            added: report.added, unchanged: report.unchanged, changed: node.hasWritten,
            labelFiles: report.labelFiles,
            notes: report.notes.map { .init(where: $0.item, what: $0.what) },
            counted: outcome.isCounted, why: outcome.why, dataset: outcome.dataset)
    }
}
