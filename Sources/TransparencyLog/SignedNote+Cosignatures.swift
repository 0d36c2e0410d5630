import Signing

/// What a witness says: at that time it had seen this checkpoint, and no longer history of the log
/// that contradicts it (C2SP tlog-cosignature).
public struct Cosignature: Sendable, Equatable {
    /// The witness's key.
    public let witness: NoteVerifier
    /// When, in seconds since 1970.
    public let time: Int64
}

extension SignedNote {
    /// The cosignatures of known witnesses, each witness once.
    ///
    /// Other lines are passed over; the log's own signature is for ``verify(_:)`` to check.
    ///
    /// - Throws: ``TransparencyLogError/badSignature(key:)`` if a known witness's line fails.
    public func cosignatures(
        by witnesses: [NoteVerifier]
    ) throws(TransparencyLogError) -> [Cosignature] {
        var found: [Cosignature] = []
        for signature in signatures {
            guard
                let witness = witnesses.first(where: {
                    $0.kind == .cosignature && $0.made(signature)
                })
            else { continue }
            guard witness.verifies(signature.bytes, text: text),
                let time = Self.cosignatureTime(signature.bytes)
            else { throw .badSignature(key: witness.name) }
            // Distinct keys are counted, not lines or names.
            if found.contains(where: { $0.witness.publicKey == witness.publicKey }) { continue }
            found.append(Cosignature(witness: witness, time: time))
        }
        return found
    }

    /// Makes a witness's signature line over a note's text.
    ///
    /// - Parameters:
    ///   - text: The whole text with its last newline.
    ///   - time: Seconds since 1970, not negative.
    ///   - name: The witness's name.
    ///   - key: An Ed25519 key that signs nothing but cosignatures.
    /// - Returns: The line with its newline, to be appended to the note.
    public static func cosign(
        _ text: [UInt8], time: Int64, name: String, key: SigningKey
    ) throws -> [UInt8] {
        guard let publicKey = key.verificationKey.ed25519Bytes, NoteVerifier.isName(name),
            let seconds = UInt64(exactly: time)
        else { throw TransparencyLogError.badVerifierKey(name) }
        let keyID = NoteVerifier.keyID(name: name, kind: .cosignature, publicKey: publicKey)
        let signature = try key.sign(cosignedMessage(text: text, time: time))
        let stamp = withUnsafeBytes(of: seconds.bigEndian) { Array($0) }
        return line(name: name, keyID + stamp + signature)
    }

    /// The time of a cosignature of 72 bytes; nil for other lengths and times above 2^63 - 1.
    static func cosignatureTime(_ signature: [UInt8]) -> Int64? {
        guard signature.count == 72 else { return nil }
        return Int64(exactly: signature.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
    }

    static func cosignedMessage(text: [UInt8], time: Int64) -> [UInt8] {
        Array("cosignature/v1\ntime \(time)\n".utf8) + text
    }
}
