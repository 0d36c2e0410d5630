/// What `verify --proof` prints of a release by itself.
public struct ReleaseReportDocument: Document {
    /// It holds; what does not is an error.
    public let ok: Bool = true
    /// The dataset.
    public let dataset: String
    /// The release.
    public let name: String
    /// What the steward and those who countersign have signed.
    public let digest: String
    /// The root over its leaves.
    public let root: String
    /// How many labels it holds.
    public let labels: Int
    /// How many items.
    public let items: Int
    /// When, as the steward says.
    public let time: Int64
    /// How much of which log it is made of, by organisation.
    public let heads: [String: UInt64]
    /// How many have to countersign.
    public let quorum: Int
    /// Of whom; empty: of all members.
    public let asked: [String]
    /// Who has.
    public let countersigned: [String]
    /// As many have, and it was not withdrawn.
    public let holds: Bool
    /// Why the steward has withdrawn it.
    public let withdrawn: String?
    /// The leaves lay beside it, and are those that were signed.
    public let leaves: Bool

    /// Makes one of its members.
    public init(
        dataset: String, name: String, digest: String, root: String, labels: Int, items: Int,
        time: Int64, heads: [String: UInt64], quorum: Int, asked: [String],
        countersigned: [String], holds: Bool, withdrawn: String?, leaves: Bool
    ) {
        self.dataset = dataset
        self.name = name
        self.digest = digest
        self.root = root
        self.labels = labels
        self.items = items
        self.time = time
        self.heads = heads
        self.quorum = quorum
        self.asked = asked
        self.countersigned = countersigned
        self.holds = holds
        self.withdrawn = withdrawn
        self.leaves = leaves
    }
}
