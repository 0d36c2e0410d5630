import COpenSSL

/// A password as it is kept: through scrypt (RFC 7914), so that whoever reads the file has to try each guess slowly.
public struct PasswordHash: Sendable, Equatable {
    /// The longest password, in bytes.
    public static let passwordBytesMax = 1_024
    /// The shortest one that is taken, in characters.
    public static let lettersMin = 8

    /// 2 to the power of this is how much work and memory it takes: 64 MiB with blocks of 1 KiB.
    private static let costLog2: UInt64 = 16
    private static let blocks: UInt64 = 8
    private static let memoryMax: UInt64 = 96 << 20
    private static let saltBytes = 16
    private static let hashBytes = 32
    private static let name = "scrypt-16-8-1"

    private let salt: [UInt8]
    private let hash: [UInt8]

    /// The hash of a new password.
    ///
    /// - Throws: ``SigningError`` if OpenSSL has no memory or no random bytes.
    public init(of password: String) throws(SigningError) {
        salt = try RandomBytes.draw(Self.saltBytes)
        hash = try Self.derive(password, salt)
    }

    /// A hash from its text; nil for another form.
    public init?(_ text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 3, parts[0] == Self.name, let salt = Hex.decode(parts[1]),
            let hash = Hex.decode(parts[2]), salt.count == Self.saltBytes,
            hash.count == Self.hashBytes
        else { return nil }
        (self.salt, self.hash) = (salt, hash)
    }

    /// The text that is kept.
    public var text: String { "\(Self.name):\(Hex.encode(salt)):\(Hex.encode(hash))" }

    /// Whether it is the hash of this password; takes some tenths of a second.
    public func isOf(_ password: String) -> Bool {
        guard password.utf8.count <= Self.passwordBytesMax,
            let derived = try? Self.derive(password, salt)
        else { return false }
        return CRYPTO_memcmp(derived, hash, hash.count) == 0
    }

    private static func derive(
        _ password: String, _ salt: [UInt8]
    ) throws(SigningError) -> [UInt8] {
        var hash = [UInt8](repeating: 0, count: hashBytes)
        let bytes = Array(password.utf8).map { CChar(bitPattern: $0) }
        ERR_clear_error()
        guard
            EVP_PBE_scrypt(
                bytes, bytes.count, salt, salt.count, 1 << costLog2, blocks, 1, memoryMax, &hash,
                hash.count) == 1
        else { throw .lastFailure(of: "hash a password") }
        return hash
    }
}
