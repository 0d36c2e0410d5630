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
    private let key: VerificationKey

    /// A verifier.
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
    }

    /// Reads `name+hash+key`.
    public init(vkey: String) throws(TransparencyLogError) {
        let bad = TransparencyLogError.badVerifierKey(vkey)
        let parts = vkey.split(separator: "+", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, let bytes = Base64.decode(String(parts[2])), bytes.count == 33,
            let kind = Kind(rawValue: bytes[0])
        else { throw bad }
        try self.init(name: String(parts[0]), kind: kind, publicKey: Array(bytes.dropFirst()))
        guard parts[1] == Hex.encode(keyID) else { throw bad }
    }

    /// The text form, `name+hash+key`.
    public var vkey: String {
        "\(name)+\(Hex.encode(keyID))+\(Base64.encode([kind.rawValue] + publicKey))"
    }

    /// The first four bytes of SHA-256(name ‖ 0x0A ‖ kind ‖ public key).
    public var keyID: [UInt8] {
        Array(
            SHA256Hasher.hash(Array(name.utf8) + [0x0a, kind.rawValue] + publicKey).bytes.prefix(4))
    }

    static func isName(_ name: some StringProtocol) -> Bool {
        !name.isEmpty
            && !name.unicodeScalars.contains { $0.properties.isWhitespace || $0 == "+" }
    }

    func verifies(_ signature: ArraySlice<UInt8>, text: [UInt8]) -> Bool {
        switch kind {
        case .ed25519: return key.verify(Array(signature), over: text)
        case .cosignature:
            guard signature.count == 72, let time = SignedNote.time(signature) else { return false }
            let head = Array("cosignature/v1\ntime \(time)\n".utf8)
            return key.verify(Array(signature.dropFirst(8)), over: head + text)
        }
    }

    /// Equal names, kinds and keys.
    public static func == (left: NoteVerifier, right: NoteVerifier) -> Bool {
        left.name == right.name && left.kind == right.kind && left.publicKey == right.publicKey
    }
}

/// A text with signatures under it (C2SP signed-note).
public struct SignedNote: Sendable, Equatable {
    /// One signature line.
    public struct Signature: Sendable, Equatable {
        /// The name of the key.
        public let name: String
        /// The four bytes that stand for the key.
        public let keyID: [UInt8]
        /// What follows the key's four bytes.
        public let bytes: [UInt8]
    }

    /// The largest note in bytes.
    public static let bytesMax = 65_536
    /// The most signature lines.
    public static let signaturesMax = 100

    /// The text with its last newline.
    public let text: [UInt8]
    /// The signature lines in order.
    public let signatures: [Signature]

    /// Reads a note; the signatures are not checked yet.
    public init(_ note: [UInt8]) throws(TransparencyLogError) {
        guard note.count <= Self.bytesMax else { throw .badNote(why: "it is too long") }
        guard String(validating: note, as: UTF8.self) != nil else {
            throw .badNote(why: "it is not UTF-8")
        }
        guard note.allSatisfy({ $0 >= 0x20 || $0 == 0x0a }) else {
            throw .badNote(why: "it holds a control character")
        }
        guard note.last == 0x0a else { throw .badNote(why: "its last line has no end") }
        guard
            let gap = note.indices.dropLast().last(where: { note[$0] == 0x0a && note[$0 + 1] == 0x0a }
            )
        else { throw .badNote(why: "no empty line stands before signatures") }
        text = Array(note[...gap])
        let lines = note[(gap + 2)...].split(separator: 0x0a, omittingEmptySubsequences: false)
            .dropLast()
        guard !lines.isEmpty else { throw .badNote(why: "it has no signature") }
        guard lines.count <= Self.signaturesMax else {
            throw .badNote(why: "it has more than \(Self.signaturesMax) signatures")
        }
        var signatures: [Signature] = []
        for line in lines { signatures.append(try Self.signature(line)) }
        self.signatures = signatures
    }

    private static func signature(
        _ line: ArraySlice<UInt8>
    ) throws(TransparencyLogError) -> Signature {
        let parts = String(decoding: line, as: UTF8.self)
            .split(separator: " ", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0] == "\u{2014}", NoteVerifier.isName(parts[1]),
            let bytes = Base64.decode(String(parts[2])), bytes.count > 4
        else { throw .badNote(why: "a signature line is malformed") }
        return Signature(
            name: String(parts[1]), keyID: Array(bytes.prefix(4)), bytes: Array(bytes.dropFirst(4)))
    }

