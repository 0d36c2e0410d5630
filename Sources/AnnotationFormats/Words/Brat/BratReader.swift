import AnnotationModel
import LabelText

/// Reads one `.ann` file.
///
/// Lines may refer to later ones, so a document's lines are held together.
struct BratReader {
    /// The most lines of one document.
    static let linesMax = 1 << 20

    let file: FormatFile
    let item: String
    let document: TextDocument

    private struct Line {
        var id: String
        var words: [Substring]
        var rest: String
        var place: String
    }

    private var spans: [Line] = []
    private var links: [Line] = []
    /// What `A`, `M`, `N` and `#` lines say, by the id they name.
    private var extras: ByteMap<[String: FieldValue]> = [:]
    private var selectors: ByteMap<Selector> = [:]
    private var triggers: ByteMap<String> = [:]
    private var moved = 0

    init(file: FormatFile, item: String, document: TextDocument) {
        (self.file, self.item, self.document) = (file, item, document)
    }

    mutating func read(into sink: EventSink) throws {
        var ids: ByteSet = []
        var count = 0
        var extraLines: [Line] = []
        try file.file.forEachLine { text, lines in
            if XMLTree.trim(text).isEmpty { return }
            count += 1
            guard count <= Self.linesMax else {
                throw FormatError.text(
                    file: file.file.name, line: lines.line,
                    why: "more than \(Self.linesMax) lines; split the document")
            }
            let parts = text.split(separator: "\t", maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count >= 2, let kind = parts[0].first else {
                return try sink(
                    .skipped(where: lines.place, why: "a line is: id TAB what TAB text"))
            }
            let line = Line(
                id: String(parts[0]), words: parts[1].split(separator: " "),
                rest: parts.count == 3 ? String(parts[2]) : "", place: lines.place)
            if kind != "*", kind != "#", !ids.insert(line.id).inserted {
                return try sink(
                    .skipped(
                        where: lines.place, why: "the id \(line.id.prefix(20)) occurs twice"))
            }
            switch kind {
            case "T": spans.append(line)
            case "R", "E", "*": links.append(line)
            case "A", "M", "N", "#": extraLines.append(line)
            default:
                try sink(
                    .skipped(
                        where: lines.place, why: "ids begin with T, R, E, A, M, N, # or *"))
            }
        }
        for line in links where line.id.hasPrefix("E") {
            let trigger = line.words.first?.split(separator: ":", maxSplits: 1).last
            triggers[line.id] = trigger.map(String.init)
        }
        for line in extraLines {
            do throws(Refusal) {
                try note(line, ids)
            } catch {
                try sink(.skipped(where: line.place, why: error.why))
            }
        }
        var fields = document.fields
        if count == 0 { fields["examined"] = .bool(true) }
        guard try Emit.item(item, fields, at: file.file.name, into: sink) else { return }
        try emit(into: sink)
    }

    private mutating func emit(into sink: EventSink) throws {
        for line in spans {
            try Emit.label(at: line.place, into: sink) { () throws(Refusal) in try span(line) }
        }
        if moved > 0 {
            try sink(
                .note(
                    where: file.file.name,
                    why: "\(moved) spans were not counted in Unicode scalars; their quoted text "
                        + "shows where they belong"))
        }
        var equivalences = 0
        for var line in links {
            if line.id == "*" {
                equivalences += 1
                line.id = "*\(equivalences)"
            }
            try Emit.label(at: line.place, into: sink) { () throws(Refusal) in try link(line) }
        }
    }

    private mutating func note(_ line: Line, _ ids: ByteSet) throws(Refusal) {
        guard line.words.count >= 2 else { throw Refusal("a type and an id are expected") }
        let target = String(line.words[1])
        guard ids.contains(target) else {
            throw Refusal("no line has the id \(target.prefix(20))")
        }
        switch line.id.first {
        case "#":
            let before = extras[target]?[BratFormat.note]?.text
            let text = before.map { $0 + "\n" + line.rest } ?? line.rest
            extras[target, default: [:]][BratFormat.note] = .text(text)
        case "N":
            guard line.words.count >= 3 else { throw Refusal("a reference is expected") }
            var list: [FieldValue] = []
            if case .array(let values)? = extras[target]?[BratFormat.norm] { list = values }
            list.append(.text(BlankFree.text(line.words[2]) + "\t" + line.rest))
            extras[target, default: [:]][BratFormat.norm] = .array(list)
        default:
            let value = line.words.dropFirst(2).joined(separator: " ")
            let name = BlankFree.text(line.words[0])
            extras[target, default: [:]][name] = value.isEmpty ? .bool(true) : .text(value)
        }
    }

    private mutating func span(_ line: Line) throws(Refusal) -> LabelRecord {
        guard let type = line.words.first else { throw Refusal("the type is missing") }
        let groups = line.words.dropFirst().joined(separator: " ").split(separator: ";")
        var ranges: [(Int64, Int64)] = []
        for group in groups {
            let ends = group.split(separator: " ").map { Int64($0) }
            guard ends.count == 2, let start = ends[0], let end = ends[1] else {
                throw Refusal("a span is two whole numbers: start and end")
            }
            ranges.append((start, end))
        }
        let selector = try selector(ranges, quote: line.rest)
        selectors[line.id] = selector
        return LabelRecord(
            item: item, className: BlankFree.text(type), selector: selector,
            attributes: extras[line.id] ?? [:], externalID: "\(file.stem)#\(line.id)")
    }

    private mutating func selector(
        _ ranges: [(Int64, Int64)], quote: String
    ) throws(Refusal) -> Selector {
        guard let first = ranges.first else { throw Refusal("the span has no offsets") }
        if ranges.count == 1 {
            let (selector, unit) = try document.span(
                first.0, first.1, quote: quote, isOneLine: true)
            if unit != .scalars { moved += 1 }
            return selector
        }
        // The quoted text joins the parts by blanks, so each part's quote has its own length.
        for unit in TextOffsets.Unit.allCases {
            var parts: [Selector] = []
            var quotes: [String] = []
            for (start, end) in ranges {
                guard let start = Int(exactly: start), let end = Int(exactly: end),
                    let range = document.offsets.range(start, end, unit: unit),
                    let text = document.offsets.quote(range.start, range.end)
                else { break }
                parts.append(
                    .textSpan(start: Int64(range.start), end: Int64(range.end), quote: text))
                quotes.append(TextDocument.oneLine(text))
            }
            let joined = quotes.joined(separator: " ")
            guard parts.count == ranges.count,
                joined.unicodeScalars.elementsEqual(quote.unicodeScalars)
            else { continue }
            if unit != .scalars { moved += 1 }
            return .targets(parts.map { .init(.item(item), selector: $0) })
        }
        throw Refusal("the text at the span's parts is not the quoted one")
    }

    private func target(_ word: Substring) throws(Refusal) -> (Selector.Target, id: String) {
        let parts = word.split(separator: ":", maxSplits: 1).map(String.init)
        guard let id = parts.last else { throw Refusal("an argument is written Role:Id") }
        var resolved = id
        for _ in 0..<8 where resolved.hasPrefix("E") { resolved = triggers[resolved] ?? "" }
        guard let selector = selectors[resolved] else {
            throw Refusal("the argument \(id.prefix(20)) is not among the labels")
        }
        let role = parts.count == 2 ? BlankFree.text(parts[0]) : ""
        return (.init(.item(item), role: role, selector: selector), id)
    }

    private func link(_ line: Line) throws(Refusal) -> LabelRecord {
        let isEvent = line.id.hasPrefix("E")
        guard let first = line.words.first else { throw Refusal("the type is missing") }
        let name = isEvent ? first.split(separator: ":").first ?? "" : first
        let words = isEvent ? line.words[...] : line.words.dropFirst()
        var targets: [Selector.Target] = []
        var ids: [FieldValue] = []
        for word in words {
            let (target, id) = try target(word)
            targets.append(target)
            ids.append(.text(id))
        }
        guard targets.count >= 2 || isEvent && !targets.isEmpty else {
            throw Refusal("a relation has two arguments")
        }
        let type = BlankFree.text(name)
        var label = LabelRecord(
            item: item, className: type, selector: .wholeItem,
            attributes: extras[line.id] ?? [:], externalID: "\(file.stem)#\(line.id)")
        if isEvent {
            targets[0].role = ""
            label.attributes[BratFormat.event] = .bool(true)
        }
        label.attributes[BratFormat.arguments] = .array(ids)
        // An event without arguments is its trigger alone.
        label.selector =
            targets.count == 1
            ? targets[0].selector
            : .relation(kind: type, from: [targets[0]], to: Array(targets.dropFirst()))
        return label
    }
}
