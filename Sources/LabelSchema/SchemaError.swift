import LabelText

/// Why a text is no label schema, or no class mapping: what is wrong, and where it stands.
public struct SchemaError: Error, Equatable, Sendable {
    /// What is wrong.
    public let reason: Reason
    /// The file's name; empty for a text from a log.
    public var file: String
    /// Where in the text.
    public let position: TextPosition
    /// Where in the tree, such as `classes[3].parent`; empty for the whole.
    public let path: String

    /// What can be wrong.
    public enum Reason: Equatable, Sendable {
        /// The text is not JSON.
        case json(JSONError.Reason)
        /// A value of another kind.
        case wrongKind(expected: String, found: String)
        /// A member that schemas do not have.
        case unknownMember(String, nearest: String?)
        /// A member that has to be there.
        case missingMember(String)
        /// A version that this program does not know.
        case unknownVersion(Int64, known: Int64)
        /// A word that is none of those allowed.
        case unknownWord(String, what: String, nearest: String?)
        /// Too many, or too long.
        case limit(what: String, found: Int, max: Int)
        /// A name that is empty, or holds a control character.
        case badName(String)
        /// No colour as `#rrggbb`.
        case badColor(String)
        /// No media type, nor a pattern of them.
        case badMediaType(String)
        /// The same name twice.
        case duplicate(what: String, name: String)
        /// A synonym or a mapping's source that is the name of a class.
        case nameTaken(what: String, name: String, by: String)
        /// A class that the schema does not have.
        case unknownClass(String, nearest: String?)
        /// Classes that are their own ancestors, or mappings that lead in a circle.
        case cycle(what: String, names: [String])
        /// A range without a number in it.
        case emptyRange(minimum: String, maximum: String)
        /// A member that goes with other types only.
        case notForType(member: String, type: String)
        /// A value of another type than the attribute's, or outside its range.
        case badValue(String, why: String)
        /// A joint of a skeleton that names no keypoint.
        case badJoint(keypoints: Int)
    }

    /// An error at a place.
    public init(
        _ reason: Reason, file: String = "", position: TextPosition, path: String
    ) {
        (self.reason, self.file, self.position, self.path) = (reason, file, position, path)
    }
}

extension SchemaError: CustomStringConvertible {
    /// One line: where, what, what to do.
    public var description: String {
        "\(file.isEmpty ? "" : file + ", ")\(position)\(path.isEmpty ? "" : ", in \(path)"): \(reason)"
    }
}

extension SchemaError.Reason: CustomStringConvertible {
    /// What is wrong and what to do.
    public var description: String {
        switch self {
        case .json(let reason): "\(reason)"
        case .wrongKind(let expected, let found): "\(expected) is expected, \(found) found"
        case .unknownMember(let name, let nearest):
            "there is no member \"\(name)\"\(Self.hint(nearest))"
        case .missingMember(let name): "\"\(name)\" is missing; add it"
        case .unknownVersion(let found, let known):
            "version \(found) is not known, this program reads version \(known); "
                + "use a newer program"
        case .unknownWord(let word, let what, let nearest):
            "\"\(word)\" is no \(what)\(Self.hint(nearest))"
        case .limit(let what, let found, let max): "\(what): \(found), the limit is \(max)"
        case .badName(let name):
            "\"\(name)\" cannot be a name; a name has 1 to \(LabelSchema.nameBytesMax) bytes, no "
                + "control character and no space at its ends"
        case .badColor(let text): "\"\(text)\" is no colour; write it as #rrggbb"
        case .badMediaType(let text):
            "\"\(text)\" is no media type; write one such as image/png, image/* or */*"
        case .duplicate(let what, let name): "the \(what) \"\(name)\" stands twice; remove one"
        case .nameTaken(let what, let name, let owner):
            "the \(what) \"\(name)\" is already \(owner); a name means one thing"
        case .unknownClass(let name, let nearest):
            "there is no class \"\(name)\"\(Self.hint(nearest))"
        case .cycle(let what, let names):
            "the \(what) lead in a circle: \(names.joined(separator: " → "))"
        case .emptyRange(let minimum, let maximum):
            "the minimum \(minimum) is above the maximum \(maximum); no value fits"
        case .notForType(let member, let type):
            "\"\(member)\" does not go with the type \(type); remove it"
        case .badValue(let value, let why): "\(value) \(why)"
        case .badJoint(let keypoints):
            "a joint is a pair of keypoints by number, 1 to \(keypoints)"
        }
    }

    private static func hint(_ nearest: String?) -> String {
        nearest.map { "; did you mean \"\($0)\"?" } ?? ""
    }
}
