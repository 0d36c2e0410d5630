/// A release, for `release` and what names one.
public struct ReleaseDocument: Document {
    /// How much of a log it is made of.
    public struct Head: Encodable, Sendable {
        /// Whose log.
        public let origin: String
        /// How many entries.
        public let size: UInt64
        /// The root over them, Base64.
        public let root: String

        /// Makes one of its members.
        public init(origin: String, size: UInt64, root: String) {
            self.origin = origin
            self.size = size
            self.root = root
        }
    }

    /// Which labels it holds.
    public struct Terms: Encodable, Sendable {
        /// Only what these added; empty: all.
        public let companies: [String]
        /// Only labels in `STAGE=STATE`.
        public let stage: String?
        /// Only labels whose standing reviews all accept.
        public let acceptedOnly: Bool
        /// Only labels that nobody contests.
        public let settledOnly: Bool
        /// Without items that the stage filter excludes.
        public let onlyKept: Bool
        /// Retracted labels too.
        public let retracted: Bool

        /// Makes one of its members.
        public init(
            companies: [String], stage: String?, acceptedOnly: Bool, settledOnly: Bool,
            onlyKept: Bool, retracted: Bool
        ) {
            self.companies = companies
            self.stage = stage
            self.acceptedOnly = acceptedOnly
            self.settledOnly = settledOnly
            self.onlyKept = onlyKept
            self.retracted = retracted
        }
    }

    /// What it was recomputed to.
    public struct Contents: Encodable, Sendable {
        /// The root over its leaves.
        public let root: String?
        /// How many labels it holds.
        public let labels: Int
        /// How many items it holds.
        public let items: Int
        /// Which value of a contested field it shows.
        public let policy: String
        /// The SHA-256 of its schema.
        public let schema: String
        /// Whether that is what the steward signed.
        public let ok: Bool

        /// Makes one of its members.
        public init(
            root: String?, labels: Int, items: Int, policy: String, schema: String, ok: Bool
        ) {
            self.root = root
            self.labels = labels
            self.items = items
            self.policy = policy
            self.schema = schema
            self.ok = ok
        }
    }

    /// Its name.
    public let name: String
    /// The dataset.
    public let dataset: String
    /// What the steward and those who countersign have signed.
    public let digest: String
    /// Of how much of which logs it is made.
    public let heads: [Head]
    /// Which labels it holds.
    public let terms: Terms
    /// When, as the steward says.
    public let time: Int64
    /// How many have to countersign.
    public let quorum: Int
    /// Of whom, by the dataset's policy; empty: of all members.
    public let asked: [String]
    /// Who has.
    public let countersigned: [String]
    /// Not withdrawn, and countersigned by as many as it asks for.
    public let holds: Bool
    /// Why the steward has withdrawn it.
    public let withdrawn: String?
    /// What it was recomputed to; nil where it was not, and then all its members are null.
    public var contents: Contents?
    /// Whether a command has written something; nil where it only shows.
    public var changed: Bool?

    /// Makes one of its members.
    public init(
        name: String, dataset: String, digest: String, heads: [Head], terms: Terms, time: Int64,
        quorum: Int, asked: [String], countersigned: [String], holds: Bool, withdrawn: String?
    ) {
        self.name = name
        self.dataset = dataset
        self.digest = digest
        self.heads = heads
        self.terms = terms
        self.time = time
        self.quorum = quorum
        self.asked = asked
        self.countersigned = countersigned
        self.holds = holds
        self.withdrawn = withdrawn
    }
}

extension ReleaseDocument {
    private enum Key: String, CodingKey {
        case name, dataset, digest, heads, terms, time, quorum, asked, countersigned, holds,
            withdrawn
        case root, labels, items, policy, schema, ok, changed
    }

    /// Writes what it was recomputed to beside all else.
    public func encode(to encoder: any Encoder) throws {
        var members = encoder.container(keyedBy: Key.self)
        try members.encode(name, forKey: .name)
        try members.encode(dataset, forKey: .dataset)
        try members.encode(digest, forKey: .digest)
        try members.encode(heads, forKey: .heads)
        try members.encode(terms, forKey: .terms)
        try members.encode(time, forKey: .time)
        try members.encode(quorum, forKey: .quorum)
        try members.encode(asked, forKey: .asked)
        try members.encode(countersigned, forKey: .countersigned)
        try members.encode(holds, forKey: .holds)
        try members.encodeIfPresent(withdrawn, forKey: .withdrawn)
        try members.encodeIfPresent(contents?.root, forKey: .root)
        try members.encodeIfPresent(contents?.labels, forKey: .labels)
        try members.encodeIfPresent(contents?.items, forKey: .items)
        try members.encodeIfPresent(contents?.policy, forKey: .policy)
        try members.encodeIfPresent(contents?.schema, forKey: .schema)
        try members.encodeIfPresent(contents?.ok, forKey: .ok)
        try members.encodeIfPresent(changed, forKey: .changed)
    }
}
