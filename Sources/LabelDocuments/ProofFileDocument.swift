/// What `prove` prints of a label's whole proof.
public struct ProofFileDocument: Document {
    /// A partner that was asked for its word.
    public struct Asked: Encodable, Sendable {
        /// The partner.
        public let org: String
        /// Why its word is not in the file; nil: it is.
        public let error: String?

        /// Makes one of its members.
        public init(org: String, error: String?) {
            self.org = org
            self.error = error
        }
    }

    /// The label.
    public let annotation: String
    /// Its dataset.
    public let dataset: String
    /// The file.
    public let file: String
    /// Its size.
    public let bytes: Int
    /// Entries in it.
    public let entries: Int
    /// Whose word is in it.
    public let statements: [String]
    /// The release that it speaks of.
    public let release: String?
    /// Why this organisation's own word is not in it.
    public let without: String?
    /// Who was asked.
    public let asked: [Asked]

    /// Makes one of its members.
    public init(
        annotation: String, dataset: String, file: String, bytes: Int, entries: Int,
        statements: [String], release: String?, without: String?, asked: [Asked]
    ) {
        self.annotation = annotation
        self.dataset = dataset
        self.file = file
        self.bytes = bytes
        self.entries = entries
        self.statements = statements
        self.release = release
        self.without = without
        self.asked = asked
    }
}
