import AnnotationModel
import LabelText

/// CoNLL columns: a word and its tag a line, a blank line after a sentence, `-DOCSTART-` before a document.
///
/// The word is the first column, the tag the last; IOB1, IOB2 and IOBES or BILOU tags are read, one of two is
/// written. The columns have no offsets. If the dataset knows the item's field `text`, the words are found
/// in it one after the other; otherwise they are joined by blanks, sentences by line ends, and that is
/// the item's text. The item is what the second column of `-DOCSTART-` names, as the writer does, else the file's
/// name and the number of the document. White space in a word or class is written `%20`. The external id is
/// the item's key, `#`, and the number of the entity.
public struct CoNLLFormat: AnnotationFormat {
    /// How tags mark the borders of entities.
    public enum Scheme: String, Sendable, CaseIterable {
        /// `B-` begins, `I-` goes on.
        case begin = "conll"
        /// Also `E-` for the last word and `S-` for a single one.
        case ends = "conll-iobes"
    }

    /// How tags mark the borders of entities.
    public let scheme: Scheme
    /// The name on the command line.
    public var name: String { scheme.rawValue }
    /// What a user should know before choosing it.
    public var summary: String {
        "CoNLL-2003 columns, \(scheme == .begin ? "IOB2" : "IOBES") tags; spans that do not overlap"
    }
    /// The name of the output file where the user gives none.
    public let defaultFileName: String? = "labels.conll"

    static let documentStart = "-DOCSTART-"
    static let noValue: ByteSet = ["-X-", "-X-|O", "O", "_"]

    /// The format with either way of tagging.
    public init(_ scheme: Scheme = .begin) { self.scheme = scheme }

    /// Reads files; `context` knows the texts.
    public func read(
        _ files: [InputFile], context: ReadContext, into sink: (FormatEvent) throws -> Void
    ) throws {
        let finder = ItemFinder(context)
        var count = 0
        let endings = ["conll", "bio", "iob", "iob2", "txt", "tsv", ""]
        try FileTree.forEach(files, where: { endings.contains(FileTree.ending($0)) }, into: sink) {
            file, sink in
            count += 1
            var reader = CoNLLReader(file: file, context: context, finder: finder)
            try reader.read(into: sink)
        }
        if count == 0 { throw FormatError.noInput(format: name, wants: "give a .conll file") }
    }

    /// Writes items and annotations.
    public func write(
        _ source: LabelSource, to output: any FormatOutput, options: WriteOptions
    ) throws -> ConversionReport {
        var writer = CoNLLWriter(scheme: scheme)
        return try writer.write(source, to: output)
    }
}
