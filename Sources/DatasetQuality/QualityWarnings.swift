import AnnotationModel
import LabelQuality

/// Something about a rater that figures alone say to few.
public struct QualityWarning: Sendable, Equatable {
    /// What it is about.
    public enum Kind: String, Sendable {
        /// Its judgements agree with nobody's more than chance would have it.
        case chance
        /// It says what it has seen of others, and something else where it has not seen them.
        case copies
        /// Most of what it marks nobody else marks.
        case alone
    }

    /// What it is about.
    public let kind: Kind
    /// The rater.
    public let rater: String
    /// What is judged.
    public let task: QualityTask
    /// The figures in words.
    public let words: String
}

/// Finds raters that somebody should talk to.
///
/// Each rule wants so many judgements that it is no accident, and none of them changes a figure.
struct QualityWarnings {
    /// The fewest judgements of a pair, or of a rater, of which anything is said.
    static let unitsMin = 20
    /// How much more often a copier agrees where it has seen the other's label.
    static let copyingMin = 0.2
    /// From which share on what a rater marks alone is most of it.
    static let aloneMin = 0.5

    let things: JudgedThings
    let labels: QualityLabels

    /// - Parameters:
    ///   - rows: The figures of the task, those of pairs among them.
    ///   - raters: The raters of the task.
    func found(_ rows: [QualityRow], _ raters: [RaterRow]) -> [QualityWarning] {
        chance(rows) + copies(raters) + alone()
    }

    private func chance(_ rows: [QualityRow]) -> [QualityWarning] {
        var pairs: ByteMap<(all: Int, byChance: Int)> = [:]
        for row in rows
        where row.measure == Measure.cohenKappa.rawValue && row.raters.count == 2
            && row.pairs == nil && row.figure.counts.units >= Self.unitsMin
        {
            guard let interval = row.figure.interval else { continue }
            for rater in row.raters {
                pairs[rater, default: (0, 0)].all += 1
                if interval.low <= 0 { pairs[rater, default: (0, 0)].byChance += 1 }
            }
        }
        // Of two who do not agree nobody knows which one guesses: one of them has to agree with a third.
        return labels.raters.compactMap { rater in
            guard let known = pairs[rater], known.all > 1, known.all == known.byChance else {
                return nil
            }
            return warning(
                .chance, rater,
                "agrees with none of \(known.all) others more than chance would have it")
        }
    }

    private func copies(_ raters: [RaterRow]) -> [QualityWarning] {
        raters.compactMap { row in
            let (seen, blind) = (row.informed, row.blind)
            guard seen.units >= Self.unitsMin, blind.units >= Self.unitsMin,
                seen.share - blind.share >= Self.copyingMin
            else { return nil }
            return warning(
                .copies, row.rater,
                "said the same in \(seen.agreeing) of \(seen.units) cases where it had seen the other's label, and "
                    + "in \(blind.agreeing) of \(blind.units) where it had not")
        }
    }

    private func alone() -> [QualityWarning] {
        guard things.task == .places, things.names.first == .some(nil) else { return [] }
        var marked = [Int](repeating: 0, count: labels.raters.count)
        var alone = marked
        for unit in 0..<things.table.unitCount {
            let said = things.table.judgements(of: unit)
            if said.count < 2 { continue }
            let marking = said.filter { $0.category != Categories.nothing }
            for (rater, _) in marking {
                marked[rater] += 1
                if marking.count == 1 { alone[rater] += 1 }
            }
        }
        return labels.raters.indices.compactMap { rater in
            guard marked[rater] >= Self.unitsMin,
                Double(alone[rater]) > Self.aloneMin * Double(marked[rater])
            else { return nil }
            return warning(
                .alone, labels.raters[rater],
                "marked \(alone[rater]) of its \(marked[rater]) things alone, where others had looked, too"
            )
        }
    }

    private func warning(
        _ kind: QualityWarning.Kind, _ rater: String, _ words: String
    ) -> QualityWarning {
        QualityWarning(kind: kind, rater: rater, task: things.task, words: words)
    }
}

extension AgreeingPairs {
    fileprivate var share: Double { Double(agreeing) / Double(max(1, units)) }
}
