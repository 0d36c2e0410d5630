import CountermarkNode
import LabelDocuments

extension RowsDocument.Dataset {
    /// How far a dataset's rows are.
    package init(_ report: RowsReport) {
        self.init(
            dataset: report.dataset, wanted: report.isWanted, labels: report.labels,
            digest: report.digest, behind: report.behind, filled: report.filled,
            movedAt: report.movedAt, why: report.why)
    }
}
