/// Numbers of text formats: decimal, finite, no hexadecimal, no names.
package enum TextNumber {
    private static let bytesMax = 64

    package static func double(_ text: some StringProtocol) -> Double? {
        let bytes = text.utf8
        guard (1...bytesMax).contains(bytes.count), bytes.allSatisfy(isNumberByte),
            let value = Double(text), value.isFinite
        else { return nil }
        return value
    }

    package static func whole(_ text: some StringProtocol) -> Int64? {
        if let value = Int64(text) { return value }
        guard let value = double(text), value.magnitude < 0x1p53 else { return nil }
        return Int64(exactly: value)
    }

    /// The shortest text that reads back as the same double; whole numbers go without point.
    package static func text(_ value: Double) -> String {
        if value.magnitude < 1e15, let whole = Int64(exactly: value) { return String(whole) }
        return value.description
    }

    private static func isNumberByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."),
            UInt8(ascii: "e"), UInt8(ascii: "E"):
            true
        default: false
        }
    }
}
