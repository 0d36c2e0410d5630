/// What `quarantine` prints: what is stored and not counted.
public struct QuarantineDocument: Document {
    /// An entry or an operation.
    public struct Entry: Encodable, Sendable {
        /// Whose log.
        public let log: String
        /// Which entry.
        public let index: UInt64
        /// Which operation; nil: the whole entry.
        public let position: Int?
        /// Why, for people.
        public let why: String
        /// Why, for programs.
        public let reason: String

        /// Makes one of its members.
        public init(log: String, index: UInt64, position: Int?, why: String, reason: String) {
            self.log = log
            self.index = index
            self.position = position
            self.why = why
            self.reason = reason
        }
    }

    /// All of them.
    public let entries: [Entry]

    /// Makes one of its members.
    public init(entries: [Entry]) {
        self.entries = entries
    }
}
