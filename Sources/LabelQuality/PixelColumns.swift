import AnnotationModel

/// Pixels as stretches of columns, ascending by column and row.
struct PixelColumns: Sendable {
    private struct Stretch {
        let column, from, to: Int32
    }

    private var stretches: [Stretch] = []
    private(set) var area = 0
    private(set) var edges = Shape.Edges.none

    /// The largest side in pixels: that of a mask.
    static let sideMax = 1 << 20

    /// The pixels of a bitmap.
    init(_ mask: Selector.Mask) {
        guard mask.height > 0, mask.width > 0 else { return }
        var position = 0
        for (index, count) in mask.counts.enumerated() {
            var start = position
            position += Int(count)
            guard index % 2 == 1 else { continue }
            while start < position {
                let column = start / mask.height
                let end = min(position, (column + 1) * mask.height)
                append(column, start - column * mask.height, end - column * mask.height)
                start = end
            }
        }
    }

    /// The pixels whose centres lie in a polygon.
    init(_ parts: [[[Double]]], within bounds: Shape.Edges) {
        func pixel(_ place: Double) -> Int {
            place.isNaN ? 0 : Int(min(max((place - 0.5).rounded(.up), 0), Double(Self.sideMax)))
        }
        let columns = pixel(bounds.left)..<max(pixel(bounds.left), pixel(bounds.right))
        var found: [(Int, Int, Int)] = []
        RegionOverlap.spans(parts, at: columns) { column, spans in
            for span in spans {
                let (from, to) = (pixel(span.from), pixel(span.to))
                if from < to { found.append((column, from, to)) }
            }
        }
        for (column, from, to) in found { append(column, from, to) }
    }

    private mutating func append(_ column: Int, _ from: Int, _ to: Int) {
        stretches.append(
            Stretch(
                column: Int32(clamping: column), from: Int32(clamping: from),
                to: Int32(clamping: to)))
        let (left, top, right, bottom) = (
            Double(column), Double(from), Double(column + 1), Double(to)
        )
        edges =
            area == 0
            ? .init(left: left, top: top, right: right, bottom: bottom)
            : .init(
                left: min(edges.left, left), top: min(edges.top, top),
                right: max(edges.right, right), bottom: max(edges.bottom, bottom))
        area += to - from
    }

    /// Common pixels over those of either; two without any are the same.
    func overlap(_ other: PixelColumns) -> Double {
        var (i, j, common) = (0, 0, 0)
        while i < stretches.count, j < other.stretches.count {
            let (a, b) = (stretches[i], other.stretches[j])
            if a.column != b.column {
                if a.column < b.column { i += 1 } else { j += 1 }
                continue
            }
            common += max(0, Int(min(a.to, b.to)) - Int(max(a.from, b.from)))
            if a.to < b.to { i += 1 } else { j += 1 }
        }
        return Shape.share(Double(common), Double(area), Double(other.area), isSame: true)
    }
}
