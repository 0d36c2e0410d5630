/// Reads deterministic CBOR (RFC 8949 §4.2.1) in place, item by item, without copying.
///
/// A reader accepts exactly the encodings that ``CBOREncoder`` writes: shortest arguments, shortest
/// floats, definite lengths, ascending and distinct map keys, UTF-8 text. It points into memory that
/// the caller keeps alive and unchanged.
public struct CBORReader {
    /// The kind of the next item: its major type, with major type 7 told apart.
    public enum Kind: Equatable, Sendable {
        case unsigned, negative, byteString, text, array, map, tag, bool, null, float
        case simple
    }

    /// The default bound on nesting.
    public static let depthMax = 16

    /// The bytes being read.
    public let base: UnsafeRawBufferPointer
    /// The offset of the next item.
    public private(set) var offset: Int
    /// The bytes up to this offset may be read.
    public let end: Int

    /// A reader over a whole buffer.
    public init(_ base: UnsafeRawBufferPointer) {
        self.base = base
        offset = 0
        end = base.count
    }

    /// A reader over a part of a buffer; offsets in errors count from the buffer's start.
    public init(_ base: UnsafeRawBufferPointer, from offset: Int, to end: Int) {
        self.base = base
        self.offset = min(max(0, offset), base.count)
        self.end = min(max(self.offset, end), base.count)
    }

    /// True when every byte was read.
    @inlinable
    public var isAtEnd: Bool { offset >= end }

    /// Throws ``CBORError/trailingBytes(offset:)`` unless everything was read.
    public func finish() throws(CBORError) {
        if offset != end { throw .trailingBytes(offset: offset) }
    }

    /// The kind of the next item, without moving.
    public func peek() throws(CBORError) -> Kind {
        guard offset < end else { throw .truncated(offset: offset) }
        let initial = base[offset]
        switch initial >> 5 {
        case 0: return .unsigned
        case 1: return .negative
        case 2: return .byteString
        case 3: return .text
        case 4: return .array
        case 5: return .map
        case 6: return .tag
        default:
            switch initial & 0x1f {
            case 20, 21: return .bool
            case 22: return .null
            case 25, 26, 27: return .float
            default: return .simple
            }
        }
    }

    /// Reads an initial byte and its argument, in shortest form.
    @inline(__always)
    private mutating func head() throws(CBORError) -> (major: UInt8, argument: UInt64) {
        let start = offset
        guard start < end else { throw .truncated(offset: start) }
        let initial = base[start]
        let additional = initial & 0x1f
        if additional < 24 {
            offset = start + 1
            return (initial >> 5, UInt64(additional))
        }
        return (initial >> 5, try longArgument(additional, at: start))
    }

    private mutating func longArgument(
        _ additional: UInt8, at start: Int
    ) throws(CBORError) -> UInt64 {
        let width: Int
        let floor: UInt64
        switch additional {
        case 24: (width, floor) = (1, 24)
        case 25: (width, floor) = (2, 0x100)
        case 26: (width, floor) = (4, 0x1_0000)
        case 27: (width, floor) = (8, 0x1_0000_0000)
        case 31: throw .indefiniteLength(offset: start)
        default: throw .malformed(offset: start)
        }
        guard end - start > width else { throw .truncated(offset: start) }
        var argument: UInt64 = 0
        for index in 1...width { argument = argument << 8 | UInt64(base[start + index]) }
        offset = start + 1 + width
        // Major type 7 carries floats in these widths: their shortest form is judged elsewhere.
        if base[start] >> 5 != 7, argument < floor { throw .notShortest(offset: start) }
        return argument
    }

    private mutating func argument(
        _ major: UInt8, _ expected: @autoclosure () -> String
    ) throws(CBORError) -> UInt64 {
        let start = offset
        let item = try head()
        guard item.major == major else {
            offset = start
            throw .unexpectedType(offset: start, expected: expected())
        }
        return item.argument
    }

    /// Reads an unsigned integer.
    public mutating func unsigned() throws(CBORError) -> UInt64 {
        try argument(0, "an unsigned integer")
    }

