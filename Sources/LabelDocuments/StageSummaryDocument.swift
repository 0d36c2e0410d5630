/// How many items and labels are how far.
public struct StageSummaryDocument: Document {
    /// What is how far in one stage.
    public struct Progress: Encodable, Sendable {
        /// Numbers by state.
        public let states: [String: Int]
        /// Companies disagree about these.
        public let contested: Int
        /// In a state that is unknown here.
        public let other: Int
        /// Sources of cleaned items.
        public let sources: Int
        /// Excluded by the filter, and without a state.
        public let excluded: Int
        /// Without a state.
        public let notStarted: Int

        /// Makes one of its members.
        public init(
            states: [String: Int], contested: Int, other: Int, sources: Int, excluded: Int,
            notStarted: Int
        ) {
            self.states = states
            self.contested = contested
            self.other = other
            self.sources = sources
            self.excluded = excluded
            self.notStarted = notStarted
        }
    }

    /// What one company says to have looked at.
    public struct Look: Encodable, Sendable {
        /// Examined, and labelled.
        public let examinedWithLabels: Int
        /// Examined, and nothing found.
        public let examinedNothingFound: Int
        /// Labelled, and not said to be examined.
        public let labelledOnly: Int
        /// Excluded by the filter.
        public let excluded: Int
        /// Neither.
        public let notLooked: Int

        /// Makes one of its members.
        public init(
            examinedWithLabels: Int, examinedNothingFound: Int, labelledOnly: Int, excluded: Int,
            notLooked: Int
        ) {
            self.examinedWithLabels = examinedWithLabels
            self.examinedNothingFound = examinedNothingFound
            self.labelledOnly = labelledOnly
            self.excluded = excluded
            self.notLooked = notLooked
        }
    }

    /// Items.
    public let items: Int
    /// Labels that are not retracted.
    public let annotations: Int
    /// Of items, by stage.
    public let ofItems: [String: Progress]
    /// Of labels, by stage.
    public let ofAnnotations: [String: Progress]
    /// By organisation.
    public let examined: [String: Look]
    /// The same by group, where it was asked for.
    @OmittedIfNil public var groups: [String: StageSummaryDocument]?

    /// Makes one of its members.
    public init(
        items: Int, annotations: Int, ofItems: [String: Progress],
        ofAnnotations: [String: Progress], examined: [String: Look],
        groups: [String: StageSummaryDocument]? = nil
    ) {
        self.items = items
        self.annotations = annotations
        self.ofItems = ofItems
        self.ofAnnotations = ofAnnotations
        self.examined = examined
        self.groups = groups
    }
}
