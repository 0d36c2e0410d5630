/// Agreement of all raters of a table.
public enum Agreement {
    /// The most different values of which a ratio is computed: each is compared with each.
    public static let ratioValuesMax = 1_000

    /// The measures of a table, each with its interval or the reason why it has no number.
    ///
    /// - Parameters:
    ///   - level: How far apart categories are for Krippendorff's alpha; all but nominal need the table's values,
    ///     ascending.
    ///   - seed: What the resampling of items follows from.
    public static func figures(
        _ measures: [Measure], of table: JudgementTable, level: Level = .nominal, seed: [UInt8]
    ) -> [Figure] {
        let pass = AgreementPass(table, level: obstacle(table, level) == nil ? level : .nominal)
        var sums = AgreementSums(categories: table.categoryCount)
        pass.run(nil, into: &sums)
        let obstacle = obstacle(table, level)
        func outcome(_ measure: Measure) -> Result<Double, Absence> {
            if measure == .krippendorffAlpha, let obstacle { return .failure(obstacle) }
            return value(measure, sums, table, level)
        }
        let outcomes = measures.map(outcome)
        let counts = Figure.Counts(
            items: table.itemCount, units: Int(sums.pairedUnits),
            judgements: table.judgementCount)
        var resampled = [[Double]](repeating: [], count: measures.count)
        var resampling = Resampling(seed: seed, label: "all", steps: pass.steps)
        if table.itemCount > 1, outcomes.contains(where: { (try? $0.get()) != nil }) {
            var weights = [Int32](repeating: 0, count: table.itemCount)
            for _ in 0..<resampling.replicates {
                resampling.draw(into: &weights)
                pass.run(weights, into: &sums)
                for (place, measure) in measures.enumerated() {
                    if let value = try? outcome(measure).get() { resampled[place].append(value) }
                }
            }
        }
        return outcomes.indices.map { place in
            guard case .success = outcomes[place] else {
                return Figure(outcomes[place], counts: counts)
            }
            return Figure(
                outcomes[place],
                interval: Resampling.interval(resampled[place], tried: resampling.replicates),
                counts: counts)
        }
    }

    /// Why alpha has no number at a level, whatever the judgements are.
    private static func obstacle(_ table: JudgementTable, _ level: Level) -> Absence? {
        if level == .nominal { return nil }
        guard table.values.count == table.categoryCount else { return .notNumbers }
        guard table.values.allSatisfy(\.isFinite) else { return .outOfRange }
        guard level == .ratio else { return nil }
        if table.values.contains(where: { $0 < 0 }) { return .notPositive }
        return table.values.count > ratioValuesMax ? .tooManyValues : nil
    }

    static func value(
        _ measure: Measure, _ sums: AgreementSums, _ table: JudgementTable, _ level: Level
    ) -> Result<Double, Absence> {
        if measure == .cohenKappa { return .failure(.notOfPairs) }
        guard sums.judgedUnits > 0 else { return .failure(.noJudgements) }
        guard sums.pairedUnits > 0 else { return .failure(.noUnitJudgedTwice) }
        let percent = sums.agreeing / sums.pairedUnits
        switch measure {
        case .cohenKappa: return .failure(.notOfPairs)
        case .percent: return Figure.checked(percent)
        case .fleissKappa:
            guard occurring(sums.shares) > 1 else { return .failure(.oneCategory) }
            let chance = sums.shares.reduce(0) { sum, share in
                let part = share / sums.judgedUnits
                return sum + part * part
            }
            return Figure.checked((percent - chance) / (1 - chance))
        case .gwetAC1:
            let categories = occurring(sums.shares)
            guard categories > 1 else { return .failure(.oneCategory) }
            let chance =
                sums.shares.reduce(0) { sum, share in
                    let part = share / sums.judgedUnits
                    return sum + part * (1 - part)
                } / Double(categories - 1)
            return Figure.checked((percent - chance) / (1 - chance))
        case .krippendorffAlpha: return alpha(sums, table.values, level)
        }
    }

    private static func alpha(
        _ sums: AgreementSums, _ values: [Double], _ level: Level
    ) -> Result<Double, Absence> {
        guard occurring(sums.counts) > 1 else { return .failure(.oneCategory) }
        let total = sums.counts.reduce(0, +)
        let observed: Double
        let expected: Double
        switch level {
        case .nominal:
            observed = total - sums.coincidence
            expected = total * total - sums.counts.reduce(0) { $0 + $1 * $1 }
        case .ordinal:
            observed = sums.distance
            expected = squares(sums.counts, AgreementPass.ranks(sums.counts), total)
        case .interval:
            observed = sums.distance
            expected = squares(sums.counts, values, total)
        case .ratio:
            observed = sums.distance
            expected = ratios(sums.counts, values)
        }
        // Equal values of different categories, or some so near that no double tells them apart.
        guard expected > 0 else { return .failure(.oneCategory) }
        return Figure.checked(1 - (total - 1) * observed / expected)
    }

    /// The squared differences of all ordered pairs of judgements, in one pass over the categories.
    private static func squares(
        _ counts: [Double], _ values: [Double], _ total: Double
    ) -> Double {
        var mean = 0.0
        for category in counts.indices { mean += counts[category] * values[category] }
        mean /= total
        var squares = 0.0
        for category in counts.indices {
            let deviation = values[category] - mean
            squares += counts[category] * deviation * deviation
        }
        return 2 * total * squares
    }

    private static func ratios(_ counts: [Double], _ values: [Double]) -> Double {
        var sum = 0.0
        for one in counts.indices where counts[one] > 0 {
            for other in (one + 1)..<max(one + 1, counts.count) {
                sum += counts[one] * counts[other] * AgreementPass.ratio(values[one], values[other])
            }
        }
        return 2 * sum
    }

    private static func occurring(_ counts: [Double]) -> Int {
        counts.reduce(0) { $0 + ($1 > 0 ? 1 : 0) }
    }
}
