import AnnotationModel
import Testing

@testable import LabelQuality

@Suite("One place of many")
struct FusionTests {
    private func box(_ x: Double, _ width: Double) -> Selector {
        .box(.init(x: x, y: 0, width: width, height: 10))
    }

    /// A bitmap of rows of text.
    private func mask(_ rows: [String]) -> Selector {
        let pixels = rows.map(Array.init)
        var counts: [UInt32] = []
        var isOn = false
        var run: UInt32 = 0
        for column in pixels[0].indices {
            for row in pixels.indices {
                if (pixels[row][column] == "#") != isOn {
                    counts.append(run)
                    (run, isOn) = (0, !isOn)
                }
                run += 1
            }
        }
        counts.append(run)
        return .mask(.init(width: pixels[0].count, height: pixels.count, counts: counts))
    }

    private func fused(_ places: [Selector], _ weights: [Double]? = nil) -> Selector? {
        Fusion.place(
            of: places.enumerated().map { .init($1, weight: weights?[$0] ?? 1) })
    }

    @Test("boxes have the weighted mean of their edges")
    func boxes() throws {
        #expect(fused([box(0, 10), box(2, 10)]) == box(1, 10))
        #expect(fused([box(0, 10), box(4, 10)], [3, 1]) == box(1, 10))
        #expect(fused([box(0, 10), box(0, 14)]) == box(0, 12))
        // A mean that no decimal hits is one all the same.
        try #require(fused([box(0, 1), box(0, 1), box(1, 1)])).validate()
        // Weights that are none count next to nothing, and never make a NaN.
        for weight in [Double.nan, .infinity, 0, -1] {
            #expect(fused([box(0, 10), box(8, 10)], [1, weight]) == box(0.000008, 10))
        }
        #expect(fused([box(3, 4)]) == box(3, 4))
        #expect(fused([]) == nil)
    }

    @Test("of masks the pixels stay that more than half of the weight has marked")
    func masks() throws {
        let places = [
            mask(["##..", "##..", "...."]), mask([".##.", ".##.", "...."]),
            mask([".##.", ".##.", ".##."]),
        ]
        #expect(fused(places) == mask([".##.", ".##.", "...."]))
        #expect(fused(places, [5, 1, 1]) == places[0])
        // Two of the same weight: what both have marked.
        #expect(fused([places[0], places[2]]) == mask([".#..", ".#..", "...."]))
        let corners = [mask(["#.", ".#"]), mask(["#.", ".#"]), mask(["##", "##"])]
        #expect(fused(corners) == corners[0])
        for place in [places, corners].compactMap({ fused($0) }) { try place.validate() }
        // Nothing in common: the one that is most like the others.
        #expect(fused([mask(["#."]), mask([".#"])]) == mask(["#."]))
        // Of two sizes no pixel is the same one.
        #expect(fused([mask(["##"]), mask(["##", "##"])]) == mask(["##"]))
    }

    @Test("stretches of time have the mean of their ends, spans and rows the medians")
    func stretches() {
        func interval(_ start: Double, _ end: Double, _ channels: [String] = []) -> Selector {
            .interval(start: start, end: end, channels: channels)
        }
        #expect(fused([interval(0, 2), interval(1, 4)]) == interval(0.5, 3))
        #expect(fused([interval(0, 2, ["a"]), interval(0, 3)]) == interval(0, 2, ["a"]))
        let spans: [Selector] = [
            .textSpan(start: 3, end: 9, quote: "a"), .textSpan(start: 4, end: 9, quote: nil),
            .textSpan(start: 4, end: 12, quote: "b"),
        ]
        #expect(fused(spans) == .textSpan(start: 4, end: 9, quote: nil))
        let rows: [Selector] = [2, 4, 5].map { .cells(rowStart: $0, rowEnd: 10, columns: ["x"]) }
        #expect(fused(rows) == .cells(rowStart: 4, rowEnd: 10, columns: ["x"]))
    }

    @Test("of all else it is the one that is most like the others")
    func medoid() {
        func square(_ x: Double) -> Selector {
            .polygon([[[x, 0, x + 10, 0, x + 10, 10, x, 10]]])
        }
        #expect(fused([square(0), square(1), square(4)]) == square(1))
        #expect(fused([square(0), box(1, 10), square(4)]) == box(1, 10))
    }
}
