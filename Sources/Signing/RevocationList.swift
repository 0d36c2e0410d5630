import COpenSSL

/// A list of certificates that their issuer has taken back (CRL, RFC 5280 §5), parsed once.
///
/// Whether the list is genuine, ``CertificatePath`` finds out when it checks a path with it.
public final class RevocationList: Sendable {
    /// One certificate that was taken back.
    public struct Entry: Sendable, Equatable {
        /// The issuer says that the certificate is not to be trusted from this moment on, in Unix time.
        public let revokedAt: Int64
        /// The reason by its number in RFC 5280 §5.3.1, nil if none is given; 1 says that the key is in
        /// other hands.
        public let reason: Int?
    }

    /// A list of some ten thousand certificates; an organisation's own is far smaller.
    public static let byteCountMax = 1 << 20
    /// One for each authority of a path is used.
    public static let listCountMax = 64

    /// The list as it was issued.
    public let der: [UInt8]
    /// The issuer's distinguished name in the form of RFC 2253.
    public let issuer: String
    /// The issuer's key by its identifier (RFC 5280 §5.2.1), empty where the list does not say: an organisation's next
    /// authority may bear the name of the one before.
    public let issuerKey: [UInt8]
    /// When it was issued, in Unix time.
    public let thisUpdate: Int64
    /// When the next one is due, in Unix time; nil if the list does not say.
    public let nextUpdate: Int64?

    // SAFETY: an X509_CRL is sorted under its own lock and not changed otherwise.
    nonisolated(unsafe) package let handle: OpaquePointer

