/// What each unit most probably is, and how far each rater can be relied on: Dawid and Skene 1979.
///
/// Expectation and maximisation in turns, begun from the shares of each unit's judgements. Nothing is drawn at
/// random, and nothing depends on the order in which judgements came.
public struct DawidSkene: Sendable {
    /// The most turns.
    public static let iterationsMax = 100
    /// It has converged when a turn raises the logarithm of the likelihood by less than this for a judgement.
    public static let tolerance = 1e-7
    /// No probability is taken for smaller than this: what was never seen may still be.
    static let least = 1e-10
    /// The most probabilities of errors, and of units, that are kept: 64 MiB each.
    public static let probabilitiesMax = 8 << 20

    /// The categories that occur: no unit is of one that nobody has ever said.
    public let categories: [Int]
    /// By unit and place in ``categories``: how probable it is.
    ///
    /// A unit that nobody judged has the priors.
    public private(set) var probabilities: [Double]
    /// How probable each of ``categories`` is before anything was said.
    public private(set) var priors: [Double]
    /// The turns that were taken.
    public private(set) var iterations = 0
    /// Whether the last turn changed next to nothing.
    public private(set) var hasConverged = false
    /// By rater: the judgements, and how probable it is that a judgement of it is right.
    public private(set) var reliability: [(judgements: Int, value: Double)] = []
    private let categoryCount: Int

    /// Fits the model to a table.
    ///
    /// - Parameter iterations: The most turns; a number that is asked for is taken in full.
    /// - Throws: ``Absence`` where there is nothing to fit.
    public init(_ whole: JudgementTable, iterations: Int? = nil) throws(Absence) {
        let (table, categories) = whole.withOccurringCategories()
        let kinds = JudgementKinds(table)
        self.categories = categories
        categoryCount = categories.count
        guard table.judgementCount > 0 else { throw .noJudgements }
        guard (0..<table.unitCount).contains(where: { table.starts[$0 + 1] - table.starts[$0] > 1 })
        else { throw .noUnitJudgedTwice }
        guard categories.count > 1 else { throw .oneCategory }
        guard kinds.count * categoryCount <= Self.probabilitiesMax,
            table.unitCount * categoryCount <= Self.probabilitiesMax
        else { throw .tooLarge }
        probabilities = Self.shares(table)
        priors = Array(repeating: 0, count: categoryCount)
        var errors = [Double](repeating: 0, count: kinds.count * categoryCount)
        maximise(table, kinds, &errors)
        var last = -Double.infinity
        for _ in 0..<(iterations ?? Self.iterationsMax) {
            let likelihood =
                expect(table, kinds, errors) / Double(table.judgementCount)
            maximise(table, kinds, &errors)
            self.iterations += 1
            hasConverged = likelihood - last < Self.tolerance
            if iterations == nil, hasConverged { break }
            last = likelihood
        }
        reliability = kinds.reliability(priors, errors, table)
    }

    /// The most probable category of a unit, the smallest of several, and how probable it is.
    public func choice(of unit: Int) -> (category: Int, probability: Double) {
        var best = (category: 0, probability: -1.0)
        for category in 0..<categoryCount {
            let value = probabilities[unit * categoryCount + category]
            if value > best.probability { best = (categories[category], value) }
        }
        return best
    }

    /// The categories of a unit that are as probable as its most probable one, ascending.
    public func winners(of unit: Int) -> [Int] {
        let best = choice(of: unit).probability
        return (0..<categoryCount).filter {
            probabilities[unit * categoryCount + $0] >= best - Self.tieWidth
        }.map { categories[$0] }
    }

    /// Probabilities that differ by less are equal: the last bits depend on how the sums are rounded.
    static let tieWidth = 1e-9

    private static func shares(_ table: JudgementTable) -> [Double] {
        let categories = table.categoryCount
        var shares = [Double](repeating: 0, count: table.unitCount * categories)
        for unit in 0..<table.unitCount {
            let range = Int(table.starts[unit])..<Int(table.starts[unit + 1])
            for place in range {
                shares[unit * categories + Int(table.categories[place])] +=
                    1 / Double(range.count)
            }
        }
        return shares
    }

    /// The priors and errors that follow from the units' probabilities.
    private mutating func maximise(
        _ table: JudgementTable, _ kinds: JudgementKinds, _ errors: inout [Double]
    ) {
        let count = categoryCount
        var priors = [Double](repeating: 0, count: count)
        var judged = 0.0
        errors.withUnsafeMutableBufferPointer { errors in
            errors.update(repeating: 0)
            probabilities.withUnsafeBufferPointer { probabilities in
                kinds.kinds.withUnsafeBufferPointer { kinds in
                    for unit in 0..<table.unitCount where table.items[unit] >= 0 {
                        judged += 1
                        let row = unit * count
                        for category in 0..<count {
                            priors[category] += probabilities[row + category]
                        }
                        for place in Int(table.starts[unit])..<Int(table.starts[unit + 1]) {
                            let error = Int(kinds[place]) * count
                            for category in 0..<count {
                                errors[error + category] += probabilities[row + category]
                            }
                        }
                    }
                }
            }
        }
        self.priors = priors.map { max(Self.least, $0 / judged) }
        kinds.normalise(&errors, count)
    }

