import Signing

/// A key that verifies notes: a name, and what the signature covers (C2SP signed-note, tlog-cosignature).
public struct NoteVerifier: Sendable, Equatable {
    /// What a signature of the key looks like.
    public enum Kind: UInt8, Sendable {
        /// Ed25519 over the text.
        case ed25519 = 0x01
        /// A witness's Ed25519 over a time and the text.
        case cosignature = 0x04
    }

    /// The key's name.
    public let name: String
    /// The kind.
    public let kind: Kind
    /// The 32 bytes of the public key.
    public let publicKey: [UInt8]
    /// The first four bytes of SHA-256(name ‖ 0x0A ‖ kind ‖ public key).
    public let keyID: [UInt8]
    private let key: VerificationKey

    /// A verifier.
    ///
    /// - Throws: ``TransparencyLogError/badVerifierKey(_:)`` for a name that a note cannot carry, or
    ///   bytes that are no Ed25519 key.
    public init(
        name: String, kind: Kind = .ed25519, publicKey: [UInt8]
    ) throws(TransparencyLogError) {
        guard Self.isName(name) else { throw .badVerifierKey(name) }
        do throws(SigningError) {
            key = try VerificationKey(ed25519: publicKey)
        } catch {
            throw .badVerifierKey(name)
        }
        (self.name, self.kind, self.publicKey) = (name, kind, publicKey)
        keyID = Self.keyID(name: name, kind: kind, publicKey: publicKey)
    }

    /// Reads `name+hash+key`.
    ///
    /// - Throws: ``TransparencyLogError/badVerifierKey(_:)``, also when the hash is not the key's.
    public init(vkey: String) throws(TransparencyLogError) {
        let bad = TransparencyLogError.badVerifierKey(vkey)
        let parts = vkey.split(separator: "+", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, let bytes = Base64.decode(String(parts[2])), bytes.count == 33,
            let kind = Kind(rawValue: bytes[0]), Self.isName(String(parts[0]))
        else { throw bad }
        try self.init(name: String(parts[0]), kind: kind, publicKey: Array(bytes.dropFirst()))
        guard parts[1].utf8.elementsEqual(Hex.encode(keyID).utf8) else { throw bad }
    }

    /// The text form, `name+hash+key`.
    public var vkey: String {
        "\(name)+\(Hex.encode(keyID))+\(Base64.encode([kind.rawValue] + publicKey))"
    }

    static func keyID(name: String, kind: Kind, publicKey: [UInt8]) -> [UInt8] {
        var hasher = SHA256Hasher()
        hasher.update(Array(name.utf8))
        hasher.update(byte: 0x0a)
        hasher.update(byte: kind.rawValue)
        hasher.update(publicKey)
        return hasher.finish().withUnsafeBytes { Array($0.prefix(4)) }
    }

    static func isName(_ name: String) -> Bool {
        !name.isEmpty
            && !name.unicodeScalars.contains {
                $0.properties.isWhitespace || $0 == "+" || $0.value < 0x20
            }
    }

    /// Whether a signature line bears this key's name and identifier; whether it holds is not looked at.
    public func signed(_ signature: SignedNote.Signature) -> Bool { made(signature) }

    /// Whether a signature line is this key's; name and key ID together say so, byte for byte.
    func made(_ signature: SignedNote.Signature) -> Bool {
        signature.keyID == keyID && signature.name.utf8.elementsEqual(name.utf8)
    }

    func verifies(_ signature: [UInt8], text: [UInt8]) -> Bool {
        switch kind {
        case .ed25519: return key.verify(signature, over: text)
        case .cosignature:
            guard let time = SignedNote.cosignatureTime(signature) else { return false }
            let message = SignedNote.cosignedMessage(text: text, time: time)
            return key.verify(Array(signature.dropFirst(8)), over: message)
        }
    }

    /// Equal names, kinds and keys.
    public static func == (left: NoteVerifier, right: NoteVerifier) -> Bool {
        left.name.utf8.elementsEqual(right.name.utf8) && left.kind == right.kind
            && left.publicKey == right.publicKey
    }
}
