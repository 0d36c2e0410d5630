/// What `key list` prints: signing certificates in the logs.
public struct KeyListDocument: Document {
    /// One certificate.
    public struct Key: Encodable, Sendable {
        /// Of the certificate.
        public let fingerprint: String
        /// The log that introduced it.
        public let log: String
        /// The mail address or first name in it.
        public let name: String
        /// Its subject.
        public let subject: String
        /// `Ed25519`, `P-256` or `P-384`; empty for another one.
        public let type: String
        /// From when it is valid.
        public let notBefore: Int64
        /// Until when it is valid.
        public let notAfter: Int64
        /// From this entry on nothing counts that it signed; nil: not retired.
        public let retiredAt: UInt64?
        /// It is this node's present one.
        public let current: Bool

        /// Makes one of its members.
        public init(
            fingerprint: String, log: String, name: String, subject: String, type: String,
            notBefore: Int64, notAfter: Int64, retiredAt: UInt64?, current: Bool
        ) {
            self.fingerprint = fingerprint
            self.log = log
            self.name = name
            self.subject = subject
            self.type = type
            self.notBefore = notBefore
            self.notAfter = notAfter
            self.retiredAt = retiredAt
            self.current = current
        }
    }

    /// All of them.
    public let keys: [Key]

    /// Makes one of its members.
    public init(keys: [Key]) {
        self.keys = keys
    }
}
