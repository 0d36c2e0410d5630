/// A set of gold items: what `gold seal` and `gold open` print, and one of those that `gold list` does.
public struct GoldDocument: Document {
    /// The dataset.
    public let dataset: String
    /// The set's name.
    public let name: String
    /// Who has sealed it.
    public let org: String
    /// `sealed`, `opened`, or `wrong`: what was given out is not what was sealed.
    public let state: String
    /// The salted digest of the answers.
    public let commitment: String
    /// When it was sealed, as the company says.
    public let sealed: Int64
    /// When it was opened, as the company says; nil while it is not.
    public let opened: Int64?
    /// The items that have answers; nil while they are not known.
    public let items: [String]?
    /// Whether something was written; absent where it is only shown.
    @OmittedIfNil public var changed: Bool?

    /// Makes one of its members.
    public init(
        dataset: String, name: String, org: String, state: String, commitment: String,
        sealed: Int64, opened: Int64?, items: [String]?, changed: Bool? = nil
    ) {
        self.dataset = dataset
        self.name = name
        self.org = org
        self.state = state
        self.commitment = commitment
        self.sealed = sealed
        self.opened = opened
        self.items = items
        self.changed = changed
    }
}
