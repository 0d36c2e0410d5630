/// What `invite` prints: an invitation and its text.
public struct NewInvitationDocument: Document {
    /// What names it.
    public let nonce: String
    /// To which dataset.
    public let dataset: String
    /// The role that it offers.
    public let role: String
    /// `open`.
    public let state: String
    /// The last second in which it may be used.
    public let expires: Int64
    /// The organisation that invites.
    public let org: String
    /// Empty, since nobody has answered.
    public let words: [String]
    /// Where the newcomer can be dialled: nil, since nobody has answered.
    public let url: String?
    /// Answers that were refused.
    public let refused: [InvitationDocument.Refused]
    /// What goes to the newcomer.
    public let text: String
    /// The file that has it; nil: none was asked for.
    public let file: String?

    /// Makes one of its members.
    public init(
        nonce: String, dataset: String, role: String, state: String, expires: Int64, org: String,
        words: [String], url: String?, refused: [InvitationDocument.Refused], text: String,
        file: String?
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
        self.text = text
        self.file = file
    }
}
