/// One CBOR data item as a tree, for headers and other small structures.
///
/// Bulk data goes through ``CBORReader`` and ``CBOREncoder`` instead.
public indirect enum CBORValue: Hashable, Sendable {
    case integer(Int64)
    /// An integer beyond 64 signed bits: the value, or -1 minus the value.
    case wideInteger(UInt64, isNegative: Bool)
    case bytes([UInt8])
    case text(String)
    case array([CBORValue])
    case map([CBORValue: CBORValue])
    case tagged(UInt64, CBORValue)
    case bool(Bool)
    case null
    case float(Double)
    case simple(UInt8)

    /// The deterministic encoding.
    public var encoded: [UInt8] {
        var encoder = CBOREncoder()
        encode(into: &encoder)
        return encoder.bytes
    }

    /// Appends the deterministic encoding.
    public func encode(into encoder: inout CBOREncoder) {
        switch self {
        case .integer(let value): encoder.integer(value)
        case .wideInteger(let value, let isNegative): encoder.head(isNegative ? 1 : 0, value)
        case .bytes(let value): encoder.byteString(value)
        case .text(let value): encoder.text(value)
        case .array(let items):
            encoder.arrayHead(items.count)
            for item in items { item.encode(into: &encoder) }
        case .map(let pairs):
            encoder.mapHead(pairs.count)
            let sorted = pairs.map { ($0.key.encoded, $0.value) }
                .sorted { $0.0.lexicographicallyPrecedes($1.0) }
            for (key, value) in sorted {
                encoder.encoded(key)
                value.encode(into: &encoder)
            }
        case .tagged(let number, let item):
            encoder.tag(number)
            item.encode(into: &encoder)
        case .bool(let value): encoder.bool(value)
        case .null: encoder.null()
        case .float(let value): encoder.float(value)
        case .simple(let value): encoder.head(7, UInt64(value))
        }
    }

    /// Decodes exactly one deterministic item.
    ///
    /// - Throws: ``CBORError`` for anything that ``encoded`` would not have written.
    public init(
        decoding bytes: some Collection<UInt8>, depthMax: Int = CBORReader.depthMax
    ) throws(CBORError) {
        let contiguous = ContiguousArray(bytes)
        let result: Result<CBORValue, CBORError> = contiguous.withUnsafeBytes { buffer in
            var reader = CBORReader(buffer)
            do throws(CBORError) {
                let value = try CBORValue(reading: &reader, depthMax: depthMax)
                try reader.finish()
                return .success(value)
            } catch {
                return .failure(error)
            }
        }
        self = try result.get()
    }

    /// Reads the next item.
    public init(
        reading reader: inout CBORReader, depthMax: Int = CBORReader.depthMax
    ) throws(CBORError) {
        guard depthMax >= 0 else { throw .tooDeep(offset: reader.offset, limit: 0) }
        let start = reader.offset
        switch try reader.peek() {
        case .unsigned: self = try Self.integer(&reader, isNegative: false)
        case .negative: self = try Self.integer(&reader, isNegative: true)
        case .byteString: self = .bytes(Array(try reader.byteString()))
        case .text: self = .text(try reader.text())
        case .array:
            var items: [CBORValue] = []
            for _ in 0..<(try reader.arrayHead()) {
                items.append(try CBORValue(reading: &reader, depthMax: depthMax - 1))
            }
            self = .array(items)
        case .map:
            var pairs: [CBORValue: CBORValue] = [:]
            var order = MapKeyOrder()
            for _ in 0..<(try reader.mapHead()) {
                let keyStart = reader.offset
                let key = try CBORValue(reading: &reader, depthMax: depthMax - 1)
                try order.check(reader, keyFrom: keyStart)
                pairs[key] = try CBORValue(reading: &reader, depthMax: depthMax - 1)
            }
            self = .map(pairs)
        case .tag:
            let number = try reader.tag()
            self = .tagged(number, try CBORValue(reading: &reader, depthMax: depthMax - 1))
        case .bool: self = .bool(try reader.bool())
        case .null:
            try reader.null()
            self = .null
        case .float: self = .float(try reader.float())
        case .simple:
            let bytes = try reader.item()
            self = .simple(bytes.count == 2 ? bytes[1] : reader.base[start] & 0x1f)
        }
    }

    private static func integer(
        _ reader: inout CBORReader, isNegative: Bool
    ) throws(CBORError) -> CBORValue {
        let argument = try reader.integerArgument()
        guard argument <= UInt64(Int64.max) else {
            return .wideInteger(argument, isNegative: isNegative)
        }
        return .integer(isNegative ? ~Int64(argument) : Int64(argument))
    }

    /// The member of a map under an integer key.
    public subscript(key: Int64) -> CBORValue? {
        guard case .map(let pairs) = self else { return nil }
        return pairs[.integer(key)]
    }

    /// The text, if this is text.
    public var textValue: String? {
        guard case .text(let value) = self else { return nil }
        return value
    }

    /// The integer, if this is one of 64 signed bits.
    public var integerValue: Int64? {
        guard case .integer(let value) = self else { return nil }
        return value
    }

    /// The bytes, if this is a byte string.
    public var bytesValue: [UInt8]? {
        guard case .bytes(let value) = self else { return nil }
        return value
    }

    /// The items, if this is an array.
    public var arrayValue: [CBORValue]? {
        guard case .array(let items) = self else { return nil }
        return items
    }
}

extension CBORReader {
    /// Reads the argument of an integer of either sign.
    mutating func integerArgument() throws(CBORError) -> UInt64 {
        let start = offset
        let bytes = try item()
        let additional = bytes[0] & 0x1f
        guard bytes[0] >> 5 <= 1 else {
            throw .unexpectedType(offset: start, expected: "an integer")
        }
        if additional < 24 { return UInt64(additional) }
        return bytes.dropFirst().reduce(0) { $0 << 8 | UInt64($1) }
    }
}
