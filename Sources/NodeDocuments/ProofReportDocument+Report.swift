import AnnotationModel
import LabelDocuments
import LabelText
import Provenance
import Signing

extension ProofReportDocument {
    /// What a label's proof shows.
    package init(_ proof: LabelProof, _ report: LabelProofReport) {
        let (annotation, dataset) = (proof.annotation, proof.dataset)
        let classes = report.values("class").map { JSONValue($0) }
        let fields = Set(report.writes.map(\.field)).map { field in
            (field, report.values(field).map { JSONValue($0) })
        }
        self.init(
            org: annotation.origin.description, signer: report.signer,
            fingerprint: report.fingerprint.hex, class: classes.count == 1 ? classes[0] : .null,
            time: report.time, log: "\(annotation.origin)/\(dataset)",
            index: annotation.slot.entry, item: report.item, annotation: annotation.description,
            dataset: dataset.description,
            fields: Dictionary(fields, uniquingKeysWith: { first, _ in first }),
            writes: report.writes.map { Write($0) },
            witnesses: report.witnesses.map { .init(org: $0.org, time: $0.time) },
            sizes: report.sizes, complete: report.isComplete,
            completeBy: report.completeBy.map { Word($0) }, notes: report.notes,
            release: report.release.map { InRelease($0) })
    }
}

extension ProofReportDocument.Write {
    /// One signed write.
    package init(_ write: LabelProofReport.Write) {
        self.init(
            field: write.field, value: JSONValue(write.value), op: write.operation.description,
            org: write.operation.origin.description, author: write.author, signer: write.signer,
            time: write.time, replaced: write.isReplaced)
    }
}

extension ProofReportDocument.Word {
    /// Somebody's word that this is all.
    package init(_ word: LabelProofReport.Word) {
        self.init(
            org: word.org.description, time: word.time,
            heads: Dictionary(
                word.heads.map { ($0.origin.description, $0.size) },
                uniquingKeysWith: { first, _ in first }))
    }
}

extension ProofReportDocument.InRelease {
    /// What the proof shows of a release.
    package init(_ shown: LabelProofReport.InRelease) {
        let release = shown.release
        let said = shown.said.map {
            Said(
                item: $0.item, class: $0.className, retracted: $0.isRetracted,
                contested: $0.isContested)
        }
        self.init(
            name: release.name, digest: Digest(release.digest)?.hex ?? "", in: said != nil,
            label: said, withdrawn: release.withdrawal, quorum: release.quorum,
            asked: release.asked.map(\.description),
            countersigned: release.countersigned.map(\.description), holds: release.holds)
    }
}

extension JSONValue {
    /// What a write of a proof gave a field.
    package init(_ value: LabelProofReport.Value) {
        switch value {
        case .plain(let value): self.init(value)
        case .selector(let selector): self = Output.selector(selector)
        }
    }
}
