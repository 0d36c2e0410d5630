import Signing

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

    /// One more than the largest size that is accepted.
    public static let sizeLimit: UInt64 = 1 << 63

    /// A checkpoint.
    public init(origin: String, size: UInt64, root: Digest) {
        (self.origin, self.size, self.root, extensions) = (origin, size, root, [])
    }

    /// The text that is signed.
    public var text: String {
        ([origin, String(size), root.base64] + extensions).joined(separator: "\n") + "\n"
    }

    /// Reads a note's text.
    ///
    /// - Throws: ``TransparencyLogError/badCheckpoint(why:)`` for any text that ``text`` would not write,
    ///   ``TransparencyLogError/emptyTreeWithRoot(_:)`` for size 0 with entries under the root.
    public init(text: [UInt8]) throws(TransparencyLogError) {
        guard text.last == 0x0a else { throw .badCheckpoint(why: "its last line has no end") }
        let lines = text.dropLast().split(separator: 0x0a, omittingEmptySubsequences: false)
        guard lines.count >= 3, lines.allSatisfy({ !$0.isEmpty }) else {
            throw .badCheckpoint(why: "it needs an origin, a size and a root")
        }
        guard let size = Self.decimal(lines[1]) else {
            throw .badCheckpoint(why: "the size is not a plain decimal below 2^63")
        }
        guard lines[2].count == 44, let bytes = Base64.decode(lines[2]), let root = Digest(bytes)
        else { throw .badCheckpoint(why: "the root is not the base64 of 32 bytes") }
        guard size > 0 || root == TreeHasher.emptyRoot else {
            throw .emptyTreeWithRoot(root)
        }
        origin = String(decoding: lines[0], as: UTF8.self)
        (self.size, self.root) = (size, root)
        extensions = lines[3...].map { String(decoding: $0, as: UTF8.self) }
    }

    /// A plain decimal below 2^63, without sign or leading zero.
    static func decimal(_ digits: ArraySlice<UInt8>) -> UInt64? {
        guard (1...19).contains(digits.count), digits.first != 0x30 || digits.count == 1 else {
            return nil
        }
        var value: UInt64 = 0
        for digit in digits {
            guard (0x30...0x39).contains(digit) else { return nil }
            value = value * 10 + UInt64(digit - 0x30)
        }
        return value < sizeLimit ? value : nil
    }

    /// Reads a note and checks that a log's key signed it.
    ///
    /// - Throws: ``TransparencyLogError``, ``TransparencyLogError/otherOrigin(expected:found:)`` where
    ///   the key signed for another log.
    public static func open(
        _ note: [UInt8], verifier: NoteVerifier, origin: String
    ) throws(TransparencyLogError) -> Checkpoint {
        let signed = try SignedNote(note)
        try signed.verify([verifier])
        let checkpoint = try Checkpoint(text: signed.text)
        // Bytes, not characters: texts that merely look alike are different logs.
        guard checkpoint.origin.utf8.elementsEqual(origin.utf8) else {
            throw .otherOrigin(expected: origin, found: checkpoint.origin)
        }
        return checkpoint
    }
}
