/// What `export` prints.
///
/// The tables for analysts lose nothing, and their document says nothing of that.
public struct ExportDocument: Document {
    /// What the format cannot carry.
    public struct Loss: Encodable, Sendable {
        /// What it is.
        public let why: String
        /// How often.
        public let count: Int
        /// The records were left out; else a part of them.
        public let skipped: Bool

        /// Makes one of its members.
        public init(why: String, count: Int, skipped: Bool) {
            self.why = why
            self.count = count
            self.skipped = skipped
        }
    }

    /// An item that got no place of its own.
    public struct LeftOut: Encodable, Sendable {
        /// Its key.
        public let item: String
        /// Why.
        public let why: String

        /// Makes one of its members.
        public init(item: String, why: String) {
            self.item = item
            self.why = why
        }
    }

    /// Labels written.
    public let annotations: Int
    /// Items written.
    public let items: Int
    /// Labels in conflict among those that were chosen.
    public let contested: Int
    /// Items that the stage filter excludes and that are exported all the same.
    public let excludedItems: Int
    /// The file or folder.
    public let output: String
    /// What the format cannot carry.
    public let losses: [Loss]
    /// Items without a place, by key.
    public let leftOut: [LeftOut]
    /// What a person should know; absent for the tables for analysts.
    @OmittedIfNil public var notes: [String]?
    /// Labels and items that were left out; absent as the notes are.
    @OmittedIfNil public var skippedCount: Int?
    /// Parts of labels that were lost; absent as the notes are.
    @OmittedIfNil public var poorer: Int?
    /// Files of the earlier export in the folder that this one no longer has; absent where a file is written.
    @OmittedIfNil public var removed: [String]?

    /// Makes one of its members.
    public init(
        annotations: Int, items: Int, contested: Int, excludedItems: Int, output: String,
        losses: [Loss], leftOut: [LeftOut], notes: [String]? = nil, skippedCount: Int? = nil,
        poorer: Int? = nil, removed: [String]? = nil
    ) {
        self.annotations = annotations
        self.items = items
        self.contested = contested
        self.excludedItems = excludedItems
        self.output = output
        self.losses = losses
        self.leftOut = leftOut
        self.notes = notes
        self.skippedCount = skippedCount
        self.poorer = poorer
        self.removed = removed
    }
}
