/// A member that a document has in some cases only: absent where it is nil.
///
/// All other members that are nil are written as null.
@propertyWrapper
public struct OmittedIfNil<Value: Encodable & Sendable>: Encodable, Sendable {
    /// The member; nil where the document is without it.
    public var wrappedValue: Value?

    /// A member.
    public init(wrappedValue: Value?) { self.wrappedValue = wrappedValue }

    /// Only as an element of a list, which cannot be left out of it.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(wrappedValue)
    }
}

extension KeyedEncodingContainer {
    /// What the compiler calls for such members: nothing is written for nil.
    public mutating func encode<Value>(_ member: OmittedIfNil<Value>, forKey key: Key) throws {
        if let value = member.wrappedValue { try encode(value, forKey: key) }
    }
}
