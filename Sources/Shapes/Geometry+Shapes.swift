import AnnotationModel

extension Geometry {
    /// The smallest box around a flat shape; nil for what is none.
    package static func bounds(of selector: Selector) -> Selector.Box? {
        switch selector {
        case .box(let box): box
        case .rotatedBox(let box): bounds([corners(box)])
        case .polygon(let parts): bounds(parts.joined())
        case .polyline(let points): bounds([points])
        case .ellipse(let ellipse): bounds(ellipse)
        case .keypoints(let points):
            bounds(points.filter { $0.visibility != .absent }.map { [$0.x, $0.y] })
        case .mask(let mask): RunLengths.bounds(mask)
        default: nil
        }
    }

    private static func bounds(_ ellipse: Selector.RotatedBox) -> Selector.Box {
        let (sine, cosine) = (
            Trigonometry.sine(ellipse.angle), Trigonometry.cosine(ellipse.angle)
        )
        let (a, b) = (ellipse.width / 2, ellipse.height / 2)
        let x = (a * a * cosine * cosine + b * b * sine * sine).squareRoot()
        let y = (a * a * sine * sine + b * b * cosine * cosine).squareRoot()
        return .init(
            x: ellipse.centerX - x, y: ellipse.centerY - y, width: 2 * x, height: 2 * y)
    }

    /// The turned box with four corners in order; nil where they are no rectangle to within a
    /// thousandth of its size.
    package static func rotatedBox(corners: [Double]) -> Selector.RotatedBox? {
        guard corners.count == 8 else { return nil }
        let (ux, uy) = (corners[2] - corners[0], corners[3] - corners[1])
        let (vx, vy) = (corners[6] - corners[0], corners[7] - corners[1])
        let width = (ux * ux + uy * uy).squareRoot()
        let height = (vx * vx + vy * vy).squareRoot()
        guard width > 0, height > 0, width.isFinite, height.isFinite else { return nil }
        let scale = max(width, height)
        let skewX = corners[4] - corners[2] - vx
        let skewY = corners[5] - corners[3] - vy
        // A rectangle that is listed the other way round would come back mirrored.
        guard max(skewX.magnitude, skewY.magnitude) <= 1e-3 * scale,
            ((ux * vx + uy * vy) / (width * height)).magnitude <= 1e-3, ux * vy - uy * vx > 0
        else { return nil }
        return .init(
            centerX: (corners[0] + corners[4]) / 2, centerY: (corners[1] + corners[5]) / 2,
            width: width, height: height, angle: Trigonometry.angle(y: uy, x: ux))
    }
}
