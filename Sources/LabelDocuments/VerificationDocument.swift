/// What `verify` prints.
public struct VerificationDocument: Document {
    /// Something that does not hold.
    public struct Problem: Encodable, Sendable {
        /// The log, the dataset or the file.
        public let log: String
        /// The entry, where it is one.
        public let index: UInt64?
        /// What is wrong.
        public let what: String

        /// Makes one of its members.
        public init(log: String, index: UInt64?, what: String) {
            self.log = log
            self.index = index
            self.what = what
        }
    }

    /// What was found of a release.
    public struct Release: Encodable, Sendable {
        /// Its dataset.
        public let dataset: String
        /// Its name.
        public let name: String
        /// Whether the logs give what the steward signed; nil where not all of them are here.
        public let ok: Bool?
        /// Why not, or why that cannot be said.
        public let why: String?
        /// How many have to countersign.
        public let quorum: Int
        /// Who has.
        public let countersigned: [String]
        /// As many have, and it was not withdrawn.
        public let holds: Bool
        /// Why the steward has withdrawn it.
        public let withdrawn: String?

        /// Makes one of its members.
        public init(
            dataset: String, name: String, ok: Bool?, why: String?, quorum: Int,
            countersigned: [String], holds: Bool, withdrawn: String?
        ) {
            self.dataset = dataset
            self.name = name
            self.ok = ok
            self.why = why
            self.quorum = quorum
            self.countersigned = countersigned
            self.holds = holds
            self.withdrawn = withdrawn
        }
    }

    /// No problems.
    public let ok: Bool
    /// Entries gone through.
    public let entries: UInt64
    /// Signatures that hold.
    public let signatures: UInt64
    /// All problems.
    public let problems: [Problem]
    /// The releases.
    public let releases: [Release]
    /// What a reader should know, and what is not wrong here.
    public let notes: [String]

    /// Makes one of its members.
    public init(
        ok: Bool, entries: UInt64, signatures: UInt64, problems: [Problem], releases: [Release],
        notes: [String]
    ) {
        self.ok = ok
        self.entries = entries
        self.signatures = signatures
        self.problems = problems
        self.releases = releases
        self.notes = notes
    }
}
