import AnnotationModel
import AnnotationStore
import CompanyHome
import Foundation
import LogStorage
import PlainErrors
import Provenance
import Signing
import TransparencyLog

extension Node {
    /// The most checkpoints under which a proof shows its label's entry, so that each witness's line has one.
    static let checkpointsPerEntryMax = 16

    /// Gathers one label's provenance: what was signed about it, and what it takes to check that.
    ///
    /// No statement is in it: see ``state(_:)``.
    ///
    /// - Parameters:
    ///   - text: The annotation's id.
    ///   - chosen: Its dataset; nil where the id is plain.
    /// - Throws: ``NodeError`` if there is no such counted annotation.
    public func prove(_ text: String, in chosen: DatasetID? = nil) throws -> LabelProof {
        let (dataset, label) = try find(text, in: chosen)
        return try prove(label.id, label.key, dataset)
    }

    /// - Parameter acts: Operations whose entries are to be in it, too.
    func prove(
        _ id: OperationID, _ key: OperationKey, _ dataset: DatasetID,
        with acts: [OperationID] = []
    ) throws -> LabelProof {
        let logs = try logNames(dataset)
        var operations = [id] + (try store.touches(key.packed, logs))
        operations = try operations.filter { try isCounted($0.slot.entry, of: $0.origin, dataset) }
        var needed = ProofEntries(acts: try store.acts(logs), steward: dataset.owner)
        for operation in operations + acts {
            needed.insert(operation.origin, operation.slot.entry)
        }
        for origin in Set(operations.map(\.origin)) {
            for index in try citations(of: operations, in: origin, dataset) {
                needed.insert(origin, index)
            }
        }
        let notes = try notes(over: id, dataset)
        // Whoever cosigned has to be known too, by its own log.
        for note in notes {
            for signature in try SignedNote(note).signatures {
                if let origin = try? Origin(signature.name) {
                    needed.insert(witness: origin, keyID: signature.keyID)
                }
            }
        }
        try needed.addKeys { try signers(of: $0, dataset) }
        for (origin, indices) in try stewardsHeads(of: needed.byLog, dataset) {
            for index in indices { needed.insert(origin, index) }
        }
        // Those may be signed with keys of their own.
        try needed.addKeys { try signers(of: $0, dataset) }
        let count = needed.byLog.values.map(\.count).reduce(0, +) + notes.count
        guard count <= LabelProof.piecesMax else {
            throw NodeError(
                .proofTooLarge,
                "\(id) needs \(count) entries, the limit is \(LabelProof.piecesMax)",
                hint: "carry the whole dataset instead")
        }
        var pieces: [LabelProof.Piece] = []
        for (origin, indices) in needed.byLog.sorted(by: { $0.key < $1.key }) {
            pieces += try self.pieces(origin, dataset, indices.sorted()) {
                origin == id.origin && $0 == id.slot.entry ? notes : []
            }
        }
        return LabelProof(dataset: dataset, annotation: id, pieces: pieces)
    }

    /// The entries that show what given acts are, whose, and what they are worth.
    func pieces(showing acts: [OperationID], _ dataset: DatasetID) throws -> [LabelProof.Piece] {
        var needed = ProofEntries(
            acts: try store.acts(try logNames(dataset)), steward: dataset.owner)
        for act in acts { needed.insert(act.origin, act.slot.entry) }
        try needed.addKeys { try signers(of: $0, dataset) }
        let count = needed.byLog.values.map(\.count).reduce(0, +)
        guard count <= LabelProof.piecesMax else {
            throw NodeError(
                .proofTooLarge,
                "the acts need \(count) entries, the limit is \(LabelProof.piecesMax)",
                hint: "carry the whole dataset instead")
        }
        return try needed.byLog.sorted(by: { $0.key < $1.key }).flatMap { origin, indices in
            try pieces(origin, dataset, indices.sorted()) { _ in [] }
        }
    }

    private func isCounted(_ index: UInt64, of origin: Origin, _ dataset: DatasetID) throws -> Bool
    {
        try read(dataset) { merge in
            guard let number = merge.state.number(origin) else { return false }
            let key = OperationKey(log: number, slot: Slot(entry: index, position: 0)).entryKey
            return try merge.rows.entry(key).map { $0.notCounted == nil } ?? false
        }
    }

    /// Who signed which entry of a log.
    private func signers(
        of origin: Origin, _ dataset: DatasetID
    ) throws -> (UInt64) throws -> Digest? {
        let reader = try home.log(origin, dataset)
        return { try COSESign1.parse(try reader.entry(at: $0)).certificateThumbprint }
    }

