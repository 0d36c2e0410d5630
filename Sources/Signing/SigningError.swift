import CanonicalCBOR

/// Why a key, a certificate, a certificate path or a signed message is refused.
public enum SigningError: Error, Equatable, Sendable {
    // MARK: Keys

    /// A PEM text holds no private key that can be read.
    case unreadableKey(reason: String)
    /// A private key is encrypted and no passphrase was given.
    case passphraseNeeded
    /// A private key is encrypted with another passphrase.
    case wrongPassphrase
    /// A URI that names no key of a security module.
    case invalidKeyURI(String)
    /// A key in a security module that cannot be reached or used.
    case keyNotReached(uri: String, reason: String)
    /// A key in a security module, which does not give it away.
    case keyNotExportable
    /// A key of a type that this package does not use.
    case unsupportedKey(type: String)
    /// A public key that is malformed, or of small order so that it would accept foreign signatures.
    case invalidPublicKey(reason: String)
    /// OpenSSL failed where no input is to blame.
    case openSSL(operation: String, reason: String)

    // MARK: Certificates

    /// A text without a certificate in PEM form.
    case noCertificate
    /// More certificates than a file or a header may hold.
    case tooManyCertificates(limit: Int)
    /// Bytes or text that are no certificate.
    case malformedCertificate(reason: String)
    /// Bytes or text that are no revocation list.
    case malformedRevocationList(reason: String)
    /// A certificate larger than allowed.
    case certificateTooLarge(bytes: Int, limit: Int)
    /// No root certificates to validate against.
    case noTrustAnchor
    /// A certificate path that does not lead to a trusted root.
    case refusedPath(subject: String, depth: Int, problem: PathProblem)
    /// A certificate whose keyUsage does not allow signatures.
    case signingNotAllowed(subject: String)
    /// A certificate that does not allow issuing others.
    case notAnAuthority(subject: String)
    /// A private key that does not belong to the certificate.
    case keyDoesNotMatchCertificate(subject: String)
    /// A certificate that does not name the origin it is used for.
    case wrongOrigin(subject: String, origin: String)
    /// A name that cannot be an origin.
    case invalidOrigin(String)
    /// A mail address or URI that cannot stand in a certificate.
    case invalidSubjectName(String)

    // MARK: Signed messages

    /// A message larger than a log entry may be.
    case messageTooLarge(bytes: Int, limit: Int)
    /// A message that is not deterministic CBOR.
    case notCanonical(CBORError)
    /// Deterministic CBOR that is not laid out as a COSE_Sign1 message.
    case malformedMessage(CBORError)
    /// A message that does not begin with tag 18.
    case notTagged
    /// A message under another tag than 18.
    case wrongTag(UInt64)
    /// Anything in the unprotected header, which a log would drop.
    case unprotectedHeader
    /// A message whose payload lies elsewhere.
    case detachedPayload
    /// A header parameter or claim that the profile asks for.
    case missingHeader(HeaderField)
    /// A header parameter or claim with a value that the profile does not allow.
    case invalidHeader(HeaderField, reason: String)
    /// A number that stands for no algorithm in use here.
    case unsupportedAlgorithm(Int64)
    /// A critical label that is absent or not understood.
    case criticalLabel(Int64)
    /// An algorithm that does not fit the key.
    case algorithmDoesNotFitKey(algorithm: SignatureAlgorithm, key: KeyKind)
    /// A signature of a length that the algorithm never has.
    case signatureLength(found: Int, expected: Int)
    /// A signature that does not verify.
    case signatureMismatch
    /// A receipt that carries its root, which is to be computed instead.
    case attachedRoot
}

