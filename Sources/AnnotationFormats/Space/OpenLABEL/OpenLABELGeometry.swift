import AnnotationModel
import LabelText
import Shapes

/// OpenLABEL's geometry as selectors, and back.
enum OpenLABELGeometry {
    static func selector(_ kind: String, _ entry: JSONValue) throws(Refusal) -> Selector {
        guard let v = entry["val"]?.doubles else {
            throw Refusal("the \(kind) needs a list of numbers as val")
        }
        func count(_ allowed: Int...) throws(Refusal) {
            guard allowed.contains(v.count) else {
                throw Refusal("the val of a \(kind) has \(v.count) numbers")
            }
        }
        switch kind {
        case "bbox":
            try count(4)
            return .box(
                .init(x: v[0] - v[2] / 2, y: v[1] - v[3] / 2, width: v[2], height: v[3]))
        case "rbbox":
            try count(5)
            return .rotatedBox(
                .init(centerX: v[0], centerY: v[1], width: v[2], height: v[3], angle: v[4]))
        case "cuboid":
            try count(9, 10)
            let rotation =
                v.count == 9
                ? Rotation.quaternion(euler: Array(v[3..<6])) : [v[6], v[3], v[4], v[5]]
            return .cuboid(
                .init(center: Array(v[..<3]), size: Array(v.suffix(3)), rotation: rotation))
        case "point2d":
            try count(2)
            return .keypoints([.init(x: v[0], y: v[1], visibility: .visible)])
        default:
            guard (entry["mode"]?.string ?? "MODE_POLY2D_ABSOLUTE") == "MODE_POLY2D_ABSOLUTE" else {
                throw Refusal("only MODE_POLY2D_ABSOLUTE is read; write the points as numbers")
            }
            guard v.count % 2 == 0 else { throw Refusal("an odd count of numbers is no polygon") }
            if entry["closed"]?.bool ?? true { return .polygon([[v]]) }
            return .polyline(v)
        }
    }

    /// The kind of geometry and its numbers; nil for what OpenLABEL cannot say.
    static func values(_ selector: Selector) -> (kind: String, entry: ByteMap<JSONValue>)? {
        func entry(_ kind: String, _ values: [Double]) -> (String, ByteMap<JSONValue>)? {
            guard values.allSatisfy(\.isFinite) else { return nil }
            return (kind, ["val": .array(values.map { .double($0) })])
        }
        switch selector {
        case .box(let box):
            return entry(
                "bbox", [box.x + box.width / 2, box.y + box.height / 2, box.width, box.height])
        case .rotatedBox(let box):
            return entry("rbbox", [box.centerX, box.centerY, box.width, box.height, box.angle])
        case .cuboid(let cuboid):
            let q = cuboid.rotation
            return entry("cuboid", cuboid.center + [q[1], q[2], q[3], q[0]] + cuboid.size)
        case .keypoints(let points) where points.count == 1 && points[0].visibility == .visible:
            return entry("point2d", [points[0].x, points[0].y])
        case .polygon(let parts) where parts.count == 1 && parts[0].count == 1:
            return poly(parts[0][0], isClosed: true)
        case .polyline(let points): return poly(points, isClosed: false)
        default: return nil
        }
    }

    private static func poly(
        _ values: [Double], isClosed: Bool
    ) -> (kind: String, entry: ByteMap<JSONValue>)? {
        guard values.allSatisfy(\.isFinite) else { return nil }
        return (
            "poly2d",
            [
                "val": .array(values.map { .double($0) }), "closed": .bool(isClosed),
                "mode": .string("MODE_POLY2D_ABSOLUTE"),
            ]
        )
    }

    // MARK: Attributes

    /// The values of `boolean`, `num`, `text` and `vec` by name.
    static func attributes(_ json: JSONValue?) -> [String: FieldValue] {
        var attributes: [String: FieldValue] = [:]
        for kind in OpenLABELFormat.plain {
            for entry in json?[kind]?.array ?? [] {
                guard let name = entry["name"]?.string, !name.isEmpty, let val = entry["val"],
                    let value = FieldValueJSON.value(val)
                else { continue }
                attributes[name] = value
            }
        }
        return attributes
    }

    /// Attributes as OpenLABEL has them, and whether some had no place.
    static func json(_ attributes: [String: FieldValue]) -> (value: JSONValue?, isLost: Bool) {
        var kinds: ByteMap<[JSONValue]> = [:]
        var isLost = false
        for (name, value) in attributes.sorted(by: { $0.key < $1.key }) {
            guard let (kind, val) = plain(value), !name.isEmpty else {
                isLost = true
                continue
            }
            kinds[kind, default: []].append(.object(["name": .string(name), "val": val]))
        }
        return (kinds.isEmpty ? nil : .object(kinds.mapValues { .array($0) }), isLost)
    }

    private static func plain(_ value: FieldValue) -> (kind: String, val: JSONValue)? {
        switch value {
        case .bool(let value): ("boolean", .bool(value))
        case .integer(let value): ("num", .integer(value))
        case .float(let value) where value.isFinite: ("num", .double(value))
        case .text(let text): ("text", .string(text))
        case .array(let values):
            {
                let elements = values.compactMap { element -> JSONValue? in
                    switch element {
                    case .integer(let value): .integer(value)
                    case .float(let value) where value.isFinite: .double(value)
                    case .text(let text): .string(text)
                    default: nil
                    }
                }
                return elements.count == values.count ? ("vec", .array(elements)) : nil
            }()
        default: nil
        }
    }
}