    /// The entries of one log by which it first cited the operations of others.
    private func citations(
        of operations: [OperationID], in origin: Origin, _ dataset: DatasetID
    ) throws -> Set<UInt64> {
        let last = operations.filter { $0.origin == origin }.map(\.slot.entry).max() ?? 0
        return try read(dataset) { merge in
            guard let number = merge.state.number(origin) else { return [] }
            var found: Set<UInt64> = []
            for operation in Set(operations) where operation.origin != origin {
                guard let other = merge.state.number(operation.origin) else { continue }
                let first = try Self.firstEntry(
                    of: number, upTo: last, knowing: operation.slot.entry + 1, of: other, merge)
                if let first { found.insert(first) }
            }
            return found
        }
    }

    /// The first entry of a log by which its author had merged so many entries of another one; nil if there is none.
    private static func firstEntry(
        of log: Int, upTo last: UInt64, knowing size: UInt64, of other: Int, _ merge: Merge
    ) throws -> UInt64? {
        // What an author knows only grows: the first entry that knows is found by halving.
        func knows(_ index: UInt64) throws -> Bool {
            let key = OperationKey(log: log, slot: Slot(entry: index, position: 0)).entryKey
            return try merge.rows.context(key)[other] >= size
        }
        guard size > 0, try knows(last) else { return nil }
        var (low, high) = (UInt64(0), last)
        while low < high {
            let middle = (low + high) / 2
            if try knows(middle) { high = middle } else { low = middle + 1 }
        }
        return low
    }

    /// The entries by which authors came to know as much of the steward's log as they knew when they wrote others:
    /// that decides with which keys the heads in those have to be signed.
    private func stewardsHeads(
        of needed: [Origin: Set<UInt64>], _ dataset: DatasetID
    ) throws -> [Origin: Set<UInt64>] {
        try read(dataset) { merge in
            guard let steward = merge.state.number(dataset.owner) else { return [:] }
            var found: [Origin: Set<UInt64>] = [:]
            for (origin, indices) in needed where origin != dataset.owner {
                guard let number = merge.state.number(origin) else { continue }
                for index in indices {
                    let slot = Slot(entry: index, position: 0)
                    let key = OperationKey(log: number, slot: slot).entryKey
                    let known = try merge.rows.context(key)[steward]
                    let first = try Self.firstEntry(
                        of: number, upTo: index, knowing: known, of: steward, merge)
                    if let first { found[origin, default: []].insert(first) }
                }
            }
            return found
        }
    }

    // MARK: Checkpoints

    /// The checkpoints to show the annotation's entry under, the smallest first: the newest, and those that carry
    /// the line of each witness, so that nobody's line takes another's place.
    private func notes(over id: OperationID, _ dataset: DatasetID) throws -> [[UInt8]] {
        let reader = try home.log(id.origin, dataset)
        let set = CosignedCheckpoint.readable(directory: reader.directory)
        let witnesses = try witnessRoster(dataset, of: id.origin)
        let covering = set.entries.filter {
            $0.size > id.slot.entry && $0.size <= reader.size
        }
        var chosen: [CosignatureSet.Entry] = []
        for witness in witnesses.organisations where chosen.count < Self.checkpointsPerEntryMax {
            let entry = covering.first { entry in
                entry.lines.contains { $0.name == witness.name && witnesses.knows($0.signature) }
            }
            if let entry, !chosen.contains(where: { $0.text == entry.text }) {
                chosen.append(entry)
            }
        }
        let newest = try Checkpoint(text: try SignedNote(reader.checkpoint).text).size
        // Of two texts with one size, one is enough.
        var notes: [UInt64: [UInt8]] = [newest: reader.checkpoint]
        for entry in chosen.reversed() {
            let lines = set.lines(of: entry.text, by: witnesses).filter {
                witnesses.knows($0.signature)
            }
            notes[entry.size] = entry.note(with: lines)
        }
        return notes.sorted { $0.key < $1.key }.map(\.value)
    }

    private func pieces(
        _ origin: Origin, _ dataset: DatasetID, _ indices: [UInt64],
        _ notes: (UInt64) -> [[UInt8]]
    ) throws -> [LabelProof.Piece] {
        let reader = try home.log(origin, dataset)
        return try indices.flatMap { index in
            let entry = try reader.entry(at: index)
            let chosen = notes(index)
            return try (chosen.isEmpty ? [reader.checkpoint] : chosen).map { note in
                let size = try Checkpoint(text: try SignedNote(note).text).size
                let path = try MerkleProof.proveInclusion(index: index, size: size) {
                    try reader.subtree($0)
                }
                return LabelProof.Piece(
                    member: origin, entry: entry,
                    proof: TransparencyProof(index: index, proof: path, note: note))
            }
        }
    }
}

