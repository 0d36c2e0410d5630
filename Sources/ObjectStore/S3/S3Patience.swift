import Glibc

/// How often a request is sent again that failed for a passing reason, and how long is waited in between.
public struct S3Patience: Sendable {
    /// How often a request is sent at most.
    public var attemptsMax = 6
    /// After so many seconds it is not sent again.
    public var retrySecondsMax = 60.0
    /// The longest wait before the second attempt; it doubles with each.
    public var firstWaitSeconds = 0.1
    /// The longest wait of all, also where the store asks for more.
    public var waitSecondsMax = 5.0
    /// Waits so many seconds.
    var pause: @Sendable (Double) -> Void = { seconds in
        var time = timespec(
            tv_sec: Int(seconds), tv_nsec: Int((seconds - seconds.rounded(.down)) * 1e9))
        // A signal makes it shorter, which does no harm.
        nanosleep(&time, nil)
    }

    /// Six attempts within a minute.
    public init() {}

    /// The wait after a failed attempt: anything up to the longest, so that many who failed at once do not come back
    /// at once.
    ///
    /// - Parameters:
    ///   - attempt: which attempt failed, from 1 on.
    ///   - wanted: the seconds that the store asks for (Retry-After).
    func wait(after attempt: Int, wanted: Int?) -> Double {
        let longest = min(waitSecondsMax, firstWaitSeconds * Double(1 << min(16, attempt - 1)))
        let least = min(waitSecondsMax, Double(wanted ?? 0))
        return max(least, Double.random(in: longest / 4...longest))
    }
}
