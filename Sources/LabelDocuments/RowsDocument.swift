/// What `store rows` prints: how far the labels are rows of the company's database.
public struct RowsDocument: Document {
    /// One dataset whose rows are wanted or there.
    public struct Dataset: Encodable, Sendable {
        /// The dataset.
        public let dataset: String
        /// Whether rows are wanted.
        public let wanted: Bool
        /// Labels that are shown; nil while there are no rows.
        public let labels: Int64?
        /// The state digest of exactly these labels; nil while there are no rows.
        public let digest: String?
        /// Entries of this node's logs that the rows are not made of yet.
        public let behind: UInt64
        /// Labels that are there of rows that are being filled and not shown yet; nil where none are.
        public let filled: Int64?
        /// When something was changed last, in Unix seconds; nil where nothing ever was.
        public let movedAt: Int64?
        /// Why there are no rows, or why this node does not bring them forward; nil for nothing.
        public let why: String?

        /// Makes one of its members.
        public init(
            dataset: String, wanted: Bool, labels: Int64?, digest: String?, behind: UInt64,
            filled: Int64?, movedAt: Int64?, why: String?
        ) {
            self.dataset = dataset
            self.wanted = wanted
            self.labels = labels
            self.digest = digest
            self.behind = behind
            self.filled = filled
            self.movedAt = movedAt
            self.why = why
        }
    }

    /// The store's address.
    public let store: String
    /// The datasets.
    public let rows: [Dataset]
    /// Of `store rows all` and `none`: whether anything was changed.
    @OmittedIfNil public var changed: Bool?

    /// Makes one of its members.
    public init(store: String, rows: [Dataset], changed: Bool? = nil) {
        self.store = store
        self.rows = rows
        self.changed = changed
    }
}
