import AnnotationModel
import CountermarkNode
import LabelDocuments
import Provenance
import Signing

extension ReleaseDocument {
    /// A release, not recomputed.
    package init(_ view: ReleaseView, _ dataset: DatasetID) {
        let release = view.release
        self.init(
            name: release.name, dataset: dataset.description,
            digest: Digest(release.digest)?.hex ?? "",
            heads: release.heads.map {
                Head(
                    origin: $0.origin.description, size: $0.size,
                    root: Digest($0.root)?.base64 ?? "")
            }, terms: Terms(release.terms), time: release.time, quorum: release.quorum,
            asked: release.policy?.members.map(\.description) ?? [],
            countersigned: view.countersigned.map(\.description), holds: view.holds,
            withdrawn: release.withdrawal)
    }

    /// The same with what it was recomputed to.
    package func with(_ check: ReleaseCheck) -> ReleaseDocument {
        var document = self
        document.contents = Contents(
            root: Digest(check.commitment.root)?.hex, labels: check.commitment.labels,
            items: check.commitment.items, policy: check.contents.policy.rawValue,
            schema: SHA256Hasher.hash(Array(check.contents.schema.utf8)).hex,
            ok: check.isRight)
        return document
    }

    /// The release in one line.
    package var line: String {
        let signed = countersigned.isEmpty ? "nobody" : countersigned.joined(separator: ", ")
        return "\(name)  \(ReadableTime.text(time))  countersigned by \(signed)"
            + (quorum > 0 ? " (\(countersigned.count) of \(quorum)\(ofWhom))" : "")
            + (withdrawn.map { "  WITHDRAWN: \($0)" } ?? "")
    }

    /// How many countersignatures it has of those that it asks for.
    package var waiting: String {
        let signed = countersigned.filter { asked.isEmpty || asked.contains($0) }.count
        return "not countersigned by enough: \(signed) of \(quorum)\(ofWhom)"
    }

    private var ofWhom: String {
        asked.isEmpty ? "" : " of " + asked.joined(separator: ", ")
    }

    /// What it was recomputed to.
    package var details: [String] {
        [
            "  digest \(digest)",
            "  root \(contents?.root ?? "")",
            "  \(contents?.labels ?? 0) labels of \(contents?.items ?? 0) items, "
                + "policy \(contents?.policy ?? "")",
        ] + heads.map { "  \($0.origin)  \($0.size) entries" }
    }

    /// Whether it is what its logs hold.
    package var verdict: String {
        contents?.ok == true
            ? "\(name): the logs give what the steward signed"
                + (holds ? "" : "; " + (withdrawn.map { "withdrawn: \($0)" } ?? waiting))
            : "\(name): WRONG: the logs give something else than the steward signed"
    }
}

extension ReleaseDocument.Terms {
    /// Which labels a release holds.
    package init(_ terms: ReleaseTerms) {
        self.init(
            companies: terms.companies.map(\.description),
            stage: terms.stage.map { "\($0.stage.rawValue)=\($0.state ?? "none")" },
            acceptedOnly: terms.isAcceptedOnly, settledOnly: terms.isSettledOnly,
            onlyKept: terms.isWithoutExcluded, retracted: terms.holdsRetracted)
    }
}
