import COpenSSL

/// Path validation after RFC 5280 §6, with nothing trusted but the roots that are handed in.
public enum CertificatePath {
    /// What the leaf of a path is used for.
    public enum Purpose: Sendable {
        /// Signing statements: keyUsage must allow digitalSignature or nonRepudiation.
        case signing
        /// The client side of a TLS connection.
        case tlsClient
        /// The server side of a TLS connection.
        case tlsServer
    }

    /// What is done about certificates that their issuers have taken back.
    public enum Revocation: Sendable {
        /// Nothing.
        case unchecked
        /// A certificate is refused if a list of its issuer names it, or if that list is out of date or
        /// forged; issuers without a list are taken at their word.
        case lists([RevocationList])
        /// As with lists, and every issuer in the path needs one.
        case required([RevocationList])
    }

    /// Leaf, root and six authorities between them.
    public static let depthMax = 7
    /// At least 112 bits: RSA keys of 2,048 bits and SHA-256.
    private static let securityLevel: Int32 = 2

    /// Checks that a path leads from `leaf` to one of `roots` at a moment.
    ///
    /// - Parameters:
    ///   - leaf: the certificate in question.
    ///   - intermediates: certificates that may stand in between, in any order; none is trusted.
    ///   - roots: the self-signed certificates that are trusted.
    ///   - time: the moment, in Unix seconds; exactly at `notAfter` a certificate has expired.
    ///   - purpose: what the leaf is used for.
    ///   - revocation: the lists to go by; they have to be in force at `time`, and whom they name is
    ///     refused whenever it was revoked: see ``RevocationList/entry(for:)`` for what happened before.
    ///   - depthMax: how many authorities may stand between leaf and root, within the limit of all.
    /// - Throws: ``SigningError/refusedPath(subject:depth:problem:)``,
    ///   ``SigningError/signingNotAllowed(subject:)``, or ``SigningError/noTrustAnchor``.
    public static func validate(
        leaf: Certificate, intermediates: [Certificate], roots: [Certificate], at time: Int64,
        purpose: Purpose, revocation: Revocation = .unchecked, depthMax: Int = Self.depthMax
    ) throws(SigningError) {
        guard !roots.isEmpty else { throw .noTrustAnchor }
        guard leaf.allowsDigitalSignature else { throw .signingNotAllowed(subject: leaf.subject) }
        ERR_clear_error()
        guard let store = X509_STORE_new() else { throw .lastFailure(of: "validate a path") }
        defer { X509_STORE_free(store) }
        for root in roots where X509_STORE_add_cert(store, root.handle) != 1 {
            throw .lastFailure(of: "validate a path")
        }
        try add(revocation, to: store)
        let untrusted = cm_x509_stack_new()
        defer { cm_x509_stack_free(untrusted) }
        for certificate in intermediates
        where cm_x509_stack_push(untrusted, certificate.handle) != 1 {
            throw .lastFailure(of: "validate a path")
        }
        guard let context = X509_STORE_CTX_new() else { throw .lastFailure(of: "validate a path") }
        defer { X509_STORE_CTX_free(context) }
        guard X509_STORE_CTX_init(context, store, leaf.handle, untrusted) == 1 else {
            throw .lastFailure(of: "validate a path")
        }
        let parameters = X509_STORE_CTX_get0_param(context)
        X509_VERIFY_PARAM_set_flags(parameters, UInt(X509_V_FLAG_X509_STRICT))
        X509_VERIFY_PARAM_set_time(parameters, time_t(time))
        X509_VERIFY_PARAM_set_depth(parameters, Int32(clamping: min(depthMax, Self.depthMax)))
        X509_VERIFY_PARAM_set_auth_level(parameters, securityLevel)
        switch purpose {
        case .signing: break
        case .tlsClient: X509_VERIFY_PARAM_set_purpose(parameters, X509_PURPOSE_SSL_CLIENT)
        case .tlsServer: X509_VERIFY_PARAM_set_purpose(parameters, X509_PURPOSE_SSL_SERVER)
        }
        try set(revocation, on: context)
        guard X509_verify_cert(context) == 1 else { throw refusal(context) }
    }

