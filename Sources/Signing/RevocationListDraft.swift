import COpenSSL

/// A revocation list that is being put together and not signed yet.
final class RevocationListDraft {
    private let handle: OpaquePointer

    private static let operation = "make a revocation list"
    /// keyCompromise and superseded (RFC 5280 §5.3.1).
    private static let (keyCompromise, superseded) = (1, 4)

    /// A draft with version, issuer, lifetime and number.
    init(
        issuer: Certificate, notBefore: Int64, notAfter: Int64, number: Int64
    ) throws(SigningError) {
        ERR_clear_error()
        guard let handle = X509_CRL_new() else { throw .lastFailure(of: Self.operation) }
        self.handle = handle
        try Self.set(notBefore) { X509_CRL_set1_lastUpdate(handle, $0) }
        try Self.set(notAfter) { X509_CRL_set1_nextUpdate(handle, $0) }
        guard let serial = ASN1_INTEGER_new() else { throw .lastFailure(of: Self.operation) }
        defer { ASN1_INTEGER_free(serial) }
        guard X509_CRL_set_version(handle, 1) == 1,
            X509_CRL_set_issuer_name(handle, X509_get_subject_name(issuer.handle)) == 1,
            ASN1_INTEGER_set_int64(serial, number) == 1,
            X509_CRL_add1_ext_i2d(handle, NID_crl_number, serial, 0, UInt(X509V3_ADD_DEFAULT)) == 1,
            cm_add_crl_authority_key(handle, issuer.handle) == 1
        else { throw .lastFailure(of: Self.operation) }
    }

    deinit { X509_CRL_free(handle) }

    /// Adds a certificate.
    func add(_ revocation: CertificateAuthority.Revocation) throws(SigningError) {
        guard let entry = X509_REVOKED_new() else { throw .lastFailure(of: Self.operation) }
        var isOurs = true
        defer { if isOurs { X509_REVOKED_free(entry) } }
        guard let reason = ASN1_ENUMERATED_new() else { throw .lastFailure(of: Self.operation) }
        defer { ASN1_ENUMERATED_free(reason) }
        try Self.set(revocation.time) { X509_REVOKED_set_revocationDate(entry, $0) }
        let serial = X509_get0_serialNumber(revocation.certificate.handle)
        guard X509_REVOKED_set_serialNumber(entry, UnsafeMutablePointer(mutating: serial)) == 1,
            ASN1_ENUMERATED_set(
                reason, revocation.isKeyCompromised ? Self.keyCompromise : Self.superseded) == 1,
            X509_REVOKED_add1_ext_i2d(
                entry, NID_crl_reason, reason, 0, UInt(X509V3_ADD_DEFAULT)) == 1,
            X509_CRL_add0_revoked(handle, entry) == 1
        else { throw .lastFailure(of: Self.operation) }
        isOurs = false
    }

    /// Signs with the issuer's key.
    func sign(with key: SigningKey) throws(SigningError) -> RevocationList {
        ERR_clear_error()
        let hash: OpaquePointer? =
            switch key.kind {
            case .ed25519: nil
            case .p256: EVP_sha256()
            case .p384: EVP_sha384()
            }
        guard X509_CRL_sort(handle) == 1, X509_CRL_sign(handle, key.handle, hash) > 0,
            let der = derBytes({ [handle] in i2d_X509_CRL(handle, $0) })
        else { throw .lastFailure(of: "sign a revocation list") }
        return try RevocationList(der: der)
    }

    private static func set(
        _ time: Int64, _ store: (UnsafeMutablePointer<ASN1_TIME>) -> Int32
    ) throws(SigningError) {
        guard let value = ASN1_TIME_set(nil, time_t(time)) else {
            throw .lastFailure(of: operation)
        }
        defer { ASN1_TIME_free(value) }
        guard store(value) == 1 else { throw .lastFailure(of: operation) }
    }
}