    /// The list in DER bytes, which it must fill.
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
            let parsed = d2i_X509_CRL(nil, &cursor, buffer.count)
            used = cursor.map { $0 - start } ?? 0
            return parsed
        }
        guard let parsed else {
            throw .malformedRevocationList(
                reason: der.isEmpty ? "empty" : SigningError.lastReason())
        }
        guard used == der.count else {
            X509_CRL_free(parsed)
            throw .malformedRevocationList(reason: "\(der.count - used) bytes after its end")
        }
        try self.init(adopting: parsed, received: der)
    }

    /// All lists in a PEM text, at least one.
    public static func all(pem: String) throws(SigningError) -> [RevocationList] {
        let bytesMax = 2 * byteCountMax
        guard pem.utf8.count <= bytesMax else {
            throw .certificateTooLarge(bytes: pem.utf8.count, limit: bytesMax)
        }
        let bio = try MemoryBIO(reading: pem)
        var lists: [RevocationList] = []
        ERR_clear_error()
        while let list = PEM_read_bio_X509_CRL(bio.handle, nil, { _, _, _, _ in -1 }, nil) {
            defer { X509_CRL_free(list) }
            guard lists.count < listCountMax else {
                throw .tooManyCertificates(limit: listCountMax)
            }
            guard let der = derBytes({ i2d_X509_CRL(list, $0) }) else {
                throw .lastFailure(of: "encode a revocation list")
            }
            lists.append(try RevocationList(der: der))
        }
        let isEnd = cm_error_reason(ERR_peek_last_error()) == PEM_R_NO_START_LINE
        let reason = SigningError.lastReason()
        guard isEnd, !lists.isEmpty else {
            throw .malformedRevocationList(reason: lists.isEmpty ? "no list in PEM form" : reason)
        }
        return lists
    }

    /// Takes over one reference to a list, also when it is refused.
    private init(adopting list: OpaquePointer, received: [UInt8]) throws(SigningError) {
        do throws(SigningError) {
            guard let first = Self.time(X509_CRL_get0_lastUpdate(list)) else {
                throw SigningError.malformedRevocationList(
                    reason: "it does not say when it is from")
            }
            let next = X509_CRL_get0_nextUpdate(list)
            thisUpdate = first
            nextUpdate = try next.map { next throws(SigningError) in
                guard let time = Self.time(next) else {
                    throw SigningError.malformedRevocationList(reason: "its next update is no time")
                }
                return time
            }
            issuer = try CertificateNames.distinguished(X509_CRL_get_issuer(list))
            issuerKey = Self.issuerKey(of: list)
            der = received
            handle = list
        } catch {
            X509_CRL_free(list)
            throw error
        }
    }

    deinit { X509_CRL_free(handle) }

    /// The list as a PEM text.
    public var pem: String {
        get throws(SigningError) {
            let bio = try MemoryBIO()
            guard PEM_write_bio_X509_CRL(bio.handle, handle) == 1 else {
                throw .lastFailure(of: "write a revocation list")
            }
            return bio.text
        }
    }

    /// Whether another list is one of the same authority.
    public func isOfAuthority(of other: RevocationList) -> Bool {
        issuer == other.issuer && issuerKey == other.issuerKey
    }

    private static func issuerKey(of list: OpaquePointer) -> [UInt8] {
        guard let value = X509_CRL_get_ext_d2i(list, NID_authority_key_identifier, nil, nil) else {
            return []
        }
        let identifier = value.assumingMemoryBound(to: AUTHORITY_KEYID.self)
        defer { AUTHORITY_KEYID_free(identifier) }
        return bytes(identifier.pointee.keyid)
    }

    private static func bytes(_ string: UnsafePointer<ASN1_OCTET_STRING>?) -> [UInt8] {
        guard let string else { return [] }
        return Array(
            UnsafeBufferPointer(
                start: ASN1_STRING_get0_data(string), count: Int(ASN1_STRING_length(string))))
    }

    /// What the list says about a certificate of its issuer; nil if it does not name it.
    ///
    /// Statements that were witnessed before ``Entry/revokedAt`` can stand, if the reason allows.
    public func entry(for certificate: Certificate) -> Entry? {
        let issuerOfCertificate = X509_get_issuer_name(certificate.handle)
        guard X509_NAME_cmp(issuerOfCertificate, X509_CRL_get_issuer(handle)) == 0 else {
            return nil
        }
        let key = Self.bytes(X509_get0_authority_key_id(certificate.handle))
        // Two authorities of one name may have given one number each.
        guard key.isEmpty || issuerKey.isEmpty || key == issuerKey else { return nil }
        var found: OpaquePointer?
        // 1 for a hit, 2 for an entry that takes the revocation back.
        guard X509_CRL_get0_by_cert(handle, &found, certificate.handle) == 1, let found,
            let time = Self.time(X509_REVOKED_get0_revocationDate(found))
        else { return nil }
        return Entry(revokedAt: time, reason: Self.reason(found))
    }

    /// Whether an authority issued the list: it bears its name, its key's identifier and its signature, and the
    /// authority may sign lists.
    ///
    /// The identifier has to be the authority's own: lists are told apart by it, and one with as many as it likes would
    /// never be replaced by the next.
    public func isSigned(by issuer: Certificate) -> Bool {
        ERR_clear_error()
        defer { ERR_clear_error() }
        guard issuer.isAuthority,
            issuerKey.isEmpty
                || issuerKey == Self.bytes(X509_get0_subject_key_id(issuer.handle)),
            X509_NAME_cmp(X509_get_subject_name(issuer.handle), X509_CRL_get_issuer(handle)) == 0,
            X509_get_key_usage(issuer.handle) & UInt32(KU_CRL_SIGN) != 0,
            let key = X509_get0_pubkey(issuer.handle)
        else { return false }
        return X509_CRL_verify(handle, key) == 1
    }

    private static func reason(_ entry: OpaquePointer) -> Int? {
        var critical: Int32 = 0
        guard let value = X509_REVOKED_get_ext_d2i(entry, NID_crl_reason, &critical, nil) else {
            return nil
        }
        let number = value.assumingMemoryBound(to: ASN1_ENUMERATED.self)
        defer { ASN1_ENUMERATED_free(number) }
        return ASN1_ENUMERATED_get(number)
    }

    private static func time(_ time: UnsafePointer<ASN1_TIME>?) -> Int64? {
        var parts = tm()
        guard ASN1_TIME_to_tm(time, &parts) == 1 else { return nil }
        return Int64(timegm(&parts))
    }
}

extension CertificateAuthority {
    /// A certificate to be taken back.
    public struct Revocation: Sendable {
        /// The certificate, one of this authority's.
        public let certificate: Certificate
        /// From when on, in Unix time.
        public let time: Int64
        /// Whether its key is in other hands; otherwise it was merely replaced or is out of use.
        public let isKeyCompromised: Bool

        /// A revocation.
        public init(certificate: Certificate, time: Int64, isKeyCompromised: Bool) {
            self.certificate = certificate
            self.time = time
            self.isKeyCompromised = isKeyCompromised
        }
    }

    /// A month: partners notice soon if they are kept from newer lists.
    public static let revocationListLifetimeSeconds: Int64 = 30 * 86_400

    /// Issues a list of all certificates that were ever taken back.
    ///
    /// - Parameters:
    ///   - revocations: the certificates.
    ///   - number: larger than that of the list before (RFC 5280 §5.2.3).
    ///   - time: Unix seconds.
    ///   - lifetimeSeconds: how long partners may go by it.
    public func issueRevocationList(
        _ revocations: [Revocation], number: Int64, at time: Int64,
        lifetimeSeconds: Int64 = revocationListLifetimeSeconds
    ) throws(SigningError) -> RevocationList {
        let draft = try RevocationListDraft(
            issuer: certificate, notBefore: time, notAfter: time + lifetimeSeconds, number: number)
        for revocation in revocations { try draft.add(revocation) }
        return try draft.sign(with: key)
    }
}
