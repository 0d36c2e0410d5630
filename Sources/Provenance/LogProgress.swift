import AnnotationModel
import Signing

/// How far one log of a dataset has come on this node.
public struct LogProgress: Sendable, Equatable {
    /// The log's local number, 1...32,767.
    public let number: Int
    /// The organisation whose log it is.
    public let origin: Origin
    /// Entries held in the log's folder; zero where the log is not held.
    public var stored: UInt64 = 0
    /// Entries merged into the label set.
    public var applied: UInt64 = 0
    /// The height of the last applied entry.
    public var height: Int64 = 0
    /// The accumulated heads that the log's author has cited, by the cited log's number.
    public var cited: [Int: CitedHead] = [:]
    /// True if an applied entry cited this log while it was not held.
    public var wasCitedWhileAbsent = false
    /// Where evidence of equivocation ends the log: entries at and beyond the index are not what all
    /// readers of the log were shown.
    public var forkedAt: UInt64?
    /// The most of this log that a stored entry of another log cites.
    public var citedSize: UInt64 = 0
    /// The most of this log that the steward's stored entries cite.
    public var governedSize: UInt64 = 0
    /// The signing keys that the log has introduced, by their certificates' fingerprints.
    public var keys: [Digest: SigningKeyStanding] = [:]

    /// A head that an author cited.
    public struct CitedHead: Sendable, Equatable {
        /// The size.
        public var size: UInt64
        /// The root; ``Digest/zero`` where the head was taken back to what all versions of a forked log
        /// share, whose root at that size nobody signed.
        public var root: Digest
        /// False until the root was compared and the context found to contain the cited entry's.
        public var isChecked: Bool

        /// A head as cited.
        public init(size: UInt64, root: Digest, isChecked: Bool) {
            (self.size, self.root, self.isChecked) = (size, root, isChecked)
        }
    }

    let tag: LogTag

    /// A log of which nothing is known yet.
    public init(number: Int, origin: Origin) {
        self.number = number
        self.origin = origin
        tag = LogTag(origin)
    }

    /// What the log's next entry has merged, its own log left out.
    var context: CausalContext {
        var context = CausalContext()
        for (log, head) in cited { context[log] = head.size }
        return context
    }
}