/// What is wrong with a certificate path (RFC 5280 §6).
public enum PathProblem: Hashable, Sendable {
    /// The certificate is used after its validity.
    case expired
    /// The certificate is used before its validity.
    case notYetValid
    /// The issuer of the certificate was neither sent nor is it trusted.
    case issuerMissing
    /// The path ends at a self-signed certificate that is not among the trusted roots.
    case untrustedRoot
    /// The signature on the certificate is wrong.
    case wrongSignature
    /// The issuer is no certification authority, or may not sign certificates.
    case issuerNotAuthority
    /// More authorities stand in the path than one of them allows.
    case pathTooLong
    /// The certificate may not be used for this purpose.
    case wrongPurpose
    /// The certificate names something that an authority above may not vouch for.
    case nameNotPermitted
    /// The certificate has a critical extension that is not understood.
    case unknownCriticalExtension
    /// The certificate's issuer has taken it back.
    case revoked
    /// The issuer's revocation list is out of date.
    case staleRevocationList
    /// The issuer's revocation list is not valid yet.
    case earlyRevocationList
    /// No revocation list of the issuer is at hand, and one is required.
    case revocationListMissing
    /// The revocation list does not bear its issuer's signature, or the issuer may not sign any.
    case forgedRevocationList
    /// Another rule of path validation, with OpenSSL's number and words.
    case rule(code: Int32, text: String)
}

/// A header parameter or claim of a signed message.
public enum HeaderField: String, Sendable {
    case algorithm = "alg"
    case critical = "crit"
    case contentType = "content type"
    case keyID = "kid"
    case claims = "CWT Claims"
    case type = "typ"
    case issuer = "iss"
    case subject = "sub"
    case issuedAt = "iat"
    case claimID = "cti"
    case certificate = "x5t or x5chain"
    case certificateChain = "x5chain"
    case certificateThumbprint = "x5t"
    case payloadHashAlgorithm = "payload-hash-alg"
    case preimageContentType = "preimage content type"
    case payloadLocation = "payload-location"
    case dataStructure = "vds"
    case proofs = "vdp"
}

extension SigningError: CustomStringConvertible {
    /// What happened, the figures, and what to do.
    public var description: String {
        switch self {
        case .unreadableKey, .passphraseNeeded, .wrongPassphrase, .unsupportedKey,
            .invalidPublicKey, .openSSL, .invalidKeyURI, .keyNotReached, .keyNotExportable:
            keyText
        case .noCertificate, .tooManyCertificates, .malformedCertificate, .certificateTooLarge,
            .malformedRevocationList,
            .noTrustAnchor, .refusedPath, .signingNotAllowed, .notAnAuthority,
            .keyDoesNotMatchCertificate, .wrongOrigin, .invalidOrigin, .invalidSubjectName:
            certificateText
        default: messageText
        }
    }

    private var keyText: String {
        switch self {
        case .unreadableKey(let reason):
            "the private key cannot be read (\(reason)); give a PKCS #8 key in PEM form"
        case .passphraseNeeded: "the private key is encrypted; give its passphrase"
        case .wrongPassphrase: "the passphrase does not open the private key; check it"
        case .invalidKeyURI(let uri):
            "'\(uri)' names no key in a security module; use a PKCS #11 URI without the PIN"
        case .keyNotReached(let uri, let reason):
            "the key \(uri) cannot be used (\(reason)); check the token, its PIN, the module's path, and "
                + "that pkcs11-provider or libengine-pkcs11-openssl is installed"
        case .keyNotExportable:
            "the key lies in a security module and stays there; back it up with the module's own means"
        case .unsupportedKey(let type):
            "a key of type \(type) is not supported; use Ed25519, P-256 or P-384"
        case .invalidPublicKey(let reason):
            "the public key is not valid (\(reason)); ask its owner for another"
        case .openSSL(let operation, let reason):
            "OpenSSL could not \(operation) (\(reason)); check its installation and configuration"
        default: ""
        }
    }

    private var certificateText: String {
        switch self {
        case .noCertificate:
            "there is no certificate in the text; give PEM with a CERTIFICATE block"
        case .tooManyCertificates(let limit):
            "there are more than \(limit) certificates; leave out those that are not needed"
        case .malformedCertificate(let reason):
            "the certificate cannot be read (\(reason)); export it again as DER or PEM"
        case .malformedRevocationList(let reason):
            "the revocation list cannot be read (\(reason)); fetch it again from its issuer"
        case .certificateTooLarge(let bytes, let limit):
            "the certificate has \(bytes) bytes and \(limit) are allowed; issue a smaller one"
        case .noTrustAnchor: "there is no trusted root to check against; pin the partner's root"
        case .refusedPath(let subject, let depth, let problem):
            "the certificate of '\(subject)' (position \(depth) in its path) is refused: "
                + problem.description
        case .signingNotAllowed(let subject):
            "the keyUsage of '\(subject)' does not allow signatures; issue a certificate with "
                + "digitalSignature"
        case .notAnAuthority(let subject):
            "'\(subject)' is no certification authority; use one whose basicConstraints say CA and "
                + "whose keyUsage allows keyCertSign"
        case .keyDoesNotMatchCertificate(let subject):
            "the private key does not belong to the certificate of '\(subject)'; give the matching "
                + "pair"
        case .wrongOrigin(let subject, let origin):
            "the certificate of '\(subject)' does not speak for \(origin); it needs that name as a "
                + "subjectAltName"
        case .invalidOrigin(let name):
            "'\(name)' is no origin; use a name of lower-case letters, digits, dots and hyphens "
                + "such as tier1.example"
        case .invalidSubjectName(let name):
            "'\(name)' cannot stand in a certificate; use a plain mail address or URI"
        default: ""
        }
    }

