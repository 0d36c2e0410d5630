import LabelText

/// A dataset with its members.
public struct DatasetDocument: Document {
    /// A member of the dataset.
    public struct Member: Encodable, Sendable {
        /// The organisation.
        public let org: String
        /// The role that was given last.
        public let role: String
        /// The entry of its log from which it has that role.
        public let fromIndex: UInt64
        /// The entry at which its log was cut; nil: it is a member.
        public let cutIndex: UInt64?

        /// Makes one of its members.
        public init(org: String, role: String, fromIndex: UInt64, cutIndex: UInt64?) {
            self.org = org
            self.role = role
            self.fromIndex = fromIndex
            self.cutIndex = cutIndex
        }
    }

    /// The dataset.
    public let id: String
    /// Its owner.
    public let steward: String
    /// Its title.
    public let title: String
    /// The label schema; null where the text in the log is no JSON.
    public let schema: JSONValue
    /// The steward first, the others by origin.
    public let members: [Member]
    /// Whether a command changed anything; absent where it only shows.
    @OmittedIfNil public var changed: Bool?
    /// True once it was left; absent in all commands but `dataset leave`.
    @OmittedIfNil public var left: Bool?
    /// Labels outside the schema; of `schema set` only.
    @OmittedIfNil public var outsideSchema: Int?
    /// How far its items and labels are; of `dataset show` only.
    @OmittedIfNil public var stages: StageSummaryDocument?

    /// Makes one of its members.
    public init(
        id: String, steward: String, title: String, schema: JSONValue, members: [Member],
        changed: Bool? = nil, left: Bool? = nil, outsideSchema: Int? = nil,
        stages: StageSummaryDocument? = nil
    ) {
        self.id = id
        self.steward = steward
        self.title = title
        self.schema = schema
        self.members = members
        self.changed = changed
        self.left = left
        self.outsideSchema = outsideSchema
        self.stages = stages
    }
}
