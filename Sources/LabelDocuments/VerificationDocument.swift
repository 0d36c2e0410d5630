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

    /// No problems.
    public let ok: Bool
    /// Entries gone through.
    public let entries: UInt64
    /// Signatures that hold.
    public let signatures: UInt64
    /// All problems.
    public let problems: [Problem]

    /// Makes one of its members.
    public init(ok: Bool, entries: UInt64, signatures: UInt64, problems: [Problem]) {
        self.ok = ok
        self.entries = entries
        self.signatures = signatures
        self.problems = problems
    }
}
