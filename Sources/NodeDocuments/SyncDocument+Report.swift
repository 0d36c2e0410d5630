import CountermarkNode
import LabelDocuments

extension SyncDocument.Partner {
    /// What went to and fro with one partner.
    package init(_ report: SyncReport) {
        self.init(
            org: report.org, pulled: report.pulled, pushed: report.pushed,
            operations: report.operations, verified: report.verified, state: report.state,
            error: report.error, notes: report.notes)
    }
}
