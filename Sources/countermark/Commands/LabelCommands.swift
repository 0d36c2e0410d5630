import AnnotationFormats
import AnnotationModel
import AnnotationStore
import ArgumentParser
import CountermarkNode
import Foundation
import LabelDocuments
import LabelText
import NodeDocuments
import Provenance
import Signing

/// Adds one label.
struct Annotate: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Adds one label.")
    @OptionGroup var common: CommonOptions
    @OptionGroup var signing: SigningOptions
    @Argument var dataset: String
    @Argument(help: "The item's key.") var item: String
    @Option(name: .customLong("class"), help: "The class.") var className: String
    @Option(help: "x,y,width,height in pixels.") var box: String?
    @Option(help: "Any selector as JSON, as jsonl files write it.") var selector: String?
    @Option(name: .customLong("attr"), help: "NAME=VALUE; may be repeated.") var attributes:
        [String] = []
    @Option(help: "0...1.") var confidence: Double?
    @Option(help: "Who labelled.") var author: String?

    func run() throws {
        let node = try signing.node(common)
        let id = try common.dataset(dataset, node)
        try node.require(id)
        var fields: [Field: FieldValue] = [:]
        for text in attributes {
            let (name, value) = try assignment(text)
            fields[.attribute(name)] = Output.value(value)
        }
        if let confidence {
            guard (0...1).contains(confidence) else {
                throw ValidationError("a confidence lies in 0...1: 85 % is 0.85")
            }
            fields[.known(.confidence)] = .float(confidence)
        }
        let shape = try shape()
        try shape.validate()
        let ids = try node.write(
            id, author: author,
            [.addAnnotation(item: item, className: className, selector: shape, fields: fields)])
        try common.printWritten(
            node, WrittenDocument(ids.first, WriteOutcome(node)), ids.map(\.description))
    }

    private func shape() throws -> Selector {
        if let selector { return try parseSelector(selector) }
        guard let box else { return .wholeItem }
        return .box(try parseBox(box))
    }
}

private func parseBox(_ text: String) throws -> Selector.Box {
    let parts = text.split(separator: ",", omittingEmptySubsequences: false).map { Double($0) }
    let numbers = parts.compactMap { $0 }
    guard numbers.count == 4, parts.count == 4, numbers.allSatisfy(\.isFinite), numbers[2] >= 0,
        numbers[3] >= 0
    else { throw ValidationError("a box is four numbers: x,y,width,height (size 0 or more)") }
    return .init(x: numbers[0], y: numbers[1], width: numbers[2], height: numbers[3])
}

private func parseSelector(_ text: String) throws -> Selector {
    do {
        return try SelectorJSON.selector(try JSONValue(parsing: text))
    } catch {
        throw ValidationError("the selector cannot be used: \(PlainError.line(error))")
    }
}

private func assignment(_ text: String) throws -> (String, String) {
    guard let sign = text.firstIndex(of: "="), sign != text.startIndex else {
        throw ValidationError("\"\(text)\" is not FIELD=VALUE")
    }
    return (String(text[..<sign]), String(text[text.index(after: sign)...]))
}

/// What the writing of one field of a label means.
func fieldWrite(_ field: String, _ value: String) throws -> AnnotationModel.Operation.Write {
    switch Field(name: field) {
    case .known(.className): return .className(value)
    case .known(.selector):
        return .selector(
            value.hasPrefix("{") ? try parseSelector(value) : .box(try parseBox(value)))
    case .known(.status):
        guard value == "active" || value == "retracted" else {
            throw ValidationError("status is active or retracted")
        }
        return .field(.known(.status), .integer(value == "active" ? 0 : 1))
    case .known(.confidence):
        guard let number = Double(value), (0...1).contains(number) else {
            throw ValidationError("a confidence lies in 0...1")
        }
        return .field(.known(.confidence), .float(number))
    case let field where ProcessingStage(field) != nil && value != "null":
        guard let stage = ProcessingStage(field) else { return .field(field, .null) }
        return .field(field, try StageState(stage, value).value)
    case let field: return .field(field, Output.value(value))
    }
}

