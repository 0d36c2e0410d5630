/// What the commands print that write one operation.
public struct WrittenDocument: Document {
    /// The operation; nil where nothing had to be written.
    public let id: String?
    /// Whether it waits for acceptance; absent for what nobody has to accept.
    @OmittedIfNil public var suggestion: Bool?
    /// Whether something was written.
    public let changed: Bool
    /// Whether it counts.
    public let counted: Bool
    /// Why it does not.
    public let why: String?
    /// The dataset that was written to.
    @OmittedIfNil public var dataset: String?

    /// Makes one of its members.
    public init(
        id: String?, suggestion: Bool? = nil, changed: Bool, counted: Bool, why: String?,
        dataset: String? = nil
    ) {
        self.id = id
        self.suggestion = suggestion
        self.changed = changed
        self.counted = counted
        self.why = why
        self.dataset = dataset
    }
}
