/// The signature algorithms in use, by their COSE numbers (RFC 9053, RFC 9864).
public enum SignatureAlgorithm: Int64, Sendable, CaseIterable {
    /// EdDSA, here always with Ed25519.
    case edDSA = -8
    /// Ed25519, fully specified.
    case ed25519 = -19
    /// ECDSA with SHA-256, here always with P-256.
    case es256 = -7
    /// ECDSA with P-256 and SHA-256, fully specified.
    case esp256 = -9
    /// ECDSA with SHA-384, here always with P-384.
    case es384 = -35
    /// ECDSA with P-384 and SHA-384, fully specified.
    case esp384 = -51

    /// The kind of key that the algorithm works with.
    public var keyKind: KeyKind {
        switch self {
        case .edDSA, .ed25519: .ed25519
        case .es256, .esp256: .p256
        case .es384, .esp384: .p384
        }
    }
}

/// The kinds of keys in use.
public enum KeyKind: String, Sendable, CaseIterable {
    case ed25519 = "Ed25519"
    case p256 = "P-256"
    case p384 = "P-384"

    /// The number of bytes of a signature: R || S, or r || s.
    public var signatureByteCount: Int { self == .p384 ? 96 : 64 }

    /// The algorithm number that signatures of this kind carry here: the one that most verifiers
    /// know.
    public var algorithm: SignatureAlgorithm {
        switch self {
        case .ed25519: .edDSA
        case .p256: .es256
        case .p384: .es384
        }
    }

    /// The hash that ECDSA takes, by OpenSSL's name; Ed25519 signs the message itself.
    var hashName: String? {
        switch self {
        case .ed25519: nil
        case .p256: "SHA256"
        case .p384: "SHA384"
        }
    }
}
