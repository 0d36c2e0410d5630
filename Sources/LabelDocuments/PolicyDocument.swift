/// What the `policy` commands print.
public struct PolicyDocument: Document {
    /// The dataset.
    public let dataset: String
    /// Which value of a contested field is shown.
    public let policy: String
    /// Whether it was changed; absent where it is only shown.
    @OmittedIfNil public var changed: Bool?

    /// Makes one of its members.
    public init(dataset: String, policy: String, changed: Bool? = nil) {
        self.dataset = dataset
        self.policy = policy
        self.changed = changed
    }
}
