/// A link that signs in to a node's page once.
public struct PageLinkDocument: Document {
    /// The link.
    public let url: String
    /// Who signs in by it; nil for the operator.
    public let person: String?
    /// `viewer`, `annotator`, `reviewer` or `operator`.
    public let role: String
    /// The last second in which it may be used.
    public let expires: Int64

    /// Makes one of its members.
    public init(url: String, person: String?, role: String, expires: Int64) {
        self.url = url
        self.person = person
        self.role = role
        self.expires = expires
    }
}