    /// The units' probabilities that follow from priors and errors; returns the logarithm of the likelihood.
    private mutating func expect(
        _ table: JudgementTable, _ kinds: JudgementKinds, _ errors: [Double]
    ) -> Double {
        let (count, priors) = (categoryCount, priors)
        var likelihood = 0.0
        probabilities.withUnsafeMutableBufferPointer { probabilities in
            errors.withUnsafeBufferPointer { errors in
                kinds.kinds.withUnsafeBufferPointer { kinds in
                    for unit in 0..<table.unitCount {
                        let row = UnsafeMutableBufferPointer(
                            rebasing: probabilities[unit * count..<(unit + 1) * count])
                        for category in 0..<count { row[category] = priors[category] }
                        if table.items[unit] < 0 { continue }
                        let first = Int(table.starts[unit])
                        for place in first..<Int(table.starts[unit + 1]) {
                            let error = Int(kinds[place]) * count
                            for category in 0..<count { row[category] *= errors[error + category] }
                            // Before the products leave the range of a double: eight are above 1e-90.
                            if (place - first) & 7 == 7 { likelihood += Self.rescale(row) }
                        }
                        likelihood += Self.rescale(row)
                        let sum = row.reduce(0, +)
                        likelihood += Logarithm.natural(sum)
                        for category in 0..<count { row[category] /= sum }
                    }
                }
            }
        }
        return likelihood
    }

    /// Makes the largest number of a row 1; returns the logarithm of what it was.
    private static func rescale(_ row: UnsafeMutableBufferPointer<Double>) -> Double {
        var most = 0.0
        for value in row { most = max(most, value) }
        guard most > 0, most < 1 else { return 0 }
        for category in row.indices { row[category] /= most }
        return Logarithm.natural(most)
    }
}

/// The judgements of a table by who said what: a rater and a category that it used.
///
/// A rater's errors are kept for the categories that it used, so that a thousand raters who each said one thing
/// take little room.
struct JudgementKinds {
    /// The kind of each judgement.
    let kinds: [Int32]
    /// How many there are.
    let count: Int
    /// The kinds of each rater, one after another.
    private let ofRater: [Range<Int>]
    private let categories: [Int32]
    /// Up to how many raters times categories are looked up in a list, of 4 bytes each.
    private static let denseMax = 1 << 20

    init(_ table: JudgementTable) {
        let width = table.categoryCount
        func kind(_ place: Int) -> Int {
            Int(table.raters[place]) * width + Int(table.categories[place])
        }
        let places = 0..<table.judgementCount
        let ordered: [Int]
        if table.raterCount * width <= Self.denseMax {
            var numbers = [Int32](repeating: -1, count: table.raterCount * width)
            for place in places { numbers[kind(place)] = 0 }
            ordered = numbers.indices.filter { numbers[$0] == 0 }
            for (number, kind) in ordered.enumerated() { numbers[kind] = Int32(number) }
            kinds = places.map { numbers[kind($0)] }
        } else {
            var numbers: [Int: Int32] = [:]
            for place in places { numbers[kind(place)] = 0 }
            ordered = numbers.keys.sorted()
            for (number, kind) in ordered.enumerated() { numbers[kind] = Int32(number) }
            kinds = places.map { numbers[kind($0)] ?? 0 }
        }
        count = ordered.count
        categories = ordered.map { Int32($0 % max(1, width)) }
        var ranges: [Range<Int>] = []
        var next = 0
        for rater in 0..<table.raterCount {
            let first = next
            while next < ordered.count, ordered[next] / max(1, width) == rater { next += 1 }
            ranges.append(first..<next)
        }
        ofRater = ranges
    }

    /// Makes what each rater says of one true category add up to 1.
    func normalise(_ errors: inout [Double], _ width: Int) {
        for index in errors.indices { errors[index] = max(DawidSkene.least, errors[index]) }
        for kinds in ofRater {
            for category in 0..<width {
                var sum = 0.0
                for kind in kinds { sum += errors[kind * width + category] }
                for kind in kinds { errors[kind * width + category] /= sum }
            }
        }
    }

    /// How probable it is that each rater says what is true, over the categories as frequent as they are.
    func reliability(
        _ priors: [Double], _ errors: [Double], _ table: JudgementTable
    ) -> [(judgements: Int, value: Double)] {
        var judgements = [Int](repeating: 0, count: table.raterCount)
        for rater in table.raters { judgements[Int(rater)] += 1 }
        let total = priors.reduce(0, +)
        return ofRater.enumerated().map { rater, kinds in
            var value = 0.0
            for kind in kinds {
                let category = Int(categories[kind])
                value += priors[category] / total * errors[kind * priors.count + category]
            }
            return (judgements[rater], value)
        }
    }
}
