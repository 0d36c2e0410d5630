import AnnotationModel
import LabelText

/// The rule for item keys that come out of files.
///
/// A key is often used as a path later on, by this program or by a partner's. So nothing that could
/// leave the dataset's folder, or hide in a terminal, comes in.
public enum ItemKey {
    /// The longest key in bytes: the limit of the log's string table.
    public static let bytesMax = 1_024

    /// Why a key is refused, or nil for a good one.
    public static func problem(_ key: String) -> String? {
        let bytes = key.utf8
        if bytes.isEmpty { return "the item's name is empty; give each item a name" }
        if bytes.count > bytesMax {
            return "the item's name has \(bytes.count) bytes, the limit is \(bytesMax)"
        }
        if let control = key.unicodeScalars.first(where: {
            $0.value < 0x20 || (0x7f...0x9f).contains($0.value)
        }) {
            return "the item's name holds the control character "
                + "U+\(String(control.value, radix: 16, uppercase: true)); rename the item"
        }
        if isAbsolute(Array(bytes.prefix(3))) {
            return "the item's name is an absolute path; make it relative to the dataset"
        }
        let isSeparator: (UInt8) -> Bool = { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "\\") }
        let climbs = bytes.split(whereSeparator: isSeparator).contains {
            $0.elementsEqual("..".utf8)
        }
        return climbs ? "the item's name climbs out of the dataset by '..'; remove it" : nil
    }

    private static func isAbsolute(_ start: [UInt8]) -> Bool {
        if start[0] == UInt8(ascii: "/") || start[0] == UInt8(ascii: "\\") { return true }
        // A drive letter.
        return start.count == 3 && start[1] == UInt8(ascii: ":")
            && (start[2] == UInt8(ascii: "/") || start[2] == UInt8(ascii: "\\"))
            && (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(start[0] | 0x20)
    }
}

/// The rules for what else comes out of files, so that a label that was read can be logged.
enum RecordRule {
    /// The limit of the log's string table for names.
    static let nameBytesMax = ItemKey.bytesMax
    /// The limit of the log for one selector and one value.
    static let fieldsMax = 250

    /// Why an annotation with a checked selector is refused, or nil for a good one.
    @inline(__always)
    static func problem(_ label: LabelRecord) -> String? {
        let isShort =
            label.className.utf8.count <= nameBytesMax
            && (label.author?.utf8.count ?? 0) <= nameBytesMax
            && (label.source?.utf8.count ?? 0) <= nameBytesMax
            && (label.externalID?.utf8.count ?? 0) <= nameBytesMax
        guard isShort else {
            return "a class, author, source or id is longer than \(nameBytesMax) bytes; shorten it"
        }
        if let confidence = label.confidence, !(0...1).contains(confidence) {
            return "the confidence \(confidence) is not within 0...1; rescale it"
        }
        return label.attributes.isEmpty ? nil : problem(fields: label.attributes)
    }

    /// Why fields are refused, or nil for good ones.
    static func problem(fields: [String: FieldValue]) -> String? {
        if fields.count > fieldsMax {
            return "\(fields.count) attributes, the limit is \(fieldsMax); leave some out"
        }
        for (name, value) in fields.sorted(by: { $0.key < $1.key }) {
            if name.isEmpty { return "an attribute has no name; give it one" }
            if name.utf8.count > nameBytesMax {
                return
                    "an attribute's name has \(name.utf8.count) bytes, 1...\(nameBytesMax) are allowed"
            }
            if let problem = problem(value, name: name) { return problem }
        }
        return nil
    }

    private static func problem(_ value: FieldValue, name: String) -> String? {
        switch value {
        case .null, .bool, .integer, .float: return nil
        case .text(let text) where text.utf8.count < FieldValue.bytesMax - 8: return nil
        default: break
        }
        let count = value.encoded.count
        if count > FieldValue.bytesMax {
            return
                "the attribute \"\(name)\" takes \(count) bytes, the limit is \(FieldValue.bytesMax); "
                + "keep it beside the dataset"
        }
        return nil
    }

    /// Why a selector is refused, or nil for a good one: whether the log has room for it.
    static func sizeProblem(_ selector: Selector) -> String? {
        // Nine bytes hold any number, five any run.
        let estimate =
            switch selector {
            case .polygon(let parts): parts.joined().reduce(64) { $0 + 9 * $1.count + 9 }
            case .mask(let mask): 64 + 5 * mask.counts.count
            case .keypoints(let points): 64 + 20 * points.count
            case .box, .wholeItem: 0
            default: Int.max
            }
        if estimate <= Selector.bytesMax { return nil }
        let count = selector.encoded.count
        guard count > Selector.bytesMax else { return nil }
        return "the \(selector.kindName) takes \(count) bytes, the limit is \(Selector.bytesMax); "
            + "simplify it, or keep it as a file and refer to it by its hash"
    }
}
