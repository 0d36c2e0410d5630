/// What `dataset witnesses` prints.
public struct WitnessesDocument: Document {
    /// The dataset.
    public let dataset: String
    /// How many have to have cosigned; nil without a policy.
    public let required: Int?
    /// Those that are asked; empty: all members.
    public let witnesses: [String]
    /// Whether the policy was changed; absent where it is only shown.
    @OmittedIfNil public var changed: Bool?

    /// Makes one of its members.
    public init(dataset: String, required: Int?, witnesses: [String], changed: Bool? = nil) {
        self.dataset = dataset
        self.required = required
        self.witnesses = witnesses
        self.changed = changed
    }
}
