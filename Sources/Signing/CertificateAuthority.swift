import COpenSSL

/// An organisation's certification authority: a root of its own, or one that the company has.
public struct CertificateAuthority: Sendable {
    /// A name under which a certificate speaks for an organisation.
    public enum SubjectName: Hashable, Sendable {
        /// A node, by the organisation's origin.
        case dns(String)
        /// A person, by mail address; its domain is the origin.
        case email(String)
        /// A tool, by a URI; its host is the origin.
        case uri(String)
    }

    /// Ten years, as an organisation's root changes only with an agreement between partners.
    public static let rootLifetimeSeconds: Int64 = 3_652 * 86_400
    /// Two years: keys rotate without troubling the partners.
    public static let nodeLifetimeSeconds: Int64 = 730 * 86_400
    /// New certificates are valid a little earlier, as partners' clocks differ.
    public static let clockToleranceSeconds: Int64 = 300

    /// The authority's certificate.
    public let certificate: Certificate
    /// The key that belongs to it.
    public let key: SigningKey

    /// The authority of a company that has one already.
    ///
    /// - Throws: ``SigningError/notAnAuthority(subject:)`` or
    ///   ``SigningError/keyDoesNotMatchCertificate(subject:)``.
    public init(certificate: Certificate, key: SigningKey) throws(SigningError) {
        guard certificate.isAuthority else {
            throw .notAnAuthority(subject: certificate.subject)
        }
        guard try certificate.verificationKey == key.verificationKey else {
            throw .keyDoesNotMatchCertificate(subject: certificate.subject)
        }
        self.certificate = certificate
        self.key = key
    }

    /// Makes a new root for an organisation, with a new key.
    public static func create(
        origin: String, kind: KeyKind = .ed25519, at time: Int64
    ) throws(SigningError) -> CertificateAuthority {
        guard OriginRules.isValid(origin) else { throw .invalidOrigin(origin) }
        let key = try SigningKey.generate(kind)
        let draft = try CertificateDraft(
            subject: key.verificationKey, commonName: "Root of \(origin)",
            notBefore: time - clockToleranceSeconds, notAfter: time + rootLifetimeSeconds)
        try draft.setIssuer(draft.handle)
        try draft.add(NID_basic_constraints, "critical,CA:TRUE,pathlen:1")
        try draft.add(NID_key_usage, "critical,keyCertSign,cRLSign")
        try draft.add(NID_subject_key_identifier, "hash")
        return try CertificateAuthority(certificate: try draft.sign(with: key), key: key)
    }

    /// Issues the certificate of a node: it signs changesets and checkpoints and takes part in TLS
    /// on both sides.
    public func issueNode(
        origin: String, key subjectKey: VerificationKey, at time: Int64,
        lifetimeSeconds: Int64 = nodeLifetimeSeconds
    ) throws(SigningError) -> Certificate {
        guard OriginRules.isValid(origin) else { throw .invalidOrigin(origin) }
        return try issue(
            [.dns(origin)], commonName: origin, key: subjectKey, at: time,
            lifetimeSeconds: lifetimeSeconds, extendedKeyUsage: "serverAuth,clientAuth")
    }

    /// Issues the certificate of a person or a tool, for signing only.
    public func issueSigner(
        _ name: SubjectName, commonName: String, key subjectKey: VerificationKey, at time: Int64,
        lifetimeSeconds: Int64 = nodeLifetimeSeconds
    ) throws(SigningError) -> Certificate {
        try issue(
            [name], commonName: commonName, key: subjectKey, at: time,
            lifetimeSeconds: lifetimeSeconds, extendedKeyUsage: nil)
    }

    private func issue(
        _ names: [SubjectName], commonName: String, key subjectKey: VerificationKey,
        at time: Int64, lifetimeSeconds: Int64, extendedKeyUsage: String?
    ) throws(SigningError) -> Certificate {
        // A certificate that outlives its issuer would stop working without warning.
        let draft = try CertificateDraft(
            subject: subjectKey, commonName: commonName,
            notBefore: max(time - Self.clockToleranceSeconds, certificate.notBefore),
            notAfter: min(time + lifetimeSeconds, certificate.notAfter))
        try draft.setIssuer(certificate.handle)
        try draft.add(NID_basic_constraints, "critical,CA:FALSE")
        try draft.add(NID_key_usage, "critical,digitalSignature")
        if let extendedKeyUsage { try draft.add(NID_ext_key_usage, extendedKeyUsage) }
        try draft.add(NID_subject_key_identifier, "hash")
        try draft.add(NID_authority_key_identifier, "keyid:always", issuer: certificate.handle)
        try draft.add(names)
        return try draft.sign(with: key)
    }
}
