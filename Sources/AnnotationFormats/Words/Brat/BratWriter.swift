import AnnotationModel
import LabelText

/// Makes lines of labels, with the ids that a file gave where they are still free.
struct BratWriter {
    /// The ids that labels bring along, by item; the first to ask gets each.
    private var claimed: ByteSet = []
    private var given: ByteSet = []
    private var numbers: ByteMap<Int> = [:]
    private var extraNumbers: ByteMap<Int> = [:]
    /// The id of each span, by item and selector.
    private var spanIDs: ByteMap<String> = [:]
    private var wanted: ByteMap<String> = [:]
    /// The text of the item whose labels are written.
    private var offsets = LastOffsets()

    /// Looks at all labels once, since a relation may come before its ends.
    mutating func prepare(_ source: LabelSource) throws {
        try source.forEachAnnotation { label in
            if let id = Self.ownID(label) { claimed.insert("\(label.item)\n\(id)") }
        }
        try source.forEachAnnotation { label in
            guard Self.isSpan(label), !label.isRetracted, !label.className.isEmpty else { return }
            let id = take("T", label)
            let key = "\(label.item)\n\(SelectorJSON.text(label.selector))"
            if spanIDs[key] == nil { spanIDs[key] = id }
            wanted["\(label.item)\n\(id)"] = SelectorJSON.text(label.selector)
        }
        (given, numbers) = ([], [:])
    }

    private static func isSpan(_ label: LabelRecord) -> Bool {
        if label.attributes[BratFormat.event] != nil { return false }
        return ranges(label.selector) != nil
    }

    /// The id of a file that was read: what stands after the last `#`.
    private static func ownID(_ label: LabelRecord) -> String? {
        guard let id = label.externalID, let mark = id.lastIndex(of: "#") else { return nil }
        let own = id[id.index(after: mark)...]
        guard let kind = own.first, "TRE*".contains(kind), own.utf8.count <= 12,
            let number = Int(own.dropFirst()), number > 0, String(number) == own.dropFirst()
        else { return nil }
        return String(own)
    }

    private mutating func take(_ kind: String, _ label: LabelRecord) -> String {
        if let own = Self.ownID(label), own.hasPrefix(kind),
            given.insert("\(label.item)\n\(own)").inserted
        {
            return own
        }
        var number = numbers["\(label.item)\n\(kind)"] ?? 0
        repeat { number += 1 } while claimed.contains("\(label.item)\n\(kind)\(number)")
        numbers["\(label.item)\n\(kind)"] = number
        return "\(kind)\(number)"
    }

    private static func ranges(_ selector: Selector) -> [(start: Int64, end: Int64)]? {
        switch selector {
        case .textSpan(let start, let end, _): return [(start, end)]
        case .targets(let targets):
            var ranges: [(start: Int64, end: Int64)] = []
            for target in targets {
                guard case .textSpan(let start, let end, _) = target.selector, target.role.isEmpty
                else { return nil }
                ranges.append((start, end))
            }
            return ranges
        default: return nil
        }
    }

    /// The lines of a label and brat's id for it; nil, with a line in the report, where brat has no
    /// place for it.
    mutating func lines(
        _ label: LabelRecord, _ item: ItemRecord, _ report: inout ConversionReport
    ) -> (id: String, lines: String)? {
        guard let text = item.fields["text"]?.text else {
            report.skip(
                "the item has no field \"text\", which brat needs for spans", example: item.key)
            return nil
        }
        guard !label.className.isEmpty else {
            report.skip("a label without class has no place in brat", example: item.key)
            return nil
        }
        let entry =
            Self.isSpan(label)
            ? span(label, offsets.of(text, item: item.key), &report) : link(label, &report)
        guard let (id, line) = entry else { return nil }
        return (id, line + extras(label, id, &report))
    }

    private mutating func span(
        _ label: LabelRecord, _ offsets: TextOffsets, _ report: inout ConversionReport
    ) -> (String, String)? {
        let ranges = Self.ranges(label.selector) ?? []
        var quotes: [String] = []
        for range in ranges {
            guard let start = Int(exactly: range.start), let end = Int(exactly: range.end),
                let quote = offsets.quote(start, end)
            else {
                report.skip("a span ends beyond the item's text", example: label.item)
                return nil
            }
            quotes.append(TextDocument.oneLine(quote))
        }
        let id = take("T", label)
        let places = ranges.map { "\($0.start) \($0.end)" }.joined(separator: ";")
        let quote = quotes.joined(separator: " ")
        return (id, "\(id)\t\(BlankFree.word(label.className)) \(places)\t\(quote)\n")
    }

