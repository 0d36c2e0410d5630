/// What a node does about clocks, its own and others'.
///
/// Nobody's clock is trusted alone, and none decides what counts. Before a node signs, it compares its clock with
/// what its partners' clocks say; the one that is nearest speaks, so that no single partner whose clock is wrong
/// keeps anybody from writing as long as another one agrees. A time far ahead that an entry claims is kept as it
/// was signed, and is no reason to end a key.
public enum ClockRule {
    /// Beyond this difference, in seconds, a write warns: clocks that are set over the network differ by less.
    public static let warnsBeyond: Int64 = 300
    /// Beyond this difference, in seconds, nothing is signed unless the operator says that the clock is right: no
    /// time zone and no summer time makes as much.
    public static let refusesBeyond: Int64 = 86_400

    /// What one partner's clock says.
    public struct Word: Sendable, Equatable {
        /// Whose clock it is.
        public let partner: String
        /// How many seconds the node's own clock is ahead of it; negative where it is behind.
        public let ahead: Int64

        /// A word.
        public init(partner: String, ahead: Int64) { (self.partner, self.ahead) = (partner, ahead) }
    }

    /// What follows for a write.
    public enum Verdict: Sendable, Equatable {
        /// Somebody agrees, or nobody says anything.
        case agrees
        /// Nobody agrees: the operator is warned.
        case warns(Word)
        /// Nobody agrees by far.
        case refuses(Word)
    }

    /// Judges the node's own clock.
    public static func judge(_ words: [Word]) -> Verdict {
        guard
            let nearest = words.min(by: {
                ($0.ahead.magnitude, $0.partner) < ($1.ahead.magnitude, $1.partner)
            })
        else { return .agrees }
        if nearest.ahead.magnitude > refusesBeyond.magnitude { return .refuses(nearest) }
        return nearest.ahead.magnitude > warnsBeyond.magnitude ? .warns(nearest) : .agrees
    }

    /// The word of a partner of whose clock only the latest time that it has signed is known.
    ///
    /// - Returns: Nil for a time that has passed: it says only that the own clock is not behind.
    public static func word(of partner: String, signed time: Int64, at now: Int64) -> Word? {
        // A log of which nothing is in standing has no time at all.
        guard time > now else { return nil }
        let (ahead, overflow) = now.subtractingReportingOverflow(time)
        return Word(partner: partner, ahead: overflow ? .min + 1 : ahead)
    }

    /// True for a time that an entry claims and that lies so far ahead of the own clock that nothing follows from it.
    public static func isFarAhead(_ time: Int64, at now: Int64) -> Bool {
        let (limit, overflow) = now.addingReportingOverflow(refusesBeyond)
        return !overflow && time > limit
    }

    /// Whether the steward may end a key whose certificate has come to its end.
    ///
    /// The steward's own clock is not enough, and neither is a time that somebody claims: both have to be beyond
    /// the end, and the claim must not be far ahead of the clock.
    ///
    /// - Parameter signed: The latest times that others have signed.
    public static func mayEnd(
        keyUntil notAfter: Int64, at now: Int64, signed: some Sequence<Int64>
    ) -> Bool {
        notAfter < now && signed.contains { $0 > notAfter && !isFarAhead($0, at: now) }
    }
}
