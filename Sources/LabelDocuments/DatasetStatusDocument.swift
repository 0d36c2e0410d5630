/// One dataset in `status`.
public struct DatasetStatusDocument: Document {
    /// One log of the dataset.
    public struct Log: Encodable, Sendable {
        /// Whose it is.
        public let origin: String
        /// Its verifier key (C2SP signed-note); nil where no entry introduces one.
        public let vkey: String?
        /// Entries held.
        public let size: UInt64
        /// The root at that size, Base64; nil where the log cannot be read.
        public let root: String?
        /// Entries merged.
        public let applied: UInt64
        /// Organisations whose witness has cosigned all of it.
        public let cosignatures: Int
        /// Entries that as many witnesses cosigned as the policy asks; nil without a policy.
        public let witnessed: UInt64?
        /// The newest cosignature of any witness; nil without one.
        public let cosignedAt: Int64?

        /// Makes one of its members.
        public init(
            origin: String, vkey: String?, size: UInt64, root: String?, applied: UInt64,
            cosignatures: Int, witnessed: UInt64?, cosignedAt: Int64?
        ) {
            self.origin = origin
            self.vkey = vkey
            self.size = size
            self.root = root
            self.applied = applied
            self.cosignatures = cosignatures
            self.witnessed = witnessed
            self.cosignedAt = cosignedAt
        }
    }

    /// An entry that waits for others.
    public struct Waiting: Encodable, Sendable {
        /// What it waits for.
        public struct Cited: Encodable, Sendable {
            /// The log.
            public let log: String
            /// How many of its entries the author had merged.
            public let size: UInt64

            /// Makes one of its members.
            public init(log: String, size: UInt64) {
                self.log = log
                self.size = size
            }
        }

        /// The entry's log.
        public let log: String
        /// The entry.
        public let index: UInt64
        /// What has to come first.
        public let `for`: Cited
        /// How many entries of that log are held.
        public let held: UInt64
        /// When this node saw it first.
        public let since: Int64
        /// What helps.
        public let hint: String

        /// Makes one of its members.
        public init(
            log: String, index: UInt64, `for`: Cited, held: UInt64, since: Int64, hint: String
        ) {
            self.log = log
            self.index = index
            self.for = `for`
            self.held = held
            self.since = since
            self.hint = hint
        }
    }

    /// Whether the label schema can be read.
    public struct Schema: Encodable, Sendable {
        /// Whether it can.
        public let readable: Bool
        /// Why it cannot.
        public let problem: String?

        /// Makes one of its members.
        public init(readable: Bool, problem: String?) {
            self.readable = readable
            self.problem = problem
        }
    }

    /// A log of which entries that are to be merged cannot be read.
    public struct Unreadable: Encodable, Sendable {
        /// The log.
        public let log: String
        /// Why.
        public let why: String

        /// Makes one of its members.
        public init(log: String, why: String) {
            self.log = log
            self.why = why
        }
    }

    /// The dataset.
    public let id: String
    /// The state digest.
    public let digest: String
    /// Items.
    public let items: Int
    /// Labels that are not retracted.
    public let annotations: Int
    /// Labels and items in conflict.
    public let conflicts: Int
    /// Entries and single operations that are stored and not counted.
    public let quarantined: Int
    /// Own entries beyond a cut, of which only the steward's word tells.
    public let beyondCut: Int
    /// Items with the bytes of another one.
    public let sameContent: Int
    /// Labels that do not fit the schema; nil where it cannot be read.
    public let outsideSchema: Int?
    /// The state of the schema.
    public let schema: Schema
    /// `pending` where the labels are made anew soon.
    public let rebuild: String?
    /// Logs with entries, by origin.
    public let logs: [Log]
    /// The first entry of each log that waits.
    public let waiting: [Waiting]
    /// What this organisation wrote and does not count.
    public let uncounted: [UncountedDocument]
    /// Members whose log keys are not named yet.
    public let unnamed: [String]
    /// Members that the steward has cut off.
    public let cut: [String]
    /// Who may read the own log besides the steward; nil: all members.
    public let audience: [String]?
    /// This organisation has left the dataset.
    public let left: Bool
    /// Entries of the own log that no other member is known to have merged.
    public let unshared: UInt64
    /// Logs that cannot be read.
    public let unreadable: [Unreadable]

    /// Makes one of its members.
    public init(
        id: String, digest: String, items: Int, annotations: Int, conflicts: Int, quarantined: Int,
        beyondCut: Int, sameContent: Int, outsideSchema: Int?, schema: Schema, rebuild: String?,
        logs: [Log], waiting: [Waiting], uncounted: [UncountedDocument], unnamed: [String],
        cut: [String], audience: [String]?, left: Bool, unshared: UInt64, unreadable: [Unreadable]
    ) {
        self.id = id
        self.digest = digest
        self.items = items
        self.annotations = annotations
        self.conflicts = conflicts
        self.quarantined = quarantined
        self.beyondCut = beyondCut
        self.sameContent = sameContent
        self.outsideSchema = outsideSchema
        self.schema = schema
        self.rebuild = rebuild
        self.logs = logs
        self.waiting = waiting
        self.uncounted = uncounted
        self.unnamed = unnamed
        self.cut = cut
        self.audience = audience
        self.left = left
        self.unshared = unshared
        self.unreadable = unreadable
    }
}
