/// What most raters of each unit said.
public struct Majority: Sendable {
    /// The most frequent category of each unit, the smallest of several; -1 where nobody judged it.
    public let categories: [Int32]
    /// The share of the unit's judgements that said it.
    public let shares: [Double]
    /// How many categories were said as often.
    public let tied: [Int32]
    private let table: JudgementTable

    /// The majority of each unit of a table.
    public init(_ table: JudgementTable) {
        self.table = table
        var categories = [Int32](repeating: -1, count: table.unitCount)
        var shares = [Double](repeating: 0, count: table.unitCount)
        var tied = [Int32](repeating: 0, count: table.unitCount)
        var counts = [Int32](repeating: 0, count: table.categoryCount)
        for unit in 0..<table.unitCount {
            let range = Int(table.starts[unit])..<Int(table.starts[unit + 1])
            if range.isEmpty { continue }
            for place in range { counts[Int(table.categories[place])] += 1 }
            var best: Int32 = 0
            for place in range { best = max(best, counts[Int(table.categories[place])]) }
            for place in range {
                let category = table.categories[place]
                guard counts[Int(category)] == best else { continue }
                // Counted once: the others of this category find nothing more.
                counts[Int(category)] = 0
                tied[unit] += 1
                if categories[unit] < 0 || category < categories[unit] {
                    categories[unit] = category
                }
            }
            for place in range { counts[Int(table.categories[place])] = 0 }
            shares[unit] = Double(best) / Double(range.count)
        }
        (self.categories, self.shares, self.tied) = (categories, shares, tied)
    }

    /// The categories of a unit that were said most often, ascending: several where there is a tie.
    public func winners(of unit: Int) -> [Int] {
        var counts: [Int: Int] = [:]
        for (_, category) in table.judgements(of: unit) { counts[category, default: 0] += 1 }
        let best = counts.values.max() ?? 0
        return counts.filter { $0.value == best }.keys.sorted()
    }

    /// How often each rater said what most said, of the units that two or more judged without a tie.
    public func agreeing() -> [(agreeing: Int, units: Int)] {
        var found = [(agreeing: Int, units: Int)](repeating: (0, 0), count: table.raterCount)
        for unit in 0..<table.unitCount where tied[unit] == 1 {
            let range = Int(table.starts[unit])..<Int(table.starts[unit + 1])
            if range.count < 2 { continue }
            for place in range {
                let rater = Int(table.raters[place])
                found[rater].units += 1
                if table.categories[place] == categories[unit] { found[rater].agreeing += 1 }
            }
        }
        return found
    }
}
