/// Why a text is not JSON that may be taken from another company, and at which byte.
public struct JSONError: Error, Equatable, Sendable {
    /// What is wrong.
    public let reason: Reason
    /// The offset of the byte at fault, from the start of the buffer that was handed in.
    public let offset: Int

    /// What can be wrong.
    public enum Reason: Equatable, Sendable {
        /// The text ends inside a value.
        case unexpectedEnd
        /// A byte that the grammar does not allow here.
        case unexpectedByte(UInt8, expected: String)
        /// A byte order mark before the text (RFC 8259 §8.1 forbids writing one).
        case byteOrderMark
        /// Bytes that are not well-formed UTF-8.
        case invalidUTF8
        /// An escaped half of a surrogate pair without the other half.
        case loneSurrogate
        /// A control character that is not escaped.
        case controlCharacter(UInt8)
        /// A backslash followed by something that is no escape.
        case badEscape
        /// A number with a leading zero, a lone sign, a missing digit.
        case badNumber
        /// NaN or Infinity, which JSON does not have.
        case notFinite
        /// A number that is larger than the largest double.
        case numberOverflow
        /// A whole number beyond 64 bits, which a double could not hold exactly.
        case integerOverflow
        /// A key that occurs twice in one object.
        case duplicateKey(String)
        /// Nesting deeper than the limit.
        case tooDeep(limit: Int)
        /// A number, or a value of a kept tree, beyond the limit.
        case tooLong(what: String, limit: Int)
        /// Something after the end of the value.
        case trailingData
        /// A value of another kind than the one that is asked for.
        case wrongKind(expected: String, found: JSONKind)
    }

    /// An error at a byte.
    public init(_ reason: Reason, at offset: Int) { (self.reason, self.offset) = (reason, offset) }
}

/// The kinds of JSON value.
public enum JSONKind: String, Sendable {
    case object, array, string, number, bool, null
}

extension JSONError: CustomStringConvertible {
    /// One line: what is wrong, at which byte, what to do.
    public var description: String { "byte \(offset): \(reason)" }
}

extension JSONError.Reason: CustomStringConvertible {
    /// What is wrong and what to do.
    public var description: String {
        switch self {
        case .unexpectedEnd: "the text ends inside a value; the file may be cut"
        case .unexpectedByte(let byte, let expected):
            "\(Self.name(byte)) where \(expected) is expected"
        case .byteOrderMark:
            "the text begins with a byte order mark; save it as UTF-8 without one"
        case .invalidUTF8: "the text is not UTF-8; convert the file to UTF-8"
        case .loneSurrogate: "half a surrogate pair stands alone; write the whole character"
        case .controlCharacter(let byte): "\(Self.name(byte)) in a string must be escaped"
        case .badEscape: "an unknown escape follows the backslash"
        case .badNumber: "a malformed number"
        case .notFinite: "NaN and Infinity are no JSON; leave the value out or write null"
        case .numberOverflow: "the number is too large for a double"
        case .integerOverflow: "the whole number does not fit 64 bits; write it as text"
        case .duplicateKey(let key): "the key \"\(key)\" occurs twice in one object"
        case .tooDeep(let limit): "nested deeper than \(limit) levels"
        case .tooLong(let what, let limit): "\(what) is longer than \(limit) bytes"
        case .trailingData: "there is something after the end of the value"
        case .wrongKind(let expected, let found): "\(expected) is expected, \(found.rawValue) found"
        }
    }

    private static func name(_ byte: UInt8) -> String {
        if (0x21...0x7e).contains(byte) { return "'\(Character(Unicode.Scalar(byte)))'" }
        let digits = String(byte, radix: 16)
        return "byte 0x\(digits.count == 1 ? "0" : "")\(digits)"
    }
}

/// A place in a text as editors show it.
public struct TextPosition: Hashable, Sendable, CustomStringConvertible {
    /// From 1.
    public let line: Int
    /// From 1, in bytes.
    public let column: Int
    /// From 0.
    public let offset: Int

    /// The position of a byte of a text; counting lines is left to the moment an error is shown.
    public init(of offset: Int, in bytes: UnsafeRawBufferPointer) {
        let end = min(max(0, offset), bytes.count)
        var line = 1
        var lineStart = 0
        for index in 0..<end where bytes[index] == UInt8(ascii: "\n") {
            line += 1
            lineStart = index + 1
        }
        (self.line, self.column, self.offset) = (line, end - lineStart + 1, end)
    }

    /// A position from its figures.
    public init(line: Int, column: Int, offset: Int) {
        (self.line, self.column, self.offset) = (line, column, offset)
    }

    /// `line 3, column 7 (byte 120)`.
    public var description: String { "line \(line), column \(column) (byte \(offset))" }
}
