import CountermarkNode
import LabelDocuments

extension StatementDocument {
    /// What was said of items or labels, and whether that counts.
    package init(_ report: StatementReport, _ outcome: WriteOutcome) {
        self.init(
            changed: report.changed, unchanged: report.unchanged, added: report.added,
            suggestions: report.suggestions, changesets: report.changesets,
            counted: outcome.isCounted, why: outcome.why, dataset: outcome.dataset)
    }
}
