import AnnotationModel
import LabelText

/// Reads the blocks of one file.
struct WebVTTReader {
    /// The longest cue in bytes.
    static let cueBytesMax = 1 << 20

    let file: FormatFile
    var lines: TextLines
    var item = ""
    private var number = 0
    private var isItemKnown: Bool?
    /// How far the cues of an HLS segment stand from the times of the recording, in seconds.
    private var offset = 0.0
    /// What says how text looks, and has no place: blocks, and tags within cues.
    private var looks = (blocks: 0, tags: 0)

    init(file: FormatFile, lines: TextLines) { (self.file, self.lines) = (file, lines) }

    /// One voice's part of a cue.
    private struct Voice {
        var speaker: String?
        var text = ""
    }

    mutating func read(into sink: EventSink) throws {
        guard let first = try lines.next(),
            first == "WEBVTT" || first.hasPrefix("WEBVTT ")
                || first.hasPrefix("WEBVTT\t")
        else {
            throw FormatError.text(
                file: file.file.name, line: 1, why: "a WebVTT file begins with WEBVTT")
        }
        var block: [String] = []
        var start = 1
        var size = 0
        var isHeader = true
        while true {
            let line = try lines.next()
            if let line, !line.isEmpty {
                if block.isEmpty { start = lines.line }
                size += line.utf8.count
                guard size <= Self.cueBytesMax else {
                    throw FormatError.text(
                        file: file.file.name, line: lines.line,
                        why: "a cue is longer than \(Self.cueBytesMax) bytes")
                }
                block.append(line)
                continue
            }
            // Lines right below the first one are a header, unless they hold a cue.
            let isCue = !isHeader || block.contains { $0.contains("-->") }
            if isHeader { try readHeader(block, into: sink) }
            if !block.isEmpty, isCue {
                try readBlock(block, start, into: sink)
            }
            isHeader = false
            (block, size) = ([], 0)
            guard line != nil else { break }
        }
        if isItemKnown == nil { _ = try emitItem(into: sink) }
        if looks.blocks + looks.tags > 0 {
            try sink(
                .note(
                    where: file.file.name,
                    why: "\(looks.blocks) blocks of styles or regions and \(looks.tags) tags "
                        + "within cues say how the text looks; they were left out"))
        }
    }

    /// `X-TIMESTAMP-MAP=MPEGTS:…,LOCAL:…` says which time of the stream a time of the cues is (RFC 8216, 3.5).
    private mutating func readHeader(_ lines: [String], into sink: EventSink) throws {
        let name = "X-TIMESTAMP-MAP="
        guard let line = lines.first(where: { $0.hasPrefix(name) }) else { return }
        var ticks: Double?
        var local: Double?
        for part in line.dropFirst(name.count).split(separator: ",") {
            let pair = part.split(separator: ":", maxSplits: 1).map(String.init)
            if pair.count == 2, pair[0] == "MPEGTS" { ticks = TextNumber.double(pair[1]) }
            if pair.count == 2, pair[0] == "LOCAL" { local = Self.time(pair[1]) }
        }
        let place = "\(file.file.name), X-TIMESTAMP-MAP"
        guard let ticks, let local, ticks >= 0 else {
            return try sink(.note(where: place, why: "cannot be read; the cues were not moved"))
        }
        // The stream's clock runs at 90 kHz.
        offset = ticks / 90_000 - local
        guard offset != 0 else { return }
        try sink(
            .note(where: place, why: "all cues were moved by \(TextNumber.text(offset)) seconds"))
    }

    private mutating func emitItem(into sink: EventSink) throws -> Bool {
        if let isItemKnown { return isItemKnown }
        let fields: [String: FieldValue] = number == 0 ? ["examined": .bool(true)] : [:]
        let isKnown = try Emit.item(item, fields, at: file.file.name, into: sink)
        isItemKnown = isKnown
        return isKnown
    }

    private mutating func readBlock(
        _ block: [String], _ line: Int, into sink: EventSink
    ) throws {
        let place = "\(file.file.name), line \(line)"
        let first = block[0]
        if first == "NOTE" || first.hasPrefix("NOTE ") || first.hasPrefix("NOTE\t") {
            if first.hasPrefix(WebVTTFormat.itemNote), isItemKnown == nil {
                item = WebVTTText.plain(first.dropFirst(WebVTTFormat.itemNote.count))
            }
            return
        }
        guard let arrow = block.prefix(2).firstIndex(where: { $0.contains("-->") }) else {
            if ["STYLE", "REGION"].contains(XMLTree.trim(first)) {
                looks.blocks += 1
                return
            }
            return try sink(.skipped(where: place, why: "a block without times is no cue"))
        }
        number += 1
        guard try emitItem(into: sink) else { return }
        let times: (start: Double, end: Double, settings: String)
        do throws(Refusal) {
            var found = try Self.times(block[arrow])
            found.start += offset
            found.end += offset
            guard found.start >= 0 else { throw Refusal("the cue begins before the recording") }
            times = found
        } catch {
            return try sink(
                .skipped(where: "\(file.file.name), line \(line + arrow)", why: error.why))
        }
        var label = LabelRecord(
            item: item, className: SpeechAttribute.defaultClass,
            selector: .interval(start: times.start, end: times.end, channels: []),
            externalID: "\(file.stem)#\(number)")
        if arrow == 1 { label.attributes[WebVTTFormat.identifier] = .text(first) }
        if !times.settings.isEmpty {
            label.attributes[WebVTTFormat.settings] = .text(times.settings)
        }
        let payload = block[(arrow + 1)...].joined(separator: "\n")
        if payload.hasPrefix("{"), let json = try? JSONValue(parsing: payload) {
            try Emit.label(at: place, into: sink) { () throws(Refusal) in
                try Self.setMetadata(json, &label, times.start, times.end)
                return label
            }
            return
        }
        try emitVoices(payload, label, place, into: sink)
    }

