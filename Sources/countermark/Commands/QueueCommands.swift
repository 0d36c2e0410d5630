import AnnotationModel
import ArgumentParser
import CompanyHome
import CountermarkNode
import DatasetQuality
import LabelDocuments
import NodeDocuments
import Provenance

/// Items by how much another look at them is worth.
struct QueueCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "queue",
        abstract: "Items that are worth another look, to whom they are assigned, and what is next.",
        discussion: "How far an item's review is stands in its stage review, in the logs.",
        subcommands: [List.self, Next.self, Assign.self, Done.self])

    /// What makes an item important.
    struct Options: ParsableArguments {
        @Option(help: "Who is one rater: org, author or source.") var by = QualityQuestion.RaterKind
            .org
        @Option(help: "From which overlap on labels may mean the same thing: above 0, at most 1.")
        var iou = QualityQuestion.overlapDefault
        @Option(name: .customLong("class"), help: "One class against all else.")
        var className: String?
        @Option(
            name: .customLong("weigh"),
            help:
                "FIELD=VALUE or FIELD=VALUE:FACTOR (2): labels with it count so many times; may be repeated."
        )
        var weights: [String] = []

        func validate() throws {
            guard iou > 0, iou <= 1 else { throw ValidationError("--iou is above 0 and at most 1") }
        }

        func question() throws -> QueueQuestion {
            var question = QueueQuestion()
            (question.quality.by, question.quality.overlapMin) = (by, iou)
            question.quality.className = className
            question.weights = try weights.map(Self.weight)
            return question
        }

        private static func weight(
            _ text: String
        ) throws -> (field: String, value: FieldValue, factor: Double) {
            guard let sign = text.firstIndex(of: "="), sign != text.startIndex else {
                throw ValidationError("--weigh is FIELD=VALUE or FIELD=VALUE:FACTOR")
            }
            let field = String(text[..<sign])
            let rest = text[text.index(after: sign)...]
            guard let colon = rest.lastIndex(of: ":"),
                let factor = Double(String(rest[rest.index(after: colon)...]))
            else { return (field, Output.value(String(rest)), 2) }
            guard factor > 0, factor <= QueueQuestion.factorMax else {
                throw ValidationError(
                    "the factor of --weigh is above 0 and at most \(Int(QueueQuestion.factorMax))")
            }
            return (field, Output.value(String(rest[..<colon])), factor)
        }
    }

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "The queue, the most important items first.")
        @OptionGroup var common: CommonOptions
        @Argument var dataset: String
        @OptionGroup var options: Options
        @Option(help: "Only what is assigned to ORG or ORG/PERSON.") var to: String?
        @Option(help: "The most items.") var limit = 100

        func validate() throws {
            guard (1...100_000).contains(limit) else {
                throw ValidationError("--limit is 1...100000")
            }
        }

        func run() throws {
            let node = try common.node()
            let id = try common.dataset(dataset, node)
            let question = try options.question()
            let report = try node.queue(id, question)
            let reviewer = try to.map { try Reviewer($0) }
            if let reviewer { try node.requireReviewer(reviewer, id) }
            let whom = reviewer?.description
            let rows = report.rows.filter { whom == nil || $0.state?.to == whom }
            let document = QueueDocument(
                id.description, question, report, rows: Array(rows.prefix(limit)),
                more: max(0, rows.count - limit))
            let isOthers = rows.isEmpty && !report.rows.isEmpty
            try common.print(
                document: document,
                isOthers
                    ? [
                        "nothing is assigned to \(whom ?? ""), \(report.rows.count) items are left to review"
                    ]
                    : document.lines)
        }
    }

    struct Next: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "The item to look at next, which becomes the caller's.",
            discussion: """
                What he has begun comes first, then what is assigned to him, then to his organisation or to nobody. \
                Run queue done when it is reviewed.
                """)
        @OptionGroup var common: CommonOptions
        @OptionGroup var signing: SigningOptions
        @Argument var dataset: String
        @OptionGroup var options: Options
        @Option(help: "Who reviews; the organisation itself if left out.") var author: String?

        func run() throws {
            let node = try signing.node(common)
            let id = try common.dataset(dataset, node)
            let question = try options.question()
            let reviewer = Reviewer(org: node.home.origin, person: author)
            let found = try node.nextInQueue(id, question, for: reviewer, author: author)
            let report = try node.queue(id, question)
            let document = QueueDocument(
                id.description, question, report, rows: found.map { [$0.row] } ?? [],
                more: max(0, report.rows.count - (found == nil ? 0 : 1)), changed: node.hasWritten)
            try common.printWritten(
                node, document,
                (node.hasWritten ? [] : ["nothing has changed"])
                    + (found == nil && !report.rows.isEmpty
                        ? [
                            "nothing is left for \(reviewer): \(report.rows.count) items are others'"
                        ]
                        : document.items.map(\.line)))
        }
    }

    struct Assign: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Assigns items to an organisation or a person.")
        @OptionGroup var common: CommonOptions
        @OptionGroup var signing: SigningOptions
        @Argument var dataset: String
        @OptionGroup var targets: TargetOptions
        @Option(help: "ORG or ORG/PERSON.") var to: String
        @Option(help: "Why.") var why: String?
        @Option(help: "Who assigns.") var author: String?

        func run() throws {
            let state = try StageState(.review, "todo", why: why, to: try Reviewer(to).description)
            try set(state, dataset, targets, author, common, signing)
        }
    }

    struct Done: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Says that items are reviewed: they leave the queue.")
        @OptionGroup var common: CommonOptions
        @OptionGroup var signing: SigningOptions
        @Argument var dataset: String
        @OptionGroup var targets: TargetOptions
        @Flag(help: "They need no review.") var notNeeded = false
        @Option(help: "What came of it.") var why: String?
        @Option(help: "Who has reviewed.") var author: String?

        func run() throws {
            let state = try StageState(.review, notNeeded ? "not-needed" : "done", why: why)
            try set(state, dataset, targets, author, common, signing)
        }
    }

    private static func set(
        _ state: StageState, _ dataset: String, _ targets: TargetOptions, _ author: String?,
        _ common: CommonOptions, _ signing: SigningOptions
    ) throws {
        let node = try signing.node(common)
        let id = try common.dataset(dataset, node)
        let report = try node.setStage(id, .review, state, try targets.keys(), author: author)
        try report.print(common, node)
    }
}
