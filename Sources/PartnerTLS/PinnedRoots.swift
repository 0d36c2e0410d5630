import Signing
import Synchronization

/// Who is at the other end of a connection.
public struct PeerIdentity: Hashable, Sendable {
    /// The organisation; empty for a stranger.
    public let origin: String
    /// The certificate that the peer showed and whose key it proved to hold.
    public let certificate: Certificate

    /// The SHA-256 of that certificate.
    public var fingerprint: Digest { certificate.fingerprint }

    /// Whether nothing is known of the peer but that it holds the key of its certificate.
    public var isStranger: Bool { origin.isEmpty }

    /// An identity that was checked.
    public init(origin: String, certificate: Certificate) {
        self.origin = origin
        self.certificate = certificate
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
    private let roots: Mutex<[String: [Certificate]]>
    private let lists = Mutex<[String: [RevocationList]]>([:])

    /// A set of pins.
    public init(_ roots: [String: [Certificate]] = [:]) { self.roots = Mutex(roots) }

    /// Pins roots for an organisation in place of those before; none removes it.
    public func pin(_ certificates: [Certificate], for origin: String) {
        roots.withLock { $0[origin] = certificates.isEmpty ? nil : certificates }
    }

    /// Replaces all pins at once.
    public func replace(with roots: [String: [Certificate]]) {
        self.roots.withLock { $0 = roots.filter { !$0.value.isEmpty } }
    }

    /// Replaces the revocation lists that the organisations' certificates are checked against.
    ///
    /// A certificate that a list names is refused, and so is one whose issuer's list is out of date;
    /// issuers without a list are taken at their word.
    public func replaceRevocationLists(with lists: [String: [RevocationList]]) {
        self.lists.withLock { $0 = lists }
    }

    /// The organisations with pins.
    public var origins: [String] { roots.withLock { $0.keys.sorted() } }

    /// The roots that are pinned for an organisation.
    public func certificates(for origin: String) -> [Certificate] {
        roots.withLock { $0[origin] ?? [] }
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
        guard let leaf = chain.first else { return .refuse(.noPeerCertificate) }
        if let expected, !leaf.speaks(for: expected) {
            return .refuse(.wrongPeer(subject: leaf.subject, expected: expected))
        }
        let pins = roots.withLock { $0 }
        let candidates = pins.keys
            .filter { (expected == nil || $0 == expected) && leaf.speaks(for: $0) }.sorted()
        var refusal = PartnerTLSError.unknownPeer(subject: leaf.subject)
        for origin in candidates {
            do throws(SigningError) {
                try CertificatePath.validate(
                    leaf: leaf, intermediates: Array(chain.dropFirst()),
                    roots: pins[origin] ?? [], at: time, purpose: purpose,
                    revocation: .lists(lists.withLock { $0[origin] ?? [] }))
                return .accept(PeerIdentity(origin: origin, certificate: leaf))
            } catch {
                refusal = .untrustedPeer(origin: origin, cause: error)
            }
        }
        return .refuse(refusal)
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
