import Signing

/// How long the signatures of one certificate count in its log, as far as the logs themselves say.
///
/// Nothing here depends on this node's clock or on what it happens to hold beside the logs, so that all
/// nodes decide the same. That an entry is older than its certificate's end is shown by another member's
/// entry that cites it: a signed statement, with a time, that the member had it.
public struct SigningKeyStanding: Sendable, Equatable {
    /// The first second of the certificate's validity, in Unix time.
    public let notBefore: Int64
    /// The last second.
    public let notAfter: Int64
    /// From this entry on nothing counts that the key signed; nil if it was not retired.
    public var retiredAt: UInt64?
    /// How much of the log others had merged when the certificate was valid, by their entries.
    public var timelySize: UInt64 = 0
    /// How much of the log the steward had merged when its log first passed the certificate's end; nil
    /// before that.
    public var closedSize: UInt64?

    /// The standing of a key that a certificate introduces.
    public init(notBefore: Int64, notAfter: Int64) {
        (self.notBefore, self.notAfter) = (notBefore, notAfter)
    }

    /// From this entry on the expired key counts no more; nil while the certificate is in force.
    public var lapsedAt: UInt64? { closedSize.map { max($0, timelySize) } }

    /// Why an entry that the key signed does not count; nil if it may, unless the key has lapsed.
    func whyNotCounted(index: UInt64, time: Int64) -> NotCounted? {
        if let retiredAt, index >= retiredAt { return .retiredKey }
        return time < notBefore || time > notAfter ? .outsideValidity : nil
    }
}
