import AnnotationModel
import LabelText

/// brat standoff: `NAME.ann` beside `NAME.txt`; spans, relations, events, attributes, notes.
///
/// The item is the text: a known one, else `NAME.txt`, and its field `text` the text itself. Offsets count Unicode
/// scalars; each span is checked against the quoted text, and one that only fits in UTF-16 units or
/// bytes is moved with a note. A discontinuous span is `targets`. `R` and `E` lines are relations that hold
/// the spans of their arguments by role; `*` is the relation `Equiv`. `A` and `M` lines are attributes of the
/// label they name, `#` lines its attribute `note`, `N` lines `brat.norm`. White space in a type is written
/// `%20`. The external id is the path of the file without its ending, `#`, and brat's own id.
public struct BratFormat: AnnotationFormat {
    /// The name on the command line.
    public let name = "brat"
    /// What a user should know before choosing it.
    public let summary = "brat standoff .txt and .ann; text spans, relations, events, attributes"
    /// The name of the output file where the user gives none; nil for a folder.
    public let defaultFileName: String? = nil

    static let (note, norm, arguments, event) = ("note", "brat.norm", "brat.args", "brat.event")

    /// The format.
    public init() {}

    /// Reads files; `context` knows the texts.
    public func read(
        _ files: [InputFile], context: ReadContext, into sink: (FormatEvent) throws -> Void
    ) throws {
        let finder = ItemFinder(context)
        var texts: ByteMap<InputFile> = [:]
        try FileTree.forEach(files, where: { FileTree.ending($0) == "txt" }) { file in
            texts[file.stem] = file.file
        }
        var count = 0
        try FileTree.forEach(files, where: { FileTree.ending($0) == "ann" }, into: sink) {
            file, sink in
            count += 1
            let beside = InputFile(path: FileTree.stem(file.file.name) + ".txt")
            let key = try MediaItems.key(
                file, endings: MediaItems.textEndings, finder: finder)
            let text: String
            if let input = texts[file.stem] {
                text = try input.smallText()
            } else if file.file.isOnDisk, FileSystem.exists(beside.name) {
                text = try beside.smallText()
            } else if let known = try context.itemFields(key)?["text"]?.text {
                text = known
            } else {
                return try sink(
                    .skipped(
                        where: file.file.name,
                        why: "\(file.bareStem).txt is missing; offsets say nothing without it"))
            }
            var reader = BratReader(file: file, item: key, document: TextDocument(text))
            try reader.read(into: sink)
        }
        if count == 0 {
            throw FormatError.noInput(format: name, wants: "give .ann and .txt files")
        }
    }

    /// Writes items and annotations.
    public func write(
        _ source: LabelSource, to output: any FormatOutput, options: WriteOptions
    ) throws -> ConversionReport {
        var report = ConversionReport()
        var writer = BratWriter()
        try writer.prepare(source)
        let files = ItemFiles(
            format: "brat", companions: { [FileTree.stem($0) + ".txt"] }
        ) { item, _ in Self.stem(item.key) + ".ann" }
        try files.write(source, to: output, report: &report) { label, item, _, report in
            guard let entry = writer.lines(label, item, &report) else { return nil }
            output.labelWritten(as: "\(Self.stem(item.key))#\(entry.id)")
            return Array(entry.lines.utf8)
        } wrap: { item, labels in
            let isExamined = item.fields["examined"] == .bool(true)
            guard let text = item.fields["text"]?.text, !labels.isEmpty || isExamined else {
                return nil
            }
            try output.begin(Self.stem(item.key) + ".txt")
            try output.write(Array(text.utf8))
            try output.end()
            return Array(labels.joined())
        }
        return report
    }

    private static func stem(_ key: String) -> String {
        MediaItems.name(key, endings: MediaItems.textEndings)
    }
}
