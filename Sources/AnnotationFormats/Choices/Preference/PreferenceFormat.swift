import AnnotationModel
import LabelText

/// Data for training language models, one JSON record a line or in one array.
///
/// Read are pairs (`prompt`, `chosen`, `rejected`; with the prompt inside, as conversation, as `input`,
/// `preferred_output`, `non_preferred_output`), single judgements (`completion` or `messages` with `label`),
/// rankings (`responses`, `ranking` with 1 for the best and equal figures for ties), ratings (`completion`
/// or `response`, `ratings`) and answers (`instruction`, `input`, `output`; `messages`; `conversations`).
///
/// The item is the record's `item` or `id`, else the file's name and the record's number; its field `prompt` is the
/// prompt, a text or the list of messages, with `system`, `input` and `tools` where the record has them. The label is a
/// preference over the responses, of the class `preference`, `desirable`, `undesirable`, `ranking`, `rating` or
/// `answer`, unless `class` names another. A response of several messages is their JSON. `rater` is the
/// author; members that are not known are attributes. The external id is the item's key, `#`, and the number of
/// the record among those of the item. A judgement that is null is none: the record is left out with a line, and so is
/// one that says nothing of the kind that the format's name asks for.
public struct PreferenceFormat: AnnotationFormat {
    /// What is written, and what a record has to say to be read.
    public enum Kind: String, Sendable, CaseIterable {
        /// Every record in the shape that suits it.
        case all = "preference"
        /// Pairs only: `prompt`, `chosen`, `rejected`.
        case pairs = "dpo"
        /// Single judgements only: `prompt`, `completion`, `label`.
        case judgements = "kto"
        /// Answers only: `instruction`, `input`, `output`.
        case answers = "alpaca"
    }

    /// What is written.
    public let kind: Kind
    /// The name on the command line.
    public var name: String { kind.rawValue }
    /// What a user should know before choosing it.
    public var summary: String {
        switch kind {
        case .all: "JSON Lines of preferences, judgements, rankings, ratings and answers, mixed"
        case .pairs: "JSON Lines of prompt, chosen, rejected; no ties, no more than two"
        case .judgements: "JSON Lines of prompt, completion, label true or false"
        case .answers: "JSON Lines of instruction, input, output"
        }
    }
    /// The name of the output file where the user gives none.
    public var defaultFileName: String? { "\(kind.rawValue).jsonl" }

    /// The format for a kind of record.
    public init(_ kind: Kind = .all) { self.kind = kind }

    /// Reads files; `context` knows the prompts.
    public func read(
        _ files: [InputFile], context: ReadContext, into sink: (FormatEvent) throws -> Void
    ) throws {
        let finder = ItemFinder(context)
        var count = 0
        var counter = ItemCounter()
        var items: ByteMap<Int> = [:]
        var prompts = PromptItems(context)
        try FileTree.forEach(
            files, where: { ["jsonl", "json"].contains(FileTree.ending($0)) }, into: sink
        ) { file, sink in
            count += 1
            try JSONRecords.forEach(file.file) { json, place, number in
                var record: PreferenceRecord
                do throws(Refusal) {
                    record = try PreferenceRecord(json, as: kind)
                } catch {
                    return try sink(.skipped(where: place, why: error.why))
                }
                let fallback = { (path: String) in "\(FileTree.stem(path))/\(number)" }
                let key =
                    try record.key
                    ?? prompts.key(
                        at: finder.key(file) { [fallback($0)] } ?? fallback(file.path),
                        asking: record.fields)
                let hash = record.fields.hashValue
                if let known = items[key] {
                    guard known == hash else {
                        return try sink(
                            .skipped(
                                where: place,
                                why: "another record of \"\(key.prefix(80))\" has another prompt"))
                    }
                } else {
                    guard try Emit.item(key, record.fields, at: place, into: sink) else { return }
                    items[key] = hash
                }
                record.label.item = key
                record.label.externalID = "\(key)#\(counter.next(key))"
                try Emit.label(record.label, at: place, into: sink)
            }
        }
        if count == 0 { throw FormatError.noInput(format: name, wants: "give a .jsonl file") }
    }

    /// Writes items and annotations.
    public func write(
        _ source: LabelSource, to output: any FormatOutput, options: WriteOptions
    ) throws -> ConversionReport {
        try PreferenceWriter(kind: kind).write(source, to: output)
    }
}

/// The classes that say what kind of judgement a preference is.
enum PreferenceClass {
    static let pair = "preference"
    static let desirable = "desirable"
    static let undesirable = "undesirable"
    static let ranking = "ranking"
    static let rating = "rating"
    static let answer = "answer"

    /// The class that a preference of a shape has where a record names none.
    static func usual(_ groups: [[String]]) -> String {
        if groups.count == 2, groups.allSatisfy({ $0.count == 1 }) { return pair }
        return groups.count == 1 && groups[0].count == 1 ? answer : ranking
    }
}
