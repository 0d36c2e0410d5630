import AnnotationModel
import LabelText

/// JSON Lines of texts as spaCy, Prodigy and doccano have them: spans, relations and document classes.
///
/// `{"text", "spans": [{"start", "end", "label"}], "relations": […], "cats": {CLASS: 1}}`; also doccano's
/// `label`/`entities` and training pairs `[text, {"entities": [[start, end, CLASS]]}]`, and a file that is one
/// JSON array. Offsets count Unicode scalars. The item is `meta.item`, else `id`, else the file's name and the
/// number of the line; its field `text` is the text. A class of `cats` is a label of the whole text, a figure
/// between 0 and 1 its confidence, and a 0 says "not this class" and makes no label. A relation holds the spans
/// of its ends. A record that its annotator rejected or ignored is skipped. The external id is the item's key,
/// `#`, `s`, `c` or `r`, and the number among the record's spans, classes or relations.
public struct SpaCyFormat: AnnotationFormat {
    /// The name on the command line.
    public let name = "spacy"
    /// What a user should know before choosing it.
    public let summary = "spaCy, Prodigy and doccano JSON Lines; text spans, relations, classes"
    /// The name of the output file where the user gives none.
    public let defaultFileName: String? = "labels.spacy.jsonl"

    /// The format.
    public init() {}

    /// Reads files; `context` knows the texts.
    public func read(
        _ files: [InputFile], context: ReadContext, into sink: (FormatEvent) throws -> Void
    ) throws {
        let finder = ItemFinder(context)
        var count = 0
        try FileTree.forEach(
            files, where: { ["jsonl", "json"].contains(FileTree.ending($0)) }, into: sink
        ) { file, sink in
            count += 1
            let lost = LostMembers()
            try JSONRecords.forEach(file.file) { json, place, number in
                let fallback = { (path: String) in "\(FileTree.stem(path))/\(number)" }
                let reader = SpaCyReader(
                    place: place,
                    fallbackKey: {
                        try finder.key(file) { [fallback($0)] } ?? fallback(file.path)
                    }, context: context, lost: lost)
                try reader.read(json, into: sink)
            }
            try lost.tell(file.file.name, into: sink)
        }
        if count == 0 { throw FormatError.noInput(format: name, wants: "give a .jsonl file") }
    }

    /// Writes items and annotations.
    public func write(
        _ source: LabelSource, to output: any FormatOutput, options: WriteOptions
    ) throws -> ConversionReport {
        try SpaCyWriter.write(source, to: output)
    }
}
