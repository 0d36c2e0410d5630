import CanonicalCBOR

/// Why a value, an identifier or a changeset does not fit the model.
public enum AnnotationModelError: Error, Equatable, Sendable {
    /// The bytes are not the one accepted encoding.
    case encoding(CBORError)
    /// A name that is not of the form that the model asks for.
    case badIdentifier(kind: String, text: String, rule: String)
    /// A figure beyond a limit of the format.
    case limit(what: String, value: Int, max: Int)
    /// A geometry whose numbers cannot describe anything.
    case badGeometry(kind: String, why: String)
    /// A reference to a string that the changeset's table does not have.
    case danglingString(index: Int, count: Int)
    /// An operation that the format does not know, or that lacks a part.
    case badOperation(position: Int, why: String)
}

extension AnnotationModelError: CustomStringConvertible {
    /// One line: what happened, with the figures.
    public var description: String {
        switch self {
        case .encoding(let error): error.description
        case .badIdentifier(let kind, let text, let rule):
            "\"\(text)\" is not a valid \(kind): \(rule)"
        case .limit(let what, let value, let max): "\(what) is \(value), the limit is \(max)"
        case .badGeometry(let kind, let why): "the \(kind) cannot be used: \(why)"
        case .danglingString(let index, let count):
            "string \(index) is referred to, the table has \(count)"
        case .badOperation(let position, let why): "operation \(position): \(why)"
        }
    }
}
