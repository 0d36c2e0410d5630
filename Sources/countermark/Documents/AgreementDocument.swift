import CountermarkNode
import LabelQuality

/// What `agreement` prints.
struct AgreementDocument: Encodable {
    /// One figure.
    struct Measure: Encodable {
        let measure: String
        let scope: String
        let task: String
        let raters: [String]
        let `class`: String?
        let value: Double?
        let low: Double?
        let high: Double?
        let items: Int
        let units: Int
        let judgements: Int
        let why: String?

        init(_ row: QualityRow) {
            (measure, scope, task) = (row.measure, row.scope, row.task.rawValue)
            raters = row.raters
            `class` = row.className
            value = row.figure.value
            low = row.figure.interval?.low
            high = row.figure.interval?.high
            items = row.figure.counts.items
            units = row.figure.counts.units
            judgements = row.figure.counts.judgements
            why = row.figure.why?.words
        }
    }

    /// How often one rater said one class, and another one another.
    struct Confusion: Encodable {
        let a: String
        let b: String
        let `class`: String?
        let other: String?
        let count: Int
        let task: String

        init(_ row: ConfusionRow) {
            (a, b, count, task) = (row.one, row.other, row.count, row.task.rawValue)
            `class` = row.className
            other = row.otherClass
        }
    }

    /// How far a rater can be relied on.
    struct Rater: Encodable {
        /// How often it was with the majority.
        struct Majority: Encodable {
            let units: Int
            let agreeing: Int
        }

        let rater: String
        let task: String
        let reliability: Double?
        let judgements: Int
        let majority: Majority
        let why: String?

        init(_ row: RaterRow) {
            (rater, task, judgements) = (row.rater, row.task.rawValue, row.judgements)
            majority = Majority(units: row.majority.units, agreeing: row.majority.agreeing)
            switch row.reliability {
            case .success(let value): (reliability, why) = (value, nil)
            case .failure(let absence): (reliability, why) = (nil, absence.words)
            }
        }
    }

    let dataset: String
    let release: String?
    let digest: String
    let by: String
    let iou: Double
    let field: String?
    let `class`: String?
    let against: String?
    let level: String
    let measures: [Measure]
    let confusion: [Confusion]
    let raters: [Rater]
    let pairsLeftOut: Int
    let confusionLeftOut: Int
    let ambiguous: Int
    let denseItems: [String]

    init(
        _ dataset: String, release: String?, _ question: QualityQuestion,
        _ report: AgreementReport
    ) {
        (self.dataset, self.release) = (dataset, release)
        digest = report.digest
        by = question.by.rawValue
        iou = question.overlapMin
        field = question.field
        `class` = question.className
        against = question.against
        level = report.level.rawValue
        measures = report.rows.map { Measure($0) }
        confusion = report.confusion.map { Confusion($0) }
        raters = report.reliability.map { Rater($0) }
        pairsLeftOut = report.pairsLeftOut
        confusionLeftOut = report.confusionLeftOut
        ambiguous = report.ambiguous
        denseItems = report.denseItems
    }

    // MARK: For people

    /// A small table of the figures, and what people should know of them.
    var lines: [String] {
        if measures.isEmpty { return ["\(dataset) has no labels to compare"] }
        var lines: [String] = []
        for task in QualityTask.allCases.map(\.rawValue) {
            let rows = measures.filter { $0.task == task }
            if rows.isEmpty { continue }
            lines.append(task == QualityTask.items.rawValue ? "whole items" : "places in items")
            lines += rows.map { "  " + Self.line($0) }
            lines += raters.filter { $0.task == task }.map { "  " + Self.line($0) }
        }
        return lines + notes
    }

    private static func line(_ row: Measure) -> String {
        let what = [row.measure, row.class.map { "of \($0)" }, row.scope].compactMap(\.self)
        let from = "\(row.units) units of \(row.items) items"
        guard let value = row.value else {
            return what.joined(separator: "  ") + "  –  \(row.why ?? "")  (\(from))"
        }
        var number = Self.rounded(value)
        if let low = row.low, let high = row.high {
            number += "  [\(Self.rounded(low)), \(Self.rounded(high))]"
        }
        return what.joined(separator: "  ") + "  \(number)  (\(from))"
    }

    private static func line(_ row: Rater) -> String {
        let known =
            row.reliability.map { "reliability \(Self.rounded($0))" } ?? "– \(row.why ?? "")"
        return "\(row.rater)  \(known)  with the majority \(row.majority.agreeing) of "
            + "\(row.majority.units)  \(row.judgements) judgements"
    }

    /// Three digits behind the point, which is what people compare.
    static func rounded(_ value: Double) -> String {
        let thousandths = (value.magnitude * 1_000).rounded()
        guard thousandths < 1e15 else { return "\(value)" }
        let number = Int(thousandths)
        let digits = "\(1_000 + number % 1_000)".dropFirst()
        return (value < 0 && number > 0 ? "-" : "") + "\(number / 1_000).\(digits)"
    }

    private var notes: [String] {
        var notes: [String] = []
        if pairsLeftOut > 0 {
            notes.append("\(pairsLeftOut) pairs of raters that share less are not listed")
        }
        if ambiguous > 0, let field {
            notes.append("\(ambiguous) times one rater gave \(field) several values: none counts")
        }
        notes += denseItems.prefix(10).map {
            "\($0) is left out: more of its labels lie upon each other than are compared"
        }
        if denseItems.count > 10 { notes.append("and so are \(denseItems.count - 10) others") }
        return notes
    }
}
