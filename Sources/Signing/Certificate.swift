import COpenSSL

/// An X.509 certificate, parsed once and unchanged from then on.
public final class Certificate: Sendable {
    /// Certificates of one or two kilobytes are usual; a message or handshake carries several.
    public static let byteCountMax = 16_384
    /// A bundle holds an organisation's roots and intermediates, not a system's trust store.
    public static let bundleCountMax = 64
    /// The text of a bundle of that many certificates.
    private static let pemBytesMax = 2 << 20

    /// The certificate as it was issued.
    public let der: [UInt8]
    /// The SHA-256 of the DER form.
    public let fingerprint: Digest
    /// The subject's distinguished name in the form of RFC 2253.
    public let subject: String
    /// The dNSName entries of subjectAltName.
    public let dnsNames: [String]
    /// The uniformResourceIdentifier entries of subjectAltName.
    public let uris: [String]
    /// The rfc822Name entries of subjectAltName.
    public let emails: [String]
    /// The first second of validity, in Unix time.
    public let notBefore: Int64
    /// The last second of validity, in Unix time.
    public let notAfter: Int64
    /// Whether keyUsage, if present, allows digitalSignature or nonRepudiation (RFC 5280 §4.2.1.3).
    public let allowsDigitalSignature: Bool
    /// Whether the certificate may issue others: basicConstraints and keyUsage say so.
    public let isAuthority: Bool

    private let keyResult: Result<VerificationKey, SigningError>

    // SAFETY: an X509 caches its extensions under its own lock and is not changed otherwise.
    nonisolated(unsafe) package let handle: OpaquePointer

    /// The certificate in DER bytes, which it must fill.
    public convenience init(der bytes: some Collection<UInt8>) throws(SigningError) {
        let der = Array(bytes)
        guard der.count <= Self.byteCountMax else {
            throw .certificateTooLarge(bytes: der.count, limit: Self.byteCountMax)
        }
        ERR_clear_error()
        var used = 0
        let parsed = der.withUnsafeBufferPointer { buffer -> OpaquePointer? in
            guard let start = buffer.baseAddress else { return nil }
            var cursor: UnsafePointer<UInt8>? = start
            let parsed = d2i_X509(nil, &cursor, buffer.count)
            used = cursor.map { $0 - start } ?? 0
            return parsed
        }
        guard let parsed else {
            throw .malformedCertificate(reason: der.isEmpty ? "empty" : SigningError.lastReason())
        }
        guard used == der.count else {
            X509_free(parsed)
            throw .malformedCertificate(reason: "\(der.count - used) bytes after its end")
        }
        try self.init(adopting: parsed, received: der)
    }

    /// The only certificate in a PEM text.
    public convenience init(pem: String) throws(SigningError) {
        let blocks = try Self.derBlocks(in: pem)
        guard let first = blocks.first else { throw .noCertificate }
        guard blocks.count == 1 else { throw .tooManyCertificates(limit: 1) }
        try self.init(der: first)
    }

    /// All certificates in a PEM text, at least one, in their order.
    public static func all(pem: String) throws(SigningError) -> [Certificate] {
        var certificates: [Certificate] = []
        for block in try derBlocks(in: pem) { certificates.append(try Certificate(der: block)) }
        guard !certificates.isEmpty else { throw .noCertificate }
        return certificates
    }

    /// The certificate that an OpenSSL object holds; takes a reference of its own.
    package convenience init(sharing certificate: OpaquePointer) throws(SigningError) {
        guard let der = derBytes({ i2d_X509(certificate, $0) }) else {
            throw .lastFailure(of: "encode a certificate")
        }
        try self.init(der: der)
    }

    /// Takes over one reference to a certificate, also when it is refused.
    private init(adopting certificate: OpaquePointer, received: [UInt8]) throws(SigningError) {
        do throws(SigningError) {
            // The fingerprint must name one byte string: BER oddities that OpenSSL forgives would
            // give the same certificate several.
            guard derBytes({ i2d_X509(certificate, $0) }) == received else {
                throw SigningError.malformedCertificate(reason: "it is not in DER form")
            }
            let names = try CertificateNames(certificate)
            let validity = try Self.validity(certificate)
            der = received
            fingerprint = SHA256Hasher.hash(received)
            subject = try CertificateNames.distinguished(X509_get_subject_name(certificate))
            (dnsNames, uris, emails) = (names.dns, names.uris, names.emails)
            (notBefore, notAfter) = (validity.first, validity.last)
            let usage = X509_get_key_usage(certificate)
            // Without the extension OpenSSL answers with all bits set: everything is allowed.
            allowsDigitalSignature = usage & UInt32(KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION) != 0
            isAuthority = X509_check_ca(certificate) == 1
            keyResult = Self.key(certificate)
            handle = certificate
        } catch {
            X509_free(certificate)
            throw error
        }
    }

