import CanonicalCBOR

/// The value of one field: of an attribute, a property or a processing stage.
///
/// Integers and floats are different values: `1` written by one company and `1.0` by another is a
/// disagreement about the type, which a schema settles, not this type.
public indirect enum FieldValue: Hashable, Sendable {
    /// The field was cleared.
    case null
    case bool(Bool)
    case integer(Int64)
    /// A finite number.
    case float(Double)
    case text(String)
    case bytes([UInt8])
    case array([FieldValue])
    case map([String: FieldValue])

    /// The largest encoding of one value, in bytes: longer things belong into a blob, named by hash.
    public static let bytesMax = 16_384
    /// The deepest nesting of arrays and maps.
    public static let depthMax = 4

    /// Appends the deterministic encoding.
    public func encode(into encoder: inout CBOREncoder) { cbor.encode(into: &encoder) }

    /// The deterministic encoding.
    public var encoded: [UInt8] { cbor.encoded }

    private var cbor: CBORValue {
        switch self {
        case .null: .null
        case .bool(let value): .bool(value)
        case .integer(let value): .integer(value)
        case .float(let value): .float(value)
        case .text(let value): .text(value)
        case .bytes(let value): .bytes(value)
        case .array(let items): .array(items.map(\.cbor))
        case .map(let pairs):
            .map(
                [CBORValue: CBORValue](
                    pairs.map { (.text($0.key), $0.value.cbor) },
                    uniquingKeysWith: { first, _ in first }
                ))
        }
    }

    /// Reads one value from where the reader stands.
    ///
    /// - Throws: ``AnnotationModelError`` for another encoding, a tag, or a number that is not finite.
    public init(reading reader: inout CBORReader) throws(AnnotationModelError) {
        do throws(CBORError) {
            self = try Self.read(&reader, depth: 0)
        } catch {
            throw .encoding(error)
        }
    }

    /// Decodes exactly one value.
    public init(decoding bytes: UnsafeRawBufferPointer) throws(AnnotationModelError) {
        var reader = CBORReader(bytes)
        self = try FieldValue(reading: &reader)
        do { try reader.finish() } catch { throw .encoding(error) }
    }

    /// Decodes exactly one value.
    public init(decoding bytes: [UInt8]) throws(AnnotationModelError) {
        let result: Result<FieldValue, AnnotationModelError> = bytes.withUnsafeBytes { buffer in
            do throws(AnnotationModelError) {
                return .success(try FieldValue(decoding: buffer))
            } catch {
                return .failure(error)
            }
        }
        self = try result.get()
    }

    /// The UTF-8 bytes of an encoded text, where they lie; nil for what is no text.
    public static func utf8(ofEncoded bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
        var reader = CBORReader(bytes)
        return try? reader.utf8()
    }

    /// Checks one value without building it, and returns its bytes.
    public static func check(
        _ reader: inout CBORReader
    ) throws(AnnotationModelError) -> UnsafeRawBufferPointer {
        let start = reader.offset
        do throws(CBORError) {
            switch try reader.peek() {
            case .unsigned, .negative: _ = try reader.integer()
            case .text: _ = try reader.utf8()
            default: _ = try read(&reader, depth: 0)
            }
        } catch {
            throw .encoding(error)
        }
        let count = reader.offset - start
        guard count <= bytesMax else {
            throw .limit(what: "the size of a field's value in bytes", value: count, max: bytesMax)
        }
        return UnsafeRawBufferPointer(rebasing: reader.base[start..<reader.offset])
    }

    private static func read(
        _ reader: inout CBORReader, depth: Int
    ) throws(CBORError) -> FieldValue {
        guard depth <= depthMax else { throw .tooDeep(offset: reader.offset, limit: depthMax) }
        let start = reader.offset
        switch try reader.peek() {
        case .unsigned, .negative: return .integer(try reader.integer())
        case .byteString: return .bytes(Array(try reader.byteString()))
        case .text: return .text(try reader.text())
        case .bool: return .bool(try reader.bool())
        case .null:
            try reader.null()
            return .null
        case .float:
            let value = try reader.float()
            guard value.isFinite else {
                throw .outOfRange(offset: start, what: "a number that is not finite")
            }
            return .float(value)
        case .array:
            var items: [FieldValue] = []
            for _ in 0..<(try reader.arrayHead()) {
                items.append(try read(&reader, depth: depth + 1))
            }
            return .array(items)
        case .map:
            var pairs: [String: FieldValue] = [:]
            var order = MapKeyOrder()
            for _ in 0..<(try reader.mapHead()) {
                let keyStart = reader.offset
                let key = try reader.text()
                try order.check(reader, keyFrom: keyStart)
                pairs[key] = try read(&reader, depth: depth + 1)
            }
            return .map(pairs)
        case .tag, .simple: throw .unexpectedType(offset: start, expected: "a plain value")
        }
    }
}

extension FieldValue {
    /// The text, if this is text.
    public var textValue: String? {
        guard case .text(let value) = self else { return nil }
        return value
    }

    /// The number, if this is an integer or a float.
    public var numberValue: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .float(let value): value
        default: nil
        }
    }
}

extension FieldValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByFloatLiteral, ExpressibleByBooleanLiteral
{
    /// A text value.
    public init(stringLiteral value: String) { self = .text(value) }
    /// An integer value.
    public init(integerLiteral value: Int64) { self = .integer(value) }
    /// A float value.
    public init(floatLiteral value: Double) { self = .float(value) }
    /// A boolean value.
    public init(booleanLiteral value: Bool) { self = .bool(value) }
}
