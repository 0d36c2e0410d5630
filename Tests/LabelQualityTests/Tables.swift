import AnnotationModel

@testable import LabelQuality

/// A table from rows of raters and columns of units, as textbooks print them; nil is missing.
func table(_ rows: [[Double?]], shuffledBy seed: UInt8? = nil) -> JudgementTable {
    let values = Set(rows.joined().compactMap(\.self)).sorted()
    var entries: [(Int, Int, Int)] = []
    for (rater, row) in rows.enumerated() {
        for (unit, value) in row.enumerated() {
            guard let value, let category = values.firstIndex(of: value) else { continue }
            entries.append((unit, rater, category))
        }
    }
    if let seed {
        var generator = SeededGenerator(seed: [seed])
        entries.shuffle(using: &generator)
    }
    var judgements = JudgementTable.Entries()
    for (unit, rater, category) in entries {
        judgements.append(unit: unit, rater: rater, category: category)
    }
    let units = rows.map(\.count).max() ?? 0
    return JudgementTable(
        judgements, itemOfUnit: (0..<units).map { Int32($0) }, raterCount: rows.count,
        categoryCount: values.count, values: values)
}

/// Krippendorff's example of 4 raters and 12 units ("Computing Krippendorff's Alpha-Reliability", 2011, section D).
let textbook: [[Double?]] = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, nil, nil, nil],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, nil, 3],
    [nil, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, nil],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, nil],
]

/// One figure of a table.
func figure(
    _ measure: Measure, _ rows: [[Double?]], _ level: Level = .nominal
) -> Figure {
    Agreement.figures([measure], of: table(rows), level: level, seed: [1])[0]
}

/// Judgements of made-up raters, of whom each errs at its own rate, and some are missing.
func crowd(
    units: Int, raters: Int, categories: Int, seed: UInt8
) -> [[Double?]] {
    var generator = SeededGenerator(seed: [seed])
    let truth = (0..<units).map { _ in Int.random(in: 0..<categories, using: &generator) }
    return (0..<raters).map { rater in
        (0..<units).map { unit in
            if Int.random(in: 0..<10, using: &generator) < 3 { return nil }
            let errs = Int.random(in: 0..<10, using: &generator) < 1 + rater
            return Double(
                errs ? Int.random(in: 0..<categories, using: &generator) : truth[unit])
        }
    }
}
