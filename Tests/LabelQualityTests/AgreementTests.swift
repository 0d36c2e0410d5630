import Testing

@testable import LabelQuality

@Suite("Agreement")
struct AgreementTests {
    @Test("Krippendorff's example has the alpha that he prints, at every level")
    func krippendorff() throws {
        let nominal = try #require(figure(.krippendorffAlpha, textbook).value)
        #expect((nominal - 0.743421052631579).magnitude < 1e-12)
        for (level, printed) in [(Level.ordinal, 0.815), (.interval, 0.849), (.ratio, 0.797)] {
            let value = try #require(figure(.krippendorffAlpha, textbook, level).value)
            #expect((value - printed).magnitude < 5e-4, "\(level): \(value)")
        }
    }

    @Test("the same example has the coefficients that Gwet's method gives with missing ratings")
    func gwet() throws {
        for (measure, printed) in [(Measure.fleissKappa, 0.76117), (.gwetAC1, 0.77544)] {
            let value = try #require(figure(measure, textbook).value)
            #expect((value - printed).magnitude < 5e-6, "\(measure): \(value)")
        }
        let percent = try #require(figure(.percent, textbook).value)
        #expect((percent - 0.81818).magnitude < 5e-6)
    }

    @Test("Cohen's kappa of a textbook's two readers of 50 grants is 0.4")
    func cohen() throws {
        var pair = RaterPair(0, 1, categoryCount: 2)
        var item = 0
        for (one, other, count) in [(0, 0, 20), (0, 1, 5), (1, 0, 10), (1, 1, 15)] {
            for _ in 0..<count {
                pair.append(item: item, one: one, other: other)
                item += 1
            }
        }
        let (percent, kappa) = pair.figures(seed: [], label: "")
        #expect(percent.value == 0.7)
        #expect((try #require(kappa.value) - 0.4).magnitude < 1e-12)
        let interval = try #require(kappa.interval)
        #expect(interval.low < 0.4 && 0.4 < interval.high && interval.low > 0)
        // Whoever prints it anew prints the same digits.
        #expect(interval == .init(low: 0.12213740458015278, high: 0.6376811594202898))
        #expect(pair.confusion.map(\.count) == [20, 5, 10, 15])
        #expect(kappa.counts == .init(items: 50, units: 50, judgements: 100))
        // Among ten thousand pairs each is drawn less often.
        let fewer = pair.figures(seed: [], label: "", among: 10_000).cohenKappa
        #expect(fewer.value == kappa.value && fewer.interval != kappa.interval)
    }

    @Test("Fleiss' own example of 10 subjects and 14 raters is 0.210")
    func fleiss() throws {
        let counts = [
            [0, 0, 0, 0, 14], [0, 2, 6, 4, 2], [0, 0, 3, 5, 6], [0, 3, 9, 2, 0], [2, 2, 8, 1, 1],
            [7, 7, 0, 0, 0], [3, 2, 6, 3, 0], [2, 5, 3, 2, 2], [6, 5, 2, 1, 0], [0, 2, 2, 3, 7],
        ]
        let columns = counts.map { $0.enumerated().flatMap { Array(repeating: $0, count: $1) } }
        let rows = (0..<14).map { rater in columns.map { Double($0[rater]) as Double? } }
        let value = try #require(figure(.fleissKappa, rows).value)
        #expect((value - 0.20993).magnitude < 5e-6)
    }

    @Test("where there is no number there is a reason")
    func reasons() {
        let same: [[Double?]] = [[1, 1, 1], [1, 1, 1]]
        let once: [[Double?]] = [[1, nil], [nil, 2]]
        let none: [[Double?]] = [[nil], [nil]]
        for measure in [Measure.fleissKappa, .gwetAC1, .krippendorffAlpha] {
            #expect(figure(measure, same).why == .oneCategory)
            #expect(figure(measure, once).why == .noUnitJudgedTwice)
            #expect(figure(measure, none).why == .noJudgements)
            #expect(figure(measure, same).interval == nil)
        }
        #expect(figure(.percent, same).value == 1)
        #expect(figure(.percent, once).why == .noUnitJudgedTwice)
        #expect(figure(.cohenKappa, same).why == .notOfPairs)
        let (percent, kappa) = table(same).pair(0, 1).figures(seed: [], label: "")
        #expect((percent.value, kappa.why) == (1, .oneCategory))
        #expect(RaterPair(0, 1, categoryCount: 2).figures(seed: [], label: "").percent.why != nil)
    }

