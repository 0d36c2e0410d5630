/// What `show` and `stage show` print of an item.
public struct ItemStoryDocument: Document {
    /// The item's key, as it was named.
    public let id: String
    /// Its dataset.
    public let dataset: String
    /// The key that it is shown under.
    public let item: String
    /// All its keys.
    public let names: [String]
    /// Those of others with the same bytes.
    public let sameContent: [String]
    /// No item is retracted.
    public let status: String = "active"
    /// Those that were made of it.
    public let derivedItems: [String]
    /// The item that it was cleaned from.
    public let derivedFrom: String?
    /// The ids of its labels.
    public let annotations: [String]
    /// By the field's name.
    public let fields: [String: FieldStory]
    /// Comments.
    public let reviews: [ReviewStory]
    /// None: nobody has to accept what is said of items.
    public let suggestions: [SuggestionStory]

    /// Makes one of its members.
    public init(
        id: String, dataset: String, item: String, names: [String], sameContent: [String],
        derivedItems: [String], derivedFrom: String?, annotations: [String],
        fields: [String: FieldStory], reviews: [ReviewStory], suggestions: [SuggestionStory]
    ) {
        self.id = id
        self.dataset = dataset
        self.item = item
        self.names = names
        self.sameContent = sameContent
        self.derivedItems = derivedItems
        self.derivedFrom = derivedFrom
        self.annotations = annotations
        self.fields = fields
        self.reviews = reviews
        self.suggestions = suggestions
    }
}
