import AnnotationModel
import LabelText

/// Turns a document into JSON: members that are nil are written as null, so that each document always has
/// the same members; see ``OmittedIfNil`` for the others.
///
/// Foundation's encoder leaves nil out and writes 1.0 as 1, which is another value here.
public enum DocumentEncoder {
    /// The text of a document, on one line: keys ascend by their bytes, and values of different types differ.
    public static func text(_ document: some Document) throws -> String {
        let part = Part()
        try document.encode(to: part)
        var writer = JSONWriter()
        part.write(to: &writer)
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    /// One value that is being made.
    private final class Part: Encoder {
        /// Nobody asks where a member stands, and a path for each costs more than the member.
        var codingPath: [any CodingKey] { [] }
        let userInfo: [CodingUserInfoKey: Any] = [:]
        private enum Form {
            case single(JSONValue)
            /// Beyond what a ``JSONValue`` holds: sizes that a stranger has signed may be.
            case large(UInt64)
            case array([Part])
            /// In the order in which they were made; few, so they are sorted when they are written.
            case object([(name: String, part: Part)])
        }
        private var form = Form.single(.null)

        func write(to writer: inout JSONWriter) {
            switch form {
            case .single(let value): writer.value(value)
            case .large(let value): writer.integer(value)
            case .array(let parts):
                writer.beginArray()
                for part in parts { part.write(to: &writer) }
                writer.endArray()
            case .object(let parts):
                writer.beginObject()
                let sorted = parts.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
                for (name, part) in sorted {
                    writer.key(name: name)
                    part.write(to: &writer)
                }
                writer.endObject()
            }
        }

        func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
            if case .object = form {} else { form = .object([]) }
            return KeyedEncodingContainer(Members(part: self))
        }

        func unkeyedContainer() -> any UnkeyedEncodingContainer {
            if case .array = form {} else { form = .array([]) }
            return Elements(part: self)
        }

        func singleValueContainer() -> any SingleValueEncodingContainer { Single(part: self) }

        func set(_ value: JSONValue) { form = .single(value) }

        func member(_ key: any CodingKey) -> Part {
            let part = Part()
            if case .object(var parts) = form {
                // Held by nobody else, so that it grows in its place.
                form = .single(.null)
                parts.append((key.stringValue, part))
                form = .object(parts)
            }
            return part
        }

        var count: Int { if case .array(let parts) = form { parts.count } else { 0 } }

        func element() -> Part {
            let part = Part()
            if case .array(var parts) = form {
                form = .single(.null)
                parts.append(part)
                form = .array(parts)
            }
            return part
        }

        func encode(_ value: some Encodable) throws {
            switch value {
            case let value as JSONValue: set(value)
            case let value as String: set(.string(value))
            case let value as Bool: set(.bool(value))
            case let value as Double: set(.double(value))
            case let value as Float: set(.double(Double(value)))
            case let value as Int: set(.integer(Int64(value)))
            case let value as UInt64:
                form = Int64(exactly: value).map { .single(.integer($0)) } ?? .large(value)
            case let value as any BinaryInteger: set(.integer(Int64(clamping: value)))
            default: try value.encode(to: self)
            }
        }
    }

    private struct Members<Key: CodingKey>: KeyedEncodingContainerProtocol {
        let part: Part
        var codingPath: [any CodingKey] { part.codingPath }

        func encodeNil(forKey key: Key) { part.member(key).set(.null) }
        func encode<T: Encodable>(_ value: T, forKey key: Key) throws {
            try part.member(key).encode(value)
        }
        // Each type that the protocol names has a default of its own, which leaves nil out.
        func encodeIfPresent<T: Encodable>(_ value: T?, forKey key: Key) throws {
            try some(value, key)
        }
        func encodeIfPresent(_ value: String?, forKey key: Key) throws { try some(value, key) }
        func encodeIfPresent(_ value: Bool?, forKey key: Key) throws { try some(value, key) }
        func encodeIfPresent(_ value: Double?, forKey key: Key) throws { try some(value, key) }
        func encodeIfPresent(_ value: Float?, forKey key: Key) throws { try some(value, key) }
        func encodeIfPresent(_ value: Int?, forKey key: Key) throws { try some(value, key) }
        func encodeIfPresent(_ value: Int8?, forKey key: Key) throws { try some(value, key) }
        func encodeIfPresent(_ value: Int16?, forKey key: Key) throws { try some(value, key) }
        func encodeIfPresent(_ value: Int32?, forKey key: Key) throws { try some(value, key) }
        func encodeIfPresent(_ value: Int64?, forKey key: Key) throws { try some(value, key) }
        func encodeIfPresent(_ value: UInt?, forKey key: Key) throws { try some(value, key) }
        func encodeIfPresent(_ value: UInt8?, forKey key: Key) throws { try some(value, key) }
        func encodeIfPresent(_ value: UInt16?, forKey key: Key) throws { try some(value, key) }
        func encodeIfPresent(_ value: UInt32?, forKey key: Key) throws { try some(value, key) }
        func encodeIfPresent(_ value: UInt64?, forKey key: Key) throws { try some(value, key) }

        private func some(_ value: (some Encodable)?, _ key: Key) throws {
            if let value { try encode(value, forKey: key) } else { encodeNil(forKey: key) }
        }

        func nestedContainer<Nested: CodingKey>(
            keyedBy type: Nested.Type, forKey key: Key
        ) -> KeyedEncodingContainer<Nested> { part.member(key).container(keyedBy: type) }

        func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
            part.member(key).unkeyedContainer()
        }

        func superEncoder() -> any Encoder { part }
        func superEncoder(forKey key: Key) -> any Encoder { part.member(key) }
    }

    private struct Elements: UnkeyedEncodingContainer {
        let part: Part
        var codingPath: [any CodingKey] { part.codingPath }
        var count: Int { part.count }

        func encodeNil() { part.element().set(.null) }
        func encode<T: Encodable>(_ value: T) throws { try part.element().encode(value) }
        func nestedContainer<Nested: CodingKey>(
            keyedBy type: Nested.Type
        ) -> KeyedEncodingContainer<Nested> { part.element().container(keyedBy: type) }
        func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer {
            part.element().unkeyedContainer()
        }
        func superEncoder() -> any Encoder { part }
    }

    private struct Single: SingleValueEncodingContainer {
        let part: Part
        var codingPath: [any CodingKey] { part.codingPath }

        func encodeNil() { part.set(.null) }
        func encode<T: Encodable>(_ value: T) throws { try part.encode(value) }
    }
}
