import Signing

/// How long the signatures of one certificate count in its log.
///
/// Nothing here depends on a clock of this node. A certificate's end spoils nothing by itself: an entry claims a time
/// within the validity, and the steward's node retires the key when it writes after the end.
public struct SigningKeyStanding: Sendable, Equatable {
    /// The key's place among those that its log introduced, from 1.
    public let number: Int
    /// The first second of the certificate's validity, in Unix time.
    public let notBefore: Int64
    /// The last second.
    public let notAfter: Int64
    /// Where the log itself retired the key first.
    public internal(set) var retiredByOwner: UInt64?
    /// Where the steward retired it last.
    public internal(set) var retiredBySteward: UInt64?

    /// The standing of a key that a certificate introduces.
    public init(number: Int, notBefore: Int64, notAfter: Int64) {
        (self.number, self.notBefore, self.notAfter) = (number, notBefore, notAfter)
    }

    /// From this entry on nothing counts that the key signed; nil if it was not retired.
    public var retiredAt: UInt64? {
        guard let owner = retiredByOwner, let steward = retiredBySteward else {
            return retiredByOwner ?? retiredBySteward
        }
        return min(owner, steward)
    }

    /// Why an entry that the key signed does not count; nil if it may.
    func whyNotCounted(index: UInt64, time: Int64) -> NotCounted? {
        if let retiredAt, index >= retiredAt { return .retiredKey }
        return time < notBefore || time > notAfter ? .outsideValidity : nil
    }
}
