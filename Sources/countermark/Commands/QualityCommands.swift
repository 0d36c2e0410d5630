import AnnotationModel
import ArgumentParser
import CountermarkNode
import DatasetQuality
import Foundation
import LabelDocuments
import LabelQuality
import NodeDocuments

/// How far raters agree.
struct AgreementCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "agreement",
        abstract: "How far companies, people or tools agree, and who says what instead.",
        discussion: "Docs/Quality.md defines every figure.")
    @OptionGroup var common: CommonOptions
    @Argument var dataset: String
    @OptionGroup var raters: RaterOptions
    @Option(
        name: .customLong("measure"), parsing: .upToNextOption,
        help: "\(Measure.allCases.map(\.rawValue).joined(separator: ", ")); all if left out.")
    var measures: [Measure] = []
    @Option(name: .customLong("class"), help: "One class against all else.") var className: String?
    @Option(help: "Compare the values of this field, and not the classes.") var field: String?
    @Option(
        help: """
            How far apart values are: nominal, ordinal, interval, ratio. Left out, numbers are compared by \
            their difference and all else by name.
            """)
    var level: Level?
    @Option(help: "Hold the others' labels against this rater's: precision, recall, F1, AP.")
    var against: String?

    func validate() throws {
        if field != nil, className != nil || against != nil {
            throw ValidationError("--field goes with neither --class nor --against")
        }
        if level != nil, field == nil {
            throw ValidationError("--level is for the values of a --field")
        }
    }

    func run() throws {
        let node = try common.node()
        let id = try common.dataset(dataset, node)
        var question = try raters.question
        if !measures.isEmpty { question.measures = measures.uniqued }
        question.className = className
        question.field = field
        question.level = level
        question.against = against
        let report: AgreementReport
        if let release = raters.release {
            let (contents, digest) = try node.checkedRelease(release, of: id)
            report = try contents.agreement(question, digest: digest)
        } else if let heads = try raters.heads {
            report = try node.agreement(id, question, at: heads)
        } else {
            report = try node.agreement(id, question)
        }
        let document = AgreementDocument(
            id.description, release: raters.release, question, report)
        try common.print(document: document, document.lines)
    }
}

/// What raters hold in common.
struct ConsensusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "consensus",
        abstract: "What most say of each item and place, or what is most probable.",
        discussion: """
            Anybody who holds the logs computes the same. With --write the steward also signs it as labels of the \
            source rule:consensus@METHOD, which name the labels that they are drawn from.
            """)

    /// How it is found.
    enum Method: String, ExpressibleByArgument, CaseIterable {
        case majority
        case dawidSkene = "dawid-skene"
    }

    @OptionGroup var common: CommonOptions
    @OptionGroup var signing: SigningOptions
    @Argument var dataset: String
    @Option(help: "majority, or dawid-skene: weighted by how far each rater can be relied on.")
    var method: Method
    @OptionGroup var raters: RaterOptions
    @Flag(help: "Sign it as labels, and retract those that it no longer gives; the steward's act.")
    var write = false

    func validate() throws {
        guard !write || raters.isOfAllNow else {
            throw ValidationError(
                "--write is for all labels as they are now, and goes with none of --release, --at, --group, "
                    + "--since and --until")
        }
    }

    func run() throws {
        let node = try signing.node(common)
        let id = try common.dataset(dataset, node)
        let question = try raters.question
        if write { return try sign(id, node, question) }
        let isWeighted = method == .dawidSkene
        let report: ConsensusReport
        if let release = raters.release {
            let (contents, digest) = try node.checkedRelease(release, of: id)
            report = try contents.consensus(question, digest: digest, isWeighted: isWeighted)
        } else if let heads = try raters.heads {
            report = try node.consensus(id, question, isWeighted: isWeighted, at: heads)
        } else {
            report = try node.consensus(id, question, isWeighted: isWeighted)
        }
        let document = ConsensusDocument(
            id.description, release: raters.release, method: method.rawValue, question, report)
        try common.print(document: document, document.lines)
    }
}

