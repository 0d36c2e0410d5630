import Signing
import Synchronization

/// Who is at the other end of a connection.
public struct PeerIdentity: Hashable, Sendable {
    /// The organisation; empty for a stranger.
    public let origin: String
    /// The certificate that the peer showed and whose key it proved to hold.
    public let certificate: Certificate
    /// That certificate and those that the peer sent along, to judge it again later.
    public let chain: [Certificate]

    /// The SHA-256 of that certificate.
    public var fingerprint: Digest { certificate.fingerprint }

    /// Whether nothing is known of the peer but that it holds the key of its certificate.
    public var isStranger: Bool { origin.isEmpty }

    /// An identity that was checked.
    ///
    /// - Parameter chain: the certificate and those sent along; the certificate alone if left out.
    public init(origin: String, certificate: Certificate, chain: [Certificate]? = nil) {
        self.origin = origin
        self.certificate = certificate
        self.chain = chain ?? [certificate]
    }

    /// A peer that names no organisation with pinned roots, and may introduce itself.
    public init(stranger certificate: Certificate) {
        self.init(origin: "", certificate: certificate)
    }
}

/// Whether a peer is let in.
public enum PeerDecision: Equatable, Sendable {
    /// The peer is this organisation.
    case accept(PeerIdentity)
    /// The peer is refused.
    case refuse(PartnerTLSError)
}

/// Judges the certificates that a peer sent, its own first; called during the handshake, so it must
/// not block.
public typealias PeerPolicy = @Sendable ([Certificate]) -> PeerDecision

/// The roots that are pinned for each organisation; may change while connections are served.
///
/// A certificate counts only for an origin that it names itself and whose own roots it chains to.
/// Roots are never merged across organisations.
public final class PinnedRoots: Sendable {
    /// All that a verdict depends on but the chain and the moment.
    private struct Trust {
        var roots: [String: [Certificate]]
        var lists: [String: [RevocationList]] = [:]
        /// How often the above has changed.
        var generation: UInt64 = 0
    }

    /// Verdicts of one second under one trust: a connection is judged at each of its requests.
    private struct Verdicts {
        struct Question: Hashable {
            let chain: [Certificate]
            let purpose: CertificatePath.Purpose
            let expected: String?
        }

        var time: Int64 = 0
        var generation: UInt64 = 0
        var answers: [Question: PeerDecision] = [:]
    }

    /// Verdicts that are kept at once; beyond, all begin anew.
    static let verdictsMax = 1_024

    private let trust: Mutex<Trust>
    private let verdicts = Mutex(Verdicts())

    /// A set of pins.
    public init(_ roots: [String: [Certificate]] = [:]) {
        trust = Mutex(Trust(roots: roots.filter { !$0.value.isEmpty }))
    }

    /// Pins roots for an organisation in place of those before; none removes it.
    public func pin(_ certificates: [Certificate], for origin: String) {
        trust.withLock {
            $0.roots[origin] = certificates.isEmpty ? nil : certificates
            $0.generation += 1
        }
    }

    /// Replaces all pins at once.
    public func replace(with roots: [String: [Certificate]]) {
        trust.withLock {
            $0.roots = roots.filter { !$0.value.isEmpty }
            $0.generation += 1
        }
    }

    /// Replaces the revocation lists that the organisations' certificates are checked against.
    ///
    /// A certificate that a list names is refused, and so is one whose issuer's list is out of date;
    /// issuers without a list are taken at their word.
    public func replaceRevocationLists(with lists: [String: [RevocationList]]) {
        trust.withLock {
            $0.lists = lists
            $0.generation += 1
        }
    }

    /// The organisations with pins.
    public var origins: [String] { trust.withLock { $0.roots.keys.sorted() } }

    /// The roots that are pinned for an organisation.
    public func certificates(for origin: String) -> [Certificate] {
        trust.withLock { $0.roots[origin] ?? [] }
    }

    /// Which organisation a chain of certificates stands for.
    ///
    /// - Parameters:
    ///   - chain: the peer's certificate and those it sent along.
    ///   - purpose: the peer's side of the connection.
    ///   - time: the moment, in Unix seconds.
    ///   - expected: the organisation that was called; nil lets in any with pins.
    public func decide(
        _ chain: [Certificate], purpose: CertificatePath.Purpose, at time: Int64,
        expecting expected: String? = nil
    ) -> PeerDecision {
        let trust = trust.withLock { $0 }
        let question = Verdicts.Question(chain: chain, purpose: purpose, expected: expected)
        let known = verdicts.withLock { verdicts -> PeerDecision? in
            if verdicts.time == time, verdicts.generation == trust.generation {
                return verdicts.answers[question]
            }
            verdicts = Verdicts(time: time, generation: trust.generation)
            return nil
        }
        if let known { return known }
        let decision = Self.decide(chain, purpose, time, expected, trust)
        verdicts.withLock { verdicts in
            guard verdicts.time == time, verdicts.generation == trust.generation else { return }
            if verdicts.answers.count >= Self.verdictsMax { verdicts.answers = [:] }
            verdicts.answers[question] = decision
        }
        return decision
    }

    private static func decide(
        _ chain: [Certificate], _ purpose: CertificatePath.Purpose, _ time: Int64,
        _ expected: String?, _ trust: Trust
    ) -> PeerDecision {
        guard let leaf = chain.first else { return .refuse(.noPeerCertificate) }
        if let expected, !leaf.speaks(for: expected) {
            return .refuse(.wrongPeer(subject: leaf.subject, expected: expected))
        }
        let candidates = trust.roots.keys
            .filter { (expected == nil || $0 == expected) && leaf.speaks(for: $0) }.sorted()
        var refusal = PartnerTLSError.unknownPeer(subject: leaf.subject)
        for origin in candidates {
            do throws(SigningError) {
                try CertificatePath.validate(
                    leaf: leaf, intermediates: Array(chain.dropFirst()),
                    roots: trust.roots[origin] ?? [], at: time, purpose: purpose,
                    revocation: .lists(trust.lists[origin] ?? []))
                return .accept(PeerIdentity(origin: origin, certificate: leaf, chain: chain))
            } catch {
                refusal = .untrustedPeer(origin: origin, cause: error)
            }
        }
        return .refuse(refusal)
    }

    /// Judges a peer again, whose handshake is over: pins, lists and the time may have changed since.
    ///
    /// - Returns: Why the peer is not trusted any more; nil if it is.
    public func whyEnded(
        _ peer: PeerIdentity, purpose: CertificatePath.Purpose, at time: Int64
    ) -> PartnerTLSError? {
        let decision = decide(peer.chain, purpose: purpose, at: time, expecting: peer.origin)
        guard case .refuse(let refusal) = decision else { return nil }
        return refusal
    }

    /// The policy of a server: any organisation with pins may come in.
    public func serverPolicy(now: @escaping @Sendable () -> Int64) -> PeerPolicy {
        { self.decide($0, purpose: .tlsClient, at: now()) }
    }

    /// The policy of a client that calls one organisation.
    public func clientPolicy(
        expecting origin: String, now: @escaping @Sendable () -> Int64
    ) -> PeerPolicy {
        { self.decide($0, purpose: .tlsServer, at: now(), expecting: origin) }
    }
}
