import LabelText

/// A JSON text as a tree whose values know where they stand, so that an error about a value names its place.
///
/// The order of keys is kept; a key that occurs twice is refused.
package struct SchemaTree {
    package enum Value {
        case null
        case bool(Bool)
        case integer(Int64)
        case double(Double)
        case string(String)
        case array([SchemaTree])
        case object([Member])
    }

    package struct Member {
        package let key: String
        package let offset: Int
        package let value: SchemaTree
    }

    package let value: Value
    /// The offset of the value's first byte.
    package let offset: Int

    package init(parsing bytes: UnsafeRawBufferPointer) throws(JSONError) {
        var scanner = try JSONScanner(bytes)
        self = try SchemaTree(reading: &scanner)
        try scanner.finish()
    }

    private init(reading scanner: inout JSONScanner) throws(JSONError) {
        let kind = try scanner.peek()
        offset = scanner.offset
        switch kind {
        case .null:
            try scanner.null()
            value = .null
        case .bool: value = .bool(try scanner.bool())
        case .string: value = .string(try scanner.string())
        case .number:
            switch try scanner.number() {
            case .integer(let number): value = .integer(number)
            case .double(let number): value = .double(number)
            }
        case .array:
            var elements: [SchemaTree] = []
            try scanner.beginArray()
            while try scanner.nextElement() { elements.append(try SchemaTree(reading: &scanner)) }
            value = .array(elements)
        case .object: value = .object(try Self.members(&scanner))
        }
    }

    private static func members(_ scanner: inout JSONScanner) throws(JSONError) -> [Member] {
        var members: [Member] = []
        var keys: Set<String> = []
        try scanner.beginObject()
        while try scanner.nextKey() {
            let (key, offset) = (scanner.key, scanner.keyOffset)
            if !keys.insert(key).inserted { throw JSONError(.duplicateKey(key), at: offset) }
            members.append(
                Member(key: key, offset: offset, value: try SchemaTree(reading: &scanner)))
        }
        return members
    }

    /// What the value is, for messages.
    package var kindName: String {
        switch value {
        case .null: "null"
        case .bool: "true or false"
        case .integer: "a whole number"
        case .double: "a number"
        case .string: "text"
        case .array: "a list"
        case .object: "an object"
        }
    }
}
