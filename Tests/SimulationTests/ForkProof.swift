import AnnotationModel
import Signing
import TransparencyLog

/// Evidence that a log signed two histories, and how many entries they share.
struct ForkProof {
    let log: Origin
    let key: NoteVerifier
    var notes: [[UInt8]]
    let leaves: [[Digest]]
    let prefix: UInt64
    /// The root that both trees have at ``prefix``.
    let root: Digest

    /// Makes evidence of two signed trees; nil if one begins with the other.
    init?(
        log: Origin, key: NoteVerifier, _ one: (note: [UInt8], leaves: [Digest]),
        _ other: (note: [UInt8], leaves: [Digest])
    ) throws {
        let prefix = zip(one.leaves, other.leaves).prefix { $0 == $1 }.count
        guard prefix < min(one.leaves.count, other.leaves.count) else { return nil }
        var hasher = TreeHasher()
        (self.log, self.key, self.prefix) = (log, key, UInt64(prefix))
        notes = [one.note, other.note]
        leaves = [one.leaves, other.leaves]
        root = hasher.root(one.leaves.prefix(prefix))
        guard try isProven() else { return nil }
    }

    /// Checks the evidence from nothing but itself.
    func isProven() throws -> Bool {
        var hasher = TreeHasher()
        for (note, leaves) in zip(notes, leaves) {
            guard let checkpoint = try? Checkpoint.open(note, verifier: key, origin: key.name),
                checkpoint.size == UInt64(leaves.count), checkpoint.root == hasher.root(leaves)
            else { return false }
        }
        let shared = zip(leaves[0], leaves[1]).prefix { $0 == $1 }.count
        return UInt64(shared) == prefix && shared < min(leaves[0].count, leaves[1].count)
            && hasher.root(leaves[0].prefix(shared)) == root
    }

    func garbled(_ random: inout SeededGenerator) -> ForkProof {
        var proof = self
        let place = Int.random(in: 0...1, using: &random)
        proof.notes[place] = Message.garble(notes[place], &random)
        return proof
    }
}
