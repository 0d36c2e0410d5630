import AnnotationModel
import AnnotationStore
import LabelQuality
import Provenance

/// What is asked of a label set's quality.
public struct QualityQuestion: Sendable {
    /// Who counts as one rater.
    public enum RaterKind: String, CaseIterable, Sendable {
        /// Whoever labelled, as the label or its changeset names them; else the company.
        case author
        /// The company whose log holds the label.
        case org
        /// The tool, as `source` names it.
        case source
    }

    /// Who counts as one rater.
    public var by = RaterKind.org
    /// From which overlap on two labels may mean the same thing.
    public var overlapMin = QualityQuestion.overlapDefault
    /// Within which distance points and lines mean the same thing, in their own unit; nil: a line's follows from its
    /// size, and points are the same or not.
    public var near: Double?
    /// Which labels are looked at.
    public var part = QualityPart()
    /// Judges one class against all else.
    public var className: String?
    /// Compares the values of this field, and not the classes.
    public var field: String?
    /// How far apart values are; where it is left out, numbers by their difference and all else by name.
    public var level: Level?
    /// Whether the labels' places are kept, and not only what is compared of them.
    package var keepsPlaces = false
    /// What to compute.
    public var measures = Measure.allCases
    /// The rater whose labels the others' are held against.
    public var against: String?

    /// All measures between companies.
    public init() {}

    /// Half, as most users of boxes ask.
    public static let overlapDefault = 0.5
    /// The most pairs of raters of whom figures are given: those that share most.
    public static let pairsMax = 1_000
    /// The most lines of confusion.
    public static let confusionMax = 50_000
    /// The most classes that are held against a reference one by one: the most frequent ones.
    public static let classesMax = 200
}

/// Which of a dataset's labels are looked at; all of them, unless it says otherwise.
public struct QualityPart: Sendable, Equatable {
    /// Only items of this group.
    public var group: String?
    /// Only labels that were added in this second (Unix time, as their signers claim) or later.
    public var since: Int64?
    /// Only labels that were added before this second.
    public var until: Int64?

    /// All labels.
    public init() {}

    /// Whether an entry's labels were added in the time that is asked for.
    package func holds(_ entryKey: Int64, _ rows: any LabelStorage) throws -> Bool {
        if since == nil, until == nil { return true }
        let time = try rows.entry(entryKey)?.time ?? 0
        return since.map { time >= $0 } != false && until.map { time < $0 } != false
    }
}

/// What is judged: the classes of whole items, or of places in them that labels share.
public enum QualityTask: String, Sendable, CaseIterable {
    /// Each item as a whole.
    case items
    /// Boxes, spans and all else that lies somewhere in an item.
    case places
}

/// Whether two raters could know of each other what they said of an item.
public enum PairKind: String, Sendable, CaseIterable {
    /// Neither's changesets had merged a label of the other one of this item.
    case blind
    /// All others: one had merged the other's label, or both share a log.
    case informed
}

/// How often two said the same.
public struct AgreeingPairs: Sendable, Equatable {
    /// Judgements of a pair, of one thing.
    public package(set) var units = 0
    /// Those that are the same.
    public package(set) var agreeing = 0
}

/// One figure of a label set, with what it is of.
public struct QualityRow: Sendable {
    /// The measure's name.
    public let measure: String
    /// What is judged.
    public let task: QualityTask
    /// The raters it is of; none stands for all.
    public let raters: [String]
    /// The class that is held against a reference; nil for all.
    public let className: String?
    /// The number, or why there is none.
    public let figure: Figure
    /// The pairs of judgements that alone are counted; nil for all.
    public var pairs: PairKind?

    /// Of whom, in words.
    public var scope: String {
        switch measure {
        case "precision", "recall", "f1", "average-precision":
            raters.joined(separator: " against ")
        default: raters.isEmpty ? "all" : raters.joined(separator: ", ")
        }
    }
}

/// How often one rater said one class where another said another one; nil stands for nothing at all.
public struct ConfusionRow: Sendable {
    /// The two raters.
    public let one, other: String
    /// What the first said.
    public let className: String?
    /// What the other said.
    public let otherClass: String?
    /// How often.
    public let count: Int
    /// What is judged.
    public let task: QualityTask
}

/// How far a rater can be relied on.
public struct RaterRow: Sendable {
    /// The rater.
    public let rater: String
    /// What is judged.
    public let task: QualityTask
    /// How many judgements it made.
    public let judgements: Int
    /// How probable it is that one is right, by Dawid and Skene, or why that is not known.
    public let reliability: Result<Double, Absence>
    /// Where two or more judged and most agreed: how often, and how often this rater was with them.
    public let majority: (units: Int, agreeing: Int)
    /// With others, where neither had seen the other's label of the item.
    public let blind: AgreeingPairs
    /// With others whose label of the item it had seen before.
    public let informed: AgreeingPairs
}

/// What `agreement` found.
public struct AgreementReport: Sendable {
    /// The state that it was computed at, in hexadecimal.
    public package(set) var digest = ""
    /// How much of each log that state holds, by origin; nil where it is the present one, or a release's.
    public package(set) var heads: [LogHead]?
    /// The raters, by their names' bytes.
    public package(set) var raters: [String] = []
    /// The figures.
    public package(set) var rows: [QualityRow] = []
    /// Who said what where another said something else.
    public package(set) var confusion: [ConfusionRow] = []
    /// How far each rater can be relied on.
    public package(set) var reliability: [RaterRow] = []
    /// What somebody should know of raters.
    public package(set) var warnings: [QualityWarning] = []
    /// Of a blind dataset, whether each company labelled without having merged others' labels; nil where it is not
    /// blind, or companies are not the raters.
    public package(set) var blindness: [BlindRow]?
    /// Pairs of raters that share something and that no figures are given of.
    public package(set) var pairsLeftOut = 0
    /// Lines of confusion that are not given.
    public package(set) var confusionLeftOut = 0
    /// Items on which more labels lie upon each other than are compared.
    public package(set) var denseItems: [String] = []
    /// How far apart values were.
    public package(set) var level = Level.nominal
    /// Items of which a rater gave a field several values, so that none counts.
    public package(set) var ambiguous = 0
}

/// What most raters said of a thing, or what is most probable.
public struct ConsensusRow: Sendable {
    /// The item.
    public let item: String
    /// What is judged.
    public let task: QualityTask
    /// The class; nil for nothing, or where several tie.
    public let className: String?
    /// The share of the judgements, or the probability.
    public let confidence: Double
    /// The classes that tie, nil for nothing; empty where one is ahead.
    public let tied: [String?]
    /// How many judged.
    public let judgements: Int
    /// The labels that mean this thing, by their ids; of whole items those that were given the class.
    public let labels: [String]
    /// Where it is, drawn from the labels of the class; nil for whole items, and where there is no class.
    public let selector: Selector?
}

/// What `consensus` found.
public struct ConsensusReport: Sendable {
    /// The state that it was computed at, in hexadecimal.
    public package(set) var digest = ""
    /// How much of each log that state holds, by origin; nil where it is the present one, or a release's.
    public package(set) var heads: [LogHead]?
    /// The things, by item.
    public package(set) var rows: [ConsensusRow] = []
    /// Why there is no consensus of a task.
    public package(set) var absences: [QualityTask: Absence] = [:]
    /// Things that are left out, since the dataset is blind and this organisation has not examined their items.
    public package(set) var hidden = 0
    /// The turns that the model took, by task.
    public package(set) var iterations: [QualityTask: Int] = [:]
    /// Items on which more labels lie upon each other than are compared.
    public package(set) var denseItems: [String] = []
}
