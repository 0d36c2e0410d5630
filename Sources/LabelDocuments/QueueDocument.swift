/// What the `queue` commands print.
public struct QueueDocument: Document {
    /// An item that is worth another look.
    public struct Item: Encodable, Sendable {
        /// The item.
        public let item: String
        /// Disagreement times value.
        public let score: Double
        /// What makes it so.
        public let why: [String]
        /// `todo` or `doing`; nil while nobody has said anything about it.
        public let state: String?
        /// Who is to do it.
        public let to: String?

        /// Makes one of its members.
        public init(item: String, score: Double, why: [String], state: String?, to: String?) {
            self.item = item
            self.score = score
            self.why = why
            self.state = state
            self.to = to
        }
    }

    /// The dataset.
    public let dataset: String
    /// What the scores are of.
    public let digest: String
    /// Who is one rater.
    public let by: String
    /// From which overlap on two labels may mean the same thing.
    public let iou: Double
    /// The items, the most important ones first.
    public let items: [Item]
    /// Items that are to be reviewed beyond those that are listed.
    public let more: Int
    /// Items whose review is done, or not needed.
    public let settled: Int
    /// Items that were left out.
    public let denseItems: [String]
    /// Whether something was written; absent where it is only listed.
    @OmittedIfNil public var changed: Bool?

    /// Makes one of its members.
    public init(
        dataset: String, digest: String, by: String, iou: Double, items: [Item], more: Int,
        settled: Int, denseItems: [String], changed: Bool? = nil
    ) {
        self.dataset = dataset
        self.digest = digest
        self.by = by
        self.iou = iou
        self.items = items
        self.more = more
        self.settled = settled
        self.denseItems = denseItems
        self.changed = changed
    }
}
