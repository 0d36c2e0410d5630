/// What `evidence` prints: logs that have signed two histories.
public struct EvidenceDocument: Document {
    /// One file of evidence.
    public struct File: Encodable, Sendable {
        /// The log that is accused.
        public let log: String
        /// `same-size`, `rewritten` or `contradiction`; why it proves nothing, where it does not.
        public let kind: String
        /// Of the two checkpoints.
        public let sizes: [UInt64]
        /// Entries that both histories share.
        public let prefix: UInt64
        /// Of the two checkpoints, Base64.
        public let roots: [String]
        /// The file proves it by itself.
        public let ok: Bool
        /// Where it lies.
        public let file: String

        /// Makes one of its members.
        public init(
            log: String, kind: String, sizes: [UInt64], prefix: UInt64, roots: [String], ok: Bool,
            file: String
        ) {
            self.log = log
            self.kind = kind
            self.sizes = sizes
            self.prefix = prefix
            self.roots = roots
            self.ok = ok
            self.file = file
        }
    }

    /// All of them.
    public let evidence: [File]

    /// Makes one of its members.
    public init(evidence: [File]) {
        self.evidence = evidence
    }
}
