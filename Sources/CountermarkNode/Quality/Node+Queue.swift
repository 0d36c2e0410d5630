import AnnotationModel
import AnnotationStore
import DatasetQuality
import LabelQuality
import PlainErrors
import Provenance
import Signing

/// What is asked of a dataset's review queue.
public struct QueueQuestion: Sendable {
    /// Who is a rater, when labels mean the same thing, and one class, if only that is of interest.
    public var quality = QualityQuestion()
    /// What makes a thing more important: a field, its value, and how many times as important.
    public var weights: [(field: String, value: FieldValue, factor: Double)] = []

    /// Disagreement of companies.
    public init() {}

    /// The largest factor.
    public static let factorMax = 1_000.0
}

/// An item that is worth another look.
public struct QueueRow: Sendable, Equatable {
    /// The item.
    public let item: String
    /// How much it is worth: the sum over its things of disagreement times value.
    public let score: Double
    /// What makes it so, without saying what anybody labelled.
    public let why: [String]
    /// How far its review is; nil while nobody has said anything about it.
    public let state: StageState?
}

/// The review queue of a dataset.
public struct QueueReport: Sendable {
    /// The state that it was computed at, in hexadecimal.
    public internal(set) var digest = ""
    /// The items that are to be reviewed, the most important ones first.
    public internal(set) var rows: [QueueRow] = []
    /// Items whose review is done or not needed.
    public internal(set) var settled = 0
    /// Items that were left out, since too many of their labels lie upon each other.
    public internal(set) var denseItems: [String] = []
}

/// Who reviews: an organisation, or a person of it.
public struct Reviewer: Hashable, Sendable, CustomStringConvertible {
    /// The organisation.
    public let org: Origin
    /// The person; nil for anybody of the organisation.
    public let person: String?

    /// A reviewer.
    public init(org: Origin, person: String? = nil) { (self.org, self.person) = (org, person) }

    /// Reads `ORG` or `ORG/PERSON`.
    ///
    /// - Throws: ``AnnotationModelError`` for anything else.
    public init(_ text: String) throws(AnnotationModelError) {
        // An origin holds no slash, so the first one ends it.
        guard let slash = text.firstIndex(of: "/") else {
            self.init(org: try Origin(text))
            return
        }
        let person = String(text[text.index(after: slash)...])
        try ChangesetBuilder.checkName(person)
        self.init(org: try Origin(String(text[..<slash])), person: person)
    }

    /// `ORG`, or `ORG/PERSON`.
    public var description: String { org.description + (person.map { "/\($0)" } ?? "") }

    /// Whether work that is assigned to somebody is this one's: to him, or to anybody of his organisation.
    func mayTake(_ assigned: String?) -> Bool {
        guard let assigned else { return true }
        return assigned.hasSameBytes(as: description)
            || assigned.hasSameBytes(as: org.description)
    }
}

extension Node {
    /// The items of a dataset by how much another look at them is worth.
    ///
    /// Of each thing the score is disagreement times value. Disagreement is the share of its raters' pairs that say
    /// different things; of what a model alone has predicted, what its confidence lacks of 1. Value is the product
    /// of how rare the rarest of its classes is (1 for the most frequent one, 1 more for each time that three times
    /// as many had to be there), of how unsure the least sure prediction is (1 to 2), and of the weights.
    public func queue(_ dataset: DatasetID, _ question: QueueQuestion) throws -> QueueReport {
        var weighted: [OperationID: [Int]] = [:]
        let labels = try qualityLabels(dataset, question.quality) { label in
            if question.weights.isEmpty { return true }
            var found: [Int] = []
            try label.forEachField { field, value in
                let name = try label.field(field)
                for (place, weight) in question.weights.enumerated()
                where name.hasSameBytes(as: weight.field) {
                    if try FieldValue(decoding: value) == weight.value { found.append(place) }
                }
            }
            if !found.isEmpty { weighted[label.id] = found.sorted() }
            return true
        }
        try labels.requireClass(question.quality.className, of: dataset)
        var report = QueueReport()
        report.digest = labels.digestText
        var scores = ItemScores(labels, question.weights.map { ($0.field, $0.factor) }, weighted)
        for task in QualityTask.allCases {
            var builder = JudgedThingsBuilder(labels, question.quality)
            guard let things = builder.things(task) else { continue }
            report.denseItems += things.dense.map { labels.items[Int($0)] }
            scores.add(things)
        }
        let states = try reviewStates(dataset)
        for row in scores.rows(states) {
            if row.state.map({ ["done", "not-needed"].contains($0.state) }) == true {
                report.settled += 1
            } else {
                report.rows.append(row)
            }
        }
        return report
    }

    /// The item that a reviewer is to look at next: what he has begun, else what is assigned to him, else to his
    /// organisation or to nobody; in each case the most important one.
    ///
    /// What he has not begun he begins: its review is `doing`, and his.
    ///
    /// - Returns: The item, and whether anything was written; nil where nothing is left for him.
    public func nextInQueue(
        _ dataset: DatasetID, _ question: QueueQuestion, for reviewer: Reviewer, author: String?
    ) throws -> (row: QueueRow, isNew: Bool)? {
        let rows = try queue(dataset, question).rows
        let name = reviewer.description
        if let begun = rows.first(where: { $0.isBegun && $0.isAssigned(to: name) }) {
            return (begun, false)
        }
        let open = rows.filter { !$0.isBegun && reviewer.mayTake($0.state?.to) }
        guard let row = open.first(where: { $0.isAssigned(to: name) }) ?? open.first else {
            return nil
        }
        let state = try StageState(.review, "doing", why: row.state?.why, to: name)
        _ = try setStage(dataset, .review, state, [row.item], author: author)
        return (QueueRow(item: row.item, score: row.score, why: row.why, state: state), true)
    }

