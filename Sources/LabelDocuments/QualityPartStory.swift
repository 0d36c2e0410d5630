/// Which labels figures are made from.
public struct QualityPartStory: Encodable, Sendable {
    /// Those of items of this group; nil: of all.
    public let group: String?
    /// Those added at this time or later; nil: from the first on.
    public let since: Int64?
    /// Those added before this time; nil: to the last.
    public let until: Int64?

    /// Makes one of its members.
    public init(group: String?, since: Int64?, until: Int64?) {
        self.group = group
        self.since = since
        self.until = until
    }
}
