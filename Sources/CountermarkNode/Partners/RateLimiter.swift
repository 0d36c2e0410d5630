import AnnotationModel
import Synchronization

/// Bounds how often each partner may ask, so that one partner's flood costs the others nothing.
///
/// A token bucket for each partner: a burst of requests at once, then so many a second.
final class RateLimiter: Sendable {
    /// Requests that a partner may make at once.
    let burst: Double
    /// Requests a second that it may go on with.
    let perSecond: Double

    private struct Bucket {
        var tokens: Double
        var filledAt: ContinuousClock.Instant
    }

    private let buckets = Mutex<[Origin: Bucket]>([:])

    /// A pull of a million single edits takes 4,000 requests.
    init(burst: Double = 2_000, perSecond: Double = 1_000) {
        (self.burst, self.perSecond) = (burst, perSecond)
    }

    /// A call that looks through all logs, against one that reads a tile.
    static let listCost = 25.0

    /// Takes tokens; false if there are too few.
    ///
    /// - Parameter cost: One for a call that reads one resource.
    func admits(
        _ partner: Origin, cost: Double = 1, at now: ContinuousClock.Instant = .now
    ) -> Bool {
        buckets.withLock { buckets in
            var bucket = buckets[partner] ?? Bucket(tokens: burst, filledAt: now)
            let passed = (now - bucket.filledAt) / .seconds(1)
            bucket.tokens = min(burst, bucket.tokens + max(0, passed) * perSecond)
            bucket.filledAt = now
            let isAdmitted = bucket.tokens >= cost
            if isAdmitted { bucket.tokens -= cost }
            buckets[partner] = bucket
            return isAdmitted
        }
    }
}
