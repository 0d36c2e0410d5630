/// What `key issue-person` prints.
public struct PersonKeyDocument: Document {
    /// Of the certificate.
    public let fingerprint: String
    /// The file with the certificate.
    public let certificate: String
    /// The file with the key.
    public let key: String

    /// Makes one of its members.
    public init(fingerprint: String, certificate: String, key: String) {
        self.fingerprint = fingerprint
        self.certificate = certificate
        self.key = key
    }
}
