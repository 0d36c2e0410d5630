import AnnotationModel

/// Places in a text, in the units that programs count in; inside, Unicode scalars count.
struct TextOffsets {
    /// The units that formats count in.
    enum Unit: String, CaseIterable {
        case scalars = "Unicode scalars"
        case utf16 = "UTF-16 units"
        case utf8 = "UTF-8 bytes"
    }

    private let scalars: [Unicode.Scalar]
    private let utf8: [UInt8]
    /// Where each scalar begins in UTF-8, and the end; empty where each is one byte.
    private let starts: [Int]

    init(_ text: String) {
        let bytes = Array(text.utf8)
        (scalars, utf8) = (Array(text.unicodeScalars), bytes)
        starts =
            scalars.count == bytes.count
            ? [] : bytes.indices.filter { bytes[$0] & 0xc0 != 0x80 } + [bytes.count]
    }

    var count: Int { scalars.count }

    /// The text of a half-open range.
    func quote(_ start: Int, _ end: Int) -> String? {
        guard start >= 0, start <= end, end <= scalars.count else { return nil }
        let bytes = starts.isEmpty ? start..<end : starts[start]..<starts[end]
        return String(decoding: utf8[bytes], as: UTF8.self)
    }

    /// A range in scalars; nil where a border lies outside of the text or inside a scalar.
    func range(_ start: Int, _ end: Int, unit: Unit) -> (start: Int, end: Int)? {
        guard start >= 0, start <= end else { return nil }
        if unit == .scalars { return end <= scalars.count ? (start, end) : nil }
        var found: (start: Int?, end: Int?) = (nil, nil)
        var position = 0
        for index in 0...scalars.count {
            if position == start, found.start == nil { found.start = index }
            if position == end {
                found.end = index
                break
            }
            guard index < scalars.count else { break }
            let text = String(Character(scalars[index]))
            position += unit == .utf16 ? text.utf16.count : text.utf8.count
        }
        guard let start = found.start, let end = found.end else { return nil }
        return (start, end)
    }

    /// The range that a quoted text confirms, trying the format's unit first; nil where none does.
    func range(
        _ start: Int, _ end: Int, quote: String, unit: Unit
    ) -> (start: Int, end: Int, unit: Unit)? {
        for unit in [unit] + Unit.allCases.filter({ $0 != unit }) {
            if let range = range(start, end, unit: unit),
                isSame(self.quote(range.start, range.end), quote)
            {
                return (range.start, range.end, unit)
            }
        }
        return nil
    }

    /// By scalars: Swift's own comparison takes composed and decomposed letters for equal.
    private func isSame(_ one: String?, _ other: String) -> Bool {
        one?.unicodeScalars.elementsEqual(other.unicodeScalars) ?? false
    }

    /// A scalar offset in another unit.
    func offset(_ scalar: Int, in unit: Unit) -> Int {
        let prefix = scalars.prefix(max(0, scalar))
        switch unit {
        case .scalars: return prefix.count
        case .utf16: return prefix.reduce(0) { $0 + ($1.value > 0xffff ? 2 : 1) }
        case .utf8: return prefix.reduce(0) { $0 + String(Character($1)).utf8.count }
        }
    }
}

/// The places in the text of the item that was asked for last, whose labels mostly come one after the other.
struct LastOffsets {
    private var last: (item: String, offsets: TextOffsets)?

    mutating func of(_ text: String, item: String) -> TextOffsets {
        if let last, last.item.hasSameBytes(as: item) { return last.offsets }
        let made = TextOffsets(text)
        last = (item, made)
        return made
    }
}
