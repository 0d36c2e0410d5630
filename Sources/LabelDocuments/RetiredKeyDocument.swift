/// What `key retire` prints.
public struct RetiredKeyDocument: Document {
    /// Of the certificate.
    public let fingerprint: String
    /// The logs in which it has ended.
    public let logs: [String]
    /// Whether it had not ended in all of them already.
    public let changed: Bool

    /// Makes one of its members.
    public init(fingerprint: String, logs: [String], changed: Bool) {
        self.fingerprint = fingerprint
        self.logs = logs
        self.changed = changed
    }
}
