import AnnotationModel
import Signing
import TransparencyLog

extension LabelProof {
    /// Checks all that the file holds, from the bytes.
    ///
    /// - Parameters:
    ///   - roots: The roots that the reader trusts for the steward. Members' roots are those that the steward's
    ///     acts pin.
    ///   - time: Now, in Unix seconds: what is signed later than that is refused.
    /// - Throws: ``LabelProofError``.
    public func verify(
        trusting roots: [Certificate], at time: Int64
    ) throws(LabelProofError) -> LabelProofReport {
        var check = LabelProofCheck(proof: self, roots: roots, time: time)
        do {
            return try check.run()
        } catch let error as LabelProofError {
            throw error
        } catch {
            throw .refused("\(error)")
        }
    }

    /// What the file shows of the label, in the form that statements are made of.
    ///
    /// - Parameter logs: The logs to go by; nil for all.
    /// - Throws: ``LabelProofError`` if the file does not hold.
    public func contents(
        trusting roots: [Certificate], at time: Int64, of logs: Set<Origin>? = nil
    ) throws(LabelProofError) -> CompletenessStatement.Contents {
        var check = LabelProofCheck(proof: self, roots: roots, time: time)
        do {
            try check.read()
            let sizes = logs.map { logs in
                Dictionary(uniqueKeysWithValues: logs.map { ($0, UInt64.max) })
            }
            return LabelProofRows.contents(try check.evaluate(within: sizes).rows)
        } catch let error as LabelProofError {
            throw error
        } catch {
            throw .refused("\(error)")
        }
    }
}

/// The verification of one proof.
struct LabelProofCheck {
    /// An entry that was verified.
    struct Entry {
        /// The log's number within the check; the steward's is 1.
        let log: Int
        let origin: Origin
        let index: UInt64
        let time: Int64
        let signer: Digest
        let leaf: Digest
        let heads: [Head]
        let acts: [NotedAct]
        let operations: [LabelProofOperation]
        /// The checkpoints that the entry is shown under.
        var notes: [SignedNote]
    }

    let proof: LabelProof
    let roots: [Certificate]
    let time: Int64
    /// The steward's entries first, then those of the others by origin.
    var entries: [Entry] = []
    var subjects: [Digest: String] = [:]
    /// Remembers which heads hold: the entries are folded several times.
    let heads = HeadCheck()
    /// The roots that each log signed, by size.
    var signed: [Origin: [UInt64: Digest]] = [:]

    init(proof: LabelProof, roots: [Certificate], time: Int64) {
        (self.proof, self.roots, self.time) = (proof, roots, time)
    }

    /// Reads all logs and verifies every entry.
    mutating func read() throws {
        let members = Dictionary(grouping: proof.pieces, by: \.member)
        let runs = zip(proof.pieces, proof.pieces.dropFirst()).count { $0.member != $1.member } + 1
        guard proof.pieces.isEmpty || runs == members.count else {
            throw LabelProofError.refused("the entries of one log stand apart")
        }
        let owner = proof.dataset.owner
        guard members[owner] != nil else {
            throw LabelProofError.refused("the steward's log is not in it")
        }
        // The steward first: it says who the others are.
        let order = members.keys.sorted { ($0 == owner ? 0 : 1, $0) < ($1 == owner ? 0 : 1, $1) }
        var membership: Membership?
        for (position, member) in order.enumerated() {
            let pinned = membership?.members[member]?.roots.compactMap {
                try? Certificate(der: $0)
            }
            try readLog(
                member, number: position + 1, members[member] ?? [],
                roots: member == owner ? roots : pinned ?? [])
            membership =
                membership ?? LabelProofFold(proof.dataset, entries, heads).membership
        }
    }

