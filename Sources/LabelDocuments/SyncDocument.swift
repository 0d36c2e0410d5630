/// What `sync` prints.
public struct SyncDocument: Document {
    /// What went to and fro with one partner.
    public struct Partner: Encodable, Sendable {
        /// The partner.
        public let org: String
        /// Entries taken.
        public let pulled: UInt64
        /// Entries given.
        public let pushed: UInt64
        /// Operations in what was taken.
        public let operations: Int
        /// Signatures in what was taken.
        public let verified: UInt64
        /// `ok`, `cut` or `failed`.
        public let state: String
        /// What went wrong first.
        public let error: String?
        /// What the operator should know.
        public let notes: [String]

        /// Makes one of its members.
        public init(
            org: String, pulled: UInt64, pushed: UInt64, operations: Int, verified: UInt64,
            state: String, error: String?, notes: [String]
        ) {
            self.org = org
            self.pulled = pulled
            self.pushed = pushed
            self.operations = operations
            self.verified = verified
            self.state = state
            self.error = error
            self.notes = notes
        }
    }

    /// What the sync has changed in one dataset.
    public struct Dataset: Encodable, Sendable {
        /// The dataset.
        public let id: String
        /// Labels now.
        public let annotations: Int
        /// Items now.
        public let items: Int
        /// Labels more than before.
        public let newAnnotations: Int
        /// Items more than before.
        public let newItems: Int

        /// Makes one of its members.
        public init(id: String, annotations: Int, items: Int, newAnnotations: Int, newItems: Int) {
            self.id = id
            self.annotations = annotations
            self.items = items
            self.newAnnotations = newAnnotations
            self.newItems = newItems
        }
    }

    /// Each that was dialled.
    public let partners: [Partner]
    /// Each dataset.
    public let datasets: [Dataset]
    /// What this organisation wrote and does not count.
    public let uncounted: [UncountedDocument]
    /// Whether there is no such thing.
    public let counted: Bool
    /// Why the first of it does not.
    public let why: String?
    /// What ends soon or has ended.
    public let ends: [EndingDocument]
    /// How this machine's clock differs from all partners'; nil if it does not.
    public let clock: String?

    /// Makes one of its members.
    public init(
        partners: [Partner], datasets: [Dataset], uncounted: [UncountedDocument], counted: Bool,
        why: String?, ends: [EndingDocument], clock: String?
    ) {
        self.partners = partners
        self.datasets = datasets
        self.uncounted = uncounted
        self.counted = counted
        self.why = why
        self.ends = ends
        self.clock = clock
    }
}
