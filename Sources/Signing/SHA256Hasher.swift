import COpenSSL

/// Computes SHA-256 over and over with one OpenSSL context.
///
/// Fetching the algorithm and making a context each cost about as much as hashing a short message;
/// a hasher pays for both once. It is for one thread at a time.
public struct SHA256Hasher: ~Copyable {
    private let context: OpaquePointer

    // SAFETY: an EVP_MD is reference counted and never changes once it is fetched.
    private nonisolated(unsafe) static let algorithm: OpaquePointer? =
        EVP_MD_fetch(nil, "SHA256", nil)

    /// A hasher that has taken in nothing yet.
    public init() {
        guard let context = EVP_MD_CTX_new(),
            EVP_DigestInit_ex2(context, Self.algorithm, nil) == 1
        else {
            // Neither memory nor SHA-256: no part of this program can work without them.
            preconditionFailure("OpenSSL offers no SHA-256; check its configuration (openssl.cnf)")
        }
        self.context = context
    }

    deinit { EVP_MD_CTX_free(context) }

    /// Takes in more bytes.
    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
        EVP_DigestUpdate(context, bytes.baseAddress, bytes.count)
    }

    /// Takes in more bytes.
    public mutating func update(_ bytes: [UInt8]) { bytes.withUnsafeBytes { update($0) } }

    /// Takes in one byte.
    public mutating func update(byte: UInt8) {
        withUnsafeBytes(of: byte) { update($0) }
    }

    /// Takes in the bytes of a digest.
    public mutating func update(_ digest: Digest) { digest.withUnsafeBytes { update($0) } }

    /// The digest of all bytes since the last reset; the hasher starts anew after it.
    public mutating func finish() -> Digest {
        let digest = Digest { bytes in
            EVP_DigestFinal_ex(context, bytes.baseAddress, nil)
        }
        EVP_DigestInit_ex2(context, nil, nil)
        return digest
    }

    /// The digest of one byte string; nothing may have been taken in before it.
    public mutating func hash(_ bytes: UnsafeRawBufferPointer) -> Digest {
        update(bytes)
        return finish()
    }

    /// The digest of one byte string, with a context of its own.
    ///
    /// For bulk work keep a hasher and use ``hash(_:)-swift.method``.
    public static func hash(_ bytes: some Collection<UInt8>) -> Digest {
        var hasher = SHA256Hasher()
        if let digest = bytes.withContiguousStorageIfAvailable({ storage in
            hasher.hash(UnsafeRawBufferPointer(storage))
        }) {
            return digest
        }
        hasher.update(Array(bytes))
        return hasher.finish()
    }

    /// The digest of one byte string in memory, with a context of its own.
    public static func hash(_ bytes: UnsafeRawBufferPointer) -> Digest {
        var hasher = SHA256Hasher()
        return hasher.hash(bytes)
    }
}
