import AnnotationModel
import LabelText

/// RTTM, the Rich Transcription Time Marked text of NIST: one stretch of time a line.
///
/// `type file channel start duration orthography subtype name confidence lookahead`. The item's key is the
/// `file` column with the ending of a known recording, in the folder of the `.rttm` file first, else
/// `.wav`. A `SPEAKER` line has the class `speech`, or its subtype where it has one; other types are classes in
/// lower case; `name` is the attribute `speaker`, the orthography `transcript`. Lines without a time, such as
/// `SPKR-INFO`, are skipped. White space in a word is written `%20`. A confidence outside 0…1 is the attribute
/// `rttm.score`. A `.uem` file says which stretches were looked at: the item is examined, and its field `uem`
/// lists them. The external id is the `file` column, `#`, and the number of the line among those of that file.
public struct RTTMFormat: AnnotationFormat {
    /// The name on the command line.
    public let name = "rttm"
    /// What a user should know before choosing it.
    public let summary = "RTTM speaker turns and other stretches of a recording, with .uem beside"
    /// The name of the output file where the user gives none.
    public let defaultFileName: String? = "labels.rttm"

    static let types: ByteSet = [
        "SEGMENT", "NOSCORE", "NO_RT_METADATA", "LEXEME", "NON-LEX", "NON-SPEECH", "FILLER",
        "EDIT", "IP", "SU", "CB", "A/P",
    ]
    private static let none = "<NA>"
    /// A confidence on another scale than 0…1, as it stands.
    private static let score = "rttm.score"

    /// The format.
    public init() {}

    /// Reads files; `context` knows the recordings.
    ///
    /// It is long because each column of a line is checked by itself.
    public func read(
        _ files: [InputFile], context: ReadContext, into sink: (FormatEvent) throws -> Void
    ) throws {
        var extents: ByteMap<[[Double]]> = [:]
        try FileTree.forEach(files, where: { FileTree.ending($0) == "uem" }) { file in
            try Self.readExtents(file.file, &extents, into: sink)
        }
        var known: ByteMap<String> = [:]
        var refused: ByteSet = []
        var withExtent: ByteSet = []
        var count = 0
        var counter = ItemCounter()
        func item(_ name: String, in folder: String, _ place: String) throws -> String? {
            let path = FileSystem.join(folder, name)
            if let key = known[path] { return key }
            if refused.contains(path) { return nil }
            let key = try MediaItems.key(
                name, endings: MediaItems.audioEndings,
                folders: folder.isEmpty ? [""] : [folder, ""], context: context)
            var fields: [String: FieldValue] = [:]
            if let list = extents[name] {
                fields["examined"] = .bool(true)
                fields["uem"] = .array(list.map { .array($0.map { .float($0) }) })
            }
            guard try Emit.item(key, fields, at: place, into: sink) else {
                refused.insert(path)
                return nil
            }
            known[path] = key
            withExtent.insert(name)
            return key
        }
        // A folder holds the recordings too; a file that is named is one of labels.
        let given = Set(
            files.filter { !$0.isOnDisk || !FileSystem.isFolder($0.name) }.map {
                $0.isOnDisk ? FileSystem.lastComponent($0.name) : $0.name
            })
        let isLabels = { (path: String) in
            FileTree.ending(path) == "rttm"
                || FileTree.ending(path) != "uem" && given.contains(path)
        }
        try FileTree.forEach(files, where: isLabels, into: sink) { file, sink in
            count += 1
            try file.file.forEachLine { line, lines in
                let words = line.split(whereSeparator: { $0 == " " || $0 == "\t" })
                guard let type = words.first, !type.hasPrefix(";;") else { return }
                guard (8...10).contains(words.count) else {
                    return try sink(
                        .skipped(
                            where: lines.place,
                            why: "\(words.count) columns; RTTM has 8 to 10, <NA> for none and %20 "
                                + "for a blank in a name"))
                }
                let name = BlankFree.text(words[1])
                let number = counter.next(name)
                guard let item = try item(name, in: file.parent, lines.place) else { return }
                try Emit.label(at: lines.place, into: sink) { () throws(Refusal) in
                    try Self.label(words, item: item, id: "\(name)#\(number)")
                }
            }
        }
        for name in extents.keys.sortedByBytes() where !withExtent.contains(name) {
            _ = try item(name, in: "", "uem")
        }
        if count == 0, extents.isEmpty {
            throw FormatError.noInput(format: name, wants: "give .rttm files or their folder")
        }
    }

    private static func readExtents(
        _ file: InputFile, _ extents: inout ByteMap<[[Double]]>, into sink: EventSink
    ) throws {
        try file.forEachLine { line, lines in
            let words = line.split(whereSeparator: { $0 == " " || $0 == "\t" })
            guard let first = words.first, !first.hasPrefix(";;") else { return }
            guard words.count >= 4, let start = TextNumber.double(words[2]),
                let end = TextNumber.double(words[3]), start >= 0, start <= end
            else {
                return try sink(
                    .skipped(where: lines.place, why: "a line is: file channel start end"))
            }
            extents[BlankFree.text(first), default: []].append([start, end])
        }
    }

