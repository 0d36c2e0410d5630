/// Base64 with padding (RFC 4648 §4), one accepted text for each byte string.
public enum Base64 {
    private static let alphabet = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    /// The value of each character, 0xff where a byte is no character of the alphabet.
    private static let values: [UInt8] = {
        var values = [UInt8](repeating: 0xff, count: 256)
        for (value, character) in alphabet.enumerated() { values[Int(character)] = UInt8(value) }
        return values
    }()

    /// The base64 text of some bytes.
    public static func encode(_ bytes: some Collection<UInt8>) -> String {
        String(decoding: encodedBytes(bytes), as: UTF8.self)
    }

    /// The base64 text of some bytes, as ASCII.
    public static func encodedBytes(_ bytes: some Collection<UInt8>) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count + 2) / 3 * 4)
        var group: UInt32 = 0
        var held = 0
        for byte in bytes {
            group = group << 8 | UInt32(byte)
            held += 1
            guard held == 3 else { continue }
            text.append(alphabet[Int(group >> 18 & 63)])
            text.append(alphabet[Int(group >> 12 & 63)])
            text.append(alphabet[Int(group >> 6 & 63)])
            text.append(alphabet[Int(group & 63)])
            group = 0
            held = 0
        }
        guard held > 0 else { return text }
        group <<= UInt32(8 * (3 - held))
        text.append(alphabet[Int(group >> 18 & 63)])
        text.append(alphabet[Int(group >> 12 & 63)])
        text.append(held == 2 ? alphabet[Int(group >> 6 & 63)] : padding)
        text.append(padding)
        return text
    }

    /// The bytes of a base64 text.
    ///
    /// Nothing but the one text that ``encode(_:)`` writes is accepted: no white space, no missing
    /// padding, no set bits behind the last byte.
    public static func decode(_ text: String) -> [UInt8]? { decode(text.utf8) }

    /// The bytes of a base64 text that is given as ASCII.
    public static func decode(_ text: some Collection<UInt8>) -> [UInt8]? {
        if let bytes = text.withContiguousStorageIfAvailable({ decoded($0) }) { return bytes }
        return Array(text).withUnsafeBufferPointer { decoded($0) }
    }

    private static func decoded(_ text: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
        guard text.count % 4 == 0 else { return nil }
        // Anywhere else the sign is no character of the alphabet.
        let padded = text.suffix(2).reversed().prefix { $0 == padding }.count
        let count = text.count - padded
        var isGood = true
        let bytes = values.withUnsafeBufferPointer { values in
            [UInt8](unsafeUninitializedCapacity: text.count / 4 * 3) { bytes, filled in
                var place = 0
                while place < count {
                    var group: UInt32 = 0
                    var bad: UInt8 = 0
                    let held = min(4, count - place)
                    for offset in 0..<held {
                        let value = values[Int(text[place + offset])]
                        bad |= value
                        group |= UInt32(value & 63) << UInt32(18 - 6 * offset)
                    }
                    // Bits behind the last byte would give one byte string several texts.
                    let unused: UInt32 = held == 2 ? 0xffff : held == 3 ? 0xff : 0
                    guard bad & 0xc0 == 0, held > 1, group & unused == 0 else {
                        isGood = false
                        return
                    }
                    bytes[filled] = UInt8(group >> 16)
                    if held > 2 { bytes[filled + 1] = UInt8(group >> 8 & 0xff) }
                    if held > 3 { bytes[filled + 2] = UInt8(group & 0xff) }
                    filled += held - 1
                    place += 4
                }
            }
        }
        return isGood ? bytes : nil
    }

    private static let padding = UInt8(ascii: "=")
}

/// Hexadecimal text, two digits for each byte.
public enum Hex {
    private static let digits = Array("0123456789abcdef".utf8)

    /// The hexadecimal text of some bytes, in lower case.
    public static func encode(_ bytes: some Collection<UInt8>) -> String {
        var text: [UInt8] = []
        text.reserveCapacity(bytes.count * 2)
        for byte in bytes {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// The bytes of a hexadecimal text in either case, without separators.
    public static func decode(_ text: String) -> [UInt8]? { decode(text.utf8) }

    /// The bytes of a hexadecimal text that is given as ASCII.
    public static func decode(_ text: some Collection<UInt8>) -> [UInt8]? {
        guard text.count % 2 == 0 else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count / 2)
        var high: UInt8?
        for character in text {
            guard let digit = value(character) else { return nil }
            if let first = high {
                bytes.append(first << 4 | digit)
                high = nil
            } else {
                high = digit
            }
        }
        return bytes
    }

    private static func value(_ character: UInt8) -> UInt8? {
        switch character {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): character - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): character - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