    private mutating func emitVoices(
        _ payload: String, _ label: LabelRecord, _ place: String, into sink: EventSink
    ) throws {
        let voices = Self.voices(payload, &looks.tags)
        for (index, voice) in voices.enumerated() {
            var part = label
            if voices.count > 1 { part.externalID = "\(label.externalID ?? "").\(index + 1)" }
            let text = XMLTree.trim(WebVTTText.plain(voice.text))
            if !text.isEmpty { part.attributes[SpeechAttribute.transcript] = .text(text) }
            part.attributes[SpeechAttribute.speaker] = voice.speaker.map { .text($0) }
            try Emit.label(part, at: place, into: sink)
        }
    }

    // MARK: Parts of a cue

    private static func times(
        _ line: String
    ) throws(Refusal) -> (start: Double, end: Double, settings: String) {
        guard let arrow = line.firstRange(of: "-->") else { throw Refusal("the times lack -->") }
        let rest = line[arrow.upperBound...].split(
            maxSplits: 1, omittingEmptySubsequences: true, whereSeparator: { " \t".contains($0) })
        guard let start = time(XMLTree.trim(String(line[..<arrow.lowerBound]))),
            let end = time(rest.first.map(String.init) ?? "")
        else {
            throw Refusal("a time is written hh:mm:ss.mmm with a point")
        }
        guard start < end else { throw Refusal("the cue does not end after it begins") }
        return (start, end, rest.count > 1 ? XMLTree.trim(String(rest[1])) : "")
    }

    private static func time(_ text: String) -> Double? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        let seconds = parts.last?.split(separator: ".", omittingEmptySubsequences: false) ?? []
        guard (2...3).contains(parts.count), seconds.count == 2, seconds[0].count == 2,
            seconds[1].count == 3
        else { return nil }
        let figures = (parts.dropLast() + seconds).map { part in
            part.utf8.allSatisfy { (0x30...0x39).contains($0) } && part.utf8.count <= 9
                ? Int64(part) : nil
        }
        let known = figures.compactMap { $0 }
        guard known.count == figures.count else { return nil }
        let hours = parts.count == 3 ? known[0] : 0
        let rest = known.suffix(3).map { $0 }
        guard rest[0] < 60, rest[1] < 60 else { return nil }
        return Double(((hours * 60 + rest[0]) * 60 + rest[1]) * 1000 + rest[2]) / 1000
    }

    private static func setMetadata(
        _ json: JSONValue, _ label: inout LabelRecord, _ start: Double, _ end: Double
    ) throws(Refusal) {
        guard let name = json["class"]?.string, !name.isEmpty else {
            throw Refusal("a metadata cue names its class in \"class\"")
        }
        label.className = name
        if let members = json["attributes"] {
            guard let fields = RecordJSON.fields(members) else {
                throw Refusal("\"attributes\" must be an object of plain values")
            }
            label.attributes.merge(fields) { _, new in new }
        }
        if let confidence = json["confidence"], confidence != .null {
            guard let value = confidence.double else {
                throw Refusal("\"confidence\" must be a number")
            }
            label.confidence = value
        }
        if let channels = json["channels"] {
            let names = channels.array?.compactMap(\.string) ?? []
            guard names.count == channels.array?.count else {
                throw Refusal("\"channels\" must be a list of texts")
            }
            label.selector = .interval(start: start, end: end, channels: names)
        }
    }

    /// The voices of a payload, and how many other tags it has; text before the first voice is a voice without a name.
    private static func voices(_ payload: String, _ lost: inout Int) -> [Voice] {
        var voices = [Voice()]
        var rest = payload[...]
        while let open = rest.firstIndex(of: "<") {
            voices[voices.count - 1].text += rest[..<open]
            guard let close = rest[open...].firstIndex(of: ">") else {
                voices[voices.count - 1].text += rest[open...]
                rest = ""
                break
            }
            let tag = rest[rest.index(after: open)..<close]
            if tag.hasPrefix("v."), let blank = tag.firstIndex(where: \.isWhitespace) {
                voices.append(Voice(speaker: speaker(tag[blank...])))
            } else if tag.hasPrefix("v "), tag.count > 2 {
                voices.append(Voice(speaker: speaker(tag.dropFirst(2))))
            } else if tag == "/v" {
                voices.append(Voice())
            } else if !tag.hasPrefix("/") {
                lost += 1
            }
            rest = rest[rest.index(after: close)...]
        }
        voices[voices.count - 1].text += rest
        let spoken = voices.filter { $0.speaker != nil || !XMLTree.trim($0.text).isEmpty }
        return spoken.isEmpty ? [Voice()] : spoken
    }

    private static func speaker(_ text: Substring) -> String? {
        let name = XMLTree.trim(WebVTTText.plain(text))
        return name.isEmpty ? nil : name
    }
}
