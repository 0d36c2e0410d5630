import Testing

@testable import LabelQuality

@Suite("Consensus")
struct ConsensusTests {
    @Test("a majority names all that tie")
    func majority() {
        let rows: [[Double?]] = [
            [1, 1, 1, nil], [1, 2, 2, nil], [2, 3, 1, nil], [1, nil, 2, nil],
        ]
        let majority = Majority(table(rows))
        #expect(majority.categories == [0, 0, 0, -1])
        #expect(majority.tied == [1, 3, 2, 0])
        #expect(majority.winners(of: 1) == [0, 1, 2])
        #expect(majority.winners(of: 2) == [0, 1])
        #expect(majority.shares[0] == 0.75)
        let agreeing = majority.agreeing()
        #expect(agreeing.map(\.units) == [1, 1, 1, 1])
        #expect(agreeing.map(\.agreeing) == [1, 1, 0, 1])
    }

    @Test("Dawid and Skene find the rater who errs, and the truth behind him")
    func reliability() throws {
        let rows = crowd(units: 400, raters: 6, categories: 3, seed: 5)
        let table = table(rows)
        let model = try DawidSkene(table)
        #expect(model.hasConverged && model.iterations < DawidSkene.iterationsMax)
        #expect(model.reliability[0].value > 0.85)
        #expect(model.reliability[5].value < 0.8)
        #expect(model.reliability.map(\.judgements).reduce(0, +) == table.judgementCount)
        for unit in 0..<table.unitCount {
            let row = model.probabilities[unit * 3..<(unit + 1) * 3]
            #expect((row.reduce(0, +) - 1).magnitude < 1e-12)
        }
    }

    @Test(
        "the order of judgements changes no bit, that of raters and names next to nothing",
        arguments: 1...4)
    func orders(seed: UInt8) throws {
        let rows = crowd(units: 120, raters: 5, categories: 3, seed: seed)
        let first = try DawidSkene(table(rows))
        let shuffled = try DawidSkene(table(rows, shuffledBy: seed))
        #expect(first.probabilities == shuffled.probabilities)
        let reversed = try DawidSkene(table(rows.reversed()), iterations: first.iterations)
        for (one, other) in zip(first.probabilities, reversed.probabilities) {
            #expect((one - other).magnitude < 1e-9)
        }
        let renamed = try DawidSkene(
            table(rows.map { $0.map { $0.map { 9 - $0 } } }), iterations: first.iterations)
        for unit in 0..<120 {
            for category in 0..<3 {
                let one = first.probabilities[unit * 3 + category]
                #expect((one - renamed.probabilities[unit * 3 + 2 - category]).magnitude < 1e-9)
            }
        }
    }

