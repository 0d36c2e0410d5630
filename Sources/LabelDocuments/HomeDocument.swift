/// What `init` prints: the home that was made.
public struct HomeDocument: Document {
    /// The organisation.
    public let org: String
    /// Of its root certificate.
    public let fingerprint: String
    /// The folder, as it was named.
    public let home: String

    /// Makes one of its members.
    public init(org: String, fingerprint: String, home: String) {
        self.org = org
        self.fingerprint = fingerprint
        self.home = home
    }
}
