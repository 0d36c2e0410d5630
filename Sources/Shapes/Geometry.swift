import AnnotationModel

/// Figures of flat point lists.
package enum Geometry {
    /// The smallest box around points.
    package static func bounds(_ rings: some Sequence<[Double]>) -> Selector.Box {
        var (left, top) = (Double.infinity, Double.infinity)
        var (right, bottom) = (-Double.infinity, -Double.infinity)
        for ring in rings {
            for index in stride(from: 0, to: ring.count - 1, by: 2) {
                left = min(left, ring[index])
                right = max(right, ring[index])
                top = min(top, ring[index + 1])
                bottom = max(bottom, ring[index + 1])
            }
        }
        guard left <= right else { return .init(x: 0, y: 0, width: 0, height: 0) }
        return .init(x: left, y: top, width: right - left, height: bottom - top)
    }

    /// The area of one ring by the shoelace formula.
    package static func area(_ ring: [Double]) -> Double {
        var sum = 0.0
        for index in stride(from: 0, to: ring.count - 1, by: 2) {
            let next = index + 2 >= ring.count ? 0 : index + 2
            sum += ring[index] * ring[next + 1] - ring[next] * ring[index + 1]
        }
        return sum.magnitude / 2
    }

    /// The area of parts with holes, as if no two parts overlapped.
    package static func area(_ parts: [[[Double]]]) -> Double {
        parts.reduce(0) { sum, part in
            let holes = part.dropFirst().reduce(0) { $0 + area($1) }
            return sum + max(0, (part.first.map(area) ?? 0) - holes)
        }
    }

    /// The corners of a turned box, clockwise on screen from the top left one.
    package static func corners(_ box: Selector.RotatedBox) -> [Double] {
        let (sine, cosine) = (Trigonometry.sine(box.angle), Trigonometry.cosine(box.angle))
        return [(-1.0, -1.0), (1, -1), (1, 1), (-1, 1)].flatMap { horizontal, vertical in
            let (x, y) = (horizontal * box.width / 2, vertical * box.height / 2)
            return [box.centerX + x * cosine - y * sine, box.centerY + x * sine + y * cosine]
        }
    }

    /// Whether two boxes are the same to within one pixel a side.
    package static func agree(_ one: Selector.Box, _ other: Selector.Box) -> Bool {
        (one.x - other.x).magnitude <= 1 && (one.y - other.y).magnitude <= 1
            && (one.x + one.width - other.x - other.width).magnitude <= 1
            && (one.y + one.height - other.y - other.height).magnitude <= 1
    }

    /// Drops a repeated last point.
    package static func open(_ ring: inout [Double]) {
        let count = ring.count
        if count >= 4, ring[0] == ring[count - 2], ring[1] == ring[count - 1] {
            ring.removeLast(2)
        }
    }
}
