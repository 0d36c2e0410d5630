/// What `partner crl` prints.
public struct RevocationListsDocument: Document {
    /// One list.
    public struct List: Encodable, Sendable {
        /// Who issued it.
        public let issuer: String
        /// When it was issued.
        public let thisUpdate: Int64
        /// When the next one is due.
        public let nextUpdate: Int64?

        /// Makes one of its members.
        public init(issuer: String, thisUpdate: Int64, nextUpdate: Int64?) {
            self.issuer = issuer
            self.thisUpdate = thisUpdate
            self.nextUpdate = nextUpdate
        }
    }

    /// The partner.
    public let org: String
    /// Its lists that are kept.
    public let lists: [List]
    /// Whether they were not kept or forgotten already.
    public let changed: Bool

    /// Makes one of its members.
    public init(org: String, lists: [List], changed: Bool) {
        self.org = org
        self.lists = lists
        self.changed = changed
    }
}
