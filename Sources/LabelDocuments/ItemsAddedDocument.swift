/// What `items add` prints.
public struct ItemsAddedDocument: Document {
    /// Items that are new or were completed.
    public let added: Int
    /// Items that were known.
    public let unchanged: Int
    /// Whether something was written.
    public let changed: Bool
    /// Files of folders that look like labels and were left out.
    public let labelFiles: Int
    /// What a person should look at.
    public let notes: [RemarkDocument]
    /// Whether what was written counts.
    public let counted: Bool
    /// Why it does not.
    public let why: String?
    /// The dataset that was written to; absent where nothing was.
    @OmittedIfNil public var dataset: String?

    /// Makes one of its members.
    public init(
        added: Int, unchanged: Int, changed: Bool, labelFiles: Int, notes: [RemarkDocument],
        counted: Bool, why: String?, dataset: String? = nil
    ) {
        self.added = added
        self.unchanged = unchanged
        self.changed = changed
        self.labelFiles = labelFiles
        self.notes = notes
        self.counted = counted
        self.why = why
        self.dataset = dataset
    }
}
