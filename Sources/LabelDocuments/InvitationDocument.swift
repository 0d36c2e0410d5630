/// An invitation, on the steward's side.
public struct InvitationDocument: Document {
    /// An answer that was refused.
    public struct Refused: Encodable, Sendable {
        /// When.
        public let time: Int64
        /// Who it claimed to be.
        public let org: String
        /// Why.
        public let why: String

        /// Makes one of its members.
        public init(time: Int64, org: String, why: String) {
            self.time = time
            self.org = org
            self.why = why
        }
    }

    /// What names it.
    public let nonce: String
    /// To which dataset.
    public let dataset: String
    /// The role that it offers.
    public let role: String
    /// `open`, `pending`, `accepted`, `revoked` or `expired`.
    public let state: String
    /// The last second in which it may be used.
    public let expires: Int64
    /// Who answered; nil: nobody.
    public let org: String?
    /// The words to compare; empty while nobody has answered.
    public let words: [String]
    /// Where the newcomer can be dialled.
    public let url: String?
    /// Answers that were refused.
    public let refused: [Refused]
    /// Whether `invite accept` or `invite revoke` changed anything.
    @OmittedIfNil public var changed: Bool?

    /// Makes one of its members.
    public init(
        nonce: String, dataset: String, role: String, state: String, expires: Int64, org: String?,
        words: [String], url: String?, refused: [Refused], changed: Bool? = nil
    ) {
        self.nonce = nonce
        self.dataset = dataset
        self.role = role
        self.state = state
        self.expires = expires
        self.org = org
        self.words = words
        self.url = url
        self.refused = refused
        self.changed = changed
    }
}
