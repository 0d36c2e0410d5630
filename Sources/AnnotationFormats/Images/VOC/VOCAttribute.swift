import AnnotationModel
import LabelText

/// The names of attributes that hold what VOC calls otherwise.
enum VOCAttribute {
    static let flags = ["difficult", "truncated", "occluded"]
    static let pose = "pose"
    static let action = "action."
    /// Where in the picture the action is, in pixels.
    static let point = "voc.point"
    static let partOf = "voc.partOf"

    static let prefix = "voc."
    /// The elements of an object that are read.
    static let ofObject: ByteSet = [
        "name", "bndbox", "robndbox", "polygon", "point", "part", "actions", "attributes",
        "confidence", "pose", "difficult", "truncated", "occluded", "partOf",
    ]
    /// The elements of a file that are read.
    static let ofFile: ByteSet = ["filename", "size", "object"]

    /// The elements that fields stand for: what can be one, with its text.
    static func elements(
        of fields: [String: FieldValue], except known: ByteSet
    ) -> [(name: String, field: String, text: String)] {
        KeptMember.members(of: fields, prefix: prefix, except: known).compactMap {
            guard isElement($0.name), let text = $0.value.text else { return nil }
            return ($0.name, $0.field, text)
        }
    }

    /// The action of which an attribute speaks, where XML can have an element of that name.
    static func action(_ attribute: String) -> String? {
        guard attribute.hasPrefix(action) else { return nil }
        let name = String(attribute.dropFirst(action.count))
        return isElement(name) ? name : nil
    }

    /// Whether XML can have an element of the name, without asking for more than letters and digits.
    private static func isElement(_ name: String) -> Bool {
        let isPlain = { (byte: UInt8) in
            (0x61...0x7a).contains(byte | 0x20) || byte == UInt8(ascii: "_")
        }
        guard let first = name.utf8.first, isPlain(first),
            name.utf8.allSatisfy({ isPlain($0) || (0x30...0x39).contains($0) })
        else { return false }
        return true
    }
}
