/// Why there is no number.
///
/// A figure that cannot be computed is a reason, never a NaN, a 0 or a 1 that somebody takes for a result.
public enum Absence: String, Error, Sendable, CaseIterable {
    case noJudgements = "nobody has judged anything"
    case oneRater = "fewer than two raters"
    case noUnitJudgedTwice = "undefined: no item has two raters"
    case oneCategory = "undefined: one category only"
    case notOfPairs = "of two raters only: see the pairs"
    case notNumbers = "the values are not numbers"
    case notPositive = "a ratio needs values of 0 or more"
    case tooManyValues = "a ratio of more than 1,000 different values is not computed"
    case outOfRange = "the values are too large to compute with"
    case nothingClaimed = "undefined: the rater has no such label"
    case nothingToFind = "undefined: the reference has no such label"
    case nothingOnEitherSide = "undefined: neither has such a label"
    case noConfidences = "not every label of the rater has a confidence"
    case tooLarge = "too many raters and categories for this method"

    /// The reason in words.
    public var words: String { rawValue }
}

/// A figure of a label set: a number with its interval and what it was made from, or the reason why there is none.
public struct Figure: Sendable, Equatable {
    /// Between which two numbers 95 of 100 resamplings of the items lie.
    public struct Interval: Sendable, Equatable {
        /// The lower end.
        public let low: Double
        /// The upper end.
        public let high: Double

        /// An interval.
        public init(low: Double, high: Double) { (self.low, self.high) = (low, high) }
    }

    /// What a figure was made from.
    public struct Counts: Sendable, Equatable {
        /// Items with a judgement.
        public var items = 0
        /// Units with at least two judgements, or pairs of labels.
        public var units = 0
        /// All judgements, missing ones not counted.
        public var judgements = 0

        /// Counts.
        public init(items: Int = 0, units: Int = 0, judgements: Int = 0) {
            (self.items, self.units, self.judgements) = (items, units, judgements)
        }
    }

    /// The number, or why there is none.
    public let outcome: Result<Double, Absence>
    /// The interval; nil where there is no number, or the items are too few to resample.
    public let interval: Interval?
    /// What it was made from.
    public let counts: Counts

    /// A figure.
    public init(
        _ outcome: Result<Double, Absence>, interval: Interval? = nil, counts: Counts = Counts()
    ) {
        (self.outcome, self.interval, self.counts) = (outcome, interval, counts)
    }

    /// The number, if there is one.
    public var value: Double? { try? outcome.get() }
    /// Why there is no number.
    public var why: Absence? {
        guard case .failure(let why) = outcome else { return nil }
        return why
    }

    /// A number as an outcome: what is not finite is none.
    static func checked(_ value: Double) -> Result<Double, Absence> {
        value.isFinite ? .success(value) : .failure(.outOfRange)
    }
}