    /// Throws for somebody of an organisation that is no member: nobody would take what is assigned to him.
    public func requireReviewer(_ reviewer: Reviewer, _ dataset: DatasetID) throws {
        guard try !mergedState(dataset).membership.isMember(reviewer.org) else { return }
        throw NodeError.notFound(
            "member", reviewer.org.description, hint: "see countermark dataset show \(dataset)")
    }

    private func reviewStates(_ dataset: DatasetID) throws -> ByteMap<StageState> {
        var states: ByteMap<StageState> = [:]
        let field = ProcessingStage.review.field.name
        try store.forEachItem(dataset) { item in
            if let value = item.fields[field] { states[item.key] = StageState(of: .review, value) }
        }
        return states
    }
}

extension QueueRow {
    fileprivate var isBegun: Bool { state?.state == "doing" }

    fileprivate func isAssigned(to name: String) -> Bool {
        state?.to?.hasSameBytes(as: name) == true
    }
}

/// The scores of items while their things go by.
private struct ItemScores {
    private let labels: QualityLabels
    private let weights: [(field: String, factor: Double)]
    private let weighted: [OperationID: [Int]]
    private var counts: [Int32: Int] = [:]
    private let most: Int
    private var scores: [Int32: Double] = [:]
    private var reasons: [Int32: Reasons] = [:]

    private struct Reasons {
        var things = 0
        var rare = false
        var unsure: Double?
        var weights: Set<Int> = []
    }

    /// From which rarity on it is named.
    private static let rareFrom = 2.0

    init(
        _ labels: QualityLabels, _ weights: [(field: String, factor: Double)],
        _ weighted: [OperationID: [Int]]
    ) {
        (self.labels, self.weights, self.weighted) = (labels, weights, weighted)
        for label in labels.labels { counts[label.className, default: 0] += 1 }
        most = counts.values.max() ?? 1
    }

    mutating func add(_ things: JudgedThings) {
        for unit in 0..<things.table.unitCount {
            let item = things.itemOfUnit[unit]
            let members =
                things.task == .places
                ? things.members(of: unit).map { Int($0) }
                : labels.range(of: item).filter { labels.isWhole(labels.labels[$0]) }
            add(item, members, things.table.judgements(of: unit).map(\.category))
        }
    }

    private mutating func add(_ item: Int32, _ members: [Int], _ said: [Int]) {
        let unsure = members.compactMap { place -> Double? in
            let said = labels.detail(labels.labels[place])
            guard said.isModel, let confidence = said.confidence, confidence.isFinite else {
                return nil
            }
            return 1 - min(1, max(0, confidence))
        }.max()
        var disagreement = Self.disagreement(said)
        if said.count == 1, let unsure { disagreement = unsure }
        guard disagreement > 0 else { return }
        let rarity =
            members.map { place in
                Rarity.factor(count: counts[labels.labels[place].className] ?? 1, most: most)
            }.max() ?? 1
        let found = Set(members.flatMap { weighted[labels.id(labels.labels[$0])] ?? [] })
        let factor = found.sorted().reduce(1) { $0 * weights[$1].factor }
        scores[item, default: 0] += disagreement * rarity * (1 + (unsure ?? 0)) * factor
        var reason = reasons[item] ?? Reasons()
        reason.things += 1
        if rarity >= Self.rareFrom { reason.rare = true }
        if let unsure { reason.unsure = max(unsure, reason.unsure ?? 0) }
        reason.weights.formUnion(found)
        reasons[item] = reason
    }

    /// The share of pairs of judgements that differ.
    private static func disagreement(_ said: [Int]) -> Double {
        guard said.count > 1 else { return 0 }
        var counts: [Int: Int] = [:]
        for category in said { counts[category, default: 0] += 1 }
        let same = counts.values.reduce(0) { $0 + $1 * ($1 - 1) }
        return 1 - Double(same) / Double(said.count * (said.count - 1))
    }

    /// The items by their scores; of equal ones by the bytes of their keys.
    func rows(_ states: ByteMap<StageState>) -> [QueueRow] {
        var rows: [QueueRow] = []
        for (item, score) in scores.sorted(by: { ($1.value, $0.key) < ($0.value, $1.key) }) {
            let key = labels.items[Int(item)]
            rows.append(
                QueueRow(
                    item: key, score: score, why: words(reasons[item] ?? Reasons()),
                    state: states[key]))
        }
        return rows
    }

    private func words(_ reasons: Reasons) -> [String] {
        var words = ["\(reasons.things) \(reasons.things == 1 ? "thing" : "things") in dispute"]
        if reasons.rare { words.append("a rare class") }
        if let unsure = reasons.unsure {
            let percent = Int(((1 - unsure) * 100).rounded())
            words.append("a model is \(percent) % sure")
        }
        return words
            + reasons.weights.sorted().map { "\(weights[$0].field) counts \(weights[$0].factor)" }
    }
}
