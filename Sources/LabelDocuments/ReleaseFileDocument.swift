/// What `release prove` prints.
public struct ReleaseFileDocument: Document {
    /// The release.
    public let name: String
    /// Its dataset.
    public let dataset: String
    /// What the steward and those who countersign have signed.
    public let digest: String
    /// The file that was written.
    public let file: String
    /// Its size.
    public let bytes: Int
    /// Entries in it.
    public let entries: Int
    /// The file with the leaves beside it.
    public let leaves: String
    /// The size of that one.
    public let leavesBytes: Int

    /// Makes one of its members.
    public init(
        name: String, dataset: String, digest: String, file: String, bytes: Int, entries: Int,
        leaves: String, leavesBytes: Int
    ) {
        self.name = name
        self.dataset = dataset
        self.digest = digest
        self.file = file
        self.bytes = bytes
        self.entries = entries
        self.leaves = leaves
        self.leavesBytes = leavesBytes
    }
}
