/// What `store show` and `store move` print: where the logs of a home lie.
public struct StoreDocument: Document {
    /// Something that the home does not take from the store.
    public struct Untaken: Encodable, Sendable {
        /// The document's name in the store.
        public let document: String
        /// Why it is not taken, and what to do.
        public let why: String

        /// Makes one of its members.
        public init(document: String, why: String) {
            self.document = document
            self.why = why
        }
    }

    /// The address of the store that several nodes share, or `folder`.
    public let store: String
    /// Where their bytes are: `folder`, `store` where they are in the rows, or the URL of an object store.
    public let tiles: String
    /// How many logs there are.
    public let logs: Int
    /// Their entries.
    public let entries: UInt64
    /// What the company's nodes have in common beside logs, as far as it is here.
    public let documents: Int
    /// The names of those that say something else here, which the store has not learnt yet.
    public let untold: [String]
    /// Those of the store that this home goes past.
    public let untaken: [Untaken]
    /// Of `store move`: whether they lay elsewhere before.
    @OmittedIfNil public var changed: Bool?

    /// Makes one of its members.
    public init(
        store: String, tiles: String, logs: Int, entries: UInt64, documents: Int,
        untold: [String], untaken: [Untaken], changed: Bool? = nil
    ) {
        self.store = store
        self.tiles = tiles
        self.logs = logs
        self.entries = entries
        self.documents = documents
        self.untold = untold
        self.untaken = untaken
        self.changed = changed
    }
}
