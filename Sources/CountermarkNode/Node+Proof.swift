import AnnotationModel
import AnnotationStore
import Foundation
import LogStorage
import Provenance
import Signing
import TransparencyLog

/// Which entries of which logs a proof needs.
private struct NeededEntries {
    private(set) var byLog: [Origin: Set<UInt64>] = [:]

    /// An entry, and the first one of its log, which introduces the log's key.
    mutating func insert(_ origin: Origin, _ index: UInt64) {
        byLog[origin, default: [0]].insert(index)
    }
}

extension Node {
    /// Gathers one label's provenance: what was signed about it, and what it takes to check that.
    ///
    /// - Parameter text: The annotation's id.
    /// - Throws: ``NodeError`` if there is no such counted annotation.
    public func prove(_ text: String) throws -> LabelProof {
        let (dataset, label) = try find(text)
        let logs = try logNames(dataset)
        var operations = [label.id] + (try store.touches(label.key.packed, logs))
        operations = try operations.filter { try isCounted($0.slot.entry, of: $0.origin, dataset) }
        var needed = NeededEntries()
        needed.insert(dataset.owner, 0)
        for operation in operations { needed.insert(operation.origin, operation.slot.entry) }
        for origin in Set(operations.map(\.origin)) {
            try addCitations(of: operations, in: origin, dataset, &needed)
        }
        // Whoever cosigned has to be known too, by its own log.
        let held = Set(home.members(of: dataset).map(\.description))
        for log in Array(needed.byLog.keys) {
            for name in try witnessNames(of: log, dataset) where held.contains(name) {
                needed.insert(try Origin(name), 0)
            }
        }
        let acts = try store.acts(logs)
        for (operation, act) in acts where needed.byLog[operation.origin] != nil {
            switch act {
            case .addKey, .retireKey, .addWitness:
                needed.insert(operation.origin, operation.slot.entry)
            case _ where act.isStewardsAct && operation.origin == dataset.owner:
                needed.insert(operation.origin, operation.slot.entry)
            default: continue
            }
        }
        let witnesses = try witnessKeys(dataset).filter { key in
            needed.byLog.keys.contains { $0.description == key.name }
        }
        var pieces: [LabelProof.Piece] = []
        for (origin, indices) in needed.byLog.sorted(by: { $0.key < $1.key }) {
            pieces += try self.pieces(origin, dataset, indices.sorted(), witnesses)
        }
        guard pieces.count <= LabelProof.piecesMax else {
            throw NodeError(
                .failed, "proof-too-large",
                "\(label.id) needs \(pieces.count) entries, the limit is \(LabelProof.piecesMax)",
                hint: "carry the whole dataset instead")
        }
        return LabelProof(dataset: dataset, annotation: label.id, pieces: pieces)
    }

    private func isCounted(_ index: UInt64, of origin: Origin, _ dataset: DatasetID) throws -> Bool
    {
        try read(dataset) { merge in
            guard let number = merge.state.number(origin) else { return false }
            let key = OperationKey(log: number, slot: Slot(entry: index, position: 0)).entryKey
            return try merge.rows.entry(key).map { $0.notCounted == nil } ?? false
        }
    }

    /// Adds the entries of one log by which it first cited the operations of others.
    private func addCitations(
        of operations: [OperationID], in origin: Origin, _ dataset: DatasetID,
        _ needed: inout NeededEntries
    ) throws {
        var open = Set(operations.filter { $0.origin != origin })
        let last = operations.filter { $0.origin == origin }.map(\.slot.entry).max() ?? 0
        let reader = try LogReader(directory: home.logFolder(origin, dataset))
        var found: [UInt64] = []
        try reader.forEachEntry(from: 0, to: min(last + 1, reader.size)) { index, entry in
            let heads = try ChangesetView(COSESign1.parse(entry).payload(in: entry)).heads
            for head in heads {
                let covered = open.filter {
                    $0.origin == head.origin && $0.slot.entry < head.merged
                }
                if !covered.isEmpty { found.append(index) }
                open.subtract(covered)
            }
            return !open.isEmpty
        }
        for index in found { needed.insert(origin, index) }
    }

    private func cosigned(_ origin: Origin, _ dataset: DatasetID) throws -> CosignatureSet {
        try CosignedCheckpoint.read(directory: home.logFolder(origin, dataset))
    }

    private func witnessNames(of origin: Origin, _ dataset: DatasetID) throws -> Set<String> {
        Set(try cosigned(origin, dataset).entries.flatMap { $0.lines.map(\.name) })
    }

    private func pieces(
        _ origin: Origin, _ dataset: DatasetID, _ indices: [UInt64], _ witnesses: [NoteVerifier]
    ) throws -> [LabelProof.Piece] {
        let reader = try LogReader(directory: home.logFolder(origin, dataset))
        let ends = try read(dataset) { merge in
            merge.state.number(origin).map { merge.state.keys(of: $0).values.map(\.notAfter) } ?? []
        }
        let others = witnesses.filter { $0.name != origin.description }
        return try indices.map { index in
            let note = try self.note(over: index, origin, dataset, reader, others, ends: ends)
            let size = try Checkpoint(text: try SignedNote(note).text).size
            let path = try MerkleProof.proveInclusion(index: index, size: size) {
                try reader.subtree($0)
            }
            return LabelProof.Piece(
                member: origin, entry: try reader.entry(at: index),
                proof: TransparencyProof(index: index, proof: path, note: note))
        }
    }

    /// The checkpoint to prove an entry under: the largest cosigned one, or, once a certificate has ended,
    /// one that was cosigned before.
    private func note(
        over index: UInt64, _ origin: Origin, _ dataset: DatasetID, _ reader: LogReader,
        _ witnesses: [NoteVerifier], ends: [Int64]
    ) throws -> [UInt8] {
        let ended = ends.filter { $0 < now() }.min()
        let covering = try cosigned(origin, dataset).entries.filter {
            $0.size > index && $0.size <= reader.size
        }
        let chosen =
            covering.first { entry in
                ended.map { end in entry.lines.contains { $0.time <= end } } ?? true
            } ?? covering.first
        guard let chosen else { return reader.checkpoint }
        return chosen.note(
            with: chosen.lines.filter { line in witnesses.contains { $0.signed(line.signature) } })
    }
}

extension Node {
    /// The piece of a proof that holds the annotation's own entry.
    ///
    /// - Throws: ``NodeError`` if the proof holds none.
    public func piece(of proof: LabelProof) throws -> LabelProof.Piece {
        let id = proof.annotation
        guard
            let piece = proof.pieces.first(where: {
                $0.member == id.origin && $0.proof.index == id.slot.entry
            })
        else {
            throw NodeError.notFound("entry of", id.description, hint: "make the proof anew")
        }
        return piece
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
