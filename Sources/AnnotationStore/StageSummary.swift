import AnnotationModel

/// How far a dataset, or one group of its items, is in each stage.
///
/// Every item stands in exactly one place of each stage, so the figures of a stage add up to the items.
public struct StageSummary: Sendable, Equatable {
    /// The number of items.
    public internal(set) var items = 0
    /// The number of annotations that are not retracted.
    public internal(set) var annotations = 0
    /// The items in each stage.
    public internal(set) var ofItems: [ProcessingStage: StageProgress] = [:]
    /// The annotations in each stage that they can be in.
    public internal(set) var ofAnnotations: [ProcessingStage: StageProgress] = [:]
    /// What each company says to have looked at.
    public internal(set) var looks: [Origin: LookProgress] = [:]
}

/// How many items or annotations are in each state of one stage.
public struct StageProgress: Sendable, Equatable {
    /// The numbers by state, all of the stage's states.
    public internal(set) var states: [String: Int] = [:]
    /// Companies disagree about these.
    public internal(set) var contested = 0
    /// Values that the stage does not know: from another program, or of a newer version.
    public internal(set) var other = 0
    /// Of `clean`: what has no state itself, while another item says that it was made from it.
    public internal(set) var sources = 0
    /// What has no state and need not get one, because `filter` excludes it.
    public internal(set) var excluded = 0
    /// What has no state.
    public internal(set) var notStarted = 0

    /// The sum of all.
    public var total: Int {
        states.values.reduce(0, +) + contested + other + sources + excluded + notStarted
    }
}

/// What one company says to have looked at: nothing found is not the same as not looked.
public struct LookProgress: Sendable, Equatable {
    /// Said to be examined, and labelled by the company.
    public internal(set) var examinedWithLabels = 0
    /// Said to be examined, and nothing found.
    public internal(set) var examinedNothingFound = 0
    /// Labelled, but not said to be examined: there may be more.
    public internal(set) var labelledOnly = 0
    /// Neither, and excluded by `filter`.
    public internal(set) var excluded = 0
    /// Neither.
    public internal(set) var notLooked = 0

    /// The sum of all.
    public var total: Int {
        examinedWithLabels + examinedNothingFound + labelledOnly + excluded + notLooked
    }
}
