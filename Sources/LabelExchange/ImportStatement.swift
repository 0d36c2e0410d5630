import AnnotationFormats
import AnnotationModel
import AnnotationStore
import LabelText
import Shapes

/// What a record, a label or a set of writes says, by field: comparable whatever it came from.
///
/// The class is text and the selector its encoding, so that one table holds all fields.
typealias Statement = [String: FieldValue]

enum ImportStatement {
    static let className = Field.Known.className.name
    static let selector = Field.Known.selector.name
    static let status = Field.Known.status.name
    static let externalID = Field.Known.externalID.name

    static func of(_ record: LabelRecord) -> Statement {
        var said: Statement = [selector: .bytes(record.selector.encoded)]
        if !record.className.isEmpty { said[className] = .text(record.className) }
        for (name, value) in record.attributes { said[Field.attribute(name).name] = value }
        said["confidence"] = record.confidence.map { .float($0) }
        said[externalID] = record.externalID.map { .text($0) }
        said["author"] = record.author.map { .text($0) }
        said["source"] = record.source.map { .text($0) }
        said[status] = .integer(record.isRetracted ? 1 : 0)
        return said
    }

    static func of(_ label: LabelView) -> Statement {
        var said = label.fields
        said[className] = .text(label.className)
        said[selector] = .bytes(label.selector.encoded)
        said[status] = .integer(label.isRetracted ? 1 : 0)
        said["author"] = said["author"] ?? label.author.map { .text($0) }
        said["source"] = said["source"] ?? label.source.map { .text($0) }
        return said
    }

    /// True if two values of a field say the same; numbers and coordinates may differ by what writing
    /// and reading them with other digits costs.
    static func isSame(_ field: String, _ left: FieldValue?, _ right: FieldValue?) -> Bool {
        let (left, right) = (left ?? .null, right ?? .null)
        if left == right { return hasSameBytes(left, right) }
        if let one = left.numberValue, let other = right.numberValue { return isNear(one, other) }
        guard field == selector, case .bytes(let one) = left, case .bytes(let other) = right,
            let shape = try? Selector(decoding: one), let second = try? Selector(decoding: other)
        else { return false }
        return isSame(shape, second)
    }

    /// For equal values, whether their texts have the same bytes: `==` takes texts for equal that the log
    /// tells apart.
    private static func hasSameBytes(_ left: FieldValue, _ right: FieldValue) -> Bool {
        switch (left, right) {
        case (.text(let one), .text(let other)): one.hasSameBytes(as: other)
        case (.array, .array), (.map, .map): left.encoded == right.encoded
        default: true
        }
    }

    static func isSame(_ left: Selector, _ right: Selector) -> Bool {
        if left == right { return true }
        let (left, right) = (turned(left), turned(right))
        // Two shapes of one item mostly lie elsewhere, and comparing all of both costs much more.
        guard left.kind == right.kind, mayBeSame(left, right),
            let one = try? JSONValue(parsing: SelectorJSON.text(left)),
            let other = try? JSONValue(parsing: SelectorJSON.text(right))
        else { return false }
        return isNear(one, other)
    }

    /// A cuboid with that of the two quaternions of its turn whose first number other than 0 is positive.
    private static func turned(_ selector: Selector) -> Selector {
        guard case .cuboid(var cuboid) = selector,
            cuboid.rotation.first(where: { abs($0) > 1e-9 }).map({ $0 < 0 }) == true
        else { return selector }
        cuboid.rotation = cuboid.rotation.map { -$0 }
        return .cuboid(cuboid)
    }

    /// False for shapes that lie at different places.
    private static func mayBeSame(_ left: Selector, _ right: Selector) -> Bool {
        if case .cuboid(let one) = left, case .cuboid(let other) = right {
            return zip(one.center, other.center).allSatisfy { isAlmost($0, $1) }
        }
        guard let one = left.bounds, let other = right.bounds else { return true }
        return isAtOnePlace(one, other)
    }

    /// True for the bounds of shapes that may be the same.
    static func isAtOnePlace(_ one: Selector.Box, _ other: Selector.Box) -> Bool {
        isAlmost(one.x, other.x) && isAlmost(one.y, other.y)
    }

    /// What is computed from coordinates that are near may be less near than they.
    private static func isAlmost(_ left: Double, _ right: Double) -> Bool {
        abs(left - right) <= 1e-6 * max(1, abs(left), abs(right))
    }

    private static func isNear(_ left: Double, _ right: Double) -> Bool {
        abs(left - right) <= 1e-9 * max(1, abs(left), abs(right))
    }

