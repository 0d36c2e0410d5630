import PlainErrors
import Signing

/// What a node shows to partners and signs with: its certificate, the issuers between it and the root, and
/// its key.
public struct NodeIdentity: Sendable {
    /// The node's certificate first, then its issuers without the root.
    public let chain: [Certificate]
    /// The key that belongs to the certificate.
    public let key: SigningKey

    /// An addKey act has room for four certificates.
    static let chainMax = 4

    /// The node's certificate.
    public var certificate: Certificate { chain[0] }

    /// A checked identity.
    ///
    /// - Throws: ``NodeError`` or `SigningError` if key, certificates, root and origin do not go together.
    public init(
        chain: [Certificate], key: SigningKey, root: Certificate, origin: String, at time: Int64
    ) throws {
        guard let leaf = chain.first else { throw SigningError.noCertificate }
        guard try leaf.verificationKey == key.verificationKey else {
            throw SigningError.keyDoesNotMatchCertificate(subject: leaf.subject)
        }
        guard leaf.speaks(for: origin) else {
            throw SigningError.wrongOrigin(subject: leaf.subject, origin: origin)
        }
        // The root is pinned by partners and travels with nothing.
        self.init(unchecked: chain.filter { $0 != root }, key: key)
        guard self.chain.count <= Self.chainMax else {
            throw NodeError(
                .chainTooLong,
                "\(self.chain.count) certificates lie between \(leaf.subject) and its root",
                hint: "at most \(Self.chainMax) can stand in a log, the signer's own among them")
        }
        try CertificatePath.validate(
            leaf: leaf, intermediates: Array(self.chain.dropFirst()), roots: [root], at: time,
            purpose: .signing)
    }

    package init(unchecked chain: [Certificate], key: SigningKey) {
        (self.chain, self.key) = (chain, key)
    }

    /// The name of the signer for people: a person's mail address, else the first name of the certificate.
    public static func name(of certificate: Certificate) -> String {
        certificate.emails.first ?? certificate.uris.first ?? certificate.dnsNames.first
            ?? certificate.subject
    }
}

/// An organisation's authority with what lies above it.
public struct IssuingAuthority: Sendable {
    /// The authority that issues certificates; nil where its key is not at hand.
    public let authority: CertificateAuthority?
    /// The issuing authority's certificate and those above it, without the root; empty if it is the root.
    public let issuers: [Certificate]
    /// The root, which partners pin.
    public let root: Certificate

    /// An authority and the certificates above it, in any order.
    ///
    /// - Throws: ``NodeError`` if they do not lead to a self-signed root.
    public init(
        certificate: Certificate, key: SigningKey?, above: [Certificate]
    ) throws {
        var rest = above.filter { $0 != certificate }
        var path = [certificate]
        while let last = path.last, !last.isSelfIssued {
            guard let next = rest.firstIndex(where: { last.isIssued(by: $0) }) else {
                throw NodeError(
                    .noRoot,
                    "the issuer of \(last.subject) is not among the certificates",
                    hint: "give all certificates up to the root with --ca-chain FILE")
            }
            path.append(rest.remove(at: next))
        }
        root = path.removeLast()
        issuers = path
        authority = try key.map { try CertificateAuthority(certificate: certificate, key: $0) }
    }

    /// An authority whose key is a text: PEM, encrypted or not, or a PKCS #11 URI; nil if it is elsewhere.
    public init(certificate: Certificate, keyText: String?, above: [Certificate]) throws {
        let key = try keyText.map { try KeyRing().key($0, name: "the authority's key") }
        try self.init(certificate: certificate, key: key, above: above)
    }

    /// A root of an organisation's own.
    package init(_ authority: CertificateAuthority) {
        (self.authority, issuers, root) = (authority, [], authority.certificate)
    }
}
