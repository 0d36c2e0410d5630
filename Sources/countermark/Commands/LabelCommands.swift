import AnnotationFormats
import AnnotationModel
import AnnotationStore
import ArgumentParser
import CompanyHome
import CountermarkNode
import Foundation
import LabelDocuments
import LabelText
import NodeDocuments
import PlainErrors
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

    func validate() throws {
        guard box == nil || selector == nil else {
            throw ValidationError("give either --box or --selector: a label has one place")
        }
    }

    func run() throws {
        let node = try signing.node(common)
        let id = try common.dataset(dataset, node)
        try node.require(id)
        var label = NewLabel(item: item, className: className)
        for text in attributes {
            let (name, value) = try assignment(text)
            label.fields[.attribute(name)] = Output.value(value)
        }
        if let confidence {
            label.fields[.known(.confidence)] = try FieldWrite.confidence(confidence)
        }
        label.selector = try shape()
        let report = try node.annotate(id, label, author: author)
        try common.printWritten(node, report.document, report.lines)
    }

    private func shape() throws -> Selector {
        if let selector { return try FieldWrite.selector(selector) }
        guard let box else { return .wholeItem }
        return .box(try FieldWrite.box(box))
    }
}

private func assignment(_ text: String) throws -> (String, String) {
    guard let sign = text.firstIndex(of: "="), sign != text.startIndex else {
        throw ValidationError("\"\(text)\" is not FIELD=VALUE")
    }
    return (String(text[..<sign]), String(text[text.index(after: sign)...]))
}

/// Says something of a label, and prints what came of it.
private func act(
    _ common: CommonOptions, _ signing: SigningOptions, _ act: LabelAct, on annotation: String,
    _ within: WithinOptions, author: String?
) throws {
    let node = try signing.node(common)
    let report = try node.act(
        act, on: annotation, in: try within.dataset(common, node), author: author)
    try common.printWritten(node, report.document, report.lines)
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
            return try FieldWrite.write(field, value)
        }
        try act(common, signing, .set(writes), on: annotation, within, author: author)
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
        try act(common, signing, .retract, on: annotation, within, author: author)
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
        try act(common, signing, .restore, on: annotation, within, author: author)
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
        try act(
            common, signing, .review(verdict, reason: reason), on: annotation, within,
            author: author)
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
        try act(common, signing, .comment(text), on: annotation, within, author: author)
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
                    + ($0.why.map { "  not counted: \($0)" } ?? "")
            })
    }
}
