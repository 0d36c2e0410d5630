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
    /// Entries merged into the label set, or listed with the reason why not.
    public var applied: UInt64 = 0
    /// How much of each other log the author had merged at the last applied entry, by the logs' numbers.
    public var cited: [Int: UInt64] = [:]
    /// The most of this log that a counted entry of another one has merged.
    public var citedSize: UInt64 = 0
    /// Where evidence of equivocation ends the log: entries at and beyond the index are not what all
    /// readers of the log were shown.
    public var forkedAt: UInt64?
    /// The latest time that an entry in standing claims, in Unix seconds.
    public var latestTime: Int64 = .min
    /// The distinct attribute names that counted entries of the log have used.
    public var attributeNames = 0
    /// What the log's next entry waits for; nil if nothing keeps it.
    public var waiting: Wait?

    /// What keeps an entry from being applied.
    public struct Wait: Sendable, Equatable {
        /// The local number of the log that is cited.
        public let log: Int
        /// How much of that log has to be applied first.
        public let size: UInt64
        /// When this was first seen here, in Unix seconds.
        public var since: Int64

        /// A wait.
        public init(log: Int, size: UInt64, since: Int64) {
            (self.log, self.size, self.since) = (log, size, since)
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
        for (log, size) in cited { context[log] = size }
        return context
    }
}
