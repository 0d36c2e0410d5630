/// What `rebuild` prints.
public struct RebuildDocument: Document {
    /// Entries merged, of all datasets named.
    public let entries: UInt64
    /// Operations in them.
    public let operations: Int
    /// The state digest of the last dataset.
    public let digest: String
    /// How long it took.
    public let seconds: Double

    /// Makes one of its members.
    public init(entries: UInt64, operations: Int, digest: String, seconds: Double) {
        self.entries = entries
        self.operations = operations
        self.digest = digest
        self.seconds = seconds
    }
}
