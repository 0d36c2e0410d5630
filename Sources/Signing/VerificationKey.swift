import COpenSSL

/// A public key that checks signatures.
public final class VerificationKey: Sendable {
    /// The kind of the key.
    public let kind: KeyKind
    /// The key as a DER SubjectPublicKeyInfo.
    public let spkiDER: [UInt8]
    /// The 32 bytes of an Ed25519 key; nil for other kinds.
    public let ed25519Bytes: [UInt8]?

    // SAFETY: an EVP_PKEY that nobody changes any more may be used by several threads at once.
    nonisolated(unsafe) let handle: OpaquePointer

    /// The Ed25519 key with these 32 bytes (RFC 8032 §5.1.5).
    ///
    /// - Throws: ``SigningError/invalidPublicKey(reason:)`` for another length, an encoding that is
    ///   not canonical, or a point of small order, under which signatures prove nothing.
    public convenience init(ed25519 bytes: some Collection<UInt8>) throws(SigningError) {
        let raw = Array(bytes)
        guard raw.count == 32 else {
            throw .invalidPublicKey(reason: "\(raw.count) bytes, and Ed25519 needs 32")
        }
        ERR_clear_error()
        guard let key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nil, raw, raw.count) else {
            throw .invalidPublicKey(reason: SigningError.lastReason())
        }
        try self.init(adopting: key)
    }

    /// The key in a DER SubjectPublicKeyInfo, which must fill the bytes.
    public convenience init(spkiDER bytes: some Collection<UInt8>) throws(SigningError) {
        let der = Array(bytes)
        ERR_clear_error()
        var used = 0
        let key = der.withUnsafeBufferPointer { buffer -> OpaquePointer? in
            guard let start = buffer.baseAddress else { return nil }
            var cursor: UnsafePointer<UInt8>? = start
            let key = d2i_PUBKEY(nil, &cursor, buffer.count)
            used = cursor.map { $0 - start } ?? 0
            return key
        }
        guard let key else { throw .invalidPublicKey(reason: SigningError.lastReason()) }
        guard used == der.count else {
            EVP_PKEY_free(key)
            throw .invalidPublicKey(reason: "\(der.count - used) bytes after its end")
        }
        try self.init(adopting: key)
    }

    /// Takes over one reference to a key, also when it is refused.
    init(adopting key: OpaquePointer) throws(SigningError) {
        do throws(SigningError) {
            let kind = try Self.kind(of: key)
            let raw = kind == .ed25519 ? try Self.checkedEd25519(key) : nil
            // OpenSSL looks through all its encoders for each key; this kind has one form (RFC 8410 section 4).
            let known = raw.map { Self.ed25519Header + $0 }
            guard let der = known ?? derBytes({ i2d_PUBKEY(key, $0) }) else {
                throw SigningError.lastFailure(of: "encode a public key")
            }
            self.kind = kind
            ed25519Bytes = raw
            spkiDER = der
            handle = key
        } catch {
            EVP_PKEY_free(key)
            throw error
        }
    }

    /// What stands before the 32 bytes of an Ed25519 key in its SubjectPublicKeyInfo.
    private static let ed25519Header: [UInt8] = [
        0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
    ]

    deinit { EVP_PKEY_free(handle) }

    /// Whether `signature` (R || S, or r || s) is this key's over `message`.
    public func verify(
        _ signature: UnsafeRawBufferPointer, over message: UnsafeRawBufferPointer
    ) -> Bool {
        guard signature.count == kind.signatureByteCount else { return false }
        guard kind != .ed25519 else { return check(signature, message) }
        return withUnsafeTemporaryAllocation(byteCount: 112, alignment: 1) { buffer in
            let count = ECDSASignature.writeDER(signature, into: buffer)
            return check(UnsafeRawBufferPointer(rebasing: buffer[..<count]), message)
        }
    }

    /// Whether `signature` (R || S, or r || s) is this key's over `message`.
    public func verify(_ signature: [UInt8], over message: [UInt8]) -> Bool {
        signature.withUnsafeBytes { signature in
            message.withUnsafeBytes { verify(signature, over: $0) }
        }
    }

    private func check(
        _ signature: UnsafeRawBufferPointer, _ message: UnsafeRawBufferPointer
    ) -> Bool {
        guard let context = EVP_MD_CTX_new() else { return false }
        defer { EVP_MD_CTX_free(context) }
        let started =
            if let hash = kind.hashName {
                EVP_DigestVerifyInit_ex(context, nil, hash, nil, nil, handle, nil)
            } else {
                EVP_DigestVerifyInit_ex(context, nil, nil, nil, nil, handle, nil)
            }
        guard started == 1 else { return false }
        let signature = signature.bindMemory(to: UInt8.self)
        let message = message.bindMemory(to: UInt8.self)
        let verified =
            EVP_DigestVerify(
                context, signature.baseAddress, signature.count, message.baseAddress, message.count)
            == 1
        if !verified { ERR_clear_error() }
        return verified
    }

    private static func kind(of key: OpaquePointer) throws(SigningError) -> KeyKind {
        if EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519 { return .ed25519 }
        guard EVP_PKEY_get_base_id(key) == EVP_PKEY_EC else {
            let name = EVP_PKEY_get0_type_name(key).map { String(cString: $0) }
            throw .unsupportedKey(type: name ?? "unknown")
        }
        var explicit: Int32 = 0
        EVP_PKEY_get_int_param(key, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS, &explicit)
        guard explicit == 0 else { throw .unsupportedKey(type: "EC with explicit parameters") }
        var name = [CChar](repeating: 0, count: 64)
        var count = 0
        guard EVP_PKEY_get_group_name(key, &name, name.count, &count) == 1 else {
            throw .unsupportedKey(type: "EC without a named curve")
        }
        switch String(decoding: name.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self) {
        case "prime256v1": return .p256
        case "secp384r1": return .p384
        case let other: throw .unsupportedKey(type: "EC on \(other)")
        }
    }

    /// The bytes of an Ed25519 key, unless they are not canonical or of small order.
    private static func checkedEd25519(_ key: OpaquePointer) throws(SigningError) -> [UInt8] {
        var raw = [UInt8](repeating: 0, count: 32)
        var count = raw.count
        guard EVP_PKEY_get_raw_public_key(key, &raw, &count) == 1, count == 32 else {
            throw SigningError.lastFailure(of: "read an Ed25519 key")
        }
        var y = raw
        y[31] &= 0x7f
        // y counts modulo p = 2^255 - 19; every value has one canonical form.
        if y[31] == 0x7f, y[0] >= 0xed, y[1..<31].allSatisfy({ $0 == 0xff }) {
            throw .invalidPublicKey(reason: "an Ed25519 key that is not in canonical form")
        }
        guard !smallOrder.contains(y) else {
            throw .invalidPublicKey(reason: "an Ed25519 key of small order")
        }
        return raw
    }

    /// The y coordinates of the eight points whose order divides 8: 0, 1, -1, and two of order 8.
    private static let smallOrder: [[UInt8]] = [
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    ].compactMap { Hex.decode($0) }
}

extension VerificationKey: Hashable {
    /// Whether both are the same key.
    public static func == (left: VerificationKey, right: VerificationKey) -> Bool {
        left.spkiDER == right.spkiDER
    }

    /// Feeds the key's encoding to a hasher.
    public func hash(into hasher: inout Hasher) { hasher.combine(spkiDER) }
}
