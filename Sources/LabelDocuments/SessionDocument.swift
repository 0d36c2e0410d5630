/// Who uses a node's page, and what for.
public struct SessionDocument: Document {
    /// The organisation.
    public let org: String
    /// Who it is; nil for the operator who came by the link that `serve` prints.
    public let person: String?
    /// `viewer`, `annotator`, `reviewer` or `operator`.
    public let role: String
    /// What a request that writes has to show in `X-CSRF-Token`.
    public let csrf: String
    /// When the session ends at the latest, in Unix seconds.
    public let expires: Int64
    /// Of the API.
    public let version: String

    /// Makes one of its members.
    public init(
        org: String, person: String?, role: String, csrf: String, expires: Int64, version: String
    ) {
        self.org = org
        self.person = person
        self.role = role
        self.csrf = csrf
        self.expires = expires
        self.version = version
    }
}
