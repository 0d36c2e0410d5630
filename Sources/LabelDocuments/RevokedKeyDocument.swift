/// What `key revoke` prints.
public struct RevokedKeyDocument: Document {
    /// Of the certificate; nil where the list was issued anew as it is.
    public let fingerprint: String?
    /// Whether it was not revoked already.
    public let changed: Bool
    /// When the next list is due.
    public let nextUpdate: Int64?
    /// The revocation list (PEM).
    public let list: String

    /// Makes one of its members.
    public init(fingerprint: String?, changed: Bool, nextUpdate: Int64?, list: String) {
        self.fingerprint = fingerprint
        self.changed = changed
        self.nextUpdate = nextUpdate
        self.list = list
    }
}
