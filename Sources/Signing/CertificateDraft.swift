import COpenSSL

/// A certificate that is being put together and not signed yet.
package final class CertificateDraft {
    package let handle: OpaquePointer

    /// X.520 allows 64 characters for a common name.
    private static let commonNameCountMax = 64
    /// 16 random bytes, of which the first bit is clear: positive, unique, at most 20 (RFC 5280).
    private static let serialByteCount = 16

    /// A draft with version, serial number, subject, key and validity.
    ///
    /// - Parameter serialNumber: 16 bytes to take instead of random ones, where a certificate has to come
    ///   out the same each time.
    package init(
        subject: VerificationKey, commonName: String, notBefore: Int64, notAfter: Int64,
        serialNumber: [UInt8]? = nil
    ) throws(SigningError) {
        ERR_clear_error()
        guard let handle = X509_new() else { throw .lastFailure(of: Self.operation) }
        self.handle = handle
        var serial = [UInt8](repeating: 0, count: Self.serialByteCount)
        if let serialNumber {
            serial = serialNumber
        } else if RAND_bytes(&serial, Int32(serial.count)) != 1 {
            throw .lastFailure(of: "draw a random serial number")
        }
        serial[0] = serial[0] & 0x7f | 0x40
        let number = BN_bin2bn(serial, Int32(serial.count), nil)
        defer { BN_free(number) }
        // A longer name is cut; partners go by subjectAltName.
        let name = Array(commonName.utf8.prefix(Self.commonNameCountMax))
        guard X509_set_version(handle, 2) == 1,
            BN_to_ASN1_INTEGER(number, X509_get_serialNumber(handle)) != nil,
            ASN1_TIME_set(X509_getm_notBefore(handle), time_t(notBefore)) != nil,
            ASN1_TIME_set(X509_getm_notAfter(handle), time_t(notAfter)) != nil,
            X509_set_pubkey(handle, subject.handle) == 1,
            X509_NAME_add_entry_by_NID(
                X509_get_subject_name(handle), NID_commonName, MBSTRING_UTF8, name,
                Int32(name.count), -1, 0) == 1
        else { throw .lastFailure(of: Self.operation) }
    }

    deinit { X509_free(handle) }

    /// Names the issuer: the subject of another certificate, or of this one for a root.
    package func setIssuer(_ issuer: OpaquePointer) throws(SigningError) {
        guard X509_set_issuer_name(handle, X509_get_subject_name(issuer)) == 1 else {
            throw .lastFailure(of: Self.operation)
        }
    }

    /// Adds an extension in OpenSSL's configuration syntax, from constants only.
    package func add(_ nid: Int32, _ value: String, issuer: OpaquePointer? = nil)
        throws(SigningError)
    {
        guard cm_add_extension(handle, issuer ?? handle, nid, value) == 1 else {
            throw .lastFailure(of: Self.operation)
        }
    }

    /// Adds subjectAltName.
    package func add(_ names: [CertificateAuthority.SubjectName]) throws(SigningError) {
        guard let list = cm_names_new() else { throw .lastFailure(of: Self.operation) }
        defer { cm_names_free(list) }
        for name in names {
            let (kind, text) = try Self.checked(name)
            let bytes = Array(text.utf8)
            guard cm_names_push(list, kind, bytes, Int32(bytes.count)) == 1 else {
                throw .lastFailure(of: Self.operation)
            }
        }
        guard cm_add_subject_names(handle, list) == 1 else {
            throw .lastFailure(of: Self.operation)
        }
    }

    private static func checked(
        _ name: CertificateAuthority.SubjectName
    ) throws(SigningError) -> (kind: Int32, text: String) {
        switch name {
        case .dns(let origin):
            guard OriginRules.isValid(origin) else { throw .invalidOrigin(origin) }
            return (GEN_DNS, origin)
        case .email(let address):
            guard isPrintable(address), let domain = OriginRules.domain(ofEmail: address),
                OriginRules.isValid(domain), !address.hasPrefix("@")
            else { throw .invalidSubjectName(address) }
            return (GEN_EMAIL, address)
        case .uri(let uri):
            guard isPrintable(uri), let host = OriginRules.host(ofURI: uri),
                OriginRules.isValid(host)
            else { throw .invalidSubjectName(uri) }
            return (GEN_URI, uri)
        }
    }

    private static func isPrintable(_ text: String) -> Bool {
        (1...1_024).contains(text.utf8.count)
            && text.utf8.allSatisfy { (0x21...0x7e).contains($0) }
    }

    /// Signs with the issuer's key.
    package func sign(with key: SigningKey) throws(SigningError) -> Certificate {
        ERR_clear_error()
        let hash: OpaquePointer? =
            switch key.kind {
            case .ed25519: nil
            case .p256: EVP_sha256()
            case .p384: EVP_sha384()
            }
        guard X509_sign(handle, key.handle, hash) > 0 else {
            throw .lastFailure(of: "sign a certificate")
        }
        return try Certificate(sharing: handle)
    }

    private static let operation = "make a certificate"
}