    private var messageText: String {
        switch self {
        case .messageTooLarge(let bytes, let limit):
            "the signed message has \(bytes) bytes and \(limit) are allowed; split its payload"
        case .notCanonical(let error):
            "the signed message is not deterministic CBOR: \(error); the sender must encode it anew"
        case .malformedMessage(let error):
            "the signed message is not a COSE_Sign1 message: \(error); the sender must encode it anew"
        case .notTagged: "the signed message lacks the tag 18 of COSE_Sign1; add it"
        case .wrongTag(let tag): "the message carries the CBOR tag \(tag); COSE_Sign1 needs 18"
        case .unprotectedHeader:
            "the unprotected header is not empty; a log keeps none, so move it into the protected one"
        case .detachedPayload: "the signed message has no payload; attach it"
        case .missingHeader(let field): "the protected header lacks \(field.rawValue); add it"
        case .invalidHeader(let field, let reason):
            "the header \(field.rawValue) is not valid: \(reason); correct it and sign again"
        case .unsupportedAlgorithm(let number):
            "the signature algorithm \(number) is not supported; use EdDSA (-8) or ES256 (-7)"
        case .criticalLabel(let label):
            "the critical header \(label) is absent or not understood; leave it out of crit"
        case .algorithmDoesNotFitKey(let algorithm, let key):
            "the algorithm \(algorithm.rawValue) does not fit a key of type \(key.rawValue); sign with "
                + "the algorithm of the certificate's key"
        case .signatureLength(let found, let expected):
            "the signature has \(found) bytes and the algorithm needs \(expected); sign again"
        case .signatureMismatch:
            "the signature does not fit the message and the key; do not trust this message"
        case .attachedRoot:
            "the receipt carries a root of its own; its issuer must leave the payload out"
        default: ""
        }
    }
}

extension PathProblem: CustomStringConvertible {
    /// What is wrong and what to do.
    public var description: String {
        switch self {
        case .expired: "it has expired; renew it"
        case .notYetValid: "it is not valid yet; compare the clocks or wait"
        case .issuerMissing:
            "its issuer is neither among the certificates sent nor among the trusted roots; have the "
                + "intermediate certificates sent along, or find out whose it is"
        case .untrustedRoot:
            "its root is not among the trusted ones; find out by another way whose it is"
        case .wrongSignature: "its issuer's signature is wrong; fetch the certificate again"
        case .issuerNotAuthority: "its issuer may not issue certificates; issue it from a CA"
        case .pathTooLong: "there are more authorities above it than allowed; shorten the path"
        case .wrongPurpose: "it may not be used for this purpose; issue one with the right usage"
        case .nameNotPermitted: "an authority above may not vouch for its name; correct the name"
        case .revoked: "its issuer has revoked it; ask its owner for another"
        case .staleRevocationList:
            "its issuer's revocation list is out of date; fetch the current one"
        case .earlyRevocationList:
            "its issuer's revocation list is not valid yet; compare the clocks"
        case .revocationListMissing:
            "no revocation list of its issuer is at hand; fetch one, as they are required here"
        case .forgedRevocationList:
            "the revocation list does not bear its issuer's signature; fetch it again"
        case .unknownCriticalExtension:
            "it has a critical extension that is not understood; issue it without"
        case .rule(let code, let text): "\(text) (rule \(code)); issue it according to RFC 5280"
        }
    }
}
