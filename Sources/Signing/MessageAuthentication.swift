import COpenSSL

/// HMAC with SHA-256 (RFC 2104), computed by OpenSSL.
public enum MessageAuthentication {
    /// The authentication code of a message under a secret.
    ///
    /// - Throws: ``SigningError/openSSL(operation:reason:)``.
    public static func code(of message: [UInt8], secret: [UInt8]) throws(SigningError) -> Digest {
        ERR_clear_error()
        var bytes = [UInt8](repeating: 0, count: Digest.byteCount)
        var count = 0
        let made = EVP_Q_mac(
            nil, "HMAC", nil, "SHA256", nil, secret, secret.count, message, message.count, &bytes,
            bytes.count, &count)
        guard made != nil, count == bytes.count, let code = Digest(bytes) else {
            throw .lastFailure(of: "compute an HMAC")
        }
        return code
    }

    /// A secret from which each guess costs many hashes (PBKDF2 with HMAC-SHA256, RFC 8018 §5.2).
    ///
    /// - Throws: ``SigningError/openSSL(operation:reason:)``.
    public static func stretch(
        _ secret: [UInt8], salt: [UInt8], rounds: Int
    ) throws(SigningError) -> [UInt8] {
        ERR_clear_error()
        var bytes = [UInt8](repeating: 0, count: Digest.byteCount)
        let text = secret.map { CChar(bitPattern: $0) }
        guard
            PKCS5_PBKDF2_HMAC(
                text, Int32(clamping: text.count), salt, Int32(clamping: salt.count),
                Int32(clamping: rounds), EVP_sha256(), Int32(bytes.count), &bytes) == 1
        else { throw .lastFailure(of: "derive a key") }
        return bytes
    }

    /// Whether two codes are equal, in a time that does not tell where they differ.
    public static func areEqual(_ left: Digest, _ right: Digest) -> Bool {
        left.withUnsafeBytes { left in
            right.withUnsafeBytes { right in
                CRYPTO_memcmp(left.baseAddress, right.baseAddress, Digest.byteCount) == 0
            }
        }
    }
}

/// The proof that both sides of a connection know an invitation's secret, without telling it.
///
/// It is bound to the certificates that each side sees on the connection: somebody in the middle has
/// certificates of his own and cannot pass on either side's proof. The two directions differ, so that no
/// proof can be sent back to its maker.
public struct JoinProof: Sendable {
    /// Whose proof it is.
    public enum Side: UInt8, Sendable {
        /// The company that invites.
        case steward = 1
        /// The company that joins.
        case newcomer = 2
    }

    private let secret: [UInt8]
    private let transcript: [UInt8]

    /// A connection as one side sees it.
    ///
    /// - Parameters:
    ///   - secret: the invitation's 32 bytes.
    ///   - nonce: the invitation's nonce, which binds the proof to it.
    ///   - steward: the fingerprint of the steward's certificate on this connection.
    ///   - newcomer: the fingerprint of the newcomer's certificate on this connection.
    public init(secret: [UInt8], nonce: [UInt8], steward: Digest, newcomer: Digest) {
        self.secret = secret
        // All parts but the nonce are of one length, and its own stands in front of it.
        transcript =
            Array("countermark join v1\n\(nonce.count)\n".utf8) + nonce + steward.bytes
            + newcomer.bytes
    }

    /// The proof to send.
    ///
    /// - Throws: ``SigningError/openSSL(operation:reason:)``.
    public func code(from side: Side) throws(SigningError) -> Digest {
        try MessageAuthentication.code(of: transcript + [side.rawValue], secret: secret)
    }

    /// Whether a proof is the other side's.
    ///
    /// - Throws: ``SigningError/openSSL(operation:reason:)``.
    public func isValid(_ code: Digest, from side: Side) throws(SigningError) -> Bool {
        MessageAuthentication.areEqual(try self.code(from: side), code)
    }
}

extension JoinProof: CustomReflectable {
    /// Nothing: the secret must not end up in a log.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
