import AnnotationModel
import Synchronization

/// Bounds how often each partner may ask, so that one partner's flood costs the others nothing.
///
/// A token bucket for each partner: a burst of requests at once, then so many a second. A request that comes
/// a little early waits for its token; one that comes much too early is refused.
final class RateLimiter: Sendable {
    /// Requests that a partner may make at once.
    let burst: Double
    /// Requests a second that it may go on with.
    let perSecond: Double
    /// How long a request waits for its token at most, in seconds.
    let pause: Double

    private struct Bucket {
        var tokens: Double
        var filledAt: ContinuousClock.Instant
    }

    private let buckets = Mutex<[Origin: Bucket]>([:])

    init(
        burst: Double = PartnerLimits.requestsBurst,
        perSecond: Double = PartnerLimits.requestsPerSecond,
        pause: Double = PartnerLimits.pauseSeconds
    ) {
        (self.burst, self.perSecond, self.pause) = (burst, perSecond, pause)
    }

    /// Takes tokens.
    ///
    /// - Parameter cost: One for a call that reads one resource.
    /// - Returns: How long the request has to wait, or nil if it is refused; then it has cost nothing.
    func admit(
        _ partner: Origin, cost: Double = 1, at now: ContinuousClock.Instant = .now
    ) -> Duration? {
        buckets.withLock { buckets in
            var bucket = buckets[partner] ?? Bucket(tokens: burst, filledAt: now)
            let passed = (now - bucket.filledAt) / .seconds(1)
            bucket.tokens = min(burst, bucket.tokens + max(0, passed) * perSecond)
            bucket.filledAt = max(now, bucket.filledAt)
            defer { buckets[partner] = bucket }
            let wait = max(0, cost - bucket.tokens) / perSecond
            guard wait <= pause else { return nil }
            bucket.tokens -= cost
            return .seconds(wait)
        }
    }
}
