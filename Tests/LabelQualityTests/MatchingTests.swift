import AnnotationModel
import Testing

@testable import LabelQuality

@Suite("Matching")
struct MatchingTests {
    private func label(
        _ rater: Int, _ x: Double, _ category: Int = 0, width: Double = 10, order: Int = 0
    ) throws -> PlacedLabel {
        PlacedLabel(
            rater: rater, category: category,
            shape: try #require(Shape(.box(.init(x: x, y: 0, width: width, height: 10)))),
            order: order)
    }

    /// The units as sets of what identifies their labels.
    private func units(_ labels: [PlacedLabel], _ threshold: Double = 0.1) -> Set<Set<Int>> {
        Set(Matching(labels, threshold: threshold).units.map { Set($0.map { labels[$0].order }) })
    }

    @Test("the sum of the overlaps is the largest, not the first one")
    func optimal() throws {
        // The middle box of the first rater fits both; taking the nearest leaves the other alone.
        let labels = [
            try label(0, 0, order: 0), try label(0, 6, order: 1), try label(1, 4, order: 2),
            try label(1, 11, order: 3),
        ]
        let matching = Matching(labels, threshold: 0.1)
        #expect(matching.pairs.map { [$0.one, $0.other] } == [[0, 2], [1, 3]])
        #expect(Matching(labels, threshold: 0.5).pairs.map { [$0.one, $0.other] } == [[1, 2]])
    }

    @Test("the assignment is the best of all permutations", arguments: 1...20)
    func permutations(seed: UInt8) {
        var generator = SeededGenerator(seed: [seed])
        let (rows, columns) = (4, 5)
        let weights = (0..<rows * columns).map { _ in
            Bool.random(using: &generator) ? Double.random(in: 0..<1, using: &generator) : 0
        }
        func best(_ row: Int, _ taken: Set<Int>) -> Double {
            if row == rows { return 0 }
            return (0..<columns).filter { !taken.contains($0) }.reduce(best(row + 1, taken)) {
                max($0, weights[row * columns + $1] + best(row + 1, taken.union([$1])))
            }
        }
        let edges = weights.enumerated().filter { $0.element > 0 }.map {
            Assignment.Edge(
                one: Int32($0.offset / columns), other: Int32($0.offset % columns),
                weight: $0.element)
        }
        let chosen = Assignment.best(edges.shuffled(using: &generator), ones: rows, others: columns)
        #expect((chosen.reduce(0) { $0 + $1.weight } - best(0, [])).magnitude < 1e-12)
        #expect(Set(chosen.map(\.one)).count == chosen.count)
        #expect(Set(chosen.map(\.other)).count == chosen.count)
    }

    @Test("of equal places those of one class are the same thing")
    func classes() throws {
        let labels = [
            try label(0, 0, 1, order: 0), try label(0, 0, 2, order: 1),
            try label(1, 0, 2, order: 2), try label(1, 0, 1, order: 3),
        ]
        #expect(units(labels) == [[0, 3], [1, 2]])
    }

    @Test("three raters' labels become units, in whatever order they come", arguments: 1...10)
    func orders(seed: UInt8) throws {
        var generator = SeededGenerator(seed: [seed])
        var labels: [PlacedLabel] = []
        for thing in 0..<8 {
            for rater in 0..<3 where Int.random(in: 0..<5, using: &generator) > 0 {
                let x = Double(thing) * 6 + Double.random(in: -2..<2, using: &generator)
                labels.append(try label(rater, x, order: labels.count))
            }
        }
        let first = units(labels)
        for _ in 0..<5 { #expect(units(labels.shuffled(using: &generator)) == first) }
        // Other numbers for the raters.
        let turned = labels.map {
            PlacedLabel(
                rater: 2 - $0.rater, category: $0.category, shape: $0.shape, order: $0.order)
        }
        #expect(units(turned) == first)
        for unit in Matching(labels, threshold: 0.1).units {
            #expect(Set(unit.map { labels[$0].rater }).count == unit.count)
        }
    }

    @Test("families and far places stay apart, and what overlaps less than asked")
    func apart() throws {
        let labels = [
            try label(0, 0, order: 0), try label(1, 100, order: 1),
            PlacedLabel(
                rater: 1, category: 0,
                shape: try #require(Shape(.interval(start: 0, end: 5, channels: []))), order: 2),
        ]
        #expect(units(labels) == [[0], [1], [2]])
        let near = [try label(0, 0, order: 0), try label(1, 5, order: 1)]
        #expect(units(near, 1.0 / 3) == [[0, 1]])
        #expect(units(near, 0.34) == [[0], [1]])
    }

    @Test("what is too dense to compare is said to be, and ends soon")
    func dense() throws {
        let some = try (0..<2_001).flatMap { order in
            try (0..<2).map { try label($0, 0, order: 2 * order + $0) }
        }
        let matching = Matching(some, threshold: 0.5)
        #expect(matching.isTooDense && matching.pairs.isEmpty)
        #expect(matching.units.count == some.count)
    }

    @Test("a hundred thousand labels of one item are matched where they lie apart")
    func many() throws {
        var labels: [PlacedLabel] = []
        for order in 0..<50_000 {
            labels.append(try label(0, Double(order) * 20, order: order))
            labels.append(try label(1, Double(order) * 20 + 1, order: order))
        }
        let matching = Matching(labels, threshold: 0.5)
        #expect(matching.pairs.count == 50_000)
    }

    @Test("a group beyond the optimal limit takes the largest overlaps first")
    func greedy() throws {
        let count = Assignment.optimalMax + 1
        let edges = (0..<count).flatMap { row in
            [row, row + 1].filter { $0 < count }.map {
                Assignment.Edge(
                    one: Int32(row), other: Int32($0), weight: $0 == row ? 0.9 : 0.8)
            }
        }
        let chosen = Assignment.best(edges, ones: count, others: count)
        #expect(chosen.count == count)
        #expect(chosen.allSatisfy { $0.one == $0.other })
    }
}
