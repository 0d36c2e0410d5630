import LabelText

/// A change that waits for acceptance, or was decided.
public struct SuggestionStory: Encodable, Sendable {
    /// The operation that suggests.
    public let op: String
    /// Whose it is.
    public let org: String
    /// `pending`, `rejected` or `accepted`.
    public let state: String
    /// The values by field.
    public let fields: [String: JSONValue]

    /// Makes one of its members.
    public init(op: String, org: String, state: String, fields: [String: JSONValue]) {
        self.op = op
        self.org = org
        self.state = state
        self.fields = fields
    }
}
