/// What the `partner` commands print.
public struct PartnerListDocument: Document {
    /// A pinned partner.
    public struct Partner: Encodable, Sendable {
        /// The partner.
        public let org: String
        /// Where it is dialled; nil: only it dials.
        public let url: String?
        /// Of its first root; empty where its file is damaged.
        public let fingerprint: String
        /// `pinned` or `damaged`.
        public let state: String

        /// Makes one of its members.
        public init(org: String, url: String?, fingerprint: String, state: String) {
            self.org = org
            self.url = url
            self.fingerprint = fingerprint
            self.state = state
        }
    }

    /// All of them.
    public let partners: [Partner]
    /// Whether the command changed anything; absent where it lists or removes.
    @OmittedIfNil public var changed: Bool?

    /// Makes one of its members.
    public init(partners: [Partner], changed: Bool? = nil) {
        self.partners = partners
        self.changed = changed
    }
}
