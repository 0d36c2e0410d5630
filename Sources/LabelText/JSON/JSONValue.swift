import AnnotationModel

/// A small JSON text as a tree: headers, attributes, settings.
///
/// A key that occurs twice in an object is refused, since programs differ in which of the two they
/// take. The order of keys is not kept.
public indirect enum JSONValue: Hashable, Sendable {
    case null
    case bool(Bool)
    case integer(Int64)
    case double(Double)
    case string(String)
    case array([JSONValue])
    case object(ByteMap<JSONValue>)

    /// Parses one text; nothing but white space may follow.
    public init(parsing bytes: UnsafeRawBufferPointer) throws(JSONError) {
        var scanner = try JSONScanner(bytes)
        self = try JSONValue(reading: &scanner)
        try scanner.finish()
    }

    /// Parses one text; nothing but white space may follow.
    public init(parsing bytes: [UInt8]) throws(JSONError) {
        let result: Result<JSONValue, JSONError> = bytes.withUnsafeBytes { buffer in
            do throws(JSONError) {
                return .success(try JSONValue(parsing: buffer))
            } catch {
                return .failure(error)
            }
        }
        self = try result.get()
    }

    /// Parses one text; nothing but white space may follow.
    public init(parsing text: String) throws(JSONError) { try self.init(parsing: Array(text.utf8)) }

    /// Reads the value that a scanner stands before.
    public init(reading scanner: inout JSONScanner) throws(JSONError) {
        switch try scanner.peek() {
        case .null:
            try scanner.null()
            self = .null
        case .bool: self = .bool(try scanner.bool())
        case .string: self = .string(try scanner.string())
        case .number: self = try scanner.numberValue()
        case .array:
            var elements: [JSONValue] = []
            try scanner.beginArray()
            while try scanner.nextElement() { elements.append(try JSONValue(reading: &scanner)) }
            self = .array(elements)
        case .object:
            var members: ByteMap<JSONValue> = [:]
            try scanner.beginObject()
            while try scanner.nextKey() {
                let (key, offset) = (scanner.key, scanner.keyOffset)
                let value = try JSONValue(reading: &scanner)
                if members.updateValue(value, forKey: key) != nil {
                    throw JSONError(.duplicateKey(key), at: offset)
                }
            }
            self = .object(members)
        }
    }

    /// A member of an object; nil for other values.
    public subscript(key: String) -> JSONValue? {
        if case .object(let members) = self { return members[key] }
        return nil
    }

    /// The text of a string.
    public var string: String? {
        if case .string(let value) = self { return value }
        return nil
    }

    /// A whole number.
    public var integer: Int64? {
        if case .integer(let value) = self { return value }
        return nil
    }

    /// A number as a double.
    public var double: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .double(let value): value
        default: nil
        }
    }

    /// The elements of an array.
    public var array: [JSONValue]? {
        if case .array(let elements) = self { return elements }
        return nil
    }

    /// The text with keys in ascending order.
    public var text: String {
        var writer = JSONWriter()
        writer.value(self)
        return String(decoding: writer.bytes, as: UTF8.self)
    }
}
