/// What `release diff` prints: what changed between two releases.
public struct ReleaseDiffDocument: Document {
    /// A label or an item that differs.
    public struct Change: Encodable, Sendable {
        /// `added`, `removed` or `changed`.
        public let kind: String
        /// The label or the item.
        public let id: String
        /// It is an item.
        public let isItem: Bool

        /// Makes one of its members.
        public init(kind: String, id: String, isItem: Bool) {
            self.kind = kind
            self.id = id
            self.isItem = isItem
        }
    }

    /// How many differ.
    public struct Count: Encodable, Sendable {
        /// Labels.
        public let labels: Int
        /// Items.
        public let items: Int

        /// Makes one of its members.
        public init(labels: Int, items: Int) {
            self.labels = labels
            self.items = items
        }
    }

    /// The older release.
    public let from: String
    /// The newer one.
    public let to: String
    /// In the newer one only.
    public let added: Count
    /// In the older one only.
    public let removed: Count
    /// In both, and different.
    public let changed: Count
    /// The first of them.
    public let changes: [Change]
    /// All are named.
    public let complete: Bool

    /// Makes one of its members.
    public init(
        from: String, to: String, added: Count, removed: Count, changed: Count, changes: [Change],
        complete: Bool
    ) {
        self.from = from
        self.to = to
        self.added = added
        self.removed = removed
        self.changed = changed
        self.changes = changes
        self.complete = complete
    }
}
