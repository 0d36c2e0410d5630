/// Why a request of the page was not done (RFC 9457).
public struct ProblemDocument: Document {
    /// What kind of problem it is: where it is explained.
    public let type: String
    /// The kind in a word.
    public let title: String
    /// The status of HTTP.
    public let status: Int
    /// What is wrong, for people.
    public let detail: String
    /// The word that programs go by.
    public let code: String
    /// What to do; empty if nothing is known.
    public let hint: String

    /// Makes one of its members.
    public init(
        type: String, title: String, status: Int, detail: String, code: String, hint: String
    ) {
        self.type = type
        self.title = title
        self.status = status
        self.detail = detail
        self.code = code
        self.hint = hint
    }
}
