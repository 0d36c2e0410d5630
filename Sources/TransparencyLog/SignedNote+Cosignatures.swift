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
        return try cosignatureLine(
            text, time: Int64(seconds), keyID: keyID, name: name, key: key)
    }

    /// The line of a witness whose name, key and time were checked.
    static func cosignatureLine(
        _ text: [UInt8], time: Int64, keyID: [UInt8], name: String, key: SigningKey
    ) throws(SigningError) -> [UInt8] {
        let signature = try key.sign(cosignedMessage(text: text, time: time))
        let stamp = withUnsafeBytes(of: time.bigEndian) { Array($0) }
        return line(name: name, keyID + stamp + signature)
    }

    /// Adds to a checkpoint what witnesses answered.
    ///
    /// Lines of other keys are dropped, and a witness's older line gives way to its new one, so that a
    /// checkpoint that is cosigned again and again does not grow.
    ///
    /// - Parameters:
    ///   - response: the body of one answer, or of several one after the other.
    ///   - note: the checkpoint with the signatures it has so far.
    ///   - witnesses: the keys whose lines are wanted.
    /// - Throws: ``TransparencyLogError/badNote(why:)`` for lines that are none,
    ///   ``TransparencyLogError/badSignature(key:)`` if a wanted line does not hold, and
    ///   ``TransparencyLogError/noKnownSignature`` if there is none.
    public static func adding(
        cosignatures response: [UInt8], to note: [UInt8], by witnesses: [NoteVerifier]
    ) throws(TransparencyLogError) -> [UInt8] {
        let old = try SignedNote(note)
        // The lines are read as the signatures of the note that they are meant for.
        let answered = try SignedNote(old.text + [0x0a] + response)
        guard answered.text == old.text else {
            throw .badNote(why: "an empty line stands among the cosignatures")
        }
        let wanted = witnesses.filter { $0.kind == .cosignature }
        guard !(try answered.cosignatures(by: wanted)).isEmpty else { throw .noKnownSignature }
        var added: [Signature] = []
        for line in answered.signatures where wanted.contains(where: { $0.made(line) }) {
            added.removeAll { $0.isOfSameKey(as: line) }
            added.append(line)
        }
        let kept = old.signatures.filter { old in !added.contains { $0.isOfSameKey(as: old) } }
        return (kept + added).reduce(into: old.text + [0x0a]) { note, signature in
            note += line(name: signature.name, signature.keyID + signature.bytes)
        }
    }

    /// The time of a cosignature of 72 bytes; nil for other lengths and times above 2^63 - 1.
    public static func cosignatureTime(_ signature: [UInt8]) -> Int64? {
        guard signature.count == 72 else { return nil }
        return Int64(exactly: signature.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
    }

    static func cosignedMessage(text: [UInt8], time: Int64) -> [UInt8] {
        Array("cosignature/v1\ntime \(time)\n".utf8) + text
    }
}

extension SignedNote.Signature {
    /// Whether two lines name one key, which its name and its identifier do together.
    func isOfSameKey(as other: SignedNote.Signature) -> Bool {
        keyID == other.keyID && name.utf8.elementsEqual(other.name.utf8)
    }
}
