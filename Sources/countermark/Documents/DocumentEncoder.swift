import AnnotationFormats
import AnnotationModel
import LabelText

/// Turns a document into JSON: members that are nil are written as null, so that each document always has
/// the same members.
///
/// Foundation's encoder leaves nil out and writes 1.0 as 1, which is another value here.
enum DocumentEncoder {
    /// The value of a document.
    static func value(_ document: some Encodable) throws -> JSONValue {
        if let value = document as? JSONValue { return value }
        let encoder = Node(path: [])
        try document.encode(to: encoder)
        return encoder.value
    }

    /// One value that is being made.
    private final class Node: Encoder {
        let codingPath: [any CodingKey]
        let userInfo: [CodingUserInfoKey: Any] = [:]
        private enum Form {
            case single(JSONValue)
            case array([Node])
            case object([String: Node])
        }
        private var form = Form.single(.null)

        init(path: [any CodingKey]) { codingPath = path }

        var value: JSONValue {
            switch form {
            case .single(let value): value
            case .array(let nodes): .array(nodes.map(\.value))
            case .object(let nodes):
                .object(
                    ByteMap(
                        nodes.map { ($0.key, $0.value.value) },
                        uniquingKeysWith: { first, _ in first }))
            }
        }

        func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
            if case .object = form {} else { form = .object([:]) }
            return KeyedEncodingContainer(Members(node: self))
        }

        func unkeyedContainer() -> any UnkeyedEncodingContainer {
            if case .array = form {} else { form = .array([]) }
            return Elements(node: self)
        }

        func singleValueContainer() -> any SingleValueEncodingContainer { Single(node: self) }

        func set(_ value: JSONValue) { form = .single(value) }

        func member(_ key: any CodingKey) -> Node {
            let node = Node(path: codingPath + [key])
            if case .object(var nodes) = form {
                // Held by nobody else, so that it grows in its place.
                form = .single(.null)
                nodes[key.stringValue] = node
                form = .object(nodes)
            }
            return node
        }

        var count: Int { if case .array(let nodes) = form { nodes.count } else { 0 } }

        func element() -> Node {
            let node = Node(path: codingPath)
            if case .array(var nodes) = form {
                form = .single(.null)
                nodes.append(node)
                form = .array(nodes)
            }
            return node
        }

        func encode(_ value: some Encodable) throws {
            switch value {
            case let value as JSONValue: set(value)
            case let value as String: set(.string(value))
            case let value as Bool: set(.bool(value))
            case let value as Double: set(.double(value))
            case let value as Float: set(.double(Double(value)))
            case let value as any BinaryInteger: set(.integer(Int64(clamping: value)))
            default: try value.encode(to: self)
            }
        }
    }

    private struct Members<Key: CodingKey>: KeyedEncodingContainerProtocol {
        let node: Node
        var codingPath: [any CodingKey] { node.codingPath }

        func encodeNil(forKey key: Key) { node.member(key).set(.null) }
        func encode<T: Encodable>(_ value: T, forKey key: Key) throws {
            try node.member(key).encode(value)
        }
        func encodeIfPresent<T: Encodable>(_ value: T?, forKey key: Key) throws {
            if let value { try encode(value, forKey: key) } else { encodeNil(forKey: key) }
        }
        func encodeIfPresent(_ value: String?, forKey key: Key) throws { try some(value, key) }
        func encodeIfPresent(_ value: Bool?, forKey key: Key) throws { try some(value, key) }
        func encodeIfPresent(_ value: Double?, forKey key: Key) throws { try some(value, key) }
        func encodeIfPresent(_ value: Float?, forKey key: Key) throws { try some(value, key) }
        func encodeIfPresent(_ value: Int?, forKey key: Key) throws { try some(value, key) }
        func encodeIfPresent(_ value: Int64?, forKey key: Key) throws { try some(value, key) }
        func encodeIfPresent(_ value: UInt64?, forKey key: Key) throws { try some(value, key) }

        private func some(_ value: (some Encodable)?, _ key: Key) throws {
            if let value { try encode(value, forKey: key) } else { encodeNil(forKey: key) }
        }

        func nestedContainer<Nested: CodingKey>(
            keyedBy type: Nested.Type, forKey key: Key
        ) -> KeyedEncodingContainer<Nested> { node.member(key).container(keyedBy: type) }

        func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
            node.member(key).unkeyedContainer()
        }

        func superEncoder() -> any Encoder { node }
        func superEncoder(forKey key: Key) -> any Encoder { node.member(key) }
    }

    private struct Elements: UnkeyedEncodingContainer {
        let node: Node
        var codingPath: [any CodingKey] { node.codingPath }
        var count: Int { node.count }

        func encodeNil() { node.element().set(.null) }
        func encode<T: Encodable>(_ value: T) throws { try node.element().encode(value) }
        func nestedContainer<Nested: CodingKey>(
            keyedBy type: Nested.Type
        ) -> KeyedEncodingContainer<Nested> { node.element().container(keyedBy: type) }
        func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer {
            node.element().unkeyedContainer()
        }
        func superEncoder() -> any Encoder { node }
    }

    private struct Single: SingleValueEncodingContainer {
        let node: Node
        var codingPath: [any CodingKey] { node.codingPath }

        func encodeNil() { node.set(.null) }
        func encode<T: Encodable>(_ value: T) throws { try node.encode(value) }
    }
}

extension JSONValue: Encodable {
    /// Only ``DocumentEncoder`` writes it.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(self)
    }
}

extension CommonOptions {
    /// Prints a document as JSON, or the lines for people.
    func print(document: some Encodable, _ lines: @autoclosure () -> [String]) throws {
        if json {
            Terminal.say(json: JSONText.text(try DocumentEncoder.value(document)) + "\n")
        } else if !quiet {
            for line in lines() { Terminal.say(line) }
        }
    }
}
