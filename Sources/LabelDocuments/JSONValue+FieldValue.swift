import AnnotationModel
import LabelText

extension JSONValue {
    /// A value of a field; null for none.
    ///
    /// Bytes, which JSON lacks, and maps that look like them are written as in jsonl files.
    public init(_ value: FieldValue?) {
        switch value {
        case .none, .null: self = .null
        case .bool(let value): self = .bool(value)
        case .integer(let value): self = .integer(value)
        case .float(let value): self = .double(value)
        case .text(let value): self = .string(value)
        case .bytes(let value): self = .object(["$bytes": .string(Hexadecimal.text(value))])
        case .array(let items): self = .array(items.map { JSONValue($0) })
        case .map(let pairs):
            let members = JSONValue.object(
                ByteMap(
                    pairs.map { ($0.key, JSONValue($0.value)) },
                    uniquingKeysWith: { first, _ in first }))
            let looksLikeBytes = pairs.count == 1 && (pairs["$bytes"] ?? pairs["$map"]) != nil
            self = looksLikeBytes ? .object(["$map": members]) : members
        }
    }
}

extension JSONValue: Encodable {
    /// Only ``DocumentEncoder`` writes it.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(self)
    }
}
