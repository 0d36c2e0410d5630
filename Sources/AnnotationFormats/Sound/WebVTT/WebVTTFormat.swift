import AnnotationModel
import LabelText

/// WebVTT: cues of a recording, for captions and for metadata (W3C, "WebVTT: The Web Video Text Tracks
/// Format").
///
/// The item is the recording with the file's name: a known one, else `.wav`; a block `NOTE item: KEY`,
/// which the writer puts first, names it exactly. A cue of text is a label of the class `speech` with the attribute
/// `transcript`; `<v NAME>` gives `speaker`, one label for each voice of a cue. A cue that holds a JSON object is a
/// metadata cue: `class`, `attributes`, `confidence` and `channels` of any other label. Settings and the
/// cue's identifier are the attributes `vtt.settings` and `vtt.id`; other tags are left out of the
/// transcript. `STYLE` and `REGION` blocks are not read. Times have three decimals. The external id is the path of
/// the file without its ending, `#`, and the number of the cue.
public struct WebVTTFormat: AnnotationFormat {
    /// The name on the command line.
    public let name = "webvtt"
    /// What a user should know before choosing it.
    public let summary = "WebVTT cues, one .vtt a recording; milliseconds; classes as metadata cues"
    /// The name of the output file where the user gives none; nil for a folder.
    public let defaultFileName: String? = nil

    static let itemNote = "NOTE item: "
    static let (settings, identifier) = ("vtt.settings", "vtt.id")

    /// The format.
    public init() {}

    /// Reads files; `context` knows the recordings.
    public func read(
        _ files: [InputFile], context: ReadContext, into sink: (FormatEvent) throws -> Void
    ) throws {
        let finder = ItemFinder(context)
        var count = 0
        try FileTree.forEach(files, where: { FileTree.ending($0) == "vtt" }, into: sink) {
            file, sink in
            count += 1
            try file.file.withBytes { bytes in
                var reader = WebVTTReader(
                    file: file, lines: try TextLines(bytes, file: file.file.name))
                reader.item = try MediaItems.key(
                    file, endings: MediaItems.audioEndings, finder: finder)
                try reader.read(into: sink)
            }
        }
        if count == 0 { throw FormatError.noInput(format: name, wants: "give .vtt files") }
    }

    /// Writes items and annotations.
    public func write(
        _ source: LabelSource, to output: any FormatOutput, options: WriteOptions
    ) throws -> ConversionReport {
        var report = ConversionReport()
        let files = ItemFiles(
            format: "WebVTT", endings: MediaItems.audioEndings, bareFirst: true
        ) { item, _ in
            MediaItems.name(item.key, endings: MediaItems.audioEndings) + ".vtt"
        }
        try files.write(source, to: output, report: &report) { label, item, number, report in
            guard let cue = WebVTTWriter.cue(label, &report) else { return nil }
            let stem = MediaItems.name(item.key, endings: MediaItems.audioEndings)
            output.labelWritten(as: "\(stem)#\(number)")
            return Array(cue.utf8)
        } wrap: { item, labels in
            if labels.isEmpty, item.fields["examined"] != .bool(true) { return nil }
            let name = WebVTTText.escaped(item.key)
            return Array("WEBVTT\n\n\(Self.itemNote)\(name)\n\n".utf8)
                + labels.joined(separator: Array("\n".utf8))
        }
        return report
    }
}

/// The characters that a cue's text cannot hold plainly.
enum WebVTTText {
    private static let names: [(String, String)] = [
        ("&amp;", "&"), ("&lt;", "<"), ("&gt;", ">"), ("&nbsp;", "\u{a0}"), ("&lrm;", "\u{200e}"),
        ("&rlm;", "\u{200f}"), ("&quot;", "\""),
    ]

    static func escaped(_ text: String) -> String {
        var out = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": out += "&amp;"
            case "<": out += "&lt;"
            case ">": out += "&gt;"
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out
    }

    static func plain(_ text: some StringProtocol) -> String {
        var out = ""
        var rest = text[...]
        while let mark = rest.firstIndex(of: "&") {
            out += rest[..<mark]
            rest = rest[mark...]
            if let (name, value) = names.first(where: { rest.hasPrefix($0.0) }) {
                out += value
                rest = rest.dropFirst(name.count)
            } else {
                out += "&"
                rest = rest.dropFirst()
            }
        }
        return out + rest
    }
}

