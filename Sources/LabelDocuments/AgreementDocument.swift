/// What `agreement` prints.
public struct AgreementDocument: Document {
    /// One figure.
    public struct Measure: Encodable, Sendable {
        /// What it measures.
        public let measure: String
        /// Of whom.
        public let scope: String
        /// `items` or `places`.
        public let task: String
        /// The raters; empty: all.
        public let raters: [String]
        /// The class against all else; nil: all.
        public let `class`: String?
        /// `blind` or `informed`: of such pairs of judgements alone; nil: of all.
        public let pairs: String?
        /// The figure.
        public let value: Double?
        /// Where its interval begins.
        public let low: Double?
        /// Where its interval ends.
        public let high: Double?
        /// Items that it was made from.
        public let items: Int
        /// Units with two judgements or more.
        public let units: Int
        /// Judgements.
        public let judgements: Int
        /// Why there is no figure.
        public let why: String?

        /// Makes one of its members.
        public init(
            measure: String, scope: String, task: String, raters: [String], `class`: String?,
            pairs: String?, value: Double?, low: Double?, high: Double?, items: Int, units: Int,
            judgements: Int, why: String?
        ) {
            self.measure = measure
            self.scope = scope
            self.task = task
            self.raters = raters
            self.class = `class`
            self.pairs = pairs
            self.value = value
            self.low = low
            self.high = high
            self.items = items
            self.units = units
            self.judgements = judgements
            self.why = why
        }
    }

    /// How often one rater said one class, and another one another.
    public struct Confusion: Encodable, Sendable {
        /// The one rater.
        public let a: String
        /// The other one.
        public let b: String
        /// What the one said; nil: nothing there.
        public let `class`: String?
        /// What the other said; nil: nothing there.
        public let other: String?
        /// How often.
        public let count: Int
        /// `items` or `places`.
        public let task: String

        /// Makes one of its members.
        public init(
            a: String, b: String, `class`: String?, other: String?, count: Int, task: String
        ) {
            self.a = a
            self.b = b
            self.class = `class`
            self.other = other
            self.count = count
            self.task = task
        }
    }

    /// What somebody should know of a rater.
    public struct Warning: Encodable, Sendable {
        /// `chance`, `copies` or `alone`.
        public let kind: String
        /// The rater.
        public let rater: String
        /// `items` or `places`.
        public let task: String
        /// The figures in words.
        public let what: String

        /// Makes one of its members.
        public init(kind: String, rater: String, task: String, what: String) {
            self.kind = kind
            self.rater = rater
            self.task = task
            self.what = what
        }
    }

    /// Whether a company labelled as a blind dataset asks for.
    public struct Blindness: Encodable, Sendable {
        /// The company.
        public let org: String
        /// The items that it judged.
        public let items: Int
        /// Those of which it had merged another company's label before it had examined them.
        public let broken: Int
        /// The first of these.
        public let examples: [String]

        /// Makes one of its members.
        public init(org: String, items: Int, broken: Int, examples: [String]) {
            self.org = org
            self.items = items
            self.broken = broken
            self.examples = examples
        }
    }

    /// How far a rater can be relied on.
    public struct Rater: Encodable, Sendable {
        /// How often it said what others said of the same thing.
        public struct Pairs: Encodable, Sendable {
            /// Pairs of judgements.
            public let units: Int
            /// Those that are the same.
            public let agreeing: Int

            /// Makes one of its members.
            public init(units: Int, agreeing: Int) {
                self.units = units
                self.agreeing = agreeing
            }
        }

        /// How often it was with the majority.
        public struct Majority: Encodable, Sendable {
            /// Units with a majority.
            public let units: Int
            /// Those in which it was with it.
            public let agreeing: Int

            /// Makes one of its members.
            public init(units: Int, agreeing: Int) {
                self.units = units
                self.agreeing = agreeing
            }
        }

        /// The rater.
        public let rater: String
        /// `items` or `places`.
        public let task: String
        /// By Dawid and Skene.
        public let reliability: Double?
        /// How many it gave.
        public let judgements: Int
        /// How often it was with the majority.
        public let majority: Majority
        /// Where neither had seen the other's label.
        public let blind: Pairs
        /// Where it had seen the other's label.
        public let informed: Pairs
        /// Why there is no reliability.
        public let why: String?

        /// Makes one of its members.
        public init(
            rater: String, task: String, reliability: Double?, judgements: Int, majority: Majority,
            blind: Pairs, informed: Pairs, why: String?
        ) {
            self.rater = rater
            self.task = task
            self.reliability = reliability
            self.judgements = judgements
            self.majority = majority
            self.blind = blind
            self.informed = informed
            self.why = why
        }
    }

    /// The dataset.
    public let dataset: String
    /// The release over which it was computed.
    public let release: String?
    /// How much of each log it was computed over; nil: all that is merged, or what the release holds.
    public let heads: [LogHeadStory]?
    /// Which labels were looked at.
    public let part: QualityPartStory
    /// What the figures are of.
    public let digest: String
    /// Who is one rater.
    public let by: String
    /// From which overlap on two labels may mean the same thing.
    public let iou: Double
    /// Within which distance points and lines mean the same thing.
    public let near: Double?
    /// The field whose values are compared.
    public let field: String?
    /// The class that is held against all else.
    public let `class`: String?
    /// The rater that the others are held against.
    public let against: String?
    /// How far apart values are.
    public let level: String
    /// The figures.
    public let measures: [Measure]
    /// Who says what instead.
    public let confusion: [Confusion]
    /// How far each can be relied on.
    public let raters: [Rater]
    /// What somebody should know of raters.
    public let warnings: [Warning]
    /// By company, whether a blind dataset was labelled blind; nil where it is not blind.
    public let blindness: [Blindness]?
    /// Pairs of raters beyond the limit.
    public let pairsLeftOut: Int
    /// Lines of confusion beyond the limit.
    public let confusionLeftOut: Int
    /// How often a rater gave a unit several values.
    public let ambiguous: Int
    /// Items that were left out.
    public let denseItems: [String]

    /// Makes one of its members.
    public init(
        dataset: String, release: String?, heads: [LogHeadStory]?, part: QualityPartStory,
        digest: String, by: String, iou: Double, near: Double?, field: String?,
        `class`: String?, against: String?, level: String, measures: [Measure],
        confusion: [Confusion], raters: [Rater], warnings: [Warning], blindness: [Blindness]?,
        pairsLeftOut: Int, confusionLeftOut: Int,
        ambiguous: Int, denseItems: [String]
    ) {
        self.dataset = dataset
        self.release = release
        self.heads = heads
        self.part = part
        self.digest = digest
        self.by = by
        self.iou = iou
        self.near = near
        self.field = field
        self.class = `class`
        self.against = against
        self.level = level
        self.measures = measures
        self.confusion = confusion
        self.raters = raters
        self.warnings = warnings
        self.blindness = blindness
        self.pairsLeftOut = pairsLeftOut
        self.confusionLeftOut = confusionLeftOut
        self.ambiguous = ambiguous
        self.denseItems = denseItems
    }
}
