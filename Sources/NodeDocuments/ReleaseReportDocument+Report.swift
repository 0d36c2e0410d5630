import AnnotationModel
import LabelDocuments
import Provenance
import Signing

extension ReleaseReportDocument {
    /// What the proof of a release shows.
    package init(_ file: ReleaseFile, _ shown: LabelProofReport.NamedRelease, hasLeaves: Bool) {
        let commitment = file.commitment
        self.init(
            dataset: commitment.dataset.description, name: shown.name,
            digest: Digest(shown.digest)?.hex ?? "", root: Digest(commitment.root)?.hex ?? "",
            labels: commitment.labels, items: commitment.items, time: shown.time,
            heads: Dictionary(
                commitment.heads.map { ($0.origin.description, $0.size) },
                uniquingKeysWith: { first, _ in first }), quorum: shown.quorum,
            asked: shown.asked.map(\.description),
            countersigned: shown.countersigned.map(\.description), holds: shown.holds,
            withdrawn: shown.withdrawal, leaves: hasLeaves)
    }

    /// The same for people.
    package var lines: [String] {
        [
            "\(holds ? "holds" : "does not hold (yet)"): release \(name) of \(dataset), "
                + "\(labels) labels of \(items) items",
            leaves
                ? "the leaves beside it are those that the steward signed"
                : "without its labels: no file of leaves lies beside it",
        ] + Countersigning(countersigned, quorum, of: asked, withdrawn).lines
    }
}

/// Who has countersigned a release, and whether it was withdrawn, for people.
package struct Countersigning {
    package let lines: [String]

    package init(_ countersigned: [String], _ quorum: Int, of asked: [String], _ withdrawn: String?)
    {
        let signed = countersigned.joined(separator: ", ")
        let ofWhom = asked.isEmpty ? "" : " of \(asked.joined(separator: ", "))"
        lines =
            [
                "countersigned by \(signed.isEmpty ? "nobody" : signed)"
                    + (quorum > 0 ? " (\(quorum)\(ofWhom) have to)" : "")
            ] + (withdrawn.map { ["the steward has withdrawn it: \($0)"] } ?? [])
    }
}
