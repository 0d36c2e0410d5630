/// Which part of an item an annotation speaks of.
///
/// Pixels: origin at the top left corner of the top left pixel, x right, y down. Metres and radians in
/// three dimensions. Seconds in time. Text offsets count Unicode scalars, half-open. A modality is a
/// selector, not a new kind of record.
public indirect enum Selector: Hashable, Sendable {
    /// The whole item.
    case wholeItem
    /// An upright box, in pixels.
    case box(Box)
    /// A box turned about its centre by `angle` radians, clockwise on screen.
    case rotatedBox(RotatedBox)
    /// The union of parts; each part is an outer ring followed by its holes; each ring a flat
    /// x, y, x, y… list without a repeated last point.
    case polygon([[[Double]]])
    /// An open line: a flat x, y, x, y… list.
    case polyline([Double])
    /// An ellipse: `width` and `height` are its diameters.
    case ellipse(RotatedBox)
    /// Named points in the order of the class's skeleton.
    case keypoints([Keypoint])
    /// A bitmap.
    case mask(Mask)
    /// A mask or another dense payload kept beside the log, named by its SHA-256 (32 bytes).
    case blob(sha256: [UInt8], byteCount: Int64, mediaType: String)
    /// A cuboid in metres.
    case cuboid(Cuboid)
    /// Points of a cloud by index, ascending.
    case pointSet([UInt64])
    /// A half-open stretch of time in seconds on some channels (none: on all).
    case interval(start: Double, end: Double, channels: [String])
    /// A half-open stretch of text in Unicode scalars, with the text that stood there.
    case textSpan(start: Int64, end: Int64, quote: String?)
    /// Rows (half-open) and columns (none: all) of a table.
    case cells(rowStart: Int64, rowEnd: Int64, columns: [String])
    /// Elements of a graph or a drawing: `kind` is atom, bond, entity…
    case graph(kind: String, elements: [String])
    /// A selector that moves: keyframes ascending in time (or frame number).
    case track([Keyframe])
    /// A directed link.
    case relation(kind: String, from: [Target], to: [Target])
    /// Alternatives from best to worst; those in one group are equal.
    case preference([[String]])
    /// Several targets at once, of one or of several items.
    case targets([Target])
    /// What all the selectors have in common.
    case all([Selector])

    /// An upright box in pixels; the right edge is `x + width`.
    public struct Box: Hashable, Sendable {
        public var x, y, width, height: Double
        /// A box from its top left corner and its size.
        public init(x: Double, y: Double, width: Double, height: Double) {
            (self.x, self.y, self.width, self.height) = (x, y, width, height)
        }
    }

    /// A box about a centre, turned by an angle in radians, clockwise on screen.
    public struct RotatedBox: Hashable, Sendable {
        public var centerX, centerY, width, height, angle: Double
        /// A turned box.
        public init(
            centerX: Double, centerY: Double, width: Double, height: Double, angle: Double
        ) {
            (self.centerX, self.centerY) = (centerX, centerY)
            (self.width, self.height, self.angle) = (width, height, angle)
        }
    }

    /// One keypoint.
    public struct Keypoint: Hashable, Sendable {
        /// Whether the point was labelled and can be seen.
        public enum Visibility: UInt8, Sendable, CaseIterable { case absent, hidden, visible }
        public var x, y: Double
        /// Whether the point can be seen.
        public var visibility: Visibility
        /// A point in pixels.
        public init(x: Double, y: Double, visibility: Visibility) {
            (self.x, self.y, self.visibility) = (x, y, visibility)
        }
    }

    /// A bitmap as runs down the columns, beginning with a run of zeros (COCO's order).
    public struct Mask: Hashable, Sendable {
        public var width, height: Int
        /// The lengths of the runs, zeros first; they add up to `width * height`.
        public var counts: [UInt32]
        /// A bitmap of `width` × `height` pixels.
        public init(width: Int, height: Int, counts: [UInt32]) {
            (self.width, self.height, self.counts) = (width, height, counts)
        }
    }

    /// A cuboid: geometric centre, size along its own axes, unit quaternion (w, x, y, z).
    public struct Cuboid: Hashable, Sendable {
        /// Metres.
        public var center: [Double]
        /// Metres along the local x, y, z.
        public var size: [Double]
        /// w, x, y, z.
        public var rotation: [Double]
        /// A cuboid; the arrays hold three, three and four numbers.
        public init(center: [Double], size: [Double], rotation: [Double]) {
            (self.center, self.size, self.rotation) = (center, size, rotation)
        }
    }

    /// One keyframe of a track.
    public struct Keyframe: Hashable, Sendable {
        /// Seconds, or a frame number where the item says so.
        public var time: Double
        /// The selector at that time.
        public var selector: Selector
        /// True from here on the object is not visible.
        public var isOutside: Bool
        /// A keyframe at a time.
        public init(time: Double, selector: Selector, isOutside: Bool = false) {
            (self.time, self.selector, self.isOutside) = (time, selector, isOutside)
        }
    }

    /// A part of a relation: an item by key or an annotation by id, with a role and a selector.
    public struct Target: Hashable, Sendable {
        /// What is referred to.
        public enum Reference: Hashable, Sendable {
            /// An item's key.
            case item(String)
            /// An annotation's display id (`origin:entry.position`).
            case annotation(String)
        }
        /// What is referred to.
        public var reference: Reference
        /// What the target is in the relation.
        public var role: String
        /// The selector at that time.
        public var selector: Selector
        /// A target.
        public init(_ reference: Reference, role: String = "", selector: Selector = .wholeItem) {
            (self.reference, self.role, self.selector) = (reference, role, selector)
        }
    }

    /// The name of the kind, as formats and messages write it.
    public var kindName: String { kind.rawValue }

    /// The kind.
    public var kind: Kind {
        switch self {
        case .wholeItem: .wholeItem
        case .box: .box
        case .rotatedBox: .rotatedBox
        case .polygon: .polygon
        case .polyline: .polyline
        case .ellipse: .ellipse
        case .keypoints: .keypoints
        case .mask: .mask
        case .blob: .blob
        case .cuboid: .cuboid
        case .pointSet: .pointSet
        case .interval: .interval
        case .textSpan: .textSpan
        case .cells: .cells
        case .graph: .graph
        case .track: .track
        case .relation: .relation
        case .preference: .preference
        case .targets: .targets
        case .all: .all
        }
    }

    /// The kinds of selector.
    public enum Kind: String, Sendable, CaseIterable {
        case wholeItem, box, rotatedBox, polygon, polyline, ellipse, keypoints, mask, blob, cuboid
        case pointSet, interval, textSpan, cells, graph, track, relation, preference, targets, all

        /// The number on the wire.
        public var code: Int {
            switch self {
            case .wholeItem: 0
            case .box: 1
            case .rotatedBox: 2
            case .polygon: 3
            case .polyline: 4
            case .ellipse: 5
            case .keypoints: 6
            case .mask: 7
            case .blob: 8
            case .cuboid: 9
            case .pointSet: 10
            case .interval: 11
            case .textSpan: 12
            case .cells: 13
            case .graph: 14
            case .track: 15
            case .relation: 16
            case .preference: 17
            case .targets: 18
            case .all: 19
            }
        }

        /// The kind with a number.
        public init?(code: Int) {
            guard let kind = Self.byCode[code] else { return nil }
            self = kind
        }

        private static let byCode = [Int: Kind](
            uniqueKeysWithValues: allCases.map { ($0.code, $0) })
    }
}