    /// Reads an unsigned integer of at most `max`; where that is negative, none is permitted.
    public mutating func unsigned(max: Int, _ what: @autoclosure () -> String) throws(CBORError)
        -> Int
    {
        let start = offset
        let value = try argument(0, "an unsigned integer")
        // An index into an empty table has a bound of -1.
        guard max >= 0, value <= UInt64(max) else {
            throw .outOfRange(offset: start, what: what())
        }
        return Int(value)
    }

    /// Reads an integer that fits 64 signed bits.
    public mutating func integer() throws(CBORError) -> Int64 {
        let start = offset
        let item = try head()
        guard item.major <= 1 else {
            offset = start
            throw .unexpectedType(offset: start, expected: "an integer")
        }
        guard item.argument <= UInt64(Int64.max) else {
            throw .outOfRange(offset: start, what: "an integer beyond 64 bits")
        }
        return item.major == 0 ? Int64(item.argument) : ~Int64(item.argument)
    }

    /// Reads a byte string; the result points into the buffer.
    public mutating func byteString() throws(CBORError) -> UnsafeRawBufferPointer {
        let start = offset
        return try slice(try argument(2, "a byte string"), from: start)
    }

    /// Reads a byte string of exactly `count` bytes.
    public mutating func byteString(count: Int) throws(CBORError) -> UnsafeRawBufferPointer {
        let start = offset
        let value = try byteString()
        guard value.count == count else {
            throw .outOfRange(offset: start, what: "a byte string of \(count) bytes is needed")
        }
        return value
    }

    /// Reads a text string as its UTF-8 bytes, checked; the result points into the buffer.
    public mutating func utf8() throws(CBORError) -> UnsafeRawBufferPointer {
        let start = offset
        let value = try slice(try argument(3, "a text string"), from: start)
        guard Self.isUTF8(value) else { throw .invalidUTF8(offset: start) }
        return value
    }

    /// Reads a text string.
    public mutating func text() throws(CBORError) -> String {
        String(decoding: try utf8(), as: UTF8.self)
    }

    /// Reads an array's head: the number of items that follow.
    public mutating func arrayHead() throws(CBORError) -> Int { try container(4, "an array") }

    /// Reads the head of an array of exactly `count` items.
    public mutating func arrayHead(count: Int) throws(CBORError) {
        let start = offset
        guard try arrayHead() == count else {
            throw .outOfRange(offset: start, what: "an array of \(count) items is needed")
        }
    }

    /// Reads a map's head: the number of pairs that follow.
    ///
    /// The caller checks the order of the keys (``MapKeyOrder``).
    public mutating func mapHead() throws(CBORError) -> Int { try container(5, "a map") }

    /// Reads a tag number.
    public mutating func tag() throws(CBORError) -> UInt64 { try argument(6, "a tag") }

    /// Reads `true` or `false`.
    public mutating func bool() throws(CBORError) -> Bool {
        guard offset < end else { throw .truncated(offset: offset) }
        switch base[offset] {
        case 0xf4, 0xf5:
            offset += 1
            return base[offset - 1] == 0xf5
        default: throw .unexpectedType(offset: offset, expected: "a boolean")
        }
    }

    /// Reads `null`.
    public mutating func null() throws(CBORError) {
        guard offset < end else { throw .truncated(offset: offset) }
        guard base[offset] == 0xf6 else {
            throw .unexpectedType(offset: offset, expected: "null")
        }
        offset += 1
    }

    /// Reads a float that stands in its shortest form.
    public mutating func float() throws(CBORError) -> Double {
        let start = offset
        guard start < end else { throw .truncated(offset: start) }
        let initial = base[start]
        guard (0xf9...0xfb).contains(initial) else {
            throw .unexpectedType(offset: start, expected: "a float")
        }
        let bits = try head().argument
        switch initial {
        case 0xf9:
            let value = CBORHalf.value(UInt16(bits))
            if value.isNaN, bits != 0x7e00 { throw .notShortest(offset: start) }
            return value
        case 0xfa:
            let value = Double(Float(bitPattern: UInt32(bits)))
            if value.isNaN || CBORHalf.bits(exactly: value) != nil {
                throw .notShortest(offset: start)
            }
            return value
        default:
            let value = Double(bitPattern: bits)
            if value.isNaN || Double(Float(value)) == value { throw .notShortest(offset: start) }
            return value
        }
    }

