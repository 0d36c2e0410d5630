/// What `key show` prints: what a partner needs to know us.
public struct KeyDocument: Document {
    /// The organisation.
    public let org: String
    /// Of its root certificate.
    public let fingerprint: String
    /// The log key, under the organisation's name.
    public let vkey: String
    /// The root certificate (PEM).
    public let root: String
    /// The node's certificate (PEM).
    public let certificate: String

    /// Makes one of its members.
    public init(org: String, fingerprint: String, vkey: String, root: String, certificate: String) {
        self.org = org
        self.fingerprint = fingerprint
        self.vkey = vkey
        self.root = root
        self.certificate = certificate
    }
}