    private static func isNear(_ left: JSONValue, _ right: JSONValue) -> Bool {
        if let one = left.double, let other = right.double { return isNear(one, other) }
        switch (left, right) {
        case (.array(let one), .array(let other)):
            return one.count == other.count && zip(one, other).allSatisfy { isNear($0, $1) }
        case (.object(let one), .object(let other)):
            return one.count == other.count
                && one.allSatisfy { key, value in other[key].map { isNear(value, $0) } ?? false }
        default: return left == right
        }
    }

    /// The write of one field.
    static func write(_ field: String, _ value: FieldValue) throws -> Operation.Write {
        switch (field, value) {
        case (className, .text(let name)): return .className(name)
        case (selector, .bytes(let bytes)): return .selector(try Selector(decoding: bytes))
        default: return .field(Field(name: field), value)
        }
    }

    /// True for an id that says only where in a file a label stood: `path#number`, or the region ids that
    /// Label Studio exports get here, `task/annotation/rNumber`, with `prediction-` before a model's annotation and
    /// `/number` behind a choice of several.
    static func isPositional(_ id: String?) -> Bool {
        guard let id else { return false }
        if let mark = id.utf8.lastIndex(of: UInt8(ascii: "#")) {
            return isPlace(id.utf8[id.utf8.index(after: mark)...])
        }
        if id.hasPrefix(exportPrefix) { return true }
        // Most ids are plain, and this is asked often.
        guard id.utf8.contains(UInt8(ascii: "/")) else { return false }
        let parts = id.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 3 || parts.count == 4 && isNumber(parts[3].utf8) else { return false }
        let voice =
            parts[1].hasPrefix(modelPrefix) ? parts[1].dropFirst(modelPrefix.count) : parts[1]
        return parts[2].utf8.first == UInt8(ascii: "r") && isNumber(parts[0].utf8)
            && isNumber(voice.utf8) && isNumber(parts[2].utf8.dropFirst())
    }

    /// True for an id that is a place behind a file's name.
    static func isPlaced(_ id: String?) -> Bool {
        isPositional(id) && id?.utf8.contains(UInt8(ascii: "#")) == true
    }

    /// True for two places in one file, whose path may be given with more folders above it or fewer.
    static func isOneFile(_ left: String, _ right: String) -> Bool {
        let (one, other) = (path(left), path(right))
        return isOnePath(left, right) || one.hasSuffix("/" + other) || other.hasSuffix("/" + one)
    }

    /// True for two places in one file, given by the same path.
    static func isOnePath(_ left: String, _ right: String) -> Bool {
        path(left).utf8.elementsEqual(path(right).utf8)
    }

    private static func path(_ id: String) -> Substring {
        id[..<(id.lastIndex(of: "#") ?? id.endIndex)]
    }

    /// The number of a place in its file.
    static func place(_ id: String) -> Substring {
        id[(id.lastIndex(of: "#").map { id.index(after: $0) } ?? id.endIndex)...]
    }

    /// How our own exports of Web annotations number what has no id.
    private static let exportPrefix = "urn:countermark:export:"

    /// How Label Studio's ids of what a model said begin.
    private static let modelPrefix = "prediction-"

    /// True for a place behind a file's name: `3`, `s3` and `T3`, `3.1`, `2@0.5`, `17/3`, and `group/NAME/3`.
    private static func isPlace(_ text: Substring.UTF8View) -> Bool {
        if isNumber(text) { return true }
        if let first = text.first, (0x41...0x5a).contains(first & 0xdf) {
            if isNumber(text.dropFirst()) { return true }
            let parts = text.split(separator: UInt8(ascii: "/"))
            return parts.count >= 3 && isNumber(parts[parts.count - 1])
        }
        let parts = text.split { "./@".utf8.contains($0) }
        return parts.count > 1 && parts.allSatisfy { isNumber($0) }
    }

    /// True for an id that was counted: two files have it by chance.
    ///
    /// That is a place in a file, or a number by itself or behind names, such as COCO's `1` and CVAT's
    /// `track:clip.mp4#0`; not an id that somebody made up or that chance made.
    static func isCounted(_ id: String?) -> Bool {
        guard let id else { return false }
        if isPositional(id) { return true }
        let marks = "#/:@".utf8
        let last =
            id.utf8.split(omittingEmptySubsequences: false, whereSeparator: marks.contains)
            .last ?? id.utf8[...]
        return isNumber(last) && last.count <= countedDigitsMax
    }

    /// More digits are an id of a server, or a time.
    private static let countedDigitsMax = 9

    /// True for two ids that begin with the path of one file, given with more folders above it or fewer.
    static func isSamePlace(_ left: String, _ right: String) -> Bool {
        guard left.utf8.contains(UInt8(ascii: "#")) else { return false }
        return left.hasSuffix("/" + right) || right.hasSuffix("/" + left)
    }

    private static func isNumber(_ digits: Substring.UTF8View) -> Bool {
        !digits.isEmpty && digits.allSatisfy { (0x30...0x39).contains($0) }
    }
}
