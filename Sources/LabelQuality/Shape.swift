import AnnotationModel
import Shapes

/// Where a label is, ready to be compared with others of its family.
///
/// Shapes of one family overlap by a share from 0 to 1; those of two families never do.
public struct Shape: Sendable {
    /// What can be compared with each other.
    public enum Family: UInt8, Sendable, CaseIterable {
        /// Boxes, turned boxes, ellipses, polygons and masks in pixels.
        case region
        case keypoints, cuboid, interval, textSpan, cells, pointSet, graph, track, line, ranking
        /// What is the same or not: relations, targets, payloads.
        case exact
    }

    enum Form: Sendable {
        case box(Edges)
        /// The corners of a turned box: x, y, x, y…
        case quad([Double])
        case polygon([[[Double]]])
        case mask(PixelColumns)
        case keypoints([Selector.Keypoint])
        case cuboid(base: [Double], low: Double, high: Double)
        case interval(start: Double, end: Double, channels: [String])
        case textSpan(start: Int64, end: Int64)
        case cells(start: Int64, end: Int64, columns: [String])
        case pointSet([UInt64])
        case graph(kind: String, elements: [String])
        case track([Selector.Keyframe])
        case line(Line)
        case ranking(Ranking)
        case exact(Selector)
    }

    /// The sides of the smallest upright box around a shape; of what lies on one axis, the second is 0.
    struct Edges: Sendable, Equatable {
        var left, top, right, bottom: Double

        static let none = Edges(left: 0, top: 0, right: 0, bottom: 0)

        func widened(by distance: Double) -> Edges {
            Edges(
                left: left - distance, top: top - distance, right: right + distance,
                bottom: bottom + distance)
        }

        func meets(_ other: Edges) -> Bool {
            left <= other.right && other.left <= right && top <= other.bottom
                && other.top <= bottom
        }
    }

    /// The family.
    public let family: Family
    let form: Form
    /// The smallest upright box around it; of points and lines, around all that may be near them.
    let edges: Edges
    /// Within which distance points are the same, in their unit; nil for those that are equal.
    let near: Double?

    /// The shape of a selector; nil for the whole item, which is no place in it.
    ///
    /// - Parameter near: Within which distance points and lines mean the same thing, in their unit. Without it, a
    ///   line's follows from its size, and points without extent are the same or not.
    public init?(_ selector: Selector, near: Double? = nil) {
        if case .wholeItem = selector { return nil }
        self.near = near
        let (family, form) = Self.form(selector)
        (self.family, self.form) = (family, form)
        let edges = Self.edges(form)
        switch form {
        case .line(let line): self.edges = edges.widened(by: near ?? line.reach)
        case .keypoints: self.edges = near.map { edges.widened(by: $0) } ?? edges
        default: self.edges = edges
        }
    }

    private init(_ form: Form, _ other: Shape) {
        (self.form, family, edges, near) = (form, other.family, other.edges, other.near)
    }

    /// Whether it relates labels or items with each other.
    public var isLink: Bool {
        switch form {
        case .exact(.relation), .exact(.targets): true
        default: false
        }
    }

    /// The same link between the things that labels mean.
    ///
    /// - Parameter thing: What the label with an id means; nil where that is not known, and the id stays.
    public func linking(_ thing: (String) -> String?) -> Shape {
        func named(_ targets: [Selector.Target]) -> [Selector.Target] {
            targets.map { target in
                guard case .annotation(let id) = target.reference, let name = thing(id) else {
                    return target
                }
                return .init(.annotation(name), role: target.role, selector: target.selector)
            }
        }
        switch form {
        case .exact(.relation(let kind, let from, let to)):
            return Shape(.exact(.relation(kind: kind, from: named(from), to: named(to))), self)
        case .exact(.targets(let targets)): return Shape(.exact(.targets(named(targets))), self)
        default: return self
        }
    }

