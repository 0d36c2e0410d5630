import CountermarkNode
import DatasetQuality
import LabelDocuments
import LabelQuality

extension ConsensusDocument {
    /// What a report says.
    package init(
        _ dataset: String, release: String?, method: String, _ question: QualityQuestion,
        _ report: ConsensusReport, written: ConsensusWrites? = nil
    ) {
        self.init(
            dataset: dataset, release: release, heads: report.heads?.map { LogHeadStory($0) },
            part: QualityPartStory(question.part), digest: report.digest, method: method,
            by: question.by.rawValue, iou: question.overlapMin, near: question.near,
            items: report.rows.map { Item($0) },
            without: QualityTask.allCases.compactMap { task in
                report.absences[task].map { Without(task: task.rawValue, why: $0.words) }
            },
            iterations: [String: Int](
                report.iterations.map { ($0.rawValue, $1) },
                uniquingKeysWith: { first, _ in first }),
            denseItems: report.denseItems, hidden: report.hidden,
            written: written.map {
                Written(
                    added: $0.added, retracted: $0.retracted, unchanged: $0.unchanged,
                    without: $0.without, changesets: $0.changesets)
            })
    }

    /// A line for each thing.
    package var lines: [String] {
        let notes =
            hidden == 0
            ? []
            : ["\(hidden) things are not shown: the dataset is blind, see countermark blind show"]
        if let written {
            let said =
                "\(written.added) added, \(written.retracted) retracted, \(written.unchanged) unchanged, "
                + "\(written.without) things without a label in \(written.changesets) changesets"
            return notes + [said] + (written.changesets == 0 ? ["nothing has changed"] : [])
        }
        if items.isEmpty, without.isEmpty {
            return notes.isEmpty ? ["\(dataset) has no labels to compare"] : notes
        }
        return notes
            + items.map { item in
                let said =
                    item.tied.isEmpty
                    ? item.class ?? "nothing"
                    : "tied: " + item.tied.map { $0 ?? "nothing" }.joined(separator: ", ")
                let number = AgreementDocument.rounded(item.confidence)
                return "\(item.item)  \(said)  \(number)  \(item.judgements) judgements"
                    + (item.labels.isEmpty ? "" : "  " + item.labels.joined(separator: " "))
            } + without.map { "\($0.task): \($0.why)" }
    }
}

extension ConsensusDocument.Item {
    /// One thing.
    package init(_ row: ConsensusRow) {
        self.init(
            item: row.item, class: row.className, confidence: row.confidence, tied: row.tied,
            judgements: row.judgements, task: row.task.rawValue, labels: row.labels,
            selector: row.selector.map { Output.selector($0) })
    }
}
