import Synchronization

/// A value that is made at most once in a while: what costs much is not done for each who asks.
final class Kept<Value: Sendable>: Sendable {
    private let duration: Duration
    private let last = Mutex<(at: ContinuousClock.Instant, value: Value)?>(nil)

    init(for duration: Duration) { self.duration = duration }

    /// The value that was made last, or a new one; two who ask at once may make it twice.
    func value(at now: ContinuousClock.Instant, _ make: () throws -> Value) rethrows -> Value {
        if let last = last.withLock({ $0 }), now - last.at < duration { return last.value }
        let value = try make()
        last.withLock { $0 = (now, value) }
        return value
    }
}
