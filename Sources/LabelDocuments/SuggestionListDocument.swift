import LabelText

/// The changes of a dataset's labels that wait for acceptance.
public struct SuggestionListDocument: Document {
    /// A change that waits.
    public struct Suggestion: Encodable, Sendable {
        /// The operation that suggests.
        public let op: String
        /// Whose it is.
        public let org: String
        /// The label that it would change.
        public let annotation: String
        /// The label's item.
        public let item: String
        /// The values by field.
        public let fields: [String: JSONValue]

        /// Makes one of its members.
        public init(
            op: String, org: String, annotation: String, item: String, fields: [String: JSONValue]
        ) {
            self.op = op
            self.org = org
            self.annotation = annotation
            self.item = item
            self.fields = fields
        }
    }

    /// In the order of the logs.
    public let suggestions: [Suggestion]
    /// How many more there are.
    public let more: Int

    /// Makes one of its members.
    public init(suggestions: [Suggestion], more: Int) {
        self.suggestions = suggestions
        self.more = more
    }
}
