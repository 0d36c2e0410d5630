import LabelText

/// What `schema history` prints: the schema's versions, newest first.
public struct SchemaHistoryDocument: Document {
    /// One version.
    public struct Version: Encodable, Sendable {
        /// Its number, from 1.
        public let version: Int
        /// It is the present one.
        public let current: Bool
        /// Whose log holds the act.
        public let log: String
        /// In which entry.
        public let index: UInt64
        /// The act.
        public let op: String
        /// The fingerprint of the signer's certificate.
        public let signer: String
        /// The name in it.
        public let signerName: String
        /// As the signer claims.
        public let time: Int64
        /// Of the schema.
        public let title: String
        /// How many it names; nil where it names none.
        public let classes: Int?
        /// The schema; null where it is no JSON.
        public let schema: JSONValue
        /// Whether this program can read it.
        public let readable: Bool
        /// Why it cannot.
        public let problem: String?

        /// Makes one of its members.
        public init(
            version: Int, current: Bool, log: String, index: UInt64, op: String, signer: String,
            signerName: String, time: Int64, title: String, classes: Int?, schema: JSONValue,
            readable: Bool, problem: String?
        ) {
            self.version = version
            self.current = current
            self.log = log
            self.index = index
            self.op = op
            self.signer = signer
            self.signerName = signerName
            self.time = time
            self.title = title
            self.classes = classes
            self.schema = schema
            self.readable = readable
            self.problem = problem
        }
    }

    /// All of them.
    public let versions: [Version]

    /// Makes one of its members.
    public init(versions: [Version]) {
        self.versions = versions
    }
}
