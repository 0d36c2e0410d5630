/// What `stage set` and `examined` print.
public struct StatementDocument: Document {
    /// Items or labels of which something new was said.
    public let changed: Int
    /// Those of which the same had been said.
    public let unchanged: Int
    /// Items registered, since they were cleaned from others.
    public let added: Int
    /// Those of the changed ones that wait for acceptance.
    public let suggestions: Int
    /// Entries written.
    public let changesets: Int
    /// Whether what was written counts.
    public let counted: Bool
    /// Why it does not.
    public let why: String?
    /// The dataset that was written to; absent where nothing was.
    @OmittedIfNil public var dataset: String?

    /// Makes one of its members.
    public init(
        changed: Int, unchanged: Int, added: Int, suggestions: Int, changesets: Int,
        counted: Bool, why: String?, dataset: String? = nil
    ) {
        self.changed = changed
        self.unchanged = unchanged
        self.added = added
        self.suggestions = suggestions
        self.changesets = changesets
        self.counted = counted
        self.why = why
        self.dataset = dataset
    }
}
