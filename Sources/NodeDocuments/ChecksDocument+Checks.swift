import CountermarkNode
import LabelDocuments

extension ChecksDocument {
    /// What the checks found.
    package init(_ checks: [HomeCheck]) {
        self.init(checks: checks.map { Check($0) })
    }

    /// All is well where each check is.
    package init(checks: [Check]) {
        self.init(ok: checks.allSatisfy(\.ok), checks: checks)
    }
}

extension ChecksDocument.Check {
    /// What one check found.
    package init(_ check: HomeCheck) {
        self.init(name: check.name, ok: check.isOk, detail: check.detail, hint: check.hint)
    }
}
