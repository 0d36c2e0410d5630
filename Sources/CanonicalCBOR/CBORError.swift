/// Why bytes are not the one accepted encoding, and at which byte offset.
///
/// Every case that concerns input carries the offset of the data item's initial byte, counted from
/// the start of the buffer that was handed in.
public enum CBORError: Error, Equatable, Sendable {
    /// The input ends inside an item.
    case truncated(offset: Int)
    /// An argument, a length or a float is not in its shortest form (RFC 8949 §4.2.1).
    case notShortest(offset: Int)
    /// An indefinite length or a break (RFC 8949 §4.2.1 forbids both).
    case indefiniteLength(offset: Int)
    /// A reserved additional information value or a reserved simple value.
    case malformed(offset: Int)
    /// Text that is not well-formed UTF-8.
    case invalidUTF8(offset: Int)
    /// Map keys that do not ascend bytewise, or that repeat.
    case unorderedKey(offset: Int)
    /// Nesting deeper than the reader allows.
    case tooDeep(offset: Int, limit: Int)
    /// An item of another type than the format calls for.
    case unexpectedType(offset: Int, expected: String)
    /// A value outside the range that the format allows.
    case outOfRange(offset: Int, what: String)
    /// Bytes after the end of the item.
    case trailingBytes(offset: Int)

    /// The byte offset that the error speaks of.
    public var offset: Int {
        switch self {
        case .truncated(let offset), .notShortest(let offset), .indefiniteLength(let offset),
            .malformed(let offset), .invalidUTF8(let offset), .unorderedKey(let offset),
            .tooDeep(let offset, _), .unexpectedType(let offset, _), .outOfRange(let offset, _),
            .trailingBytes(let offset):
            offset
        }
    }
}

extension CBORError: CustomStringConvertible {
    /// One line: what is wrong and at which offset.
    public var description: String {
        switch self {
        case .truncated(let offset): "the CBOR input ends inside the item at byte \(offset)"
        case .notShortest(let offset):
            "the CBOR item at byte \(offset) is not in its shortest form"
        case .indefiniteLength(let offset):
            "the CBOR item at byte \(offset) has an indefinite length"
        case .malformed(let offset): "the CBOR item at byte \(offset) is malformed"
        case .invalidUTF8(let offset): "the CBOR text at byte \(offset) is not UTF-8"
        case .unorderedKey(let offset):
            "the CBOR map key at byte \(offset) repeats or is out of order"
        case .tooDeep(let offset, let limit):
            "the CBOR item at byte \(offset) is nested deeper than \(limit) levels"
        case .unexpectedType(let offset, let expected):
            "the CBOR item at byte \(offset) should be \(expected)"
        case .outOfRange(let offset, let what):
            "the CBOR item at byte \(offset) is out of range: \(what)"
        case .trailingBytes(let offset): "bytes follow the CBOR item, from byte \(offset) on"
        }
    }
}
