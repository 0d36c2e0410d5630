/// What `history` prints: changesets, newest first.
public struct HistoryDocument: Document {
    /// One changeset.
    public struct Entry: Encodable, Sendable {
        /// Whose log.
        public let log: String
        /// Which entry.
        public let index: UInt64
        /// The fingerprint of the certificate.
        public let signer: String
        /// The name in it; empty where the log does not hold it.
        public let signerName: String
        /// As the signer claims.
        public let time: Int64
        /// How many operations it holds.
        public let operations: Int
        /// What it says; empty if nothing.
        public let message: String
        /// Whom it names; empty if nobody.
        public let author: String
        /// Whether the entry counts; of one that does, single operations may not.
        public let counted: Bool
        /// Why it does not; nil where it does.
        public let why: String?

        /// Makes one of its members.
        public init(
            log: String, index: UInt64, signer: String, signerName: String, time: Int64,
            operations: Int, message: String, author: String, counted: Bool, why: String?
        ) {
            self.log = log
            self.index = index
            self.signer = signer
            self.signerName = signerName
            self.time = time
            self.operations = operations
            self.message = message
            self.author = author
            self.counted = counted
            self.why = why
        }
    }

    /// All of them, or a page.
    public let entries: [Entry]
    /// Of a page that is not the last one: what the next one begins after.
    @OmittedIfNil public var next: String?

    /// Makes one of its members.
    public init(entries: [Entry], next: String? = nil) {
        self.entries = entries
        self.next = next
    }
}