    /// Reads a number: an integer, or a float.
    public mutating func number() throws(CBORError) -> Double {
        switch try peek() {
        case .unsigned, .negative: Double(try integer())
        default: try float()
        }
    }

    /// Checks one whole item, whatever it is, and returns its bytes.
    public mutating func item(depthMax: Int = CBORReader.depthMax) throws(CBORError)
        -> UnsafeRawBufferPointer
    {
        let start = offset
        try skip(depth: 0, depthMax: depthMax)
        return UnsafeRawBufferPointer(rebasing: base[start..<offset])
    }

    /// Checks one whole item and moves past it.
    public mutating func skip(depthMax: Int = CBORReader.depthMax) throws(CBORError) {
        try skip(depth: 0, depthMax: depthMax)
    }

    private mutating func skip(depth: Int, depthMax: Int) throws(CBORError) {
        guard depth <= depthMax else { throw .tooDeep(offset: offset, limit: depthMax) }
        switch try peek() {
        case .unsigned, .negative: _ = try head()
        case .byteString: _ = try byteString()
        case .text: _ = try utf8()
        case .array:
            for _ in 0..<(try arrayHead()) { try skip(depth: depth + 1, depthMax: depthMax) }
        case .map:
            var order = MapKeyOrder()
            for _ in 0..<(try mapHead()) {
                let start = offset
                try skip(depth: depth + 1, depthMax: depthMax)
                try order.check(self, keyFrom: start)
                try skip(depth: depth + 1, depthMax: depthMax)
            }
        case .tag:
            _ = try tag()
            try skip(depth: depth + 1, depthMax: depthMax)
        case .bool, .null: offset += 1
        case .float: _ = try float()
        case .simple: try skipSimple()
        }
    }

    private mutating func skipSimple() throws(CBORError) {
        let start = offset
        switch base[start] & 0x1f {
        case 0..<20, 23: offset += 1
        case 24:
            guard start + 1 < end else { throw .truncated(offset: start) }
            guard base[start + 1] >= 32 else { throw .malformed(offset: start) }
            offset += 2
        case 31: throw .indefiniteLength(offset: start)
        default: throw .malformed(offset: start)
        }
    }

    private mutating func container(
        _ major: UInt8, _ expected: @autoclosure () -> String
    ) throws(CBORError) -> Int {
        let start = offset
        let count = try argument(major, expected())
        // Each item takes a byte at least: a length beyond that is refused before it costs memory.
        guard count <= UInt64(end - offset) else { throw .truncated(offset: start) }
        return Int(count)
    }

    private mutating func slice(
        _ count: UInt64, from start: Int
    ) throws(CBORError) -> UnsafeRawBufferPointer {
        guard count <= UInt64(end - offset) else { throw .truncated(offset: start) }
        let from = offset
        offset += Int(count)
        return UnsafeRawBufferPointer(rebasing: base[from..<offset])
    }

    private static func isUTF8(_ bytes: UnsafeRawBufferPointer) -> Bool {
        // Nearly all text is ASCII: eight bytes at a time, then the exact check.
        var index = 0
        while index + 8 <= bytes.count {
            let word = bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            if word & 0x8080_8080_8080_8080 != 0 { break }
            index += 8
        }
        while index < bytes.count, bytes[index] < 0x80 { index += 1 }
        if index == bytes.count { return true }
        return String(validating: bytes[index...], as: UTF8.self) != nil
    }
}

/// Checks that the keys of one map ascend by their encodings, which also refuses repeated keys.
public struct MapKeyOrder {
    private var last: Range<Int>?

    /// The order before the first key.
    public init() {}

    /// Takes note of the key that the reader has just passed.
    ///
    /// - Throws: ``CBORError/unorderedKey(offset:)`` if it does not come after the one before.
    public mutating func check(_ reader: CBORReader, keyFrom start: Int) throws(CBORError) {
        let key = start..<reader.offset
        if let last {
            let ascends = reader.base[last].lexicographicallyPrecedes(reader.base[key])
            if !ascends { throw .unorderedKey(offset: start) }
        }
        last = key
    }
}
