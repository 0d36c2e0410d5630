import Signing

/// Proof that a log signed a root which a history that it also signed does not have at that size.
///
/// It needs nothing but two checkpoints: so a head that somebody cites is evidence by itself. Unlike an
/// ``Equivocation`` it does not show where the two histories part.
public struct Contradiction: Sendable, Equatable {
    /// The first line of a file.
    public static let version = "countermark/contradiction@v1"
    /// The head, one proof, and two of the largest checkpoints.
    public static let bytesMax = 4_096 + (MerkleProof.hashesMax + 2) * 45 + 2 * SignedNote.bytesMax

    /// The accused log's key.
    public let log: NoteVerifier
    /// The root of the second checkpoint's history at the first one's size.
    public let root: Digest
    /// That the tree with ``root`` is a beginning of the second checkpoint's.
    public let consistency: [Digest]
    /// The checkpoint with another root, a signed note.
    public let first: [UInt8]
    /// The checkpoint of the history that is held, a signed note.
    public let second: [UInt8]

    /// A proof from its parts; nothing is checked.
    public init(
        log: NoteVerifier, root: Digest, consistency: [Digest], first: [UInt8], second: [UInt8]
    ) {
        (self.log, self.root, self.consistency) = (log, root, consistency)
        (self.first, self.second) = (first, second)
    }

    /// Checks it from nothing but itself.
    ///
    /// - Returns: The two checkpoints.
    /// - Throws: ``TransparencyLogError``, ``TransparencyLogError/badEvidence(why:)`` where the two agree.
    @discardableResult
    public func verify() throws(TransparencyLogError) -> (first: Checkpoint, second: Checkpoint) {
        let one = try Checkpoint.open(first, verifier: log, origin: log.name)
        let other = try Checkpoint.open(second, verifier: log, origin: log.name)
        guard one.size > 0, one.root != root else {
            throw .badEvidence(why: "the two checkpoints do not contradict each other")
        }
        try MerkleProof.verifyConsistency(
            consistency, old: one.size, new: other.size, oldRoot: root, newRoot: other.root)
        return (one, other)
    }

    /// The file: the version, `log <verifier key>`, `root <Base64>`, the proof, a hash a line, an empty line, and
    /// the two checkpoints with `checkpoint <bytes>` in front.
    public var file: [UInt8] {
        var text = "\(Self.version)\nlog \(log.vkey)\nroot \(root.base64)\n"
        for hash in consistency { text += hash.base64 + "\n" }
        var bytes = Array((text + "\n").utf8)
        for note in [first, second] { bytes += Array("checkpoint \(note.count)\n".utf8) + note }
        return bytes
    }

    /// Reads a file; nothing is verified yet.
    ///
    /// - Throws: ``TransparencyLogError/badEvidence(why:)``, or ``TransparencyLogError/badVerifierKey(_:)``.
    public init(file: [UInt8]) throws(TransparencyLogError) {
        guard file.count <= Self.bytesMax else {
            throw .badEvidence(why: "\(file.count) bytes, the limit is \(Self.bytesMax)")
        }
        var lines = LineReader(file)
        guard let version = lines.line(), version.elementsEqual(Self.version.utf8),
            let vkey = lines.line()?.after("log ")?.validText,
            let root = lines.line()?.after("root ").flatMap({ Digest(line: $0) })
        else { throw .badEvidence(why: "its first three lines are not those of a contradiction") }
        var consistency: [Digest] = []
        while true {
            guard let line = lines.line() else { throw .badEvidence(why: "it ends in its proof") }
            if line.isEmpty { break }
            guard let hash = Digest(line: line), consistency.count < MerkleProof.hashesMax else {
                throw .badEvidence(why: "its proof holds a line that is no hash, or too many")
            }
            consistency.append(hash)
        }
        let first = try Self.note(&lines)
        let second = try Self.note(&lines)
        guard lines.rest.isEmpty else {
            throw .badEvidence(why: "\(lines.rest.count) bytes follow the second checkpoint")
        }
        self.init(
            log: try NoteVerifier(vkey: vkey), root: root, consistency: consistency, first: first,
            second: second)
    }

    private static func note(_ lines: inout LineReader) throws(TransparencyLogError) -> [UInt8] {
        guard let digits = lines.line()?.after("checkpoint "),
            let count = Checkpoint.decimal(digits), count <= UInt64(SignedNote.bytesMax),
            let note = lines.bytes(Int(count))
        else { throw .badEvidence(why: "a checkpoint is cut or its length is not a plain decimal") }
        return Array(note)
    }
}
