/// What `show` and `stage show` print of a label.
public struct LabelStoryDocument: Document {
    /// Who has seen the label's entry.
    public struct Witnessed: Encodable, Sendable {
        /// A witness whose cosignature covers it.
        public struct Witness: Encodable, Sendable {
            /// The organisation.
            public let org: String
            /// When.
            public let time: Int64
            /// How many entries it had seen.
            public let size: UInt64

            /// Makes one of its members.
            public init(org: String, time: Int64, size: UInt64) {
                self.org = org
                self.time = time
                self.size = size
            }
        }

        /// Whether that is as many as the policy asks; nil without one.
        public let met: Bool?
        /// How many it asks; nil without a policy.
        public let required: Int?
        /// All of them.
        public let by: [Witness]

        /// Makes one of its members.
        public init(met: Bool?, required: Int?, by: [Witness]) {
            self.met = met
            self.required = required
            self.by = by
        }
    }

    /// The label.
    public let id: String
    /// Its dataset.
    public let dataset: String
    /// The item's key.
    public let item: String
    /// `active` or `retracted`.
    public let status: String
    /// Who has seen it.
    public let witnessed: Witnessed
    /// The class as the schema calls it now.
    public let `class`: String
    /// The class as it was signed.
    public let classAsWritten: String
    /// Why it does not fit the schema; empty: it fits, nil: not judged.
    public let outsideSchema: [String]?
    /// By the field's name.
    public let fields: [String: FieldStory]
    /// Verdicts and comments.
    public let reviews: [ReviewStory]
    /// Changes that wait or were decided.
    public let suggestions: [SuggestionStory]

    /// Makes one of its members.
    public init(
        id: String, dataset: String, item: String, status: String, witnessed: Witnessed,
        `class`: String, classAsWritten: String, outsideSchema: [String]?,
        fields: [String: FieldStory], reviews: [ReviewStory], suggestions: [SuggestionStory]
    ) {
        self.id = id
        self.dataset = dataset
        self.item = item
        self.status = status
        self.witnessed = witnessed
        self.class = `class`
        self.classAsWritten = classAsWritten
        self.outsideSchema = outsideSchema
        self.fields = fields
        self.reviews = reviews
        self.suggestions = suggestions
    }
}
