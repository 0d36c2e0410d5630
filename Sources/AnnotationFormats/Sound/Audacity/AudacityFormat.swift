import AnnotationModel
import LabelText

/// Audacity label tracks: `start TAB end TAB text`, seconds.
///
/// The item is the recording with the file's name: a known one, else `.wav`. The text is the class; what
/// stands after ` | ` is the attribute `transcript`; a label without text has the class `speech`. A line
/// that begins with `\` gives the frequencies of the label before, `lowHz` and `highHz`. A point has its
/// end at its start. The external id is the path of the file without its ending, `#`, and the number of the label.
public struct AudacityFormat: AnnotationFormat {
    /// The name on the command line.
    public let name = "audacity"
    /// What a user should know before choosing it.
    public let summary = "Audacity label tracks, one .txt a recording; the text is the class"
    /// The name of the output file where the user gives none; nil for a folder.
    public let defaultFileName: String? = nil

    private static let bar = " | "
    private static let (low, high) = ("lowHz", "highHz")

    /// The format.
    public init() {}

    /// Reads files; `context` knows the recordings.
    public func read(
        _ files: [InputFile], context: ReadContext, into sink: (FormatEvent) throws -> Void
    ) throws {
        let finder = ItemFinder(context)
        var count = 0
        try FileTree.forEach(files, where: { FileTree.ending($0) == "txt" }, into: sink) {
            file, sink in
            count += 1
            let item = try MediaItems.key(
                file, endings: MediaItems.audioEndings, finder: finder)
            // A file without a line says that somebody listened and heard nothing.
            let isEmpty = try file.file.withBytes { $0.allSatisfy { $0 <= UInt8(ascii: " ") } }
            let fields: [String: FieldValue] = isEmpty ? ["examined": .bool(true)] : [:]
            guard try Emit.item(item, fields, at: file.file.name, into: sink) else { return }
            var number = 0
            var pending: (label: LabelRecord, place: String)?
            try file.file.forEachLine { line, lines in
                if line.hasPrefix("\\") {
                    guard var last = pending else {
                        return try sink(
                            .skipped(where: lines.place, why: "frequencies without a label before"))
                    }
                    guard Self.setFrequencies(line, &last.label) else {
                        return try sink(
                            .skipped(where: lines.place, why: "frequencies are two numbers in Hz"))
                    }
                    pending = last
                    return
                }
                if let last = pending {
                    pending = nil
                    try Emit.label(last.label, at: last.place, into: sink)
                }
                if XMLTree.trim(line).isEmpty { return }
                number += 1
                do throws(Refusal) {
                    pending = (try Self.label(line, item, "\(file.stem)#\(number)"), lines.place)
                } catch {
                    try sink(.skipped(where: lines.place, why: error.why))
                }
            }
            if let last = pending { try Emit.label(last.label, at: last.place, into: sink) }
        }
        if count == 0 {
            throw FormatError.noInput(format: name, wants: "give exported labels as .txt")
        }
    }

    /// A number with a point, or with a comma as some locales write it.
    private static func number(_ text: Substring) -> Double? {
        TextNumber.double(text)
            ?? TextNumber.double(text.split(separator: ",").joined(separator: "."))
    }

    private static func label(
        _ line: String, _ item: String, _ id: String
    ) throws(Refusal) -> LabelRecord {
        let parts = line.split(separator: "\t", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count >= 2, let start = number(parts[0]), let end = number(parts[1]) else {
            throw Refusal("a line is: start TAB end TAB text, in seconds")
        }
        guard start <= end else { throw Refusal("the label ends before it begins") }
        let text = parts.count == 3 ? String(parts[2]) : ""
        var label = LabelRecord(
            item: item, className: text, selector: .interval(start: start, end: end, channels: []),
            externalID: id)
        if let range = text.firstRange(of: bar) {
            label.className = String(text[..<range.lowerBound])
            label.attributes[SpeechAttribute.transcript] = .text(String(text[range.upperBound...]))
        }
        if label.className.isEmpty { label.className = SpeechAttribute.defaultClass }
        return label
    }

    private static func setFrequencies(_ line: String, _ label: inout LabelRecord) -> Bool {
        let parts = line.split(separator: "\t", omittingEmptySubsequences: false)
        guard parts.count == 3, let lowest = number(parts[1]), let highest = number(parts[2]) else {
            return false
        }
        label.attributes[low] = .float(lowest)
        label.attributes[high] = .float(highest)
        return true
    }

    /// Writes items and annotations.
    public func write(
        _ source: LabelSource, to output: any FormatOutput, options: WriteOptions
    ) throws -> ConversionReport {
        var report = ConversionReport()
        let files = ItemFiles(
            format: "Audacity", endings: MediaItems.audioEndings, bareFirst: true
        ) { item, _ in
            MediaItems.name(item.key, endings: MediaItems.audioEndings) + ".txt"
        }
        try files.write(source, to: output, report: &report) { label, item, number, report in
            guard let lines = Self.lines(label, &report) else { return nil }
            let stem = MediaItems.name(item.key, endings: MediaItems.audioEndings)
            output.labelWritten(as: "\(stem)#\(number)")
            return Array(lines.utf8)
        } wrap: { item, labels in
            if labels.isEmpty, item.fields["examined"] != .bool(true) { return nil }
            return Array(labels.joined())
        }
        return report
    }

    private static func lines(_ label: LabelRecord, _ report: inout ConversionReport) -> String? {
        guard case .interval(let start, let end, let channels) = label.selector, start.isFinite,
            end.isFinite
        else {
            report.skip("Audacity has stretches of time only; export as jsonl", example: label.item)
            return nil
        }
        let transcript = label.attributes[SpeechAttribute.transcript]?.text
        var text = label.className
        if let transcript { text += bar + transcript }
        let isPlain = !text.contains(where: \.isNewline) && !label.className.contains(bar)
        guard isPlain, !label.className.isEmpty else {
            report.skip(
                "a class that is empty or holds \"\(bar)\", or a text of several lines",
                example: label.item)
            return nil
        }
        if !channels.isEmpty {
            report.lose("channels have no place in Audacity", example: label.item)
        }
        var kept: ByteSet = transcript == nil ? [] : [SpeechAttribute.transcript]
        var lines =
            [TextNumber.text(start), TextNumber.text(end), text].joined(separator: "\t")
            + "\n"
        if case .float(let lowest)? = label.attributes[low],
            case .float(let highest)? = label.attributes[high]
        {
            kept.formUnion([low, high])
            lines += "\\\t\(TextNumber.text(lowest))\t\(TextNumber.text(highest))\n"
        }
        report.loseMembers(of: label, in: "Audacity", except: kept)
        return lines
    }
}
