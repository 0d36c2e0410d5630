/// The areas of two polygons with holes and several parts, and of what they have in common.
///
/// Between two neighbouring corners or crossings, from left to right, every edge is straight and none crosses
/// another: there the length of a vertical line within a shape changes evenly, and the line in the middle gives
/// the area exactly.
enum RegionOverlap {
    /// Up to how many edges of both together the areas are exact; each is compared with each.
    static let exactEdgesMax = 2_048
    /// On how many lines larger shapes are compared.
    static let lines = 4_096

    private struct Edge {
        let x1, y1, x2, y2: Double

        /// Where the edge is at a place between its ends.
        func height(_ x: Double) -> Double { y1 + (x - x1) * (y2 - y1) / (x2 - x1) }
    }

    static func areas(
        _ one: [[[Double]]], _ other: [[[Double]]]
    ) -> (one: Double, other: Double, common: Double) {
        let first = one.map { edges($0) }
        let second = other.map { edges($0) }
        let all = (first + second).flatMap { $0 }
        var places = all.flatMap { [$0.x1, $0.x2] }
        guard let left = places.min(), let right = places.max(), left < right else {
            return (0, 0, 0)
        }
        if all.count <= exactEdgesMax {
            places += crossings(all)
            places.sort()
        } else {
            let step = (right - left) / Double(lines)
            places = (0...lines).map { left + Double($0) * step }
        }
        var areas = (one: 0.0, other: 0.0, common: 0.0)
        var last = left
        for place in places where place > last {
            let (width, middle) = (place - last, last + (place - last) / 2)
            last = place
            // Two places so near that nothing lies between them.
            guard middle > place - width, middle < place else { continue }
            let ours = spans(first, at: middle)
            let theirs = spans(second, at: middle)
            areas.one += width * length(ours)
            areas.other += width * length(theirs)
            areas.common += width * common(ours, theirs)
        }
        return areas
    }

    /// The edges of one part from left to right; upright ones bound nothing from above or below.
    private static func edges(_ rings: [[Double]]) -> [Edge] {
        var edges: [Edge] = []
        for ring in rings {
            for index in stride(from: 0, to: ring.count - 1, by: 2) {
                let next = index + 2 < ring.count - 1 ? index + 2 : 0
                let (x1, y1, x2, y2) = (ring[index], ring[index + 1], ring[next], ring[next + 1])
                if x1 < x2 {
                    edges.append(Edge(x1: x1, y1: y1, x2: x2, y2: y2))
                } else if x2 < x1 {
                    edges.append(Edge(x1: x2, y1: y2, x2: x1, y2: y1))
                }
            }
        }
        return edges
    }

    /// Where edges cross, from left to right.
    private static func crossings(_ edges: [Edge]) -> [Double] {
        let sorted = edges.sorted { $0.x1 < $1.x1 }
        var found: [Double] = []
        for (place, edge) in sorted.enumerated() {
            for other in sorted[(place + 1)...] {
                if other.x1 >= edge.x2 { break }
                let (start, end) = (other.x1, min(edge.x2, other.x2))
                let before = edge.height(start) - other.height(start)
                let after = edge.height(end) - other.height(end)
                guard before < 0 && after > 0 || before > 0 && after < 0 else { continue }
                found.append(start + (end - start) * (before / (before - after)))
            }
        }
        return found.filter(\.isFinite)
    }

    /// Where an upright line is within a shape, ascending and apart.
    private static func spans(_ parts: [[Edge]], at x: Double) -> [(from: Double, to: Double)] {
        var spans: [(from: Double, to: Double)] = []
        for part in parts {
            var heights: [Double] = []
            for edge in part where edge.x1 <= x && x < edge.x2 { heights.append(edge.height(x)) }
            heights.sort()
            for index in stride(from: 0, to: heights.count - 1, by: 2) {
                spans.append((heights[index], heights[index + 1]))
            }
        }
        return joined(spans)
    }