    deinit { X509_free(handle) }

    /// The certificate as a PEM text.
    public var pem: String {
        var text = "-----BEGIN CERTIFICATE-----\n"
        var rest = Substring(Base64.encode(der))
        while !rest.isEmpty {
            text += rest.prefix(64)
            text += "\n"
            rest = rest.dropFirst(64)
        }
        return text + "-----END CERTIFICATE-----\n"
    }

    /// The subject's public key.
    ///
    /// - Throws: ``SigningError/unsupportedKey(type:)`` where the certificate has a key of another
    ///   type; a CA may have one.
    public var verificationKey: VerificationKey {
        get throws(SigningError) { try keyResult.get() }
    }

    /// Whether the certificate is signed with its own key, as roots are, and names itself as its issuer.
    public var isSelfIssued: Bool { isIssued(by: self) }

    /// Whether `issuer` signed this certificate: its name, its right to issue and its key fit.
    ///
    /// Whether the issuer is trusted is a question for ``CertificatePath``.
    public func isIssued(by issuer: Certificate) -> Bool {
        ERR_clear_error()
        defer { ERR_clear_error() }
        guard X509_check_issued(issuer.handle, handle) == X509_V_OK,
            let key = X509_get0_pubkey(issuer.handle)
        else { return false }
        return X509_verify(handle, key) == 1
    }

    /// Whether the certificate carries `origin` as a subjectAltName: as a dNSName (nodes), or as
    /// the domain of an rfc822Name or the host of a URI (people and tools).
    ///
    /// Wildcards stand for nothing here. Whether the certificate chains to a root that is pinned
    /// for that origin is a question for ``CertificatePath``.
    public func speaks(for origin: String) -> Bool {
        guard OriginRules.isValid(origin) else { return false }
        return dnsNames.contains { $0.lowercased() == origin }
            || emails.contains { OriginRules.domain(ofEmail: $0) == origin }
            || uris.contains { OriginRules.host(ofURI: $0) == origin }
    }

    private static func key(
        _ certificate: OpaquePointer
    ) -> Result<VerificationKey, SigningError> {
        ERR_clear_error()
        guard let key = X509_get_pubkey(certificate) else {
            return .failure(.invalidPublicKey(reason: SigningError.lastReason()))
        }
        do throws(SigningError) { return .success(try VerificationKey(adopting: key)) } catch {
            return .failure(error)
        }
    }

    private static func validity(
        _ certificate: OpaquePointer
    ) throws(SigningError) -> (first: Int64, last: Int64) {
        var first = tm()
        var last = tm()
        guard ASN1_TIME_to_tm(X509_get0_notBefore(certificate), &first) == 1,
            ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &last) == 1
        else { throw .malformedCertificate(reason: "its validity is not a time") }
        return (Int64(timegm(&first)), Int64(timegm(&last)))
    }

    private static func derBlocks(in pem: String) throws(SigningError) -> [[UInt8]] {
        guard pem.utf8.count <= pemBytesMax else {
            throw .certificateTooLarge(bytes: pem.utf8.count, limit: pemBytesMax)
        }
        let bio = try MemoryBIO(reading: pem)
        var blocks: [[UInt8]] = []
        ERR_clear_error()
        while true {
            guard let certificate = PEM_read_bio_X509(bio.handle, nil, { _, _, _, _ in -1 }, nil)
            else {
                let isEnd = cm_error_reason(ERR_peek_last_error()) == PEM_R_NO_START_LINE
                let reason = SigningError.lastReason()
                guard isEnd else { throw .malformedCertificate(reason: reason) }
                return blocks
            }
            defer { X509_free(certificate) }
            guard blocks.count < bundleCountMax else {
                throw .tooManyCertificates(limit: bundleCountMax)
            }
            guard let der = derBytes({ i2d_X509(certificate, $0) }) else {
                throw .lastFailure(of: "encode a certificate")
            }
            blocks.append(der)
        }
    }
}

extension Certificate: Hashable {
    /// Whether both are the same certificate, byte for byte.
    public static func == (left: Certificate, right: Certificate) -> Bool {
        left.fingerprint == right.fingerprint
    }

    /// Feeds the fingerprint to a hasher.
    public func hash(into hasher: inout Hasher) { hasher.combine(fingerprint) }
}

extension Certificate: CustomStringConvertible {
    /// The subject and the fingerprint.
    public var description: String { "\(subject) (SHA-256 \(fingerprint.hex))" }
}
