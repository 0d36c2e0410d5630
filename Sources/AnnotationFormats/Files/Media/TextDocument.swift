import AnnotationModel

/// A text that spans refer to, and what is known of it.
struct TextDocument {
    let text: String
    let offsets: TextOffsets

    init(_ text: String) { (self.text, offsets) = (text, TextOffsets(text)) }

    /// The fields of its item; a text beyond a field's size stays in its file.
    var fields: [String: FieldValue] {
        var fields: [String: FieldValue] = ["mediaType": .text("text/plain")]
        if text.utf8.count < FieldValue.bytesMax - 8 { fields["text"] = .text(text) }
        return fields
    }

    /// A span by offsets that the file counts in Unicode scalars, checked against the quoted text where
    /// there is one; another unit is taken where only that one fits.
    func span(
        _ start: Int64, _ end: Int64, quote: String? = nil, isOneLine: Bool = false
    ) throws(Refusal) -> (selector: Selector, unit: TextOffsets.Unit) {
        guard let first = Int(exactly: start), let last = Int(exactly: end), first >= 0,
            first <= last
        else { throw Refusal("the span \(start)…\(end) is negative or ends before it begins") }
        guard let quote else {
            guard let found = offsets.quote(first, last) else {
                throw Refusal(
                    "the span \(start)…\(end) ends beyond the text of \(offsets.count) characters")
            }
            return (.textSpan(start: start, end: end, quote: found), .scalars)
        }
        for unit in TextOffsets.Unit.allCases {
            guard let range = offsets.range(first, last, unit: unit),
                let found = offsets.quote(range.start, range.end)
            else { continue }
            let shown = isOneLine ? Self.oneLine(found) : found
            guard shown.unicodeScalars.elementsEqual(quote.unicodeScalars) else { continue }
            return (
                .textSpan(start: Int64(range.start), end: Int64(range.end), quote: found), unit
            )
        }
        throw Refusal(
            "the text at \(start)…\(end) is not the quoted one, counted in \(Self.units); the text "
                + "was changed after it was labelled")
    }

    /// The text with line ends as blanks.
    static func oneLine(_ text: String) -> String {
        if !text.utf8.contains(where: { $0 == 0x0a || $0 == 0x0d }) { return text }
        var out = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            out.append(scalar == "\n" || scalar == "\r" ? " " : scalar)
        }
        return String(out)
    }

    private static let units =
        TextOffsets.Unit.allCases.map(\.rawValue).joined(separator: ", ")
}
