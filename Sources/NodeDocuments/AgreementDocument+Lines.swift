import CountermarkNode
import DatasetQuality
import LabelDocuments
import LabelQuality

extension AgreementDocument {
    /// A small table of the figures, and what people should know of them.
    package var lines: [String] {
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

    package static func line(_ row: Measure) -> String {
        let what = [
            row.measure, row.class.map { "of \($0)" }, row.scope, row.pairs.map { "\($0) pairs" },
        ].compactMap(\.self)
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
            + "\(row.majority.units)  " + pairs("blind", row.blind)
            + pairs("after it had seen the other's label", row.informed)
            + "\(row.judgements) judgements"
    }

    private static func pairs(_ what: String, _ pairs: Rater.Pairs) -> String {
        pairs.units == 0 ? "" : "\(what) \(pairs.agreeing) of \(pairs.units)  "
    }

    /// Three digits behind the point, which is what people compare.
    package static func rounded(_ value: Double) -> String {
        let thousandths = (value.magnitude * 1_000).rounded()
        guard thousandths < 1e15 else { return "\(value)" }
        let number = Int(thousandths)
        let digits = "\(1_000 + number % 1_000)".dropFirst()
        return (value < 0 && number > 0 ? "-" : "") + "\(number / 1_000).\(digits)"
    }

    private var notes: [String] {
        var notes = warnings.map { "\($0.task): \($0.rater) \($0.what)" }
        notes += (blindness ?? []).map { row in
            let held = "\(row.org) was blind in \(row.items - row.broken) of \(row.items) items"
            return row.broken == 0
                ? held : held + ", not in " + row.examples.joined(separator: ", ")
        }
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
