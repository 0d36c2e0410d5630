import AnnotationModel

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByIntegerLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    /// A string.
    public init(stringLiteral value: String) { self = .string(value) }

    /// A boolean.
    public init(booleanLiteral value: Bool) { self = .bool(value) }

    /// A whole number.
    public init(integerLiteral value: Int64) { self = .integer(value) }

    /// An array.
    public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }

    /// An object.
    public init(dictionaryLiteral members: (String, JSONValue)...) {
        self = .object(ByteMap(members, uniquingKeysWith: { _, last in last }))
    }

    /// A string, or null.
    public init(_ text: String?) { self = text.map { .string($0) } ?? .null }

    /// An object with further members; of two with one name the later counts.
    public func with(_ more: [(String, JSONValue)]) -> JSONValue {
        guard case .object(var members) = self else { return self }
        for (name, value) in more { members[name] = value }
        return .object(members)
    }
}