/// Writes one cue.
private enum WebVTTWriter {
    static func cue(_ label: LabelRecord, _ report: inout ConversionReport) -> String? {
        guard case .interval(let start, let end, let channels) = label.selector, start >= 0,
            end < 3_600_000
        else {
            report.skip("WebVTT has stretches of time only; export as jsonl", example: label.item)
            return nil
        }
        let (first, last) = ((start * 1000).rounded(), (end * 1000).rounded())
        guard first < last else {
            report.skip(
                "a cue lasts at least a millisecond, the label does not", example: label.item)
            return nil
        }
        if first / 1000 != start || last / 1000 != end {
            report.lose("times were rounded to milliseconds", example: label.item)
        }
        report.loseMembers(
            of: label, in: "WebVTT", except: ByteSet(label.attributes.keys), keepsConfidence: true)
        var attributes = label.attributes
        var head = ""
        let settings = attributes.removeValue(forKey: WebVTTFormat.settings)?.text
        if let id = attributes[WebVTTFormat.identifier]?.text, !id.contains("-->"),
            !id.contains(where: \.isNewline), !id.isEmpty
        {
            attributes[WebVTTFormat.identifier] = nil
            head = id + "\n"
        }
        head += "\(time(Int64(first))) --> \(time(Int64(last)))"
        if let settings, !settings.contains(where: \.isNewline), !settings.contains("-->") {
            head += " " + settings
        }
        return head + "\n" + payload(label, attributes, channels) + "\n"
    }

    private static func payload(
        _ label: LabelRecord, _ attributes: [String: FieldValue], _ channels: [String]
    ) -> String {
        let transcript = attributes[SpeechAttribute.transcript]?.text
        let speaker = attributes[SpeechAttribute.speaker]?.text
        let known = ByteSet([SpeechAttribute.transcript, SpeechAttribute.speaker])
        let isSpeech =
            label.className == SpeechAttribute.defaultClass && channels.isEmpty
            && label.confidence == nil && known.isSuperset(of: attributes.keys)
            && attributes.count == [transcript, speaker].compactMap({ $0 }).count
        if isSpeech, let transcript, isPayload(transcript), speaker.map(isVoice) ?? true {
            let text = WebVTTText.escaped(transcript)
            return speaker.map { "<v \(WebVTTText.escaped($0))>\(text)</v>" } ?? text
        }
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("class")
        writer.string(label.className)
        if !attributes.isEmpty {
            writer.key("attributes")
            FieldValueJSON.write(fields: attributes, to: &writer)
        }
        if let confidence = label.confidence {
            writer.key("confidence")
            writer.coordinate(confidence)
        }
        if !channels.isEmpty {
            writer.key("channels")
            writer.value(.array(channels.map { .string($0) }))
        }
        writer.endObject()
        // An arrow ends a cue wherever it stands.
        return String(decoding: writer.bytes, as: UTF8.self)
            .split(separator: "-->", omittingEmptySubsequences: false).joined(
                separator: "--\\u003e")
    }

    /// Whether a text survives as a payload: no empty line, nothing that is trimmed or taken for JSON.
    private static func isPayload(_ text: String) -> Bool {
        !text.isEmpty && !text.hasPrefix("{") && XMLTree.trim(text) == text
            && !text.unicodeScalars.contains("\r") && !text.contains("\n\n")
            && !text.contains("\u{0}")
            && text.split(separator: "\n").allSatisfy { !XMLTree.trim(String($0)).isEmpty }
    }

    private static func isVoice(_ name: String) -> Bool {
        !name.isEmpty && !name.contains(where: \.isNewline) && XMLTree.trim(name) == name
    }

    private static func time(_ milliseconds: Int64) -> String {
        let pad = { (value: Int64, count: Int) in
            String(repeating: "0", count: max(0, count - String(value).count)) + String(value)
        }
        let seconds = milliseconds / 1000
        return pad(seconds / 3600, 2) + ":" + pad(seconds / 60 % 60, 2) + ":"
            + pad(seconds % 60, 2) + "." + pad(milliseconds % 1000, 3)
    }
}
