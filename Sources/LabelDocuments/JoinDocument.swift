/// What `join` prints.
public struct JoinDocument: Document {
    /// Of the invitation.
    public let dataset: String
    /// The steward.
    public let org: String
    /// The words to compare.
    public let words: [String]
    /// `unconfirmed`, `pending`, `answered` or `joined`.
    public let state: String
    /// Of the invitation.
    public let role: String
    /// Of the invitation.
    public let nonce: String

    /// Makes one of its members.
    public init(
        dataset: String, org: String, words: [String], state: String, role: String, nonce: String
    ) {
        self.dataset = dataset
        self.org = org
        self.words = words
        self.state = state
        self.role = role
        self.nonce = nonce
    }
}
