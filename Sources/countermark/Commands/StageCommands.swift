import AnnotationModel
import ArgumentParser
import CountermarkNode
import Foundation
import LabelDocuments
import NodeDocuments
import PlainErrors

/// How far items and labels are: filter, clean, classify, annotate, mark, quality.
struct StageCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stage",
        abstract: "How far items and labels are: \(names).",
        subcommands: [Set.self, Show.self, Summary.self])

    static let names = ProcessingStage.allCases.map(\.rawValue).joined(separator: ", ")

    struct Set: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Says how far items or labels are in a stage.",
            discussion: ProcessingStage.allCases.map {
                "\($0.rawValue): \($0.states.joined(separator: ", "))"
            }.joined(separator: "\n"))
        @OptionGroup var common: CommonOptions
        @OptionGroup var signing: SigningOptions
        @Argument var dataset: String
        @OptionGroup var targets: TargetOptions
        @Option(help: "\(StageCommand.names).") var stage: String
        @Option(help: "One of the stage's states.") var state: String
        @Option(help: "The reason.") var why: String?
        @Option(help: "The item that ITEM was made from: clean, done.") var from: String?
        @Option(help: "What was done to it: clean, done.") var how: String?
        @Option(help: "Who decided.") var author: String?

        func run() throws {
            guard let stage = ProcessingStage(name: stage) else {
                throw ValidationError("--stage is one of \(StageCommand.names)")
            }
            let state = try StageState(stage, state, why: why, from: from, how: how)
            let node = try signing.node(common)
            let id = try common.dataset(dataset, node)
            let report = try node.setStage(id, stage, state, try targets.keys(), author: author)
            try report.print(common, node)
        }
    }

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "The stages of one item or label, with who said what.")
        @OptionGroup var common: CommonOptions
        @Argument var dataset: String
        @Argument(help: "The item's key, or the label's id.") var item: String

        func run() throws {
            let node = try common.node()
            let id = try common.dataset(dataset, node)
            try node.require(id)
            let shows = { (field: String) in
                ProcessingStage(Field(name: field)) != nil
                    || field.hasPrefix(Field.examinedPrefix)
            }
            let story: LabelStory
            if let found = try node.story(ofItem: item, id, shows: shows) {
                story = found
            } else {
                story = try node.story(of: try node.find(item, in: id).label, id, shows: shows)
            }
            try common.print(document: story.document, story.lines)
        }
    }

    struct Summary: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "How many items and labels are how far, and who examined what.")
        @OptionGroup var common: CommonOptions
        @Argument var dataset: String
        @Flag(help: "Also by group: by the part that several items show.") var group = false

        func run() throws {
            let node = try common.node()
            let id = try common.dataset(dataset, node)
            let (all, groups) = try node.stages(id, byGroup: group)
            try common.print(
                document: StageSummaryDocument(all, groups: group ? groups : nil),
                StageLines(all).lines
                    + groups.sorted { $0.key < $1.key }.flatMap { name, summary in
                        [name.isEmpty ? "without a group:" : "group \(name):"]
                            + StageLines(summary).lines.map { "  \($0)" }
                    })
        }
    }
}

/// The statement that this is all there is.
struct Examined: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Says that this organisation has looked at items and labelled all there is.")
    @OptionGroup var common: CommonOptions
    @OptionGroup var signing: SigningOptions
    @Argument var dataset: String
    @OptionGroup var targets: TargetOptions
    @Flag(help: "Takes it back.") var withdraw = false
    @Option(help: "Who looked.") var author: String?

    func run() throws {
        let node = try signing.node(common)
        let id = try common.dataset(dataset, node)
        let report = try node.setExamined(
            id, try targets.keys(), isWithdrawn: withdraw, author: author)
        try report.print(common, node)
    }
}

/// Items or labels by their names, on the command line or in a file.
struct TargetOptions: ParsableArguments {
    @Argument(help: "Keys of items; stage set also takes ids of labels.") var items: [String] = []
    @Option(help: "A file with one name a line; - reads standard input.") var itemsFrom: String?

    /// The largest file of names, in bytes: some four million of them.
    static let bytesMax = 256 << 20

    func keys() throws -> [String] {
        guard let itemsFrom else { return items }
        let isInput = itemsFrom == "-"
        guard
            let file = isInput
                ? FileHandle.standardInput : FileHandle(forReadingAtPath: itemsFrom)
        else {
            throw NodeError(
                .noFile, "\(itemsFrom) cannot be read", hint: "check the path")
        }
        var bytes = Data()
        while let part = try file.read(upToCount: 1 << 20), !part.isEmpty {
            bytes.append(part)
            guard bytes.count <= Self.bytesMax else {
                throw NodeError(
                    .namesTooLarge,
                    "\(itemsFrom) holds more than \(Self.bytesMax) bytes of names",
                    hint: "cut it into several files")
            }
        }
        let lines = bytes.split(separator: UInt8(ascii: "\n")).map { line in
            line.last == UInt8(ascii: "\r") ? line.dropLast() : line
        }
        return items
            + (try lines.filter { !$0.isEmpty }.map { line in
                guard let text = String(validating: line, as: UTF8.self) else {
                    throw NodeError(
                        .namesNotUtf8, "\(itemsFrom) holds a name that is no UTF-8",
                        hint: "write the file in UTF-8")
                }
                return text
            })
    }
}

extension StatementReport {
    /// Prints what a statement did, and whether it counts.
    func print(_ common: CommonOptions, _ node: Node) throws {
        try common.printWritten(
            node, StatementDocument(self, WriteOutcome(node)),
            [
                "\(changed) changed, \(unchanged) unchanged, \(added) added in \(changesets) changesets"
                    + (suggestions > 0 ? ", \(suggestions) of them wait for acceptance" : "")
            ] + (changesets == 0 ? ["nothing has changed"] : []))
    }
}
