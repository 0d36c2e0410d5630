/// What all measures of more than two raters are computed from: sums over units, each weighted by how
/// often its item was drawn.
struct AgreementSums {
    /// The agreeing pairs of each unit's pairs, summed over units with two judgements or more.
    var agreeing = 0.0
    /// Units with two judgements or more.
    var pairedUnits = 0.0
    /// Units with a judgement.
    var judgedUnits = 0.0
    /// By category: its share of each judged unit's judgements, summed.
    var shares: [Double]
    /// By category: judgements in units with two or more.
    var counts: [Double]
    /// Agreeing pairs over one less than the unit's judgements, summed: the diagonal of the matrix of coincidences.
    var coincidence = 0.0
    /// Squared distances of each unit's pairs over one less than its judgements, summed.
    var distance = 0.0

    init(categories: Int) {
        shares = Array(repeating: 0, count: categories)
        counts = Array(repeating: 0, count: categories)
    }

    mutating func clear() {
        (agreeing, pairedUnits, judgedUnits, coincidence, distance) = (0, 0, 0, 0, 0)
        for category in counts.indices {
            shares[category] = 0
            counts[category] = 0
        }
    }
}

/// One pass over a table's units for each resampling.
struct AgreementPass {
    private let table: JudgementTable
    private let level: Level
    /// The agreeing ordered pairs of each unit.
    private let agreeing: [Double]
    /// The squared distances of each unit's ordered pairs; empty where the level needs none, or other ones each time.
    private let distances: [Double]

    init(_ table: JudgementTable, level: Level) {
        (self.table, self.level) = (table, level)
        var agreeing = [Double](repeating: 0, count: table.unitCount)
        var seen = [Int32](repeating: 0, count: table.categoryCount)
        for unit in 0..<table.unitCount {
            let range = Int(table.starts[unit])..<Int(table.starts[unit + 1])
            var pairs = 0
            for place in range {
                let category = Int(table.categories[place])
                pairs += 2 * Int(seen[category])
                seen[category] += 1
            }
            for place in range { seen[Int(table.categories[place])] = 0 }
            agreeing[unit] = Double(pairs)
        }
        self.agreeing = agreeing
        distances =
            switch level {
            case .nominal, .ordinal: []
            case .interval: Self.squares(table, table.values)
            case .ratio: Self.ratios(table)
            }
    }

    /// How many judgements and distances one pass looks at.
    var steps: Int {
        let categories = table.categoryCount
        return table.judgementCount + table.unitCount
            + (level == .ratio ? categories * categories / 2 : categories)
    }

    /// The sums over all units.
    ///
    /// - Parameter weights: How often each item counts; nil for once.
    func run(_ weights: [Int32]?, into sums: inout AgreementSums) {
        sums.clear()
        let hasDistances = !distances.isEmpty
        table.starts.withUnsafeBufferPointer { starts in
            table.categories.withUnsafeBufferPointer { categories in
                for unit in 0..<table.unitCount {
                    let item = Int(table.items[unit])
                    if item < 0 { continue }
                    let weight = weights.map { Double($0[item]) } ?? 1
                    if weight == 0 { continue }
                    let range = Int(starts[unit])..<Int(starts[unit + 1])
                    let judgements = Double(range.count)
                    sums.judgedUnits += weight
                    let share = weight / judgements
                    if range.count < 2 {
                        for place in range { sums.shares[Int(categories[place])] += share }
                        continue
                    }
                    for place in range {
                        let category = Int(categories[place])
                        sums.shares[category] += share
                        sums.counts[category] += weight
                    }
                    sums.pairedUnits += weight
                    let pairs = weight * agreeing[unit] / (judgements - 1)
                    sums.coincidence += pairs
                    sums.agreeing += pairs / judgements
                    if hasDistances { sums.distance += weight * distances[unit] / (judgements - 1) }
                }
            }
        }
        guard level == .ordinal else { return }
        addOrdinal(weights, to: &sums)
    }

    /// Distances by the number of judgements between two categories: those of the drawn items.
    private func addOrdinal(_ weights: [Int32]?, to sums: inout AgreementSums) {
        let ranks = Self.ranks(sums.counts)
        for unit in 0..<table.unitCount {
            let item = Int(table.items[unit])
            if item < 0 { continue }
            let weight = weights.map { Double($0[item]) } ?? 1
            let range = Int(table.starts[unit])..<Int(table.starts[unit + 1])
            guard weight > 0, range.count > 1 else { continue }
            sums.distance +=
                weight * Self.squares(table, range, ranks) / Double(range.count - 1)
        }
    }

    /// Where each category lies among all judgements: in the middle of its own.
    ///
    /// The difference of two such ranks is Krippendorff's ordinal distance: all judgements from one category to
    /// the other, less half of those of the two.
    static func ranks(_ counts: [Double]) -> [Double] {
        var before = 0.0
        return counts.map { count in
            defer { before += count }
            return before + count / 2
        }
    }

    private static func squares(_ table: JudgementTable, _ values: [Double]) -> [Double] {
        (0..<table.unitCount).map { unit in
            squares(table, Int(table.starts[unit])..<Int(table.starts[unit + 1]), values)
        }
    }

    /// The squared differences of all ordered pairs of a unit, from the deviations from its mean.
    private static func squares(
        _ table: JudgementTable, _ range: Range<Int>, _ values: [Double]
    ) -> Double {
        if range.count < 2 { return 0 }
        var mean = 0.0
        for place in range { mean += values[Int(table.categories[place])] }
        mean /= Double(range.count)
        var squares = 0.0
        for place in range {
            let deviation = values[Int(table.categories[place])] - mean
            squares += deviation * deviation
        }
        return 2 * Double(range.count) * squares
    }

    private static func ratios(_ table: JudgementTable) -> [Double] {
        (0..<table.unitCount).map { unit in
            let range = Int(table.starts[unit])..<Int(table.starts[unit + 1])
            var sum = 0.0
            for one in range {
                for other in range where other > one {
                    sum += ratio(
                        table.values[Int(table.categories[one])],
                        table.values[Int(table.categories[other])])
                }
            }
            return 2 * sum
        }
    }

    /// Krippendorff's ratio distance, squared; two zeros are equal.
    static func ratio(_ one: Double, _ other: Double) -> Double {
        let sum = one + other
        if sum == 0 { return 0 }
        let share = (one - other) / sum
        return share * share
    }
}
