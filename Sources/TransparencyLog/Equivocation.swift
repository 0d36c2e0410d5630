import Signing

/// The proof that a log signed two histories, in one file that anybody checks offline.
///
/// It holds the log's key and two checkpoints that the key signed. At the same size their different roots
/// say all. At different sizes the file also holds the root that the larger tree has at the smaller
/// size, with a consistency proof from there: the larger checkpoint vouches for that root, the smaller one
/// signs another. That a proof is missing or fails would show nothing; no log that only ever appends can
/// be accused this way.
///
/// The file says which key did it. Whose key that is, the reader has to know.
public struct Equivocation: Sendable, Equatable {
    /// What the larger tree says about the smaller size.
    public struct Fork: Sendable, Equatable {
        /// The root that the larger tree has at the smaller size.
        public let root: Digest
        /// The consistency proof from that root to the larger tree's.
        public let proof: [Digest]

        /// A fork.
        public init(root: Digest, proof: [Digest]) { (self.root, self.proof) = (root, proof) }

        /// What the tiles of the larger tree say about a smaller size.
        ///
        /// - Parameters:
        ///   - old: the smaller size, above zero.
        ///   - new: the size of the larger tree.
        ///   - hash: reads the larger tree's subtrees.
        /// - Throws: ``TransparencyLogError/sizesDoNotAscend(old:new:)``, or what `hash` throws.
        public init(old: UInt64, new: UInt64, hash: MerkleProof.SubtreeHash) throws {
            guard old > 0, old < new else {
                throw TransparencyLogError.sizesDoNotAscend(old: old, new: new)
            }
            var nodes: [Digest] = []
            var start: UInt64 = 0
            for bit in (0..<UInt64(64)).reversed() where old >> bit & 1 == 1 {
                nodes.append(try hash(start..<(start + (1 << bit))))
                start += 1 << bit
            }
            var hasher = TreeHasher()
            guard let edge = CompactRange(size: old, nodes: nodes) else {
                preconditionFailure("\(nodes.count) nodes for the size \(old)")
            }
            root = edge.root(&hasher)
            proof = try MerkleProof.proveConsistency(old: old, new: new, hash: hash)
        }
    }

    /// What two checkpoints show.
    public struct Finding: Sendable, Equatable {
        /// In which way the histories differ.
        public enum Kind: Sendable, Equatable {
            /// Two roots for one size.
            case sameSize
            /// The larger tree does not begin with the smaller one.
            case rewritten(root: Digest)
        }

        /// In which way the histories differ.
        public let kind: Kind
        /// The log's key.
        public let log: NoteVerifier
        /// The checkpoint of the smaller tree; at the same size the one with the smaller root.
        public let first: Checkpoint
        /// The other checkpoint.
        public let second: Checkpoint
    }

    /// The first line.
    public static let version = "countermark/equivocation@v1"
    /// The head with the longest proof, and two of the largest checkpoints.
    public static let bytesMax = 4_096 + MerkleProof.hashesMax * 45 + 2 * SignedNote.bytesMax

    /// The log's key, which bears the log's origin as its name.
    public let log: NoteVerifier
    /// The checkpoint of the smaller tree, byte for byte; at the same size the one with the smaller root.
    public let first: [UInt8]
    /// The other checkpoint, byte for byte.
    public let second: [UInt8]
    /// What the larger tree says about the smaller size; nil for checkpoints of the same size.
    public let fork: Fork?

    /// Puts evidence together from two checkpoints in either order.
    ///
    /// - Throws: ``TransparencyLogError`` if it is none; see ``verify()``.
    public init(
        log: NoteVerifier, _ one: [UInt8], _ other: [UInt8], fork: Fork? = nil
    ) throws(TransparencyLogError) {
        let left = try Checkpoint.open(one, verifier: log, origin: log.name)
        let right = try Checkpoint.open(other, verifier: log, origin: log.name)
        let isInOrder = (left.size, left.root) <= (right.size, right.root)
        self.init(
            log: log, first: isInOrder ? one : other, second: isInOrder ? other : one, fork: fork)
        try verify()
    }

    private init(log: NoteVerifier, first: [UInt8], second: [UInt8], fork: Fork?) {
        (self.log, self.first, self.second, self.fork) = (log, first, second, fork)
    }