/// Writes one operation on a label and prints its id, and whether it waits for acceptance.
private func writeOne(
    _ common: CommonOptions, _ signing: SigningOptions, _ annotation: String,
    _ within: WithinOptions, author: String?,
    _ operation: (LabelView) throws -> AnnotationModel.Operation
) throws {
    let node = try signing.node(common)
    let (dataset, label) = try node.find(annotation, in: try within.dataset(common, node))
    let operation = try operation(label)
    let isRepeated = try repeatsVerdict(operation, label, node, dataset, author: author)
    if try isRepeated || changesNothing(operation, label, node, dataset) {
        return try common.print(
            document: WrittenDocument(nothingIn: dataset, isSuggestion: false),
            [
                isReview(operation)
                    ? "nothing has changed: that is the standing verdict on \(label.id) already"
                    : "nothing has changed: \(label.id) has these values already"
            ])
    }
    try writeOne(common, node, dataset, author: author, operation)
}

private func isReview(_ operation: AnnotationModel.Operation) -> Bool {
    if case .review = operation { return true }
    return false
}

/// Whether a verdict is the one that its reviewer gave last, with the same reason, on the label as it still is.
private func repeatsVerdict(
    _ operation: AnnotationModel.Operation, _ label: LabelView, _ node: Node, _ dataset: DatasetID,
    author: String?
) throws -> Bool {
    guard case .review(_, let verdict, let reason) = operation else { return false }
    return try node.isStandingVerdict(
        verdict, reason: reason, author: author, on: label.key, dataset)
}

/// Whether a change repeats what this organisation has said of a label before and nobody has replaced.
///
/// To say what another one said, or what the label was added with, is a statement of its own: it stands beside
/// what others say at the same time.
func changesNothing(
    _ operation: AnnotationModel.Operation, _ label: LabelView, _ node: Node, _ dataset: DatasetID
) throws -> Bool {
    guard case .set(_, let writes) = operation, !label.flags.isConflict else { return false }
    let own = try node.store.writes(label.key.packed, try node.logNames(dataset)).filter {
        $0.operation.origin == node.home.origin
    }
    return writes.allSatisfy { write in
        switch write {
        case .className(let name):
            own.contains { $0.field == Field.Known.className.name && $0.value == .text(name) }
        case .selector(let selector):
            selector == label.selector
                && own.contains { $0.field == Field.Known.selector.name }
        case .field(let field, let value):
            own.contains { $0.field == field.name && $0.value == value }
        }
    }
}

private func writeOne(
    _ common: CommonOptions, _ node: Node, _ dataset: DatasetID, author: String?,
    _ operation: AnnotationModel.Operation
) throws {
    let ids = try node.write(dataset, author: author, [operation])
    guard let id = ids.first else { return }
    let isSuggestion = try node.suggestion(id, dataset)?.state == .pending
    try common.printWritten(
        node, WrittenDocument(id, isSuggestion: isSuggestion, WriteOutcome(node)),
        [
            isSuggestion
                ? "\(id)  a suggestion: it waits for the annotation's company or a reviewer "
                    + "(countermark review \(id.origin)/\(dataset):\(id.slot.entry).\(id.slot.position) accept)"
                : id.description
        ])
}

/// Changes fields.
struct SetCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "set", abstract: "Changes fields of a label.")
    @OptionGroup var common: CommonOptions
    @OptionGroup var signing: SigningOptions
    @Argument(help: "The label's id.") var annotation: String
    @OptionGroup var within: WithinOptions
    @Argument(help: "FIELD=VALUE.") var fields: [String]
    @Option(help: "Who decided.") var author: String?

    func run() throws {
        let writes = try fields.map { text in
            let (field, value) = try assignment(text)
            return try fieldWrite(field, value)
        }
        try writeOne(common, signing, annotation, within, author: author) { .set($0.id, writes) }
    }
}

/// Retracts a label.
struct Retract: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Retracts a label.")
    @OptionGroup var common: CommonOptions
    @OptionGroup var signing: SigningOptions
    @Argument(help: "The label's id.") var annotation: String
    @OptionGroup var within: WithinOptions
    @Option(help: "Who decided.") var author: String?

    func run() throws {
        try writeOne(common, signing, annotation, within, author: author) {
            .set($0.id, [.field(.known(.status), .integer(1))])
        }
    }
}

