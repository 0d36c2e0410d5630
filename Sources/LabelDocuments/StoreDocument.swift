/// What `store show` and `store move` print: where the logs of a home lie.
public struct StoreDocument: Document {
    /// The address of the store that several nodes share, or `folder`.
    public let store: String
    /// Where their bytes are: `folder`, `store` where they are in the rows, or the URL of an object store.
    public let tiles: String
    /// How many logs there are.
    public let logs: Int
    /// Their entries.
    public let entries: UInt64
    /// Of `store move`: whether they lay elsewhere before.
    @OmittedIfNil public var changed: Bool?

    /// Makes one of its members.
    public init(
        store: String, tiles: String, logs: Int, entries: UInt64, changed: Bool? = nil
    ) {
        self.store = store
        self.tiles = tiles
        self.logs = logs
        self.entries = entries
        self.changed = changed
    }
}
