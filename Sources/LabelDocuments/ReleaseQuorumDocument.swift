/// What `release quorum` prints.
public struct ReleaseQuorumDocument: Document {
    /// The dataset.
    public let dataset: String
    /// How many have to countersign; nil without a policy.
    public let required: Int?
    /// Those that are asked; empty: all members.
    public let members: [String]
    /// Whether the policy was changed; absent where it is only shown.
    @OmittedIfNil public var changed: Bool?

    /// Makes one of its members.
    public init(dataset: String, required: Int?, members: [String], changed: Bool? = nil) {
        self.dataset = dataset
        self.required = required
        self.members = members
        self.changed = changed
    }
}
