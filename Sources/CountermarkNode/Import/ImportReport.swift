import AnnotationFormats

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

    /// How many reasons are kept.
    public static let skippedMax = 1_000

    /// A report of nothing yet.
    public init() {}

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

    /// The defaults.
    public init() {}
}
