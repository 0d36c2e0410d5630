import AnnotationModel

/// One way in which a label does not fit a schema.
public struct SchemaProblem: Hashable, Sendable {
    /// What does not fit.
    public enum Kind: Hashable, Sendable {
        /// The schema does not have the class.
        case unknownClass
        /// Labels carry a class below this one.
        case abstractClass
        /// The class does not have selectors of this kind.
        case selectorOfClass(Selector.Kind)
        /// Items of this media type do not have selectors of this kind.
        case selectorOfMediaType(Selector.Kind)
        /// The schema does not give the class this attribute.
        case unknownAttribute
        /// The attribute's value is of another type.
        case wrongType(expected: String)
        /// The attribute's value is below the minimum or above the maximum.
        case outOfRange
        /// The attribute's value is none of those permitted.
        case notPermitted
        /// The attribute has to be there.
        case missingAttribute
    }

    /// What does not fit.
    public let kind: Kind
    /// The name of the class, the attribute or the media type that it concerns.
    public let subject: String

    /// A problem.
    public init(_ kind: Kind, _ subject: String) { (self.kind, self.subject) = (kind, subject) }

    /// The kind as a word for scripts.
    public var code: String {
        switch kind {
        case .unknownClass: "unknown-class"
        case .abstractClass: "abstract-class"
        case .selectorOfClass: "selector-of-class"
        case .selectorOfMediaType: "selector-of-media-type"
        case .unknownAttribute: "unknown-attribute"
        case .wrongType: "wrong-type"
        case .outOfRange: "out-of-range"
        case .notPermitted: "not-in-enum"
        case .missingAttribute: "missing-attribute"
        }
    }
}

extension SchemaProblem: CustomStringConvertible {
    /// One line for people.
    public var description: String {
        switch kind {
        case .unknownClass: "the schema has no class \"\(subject)\""
        case .abstractClass: "the class \"\(subject)\" is abstract; a class below it is asked for"
        case .selectorOfClass(let kind):
            "the class \"\(subject)\" has no \(kind.rawValue) selectors"
        case .selectorOfMediaType(let kind):
            "items of \(subject) have no \(kind.rawValue) selectors"
        case .unknownAttribute: "the schema has no attribute \"\(subject)\" here"
        case .wrongType(let expected): "the attribute \"\(subject)\" is no \(expected)"
        case .outOfRange: "the attribute \"\(subject)\" lies outside its range"
        case .notPermitted: "the attribute \"\(subject)\" has a value that is not permitted"
        case .missingAttribute: "the attribute \"\(subject)\" is missing"
        }
    }
}
