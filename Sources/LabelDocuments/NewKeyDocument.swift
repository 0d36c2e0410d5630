/// What `key rotate` prints.
public struct NewKeyDocument: Document {
    /// Of the new certificate.
    public let fingerprint: String

    /// Makes one of its members.
    public init(fingerprint: String) {
        self.fingerprint = fingerprint
    }
}