    private mutating func readLog(
        _ member: Origin, number: Int, _ pieces: [LabelProof.Piece], roots: [Certificate]
    ) throws {
        let name = "\(member)/\(proof.dataset)"
        var verifier = LogVerifier(member: member, dataset: proof.dataset, roots: roots)
        let cose = COSEVerifier()
        var checkpoints = CheckpointReader(name: name)
        var last: (index: UInt64, entry: [UInt8], size: UInt64)?
        for piece in pieces {
            let index = piece.proof.index
            let isRepeated = last.map { $0.index == index && $0.entry == piece.entry } ?? false
            guard isRepeated || (last.map { $0.index < index } ?? (index == 0)) else {
                throw LabelProofError.refused(
                    "\(name) does not begin with its first entry, in order")
            }
            if !isRepeated {
                let verified = try piece.entry.withUnsafeBytes {
                    try verifier.verify($0, index: index, with: cose)
                }
                try take(piece, verified, number)
            }
            guard let logKey = verifier.logKey else {
                throw LabelProofError.refused("the first entry of \(name) introduces no log key")
            }
            let (checkpoint, note) = try checkpoints.read(
                piece.proof, leaf: entries[entries.count - 1].leaf, key: logKey)
            if isRepeated, let last, checkpoint.size <= last.size {
                throw LabelProofError.refused(
                    "entry \(index) of \(name) stands twice under one checkpoint")
            }
            entries[entries.count - 1].notes.append(note)
            last = (index, piece.entry, checkpoint.size)
        }
        signed[member] = checkpoints.roots
    }

    private mutating func take(
        _ piece: LabelProof.Piece, _ verified: LogVerifier.Verified, _ number: Int
    ) throws {
        let index = piece.proof.index
        for (_, act) in verified.acts {
            if case .addKey(let chain, _) = act, let der = chain.first {
                let leaf = try Certificate(der: der)
                subjects[leaf.fingerprint] = leaf.subject
            }
        }
        guard let signer = verified.statement.certificateThumbprint else {
            throw LabelProofError.refused("entry \(index) of \(piece.member) names no signer")
        }
        let (heads, operations) = try piece.entry.withUnsafeBytes { bytes in
            let payload = verified.statement.payload(in: bytes)
            return (
                try ChangesetView(payload).heads,
                try LabelProofOperation.all(
                    in: payload, piece.member, index, about: proof.annotation)
            )
        }
        var hasher = TreeHasher()
        let time = verified.statement.issuedAt ?? 0
        let acts = verified.acts.map { position, act in
            let slot = Slot(entry: index, position: position)
            return NotedAct(
                OperationKey(log: number, slot: slot), act, signer: signer, time: time)
        }
        entries.append(
            Entry(
                log: number, origin: piece.member, index: index, time: time, signer: signer,
                leaf: piece.entry.withUnsafeBytes { hasher.leaf($0) }, heads: heads, acts: acts,
                operations: operations, notes: []))
    }
}

/// Reads the checkpoints of one log; the same one stands under many entries.
private struct CheckpointReader {
    let name: String
    private var known: [[UInt8]: (checkpoint: Checkpoint, note: SignedNote)] = [:]
    private(set) var roots: [UInt64: Digest] = [:]

    init(name: String) { self.name = name }

    /// Checks that an entry stands under its checkpoint.
    mutating func read(
        _ proof: TransparencyProof, leaf: Digest, key: [UInt8]
    ) throws -> (Checkpoint, SignedNote) {
        guard proof.extra == nil else {
            throw LabelProofError.refused("a piece carries data that nothing vouches for")
        }
        let found = try known[proof.note] ?? open(proof.note, key: key)
        known[proof.note] = found
        try MerkleProof.verifyInclusion(
            proof.proof, index: proof.index, size: found.checkpoint.size, leaf: leaf,
            root: found.checkpoint.root)
        return found
    }

    private mutating func open(
        _ note: [UInt8], key: [UInt8]
    ) throws -> (checkpoint: Checkpoint, note: SignedNote) {
        let verifier = try NoteVerifier(name: name, publicKey: key)
        let checkpoint = try Checkpoint.open(note, verifier: verifier, origin: name)
        guard roots[checkpoint.size] ?? checkpoint.root == checkpoint.root else {
            throw LabelProofError.refused(
                "\(name) signed two roots at \(checkpoint.size) entries: it has forked")
        }
        roots[checkpoint.size] = checkpoint.root
        let signed = try SignedNote(note)
        guard signed.signatures.allSatisfy({ $0.name != name || verifier.signed($0) }) else {
            throw LabelProofError.refused("\(name) is signed with a key that nothing explains")
        }
        return (checkpoint, signed)
    }
}
