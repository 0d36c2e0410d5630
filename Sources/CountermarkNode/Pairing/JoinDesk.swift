import CompanyHome
import Foundation
import PartnerTLS
import Signing
import Synchronization

/// Decides whether an unknown peer may knock, and how often.
///
/// Without an open invitation nobody unknown passes the handshake. With one, an unknown peer reaches
/// nothing but `POST /v1/join`, over a few short connections at a time.
final class JoinDesk: Sendable {
    /// Bounds for peers that nobody has introduced.
    enum Limits {
        /// Calls of one address at once, and each second from then on: a newcomer asks every two seconds.
        static let burst = 20.0
        static let perSecond = 1.0
        /// Addresses that are remembered; beyond, all begin anew.
        static let addressesMax = 4_096
        /// How long the answer to "is an invitation open?" stands.
        static let openFor = Duration.milliseconds(100)
    }

    private struct Openness {
        var isOpen = false
        var checkedAt: ContinuousClock.Instant?
    }

    private struct Bucket {
        var tokens: Double
        var filledAt: ContinuousClock.Instant
    }

    private let home: Home
    private let book: InvitationBook
    private let now: @Sendable () -> Int64
    private let openness = Mutex(Openness())
    private let buckets = Mutex<[String: Bucket]>([:])

    init(_ home: Home, now: @escaping @Sendable () -> Int64) {
        self.home = home
        book = InvitationBook(home)
        self.now = now
    }

    /// Looks whether any invitation is open, and which roots are pinned by now; a few times a second at
    /// most, however many strangers knock.
    private func look(_ roots: PinnedRoots) -> Bool {
        openness.withLock { openness in
            let time = ContinuousClock.now
            if let last = openness.checkedAt, time - last < Limits.openFor {
                return openness.isOpen
            }
            // What cannot be read admits nobody; the operator hears of it from the loop that reloads.
            openness.isOpen = ((try? book.all()) ?? []).contains { $0.admits(at: now()) }
            if let trust = try? home.trust() { roots.replace(with: trust.pins) }
            openness.checkedAt = time
            return openness.isOpen
        }
    }

    /// A server's policy: partners by their pinned roots, and strangers while an invitation is open.
    func policy(_ roots: PinnedRoots) -> PeerPolicy {
        { [self] chain in
            let first = roots.decide(chain, purpose: .tlsClient, at: now())
            guard case .refuse = first, let leaf = chain.first else { return first }
            let isOpen = look(roots)
            // Another process may have pinned its root a moment ago.
            let decision = roots.decide(chain, purpose: .tlsClient, at: now())
            guard case .refuse(let refusal) = decision, isOpen else { return decision }
            switch refusal {
            // An organisation that is pinned with another root learns the reason from the call.
            case .unknownPeer, .untrustedPeer(_, .refusedPath(_, _, .issuerMissing)),
                .untrustedPeer(_, .refusedPath(_, _, .untrustedRoot)):
                return .accept(PeerIdentity(stranger: leaf))
            default: return decision
            }
        }
    }

    /// Takes one call of an address; false if it has made too many.
    func admits(_ address: String, at time: ContinuousClock.Instant = .now) -> Bool {
        buckets.withLock { buckets in
            if buckets.count >= Limits.addressesMax, buckets[address] == nil { buckets = [:] }
            var bucket = buckets[address] ?? Bucket(tokens: Limits.burst, filledAt: time)
            let passed = max(0, (time - bucket.filledAt) / .seconds(1))
            bucket.tokens = min(Limits.burst, bucket.tokens + passed * Limits.perSecond)
            bucket.filledAt = time
            let isAdmitted = bucket.tokens >= 1
            if isAdmitted { bucket.tokens -= 1 }
            buckets[address] = bucket
            return isAdmitted
        }
    }
}
