/// What an organisation wrote and does not count, by reason.
public struct UncountedDocument: Document {
    /// The dataset.
    public let dataset: String
    /// It does not count.
    public let counted: Bool = false
    /// Why, for people.
    public let why: String
    /// Why, for programs.
    public let reason: String
    /// Entries as a whole.
    public let entries: Int
    /// Single operations of entries that count.
    public let operations: Int
    /// The first entry concerned.
    public let first: UInt64
    /// The last one.
    public let last: UInt64
    /// Whether the log's last entry is among them.
    public let latest: Bool

    /// Makes one of its members.
    public init(
        dataset: String, why: String, reason: String, entries: Int, operations: Int, first: UInt64,
        last: UInt64, latest: Bool
    ) {
        self.dataset = dataset
        self.why = why
        self.reason = reason
        self.entries = entries
        self.operations = operations
        self.first = first
        self.last = last
        self.latest = latest
    }
}
