import AnnotationModel
import Shapes
import Testing

@testable import LabelQuality

@Suite("How far shapes are the same")
struct OverlapTests {
    private func overlap(_ one: Selector, _ other: Selector) throws -> Double {
        let (a, b) = (try #require(Shape(one)), try #require(Shape(other)))
        let value = a.overlap(b)
        #expect((value - b.overlap(a)).magnitude < 1e-12, "it is the same from both sides")
        return value
    }

    private func box(_ x: Double, _ y: Double, _ width: Double, _ height: Double) -> Selector {
        .box(.init(x: x, y: y, width: width, height: height))
    }

    private func ring(_ points: Double...) -> Selector { .polygon([[points]]) }

    private func expect(_ value: Double, _ wanted: Double, _ what: String = "") {
        #expect((value - wanted).magnitude < 1e-9, "\(what) \(value)")
    }

    @Test("boxes, as boxes, as turned boxes, as polygons and as masks")
    func boxes() throws {
        let (one, other) = (box(0, 0, 10, 10), box(5, 0, 10, 10))
        let turned = Selector.rotatedBox(
            .init(centerX: 10, centerY: 5, width: 10, height: 10, angle: .pi / 2))
        let polygon = ring(5, 0, 15, 0, 15, 10, 5, 10)
        let mask = Selector.mask(.init(width: 20, height: 10, counts: [50, 100, 50]))
        for same in [other, turned, polygon, mask] {
            expect(try overlap(one, same), 1.0 / 3, same.kindName)
            expect(try overlap(other, same), 1, same.kindName)
            expect(try overlap(box(100, 100, 5, 5), same), 0, same.kindName)
        }
        for (a, b) in [(turned, polygon), (turned, mask), (polygon, mask)] {
            expect(try overlap(a, b), 1)
        }
    }

    private func line(_ points: Double...) -> Selector { .polyline(points) }

    @Test("lines: whichever way they are drawn, in how many points, beside each other and in part")
    func lines() throws {
        let one = line(0, 0, 100, 0)
        expect(try overlap(one, line(100, 0, 50, 0, 25, 0, 0, 0)), 1)
        // Within a twentieth of the diagonal, and beyond it.
        expect(try overlap(one, line(0, 4, 100, 4)), 1)
        expect(try overlap(one, line(0, 6, 100, 6)), 0)
        // Half of it; steps and the tolerance at the end leave a little more.
        let half = try overlap(one, line(0, 0, 50, 0))
        #expect((0.5..<0.58).contains(half), "\(half)")
        expect(try overlap(one, line(0, 50, 100, 50)), 0)
        // A corner is no chord.
        #expect(try overlap(line(0, 0, 50, 0, 50, 50), line(0, 0, 50, 50)) < 0.3)
        // Without length.
        expect(try overlap(line(3, 3, 3, 3), line(3, 3, 3, 3, 3, 3)), 1)
        expect(try overlap(line(3, 3, 3, 3), line(3, 4, 3, 4)), 0)
        expect(try overlap(line(3, 3, 3, 3), one), 0)
        expect(try overlap(line(1e308, 0, -1e308, 0), one), 0)
    }

    @Test("the distance that is asked for is that of lines and of points")
    func near() throws {
        func shares(_ one: Selector, _ other: Selector, _ near: Double) throws -> Double {
            try #require(Shape(one, near: near)).overlap(try #require(Shape(other, near: near)))
        }
        let point = { (x: Double) in
            Selector.keypoints([.init(x: x, y: 0, visibility: .visible)])
        }
        expect(try overlap(point(0), point(1)), 0)
        expect(try shares(point(0), point(0), 4), 1)
        expect(try shares(point(0), point(4), 4), 0.5)
        expect(try shares(point(0), point(9), 4), 0)
        expect(try shares(line(0, 0, 100, 0), line(0, 4, 100, 4), 3.9), 0)
        expect(try shares(line(0, 0, 100, 0), line(0, 4, 100, 4), 4.1), 1)
        // What is near is also looked at: the boxes around both do not meet.
        let labels = try [point(0), point(3)].enumerated().map { number, selector in
            PlacedLabel(
                rater: number, category: 0, shape: try #require(Shape(selector, near: 4)),
                order: number)
        }
        #expect(Matching(labels, threshold: 0.5).pairs.count == 1)
    }

    @Test("a line's neighbours are among those that it is compared with, on whichever side")
    func reach() throws {
        var compared = 0
        for number in 0..<2_000 {
            // Far apart, and the same on every run.
            let (gap, isUpright) = (Double(number % 31), number.isMultiple(of: 2))
            let ends = [7, 11, 13, 17].map { Double(number * number * $0 % 199) }
            func drawn(_ from: Double, _ to: Double, _ off: Double) -> Selector {
                isUpright ? line(off, from, off, to) : line(from, off, to, off)
            }
            let (one, other) = (drawn(ends[0], ends[1], 0), drawn(ends[2], ends[3], gap))
            guard try overlap(one, other) > 0 else { continue }
            compared += 1
            let labels = try [one, other].enumerated().map { number, selector in
                PlacedLabel(
                    rater: number, category: 0, shape: try #require(Shape(selector)), order: number)
            }
            let pairs = Matching(labels, threshold: 1e-6).pairs
            #expect(pairs.count == 1, "\(ends) \(gap) \(isUpright)")
        }
        #expect(compared > 100)
    }

    @Test("rankings: the share of pairs that both order alike")
    func rankings() throws {
        func ranked(_ groups: [String]...) -> Selector { .preference(groups) }
        let abc = ranked(["a"], ["b"], ["c"])
        expect(try overlap(abc, abc), 1)
        expect(try overlap(abc, ranked(["c"], ["b"], ["a"])), 0)
        expect(try overlap(abc, ranked(["a"], ["c"], ["b"])), 2.0 / 3)
        expect(try overlap(abc, ranked(["a", "b"], ["c"])), 2.5 / 3)
        expect(try overlap(ranked(["a", "b"]), ranked(["b", "a"])), 1)
        // Of the six pairs of four alternatives both order one.
        expect(try overlap(abc, ranked(["a"], ["b"], ["d"])), 1.0 / 6)
        expect(try overlap(ranked(["a"]), ranked(["a"])), 1)
        expect(try overlap(ranked(["a"]), ranked(["b"])), 0)
        let many = (0...Ranking.alternativesMax).map { ["r\($0)"] }
        expect(try overlap(.preference(many), .preference(many)), 1)
        expect(try overlap(.preference(many), .preference(many.reversed())), 0)
    }

    @Test("a square turned by an eighth and its own")
    func turned() throws {
        let one = Selector.rotatedBox(
            .init(centerX: 0, centerY: 0, width: 2, height: 2, angle: 0))
        let other = Selector.rotatedBox(
            .init(centerX: 0, centerY: 0, width: 2, height: 2, angle: .pi / 4))
        // A regular octagon of inner radius 1.
        let common = 8 * (2.0.squareRoot() - 1)
        expect(try overlap(one, other), common / (8 - common))
    }

    @Test("holes, several parts, parts upon each other, and outlines that cross themselves")
    func polygons() throws {
        let frame = Selector.polygon([
            [[0, 0, 10, 0, 10, 10, 0, 10], [2, 2, 8, 2, 8, 8, 2, 8]]
        ])
        expect(try overlap(frame, box(2, 2, 6, 6)), 0)
        expect(try overlap(frame, box(0, 0, 10, 10)), 0.64)
        let twice = Selector.polygon([
            [[0, 0, 6, 0, 6, 10, 0, 10]], [[4, 0, 10, 0, 10, 10, 4, 10]],
        ])
        expect(try overlap(twice, box(0, 0, 10, 10)), 1)
        // Two triangles that meet in the middle.
        let crossed = ring(0, 0, 10, 10, 10, 0, 0, 10)
        expect(try overlap(crossed, box(0, 0, 10, 10)), 0.5)
        expect(try overlap(ring(0, 0, 4, 0, 2, 2), ring(0, 2, 4, 2, 2, 0)), 2.0 / 6)
    }

    @Test("an ellipse has its own area")
    func ellipses() throws {
        let circle = Selector.ellipse(
            .init(centerX: 5, centerY: 5, width: 10, height: 10, angle: 0.3))
        expect(try overlap(circle, box(-5, -5, 20, 20)), .pi * 25 / 400)
    }

    @Test("outlines beyond the exact limit come near")
    func large() throws {
        func circle(_ x: Double) -> Selector {
            .polygon([
                [
                    (0..<1_500).flatMap { corner in
                        let turn = Double(corner) / 1_500 * 2 * .pi
                        return [x + 50 * Trigonometry.cosine(turn), 50 * Trigonometry.sine(turn)]
                    }
                ]
            ])
        }
        let common = 2 * 2_500 * (Double.pi / 3) - 50 / 2 * (2_500.0 * 3).squareRoot()
        let wanted = common / (2 * .pi * 2_500 - common)
        let found = try overlap(circle(0), circle(50))
        #expect((found - wanted).magnitude < 1e-3, "\(found) instead of \(wanted)")
    }

    @Test("masks of different heights are the same pixels")
    func masks() throws {
        let tall = Selector.mask(.init(width: 3, height: 10, counts: [10, 5, 15]))
        let low = Selector.mask(.init(width: 3, height: 5, counts: [5, 5, 5]))
        expect(try overlap(tall, low), 1)
        let empty = Selector.mask(.init(width: 3, height: 5, counts: [15]))
        expect(try overlap(empty, empty), 1)
        expect(try overlap(empty, low), 0)
    }

    @Test("stretches of time, text and rows")
    func stretches() throws {
        let one = Selector.interval(start: 0, end: 10, channels: [])
        expect(try overlap(one, .interval(start: 5, end: 15, channels: [])), 1.0 / 3)
        expect(try overlap(one, .interval(start: 10, end: 15, channels: [])), 0)
        expect(try overlap(one, .interval(start: 0, end: 10, channels: ["x"])), 1)
        let both = Selector.interval(start: 0, end: 10, channels: ["x", "y"])
        expect(try overlap(both, .interval(start: 0, end: 10, channels: ["y"])), 0.5)
        let point = Selector.interval(start: 3, end: 3, channels: [])
        expect(try overlap(point, point), 1)
        expect(try overlap(point, one), 0)
        expect(
            try overlap(
                .textSpan(start: 0, end: 4, quote: nil), .textSpan(start: 2, end: 4, quote: "x")),
            0.5)
        expect(
            try overlap(
                .cells(rowStart: 0, rowEnd: 2, columns: ["a"]),
                .cells(rowStart: 0, rowEnd: 1, columns: ["a", "b"])), 0.25)
        expect(try overlap(.pointSet([1, 2, 3]), .pointSet([2, 3, 4])), 0.5)
        expect(
            try overlap(
                .graph(kind: "atom", elements: ["1", "2"]), .graph(kind: "atom", elements: ["2"])),
            0.5)
        expect(
            try overlap(
                .graph(kind: "atom", elements: ["1"]), .graph(kind: "bond", elements: ["1"])), 0)
    }

    @Test("cuboids turned about the vertical")
    func cuboids() throws {
        func cuboid(_ x: Double, _ z: Double, _ angle: Double) -> Selector {
            .cuboid(
                .init(
                    center: [x, 0, z], size: [4, 2, 2],
                    rotation: [Trigonometry.cosine(angle / 2), 0, 0, Trigonometry.sine(angle / 2)]))
        }
        expect(try overlap(cuboid(0, 0, 0), cuboid(2, 0, 0)), 1.0 / 3)
        expect(try overlap(cuboid(0, 0, 0), cuboid(0, 1, 0)), 1.0 / 3)
        expect(try overlap(cuboid(0, 0, 0), cuboid(0, 0, .pi / 2)), 4.0 / 12)
        expect(try overlap(cuboid(0, 0, 0), cuboid(0, 0, .pi)), 1)
        expect(try overlap(cuboid(0, 0, 0), cuboid(0, 3, 0)), 0)
    }

    @Test("tracks by the frames in which both are seen")
    func tracks() throws {
        func track(_ first: Double, _ last: Double, shift: Double, ends: Bool = false) -> Selector {
            .track([
                .init(time: first, selector: box(first + shift, 0, 10, 10)),
                .init(time: last, selector: box(last + shift, 0, 10, 10), isOutside: ends),
            ])
        }
        expect(try overlap(track(0, 9, shift: 0), track(5, 20, shift: 0)), 1)
        expect(try overlap(track(0, 9, shift: 0), track(5, 20, shift: 5)), 1.0 / 3)
        expect(try overlap(track(0, 9, shift: 0), track(10, 20, shift: 0)), 0)
        expect(try overlap(track(0, 9, shift: 0, ends: true), track(9, 20, shift: 0)), 0)
        expect(try overlap(track(0.5, 9, shift: 0), track(0.5, 20, shift: 0)), 1)
    }

    @Test("keypoints, the nearer the better, and those that only one has count as missed")
    func keypoints() throws {
        func points(_ shift: Double, _ last: Selector.Keypoint.Visibility = .visible) -> Selector {
            .keypoints([
                .init(x: shift, y: 0, visibility: .visible),
                .init(x: 10 + shift, y: 10, visibility: .hidden),
                .init(x: 10 + shift, y: 0, visibility: last),
            ])
        }
        expect(try overlap(points(0), points(0)), 1)
        let width = 2 * KeypointSimilarity.deviation
        expect(
            try overlap(points(0), points(1)),
            Logarithm.exponential(-1 / (2 * 100 * width * width)))
        expect(try overlap(points(0), points(0, .absent)), 2.0 / 3)
        expect(try overlap(points(0), .keypoints([])), 0)
    }

    @Test("families do not meet, and what has no extent is the same or not")
    func families() throws {
        #expect(Shape(.wholeItem) == nil)
        expect(try overlap(box(0, 0, 1, 1), .interval(start: 0, end: 1, channels: [])), 0)
        expect(try overlap(.polyline([0, 0, 1, 1]), .polyline([0, 0, 1, 1])), 1)
        expect(try overlap(box(1, 1, 0, 5), box(1, 1, 0, 5)), 1)
        expect(try overlap(box(1, 1, 0, 5), box(1, 1, 0, 4)), 0)
        let line = ring(0, 0, 5, 5, 2, 2)
        expect(try overlap(line, line), 1)
    }

    @Test("coordinates at the ends of what a double holds give a share all the same")
    func extremes() throws {
        let far = 1e308
        for one in [
            box(-far, -far, 2, 2), box(far, far, far, far),
            ring(-far, -far, far, far, far, -far), ring(1e-300, 0, 0, 1e-300, 1e-300, 1e-300),
            .rotatedBox(.init(centerX: far, centerY: far, width: far, height: far, angle: 1)),
        ] {
            for other in [one, box(0, 0, 1, 1), ring(0, 0, far, 0, 0, far)] {
                let share = try overlap(one, other)
                #expect(share >= 0 && share <= 1)
            }
        }
    }

    @Test("random polygons have the areas that counting fine pixels gives", arguments: 1...6)
    func counted(seed: UInt8) throws {
        var generator = SeededGenerator(seed: [seed])
        func polygon() -> Selector {
            .polygon([
                [(0..<16).map { _ in Double.random(in: 0..<100, using: &generator) }]
            ])
        }
        let (one, other) = (polygon(), polygon())
        let (a, b) = (try #require(Shape(one)), try #require(Shape(other)))
        let exact = a.overlap(b)
        // Both as pixels a tenth as wide.
        func fine(_ selector: Selector) throws -> PixelColumns {
            guard case .polygon(let parts) = selector else { throw Absence.noJudgements }
            return PixelColumns(
                parts.map { $0.map { $0.map { $0 * 10 } } },
                within: .init(left: 0, top: 0, right: 1_000, bottom: 1_000))
        }
        let counted = try fine(one).overlap(try fine(other))
        #expect((exact - counted).magnitude < 5e-3, "\(exact) and \(counted)")
    }
}
