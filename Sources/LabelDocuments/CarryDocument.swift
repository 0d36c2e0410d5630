/// What `carry in` and `carry out` print.
public struct CarryDocument: Document {
    /// One log that was carried.
    public struct Log: Encodable, Sendable {
        /// Whose it is.
        public let org: String
        /// The log.
        public let log: String
        /// Entries taken from the folder.
        public let pulled: UInt64
        /// Entries written into it.
        public let pushed: UInt64
        /// Operations in what was taken.
        public let operations: Int
        /// Entries that were checked.
        public let verified: UInt64
        /// `ok` or `failed`.
        public let state: String
        /// Why it failed.
        public let error: String?

        /// Makes one of its members.
        public init(
            org: String, log: String, pulled: UInt64, pushed: UInt64, operations: Int,
            verified: UInt64, state: String, error: String?
        ) {
            self.org = org
            self.log = log
            self.pulled = pulled
            self.pushed = pushed
            self.operations = operations
            self.verified = verified
            self.state = state
            self.error = error
        }
    }

    /// Each of them, under the name that `sync` has for partners.
    public let partners: [Log]

    /// Makes one of its members.
    public init(partners: [Log]) {
        self.partners = partners
    }
}
