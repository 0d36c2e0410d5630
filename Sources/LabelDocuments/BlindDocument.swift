/// What the `blind` commands print.
public struct BlindDocument: Document {
    /// The dataset.
    public let dataset: String
    /// Whether companies are kept from seeing each other's labels of items that they have not examined.
    public let blind: Bool
    /// Items that hold others' labels which this organisation's people are not shown.
    public let unexamined: [String]
    /// Such items beyond those that are named.
    public let more: Int
    /// Whether something was written; absent where it is only shown.
    @OmittedIfNil public var changed: Bool?

    /// Makes one of its members.
    public init(
        dataset: String, blind: Bool, unexamined: [String], more: Int, changed: Bool? = nil
    ) {
        self.dataset = dataset
        self.blind = blind
        self.unexamined = unexamined
        self.more = more
        self.changed = changed
    }
}
