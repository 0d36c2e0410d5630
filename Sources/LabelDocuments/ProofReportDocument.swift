import LabelText

/// What `verify --proof` prints: what a label's proof shows.
public struct ProofReportDocument: Document {
    /// One signed write.
    public struct Write: Encodable, Sendable {
        /// The field.
        public let field: String
        /// What it wrote.
        public let value: JSONValue
        /// The operation.
        public let op: String
        /// Whose it is.
        public let org: String
        /// Whom the changeset names.
        public let author: String?
        /// The subject of the certificate.
        public let signer: String
        /// As the signer claims.
        public let time: Int64
        /// Another write in the proof replaced it.
        public let replaced: Bool

        /// Makes one of its members.
        public init(
            field: String, value: JSONValue, op: String, org: String, author: String?,
            signer: String, time: Int64, replaced: Bool
        ) {
            self.field = field
            self.value = value
            self.op = op
            self.org = org
            self.author = author
            self.signer = signer
            self.time = time
            self.replaced = replaced
        }
    }

    /// Who has cosigned a checkpoint over the label's entry.
    public struct Witness: Encodable, Sendable {
        /// The organisation.
        public let org: String
        /// When first.
        public let time: Int64

        /// Makes one of its members.
        public init(org: String, time: Int64) {
            self.org = org
            self.time = time
        }
    }

    /// Somebody's word that this is all.
    public struct Word: Encodable, Sendable {
        /// Who says so.
        public let org: String
        /// When.
        public let time: Int64
        /// The sizes of the logs of which it speaks, by organisation.
        public let heads: [String: UInt64]

        /// Makes one of its members.
        public init(org: String, time: Int64, heads: [String: UInt64]) {
            self.org = org
            self.time = time
            self.heads = heads
        }
    }

    /// What the proof shows of a release.
    public struct InRelease: Encodable, Sendable {
        /// What the release says of the label.
        public struct Said: Encodable, Sendable {
            /// The item's key.
            public let item: String
            /// The class.
            public let `class`: String
            /// Whether it was retracted.
            public let retracted: Bool
            /// Whether it was in conflict.
            public let contested: Bool

            /// Makes one of its members.
            public init(item: String, `class`: String, retracted: Bool, contested: Bool) {
                self.item = item
                self.class = `class`
                self.retracted = retracted
                self.contested = contested
            }
        }

        /// The release.
        public let name: String
        /// What the steward has signed.
        public let digest: String
        /// Whether the label is in it.
        public let `in`: Bool
        /// How it is in it.
        public let label: Said?
        /// Why the release was withdrawn.
        public let withdrawn: String?
        /// How many have to countersign.
        public let quorum: Int
        /// Of whom; empty: of all members.
        public let asked: [String]
        /// Who has.
        public let countersigned: [String]
        /// As many have, and it was not withdrawn.
        public let holds: Bool

        /// Makes one of its members.
        public init(
            name: String, digest: String, `in`: Bool, label: Said?, withdrawn: String?, quorum: Int,
            asked: [String], countersigned: [String], holds: Bool
        ) {
            self.name = name
            self.digest = digest
            self.in = `in`
            self.label = label
            self.withdrawn = withdrawn
            self.quorum = quorum
            self.asked = asked
            self.countersigned = countersigned
            self.holds = holds
        }
    }

    /// It holds; what does not is an error.
    public let ok: Bool = true
    /// Who added the label.
    public let org: String
    /// The subject of the certificate that signed its entry.
    public let signer: String
    /// Of that certificate.
    public let fingerprint: String
    /// The class; null where it is contested.
    public let `class`: JSONValue
    /// Of the entry.
    public let time: Int64
    /// The log that holds it.
    public let log: String
    /// Which entry it is.
    public let index: UInt64
    /// The item's key.
    public let item: String
    /// The label.
    public let annotation: String
    /// Its dataset.
    public let dataset: String
    /// The standing values by field.
    public let fields: [String: [JSONValue]]
    /// All writes.
    public let writes: [Write]
    /// Who has cosigned.
    public let witnesses: [Witness]
    /// Up to which size the file can speak, by organisation.
    public let sizes: [String: UInt64]
    /// Somebody says that this is all.
    public let complete: Bool
    /// Who says so.
    public let completeBy: [Word]
    /// What a reader should know.
    public let notes: [String]
    /// Of the release that the file speaks of; nil: of none.
    public let release: InRelease?

    /// Makes one of its members.
    public init(
        org: String, signer: String, fingerprint: String, `class`: JSONValue, time: Int64,
        log: String, index: UInt64, item: String, annotation: String, dataset: String,
        fields: [String: [JSONValue]], writes: [Write], witnesses: [Witness],
        sizes: [String: UInt64], complete: Bool, completeBy: [Word], notes: [String],
        release: InRelease?
    ) {
        self.org = org
        self.signer = signer
        self.fingerprint = fingerprint
        self.class = `class`
        self.time = time
        self.log = log
        self.index = index
        self.item = item
        self.annotation = annotation
        self.dataset = dataset
        self.fields = fields
        self.writes = writes
        self.witnesses = witnesses
        self.sizes = sizes
        self.complete = complete
        self.completeBy = completeBy
        self.notes = notes
        self.release = release
    }
}
