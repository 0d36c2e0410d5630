import AnnotationModel
import CountermarkNode
import LabelDocuments
import Provenance

extension VerificationDocument {
    /// What a verification found.
    package init(_ report: VerificationReport) {
        self.init(
            ok: report.problems.isEmpty, entries: report.entries, signatures: report.signatures,
            problems: report.problems.map { .init(log: $0.log, index: $0.index, what: $0.what) },
            releases: report.releases.map { Release($0) }, notes: report.notes)
    }

    /// The same in lines: what is wrong, what to know, and the sum.
    package var lines: [String] {
        problems.map { "\($0.log) \($0.index.map(String.init) ?? "")  \($0.what)" }
            + releases.compactMap(\.line) + notes.map { "note: \($0)" } + [
                "\(entries) entries, \(signatures) signatures, "
                    + (releases.isEmpty ? "" : "\(releases.count) releases, ")
                    + (ok ? "all holds" : "\(problems.count) problems")
            ]
    }
}

extension VerificationDocument.Release {
    /// What was found of a release.
    package init(_ finding: ReleaseFinding) {
        let release = finding.view.release
        self.init(
            dataset: finding.dataset.description, name: release.name, ok: finding.isRight,
            why: finding.why, quorum: release.quorum,
            countersigned: finding.view.countersigned.map(\.description),
            holds: finding.view.holds, withdrawn: release.withdrawal)
    }

    /// What to know of it; nil where it holds, or is a problem, which is told.
    package var line: String? {
        let name = "release \(name) of \(dataset)"
        if let withdrawn {
            return "\(name): withdrawn: \(withdrawn)" + (ok == false ? "; it was wrong" : "")
        }
        if ok == nil { return "\(name): not recomputed: \(why ?? "not all of it is here")" }
        if ok == false || holds { return nil }
        return "\(name): not countersigned by enough yet: \(countersigned.count) of \(quorum)"
    }
}
