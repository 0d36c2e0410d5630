import LabelText

/// All that the logs say of a field.
public struct FieldStory: Encodable, Sendable {
    /// One write, counted or not.
    public struct Write: Encodable, Sendable {
        /// What it wrote.
        public let value: JSONValue
        /// Whose log holds it.
        public let org: String
        /// Whom the changeset names; empty if nobody.
        public let author: String
        /// The operation.
        public let op: String
        /// As the signer claims.
        public let time: Int64
        /// Whether it counts.
        public let counted: Bool
        /// Whether others have replaced it.
        public let replaced: Bool
        /// The writes of the field that stood in its signer's eyes, which it replaces.
        public let replaces: [String]
        /// Why it does not count.
        public let why: String?
        /// Whether it is the word of a `person` or a `tool` itself, or of a `node` that names somebody; else empty.
        public let signedBy: String
        /// The name in the certificate that signed; empty where that is not known.
        public let signer: String

        /// Makes one of its members.
        public init(
            value: JSONValue, org: String, author: String, op: String, time: Int64, counted: Bool,
            replaced: Bool, replaces: [String], why: String?, signedBy: String, signer: String
        ) {
            self.value = value
            self.org = org
            self.author = author
            self.op = op
            self.time = time
            self.counted = counted
            self.replaced = replaced
            self.replaces = replaces
            self.why = why
            self.signedBy = signedBy
            self.signer = signer
        }
    }

    /// What is shown of the field now.
    public let value: JSONValue
    /// Surviving writes have different values.
    public let contested: Bool
    /// All writes.
    public let writes: [Write]

    /// Makes one of its members.
    public init(value: JSONValue, contested: Bool, writes: [Write]) {
        self.value = value
        self.contested = contested
        self.writes = writes
    }
}
