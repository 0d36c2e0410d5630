import AnnotationModel
import LabelText

/// Praat TextGrid: tiers of intervals and points over one recording; long and short layout.
///
/// The item is the recording with the file's name: a known one, else `.wav`. The tier's name is the class,
/// the text the attribute `transcript`; a text equal to the tier's name says no more than the class. An
/// interval without text is no label. A point is an interval without length. UTF-8, UTF-16 with a byte order
/// mark. The writer gives overlapping labels tiers of the same name, and fills gaps with empty intervals. The
/// external id is the path of the file without its ending, `#`, the number of the tier, `@`, and the start.
public struct TextGridFormat: AnnotationFormat {
    /// The name on the command line.
    public let name = "textgrid"
    /// What a user should know before choosing it.
    public let summary =
        "Praat TextGrid, one file a recording; tiers are classes, texts transcripts"
    /// The name of the output file where the user gives none; nil for a folder.
    public let defaultFileName: String? = nil

    /// The format.
    public init() {}

    /// Reads files; `context` knows the recordings.
    public func read(
        _ files: [InputFile], context: ReadContext, into sink: (FormatEvent) throws -> Void
    ) throws {
        let finder = ItemFinder(context)
        var count = 0
        try FileTree.forEach(files, where: { FileTree.ending($0) == "textgrid" }, into: sink) {
            file, sink in
            count += 1
            let item = try MediaItems.key(
                file, endings: MediaItems.audioEndings, finder: finder)
            try file.file.withBytes { bytes in
                var reader = TextGridReader(
                    file: file, item: item,
                    tokens: try TextGridTokens(bytes, file: file.file.name))
                try reader.read(into: sink)
            }
        }
        if count == 0 { throw FormatError.noInput(format: name, wants: "give .TextGrid files") }
    }

    /// Writes items and annotations.
    public func write(
        _ source: LabelSource, to output: any FormatOutput, options: WriteOptions
    ) throws -> ConversionReport {
        var report = ConversionReport()
        var grids: ByteMap<TextGridDraft> = [:]
        let files = ItemFiles(
            format: "TextGrid", endings: MediaItems.audioEndings, bareFirst: true
        ) { item, _ in
            MediaItems.name(item.key, endings: MediaItems.audioEndings) + ".TextGrid"
        }
        try files.write(source, to: output, report: &report) { label, item, _, report in
            guard let place = grids[item.key, default: TextGridDraft()].add(label, &report) else {
                return nil
            }
            let stem = MediaItems.name(item.key, endings: MediaItems.audioEndings)
            output.labelWritten(as: "\(stem)#\(place)")
            return []
        } wrap: { item, labels in
            defer { grids[item.key] = nil }
            if labels.isEmpty, item.fields["examined"] != .bool(true) { return nil }
            let grid = grids[item.key] ?? TextGridDraft()
            return Array(grid.text(duration: item.fields["duration"]?.number).utf8)
        }
        return report
    }
}

/// The tiers of one recording as they grow.
private struct TextGridDraft {
    struct Mark {
        var start, end: Double
        var text: String
    }

    struct Tier {
        var name: String
        var isPoints: Bool
        /// Ascending.
        var marks: [Mark] = []

        /// Takes a mark in where it lies over no other, and says whether it did.
        mutating func insert(_ mark: Mark) -> Bool {
            var (low, high) = (0, marks.count)
            while low < high {
                let middle = (low + high) / 2
                if marks[middle].start < mark.start { low = middle + 1 } else { high = middle }
            }
            if low < marks.count {
                let next = marks[low]
                if next.start == mark.start || next.start < mark.end { return false }
            }
            if low > 0, marks[low - 1].end > mark.start { return false }
            marks.insert(mark, at: low)
            return true
        }
    }

    private var tiers: [Tier] = []
    /// The tiers of a class, points and stretches apart.
    private var tiersByName: ByteMap<[Int]> = [:]
    /// The most tiers of one class, each of which a label is tried in.
    private static let overlapsMax = 256

    /// Takes a label up; returns the tier and start that are its place.
    mutating func add(_ label: LabelRecord, _ report: inout ConversionReport) -> String? {
        guard case .interval(let start, let end, let channels) = label.selector, start >= 0,
            end.isFinite, !label.className.isEmpty
        else {
            report.skip(
                "TextGrid has stretches of time with a class only; export as jsonl",
                example: label.item)
            return nil
        }
        let transcript = label.attributes[SpeechAttribute.transcript]?.text ?? ""
        if !channels.isEmpty {
            report.lose("channels have no place in TextGrid", example: label.item)
        }
        let isKept = !transcript.isEmpty && transcript != label.className
        report.loseMembers(
            of: label, in: "TextGrid", except: isKept ? [SpeechAttribute.transcript] : [])
        let mark = Mark(start: start, end: end, text: isKept ? transcript : label.className)
        let isPoint = start == end
        let key = "\(isPoint)\(label.className)"
        for index in tiersByName[key] ?? [] where tiers[index].insert(mark) {
            return place(index, start)
        }
        guard tiersByName[key]?.count ?? 0 < Self.overlapsMax else {
            report.skip(
                "more than \(Self.overlapsMax) stretches of one class lie over each other",
                example: label.item)
            return nil
        }
        tiersByName[key, default: []].append(tiers.count)
        tiers.append(Tier(name: label.className, isPoints: isPoint, marks: [mark]))
        return place(tiers.count - 1, start)
    }

    private func place(_ index: Int, _ start: Double) -> String {
        "\(index + 1)@\(TextNumber.text(start))"
    }

    /// The file in the long layout.
    func text(duration: Double?) -> String {
        let last = tiers.flatMap(\.marks).map(\.end).max() ?? 0
        let end = max(duration ?? 0, last, .leastNormalMagnitude)
        let number = TextNumber.text
        var text =
            "File type = \"ooTextFile\"\nObject class = \"TextGrid\"\n\nxmin = 0\n"
            + "xmax = \(number(end))\ntiers? <exists>\nsize = \(tiers.count)\nitem []:\n"
        for (index, tier) in tiers.enumerated() {
            let marks = tier.isPoints ? tier.marks : filled(tier.marks, end)
            text += "    item [\(index + 1)]:\n"
            text += "        class = \"\(tier.isPoints ? "TextTier" : "IntervalTier")\"\n"
            text += "        name = \(quoted(tier.name))\n        xmin = 0\n"
            text += "        xmax = \(number(end))\n"
            text += "        \(tier.isPoints ? "points" : "intervals"): size = \(marks.count)\n"
            for (index, mark) in marks.enumerated() {
                if tier.isPoints {
                    text += "        points [\(index + 1)]:\n"
                    text += "            number = \(number(mark.start))\n"
                    text += "            mark = \(quoted(mark.text))\n"
                } else {
                    text += "        intervals [\(index + 1)]:\n"
                    text += "            xmin = \(number(mark.start))\n"
                    text += "            xmax = \(number(mark.end))\n"
                    text += "            text = \(quoted(mark.text))\n"
                }
            }
        }
        return text
    }

    private func filled(_ marks: [Mark], _ end: Double) -> [Mark] {
        var filled: [Mark] = []
        var position = 0.0
        for mark in marks {
            if mark.start > position {
                filled.append(Mark(start: position, end: mark.start, text: ""))
            }
            filled.append(mark)
            position = mark.end
        }
        if position < end { filled.append(Mark(start: position, end: end, text: "")) }
        return filled
    }

    private func quoted(_ text: String) -> String {
        "\""
            + text.split(separator: "\"", omittingEmptySubsequences: false).joined(
                separator: "\"\"")
            + "\""
    }
}