/// Brings a retracted label back.
struct Restore: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Brings a retracted label back, or a home from the folder of a backup.")
    @OptionGroup var common: CommonOptions
    @OptionGroup var signing: SigningOptions
    @Argument(help: "The label's id; or a backup's folder, restored to the place of --home.")
    var annotation: String
    @OptionGroup var within: WithinOptions
    @Option(help: "Who decided.") var author: String?

    func run() throws {
        // What cannot be an id is meant as a folder, also where no backup lies in it.
        let isID = (try? OperationID.parse(annotation)) != nil
        if !isID || Restoring.isBackup(annotation) {
            return try restoreHome(from: annotation, common)
        }
        try writeOne(common, signing, annotation, within, author: author) {
            .set($0.id, [.field(.known(.status), .integer(0))])
        }
    }
}

/// A verdict on a label.
struct Review: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "A verdict on a label, or on a suggestion: to accept one makes its change.")
    @OptionGroup var common: CommonOptions
    @OptionGroup var signing: SigningOptions
    @Argument(help: "The id of a label or of a suggestion.") var annotation: String
    @OptionGroup var within: WithinOptions
    @Argument(help: "accept, reject or needs-work.") var verdict: String
    @Option(help: "Why.") var reason: String?
    @Option(help: "The reviewer.") var author: String?

    func run() throws {
        guard let verdict = Verdict(name: verdict) else {
            throw ValidationError("a verdict is accept, reject or needs-work")
        }
        let node = try signing.node(common)
        let chosen = try within.dataset(common, node)
        if let (dataset, id, row) = try node.findSuggestion(annotation, in: chosen) {
            try node.requireDecider(of: row, dataset)
            if try node.hasDecided(id, row, verdict, dataset) {
                return try common.print(
                    document: WrittenDocument(nothingIn: dataset, isSuggestion: false),
                    ["nothing has changed: \(id) was decided so already"])
            }
            try writeOne(
                common, node, dataset, author: author, .review(id, verdict, reason: reason))
            return
        }
        try writeOne(common, signing, annotation, within, author: author) {
            .review($0.id, verdict, reason: reason)
        }
    }
}

/// A comment on a label.
struct Comment: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "A comment on a label.")
    @OptionGroup var common: CommonOptions
    @OptionGroup var signing: SigningOptions
    @Argument(help: "The label's id.") var annotation: String
    @OptionGroup var within: WithinOptions
    @Argument var text: String
    @Option(help: "Who says it.") var author: String?

    func run() throws {
        try writeOne(common, signing, annotation, within, author: author) {
            .comment($0.id, text: text)
        }
    }
}

/// One label with all its values.
struct Show: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "A label or an item: every value with who, when and in which changeset.")
    @OptionGroup var common: CommonOptions
    @Argument(help: "The label's id, or an item's key.") var annotation: String
    @OptionGroup var within: WithinOptions

    func run() throws {
        let node = try common.node()
        let chosen = try within.dataset(common, node)
        let story: LabelStory
        do {
            let (dataset, label) = try node.find(annotation, in: chosen)
            story = try node.story(of: label, dataset)
        } catch let error where !isAmbiguous(error) {
            if let uncounted = try node.story(ofUncounted: annotation, in: chosen) {
                return try common.print(document: uncounted.document, uncounted.lines)
            }
            // What is no label's id may be an item's key.
            guard let dataset = try node.datasetOfItem(annotation, in: chosen),
                let found = try node.story(ofItem: annotation, dataset)
            else { throw error }
            story = found
        }
        try common.print(document: story.document, story.lines)
    }

    /// Whether the id is one, and of several labels: it means none of them.
    private func isAmbiguous(_ error: any Error) -> Bool {
        guard let error = error as? NodeError else { return false }
        return error.code == .ambiguousId || error.code == .twoDatasets
    }
}

/// Changesets.
struct History: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Changesets, newest first.")
    @OptionGroup var common: CommonOptions
    @Argument var dataset: String
    @Option(help: "One organisation's log.") var org: String?

    func run() throws {
        let node = try common.node()
        let id = try common.dataset(dataset, node)
        let document = try HistoryDocument(id, node, of: try org.map { try Origin($0) })
        try common.print(
            document: document,
            document.entries.map {
                "\(Output.time($0.time))  \($0.log)  \($0.index)  \($0.operations)  "
                    + "\($0.signerName)  \($0.message)"
            })
    }
}
