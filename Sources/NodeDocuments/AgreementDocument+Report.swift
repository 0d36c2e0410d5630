import CountermarkNode
import DatasetQuality
import DatasetReading
import LabelDocuments
import LabelQuality

extension AgreementDocument {
    /// What a report says.
    package init(
        _ dataset: String, release: String?, _ question: QualityQuestion,
        _ report: AgreementReport
    ) {
        self.init(
            dataset: dataset, release: release, heads: report.heads?.map { LogHeadStory($0) },
            part: QualityPartStory(question.part), digest: report.digest, by: question.by.rawValue,
            iou: question.overlapMin, near: question.near, field: question.field,
            class: question.className,
            against: question.against, level: report.level.rawValue,
            measures: report.rows.map { Measure($0) },
            confusion: report.confusion.map { Confusion($0) },
            raters: report.reliability.map { Rater($0) },
            warnings: report.warnings.map {
                Warning(
                    kind: $0.kind.rawValue, rater: $0.rater, task: $0.task.rawValue, what: $0.words)
            },
            blindness: report.blindness?.map {
                Blindness(
                    org: $0.org, items: $0.items, broken: $0.broken, examples: $0.examples)
            }, pairsLeftOut: report.pairsLeftOut,
            confusionLeftOut: report.confusionLeftOut, ambiguous: report.ambiguous,
            denseItems: report.denseItems)
    }
}

extension AgreementDocument.Measure {
    /// One figure.
    package init(_ row: QualityRow) {
        let figure = row.figure
        self.init(
            measure: row.measure, scope: row.scope, task: row.task.rawValue, raters: row.raters,
            class: row.className, pairs: row.pairs?.rawValue, value: figure.value,
            low: figure.interval?.low,
            high: figure.interval?.high, items: figure.counts.items, units: figure.counts.units,
            judgements: figure.counts.judgements, why: figure.why?.words)
    }
}

extension AgreementDocument.Confusion {
    /// How often one rater said one class, and another one another.
    package init(_ row: ConfusionRow) {
        self.init(
            a: row.one, b: row.other, class: row.className, other: row.otherClass,
            count: row.count, task: row.task.rawValue)
    }
}

extension AgreementDocument.Rater {
    /// How far a rater can be relied on.
    package init(_ row: RaterRow) {
        let (reliability, why): (Double?, String?) =
            switch row.reliability {
            case .success(let value): (value, nil)
            case .failure(let absence): (nil, absence.words)
            }
        self.init(
            rater: row.rater, task: row.task.rawValue, reliability: reliability,
            judgements: row.judgements,
            majority: .init(units: row.majority.units, agreeing: row.majority.agreeing),
            blind: .init(units: row.blind.units, agreeing: row.blind.agreeing),
            informed: .init(units: row.informed.units, agreeing: row.informed.agreeing), why: why)
    }
}