extension ConsensusCommand {
    private func sign(_ id: DatasetID, _ node: Node, _ question: QualityQuestion) throws {
        let (report, written) = try node.writeConsensus(
            id, question, isWeighted: method == .dawidSkene, method: method.rawValue)
        let document = ConsensusDocument(
            id.description, release: nil, method: method.rawValue, question, report,
            written: written)
        try common.printWritten(node, document, document.lines)
    }
}

/// Who is a rater, and when two labels may mean the same thing.
struct RaterOptions: ParsableArguments {
    @Option(help: "Who is one rater: org, author or source.") var by = QualityQuestion.RaterKind.org
    @Option(help: "From which overlap on labels may mean the same thing: above 0, at most 1.")
    var iou = QualityQuestion.overlapDefault
    @Option(
        help: """
            Within which distance points and lines mean the same thing, in their own unit. Left out, a line's follows \
            from its size, and points have to be equal.
            """)
    var near: Double?
    @Option(help: "Over the labels of this release, whatever has changed since.")
    var release: String?
    @Option(
        help: """
            ORG=N: over the first N entries of ORG's log, and what can be merged with them of the logs that are not \
            named; may be repeated.
            """)
    var at: [String] = []
    @Option(help: "Only items of this group.") var group: String?
    @Option(
        help:
            "Only labels added at this time or later: 2026-11-29, 2026-11-29T12:00:00Z or Unix seconds."
    )
    var since: String?
    @Option(help: "Only labels added before this time.") var until: String?

    func validate() throws {
        guard iou > 0, iou <= 1 else { throw ValidationError("--iou is above 0 and at most 1") }
        guard near.map({ $0 > 0 && $0.isFinite }) != false else {
            throw ValidationError("--near is a distance above 0")
        }
        guard release == nil || at.isEmpty else {
            throw ValidationError("a --release has its own heads: it does not go with --at")
        }
        _ = try heads
        if let since = try since.map(Self.time), let until = try until.map(Self.time),
            until <= since
        {
            throw ValidationError("no time is at --since or later and before --until")
        }
    }

    var question: QualityQuestion {
        get throws {
            var question = QualityQuestion()
            (question.by, question.overlapMin, question.near) = (by, iou, near)
            question.part.group = group
            question.part.since = try since.map(Self.time)
            question.part.until = try until.map(Self.time)
            return question
        }
    }

    /// How much of each log is asked for; nil for all that is merged.
    var heads: [LogHead]? {
        get throws {
            if at.isEmpty { return nil }
            let heads = try at.map { text in
                let parts = text.split(
                    separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                guard parts.count == 2, let origin = try? Origin(String(parts[0])),
                    let size = UInt64(parts[1])
                else {
                    throw ValidationError(
                        "--at is ORG=N, for instance tier1.example=12, not \(text)")
                }
                return LogHead(origin: origin, size: size)
            }
            guard Set(heads.map(\.origin)).count == heads.count else {
                throw ValidationError("--at names a log twice")
            }
            return heads
        }
    }

    /// Whether nothing but the present label set is asked for, and all of it.
    var isOfAllNow: Bool {
        release == nil && at.isEmpty && group == nil && since == nil && until == nil
    }

    /// Unix seconds of what people write for a time, in UTC.
    private static func time(_ text: String) throws -> Int64 {
        if let seconds = Int64(text) { return seconds }
        let formatter = ISO8601DateFormatter()
        formatter.formatOptions =
            text.contains("T") ? [.withInternetDateTime] : [.withFullDate]
        let day = ISO8601DateFormatter()
        day.formatOptions = [.withFullDate]
        // The formatter takes the 30th of February for the 2nd of March.
        guard let date = formatter.date(from: text),
            day.date(from: String(text.prefix(10))).map({ day.string(from: $0) })
                == String(text.prefix(10))
        else {
            throw ValidationError(
                "\(text) is no time: 2026-11-29, 2026-11-29T12:00:00Z or Unix seconds")
        }
        return Int64(date.timeIntervalSince1970)
    }
}

extension Measure: ExpressibleByArgument {}
extension Level: ExpressibleByArgument {}
extension QualityQuestion.RaterKind: ExpressibleByArgument {}

extension [Measure] {
    /// Each of them once, in the order in which they came.
    fileprivate var uniqued: [Measure] {
        reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
    }
}