    @Test("values that a level cannot measure are named")
    func levels() {
        let alpha = Measure.krippendorffAlpha
        #expect(figure(alpha, [[-1, 2], [-1, 2]], .ratio).why == .notPositive)
        #expect(figure(alpha, [[.infinity, 2], [1, 2]], .interval).why == .outOfRange)
        #expect(figure(alpha, [[1e308, -1e308], [1e308, 1e308]], .interval).why == .outOfRange)
        let many = (0...Agreement.ratioValuesMax).map { Double($0) as Double? }
        #expect(figure(alpha, [many, many], .ratio).why == .tooManyValues)
        #expect(figure(alpha, [many, many], .interval).value == 1)
        // One item: nothing is drawn anew.
        var entries = JudgementTable.Entries()
        for (unit, _) in many.dropLast().enumerated() {
            for rater in 0..<2 { entries.append(unit: unit, rater: rater, category: unit) }
        }
        let most = JudgementTable(
            entries, itemOfUnit: many.dropLast().map { _ in 0 }, raterCount: 2,
            categoryCount: Agreement.ratioValuesMax, values: many.dropLast().compactMap(\.self))
        #expect(Agreement.figures([alpha], of: most, level: .ratio, seed: [])[0].value == 1)
        let names = JudgementTable(
            .init(), itemOfUnit: [], raterCount: 2, categoryCount: 2)
        #expect(
            Agreement.figures([alpha], of: names, level: .ordinal, seed: [])[0].why == .notNumbers)
    }

    @Test("perfect agreement is 1, at every level")
    func perfect() {
        let rows: [[Double?]] = [[1, 2, 3, 5], [1, 2, nil, 5], [1, nil, 3, 5]]
        for level in Level.allCases {
            #expect(figure(.krippendorffAlpha, rows, level).value == 1)
        }
        for measure in [Measure.percent, .fleissKappa, .gwetAC1] {
            #expect(figure(measure, rows).value == 1)
        }
    }

    @Test("the order of judgements, raters and names changes nothing", arguments: 1...5)
    func orders(seed: UInt8) throws {
        let rows = crowd(units: 60, raters: 4, categories: 4, seed: seed)
        let measures = Measure.allCases
        let first = Agreement.figures(measures, of: table(rows), seed: [9])
        #expect(Agreement.figures(measures, of: table(rows, shuffledBy: seed), seed: [9]) == first)
        let reversed = Agreement.figures(measures, of: table(rows.reversed()), seed: [9])
        // Other names for the categories put them into another order.
        let renamed = Agreement.figures(
            measures, of: table(rows.map { $0.map { $0.map { 10 - $0 } } }), seed: [9])
        for (place, figure) in first.enumerated() {
            for other in [reversed[place], renamed[place]] {
                guard let value = figure.value else {
                    #expect(figure.why == other.why)
                    continue
                }
                #expect((value - (try #require(other.value))).magnitude < 1e-12)
                let (one, two) = (try #require(figure.interval), try #require(other.interval))
                #expect((one.low - two.low).magnitude < 1e-12)
                #expect((one.high - two.high).magnitude < 1e-12)
            }
        }
    }

    @Test(
        "alpha by sums and squares is alpha by comparing each with each",
        arguments: Level.allCases)
    func closedForm(level: Level) throws {
        for seed in UInt8(1)...4 {
            let rows = crowd(units: 25, raters: 5, categories: 6, seed: seed)
            let value = try #require(figure(.krippendorffAlpha, rows, level).value)
            #expect((value - compared(rows, level)).magnitude < 1e-12)
        }
    }

    /// Alpha as it is defined: the mean squared distance within units over that of all pairs.
    private func compared(_ rows: [[Double?]], _ level: Level) -> Double {
        let units = rows[0].indices.map { unit in rows.compactMap { $0[unit] } }.filter {
            $0.count > 1
        }
        let all = units.flatMap { $0 }
        func distance(_ a: Double, _ b: Double) -> Double {
            switch level {
            case .nominal: return a == b ? 0 : 1
            case .interval: return (a - b) * (a - b)
            case .ratio: return a + b == 0 ? 0 : (a - b) * (a - b) / ((a + b) * (a + b))
            case .ordinal:
                let (low, high) = (min(a, b), max(a, b))
                let between = all.filter { low <= $0 && $0 <= high }.count
                let ends = all.filter { $0 == a || $0 == b }.count
                let steps = a == b ? 0 : Double(between) - Double(ends) / 2
                return steps * steps
            }
        }
        func sum(_ values: [Double]) -> Double {
            values.reduce(0) { sum, a in sum + values.reduce(0) { $0 + distance(a, $1) } }
        }
        let observed = units.reduce(0) { $0 + sum($1) / Double($1.count - 1) }
        return 1 - Double(all.count - 1) * observed / sum(all)
    }

    @Test("another seed is another resampling; the number stays")
    func seeds() throws {
        let rows = crowd(units: 50, raters: 3, categories: 3, seed: 1)
        let one = Agreement.figures([.krippendorffAlpha], of: table(rows), seed: [1])[0]
        let other = Agreement.figures([.krippendorffAlpha], of: table(rows), seed: [2])[0]
        #expect(one.value == other.value && one.interval != other.interval)
        let interval = try #require(one.interval)
        let value = try #require(one.value)
        #expect(interval.low < value && value < interval.high)
    }

    @Test("items, not units, are drawn anew")
    func items() {
        // Two items of many units each: whole items are drawn, so the interval is as wide as they differ.
        var entries = JudgementTable.Entries()
        for unit in 0..<200 {
            entries.append(unit: unit, rater: 0, category: 0)
            entries.append(unit: unit, rater: 1, category: unit < 100 ? 0 : 1)
        }
        let table = JudgementTable(
            entries, itemOfUnit: (0..<200).map { $0 < 100 ? 3 : 8 }, raterCount: 2,
            categoryCount: 2)
        let figure = Agreement.figures([.percent], of: table, seed: [1])[0]
        #expect(figure.value == 0.5)
        #expect(figure.interval == .init(low: 0, high: 1))
        #expect(figure.counts == .init(items: 2, units: 200, judgements: 400))
    }

    @Test("what is not numbered is left out, and a rater speaks once of a unit")
    func entries() {
        var entries = JudgementTable.Entries()
        for (unit, rater, category) in [
            (0, 0, 1), (0, 0, 0), (0, 1, 1), (5, 0, 0), (0, 7, 0), (0, 1, 9), (-1, 0, 0),
        ] {
            entries.append(unit: unit, rater: rater, category: category)
        }
        let table = JudgementTable(
            entries, itemOfUnit: [0, 1], raterCount: 2, categoryCount: 2)
        #expect(table.judgementCount == 2)
        #expect(table.judgements(of: 0).map(\.category) == [0, 1])
        #expect(table.itemCount == 1)
    }

    @Test("resamplings are a thousand, and fewer only where a table is large")
    func replicates() {
        #expect(Resampling.replicates(steps: 0) == 1_000)
        #expect(Resampling.replicates(steps: 40_000) == 1_000)
        #expect(Resampling.replicates(steps: 40_001) == 999)
        #expect(Resampling.replicates(steps: 10_000_000) == 100)
    }

    @Test("pairs come with what they share, those that share most first, however many there are")
    func pairs() throws {
        let rows = crowd(units: 80, raters: 5, categories: 3, seed: 3)
        let table = table(rows)
        let (pairs, total) = try #require(table.sharedUnits(limit: 4))
        #expect((pairs.count, total) == (4, 10))
        #expect(pairs.map(\.units) == pairs.map(\.units).sorted(by: >))
        var seen = 0
        table.forEachPair(pairs) { pair in
            #expect((pair.one, pair.other) == (pairs[seen].one, pairs[seen].other))
            #expect(pair.unitCount == pairs[seen].units)
            let alone = table.pair(pair.one, pair.other)
            #expect(alone.confusion.map(\.count) == pair.confusion.map(\.count))
            seen += 1
        }
        #expect(seen == 4)
        let crowded = JudgementTable(
            .init(), itemOfUnit: [], raterCount: JudgementTable.pairedRatersMax + 1,
            categoryCount: 1)
        #expect(crowded.sharedUnits(limit: 1) == nil)
    }
}
