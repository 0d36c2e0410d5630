import AnnotationModel
import CountermarkNode
import DatasetQuality
import LabelDocuments

extension QueueDocument {
    /// Some of a queue's items.
    package init(
        _ dataset: String, _ question: QueueQuestion, _ report: QueueReport, rows: [QueueRow],
        more: Int, changed: Bool? = nil
    ) {
        self.init(
            dataset: dataset, digest: report.digest, by: question.quality.by.rawValue,
            iou: question.quality.overlapMin, items: rows.map { Item($0) }, more: more,
            settled: report.settled, denseItems: report.denseItems, changed: changed)
    }

    /// A line for each item.
    package var lines: [String] {
        if items.isEmpty { return ["nothing is left to review, \(settled) items are settled"] }
        return items.map(\.line) + (more > 0 ? ["\(more) more; give --limit"] : [])
    }
}

extension QueueDocument.Item {
    /// An item of the queue.
    package init(_ row: QueueRow) {
        self.init(
            item: row.item, score: row.score, why: row.why, state: row.state?.state,
            to: row.state?.to)
    }

    /// The item in one line.
    package var line: String {
        let whom = [state, to.map { "by \($0)" }].compactMap(\.self).joined(separator: " ")
        return "\(item)  \(AgreementDocument.rounded(score))  "
            + why.joined(separator: ", ") + (whom.isEmpty ? "" : "  \(whom)")
    }
}
