/// The keys of people whose private halves lie in browsers, and who waits for a certificate.
public struct BrowserKeysDocument: Document {
    /// A key that was certified.
    public struct Key: Encodable, Sendable {
        /// The person.
        public let person: String
        /// The certificate's SHA-256.
        public let fingerprint: String
        /// The certificate, PEM.
        public let certificate: String
        /// When it was issued, in Unix seconds.
        public let issued: Int64
        /// Until when it is good.
        public let until: Int64
        /// Whether the organisation's list takes it back.
        public let revoked: Bool

        /// Makes one of its members.
        public init(
            person: String, fingerprint: String, certificate: String, issued: Int64, until: Int64,
            revoked: Bool
        ) {
            self.person = person
            self.fingerprint = fingerprint
            self.certificate = certificate
            self.issued = issued
            self.until = until
            self.revoked = revoked
        }
    }

    /// A key that nobody has approved yet.
    public struct Waiting: Encodable, Sendable {
        /// The person.
        public let person: String
        /// Since when.
        public let since: Int64

        /// Makes one of its members.
        public init(person: String, since: Int64) {
            self.person = person
            self.since = since
        }
    }

    /// All that are known, the oldest first.
    public let keys: [Key]
    /// Those that wait; their words are not told, as the person reads them out.
    public let waiting: [Waiting]

    /// Makes one of its members.
    public init(keys: [Key], waiting: [Waiting]) {
        self.keys = keys
        self.waiting = waiting
    }
}
