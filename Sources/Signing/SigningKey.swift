import COpenSSL

/// A private key that makes signatures.
public final class SigningKey: Sendable {
    /// The public half.
    public let verificationKey: VerificationKey

    // SAFETY: an EVP_PKEY that nobody changes any more may be used by several threads at once.
    nonisolated(unsafe) package let handle: OpaquePointer

    /// Rounds of PBKDF2 for an encrypted key: about a fifth of a second for each guess.
    private static let derivationRounds: Int32 = 600_000
    /// A key file is a few hundred bytes; a bundle of certificates beside it a few thousand.
    private static let pemBytesMax = 1 << 20

    /// Whether the key is held here, and not in a security module that keeps it to itself.
    public let isExportable: Bool

    /// Takes over one reference to a key, also when it is refused.
    init(adopting key: OpaquePointer, isExportable: Bool = true) throws(SigningError) {
        self.isExportable = isExportable
        do throws(SigningError) {
            // The public half lives in an object of its own: it outlives the private key.
            guard let spki = derBytes({ i2d_PUBKEY(key, $0) }) else {
                throw SigningError.lastFailure(of: "encode a public key")
            }
            verificationKey = try VerificationKey(spkiDER: spki)
            handle = key
        } catch {
            EVP_PKEY_free(key)
            throw error
        }
    }

    deinit { EVP_PKEY_free(handle) }

    /// A new random key.
    public static func generate(_ kind: KeyKind) throws(SigningError) -> SigningKey {
        ERR_clear_error()
        let key =
            switch kind {
            case .ed25519: cm_generate_ed25519()
            case .p256: cm_generate_ec("P-256")
            case .p384: cm_generate_ec("P-384")
            }
        guard let key else { throw .lastFailure(of: "generate a key") }
        return try SigningKey(adopting: key)
    }

    /// The private key in a PEM text: PKCS #8, encrypted or not, or the traditional EC form.
    public convenience init(pem: String, passphrase: String? = nil) throws(SigningError) {
        guard pem.utf8.count <= Self.pemBytesMax else {
            throw .unreadableKey(reason: "a text of \(pem.utf8.count) bytes")
        }
        let isEncrypted = pem.contains("ENCRYPTED")
        if isEncrypted, passphrase == nil { throw .passphraseNeeded }
        let bio = try MemoryBIO(reading: pem)
        ERR_clear_error()
        var secret = Array((passphrase ?? "").utf8)
        defer { secret.withUnsafeMutableBytes { OPENSSL_cleanse($0.baseAddress, $0.count) } }
        let key = secret.withUnsafeMutableBytes { secret in
            var lent = UnsafeRawBufferPointer(secret)
            return withUnsafeMutablePointer(to: &lent) { pointer in
                // Without a callback of ours OpenSSL would ask at the terminal.
                PEM_read_bio_PrivateKey(
                    bio.handle, nil,
                    { buffer, size, _, context in
                        let secret = context?.load(as: UnsafeRawBufferPointer.self)
                        guard let secret, let buffer, secret.count <= Int(size) else { return -1 }
                        UnsafeMutableRawBufferPointer(start: buffer, count: Int(size))
                            .copyMemory(from: secret)
                        return Int32(secret.count)
                    }, pointer)
            }
        }
        guard let key else {
            if isEncrypted {
                ERR_clear_error()
                throw .wrongPassphrase
            }
            throw .unreadableKey(reason: SigningError.lastReason())
        }
        try self.init(adopting: key)
    }

    /// The key as PKCS #8 PEM, encrypted with AES-256 if there is a passphrase.
    ///
    /// - Throws: ``SigningError/keyNotExportable`` for a key in a security module, whose text would look
    ///   like a backup and be none.
    public func pem(passphrase: String? = nil) throws(SigningError) -> String {
        guard isExportable else { throw .keyNotExportable }
        let bio = try MemoryBIO()
        ERR_clear_error()
        guard let passphrase else {
            guard PEM_write_bio_PKCS8PrivateKey(bio.handle, handle, nil, nil, 0, nil, nil) == 1
            else { throw .lastFailure(of: "write a private key") }
            return bio.text
        }
        guard let plain = EVP_PKEY2PKCS8(handle) else {
            throw .lastFailure(of: "write a private key")
        }
        defer { PKCS8_PRIV_KEY_INFO_free(plain) }
        guard
            let scheme = PKCS5_pbe2_set_iv(
                EVP_aes_256_cbc(), Self.derivationRounds, nil, 16, nil, NID_hmacWithSHA256)
        else { throw .lastFailure(of: "derive a key from the passphrase") }
        let secret = passphrase.utf8.map { CChar(bitPattern: $0) }
        guard let sealed = PKCS8_set0_pbe(secret, Int32(clamping: secret.count), plain, scheme)
        else {
            X509_ALGOR_free(scheme)
            throw .lastFailure(of: "encrypt a private key")
        }
        defer { X509_SIG_free(sealed) }
        guard PEM_write_bio_PKCS8(bio.handle, sealed) == 1 else {
            throw .lastFailure(of: "write a private key")
        }
        return bio.text
    }

    /// The kind of the key.
    public var kind: KeyKind { verificationKey.kind }

    /// The algorithm number that its signatures carry.
    public var algorithm: SignatureAlgorithm { kind.algorithm }

    /// The signature over a message: R || S for Ed25519, r || s for ECDSA.
    public func sign(_ message: UnsafeRawBufferPointer) throws(SigningError) -> [UInt8] {
        ERR_clear_error()
        guard let context = EVP_MD_CTX_new() else { throw .lastFailure(of: "sign") }
        defer { EVP_MD_CTX_free(context) }
        let started =
            if let hash = kind.hashName {
                EVP_DigestSignInit_ex(context, nil, hash, nil, nil, handle, nil)
            } else {
                EVP_DigestSignInit_ex(context, nil, nil, nil, nil, handle, nil)
            }
        guard started == 1 else { throw .lastFailure(of: "sign") }
        var signature = [UInt8](repeating: 0, count: 144)
        var count = signature.count
        let bytes = message.bindMemory(to: UInt8.self)
        guard EVP_DigestSign(context, &signature, &count, bytes.baseAddress, bytes.count) == 1
        else { throw .lastFailure(of: "sign") }
        signature.removeSubrange(count...)
        if kind == .ed25519 { return signature }
        let half = kind.signatureByteCount / 2
        guard let raw = ECDSASignature.raw(der: signature, half: half) else {
            throw .lastFailure(of: "read an ECDSA signature")
        }
        return raw
    }

    /// The signature over a message: R || S for Ed25519, r || s for ECDSA.
    public func sign(_ message: [UInt8]) throws(SigningError) -> [UInt8] {
        let result: Result<[UInt8], SigningError> = message.withUnsafeBytes { bytes in
            do throws(SigningError) { return .success(try sign(bytes)) } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }
}
