import TransparencyLog

/// The forks of one dataset's logs that a node has proof of: for each log the smallest common prefix.
///
/// Evidence that shows no smaller prefix adds nothing: all nodes end with the smallest one that any of them
/// has seen, because each hands its evidence to the others.
public struct KnownForks: Sendable, Equatable {
    /// The smallest proven common prefix by the log's name.
    public private(set) var prefixes: [String: UInt64] = [:]

    /// No fork known.
    public init() {}

    /// Takes note of what a verified proof shows.
    ///
    /// - Returns: False if as small a prefix was known.
    @discardableResult
    public mutating func note(_ finding: Equivocation.Finding) -> Bool {
        note(finding.log.name, prefix: finding.prefix)
    }

    /// Takes note of a common prefix.
    @discardableResult
    public mutating func note(_ log: String, prefix: UInt64) -> Bool {
        guard prefix < prefixes[log] ?? .max else { return false }
        prefixes[log] = prefix
        return true
    }

    /// The smallest proven common prefix of a log; nil if it is not known to have forked.
    public func prefix(of log: String) -> UInt64? { prefixes[log] }
}
