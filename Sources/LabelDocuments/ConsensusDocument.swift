import LabelText

/// What `consensus` prints.
public struct ConsensusDocument: Document {
    /// One thing, and what it is held to be.
    public struct Item: Encodable, Sendable {
        /// The item.
        public let item: String
        /// Nil: nothing is there, or several tie.
        public let `class`: String?
        /// The share of the judgements, or the probability.
        public let confidence: Double
        /// The classes that tie.
        public let tied: [String?]
        /// How many have judged.
        public let judgements: Int
        /// `items` or `places`.
        public let task: String
        /// The labels that mean it.
        public let labels: [String]
        /// Where it is, drawn from the labels of the class; nil for whole items, and where there is no class.
        public let selector: JSONValue?

        /// Makes one of its members.
        public init(
            item: String, `class`: String?, confidence: Double, tied: [String?], judgements: Int,
            task: String, labels: [String], selector: JSONValue?
        ) {
            self.item = item
            self.class = `class`
            self.confidence = confidence
            self.tied = tied
            self.judgements = judgements
            self.task = task
            self.labels = labels
            self.selector = selector
        }
    }

    /// What came of signing it.
    public struct Written: Encodable, Sendable {
        /// New labels.
        public let added: Int
        /// Labels that were retracted.
        public let retracted: Int
        /// Labels that are as they were.
        public let unchanged: Int
        /// Things that gave no label.
        public let without: Int
        /// Signed changesets.
        public let changesets: Int

        /// Makes one of its members.
        public init(added: Int, retracted: Int, unchanged: Int, without: Int, changesets: Int) {
            self.added = added
            self.retracted = retracted
            self.unchanged = unchanged
            self.without = without
            self.changesets = changesets
        }
    }

    /// A task without a consensus.
    public struct Without: Encodable, Sendable {
        /// The task.
        public let task: String
        /// Why.
        public let why: String

        /// Makes one of its members.
        public init(task: String, why: String) {
            self.task = task
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
    /// What it is of.
    public let digest: String
    /// How it was found.
    public let method: String
    /// Who is one rater.
    public let by: String
    /// From which overlap on two labels may mean the same thing.
    public let iou: Double
    /// Within which distance points and lines mean the same thing.
    public let near: Double?
    /// Units, by item.
    public let items: [Item]
    /// Where the method finds none.
    public let without: [Without]
    /// Turns of the model by task.
    public let iterations: [String: Int]
    /// Items that were left out.
    public let denseItems: [String]
    /// Things that are not shown, since the dataset is blind.
    public let hidden: Int
    /// What was signed; nil where nothing was asked for.
    public let written: Written?

    /// Makes one of its members.
    public init(
        dataset: String, release: String?, heads: [LogHeadStory]?, part: QualityPartStory,
        digest: String, method: String, by: String, iou: Double, near: Double?,
        items: [Item], without: [Without], iterations: [String: Int], denseItems: [String],
        hidden: Int, written: Written?
    ) {
        self.dataset = dataset
        self.release = release
        self.heads = heads
        self.part = part
        self.digest = digest
        self.method = method
        self.by = by
        self.iou = iou
        self.near = near
        self.items = items
        self.without = without
        self.iterations = iterations
        self.denseItems = denseItems
        self.hidden = hidden
        self.written = written
    }
}
