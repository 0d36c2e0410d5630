import AnnotationModel
import Signing
import TransparencyLog

extension LabelProof {
    /// Checks all that the file holds, from the bytes.
    ///
    /// - Parameters:
    ///   - roots: The roots that the reader trusts for the steward. Members' roots are those that the steward's
    ///     acts pin.
    ///   - time: Now, in Unix seconds: an expired certificate needs somebody who saw the entry before its end.
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
}

/// The verification of one proof.
struct LabelProofCheck {
    /// An entry that was verified.
    struct Entry {
        let log: Int
        let index: UInt64
        let time: Int64
        let signer: Digest
        let bytes: [UInt8]
        let heads: [Head]
        let note: SignedNote
        let size: UInt64
        let origin: Origin
    }

    let proof: LabelProof
    let roots: [Certificate]
    let time: Int64
    var state: MergeState
    var entries: [Entry] = []
    var subjects: [Digest: String] = [:]
    var notes: [String] = []

    init(proof: LabelProof, roots: [Certificate], time: Int64) {
        (self.proof, self.roots, self.time) = (proof, roots, time)
        state = MergeState(dataset: proof.dataset)
    }

    mutating func run() throws -> LabelProofReport {
        let members = Dictionary(grouping: proof.pieces, by: \.member)
        let owner = proof.dataset.owner
        guard members[owner] != nil else {
            throw LabelProofError.refused("the steward's log is not in it")
        }
        // The steward first: it says who the others are.
        let order = members.keys.sorted { ($0 == owner ? 0 : 1, $0) < ($1 == owner ? 0 : 1, $1) }
        for (position, member) in order.enumerated() {
            try readLog(member, number: position + 1, members[member] ?? [])
        }
        return try report()
    }

    private mutating func readLog(
        _ member: Origin, number: Int, _ pieces: [LabelProof.Piece]
    ) throws {
        let name = "\(member)/\(proof.dataset)"
        guard pieces.first?.proof.index == 0,
            zip(pieces, pieces.dropFirst()).allSatisfy({ $0.proof.index < $1.proof.index })
        else {
            throw LabelProofError.refused("\(name) does not begin with its first entry, in order")
        }
        let isSteward = member == proof.dataset.owner
        let pinned = state.membership.members[member]?.roots.compactMap {
            try? Certificate(der: $0)
        }
        var verifier = LogVerifier(
            member: member, dataset: proof.dataset, roots: isSteward ? roots : pinned ?? [])
        state.add(LogProgress(number: number, origin: member))
        let cose = COSEVerifier()
        var signed: [UInt64: Digest] = [:]
        for piece in pieces {
            let verified = try piece.entry.withUnsafeBytes {
                try verifier.verify($0, index: piece.proof.index, with: cose)
            }
            guard let logKey = verifier.logKey else {
                throw LabelProofError.refused("the first entry of \(name) introduces no log key")
            }
            let key = try NoteVerifier(name: name, publicKey: logKey)
            let (checkpoint, _) = try piece.proof.verify(
                entry: piece.entry, log: key, origin: name, policy: nil)
            guard signed[checkpoint.size] ?? checkpoint.root == checkpoint.root else {
                throw LabelProofError.refused(
                    "\(name) signed two roots at \(checkpoint.size) entries: it has forked")
            }
            signed[checkpoint.size] = checkpoint.root
            guard piece.proof.extra == nil else {
                throw LabelProofError.refused("a piece carries data that nothing vouches for")
            }
            try take(piece, verified, checkpoint, number)
        }
        state.fold()
    }

    private mutating func take(
        _ piece: LabelProof.Piece, _ verified: LogVerifier.Verified, _ checkpoint: Checkpoint,
        _ number: Int
    ) throws {
        let index = piece.proof.index
        let signed = verified.statement.issuedAt ?? 0
        for (_, act) in verified.acts {
            if case .addKey(let chain, _) = act, let der = chain.first {
                let leaf = try Certificate(der: der)
                subjects[leaf.fingerprint] = leaf.subject
            }
        }
        guard let signer = verified.statement.certificateThumbprint, let log = state.logs[number]
        else { throw LabelProofError.refused("entry \(index) names no signer") }
        state.keep(
            verified.acts.map { position, act in
                NotedAct(
                    OperationKey(log: number, slot: Slot(entry: index, position: position)), act,
                    signer: signer, time: signed)
            }, log: number)
        let heads = try piece.entry.withUnsafeBytes {
            try ChangesetView(verified.statement.payload(in: $0)).heads
        }
        entries.append(
            Entry(
                log: number, index: index, time: signed, signer: signer, bytes: piece.entry,
                heads: heads, note: try SignedNote(piece.proof.note), size: checkpoint.size,
                origin: log.origin))
    }
}
