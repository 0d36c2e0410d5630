/// What `doctor` and the commands that look after a home print.
public struct ChecksDocument: Document {
    /// One check.
    public struct Check: Encodable, Sendable {
        /// What was looked at.
        public let name: String
        /// Whether all is well.
        public let ok: Bool
        /// What was found or done.
        public let detail: String
        /// What to do; empty if nothing.
        public let hint: String

        /// Makes one of its members.
        public init(name: String, ok: Bool, detail: String, hint: String) {
            self.name = name
            self.ok = ok
            self.detail = detail
            self.hint = hint
        }
    }

    /// All checks are.
    public let ok: Bool
    /// Each of them.
    public let checks: [Check]
    /// Of `backup`: where it lies.
    @OmittedIfNil public var folder: String?
    /// Of `backup`: entries in it.
    @OmittedIfNil public var entries: UInt64?
    /// Of `backup`: those that were new.
    @OmittedIfNil public var new: UInt64?
    /// Of `backup`: other files in it.
    @OmittedIfNil public var files: Int?
    /// Of `restore`: the home that was made.
    @OmittedIfNil public var home: String?

    /// Makes one of its members.
    public init(
        ok: Bool, checks: [Check], folder: String? = nil, entries: UInt64? = nil,
        new: UInt64? = nil, files: Int? = nil, home: String? = nil
    ) {
        self.ok = ok
        self.checks = checks
        self.folder = folder
        self.entries = entries
        self.new = new
        self.files = files
        self.home = home
    }
}