    /// Checks that a root can be one: by the rules of
    /// ``validate(leaf:intermediates:roots:at:purpose:revocation:depthMax:)`` a path could end at it.
    public static func checkRoot(_ root: Certificate, at time: Int64) throws(SigningError) {
        guard root.isAuthority else { throw .notAnAuthority(subject: root.subject) }
        ERR_clear_error()
        guard let store = X509_STORE_new() else { throw .lastFailure(of: "check a root") }
        defer { X509_STORE_free(store) }
        guard X509_STORE_add_cert(store, root.handle) == 1,
            let context = X509_STORE_CTX_new()
        else { throw .lastFailure(of: "check a root") }
        defer { X509_STORE_CTX_free(context) }
        guard X509_STORE_CTX_init(context, store, root.handle, nil) == 1 else {
            throw .lastFailure(of: "check a root")
        }
        let parameters = X509_STORE_CTX_get0_param(context)
        X509_VERIFY_PARAM_set_flags(
            parameters, UInt(X509_V_FLAG_X509_STRICT | X509_V_FLAG_CHECK_SS_SIGNATURE))
        X509_VERIFY_PARAM_set_time(parameters, time_t(time))
        X509_VERIFY_PARAM_set_auth_level(parameters, securityLevel)
        guard X509_verify_cert(context) == 1 else { throw refusal(context) }
        for purpose in [X509_PURPOSE_SSL_CLIENT, X509_PURPOSE_SSL_SERVER]
        where X509_check_purpose(root.handle, purpose, 1) == 0 {
            throw .refusedPath(subject: root.subject, depth: 0, problem: .wrongPurpose)
        }
    }

    private static func add(
        _ revocation: Revocation, to store: OpaquePointer
    ) throws(SigningError) {
        guard let lists = revocation.lists else { return }
        guard lists.count <= RevocationList.listCountMax else {
            throw .tooManyCertificates(limit: RevocationList.listCountMax)
        }
        for list in lists where X509_STORE_add_crl(store, list.handle) != 1 {
            throw .lastFailure(of: "validate a path")
        }
    }

    private static func set(
        _ revocation: Revocation, on context: OpaquePointer
    ) throws(SigningError) {
        switch revocation {
        case .unchecked: return
        case .required: break
        case .lists(let lists):
            if lists.isEmpty { return }
            // The only failure that is passed over: an issuer of whom no list is at hand.
            X509_STORE_CTX_set_verify_cb(context) { isGood, context in
                guard isGood == 0,
                    X509_STORE_CTX_get_error(context) == X509_V_ERR_UNABLE_TO_GET_CRL
                else { return isGood }
                X509_STORE_CTX_set_error(context, X509_V_OK)
                return 1
            }
        }
        X509_VERIFY_PARAM_set_flags(
            X509_STORE_CTX_get0_param(context),
            UInt(X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL))
    }

    private static func refusal(_ context: OpaquePointer) -> SigningError {
        let code = X509_STORE_CTX_get_error(context)
        let subject = try? CertificateNames.distinguished(
            X509_STORE_CTX_get_current_cert(context).flatMap { X509_get_subject_name($0) })
        ERR_clear_error()
        return .refusedPath(
            subject: subject ?? "", depth: Int(X509_STORE_CTX_get_error_depth(context)),
            problem: PathProblem(code: code))
    }
}

extension PathProblem {
    /// The problem that an error number of OpenSSL's path validation stands for.
    init(code: Int32) {
        switch code {
        case X509_V_ERR_CERT_HAS_EXPIRED: self = .expired
        case X509_V_ERR_CERT_NOT_YET_VALID: self = .notYetValid
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
            X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
            self = .issuerMissing
        case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT,
            X509_V_ERR_CERT_UNTRUSTED:
            self = .untrustedRoot
        case X509_V_ERR_CERT_SIGNATURE_FAILURE: self = .wrongSignature
        case X509_V_ERR_INVALID_CA, X509_V_ERR_KEYUSAGE_NO_CERTSIGN, X509_V_ERR_INVALID_NON_CA:
            self = .issuerNotAuthority
        case X509_V_ERR_PATH_LENGTH_EXCEEDED, X509_V_ERR_CERT_CHAIN_TOO_LONG: self = .pathTooLong
        case X509_V_ERR_INVALID_PURPOSE, X509_V_ERR_CERT_REJECTED: self = .wrongPurpose
        case X509_V_ERR_PERMITTED_VIOLATION, X509_V_ERR_EXCLUDED_VIOLATION: self = .nameNotPermitted
        case X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION: self = .unknownCriticalExtension
        case X509_V_ERR_CERT_REVOKED: self = .revoked
        case X509_V_ERR_CRL_HAS_EXPIRED: self = .staleRevocationList
        case X509_V_ERR_CRL_NOT_YET_VALID: self = .earlyRevocationList
        case X509_V_ERR_UNABLE_TO_GET_CRL: self = .revocationListMissing
        case X509_V_ERR_CRL_SIGNATURE_FAILURE, X509_V_ERR_KEYUSAGE_NO_CRL_SIGN,
            X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER:
            self = .forgedRevocationList
        default:
            let text = X509_verify_cert_error_string(Int(code)).map { String(cString: $0) }
            self = .rule(code: code, text: text ?? "path validation failed")
        }
    }
}

extension CertificatePath.Revocation {
    /// The lists to go by; nil where none are looked at.
    fileprivate var lists: [RevocationList]? {
        switch self {
        case .unchecked: nil
        case .lists(let lists), .required(let lists): lists
        }
    }
}