    @Test("a category that nobody uses changes nothing, and is nobody's consensus")
    func unused() throws {
        let rows = crowd(units: 80, raters: 6, categories: 4, seed: 2)
        var entries = JudgementTable.Entries()
        for (rater, row) in rows.enumerated() {
            for (unit, value) in row.enumerated() {
                guard let value else { continue }
                entries.append(unit: unit, rater: rater, category: 2 * Int(value) + 1)
            }
        }
        let spread = JudgementTable(
            entries, itemOfUnit: (0..<80).map { Int32($0) }, raterCount: 6, categoryCount: 9)
        let (one, other) = (try DawidSkene(table(rows)), try DawidSkene(spread))
        #expect(one.probabilities == other.probabilities)
        #expect(other.categories == [1, 3, 5, 7])
        #expect(one.choice(of: 3).category * 2 + 1 == other.choice(of: 3).category)
        #expect(
            Agreement.figures([.gwetAC1], of: table(rows), seed: [])
                == Agreement.figures([.gwetAC1], of: spread, seed: []))
    }

    @Test("a unit with thousands of judgements leaves no probability out of range")
    func manyJudgements() throws {
        var entries = JudgementTable.Entries()
        for rater in 0..<5_000 {
            entries.append(unit: 0, rater: rater, category: rater % 7 == 0 ? 1 : 0)
            entries.append(unit: 1, rater: rater, category: rater % 5 == 0 ? 0 : 1)
        }
        let table = JudgementTable(
            entries, itemOfUnit: [0, 1], raterCount: 5_000, categoryCount: 2)
        let model = try DawidSkene(table)
        #expect(model.probabilities.allSatisfy { $0.isFinite && $0 >= 0 && $0 <= 1 })
        #expect(model.choice(of: 0).category == 0 && model.choice(of: 1).category == 1)
    }

    @Test("where there is nothing to fit there is a reason")
    func reasons() {
        func why(_ table: JudgementTable) -> Absence? {
            do throws(Absence) {
                _ = try DawidSkene(table)
                return nil
            } catch {
                return error
            }
        }
        #expect(why(table([[nil], [nil]])) == .noJudgements)
        #expect(why(table([[1, nil], [nil, 2]])) == .noUnitJudgedTwice)
        #expect(why(table([[1, 1], [1, 1]])) == .oneCategory)
        let count = 2_897
        #expect(count * count > DawidSkene.probabilitiesMax)
        var entries = JudgementTable.Entries()
        for unit in 0..<count {
            for rater in 0..<2 { entries.append(unit: unit, rater: rater, category: unit) }
        }
        let wide = JudgementTable(
            entries, itemOfUnit: (0..<count).map { Int32($0) }, raterCount: 2,
            categoryCount: count)
        #expect(why(wide) == .tooLarge)
    }

    @Test("an even split is a tie for both methods")
    func ties() throws {
        let rows: [[Double?]] = [[1, 2, 1], [2, 1, 1]]
        let model = try DawidSkene(table(rows), iterations: 0)
        #expect(model.winners(of: 0) == [0, 1])
        #expect(model.winners(of: 2) == [0])
    }
}

@Suite("Retrieval")
struct RetrievalTests {
    private func seen(_ labels: [(hit: Bool, confidence: Double?)], missed: Int) -> Retrieval {
        var retrieval = Retrieval()
        for (item, label) in labels.enumerated() {
            retrieval.claim(item: item, isHit: label.hit, confidence: label.confidence)
            if label.hit { retrieval.want(item: item) }
        }
        for item in 0..<missed { retrieval.want(item: labels.count + item) }
        return retrieval
    }

    @Test("precision, recall, their mean and the average precision of four labels")
    func figures() throws {
        let figures = seen(
            [(true, 0.9), (false, 0.8), (true, 0.7), (false, 0.1)], missed: 2
        ).figures(seed: [1], label: "")
        #expect(figures.precision.value == 0.5)
        #expect(figures.recall.value == 0.5)
        #expect(figures.f1.value == 0.5)
        // Recall rises by a quarter at precision 1, and by a quarter at 2 of 3.
        let average = try #require(figures.averagePrecision.value)
        #expect((average - (0.25 + 0.25 * 2 / 3)).magnitude < 1e-12)
        #expect(figures.precision.counts == .init(items: 6, units: 6, judgements: 8))
    }

    @Test("labels of one confidence come together")
    func equalConfidences() throws {
        let one = seen([(true, 0.5), (false, 0.5)], missed: 0).figures(seed: [], label: "")
        let other = seen([(false, 0.5), (true, 0.5)], missed: 0).figures(seed: [], label: "")
        #expect(one.averagePrecision.value == 0.5 && other.averagePrecision.value == 0.5)
    }

    @Test("what is undefined says why")
    func reasons() {
        var empty = Retrieval()
        empty.note(item: 0)
        let nothing = empty.figures(seed: [], label: "")
        #expect(nothing.precision.why == .nothingOnEitherSide)
        #expect(nothing.f1.why == .nothingOnEitherSide)
        #expect(nothing.averagePrecision.why == .nothingOnEitherSide)
        let missed = seen([], missed: 1).figures(seed: [], label: "")
        #expect(missed.precision.why == .nothingClaimed)
        #expect((missed.recall.value, missed.f1.value) == (0, 0))
        let invented = seen([(false, 0.5)], missed: 0).figures(seed: [], label: "")
        #expect(invented.recall.why == .nothingToFind)
        #expect(invented.precision.value == 0)
        let unsure = seen([(true, nil), (true, .nan)], missed: 0).figures(seed: [], label: "")
        #expect(unsure.averagePrecision.why == .noConfidences)
    }
}
