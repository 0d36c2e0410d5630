import LabelSchema

extension ClassRecord {
    /// The colour's red, green and blue, 0...255; nil where there is none.
    var colorParts: [Int64]? {
        guard LabelSchema.isColor(color), let number = Int64(color.dropFirst(), radix: 16) else {
            return nil
        }
        return [number >> 16, number >> 8 & 0xff, number & 0xff]
    }

    /// `#rrggbb` of red, green and blue; empty where they are none.
    static func color(of parts: [Int64?]) -> String {
        let bytes = parts.compactMap { $0.flatMap { UInt8(exactly: $0) } }
        guard bytes.count == 3, parts.count == 3 else { return "" }
        return bytes.reduce("#") { text, byte in
            text + (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }
    }

    /// A colour as a file writes it, where it is `#rrggbb`; else empty.
    static func color(of text: String?) -> String {
        guard let text, LabelSchema.isColor(text) else { return "" }
        return text.lowercased()
    }
}
