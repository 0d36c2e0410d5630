/// What `import` prints.
public struct ImportDocument: Document {
    /// Items that the files name.
    public struct Items: Encodable, Sendable {
        /// Those that the dataset had.
        public let matched: Int
        /// Those that it had not.
        public let new: Int
        /// An import with such names is refused.
        public let ambiguous: Int = 0

        /// Makes one of its members.
        public init(matched: Int, new: Int) {
            self.matched = matched
            self.new = new
        }
    }

    /// Labels that are new.
    public let added: Int
    /// Labels that were changed.
    public let changed: Int
    /// Labels that were retracted.
    public let retracted: Int
    /// Labels that were known.
    public let unchanged: Int
    /// Changes that were not written, since another company has changed the field.
    public let held: Int
    /// Nothing was written.
    public let dryRun: Bool
    /// Entries written.
    public let changesets: Int
    /// Records that were not taken.
    public let skippedCount: Int
    /// The first of them.
    public let skipped: [RefusalDocument]
    /// What a person should look at: the first of them.
    public let notes: [RemarkDocument]
    /// How many there are.
    public let noteCount: Int
    /// Files of which nothing was taken.
    public let refused: [RefusalDocument]
    /// The items that the files name.
    public let items: Items
    /// Labels whose class the mapping renamed.
    public let renamed: Int
    /// Classes that the schema lacks.
    public let classes: [UnfitClassDocument]
    /// There are more than are listed.
    public let moreClasses: Bool
    /// Whether what was written counts.
    public let counted: Bool
    /// Why it does not.
    public let why: String?
    /// The dataset that was written to; absent where nothing was.
    @OmittedIfNil public var dataset: String?

    /// Makes one of its members.
    public init(
        added: Int, changed: Int, retracted: Int, unchanged: Int, held: Int, dryRun: Bool,
        changesets: Int, skippedCount: Int, skipped: [RefusalDocument], notes: [RemarkDocument],
        noteCount: Int, refused: [RefusalDocument], items: Items, renamed: Int,
        classes: [UnfitClassDocument], moreClasses: Bool, counted: Bool, why: String?,
        dataset: String? = nil
    ) {
        self.added = added
        self.changed = changed
        self.retracted = retracted
        self.unchanged = unchanged
        self.held = held
        self.dryRun = dryRun
        self.changesets = changesets
        self.skippedCount = skippedCount
        self.skipped = skipped
        self.notes = notes
        self.noteCount = noteCount
        self.refused = refused
        self.items = items
        self.renamed = renamed
        self.classes = classes
        self.moreClasses = moreClasses
        self.counted = counted
        self.why = why
        self.dataset = dataset
    }
}
