/// What `status` prints: all that matters to a node's operator.
public struct StatusDocument: Document {
    /// A partner, and when it was last in contact.
    public struct Partner: Encodable, Sendable {
        /// A partner with which syncs fail.
        public struct Failure: Encodable, Sendable {
            /// When the first of them failed.
            public let since: Int64
            /// When the last one did.
            public let last: Int64
            /// Why.
            public let error: String

            /// Makes one of its members.
            public init(since: Int64, last: Int64, error: String) {
                self.since = since
                self.last = last
                self.error = error
            }
        }

        /// The partner.
        public let org: String
        /// The last contact, whoever dialled; nil: never.
        public let lastSeen: Int64?
        /// Where it is dialled; nil: only it dials.
        public let url: String?
        /// `pinned`, `seen`, `silent` or `damaged`.
        public let state: String
        /// Nil where the last sync succeeded.
        public let failure: Failure?

        /// Makes one of its members.
        public init(org: String, lastSeen: Int64?, url: String?, state: String, failure: Failure?) {
            self.org = org
            self.lastSeen = lastSeen
            self.url = url
            self.state = state
            self.failure = failure
        }
    }

    /// An invitation that is open or answered.
    public struct Invitation: Encodable, Sendable {
        /// What names it.
        public let id: String
        /// To which dataset.
        public let dataset: String
        /// The role that it offers.
        public let role: String
        /// `open` or `pending`.
        public let state: String
        /// The last second in which it may be used.
        public let expires: Int64
        /// Who answered; nil: nobody.
        public let org: String?

        /// Makes one of its members.
        public init(
            id: String, dataset: String, role: String, state: String, expires: Int64, org: String?
        ) {
            self.id = id
            self.dataset = dataset
            self.role = role
            self.state = state
            self.expires = expires
            self.org = org
        }
    }

    /// A damaged log of which nobody who was asked had everything.
    public struct Repair: Encodable, Sendable {
        /// The log.
        public let log: String
        /// How many bundles are missing; 0: a checkpoint.
        public let missing: Int
        /// Since when.
        public let since: Int64

        /// Makes one of its members.
        public init(log: String, missing: Int, since: Int64) {
            self.log = log
            self.missing = missing
            self.since = since
        }
    }

    /// What is free for the home, in bytes.
    public struct Disk: Encodable, Sendable {
        /// Nil where the system does not say.
        public let free: Int?
        /// Below it nothing is taken from partners.
        public let needed: Int

        /// Makes one of its members.
        public init(free: Int?, needed: Int) {
            self.free = free
            self.needed = needed
        }
    }

    /// This organisation.
    public let org: String
    /// One each.
    public let datasets: [DatasetStatusDocument]
    /// The pinned partners.
    public let partners: [Partner]
    /// What a person has to look at.
    public let alarms: [AlarmDocument]
    /// What ends soon or has ended.
    public let ends: [EndingDocument]
    /// Those that are open or answered.
    public let invitations: [Invitation]
    /// What waits for a partner that has it.
    public let repairs: [Repair]
    /// The room that is left.
    public let disk: Disk

    /// Makes one of its members.
    public init(
        org: String, datasets: [DatasetStatusDocument], partners: [Partner],
        alarms: [AlarmDocument], ends: [EndingDocument], invitations: [Invitation],
        repairs: [Repair], disk: Disk
    ) {
        self.org = org
        self.datasets = datasets
        self.partners = partners
        self.alarms = alarms
        self.ends = ends
        self.invitations = invitations
        self.repairs = repairs
        self.disk = disk
    }
}
