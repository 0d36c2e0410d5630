import PartnerTLS
import Signing

/// How long to wait on this machine before a wait counts as a hang.
///
/// No verdict may come from how fast a machine is: bounds are far above what a quiet two-core machine needs, and
/// grow with the measured slowness of this one.
enum Patience {
    /// What the measured work takes on a quiet machine with two slow cores.
    private static let reference = Duration.milliseconds(250)
    /// SHA-256 runs in OpenSSL, as fast in a debug build as in any other.
    private static let workByteCount = 128 << 20
    /// A slower measurement is no speed, it is a machine that was suspended.
    private static let slownessMax = 60.0

    /// How many times slower than the reference this machine is, measured once; never below 1.
    static let slowness: Double = {
        let block = [UInt8](repeating: 1, count: 1 << 20)
        let start = ContinuousClock.now
        var hasher = SHA256Hasher()
        for _ in 0..<(workByteCount / block.count) { block.withUnsafeBytes { hasher.update($0) } }
        _ = hasher.finish()
        return min(max((ContinuousClock.now - start) / reference, 1), slownessMax)
    }()

    /// A number of seconds of the reference machine, as seconds of this one.
    static func seconds(_ count: Int64) -> Int64 { Int64((Double(count) * slowness).rounded(.up)) }

    /// How long one test may take: minutes, where it takes seconds.
    static let testMinutes = Int(seconds(10 * 60) / 60)

    /// Waits until something holds; false if it never did.
    static func until(_ holds: () -> Bool) async throws -> Bool {
        let end = ContinuousClock.now + .seconds(seconds(120))
        while !holds() {
            if ContinuousClock.now > end { return false }
            try await Task.sleep(for: .milliseconds(10))
        }
        return true
    }
}

extension HTTPClient.Limits {
    /// Bounds that only a hang reaches, for tests that are not about time.
    static var patient: HTTPClient.Limits {
        var limits = HTTPClient.Limits()
        let seconds = Patience.seconds(300)
        limits.connectSeconds = seconds
        limits.handshakeSeconds = seconds
        limits.responseSeconds = seconds
        limits.streamSilenceSeconds = seconds
        return limits
    }
}