    private static func form(_ selector: Selector) -> (Family, Form) {
        switch selector {
        case .box(let box):
            return (
                .region,
                .box(
                    Edges(
                        left: box.x, top: box.y, right: box.x + box.width,
                        bottom: box.y + box.height))
            )
        case .rotatedBox(let box): return (.region, .quad(Geometry.corners(box)))
        case .ellipse(let ellipse): return (.region, .polygon([[outline(ellipse)]]))
        case .polygon(let parts): return (.region, .polygon(parts))
        case .mask(let mask): return (.region, .mask(PixelColumns(mask)))
        case .keypoints(let points): return (.keypoints, .keypoints(points))
        case .cuboid(let cuboid): return (.cuboid, standing(cuboid))
        case .interval(let start, let end, let channels):
            return (.interval, .interval(start: start, end: end, channels: channels))
        case .textSpan(let start, let end, _): return (.textSpan, .textSpan(start: start, end: end))
        case .cells(let start, let end, let columns):
            return (.cells, .cells(start: start, end: end, columns: columns))
        case .pointSet(let indices): return (.pointSet, .pointSet(indices))
        case .graph(let kind, let elements):
            return (.graph, .graph(kind: kind, elements: elements))
        case .track(let frames): return (.track, .track(frames))
        case .polyline(let points):
            guard let line = Line(points) else { return (.exact, .exact(selector)) }
            return (.line, .line(line))
        case .preference(let groups):
            guard let ranking = Ranking(groups) else { return (.exact, .exact(selector)) }
            return (.ranking, .ranking(ranking))
        case .wholeItem, .blob, .relation, .targets, .all: return (.exact, .exact(selector))
        }
    }

    // MARK: Corners

    /// How many corners stand for an ellipse.
    static let ellipseCorners = 64

    /// A polygon of the ellipse's area.
    private static func outline(_ ellipse: Selector.RotatedBox) -> [Double] {
        let step = 2 * Double.pi / Double(ellipseCorners)
        let grown = (step / Trigonometry.sine(step)).squareRoot() / 2
        let (sine, cosine) = (Trigonometry.sine(ellipse.angle), Trigonometry.cosine(ellipse.angle))
        return (0..<ellipseCorners).flatMap { corner in
            let turn = Double(corner) * step
            let dx = ellipse.width * grown * Trigonometry.cosine(turn)
            let dy = ellipse.height * grown * Trigonometry.sine(turn)
            return [
                ellipse.centerX + dx * cosine - dy * sine,
                ellipse.centerY + dx * sine + dy * cosine,
            ]
        }
    }

    /// A cuboid as its base and the heights between which it stands: turned about the vertical alone.
    private static func standing(_ cuboid: Selector.Cuboid) -> Form {
        guard cuboid.center.count == 3, cuboid.size.count == 3, cuboid.rotation.count == 4 else {
            return .exact(.cuboid(cuboid))
        }
        let turn = Rotation.yaw(cuboid.rotation).angle
        let half = cuboid.size[2] / 2
        return .cuboid(
            base: Geometry.corners(
                .init(
                    centerX: cuboid.center[0], centerY: cuboid.center[1], width: cuboid.size[0],
                    height: cuboid.size[1], angle: turn)),
            low: cuboid.center[2] - half, high: cuboid.center[2] + half)
    }

    // MARK: Edges

    private static func edges(_ form: Form) -> Edges {
        switch form {
        case .box(let edges): return edges
        case .quad(let corners): return edges([corners])
        case .polygon(let parts): return edges(parts.joined())
        case .mask(let columns): return columns.edges
        case .keypoints(let points):
            return edges(points.filter { $0.visibility != .absent }.map { [$0.x, $0.y] })
        case .cuboid(let base, _, _): return edges([base])
        case .interval(let start, let end, _):
            return Edges(left: start, top: 0, right: end, bottom: 0)
        case .textSpan(let start, let end), .cells(let start, let end, _):
            return Edges(left: Double(start), top: 0, right: Double(end), bottom: 0)
        case .track(let frames):
            return frames.reduce(into: nil as Edges?) { around, frame in
                guard let next = Shape(frame.selector).map(\.edges) else { return }
                around = around.map { joined($0, next) } ?? next
            } ?? .none
        case .line(let line): return edges([line.points])
        case .pointSet, .graph, .ranking, .exact: return .none
        }
    }

    private static func joined(_ one: Edges, _ other: Edges) -> Edges {
        Edges(
            left: min(one.left, other.left), top: min(one.top, other.top),
            right: max(one.right, other.right), bottom: max(one.bottom, other.bottom))
    }

    private static func edges(_ rings: some Sequence<[Double]>) -> Edges {
        var edges: Edges?
        for ring in rings {
            for index in stride(from: 0, to: ring.count - 1, by: 2) {
                let (x, y) = (ring[index], ring[index + 1])
                let point = Edges(left: x, top: y, right: x, bottom: y)
                edges = edges.map { joined($0, point) } ?? point
            }
        }
        return edges ?? .none
    }
}