    /// Checks the signatures of the known keys.
    ///
    /// - Returns: The keys that signed.
    /// - Throws: ``TransparencyLogError/badSignature(key:)`` if a known key's signature fails,
    ///   ``TransparencyLogError/noKnownSignature`` if there is none.
    public func verify(
        _ verifiers: [NoteVerifier]
    ) throws(TransparencyLogError) -> [NoteVerifier] {
        var signers: [NoteVerifier] = []
        for signature in signatures {
            guard
                let verifier = verifiers.first(where: {
                    $0.name == signature.name && $0.keyID == signature.keyID
                })
            else { continue }
            guard verifier.verifies(signature.bytes[...], text: text) else {
                throw .badSignature(key: verifier.name)
            }
            if !signers.contains(verifier) { signers.append(verifier) }
        }
        if signers.isEmpty { throw .noKnownSignature }
        return signers
    }

    /// The seconds since 1970 of a cosignature.
    static func time(_ signature: ArraySlice<UInt8>) -> Int64? {
        let value = signature.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return Int64(exactly: value)
    }

    /// Signs a text.
    ///
    /// - Parameter name: The key's name; for a log, its origin.
    /// - Returns: The note.
    public static func sign(
        _ text: String, name: String, key: SigningKey
    ) throws -> [UInt8] {
        guard let publicKey = key.verificationKey.ed25519Bytes else {
            throw TransparencyLogError.badVerifierKey(name)
        }
        let verifier = try NoteVerifier(name: name, publicKey: publicKey)
        let signature = verifier.keyID + (try key.sign(Array(text.utf8)))
        return Array("\(text)\n\u{2014} \(name) \(Base64.encode(signature))\n".utf8)
    }
}

/// A signed statement of a log's size and root (C2SP tlog-checkpoint).
public struct Checkpoint: Sendable, Equatable {
    /// The log's name.
    public let origin: String
    /// The number of entries.
    public let size: UInt64
    /// The root.
    public let root: Digest
    /// Lines beyond the third.
    public let extensions: [String]

    /// A checkpoint.
    public init(origin: String, size: UInt64, root: Digest) {
        (self.origin, self.size, self.root, extensions) = (origin, size, root, [])
    }

    /// The text that is signed.
    public var text: String {
        ([origin, String(size), root.base64] + extensions).joined(separator: "\n") + "\n"
    }

    /// Reads a note's text.
    public init(text: [UInt8]) throws(TransparencyLogError) {
        guard text.last == 0x0a else { throw .badCheckpoint(why: "its last line has no end") }
        let lines = String(decoding: text.dropLast(), as: UTF8.self)
            .split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        guard lines.count >= 3, lines.allSatisfy({ !$0.isEmpty }) else {
            throw .badCheckpoint(why: "it needs an origin, a size and a root")
        }
        guard lines[1].utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            lines[1] == "0" || !lines[1].hasPrefix("0"), let size = UInt64(lines[1]),
            size < 1 << 63
        else { throw .badCheckpoint(why: "the size is not a plain decimal below 2^63") }
        guard let root = Digest(base64: lines[2]) else {
            throw .badCheckpoint(why: "the root is not the base64 of 32 bytes")
        }
        guard size > 0 || root == TreeHasher.emptyRoot else {
            throw .badCheckpoint(why: "size 0 with another root than the empty one")
        }
        (origin, self.size, self.root) = (lines[0], size, root)
        extensions = Array(lines[3...])
    }

    /// Reads a note and checks that a log's key signed it.
    public static func open(
        _ note: [UInt8], verifier: NoteVerifier, origin: String
    ) throws(TransparencyLogError) -> Checkpoint {
        let signed = try SignedNote(note)
        _ = try signed.verify([verifier])
        let checkpoint = try Checkpoint(text: signed.text)
        guard checkpoint.origin == origin else {
            throw .otherOrigin(expected: origin, found: checkpoint.origin)
        }
        return checkpoint
    }
}
