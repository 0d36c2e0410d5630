/// Writes deterministic CBOR (RFC 8949 §4.2.1) into one growing buffer.
///
/// Arguments are always written in their shortest form and lengths are always definite. The caller
/// writes map keys in ascending order of their encodings; ``CBORReader`` refuses anything else, and
/// ``CBORValue`` sorts by itself.
public struct CBOREncoder: Sendable {
    /// What has been written so far.
    public private(set) var bytes: [UInt8]

    /// An empty encoder with room for `capacity` bytes.
    public init(capacity: Int = 64) {
        bytes = []
        bytes.reserveCapacity(capacity)
    }

    /// Forgets what was written and keeps the memory.
    public mutating func removeAll() { bytes.removeAll(keepingCapacity: true) }

    /// Drops what was written beyond `count` bytes.
    public mutating func truncate(to count: Int) {
        if count < bytes.count { bytes.removeSubrange(count...) }
    }

    /// Writes an initial byte of a major type (0...7) with its argument in shortest form.
    @inlinable
    public mutating func head(_ majorType: UInt8, _ argument: UInt64) {
        let major = majorType << 5
        if argument < 24 {
            append(major | UInt8(truncatingIfNeeded: argument))
        } else if argument <= 0xff {
            append(major | 24)
            append(UInt8(truncatingIfNeeded: argument))
        } else if argument <= 0xffff {
            append(major | 25)
            bigEndian(UInt16(truncatingIfNeeded: argument))
        } else if argument <= 0xffff_ffff {
            append(major | 26)
            bigEndian(UInt32(truncatingIfNeeded: argument))
        } else {
            append(major | 27)
            bigEndian(argument)
        }
    }

    /// Writes an unsigned integer.
    @inlinable
    public mutating func unsigned(_ value: UInt64) { head(0, value) }

    /// Writes a signed integer.
    @inlinable
    public mutating func integer(_ value: Int64) {
        if value >= 0 {
            head(0, UInt64(value))
        } else {
            head(1, UInt64(bitPattern: ~value))
        }
    }

    /// Writes an integer.
    @inlinable
    public mutating func integer(_ value: Int) { integer(Int64(value)) }

    /// Writes a byte string.
    public mutating func byteString(_ value: some Collection<UInt8>) {
        head(2, UInt64(value.count))
        bytes.append(contentsOf: value)
    }

    /// Writes a byte string from memory.
    public mutating func byteString(_ value: UnsafeRawBufferPointer) {
        head(2, UInt64(value.count))
        bytes.append(contentsOf: value)
    }

    /// Writes a text string.
    public mutating func text(_ value: String) {
        let utf8 = value.utf8
        head(3, UInt64(utf8.count))
        bytes.append(contentsOf: utf8)
    }

    /// Writes the head of an array; exactly `count` items must follow.
    @inlinable
    public mutating func arrayHead(_ count: Int) { head(4, UInt64(count)) }

    /// Writes the head of a map; exactly `count` keys and values must follow, keys ascending.
    @inlinable
    public mutating func mapHead(_ count: Int) { head(5, UInt64(count)) }

    /// Writes a tag number; the tagged item must follow.
    public mutating func tag(_ number: UInt64) { head(6, number) }

    /// Writes `true` or `false`.
    public mutating func bool(_ value: Bool) { append(value ? 0xf5 : 0xf4) }

    /// Writes `null`.
    public mutating func null() { append(0xf6) }

    /// Writes a float in the shortest of half, single and double precision that keeps the value.
    public mutating func float(_ value: Double) {
        if value.isNaN {
            append(0xf9)
            bigEndian(UInt16(0x7e00))
            return
        }
        if let half = CBORHalf.bits(exactly: value) {
            append(0xf9)
            bigEndian(half)
            return
        }
        let single = Float(value)
        if Double(single) == value {
            append(0xfa)
            bigEndian(single.bitPattern)
        } else {
            append(0xfb)
            bigEndian(value.bitPattern)
        }
    }

    /// Appends one item that is already encoded.
    public mutating func encoded(_ item: some Collection<UInt8>) { bytes.append(contentsOf: item) }

    /// Appends one item that is already encoded.
    public mutating func encoded(_ item: UnsafeRawBufferPointer) { bytes.append(contentsOf: item) }

    @inlinable
    mutating func bigEndian<I: FixedWidthInteger>(_ value: I) {
        withUnsafeBytes(of: value.bigEndian) { append(contentsOf: $0) }
    }

    @usableFromInline
    mutating func append(_ byte: UInt8) { bytes.append(byte) }

    @usableFromInline
    mutating func append(contentsOf buffer: UnsafeRawBufferPointer) {
        bytes.append(contentsOf: buffer)
    }
}

/// Half-precision floats by their bits (IEEE 754 binary16), without relying on a hardware type.
enum CBORHalf {
    /// The bits of the half-precision float that equals `value`, if there is one.
    static func bits(exactly value: Double) -> UInt16? {
        let sign: UInt16 = value.sign == .minus ? 0x8000 : 0
        let magnitude = value.magnitude
        if magnitude == 0 { return sign }
        if magnitude == .infinity { return sign | 0x7c00 }
        if magnitude >= 65_520 { return nil }
        let exponent = Int(magnitude.exponent)
        if exponent >= -14 {
            // Normal: eleven significant bits.
            let scaled = magnitude * Self.power(10 - exponent)
            guard scaled == scaled.rounded(.towardZero) else { return nil }
            let significand = UInt16(scaled) & 0x3ff
            return sign | UInt16(exponent + 15) << 10 | significand
        }
        let scaled = magnitude * Self.power(24)
        guard scaled == scaled.rounded(.towardZero), scaled < 1024 else { return nil }
        return sign | UInt16(scaled)
    }

    /// The value of a half-precision float.
    static func value(_ bits: UInt16) -> Double {
        let exponent = Int(bits >> 10 & 0x1f)
        let fraction = Double(bits & 0x3ff)
        let magnitude: Double =
            switch exponent {
            case 0: fraction * power(-24)
            case 31: fraction == 0 ? .infinity : .nan
            default: (1024 + fraction) * power(exponent - 25)
            }
        return bits & 0x8000 == 0 ? magnitude : -magnitude
    }

    private static func power(_ exponent: Int) -> Double {
        Double(sign: .plus, exponent: exponent, significand: 1)
    }
}
