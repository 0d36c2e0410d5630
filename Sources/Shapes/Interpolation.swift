import AnnotationModel

/// Selectors between two keyframes of a track: numbers move in a straight line, turns along the shortest arc.
package enum Interpolation {
    /// The selector at a share of the way from one to the other.
    ///
    /// Shapes of different kinds, or of another number of points, have nothing between them: the first one
    /// holds until the second.
    package static func selector(_ one: Selector, _ other: Selector, at share: Double) -> Selector {
        let mix = { (a: Double, b: Double) in a + (b - a) * share }
        switch (one, other) {
        case (.box(let a), .box(let b)):
            return .box(
                .init(
                    x: mix(a.x, b.x), y: mix(a.y, b.y), width: mix(a.width, b.width),
                    height: mix(a.height, b.height)))
        case (.rotatedBox(let a), .rotatedBox(let b)):
            return .rotatedBox(between(a, b, share))
        case (.ellipse(let a), .ellipse(let b)):
            return .ellipse(between(a, b, share))
        case (.polyline(let a), .polyline(let b)) where a.count == b.count:
            return .polyline(zip(a, b).map(mix))
        case (.polygon(let a), .polygon(let b))
        where a.map({ $0.map(\.count) }) == b.map { $0.map(\.count) }:
            return .polygon(
                zip(a, b).map { zip($0, $1).map { ring, next in zip(ring, next).map(mix) } })
        case (.keypoints(let a), .keypoints(let b)) where a.count == b.count:
            return .keypoints(
                zip(a, b).map {
                    .init(x: mix($0.x, $1.x), y: mix($0.y, $1.y), visibility: $0.visibility)
                })
        case (.cuboid(let a), .cuboid(let b)):
            return .cuboid(
                .init(
                    center: zip(a.center, b.center).map(mix), size: zip(a.size, b.size).map(mix),
                    rotation: turn(a.rotation, b.rotation, share)))
        default: return one
        }
    }

    private static func between(
        _ a: Selector.RotatedBox, _ b: Selector.RotatedBox, _ share: Double
    ) -> Selector.RotatedBox {
        let mix = { (a: Double, b: Double) in a + (b - a) * share }
        let way = Trigonometry.angle(
            y: Trigonometry.sine(b.angle - a.angle), x: Trigonometry.cosine(b.angle - a.angle))
        return .init(
            centerX: mix(a.centerX, b.centerX), centerY: mix(a.centerY, b.centerY),
            width: mix(a.width, b.width), height: mix(a.height, b.height),
            angle: a.angle + way * share)
    }

    /// The quaternion between two: spherical, so that the turn is as even as the time.
    private static func turn(_ a: [Double], _ b: [Double], _ share: Double) -> [Double] {
        guard a != b else { return a }
        let dot = zip(a, b).reduce(0) { $0 + $1.0 * $1.1 }
        // q and -q turn the same way; the nearer one is meant.
        let sign = dot < 0 ? -1.0 : 1
        let cosine = min(1, dot.magnitude)
        let angle = Trigonometry.angle(y: (1 - cosine * cosine).squareRoot(), x: cosine)
        let sine = Trigonometry.sine(angle)
        guard sine > 1e-9 else { return share < 0.5 ? a : b }
        let (first, second) = (
            Trigonometry.sine((1 - share) * angle) / sine,
            sign * Trigonometry.sine(share * angle) / sine
        )
        return zip(a, b).map { $0 * first + $1 * second }
    }
}
