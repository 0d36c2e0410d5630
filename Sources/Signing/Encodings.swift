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
        let count = text.count
        guard count % 4 == 0 else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count / 4 * 3)
        var group: UInt32 = 0
        var padded = 0
        for (position, character) in text.enumerated() {
            if character == padding, position >= count - 2 {
                padded += 1
                group <<= 6
            } else {
                let value = values[Int(character)]
                guard value != 0xff, padded == 0 else { return nil }
                group = group << 6 | UInt32(value)
            }
            guard position % 4 == 3 else { continue }
            bytes.append(UInt8(group >> 16))
            if padded < 2 { bytes.append(UInt8(group >> 8 & 0xff)) }
            if padded < 1 { bytes.append(UInt8(group & 0xff)) }
            // Bits behind the last byte would give one byte string several texts.
            let unused: UInt32 = padded == 2 ? 0xffff : padded == 1 ? 0xff : 0
            guard group & unused == 0 else { return nil }
            group = 0
        }
        return bytes
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
