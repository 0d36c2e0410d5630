import LabelText

/// What a company says of one field of a label or an item, for a browser that signs that it is taken.
public struct CandidateDocument: Document {
    /// The field.
    public let field: String
    /// Whose word it is.
    public let org: String
    /// The operation that says it.
    public let op: String
    /// What it says.
    public let value: JSONValue
    /// Its bytes as they stand in an entry, CBOR in Base64, since JSON does not tell 1 from 1.0 to every reader; nil
    /// for a class, which is a name.
    public let encoded: String?

    /// Makes one of its members.
    public init(field: String, org: String, op: String, value: JSONValue, encoded: String?) {
        self.field = field
        self.org = org
        self.op = op
        self.value = value
        self.encoded = encoded
    }
}
