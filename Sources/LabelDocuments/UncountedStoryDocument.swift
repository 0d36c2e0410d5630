/// What `show` prints of a label that is stored and not counted.
public struct UncountedStoryDocument: Document {
    /// The label.
    public let id: String
    /// Its dataset.
    public let dataset: String
    /// The item's key.
    public let item: String
    /// It is neither active nor retracted.
    public let status: String = "not-counted"
    /// Why it does not count.
    public let why: String
    /// What its operation writes, by the field's name.
    public let fields: [String: FieldStory]
    /// None.
    public let reviews: [ReviewStory]
    /// None.
    public let suggestions: [SuggestionStory]

    /// Makes one of its members.
    public init(
        id: String, dataset: String, item: String, why: String, fields: [String: FieldStory],
        reviews: [ReviewStory], suggestions: [SuggestionStory]
    ) {
        self.id = id
        self.dataset = dataset
        self.item = item
        self.why = why
        self.fields = fields
        self.reviews = reviews
        self.suggestions = suggestions
    }
}