/// Which entries of which logs a proof needs.
private struct ProofEntries {
    private(set) var byLog: [Origin: Set<UInt64>] = [:]
    private let acts: [Origin: [(index: UInt64, act: GovernanceAct)]]

    init(acts: [(operation: OperationID, act: GovernanceAct)], steward: Origin) {
        self.acts = Dictionary(grouping: acts, by: \.operation.origin).mapValues {
            $0.map { ($0.operation.slot.entry, $0.act) }
        }
        insert(steward, 0)
        // What the steward does with members, roles and keys decides what all others are worth.
        for (index, act) in self.acts[steward] ?? [] {
            switch act {
            case .setMember, .cutLog, .succeedLog, .retireKey: insert(steward, index)
            default: continue
            }
        }
    }

    /// An entry, and the first one of its log, which introduces the log's key.
    mutating func insert(_ origin: Origin, _ index: UInt64) {
        byLog[origin, default: [0]].insert(index)
    }

    /// What explains a witness's line: the entry that introduces the key, and no more of what that log holds.
    mutating func insert(witness origin: Origin, keyID: [UInt8]) {
        for (index, act) in acts[origin] ?? [] {
            guard case .addWitness(let key) = act,
                let known = try? NoteVerifier(
                    name: origin.description, kind: .cosignature, publicKey: key),
                known.keyID == keyID
            else { continue }
            insert(origin, index)
            return
        }
    }

    /// The entries that introduce the keys that signed the others, and those that retire them.
    ///
    /// - Parameter signers: Who signed which entry, log by log.
    mutating func addKeys(
        _ signers: (Origin) throws -> (UInt64) throws -> Digest?
    ) throws {
        for origin in Array(byLog.keys) {
            let signer = try signers(origin)
            var introduced: [[UInt8]: UInt64] = [:]
            var retired: [[UInt8]: [UInt64]] = [:]
            for (index, act) in acts[origin] ?? [] {
                switch act {
                case .addKey(let chain, _):
                    guard let der = chain.first else { continue }
                    let key = SHA256Hasher.hash(der).bytes
                    introduced[key] = introduced[key] ?? index
                case .retireKey(let key, _): retired[key, default: []].append(index)
                default: continue
                }
            }
            // An entry that is added may be signed by yet another key.
            var open = Array(byLog[origin] ?? [])
            while let index = open.popLast() {
                guard let key = try signer(index)?.bytes else { continue }
                for more in [introduced[key]].compactMap({ $0 }) + (retired[key] ?? [])
                where byLog[origin]?.contains(more) != true {
                    insert(origin, more)
                    open.append(more)
                }
            }
        }
    }
}

extension Node {
    /// The piece of a proof that holds the annotation's own entry, under the checkpoint that most have cosigned.
    ///
    /// - Throws: ``NodeError`` if the proof holds none.
    public func piece(of proof: LabelProof) throws -> LabelProof.Piece {
        let id = proof.annotation
        let all = proof.pieces.filter {
            $0.member == id.origin && $0.proof.index == id.slot.entry
        }
        var best: (piece: LabelProof.Piece, lines: Int)?
        for piece in all {
            let lines = try SignedNote(piece.proof.note).signatures.count
            if lines >= best?.lines ?? 0 { best = (piece, lines) }
        }
        guard let best else {
            throw NodeError.notFound("entry of", id.description, hint: "make the proof anew")
        }
        return best.piece
    }

    /// A COSE receipt (RFC 9942) that an entry stands in its log, signed with this node's key.
    public func receipt(for piece: LabelProof.Piece, _ proof: LabelProof) throws -> [UInt8] {
        let checkpoint = try Checkpoint(text: try SignedNote(piece.proof.note).text)
        let identity = try home.identity()
        return try InclusionReceipt.issue(
            entry: piece.entry, index: piece.proof.index, size: checkpoint.size,
            proof: piece.proof.proof, root: checkpoint.root,
            keyID: identity.certificate.fingerprint.bytes, issuer: home.origin.description,
            subject: "\(piece.member)/\(proof.dataset)", issuedAt: now(), key: identity.key)
    }
}
