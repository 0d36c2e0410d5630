import Signing

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
    /// The most signature lines; the specification asks for room for 16 at least.
    public static let signaturesMax = 100
    /// An em dash and a space.
    private static let signatureStart: [UInt8] = [0xe2, 0x80, 0x94, 0x20]

    /// The text with its last newline.
    public let text: [UInt8]
    /// The signature lines in order.
    public let signatures: [Signature]

    /// Reads a note; the signatures are not checked yet.
    ///
    /// - Throws: ``TransparencyLogError/badNote(why:)``, also for one malformed line of an unknown key.
    public init(_ note: [UInt8]) throws(TransparencyLogError) {
        guard note.count <= Self.bytesMax else { throw .badNote(why: "it is too long") }
        guard String(validating: note, as: UTF8.self) != nil else {
            throw .badNote(why: "it is not UTF-8")
        }
        guard note.allSatisfy({ $0 >= 0x20 || $0 == 0x0a }) else {
            throw .badNote(why: "it holds a control character")
        }
        guard note.last == 0x0a else { throw .badNote(why: "its last line has no end") }
        // The text may hold empty lines itself: the last one separates.
        guard let gap = Self.lastEmptyLine(note) else {
            throw .badNote(why: "no empty line stands before signatures")
        }
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

    /// The position of the newline in front of the last empty line.
    private static func lastEmptyLine(_ note: [UInt8]) -> Int? {
        var position = note.count - 2
        while position >= 0 {
            if note[position] == 0x0a, note[position + 1] == 0x0a { return position }
            position -= 1
        }
        return nil
    }

    private static func signature(
        _ line: ArraySlice<UInt8>
    ) throws(TransparencyLogError) -> Signature {
        let bad = TransparencyLogError.badNote(why: "a signature line is malformed")
        guard line.starts(with: signatureStart) else { throw bad }
        let rest = line.dropFirst(signatureStart.count)
        guard let space = rest.firstIndex(of: 0x20) else { throw bad }
        let name = String(decoding: rest[..<space], as: UTF8.self)
        guard NoteVerifier.isName(name), let bytes = Base64.decode(rest[(space + 1)...]),
            bytes.count > 4
        else { throw bad }
        return Signature(
            name: name, keyID: Array(bytes.prefix(4)), bytes: Array(bytes.dropFirst(4)))
    }

    /// Checks the signatures of the known keys; lines of unknown ones are passed over.
    ///
    /// - Returns: The keys that signed.
    /// - Throws: ``TransparencyLogError/badSignature(key:)`` if a known key's signature fails,
    ///   ``TransparencyLogError/noKnownSignature`` if there is none.
    @discardableResult
    public func verify(
        _ verifiers: [NoteVerifier]
    ) throws(TransparencyLogError) -> [NoteVerifier] {
        var signers: [NoteVerifier] = []
        for signature in signatures {
            guard let verifier = verifiers.first(where: { $0.made(signature) }) else { continue }
            guard verifier.verifies(signature.bytes, text: text) else {
                throw .badSignature(key: verifier.name)
            }
            if !signers.contains(verifier) { signers.append(verifier) }
        }
        if signers.isEmpty { throw .noKnownSignature }
        return signers
    }

    /// Signs a text.
    ///
    /// - Parameters:
    ///   - text: One or more lines, each with its newline.
    ///   - name: The key's name; for a log, its origin.
    ///   - key: An Ed25519 key.
    /// - Returns: The note.
    public static func sign(
        _ text: String, name: String, key: SigningKey
    ) throws -> [UInt8] {
        guard let publicKey = key.verificationKey.ed25519Bytes, NoteVerifier.isName(name) else {
            throw TransparencyLogError.badVerifierKey(name)
        }
        let message = Array(text.utf8)
        let keyID = NoteVerifier.keyID(name: name, kind: .ed25519, publicKey: publicKey)
        return message + [0x0a] + line(name: name, keyID + (try key.sign(message)))
    }

    /// The note with some of its signature lines.
    public func keeping(_ isKept: (Signature) throws -> Bool) rethrows -> [UInt8] {
        try signatures.filter(isKept).reduce(into: text + [0x0a]) { note, signature in
            note += Self.line(name: signature.name, signature.keyID + signature.bytes)
        }
    }

    /// A signature line with its newline.
    static func line(name: String, _ bytes: [UInt8]) -> [UInt8] {
        signatureStart + Array(name.utf8) + [0x20] + Base64.encodedBytes(bytes) + [0x0a]
    }
}
