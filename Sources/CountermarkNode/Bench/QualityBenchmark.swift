import AnnotationModel
import LabelQuality

/// Measures agreement and consensus over made-up judgements, and the matching of made-up boxes.
///
/// Nothing is read from a home: this is what the arithmetic costs.
public enum QualityBenchmark {
    /// So many judgements by 50 raters on a fifth as many items, in 10 classes; then half as many boxes
    /// each by two raters on a tenth as many pictures.
    public static func run(judgements: Int) -> [BenchmarkRow] {
        MergeBenchmark.forgetPeak()
        let before = MergeBenchmark.peakResidentMegabytes()
        var table: JudgementTable?
        let made = MergeBenchmark.measure { table = crowd(judgements) }
        guard let table else { return [] }
        var (alpha, pairs, iterations) = (0.0, 0, 0)
        let agreement = MergeBenchmark.measure {
            let figures = Agreement.figures(
                [.percent, .fleissKappa, .gwetAC1, .krippendorffAlpha], of: table, seed: [1])
            alpha = figures[3].value ?? 0
        }
        let confusion = MergeBenchmark.measure {
            let shared = table.sharedUnits(limit: pairsMax)?.pairs ?? []
            table.forEachPair(shared) { pairs += $0.confusion.count > 0 ? 1 : 0 }
        }
        let fitted = MergeBenchmark.measure {
            iterations = (try? DawidSkene(table))?.iterations ?? 0
        }
        let sum = agreement.cpuSeconds + confusion.cpuSeconds + fitted.cpuSeconds
        let row = BenchmarkRow(
            name: "\(table.judgementCount) judgements of \(table.unitCount) items by 50 raters",
            figures: [
                ("CPU s for agreement, confusion and Dawid-Skene", sum),
                ("CPU s for four measures with their intervals", agreement.cpuSeconds),
                ("CPU s for the confusion of all pairs", confusion.cpuSeconds),
                ("CPU s for Dawid-Skene", fitted.cpuSeconds),
                ("iterations of Dawid-Skene", Double(iterations)), ("pairs", Double(pairs)),
                ("CPU s to make the table", made.cpuSeconds), ("alpha", alpha),
                ("MB resident at most", MergeBenchmark.peakResidentMegabytes()),
                ("MB resident before", before),
            ])
        return [row, matching(labels: judgements)]
    }

    /// The pairs of 50 raters.
    private static let pairsMax = 1_225

    private static func crowd(_ judgements: Int) -> JudgementTable {
        var generator = SeededGenerator(seed: [7])
        let units = max(1, judgements / 5)
        var entries = JudgementTable.Entries()
        entries.reserveCapacity(5 * units)
        for unit in 0..<units {
            let truth = Int.random(in: 0..<10, using: &generator)
            let first = Int.random(in: 0..<50, using: &generator)
            for number in 0..<5 {
                let rater = (first + number * 7) % 50
                let errs = Int.random(in: 0..<100, using: &generator) < 10 + rater
                entries.append(
                    unit: unit, rater: rater,
                    category: errs ? Int.random(in: 0..<10, using: &generator) : truth)
            }
        }
        return JudgementTable(
            entries, itemOfUnit: (0..<units).map { Int32($0) }, raterCount: 50, categoryCount: 10)
    }

    private static func matching(labels: Int) -> BenchmarkRow {
        var generator = SeededGenerator(seed: [8])
        let perItem = 10
        var pairs = 0
        var seconds = 0.0
        for _ in 0..<max(1, labels / perItem) {
            var boxes: [PlacedLabel] = []
            for number in 0..<(perItem / 2) {
                let (x, y) = (
                    Double.random(in: 0..<900, using: &generator),
                    Double.random(in: 0..<900, using: &generator)
                )
                for rater in 0..<2 {
                    let shift = Double.random(in: -4..<4, using: &generator)
                    let box = Selector.Box(x: x + shift, y: y + shift, width: 60, height: 60)
                    guard let shape = Shape(.box(box)) else { continue }
                    boxes.append(
                        PlacedLabel(rater: rater, category: 0, shape: shape, order: number))
                }
            }
            let time = MergeBenchmark.measure {
                pairs += Matching(boxes, threshold: 0.5).pairs.count
            }
            seconds += time.cpuSeconds
        }
        return BenchmarkRow(
            name: "match \(labels) boxes of two raters in \(max(1, labels / perItem)) pictures",
            figures: [("CPU s", seconds), ("pairs", Double(pairs))])
    }
}
