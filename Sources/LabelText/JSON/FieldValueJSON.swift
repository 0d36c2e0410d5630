import AnnotationModel

/// Field values as JSON, without loss.
///
/// A number with a point or an exponent is a float, one without is an integer. Bytes, which JSON lacks,
/// are `{"$bytes": "<hexadecimal>"}`; a map that happens to look like that, or like this, is wrapped:
/// `{"$map": {…}}`.
package enum FieldValueJSON {
    private static let bytesKey = "$bytes"
    private static let mapKey = "$map"

    package static func write(_ value: FieldValue, to writer: inout JSONWriter) {
        switch value {
        case .null: writer.null()
        case .bool(let value): writer.bool(value)
        case .integer(let value): writer.integer(value)
        case .float(let value): writer.double(value)
        case .text(let value): writer.string(value)
        case .bytes(let value):
            writer.beginObject()
            writer.key("$bytes")
            writer.string(Hexadecimal.text(value))
            writer.endObject()
        case .array(let elements):
            writer.beginArray()
            for element in elements { write(element, to: &writer) }
            writer.endArray()
        case .map(let members):
            let needsWrap = members.count == 1 && (members[bytesKey] ?? members[mapKey]) != nil
            if needsWrap {
                writer.beginObject()
                writer.key("$map")
            }
            write(fields: members, to: &writer)
            if needsWrap { writer.endObject() }
        }
    }

    /// Writes named values as an object, names in ascending order.
    package static func write(fields: [String: FieldValue], to writer: inout JSONWriter) {
        writer.beginObject()
        for (name, value) in fields.sorted(by: { $0.key < $1.key }) {
            writer.key(name: name)
            write(value, to: &writer)
        }
        writer.endObject()
    }

    /// The value, or nil for one that is nested too deeply or whose bytes are malformed.
    package static func value(_ json: JSONValue, depth: Int = 0) -> FieldValue? {
        if depth > FieldValue.depthMax { return nil }
        switch json {
        case .null: return .null
        case .bool(let value): return .bool(value)
        case .integer(let value): return .integer(value)
        case .double(let value): return .float(value)
        case .string(let value): return .text(value)
        case .array(let elements):
            var values: [FieldValue] = []
            for element in elements {
                guard let value = value(element, depth: depth + 1) else { return nil }
                values.append(value)
            }
            return .array(values)
        case .object(let members):
            if members.count == 1, let text = members[bytesKey] {
                guard let bytes = Hexadecimal.bytes(text.string ?? "-") else { return nil }
                return .bytes(bytes)
            }
            if members.count == 1, case .object(let inner)? = members[mapKey] {
                return map(inner, depth: depth)
            }
            return map(members, depth: depth)
        }
    }

    private static func map(_ members: ByteMap<JSONValue>, depth: Int) -> FieldValue? {
        var values: [String: FieldValue] = [:]
        for (name, member) in members {
            guard let value = value(member, depth: depth + 1) else { return nil }
            values[name] = value
        }
        return .map(values)
    }
}

/// Bytes as lower-case hexadecimal digits.
package enum Hexadecimal {
    package static func text(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        text.reserveCapacity(2 * bytes.count)
        for byte in bytes {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// The bytes, or nil for an odd count or another digit.
    package static func bytes(_ text: String) -> [UInt8]? {
        var bytes: [UInt8] = []
        var high: UInt8?
        for character in text.utf8 {
            let digit: UInt8
            switch character {
            case 0x30...0x39: digit = character - 0x30
            case 0x61...0x66: digit = character - 0x57
            default: return nil
            }
            if let first = high {
                bytes.append(first << 4 | digit)
                high = nil
            } else {
                high = digit
            }
        }
        return high == nil ? bytes : nil
    }
}
