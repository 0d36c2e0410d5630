import Synchronization

/// Bounds how often each caller may ask, so that one caller's flood costs the others nothing.
///
/// A token bucket for each caller: a burst of requests at once, then so many a second. A request that comes
/// a little early waits for its token; one that comes much too early is refused.
package final class RateLimiter<Caller: Hashable & Sendable>: Sendable {
    /// Requests that a caller may make at once.
    let burst: Double
    /// Requests a second that it may go on with.
    package let perSecond: Double
    /// How long a request waits for its token at most, in seconds.
    let pause: Double

    private struct Bucket {
        var tokens: Double
        var filledAt: ContinuousClock.Instant
    }

    private let buckets = Mutex<[Caller: Bucket]>([:])
    /// Callers whose buckets are kept; full ones say nothing and go first.
    private let callersMax = 4_096

    package init(
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
    package func admit(
        _ caller: Caller, cost: Double = 1, at now: ContinuousClock.Instant = .now
    ) -> Duration? {
        buckets.withLock { buckets in
            var bucket = buckets[caller] ?? Bucket(tokens: burst, filledAt: now)
            let passed = (now - bucket.filledAt) / .seconds(1)
            bucket.tokens = min(burst, bucket.tokens + max(0, passed) * perSecond)
            bucket.filledAt = max(now, bucket.filledAt)
            if buckets.count >= callersMax, buckets[caller] == nil {
                buckets = buckets.filter {
                    $0.value.tokens + (now - $0.value.filledAt) / .seconds(1) * perSecond < burst
                }
            }
            defer { buckets[caller] = bucket }
            let wait = max(0, cost - bucket.tokens) / perSecond
            guard wait <= pause else { return nil }
            bucket.tokens -= cost
            return .seconds(wait)
        }
    }
}
