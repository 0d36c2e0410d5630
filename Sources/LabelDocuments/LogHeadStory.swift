/// How many entries of a log are meant.
public struct LogHeadStory: Encodable, Sendable {
    /// Whose log.
    public let org: String
    /// The entries, from the first on.
    public let size: UInt64

    /// Makes one of its members.
    public init(org: String, size: UInt64) {
        self.org = org
        self.size = size
    }
}
