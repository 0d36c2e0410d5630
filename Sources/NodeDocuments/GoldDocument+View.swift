import AnnotationModel
import CountermarkNode
import DatasetQuality
import LabelDocuments
import Provenance
import Signing

extension GoldDocument {
    /// What is known of a set.
    package init(_ view: GoldView, _ dataset: DatasetID, changed: Bool? = nil) {
        self.init(
            dataset: dataset.description, name: view.seal.name, org: view.org.description,
            state: view.state.rawValue, commitment: Digest(view.seal.commitment)?.hex ?? "",
            sealed: view.seal.time, opened: view.opening?.time,
            items: view.opening?.set.items.map(\.key), changed: changed)
    }

    /// The set in one line.
    package var line: String {
        "\(name)  \(org)  \(state)  \(Output.time(sealed))  \(commitment.prefix(16))…"
            + (items.map { "  \($0.count) items" } ?? "")
    }
}

extension GoldScoreDocument {
    /// What a score says.
    package init(_ score: GoldScore, _ dataset: DatasetID, _ question: QualityQuestion) {
        let set = score.gold.opening?.set
        self.init(
            dataset: dataset.description, name: score.gold.seal.name,
            org: score.gold.org.description, digest: score.digest, by: question.by.rawValue,
            iou: question.overlapMin, class: question.className, items: set?.items.count ?? 0,
            answers: set?.items.reduce(0) { $0 + $1.answers.count } ?? 0,
            measures: score.rows.map { .init($0) }, confusion: score.confusion.map { .init($0) },
            denseItems: score.denseItems)
    }

    /// A line for each figure.
    package var lines: [String] {
        ["\(name) of \(org): \(answers) answers in \(items) items"]
            + (measures.isEmpty
                ? ["nobody had looked at any of them when they were opened"]
                : measures.map { "  \($0.task)  " + AgreementDocument.line($0) })
    }
}
