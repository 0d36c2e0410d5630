import LabelText

/// A verdict or a comment.
public struct ReviewStory: Encodable, Sendable {
    /// The verdict and its reason, or the comment's text.
    public let value: JSONValue
    /// Whose log holds it.
    public let org: String
    /// Whom the changeset names; empty if nobody.
    public let author: String
    /// The operation.
    public let op: String
    /// As the signer claims.
    public let time: Int64
    /// Whether it counts.
    public let counted: Bool
    /// Whether its reviewer has changed it, or the suggestion came to something else.
    public let replaced: Bool
    /// Why it does not count.
    public let why: String?
    /// `review` or `comment`.
    public let kind: String
    /// The suggestion that a verdict is on; nil for one on the label.
    public let suggestion: String?
    /// Whether it is the word of a `person` or a `tool` itself, or of a `node` that names somebody; else empty.
    public let signedBy: String
    /// The name in the certificate that signed; empty where that is not known.
    public let signer: String

    /// Makes one of its members.
    public init(
        value: JSONValue, org: String, author: String, op: String, time: Int64, counted: Bool,
        replaced: Bool, why: String?, kind: String, suggestion: String?,
        signedBy: String, signer: String
    ) {
        self.value = value
        self.org = org
        self.author = author
        self.op = op
        self.time = time
        self.counted = counted
        self.replaced = replaced
        self.why = why
        self.kind = kind
        self.suggestion = suggestion
        self.signedBy = signedBy
        self.signer = signer
    }
}
