import CountermarkNode
import LabelQuality

/// What `consensus` prints.
struct ConsensusDocument: Encodable {
    /// One thing, and what it is held to be.
    struct Item: Encodable {
        let item: String
        let `class`: String?
        let confidence: Double
        let tied: [String?]
        let judgements: Int
        let task: String
        let labels: [String]

        init(_ row: ConsensusRow) {
            (item, confidence, tied) = (row.item, row.confidence, row.tied)
            `class` = row.className
            (judgements, task, labels) = (row.judgements, row.task.rawValue, row.labels)
        }
    }

    /// A task without a consensus.
    struct Without: Encodable {
        let task: String
        let why: String
    }

    let dataset: String
    let release: String?
    let digest: String
    let method: String
    let by: String
    let iou: Double
    let items: [Item]
    let without: [Without]
    let iterations: [String: Int]
    let denseItems: [String]

    init(
        _ dataset: String, release: String?, method: String, _ question: QualityQuestion,
        _ report: ConsensusReport
    ) {
        (self.dataset, self.release, self.method) = (dataset, release, method)
        (digest, by, iou) = (report.digest, question.by.rawValue, question.overlapMin)
        items = report.rows.map { Item($0) }
        without = QualityTask.allCases.compactMap { task in
            report.absences[task].map { Without(task: task.rawValue, why: $0.words) }
        }
        iterations = [String: Int](
            report.iterations.map { ($0.rawValue, $1) }, uniquingKeysWith: { first, _ in first })
        denseItems = report.denseItems
    }

    /// A line for each thing.
    var lines: [String] {
        if items.isEmpty, without.isEmpty { return ["\(dataset) has no labels to compare"] }
        return items.map { item in
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
