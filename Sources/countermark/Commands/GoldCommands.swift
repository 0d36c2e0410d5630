import AnnotationFormats
import AnnotationModel
import ArgumentParser
import CompanyHome
import CountermarkNode
import DatasetQuality
import Foundation
import LabelDocuments
import LogStorage
import NodeDocuments
import PlainErrors
import Provenance

/// Known answers that are sealed before, and told after, others have labelled their items.
struct GoldCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gold",
        abstract: "Seals known answers, opens them later, and measures on them who has labelled.",
        subcommands: [Seal.self, Open.self, List.self, Score.self])

    struct Seal: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Keeps answers in a file and signs their salted digest.",
            discussion: """
                The answers come from label files. An item that the files name and that has no label there is one in \
                which nothing is to be found. Keep the file that is written: only with it can the set be opened.
                """)
        @OptionGroup var common: CommonOptions
        @OptionGroup var signing: SigningOptions
        @Argument var dataset: String
        @Argument(help: "The set's name.") var name: String
        @Argument(help: "Label files with the answers.") var files: [String]
        @Option(help: "The files' format.") var format = "jsonl"
        @Option(name: [.customShort("o"), .long], help: "Where answers and salt are kept.")
        var output: String

        func run() throws {
            let node = try signing.node(common)
            let id = try common.dataset(dataset, node)
            try common.requireOutside(output)
            let items = try node.goldItems(files, format: try FormatRegistry.format(named: format))
            try node.sealGold(id, name, items, to: output)
            try GoldCommand.report(name, id, node, common)
        }
    }

    struct Open: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Tells all members the answers that were sealed.")
        @OptionGroup var common: CommonOptions
        @OptionGroup var signing: SigningOptions
        @Argument var dataset: String
        @Argument(help: "The file that gold seal has written.") var file: String

        func run() throws {
            let node = try signing.node(common)
            let id = try common.dataset(dataset, node)
            let bytes = try UserFile.read(file, max: SealedGold.bytesMax)
            let (name, _) = try node.openGold(id, bytes)
            try GoldCommand.report(name, id, node, common)
        }
    }

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "The sets that companies have sealed, and how far they are.")
        @OptionGroup var common: CommonOptions
        @Argument var dataset: String

        func run() throws {
            let node = try common.node()
            let id = try common.dataset(dataset, node)
            let sets = try node.gold(id).map { GoldDocument($0, id) }
            try common.print(document: GoldListDocument(gold: sets), sets.map(\.line))
        }
    }

    struct Score: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "How far those who labelled an opened set's items have found the answers.",
            discussion: "Labels count as they were when the set was opened; see Docs/Quality.md.")
        @OptionGroup var common: CommonOptions
        @Argument var dataset: String
        @Argument(help: "The set's name.") var name: String
        @Option(help: "Whose set; needed where several companies have one of this name.")
        var org: String?
        @Option(help: "Who is one rater: org, author or source.") var by = QualityQuestion.RaterKind
            .org
        @Option(help: "From which overlap on a label may be an answer: above 0, at most 1.")
        var iou = QualityQuestion.overlapDefault
        @Option(name: .customLong("class"), help: "One class against all else.")
        var className: String?

        func validate() throws {
            guard iou > 0, iou <= 1 else { throw ValidationError("--iou is above 0 and at most 1") }
        }

        func run() throws {
            let node = try common.node()
            let id = try common.dataset(dataset, node)
            var question = QualityQuestion()
            (question.by, question.overlapMin, question.className) = (by, iou, className)
            let view = try node.gold(name, of: try org.map { try Origin($0) }, in: id)
            let document = GoldScoreDocument(
                try node.goldScore(view, in: id, question), id, question)
            try common.print(document: document, document.lines)
        }
    }

    private static func report(
        _ name: String, _ id: DatasetID, _ node: Node, _ common: CommonOptions
    ) throws {
        let view = try node.gold(name, of: node.home.origin, in: id)
        let document = GoldDocument(view, id, changed: node.hasWritten)
        try common.printWritten(
            node, document,
            (node.hasWritten ? [] : ["nothing has changed"]) + [document.line])
    }
}
