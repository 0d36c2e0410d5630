import CountermarkNode
import LabelDocuments

extension CarryDocument.Log {
    /// What was carried of a log: out of a folder, or into it.
    package init(_ report: CarryReport, isPulled: Bool) {
        self.init(
            org: String(report.log.prefix { $0 != "/" }), log: report.log,
            pulled: isPulled ? report.entries : 0, pushed: isPulled ? 0 : report.entries,
            operations: report.operations, verified: isPulled ? report.entries : 0,
            state: report.error == nil ? "ok" : "failed", error: report.error)
    }
}