    private static func label(
        _ words: [Substring], item: String, id: String
    ) throws(Refusal) -> LabelRecord {
        let value = { (index: Int) -> String? in
            words.indices.contains(index) && words[index] != none
                ? BlankFree.text(words[index]) : nil
        }
        guard let start = TextNumber.double(words[3]), let length = TextNumber.double(words[4])
        else { throw Refusal("the line has no start and duration in seconds") }
        guard start >= 0, length >= 0 else {
            throw Refusal("start and duration must not be negative")
        }
        let type = String(words[0])
        let className: String
        if type == "SPEAKER" {
            className = value(6) ?? SpeechAttribute.defaultClass
        } else if types.contains(type) {
            className = type.lowercased()
        } else {
            throw Refusal("\"\(type.prefix(20))\" is no type of a stretch of time")
        }
        var label = LabelRecord(
            item: item, className: className,
            selector: .interval(
                start: start, end: start + length, channels: value(2).map { [$0] } ?? []),
            externalID: id)
        label.attributes[SpeechAttribute.speaker] = value(7).map { .text($0) }
        label.attributes[SpeechAttribute.transcript] = value(5).map { .text($0) }
        if type != "SPEAKER" {
            label.attributes["rttm.subtype"] = value(6).map { .text($0) }
        }
        if let text = value(8) {
            guard let confidence = TextNumber.double(text) else {
                throw Refusal("the confidence is no number")
            }
            if (0...1).contains(confidence) {
                label.confidence = confidence
            } else {
                label.attributes[score] = .float(confidence)
            }
        }
        return label
    }

    // MARK: Writing

    /// Writes items and annotations.
    public func write(
        _ source: LabelSource, to output: any FormatOutput, options: WriteOptions
    ) throws -> ConversionReport {
        var report = ConversionReport()
        var counter = ItemCounter()
        var items: ByteSet = []
        var text = BufferedText(output)
        let leftOut = try Self.leaveOut(source, &report)
        try output.begin("labels.rttm")
        try source.forEachAnnotation { label in
            if leftOut.contains(label.item) { return }
            guard let line = Self.line(label, &report) else { return }
            let name = MediaItems.name(label.item, endings: MediaItems.audioEndings)
            output.labelWritten(as: "\(name)#\(counter.next(name))")
            items.insert(label.item)
            try text.append(line)
            report.annotations += 1
        }
        try text.flush()
        try output.end()
        report.items = items.count
        return report
    }

    /// Leaves out the recordings that go by the name of another one, and returns their keys.
    private static func leaveOut(
        _ source: LabelSource, _ report: inout ConversionReport
    ) throws -> ByteSet {
        var labels: ByteMap<Int> = [:]
        var ignored = ConversionReport()
        try source.forEachAnnotation { label in
            if line(label, &ignored) != nil { labels[label.item, default: 0] += 1 }
        }
        let keys = labels.sortedByKey()
        var claims = NameClaims(areFiles: false)
        let refusals = claims.decide(
            keys.map {
                .init(
                    key: $0.key, name: MediaItems.name($0.key, endings: MediaItems.audioEndings),
                    rank: MediaItems.rank(
                        $0.key, endings: MediaItems.audioEndings, bareFirst: true))
            })
        var leftOut: ByteSet = []
        for ((key, count), why) in zip(keys, refusals) {
            guard let why else { continue }
            leftOut.insert(key)
            report.leaveOut(key, why, labels: count)
        }
        return leftOut
    }

    private static func line(_ label: LabelRecord, _ report: inout ConversionReport) -> String? {
        if label.isRetracted {
            report.skip("a retracted label has no place in RTTM", example: label.item)
            return nil
        }
        guard case .interval(let start, let end, let channels) = label.selector, start >= 0,
            !label.className.isEmpty, (end - start).isFinite
        else {
            report.skip(
                "RTTM has stretches of time with a class only, from 0 on; export as jsonl",
                example: label.item)
            return nil
        }
        if channels.count > 1 {
            report.lose("RTTM has one channel a line; the first was written", example: label.item)
        }
        let type = label.className.uppercased()
        let isType = types.contains(type) && type.lowercased() == label.className
        report.loseMembers(
            of: label, in: "RTTM",
            except: [
                SpeechAttribute.speaker, SpeechAttribute.transcript,
                isType ? "rttm.subtype" : SpeechAttribute.speaker, score,
            ], keepsConfidence: true)
        let word = { (name: String) -> String in
            guard let text = label.attributes[name]?.plainText, !text.isEmpty else { return none }
            return BlankFree.word(text)
        }
        let isDefault = label.className == SpeechAttribute.defaultClass
        let words = [
            isType ? type : "SPEAKER",
            BlankFree.word(MediaItems.name(label.item, endings: MediaItems.audioEndings)),
            channels.first.map(BlankFree.word) ?? none, TextNumber.text(start),
            TextNumber.text(length(start, end)), word(SpeechAttribute.transcript),
            isType ? word("rttm.subtype") : isDefault ? none : BlankFree.word(label.className),
            word(SpeechAttribute.speaker), label.confidence.map(TextNumber.text) ?? word(score),
            none,
        ]
        return words.joined(separator: " ") + "\n"
    }

    /// The duration with which a reader's sum gives the same end, where a double has one.
    private static func length(_ start: Double, _ end: Double) -> Double {
        let length = end - start
        let near = [length, length.nextUp, length.nextDown]
        return near.first { $0 >= 0 && start + $0 == end } ?? length
    }
}
