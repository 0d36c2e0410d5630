import Signing

/// The proof that a log signed two histories, in one file that anybody checks offline.
///
/// It holds the log's key and two checkpoints that the key signed, of any sizes, and shows where their trees
/// part: at the index ``prefix`` they hold different leaves, each with an inclusion proof (RFC 9162
/// §2.1.3), and below it they are one tree, whose root leads to both by consistency proofs (§2.1.4). No log
/// that only ever appends can be accused this way, and everybody who holds the file knows the same prefix.
///
/// The file says which key did it. Whose key that is, the reader has to know.
public struct Equivocation: Sendable, Equatable {
    /// One of the two histories.
    public struct Side: Sendable, Equatable {
        /// The leaf that it holds at the index of the fork.
        public let leaf: Digest
        /// The proof of that leaf in its tree.
        public let inclusion: [Digest]
        /// The proof that its tree begins with the common prefix; empty where nothing is common.
        public let consistency: [Digest]
        /// Its checkpoint with the log's own signature and no other.
        public let checkpoint: [UInt8]
    }

    /// A history as somebody holds it: a checkpoint and the tree under it.
    public struct Tree {
        let checkpoint: [UInt8]
        let hash: MerkleProof.SubtreeHash

        /// A history.
        ///
        /// - Parameters:
        ///   - checkpoint: the signed note.
        ///   - hash: reads the tree's subtrees up to the size of the checkpoint.
        public init(checkpoint: [UInt8], hash: @escaping MerkleProof.SubtreeHash) {
            (self.checkpoint, self.hash) = (checkpoint, hash)
        }
    }

    /// What a proof shows.
    public struct Finding: Sendable, Equatable {
        /// The log's key.
        public let log: NoteVerifier
        /// The number of entries that both histories share.
        public let prefix: UInt64
        /// The checkpoint of the smaller tree; at the same size the one with the smaller root.
        public let first: Checkpoint
        /// The other checkpoint.
        public let second: Checkpoint
    }

    /// The log's key, which bears the log's origin as its name.
    public let log: NoteVerifier
    /// The number of entries that both histories share; the leaves at this index differ.
    public let prefix: UInt64
    /// The root of the common entries; nil where there are none.
    public let root: Digest?
    /// The history with the smaller tree; at the same size the one with the smaller root.
    public let first: Side
    /// The other history.
    public let second: Side

    init(log: NoteVerifier, prefix: UInt64, root: Digest?, first: Side, second: Side) {
        (self.log, self.prefix, self.root) = (log, prefix, root)
        (self.first, self.second) = (first, second)
    }

    /// Looks for the place where two histories part, and proves it.
    ///
    /// - Parameters:
    ///   - log: the log's key.
    ///   - one: a history.
    ///   - other: another one, in either order.
    /// - Returns: The proof; nil if one history begins with the other.
    /// - Throws: ``TransparencyLogError`` if the key did not sign a checkpoint or a tree does not lead to
    ///   its checkpoint, or what reading the trees throws.
    public static func find(
        log: NoteVerifier, _ one: Tree, _ other: Tree
    ) throws -> Equivocation? {
        let left = try Checkpoint.open(one.checkpoint, verifier: log, origin: log.name)
        let right = try Checkpoint.open(other.checkpoint, verifier: log, origin: log.name)
        guard
            let prefix = try MerkleProof.firstDifference(
                left.size, one.hash, right.size, other.hash)
        else { return nil }
        let isInOrder = (left.size, left.root) <= (right.size, right.root)
        let first = try side(isInOrder ? one : other, (isInOrder ? left : right).size, prefix, log)
        let second = try side(isInOrder ? other : one, (isInOrder ? right : left).size, prefix, log)
        let evidence = Equivocation(
            log: log, prefix: prefix,
            root: prefix == 0 ? nil : try MerkleProof.root(at: prefix, hash: one.hash),
            first: first, second: second)
        try evidence.verify()
        return evidence
    }

    private static func side(
        _ tree: Tree, _ size: UInt64, _ prefix: UInt64, _ log: NoteVerifier
    ) throws -> Side {
        Side(
            leaf: try tree.hash(prefix..<prefix + 1),
            inclusion: try MerkleProof.proveInclusion(index: prefix, size: size, hash: tree.hash),
            consistency: prefix == 0
                ? [] : try MerkleProof.proveConsistency(old: prefix, new: size, hash: tree.hash),
            checkpoint: try SignedNote(tree.checkpoint).keeping(only: log))
    }

    /// Checks the evidence from nothing but itself.
    ///
    /// - Throws: ``TransparencyLogError/noEquivocation(why:)`` where an honest log can have signed both,
    ///   or why a checkpoint or a proof is refused.
    @discardableResult
    public func verify() throws(TransparencyLogError) -> Finding {
        let (one, other) = (try opened(first), try opened(second))
        guard (one.size, one.root) <= (other.size, other.root) else {
            throw .badEvidence(why: "its checkpoints are not in order")
        }
        guard prefix < one.size else {
            throw .noEquivocation(
                why: "the tree of \(one.size) entries ends before the entry \(prefix)")
        }
        guard first.leaf != second.leaf else {
            throw .noEquivocation(why: "both hold the same entry \(prefix)")
        }
        guard (root == nil) == (prefix == 0) else {
            throw .badEvidence(why: "a root of the common entries belongs where there are any")
        }
        for (side, checkpoint) in [(first, one), (second, other)] {
            try MerkleProof.verifyInclusion(
                side.inclusion, index: prefix, size: checkpoint.size, leaf: side.leaf,
                root: checkpoint.root)
            guard let root else {
                guard side.consistency.isEmpty else {
                    throw .badEvidence(why: "nothing leads to a tree from no entries")
                }
                continue
            }
            try MerkleProof.verifyConsistency(
                side.consistency, old: prefix, new: checkpoint.size, oldRoot: root,
                newRoot: checkpoint.root)
        }
        return Finding(log: log, prefix: prefix, first: one, second: other)
    }

    private func opened(_ side: Side) throws(TransparencyLogError) -> Checkpoint {
        guard try SignedNote(side.checkpoint).signatures.count == 1 else {
            throw .badEvidence(why: "a checkpoint bears other signatures than the log's own")
        }
        return try Checkpoint.open(side.checkpoint, verifier: log, origin: log.name)
    }
}

extension SignedNote {
    /// The note with the signature of one key and no other line.
    func keeping(only verifier: NoteVerifier) throws(TransparencyLogError) -> [UInt8] {
        guard let signature = signatures.first(where: { verifier.made($0) }) else {
            throw .noKnownSignature
        }
        return text + [0x0a]
            + Self.line(name: signature.name, signature.keyID + signature.bytes)
    }
}
