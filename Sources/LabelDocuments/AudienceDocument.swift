/// What `audience` prints.
public struct AudienceDocument: Document {
    /// The dataset.
    public let dataset: String
    /// Who may read the own log besides the steward; nil: all members.
    public let audience: [String]?
    /// Whether it was changed; absent where it is only shown.
    @OmittedIfNil public var changed: Bool?

    /// Makes one of its members.
    public init(dataset: String, audience: [String]?, changed: Bool? = nil) {
        self.dataset = dataset
        self.audience = audience
        self.changed = changed
    }
}
