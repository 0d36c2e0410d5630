import AnnotationModel
import LabelText

/// Writes all documents into one file.
///
/// Spans are held by item, about a hundred bytes each: a sentence is written from left to right, and
/// labels come in the order of the logs.
struct CoNLLWriter {
    let scheme: CoNLLFormat.Scheme

    private struct Span {
        var start, end: Int
        var name: String
        /// The number of the label in the source's order.
        var ordinal: Int
    }

    private var spansByItem: ByteMap<[Span]> = [:]
    /// The place of each label that is written.
    private var numbers: [Int: String] = [:]

    init(scheme: CoNLLFormat.Scheme) { self.scheme = scheme }

    mutating func write(
        _ source: LabelSource, to output: any FormatOutput
    ) throws -> ConversionReport {
        var report = ConversionReport()
        try collect(source, &report)
        var text = BufferedText(output)
        try output.begin("labels.conll")
        try source.forEachItem { item in
            let spans = spansByItem[item.key] ?? []
            if spans.isEmpty, item.fields["examined"] != .bool(true) { return }
            guard let content = item.fields["text"]?.text else {
                for _ in spans {
                    report.skip(
                        "the item has no field \"text\", which CoNLL needs for words",
                        example: item.key)
                }
                return
            }
            let kept = keep(spans, TextOffsets(content).count, item.key, &report)
            report.items += 1
            report.annotations += kept.count
            try text.append(lines(item.key, content, kept))
        }
        try text.flush()
        try output.end()
        var ordinal = -1
        try source.forEachAnnotation { _ in
            ordinal += 1
            if let place = numbers[ordinal] { output.labelWritten(as: place) }
        }
        return report
    }

    private mutating func collect(
        _ source: LabelSource, _ report: inout ConversionReport
    ) throws {
        var texts: ByteSet = []
        try source.forEachItem { texts.insert($0.key) }
        var ordinal = -1
        try source.forEachAnnotation { label in
            ordinal += 1
            guard case .textSpan(let start, let end, _) = label.selector, start < end,
                let first = Int(exactly: start), let last = Int(exactly: end),
                !label.className.isEmpty, !label.isRetracted, texts.contains(label.item)
            else {
                return report.skip(
                    "CoNLL has text spans with a class that are not retracted; export as jsonl",
                    example: label.item)
            }
            report.loseMembers(of: label, in: "CoNLL")
            spansByItem[label.item, default: []].append(
                Span(start: first, end: last, name: label.className, ordinal: ordinal))
        }
    }

    /// The spans from left to right without those that overlap an earlier one.
    private mutating func keep(
        _ spans: [Span], _ count: Int, _ key: String, _ report: inout ConversionReport
    ) -> [Span] {
        var kept: [Span] = []
        for span in spans.sorted(by: { ($0.start, $0.ordinal) < ($1.start, $1.ordinal) }) {
            if span.end > count {
                report.skip("a span ends beyond the item's text", example: key)
            } else if let last = kept.last, span.start < last.end {
                report.skip("CoNLL has no overlapping spans", example: key)
            } else {
                kept.append(span)
            }
        }
        return kept
    }

    private mutating func lines(_ key: String, _ content: String, _ spans: [Span]) -> String {
        let scalars = Array(content.unicodeScalars)
        var text = "\(CoNLLFormat.documentStart) \(BlankFree.word(key)) -X- O\n\n"
        var (position, next, number) = (0, 0, 0)
        while position < scalars.count {
            if scalars[position].properties.isWhitespace {
                // A line end ends a sentence, but not within an entity.
                if scalars[position] == "\n", next >= spans.count || position < spans[next].start,
                    !text.hasSuffix("\n\n")
                {
                    text += "\n"
                }
                position += 1
                continue
            }
            guard next < spans.count, position >= spans[next].start else {
                let border = next < spans.count ? spans[next].start : scalars.count
                let end = Self.wordEnd(scalars, position, border)
                text += line(scalars[position..<end], "O")
                position = end
                continue
            }
            let span = spans[next]
            var words: [Range<Int>] = []
            while position < span.end {
                if scalars[position].properties.isWhitespace {
                    position += 1
                    continue
                }
                let end = Self.wordEnd(scalars, position, span.end)
                words.append(position..<end)
                position = end
            }
            number += 1
            numbers[span.ordinal] = "\(key)#\(number)"
            for (index, word) in words.enumerated() {
                let tag = mark(index, words.count) + "-" + BlankFree.word(span.name)
                text += line(scalars[word], tag)
            }
            next += 1
        }
        return text + "\n"
    }

    private func line(_ word: ArraySlice<Unicode.Scalar>, _ tag: String) -> String {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: word)
        return "\(BlankFree.word(String(view))) -X- -X- \(tag)\n"
    }

    private func mark(_ index: Int, _ count: Int) -> String {
        switch scheme {
        case .begin: index == 0 ? "B" : "I"
        case .ends: count == 1 ? "S" : index == 0 ? "B" : index == count - 1 ? "E" : "I"
        }
    }

    /// Letters and digits stay together, any other character is a word by itself.
    private static func wordEnd(_ scalars: [Unicode.Scalar], _ start: Int, _ border: Int) -> Int {
        let isLetter = { (scalar: Unicode.Scalar) in
            scalar.properties.isAlphabetic || scalar.properties.numericType != nil
                || scalar.properties.generalCategory == .nonspacingMark
        }
        var end = start + 1
        guard isLetter(scalars[start]) else { return end }
        while end < min(border, scalars.count), isLetter(scalars[end]) { end += 1 }
        return end
    }
}
