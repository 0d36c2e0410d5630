import AnnotationModel
import LabelText

/// Selectors as JSON objects, without loss.
///
/// `kind` names the case; the other members are named after the model's own: a box is
/// `{"kind":"box","x":1,"y":2,"width":30,"height":40}`. Unknown members are refused, since a misspelt
/// one would otherwise change the geometry in silence.
public enum SelectorJSON {
    /// Appends one selector.
    public static func write(_ selector: Selector, to writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("kind")
        writer.string(selector.kindName)
        writeMembers(selector, to: &writer)
        writer.endObject()
    }

    /// One selector as text.
    public static func text(_ selector: Selector) -> String {
        var writer = JSONWriter()
        write(selector, to: &writer)
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    /// The members of each kind of selector: a case each, which is why it is long.
    private static func writeMembers(_ selector: Selector, to writer: inout JSONWriter) {
        switch selector {
        case .wholeItem: break
        case .box(let box):
            number("x", box.x, &writer)
            number("y", box.y, &writer)
            number("width", box.width, &writer)
            number("height", box.height, &writer)
        case .rotatedBox(let box), .ellipse(let box):
            number("centerX", box.centerX, &writer)
            number("centerY", box.centerY, &writer)
            number("width", box.width, &writer)
            number("height", box.height, &writer)
            number("angle", box.angle, &writer)
        case .polygon(let parts):
            writer.key("parts")
            list(parts, &writer) { part, writer in
                list(part, &writer) { ring, writer in writer.coordinates(ring) }
            }
        case .polyline(let points):
            writer.key("points")
            writer.coordinates(points)
        case .keypoints(let points):
            writer.key("points")
            list(points, &writer) { point, writer in
                writer.coordinates([point.x, point.y, Double(point.visibility.rawValue)])
            }
        case .mask(let mask):
            whole("width", mask.width, &writer)
            whole("height", mask.height, &writer)
            writer.key("counts")
            list(mask.counts, &writer) { count, writer in writer.integer(count) }
        case .blob(let sha256, let byteCount, let mediaType):
            text("sha256", Hexadecimal.text(sha256), &writer)
            whole("byteCount", byteCount, &writer)
            text("mediaType", mediaType, &writer)
        case .cuboid(let cuboid):
            writer.key("center")
            writer.coordinates(cuboid.center)
            writer.key("size")
            writer.coordinates(cuboid.size)
            writer.key("rotation")
            writer.coordinates(cuboid.rotation)
        case .pointSet(let indices):
            writer.key("indices")
            list(indices, &writer) { index, writer in
                // Beyond 63 bits as text, because JSON parsers differ there.
                if index <= UInt64(Int64.max) {
                    writer.integer(index)
                } else {
                    writer.string(String(index))
                }
            }
        case .interval(let start, let end, let channels):
            number("start", start, &writer)
            number("end", end, &writer)
            texts("channels", channels, &writer)
        case .textSpan(let start, let end, let quote):
            whole("start", start, &writer)
            whole("end", end, &writer)
            if let quote { text("quote", quote, &writer) }
        case .cells(let rowStart, let rowEnd, let columns):
            whole("rowStart", rowStart, &writer)
            whole("rowEnd", rowEnd, &writer)
            texts("columns", columns, &writer)
        case .graph(let kind, let elements):
            text("elementKind", kind, &writer)
            texts("elements", elements, &writer)
        case .track(let frames):
            writer.key("keyframes")
            list(frames, &writer) { frame, writer in
                writer.beginObject()
                number("time", frame.time, &writer)
                writer.key("selector")
                write(frame.selector, to: &writer)
                if frame.isOutside {
                    writer.key("outside")
                    writer.bool(true)
                }
                writer.endObject()
            }
        case .relation(let kind, let from, let to):
            text("relation", kind, &writer)
            writer.key("from")
            list(from, &writer, target)
            writer.key("to")
            list(to, &writer, target)
        case .preference(let groups):
            writer.key("groups")
            list(groups, &writer) { group, writer in
                list(group, &writer) { text, writer in writer.string(text) }
            }
        case .targets(let targets):
            writer.key("targets")
            list(targets, &writer, target)
        case .all(let selectors):
            writer.key("selectors")
            list(selectors, &writer) { selector, writer in write(selector, to: &writer) }
        }
    }

    private static func target(_ target: Selector.Target, _ writer: inout JSONWriter) {
        writer.beginObject()
        switch target.reference {
        case .item(let key): text("item", key, &writer)
        case .annotation(let id): text("annotation", id, &writer)
        }
        if !target.role.isEmpty { text("role", target.role, &writer) }
        if target.selector != .wholeItem {
            writer.key("selector")
            write(target.selector, to: &writer)
        }
        writer.endObject()
    }

    private static func number(_ key: StaticString, _ value: Double, _ writer: inout JSONWriter) {
        writer.key(key)
        writer.coordinate(value)
    }

    private static func whole(
        _ key: StaticString, _ value: some BinaryInteger, _ writer: inout JSONWriter
    ) {
        writer.key(key)
        writer.integer(value)
    }

    private static func text(_ key: StaticString, _ value: String, _ writer: inout JSONWriter) {
        writer.key(key)
        writer.string(value)
    }

    private static func texts(_ key: StaticString, _ values: [String], _ writer: inout JSONWriter) {
        writer.key(key)
        list(values, &writer) { text, writer in writer.string(text) }
    }

    private static func list<Element>(
        _ elements: [Element], _ writer: inout JSONWriter,
        _ body: (Element, inout JSONWriter) -> Void
    ) {
        writer.beginArray()
        for element in elements { body(element, &writer) }
        writer.endArray()
    }
}