    /// Checks the evidence from nothing but itself.
    ///
    /// - Throws: ``TransparencyLogError/noEquivocation(why:)`` where an honest log can have signed both,
    ///   or why a checkpoint or the proof is refused.
    @discardableResult
    public func verify() throws(TransparencyLogError) -> Finding {
        let first = try Checkpoint.open(first, verifier: log, origin: log.name)
        let second = try Checkpoint.open(second, verifier: log, origin: log.name)
        guard (first.size, first.root) <= (second.size, second.root) else {
            throw .badEvidence(why: "its checkpoints are not in order")
        }
        guard first.size < second.size else {
            guard fork == nil else { throw .badEvidence(why: "a fork at one size needs no proof") }
            guard first.root != second.root else {
                throw .noEquivocation(why: "they are the same at \(first.size) entries")
            }
            return Finding(kind: .sameSize, log: log, first: first, second: second)
        }
        guard let fork else {
            throw .noEquivocation(
                why: "nothing shows what the tree of \(second.size) entries was at \(first.size)")
        }
        guard first.size > 0 else { throw .noEquivocation(why: "every log begins empty") }
        guard fork.root != first.root else {
            throw .noEquivocation(
                why: "the tree of \(second.size) entries begins with that of \(first.size)")
        }
        try MerkleProof.verifyConsistency(
            fork.proof, old: first.size, new: second.size, oldRoot: fork.root,
            newRoot: second.root)
        return Finding(
            kind: .rewritten(root: fork.root), log: log, first: first, second: second)
    }

    /// Reads a file; nothing is verified yet.
    ///
    /// - Throws: ``TransparencyLogError/badEvidence(why:)``, or
    ///   ``TransparencyLogError/badVerifierKey(_:)``.
    public init(file: [UInt8]) throws(TransparencyLogError) {
        guard file.count <= Self.bytesMax else {
            throw .badEvidence(why: "\(file.count) bytes, the limit is \(Self.bytesMax)")
        }
        var lines = LineReader(file)
        guard let version = lines.line(), version.elementsEqual(Self.version.utf8) else {
            throw .badEvidence(why: "its first line is not \(Self.version)")
        }
        guard let vkey = lines.line()?.after("log ")?.validText else {
            throw .badEvidence(why: "its second line does not name the log's key")
        }
        let log = try NoteVerifier(vkey: vkey)
        guard log.kind == .ed25519 else { throw .badEvidence(why: "the key is a witness's") }
        let fork = try Self.fork(&lines)
        let first = try Self.checkpoint(&lines)
        let second = try Self.checkpoint(&lines)
        guard lines.rest.isEmpty else {
            throw .badEvidence(why: "\(lines.rest.count) bytes follow the second checkpoint")
        }
        self.init(log: log, first: first, second: second, fork: fork)
    }

    /// Reads the root and the proof, if there are any, and the empty line behind them.
    private static func fork(_ lines: inout LineReader) throws(TransparencyLogError) -> Fork? {
        guard let line = lines.line() else { throw .badEvidence(why: "it ends after its key") }
        if line.isEmpty { return nil }
        guard let text = line.after("fork "), let root = Digest(line: text) else {
            throw .badEvidence(why: "its third line is neither empty nor the root of a fork")
        }
        var proof: [Digest] = []
        while true {
            guard let line = lines.line() else {
                throw .badEvidence(why: "no empty line ends the proof")
            }
            if line.isEmpty { return Fork(root: root, proof: proof) }
            guard proof.count < MerkleProof.hashesMax, let hash = Digest(line: line) else {
                throw .badEvidence(
                    why: "hash \(proof.count + 1) is not the base64 of 32 bytes, or one too many")
            }
            proof.append(hash)
        }
    }

    /// Reads a checkpoint, whose length stands in front because it holds an empty line itself.
    private static func checkpoint(
        _ lines: inout LineReader
    ) throws(TransparencyLogError) -> [UInt8] {
        guard let digits = lines.line()?.after("checkpoint "),
            let count = Checkpoint.decimal(digits), count <= UInt64(SignedNote.bytesMax),
            let note = lines.bytes(Int(count))
        else { throw .badEvidence(why: "a checkpoint is cut or its length is not a plain decimal") }
        return note
    }

    /// The file.
    public var file: [UInt8] {
        var bytes = Array("\(Self.version)\nlog \(log.vkey)\n".utf8)
        if let fork {
            bytes += Array("fork \(fork.root.base64)\n".utf8)
            for hash in fork.proof { bytes += Base64.encodedBytes(hash.bytes) + [0x0a] }
        }
        bytes.append(0x0a)
        for note in [first, second] { bytes += Array("checkpoint \(note.count)\n".utf8) + note }
        return bytes
    }
}
