import AnnotationFormats
import LabelSchema

/// What an import did.
public struct ImportReport: Sendable {
    /// Labels added.
    public var added = 0
    /// Labels changed.
    public var changed = 0
    /// The number of retracted labels.
    public var retracted = 0
    /// Labels that were there already, or of which the file says nothing new.
    public var unchanged = 0
    /// Changes not written because another company has changed the same field and this log knows it.
    public var held = 0
    /// Labels whose class a mapping renamed.
    public var renamed = 0
    /// The classes of the files that the schema does not have.
    public var unfitClasses: [UnfitClass] = []
    /// True if there are more classes than were told apart.
    public var hasMoreClasses = false
    /// Changesets written.
    public var changesets = 0
    /// Records not taken, with the reason: the first ``skippedMax``.
    public private(set) var skipped: [(where: String, why: String)] = []
    /// The number of records not taken.
    public private(set) var skippedCount = 0

    /// What a person should look at: the first ``skippedMax``.
    public private(set) var notes: [(where: String, what: String)] = []
    /// The number of these.
    public private(set) var noteCount = 0
    /// Files of which nothing was taken, with the reason: the first ``skippedMax``.
    public private(set) var refused: [(where: String, why: String)] = []
    /// The number of these.
    public private(set) var refusedCount = 0
    /// Items that the dataset did not have.
    public var itemsAdded = 0
    /// Items that the dataset had.
    public var itemsMatched = 0

    /// How many reasons are kept.
    public static let skippedMax = 1_000

    /// True where a file was left out, or nothing was taken of what the files hold.
    public var isFailure: Bool {
        refusedCount > 0 || skippedCount > 0 && added + changed + unchanged + retracted == 0
    }

    /// A report of nothing yet.
    public init() {}

    package mutating func note(_ place: String, _ what: String) {
        noteCount += 1
        if notes.count < Self.skippedMax { notes.append((place, what)) }
    }

    mutating func refuse(_ place: String, _ why: String) {
        refusedCount += 1
        if refused.count < Self.skippedMax { refused.append((place, why)) }
    }

    mutating func skip(_ place: String, _ why: String) {
        skippedCount += 1
        if skipped.count < Self.skippedMax { skipped.append((place, why)) }
    }
}

/// How to import.
public struct ImportOptions: Sendable {
    /// Who labelled; nil for the organisation itself.
    public var author: String?
    /// `human`, `model:NAME@VERSION`, `rule`; nil for `import`.
    public var source: String?
    /// Retracts labels of this organisation that the files no longer hold.
    public var prune = false
    /// Refuses labels of items that the dataset does not have.
    public var knownItemsOnly = false
    /// Writes the file's value also where another company changed the field since and this log knows it.
    public var overwrite = false
    /// What classes of the files are called in the dataset.
    public var classMapping: ClassMapping?
    /// Refuses labels that do not fit the schema.
    public var strictSchema = false
    /// What the user says about the names in the files.
    public var itemRules = ItemRules()
    /// Takes the files for a newer version of what was imported before, whatever they are called.
    public var isUpdate = false
    /// Says what would happen, and writes nothing.
    public var isDryRun = false

    /// The defaults.
    public init() {}
}
