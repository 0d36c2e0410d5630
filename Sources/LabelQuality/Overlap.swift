import AnnotationModel

extension Shape {
    /// How far two shapes are the same: from 0, nothing in common, to 1.
    ///
    /// Intersection over union, by the measure that the family has (`Docs/Quality.md`). Of shapes without any
    /// extent, a point in time or a box without width, equal ones have 1 and all others 0.
    public func overlap(_ other: Shape) -> Double {
        guard family == other.family else { return 0 }
        let share = measured(other)
        // Coordinates that no difference of doubles can tell apart, or too large for a product.
        return share.isFinite ? min(1, max(0, share)) : 0
    }

    private func measured(_ other: Shape) -> Double {
        switch (form, other.form) {
        case (.keypoints(let a), .keypoints(let b)):
            return KeypointSimilarity.of(a, b, near: near)
        case (.line(let a), .line(let b)): return a.overlap(b, near: near)
        case (.ranking(let a), .ranking(let b)): return a.agreement(b)
        case (
            .cuboid(let a, let low, let high), .cuboid(let b, let otherLow, let otherHigh)
        ):
            let base = ConvexOverlap(a, b)
            let common =
                base.common * max(0, min(high, otherHigh) - max(low, otherLow))
            return Self.share(
                common, base.one * (high - low), base.other * (otherHigh - otherLow),
                isSame: a == b && low == otherLow && high == otherHigh)
        case (
            .interval(let start, let end, let channels),
            .interval(let otherStart, let otherEnd, let otherChannels)
        ):
            return Self.stretch(start, end, otherStart, otherEnd)
                * Self.jaccard(named: channels, otherChannels)
        case (.textSpan(let start, let end), .textSpan(let otherStart, let otherEnd)):
            return Self.stretch(
                Double(start), Double(end), Double(otherStart), Double(otherEnd))
        case (
            .cells(let start, let end, let columns),
            .cells(let otherStart, let otherEnd, let otherColumns)
        ):
            return Self.stretch(
                Double(start), Double(end), Double(otherStart), Double(otherEnd))
                * Self.jaccard(named: columns, otherColumns)
        case (.pointSet(let a), .pointSet(let b)): return Self.jaccard(ascending: a, b)
        case (.graph(let kind, let a), .graph(let otherKind, let b)):
            return kind.hasSameBytes(as: otherKind) ? Self.jaccard(a, b) : 0
        case (.track(let a), .track(let b)): return TrackOverlap.of(a, b)
        case (.exact(let a), .exact(let b)): return a == b ? 1 : 0
        default: return regions(other)
        }
    }

    private func regions(_ other: Shape) -> Double {
        switch (form, other.form) {
        case (.box(let a), .box(let b)):
            let width = min(a.right, b.right) - max(a.left, b.left)
            let height = min(a.bottom, b.bottom) - max(a.top, b.top)
            return Self.share(
                max(0, width) * max(0, height), (a.right - a.left) * (a.bottom - a.top),
                (b.right - b.left) * (b.bottom - b.top), isSame: a == b)
        case (.mask(let a), .mask(let b)): return a.overlap(b)
        case (.mask(let a), _):
            return a.overlap(PixelColumns(other.parts, within: other.edges))
        case (_, .mask(let b)):
            return PixelColumns(parts, within: edges).overlap(b)
        case (.polygon, _), (_, .polygon):
            let areas = RegionOverlap.areas(parts, other.parts)
            return Self.share(
                areas.common, areas.one, areas.other, isSame: parts == other.parts)
        default:
            let areas = ConvexOverlap(parts[0][0], other.parts[0][0])
            return Self.share(
                areas.common, areas.one, areas.other, isSame: parts == other.parts)
        }
    }

    /// A flat shape as a polygon.
    private var parts: [[[Double]]] {
        switch form {
        case .polygon(let parts): return parts
        case .quad(let corners): return [[corners]]
        default:
            return [
                [
                    [
                        edges.left, edges.top, edges.right, edges.top, edges.right, edges.bottom,
                        edges.left, edges.bottom,
                    ]
                ]
            ]
        }
    }

    /// What is common over what is of either.
    static func share(
        _ common: Double, _ one: Double, _ other: Double, isSame: Bool
    ) -> Double {
        let either = one + other - common
        return either > 0 ? common / either : isSame ? 1 : 0
    }

    private static func stretch(
        _ start: Double, _ end: Double, _ otherStart: Double, _ otherEnd: Double
    ) -> Double {
        share(
            max(0, min(end, otherEnd) - max(start, otherStart)), end - start,
            otherEnd - otherStart, isSame: start == otherStart && end == otherEnd)
    }

    /// Names of which none stand for all: how many those are is not known, so they count for as many as the other has.
    private static func jaccard(named one: [String], _ other: [String]) -> Double {
        one.isEmpty || other.isEmpty ? 1 : jaccard(one, other)
    }

    private static func jaccard(_ one: [String], _ other: [String]) -> Double {
        let (a, b) = (ByteSet(one), ByteSet(other))
        let common = a.reduce(0) { $0 + (b.contains($1) ? 1 : 0) }
        return share(
            Double(common), Double(a.count), Double(b.count), isSame: true)
    }

    private static func jaccard(ascending one: [UInt64], _ other: [UInt64]) -> Double {
        var (i, j, common) = (0, 0, 0)
        while i < one.count, j < other.count {
            if one[i] == other[j] {
                common += 1
                (i, j) = (i + 1, j + 1)
            } else if one[i] < other[j] {
                i += 1
            } else {
                j += 1
            }
        }
        return share(
            Double(common), Double(one.count), Double(other.count), isSame: true)
    }
}

/// How near keypoints lie to each other: COCO's object keypoint similarity.
enum KeypointSimilarity {
    /// How far two people's marks of one point lie apart, in proportion to the size: for all points the same, since
    /// skeletons are the dataset's own.
    static let deviation = 0.09

    /// - Parameter near: The distance at which points that lie all at one place are half the same; nil: only
    ///   equal ones are the same, since nothing says how large a thing they mark.
    static func of(
        _ one: [Selector.Keypoint], _ other: [Selector.Keypoint], near: Double?
    ) -> Double {
        guard one.count == other.count else { return 0 }
        let area = (size(one) + size(other)) / 2
        var (sum, count) = (0.0, 0)
        for (a, b) in zip(one, other) {
            if a.visibility == .absent, b.visibility == .absent { continue }
            count += 1
            // A point that only one has marked is as far off as can be.
            guard a.visibility != .absent, b.visibility != .absent else { continue }
            let (dx, dy) = (a.x - b.x, a.y - b.y)
            let square = dx * dx + dy * dy
            let width = 2 * deviation
            if area > 0 {
                sum += Logarithm.exponential(-square / (2 * area * width * width))
            } else if let near, near > 0 {
                sum += max(0, 1 - square.squareRoot() / (2 * near))
            } else if square == 0 {
                sum += 1
            }
        }
        return count == 0 ? 1 : sum / Double(count)
    }

    /// The area of the smallest box around the points that are marked.
    private static func size(_ points: [Selector.Keypoint]) -> Double {
        let marked = points.filter { $0.visibility != .absent }
        guard let left = marked.map(\.x).min(), let right = marked.map(\.x).max(),
            let top = marked.map(\.y).min(), let bottom = marked.map(\.y).max()
        else { return 0 }
        return (right - left) * (bottom - top)
    }
}
