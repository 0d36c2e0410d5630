import CountermarkNode
import LabelDocuments

extension EndingDocument {
    /// Something that ends, as near as it is then.
    package init(_ end: Ending, at now: Int64) {
        self.init(
            kind: end.kind.rawValue, org: end.org, subject: end.subject, notAfter: end.end,
            level: end.level(at: now).rawValue, renew: end.renew)
    }
}