    private mutating func link(
        _ label: LabelRecord, _ report: inout ConversionReport
    ) -> (String, String)? {
        let isEvent = label.attributes[BratFormat.event] == .bool(true)
        var targets: [Selector.Target] = []
        if case .relation(_, let from, let to) = label.selector {
            targets = from + to
        } else if isEvent {
            targets = [.init(.item(label.item), selector: label.selector)]
        }
        guard !targets.isEmpty else {
            report.skip(
                "brat has spans and relations of spans, this is a \(label.selector.kindName)",
                example: label.item)
            return nil
        }
        var hints: [String] = []
        if case .array(let list)? = label.attributes[BratFormat.arguments] {
            hints = list.compactMap(\.text)
        }
        var words: [String] = []
        for (index, target) in targets.enumerated() {
            let hint = hints.indices.contains(index) ? hints[index] : nil
            guard let id = argument(target, hint, label.item) else {
                report.skip("an end of the relation is no label of its own", example: label.item)
                return nil
            }
            let role = BlankFree.word(target.role)
            words.append(role.isEmpty ? id : "\(role):\(id)")
        }
        let type = BlankFree.word(label.className)
        if isEvent {
            let id = take("E", label)
            words[0] = "\(type):\(words[0])"
            return (id, "\(id)\t\(words.joined(separator: " "))\n")
        }
        let isEquivalence = label.className == "Equiv" && targets.allSatisfy(\.role.isEmpty)
        if isEquivalence {
            // The number is the place among such lines, which is how a reader counts them.
            let number = (numbers["\(label.item)\n*"] ?? 0) + 1
            numbers["\(label.item)\n*"] = number
            return ("*\(number)", "*\tEquiv \(words.joined(separator: " "))\n")
        }
        guard targets.count == 2 else {
            report.skip("a relation of brat has two ends", example: label.item)
            return nil
        }
        for index in words.indices where targets[index].role.isEmpty {
            words[index] = "Arg\(index + 1):\(words[index])"
        }
        let id = take("R", label)
        return (id, "\(id)\t\(type) \(words.joined(separator: " "))\n")
    }

    /// The id of a relation's end: the one that its file named if it still fits, else the first span there.
    private func argument(
        _ target: Selector.Target, _ hint: String?, _ item: String
    ) -> String? {
        if case .item(let key) = target.reference, !key.hasSameBytes(as: item) { return nil }
        let selector = SelectorJSON.text(target.selector)
        if let hint {
            if wanted["\(item)\n\(hint)"] == selector { return hint }
            if hint.hasPrefix("E"), claimed.contains("\(item)\n\(hint)") { return hint }
        }
        return spanIDs["\(item)\n\(selector)"]
    }

    private mutating func extras(
        _ label: LabelRecord, _ id: String, _ report: inout ConversionReport
    ) -> String {
        var lines = ""
        func line(_ kind: String, _ what: String, _ rest: String? = nil) {
            let number = (extraNumbers["\(label.item)\n\(kind)"] ?? 0) + 1
            extraNumbers["\(label.item)\n\(kind)"] = number
            lines += "\(kind)\(number)\t\(what)" + (rest.map { "\t" + $0 } ?? "") + "\n"
        }
        report.loseMembers(of: label, in: "brat", except: ByteSet(label.attributes.keys))
        if id.hasPrefix("*") {
            if !label.attributes.isEmpty, label.attributes.keys.first != BratFormat.arguments {
                report.lose("an Equiv has no attributes in brat", example: label.item)
            }
            return ""
        }
        let own = [BratFormat.arguments, BratFormat.event]
        for (name, value) in label.attributes.sorted(by: { $0.key < $1.key })
        where !own.contains(name) {
            switch value {
            case .text(let text) where name == BratFormat.note:
                for note in text.split(separator: "\n", omittingEmptySubsequences: false) {
                    line("#", "AnnotatorNotes \(id)", String(note))
                }
            case .array(let list) where name == BratFormat.norm:
                for text in list.compactMap(\.text) {
                    let parts = text.split(
                        separator: "\t", maxSplits: 1, omittingEmptySubsequences: false)
                    let rest = TextDocument.oneLine(parts.count > 1 ? String(parts[1]) : "")
                    line("N", "Reference \(id) \(BlankFree.word(String(parts[0])))", rest)
                }
            case .bool(true): line("A", "\(BlankFree.word(name)) \(id)")
            default:
                if value.text == nil {
                    report.lose("attributes that are no text became text", example: label.item)
                }
                let text = TextDocument.oneLine(value.plainText)
                if text != value.plainText || text.contains("\t") {
                    report.lose("line ends in attributes became blanks", example: label.item)
                }
                line("A", "\(BlankFree.word(name)) \(id) \(text)")
            }
        }
        return lines
    }
}