    /// Spans that meet become one.
    private static func joined(
        _ spans: [(from: Double, to: Double)]
    ) -> [(from: Double, to: Double)] {
        if spans.count < 2 { return spans }
        var joined: [(from: Double, to: Double)] = []
        for span in spans.sorted(by: { $0.from < $1.from }) {
            if let last = joined.last, span.from <= last.to {
                joined[joined.count - 1].to = max(last.to, span.to)
            } else {
                joined.append(span)
            }
        }
        return joined
    }

    private static func length(_ spans: [(from: Double, to: Double)]) -> Double {
        spans.reduce(0) { $0 + $1.to - $1.from }
    }

    private static func common(
        _ one: [(from: Double, to: Double)], _ other: [(from: Double, to: Double)]
    ) -> Double {
        var (i, j, sum) = (0, 0, 0.0)
        while i < one.count, j < other.count {
            sum += max(0, min(one[i].to, other[j].to) - max(one[i].from, other[j].from))
            if one[i].to < other[j].to { i += 1 } else { j += 1 }
        }
        return sum
    }

    /// Where an upright line is within a polygon, for pixels.
    static func spans(
        _ parts: [[[Double]]], at places: Range<Int>,
        _ body: (Int, [(from: Double, to: Double)]) -> Void
    ) {
        let bounds = parts.map { edges($0) }
        for place in places { body(place, spans(bounds, at: Double(place) + 0.5)) }
    }
}

/// The areas of two convex shapes, and of what they have in common: one is cut along the edges of the other.
struct ConvexOverlap {
    let one, other, common: Double

    init(_ first: [Double], _ second: [Double]) {
        let (a, b) = (Self.turned(first), Self.turned(second))
        (one, other) = (Self.area(a), Self.area(b))
        var rest = a
        for index in stride(from: 0, to: b.count - 1, by: 2) where !rest.isEmpty {
            let next = index + 2 < b.count ? index + 2 : 0
            rest = Self.cut(rest, along: b[index], b[index + 1], b[next], b[next + 1])
        }
        common = Self.area(rest)
    }

    /// The corners in the order in which the shape lies to the left of its edges.
    private static func turned(_ ring: [Double]) -> [Double] {
        if signed(ring) >= 0 { return ring }
        return stride(from: ring.count - 2, through: 0, by: -2).flatMap {
            [ring[$0], ring[$0 + 1]]
        }
    }

    private static func signed(_ ring: [Double]) -> Double {
        var sum = 0.0
        // From the first corner, so that far from the origin no digits are lost.
        for index in stride(from: 2, to: ring.count - 3, by: 2) {
            sum +=
                (ring[index] - ring[0]) * (ring[index + 3] - ring[1])
                - (ring[index + 2] - ring[0]) * (ring[index + 1] - ring[1])
        }
        return sum / 2
    }

    private static func area(_ ring: [Double]) -> Double { ring.count < 6 ? 0 : signed(ring) }

    private static func cut(
        _ ring: [Double], along x1: Double, _ y1: Double, _ x2: Double, _ y2: Double
    ) -> [Double] {
        var kept: [Double] = []
        func side(_ index: Int) -> Double {
            (x2 - x1) * (ring[index + 1] - y1) - (y2 - y1) * (ring[index] - x1)
        }
        for index in stride(from: 0, to: ring.count, by: 2) {
            let next = index + 2 < ring.count ? index + 2 : 0
            let (here, there) = (side(index), side(next))
            if here >= 0 { kept += [ring[index], ring[index + 1]] }
            if here >= 0 && there < 0 || here < 0 && there >= 0 {
                let share = here / (here - there)
                kept.append(ring[index] + share * (ring[next] - ring[index]))
                kept.append(ring[index + 1] + share * (ring[next + 1] - ring[index + 1]))
            }
        }
        return kept
    }
}
