import Signing

/// A file that proves offline that an entry stands in a log (C2SP tlog-proof).
///
/// It names neither the entry nor the keys: who checks it brings both.
public struct TransparencyProof: Sendable, Equatable {
    /// The first line.
    public static let version = "c2sp.org/tlog-proof@v1"
    /// The usual end of a file's name.
    public static let fileExtension = "tlog-proof"
    /// What may travel along unsigned; base64 makes it a third longer.
    public static let extraBytesMax = 65_535
    /// The head with the longest proof and extra data, and the largest checkpoint.
    public static let bytesMax = 128 + 90_000 + MerkleProof.hashesMax * 45 + SignedNote.bytesMax

    /// Data that nothing vouches for; nil without the line.
    public let extra: [UInt8]?
    /// The entry's index.
    public let index: UInt64
    /// The hashes that lead from the entry to the root.
    public let proof: [Digest]
    /// The checkpoint with its cosignatures, byte for byte.
    public let note: [UInt8]

    /// A proof from its parts; nothing is checked.
    public init(index: UInt64, proof: [Digest], note: [UInt8], extra: [UInt8]? = nil) {
        (self.index, self.proof, self.note, self.extra) = (index, proof, note, extra)
    }

    /// Reads a file; nothing is verified yet.
    ///
    /// - Throws: ``TransparencyLogError/badProofFile(why:)``, or
    ///   ``TransparencyLogError/badNote(why:)`` for its checkpoint.
    public init(file: [UInt8]) throws(TransparencyLogError) {
        guard file.count <= Self.bytesMax else {
            throw .badProofFile(why: "\(file.count) bytes, the limit is \(Self.bytesMax)")
        }
        var lines = LineReader(file)
        guard let first = lines.line(), first.elementsEqual(Self.version.utf8) else {
            throw .badProofFile(why: "its first line is not \(Self.version)")
        }
        var line = lines.line()
        if let text = line?.after("extra ") {
            guard let bytes = Base64.decode(text), bytes.count <= Self.extraBytesMax else {
                throw .badProofFile(why: "its extra data is not base64 or too long")
            }
            extra = bytes
            line = lines.line()
        } else {
            extra = nil
        }
        guard let digits = line?.after("index "), let index = Checkpoint.decimal(digits) else {
            throw .badProofFile(why: "it has no index as a plain decimal")
        }
        self.index = index
        var proof: [Digest] = []
        while true {
            guard let line = lines.line() else {
                throw .badProofFile(why: "no empty line stands before the checkpoint")
            }
            if line.isEmpty { break }
            guard proof.count < MerkleProof.hashesMax, let hash = Digest(line: line) else {
                throw .badProofFile(
                    why: "hash \(proof.count + 1) is not the base64 of 32 bytes, or one too many")
            }
            proof.append(hash)
        }
        self.proof = proof
        note = lines.rest
        _ = try SignedNote(note)
    }

    /// The file.
    public var file: [UInt8] {
        var bytes = Array((Self.version + "\n").utf8)
        if let extra { bytes += Array("extra ".utf8) + Base64.encodedBytes(extra) + [0x0a] }
        bytes += Array("index \(index)\n".utf8)
        for hash in proof { bytes += Base64.encodedBytes(hash.bytes) + [0x0a] }
        return bytes + [0x0a] + note
    }

    /// Checks that an entry stands at ``index`` in the log that a key signs for.
    ///
    /// - Parameters:
    ///   - entry: the entry itself; its hash is never taken from outside.
    ///   - log: the log's key.
    ///   - origin: the log's name.
    ///   - policy: which witnesses have to have cosigned; nil for none.
    /// - Returns: The checkpoint, and who cosigned it.
    /// - Throws: ``TransparencyLogError`` with the first thing that does not hold.
    @discardableResult
    public func verify(
        entry: UnsafeRawBufferPointer, log: NoteVerifier, origin: String, policy: WitnessPolicy?
    ) throws(TransparencyLogError) -> (checkpoint: Checkpoint, cosignatures: [Cosignature]) {
        let checkpoint = try Checkpoint.open(note, verifier: log, origin: origin)
        var cosignatures: [Cosignature] = []
        if let policy {
            let signed = try SignedNote(note)
            let verdict = try policy.judge(signed)
            guard verdict.isMet else {
                throw .quorumMissing(
                    signed: verdict.cosignatures.count, known: policy.witnesses.count)
            }
            cosignatures = verdict.cosignatures
        }
        var hasher = TreeHasher()
        try MerkleProof.verifyInclusion(
            proof, index: index, size: checkpoint.size, leaf: hasher.leaf(entry),
            root: checkpoint.root)
        return (checkpoint, cosignatures)
    }

    /// Checks that an entry stands at ``index`` in the log that a key signs for.
    ///
    /// - Throws: ``TransparencyLogError`` with the first thing that does not hold.
    @discardableResult
    public func verify(
        entry: [UInt8], log: NoteVerifier, origin: String, policy: WitnessPolicy?
    ) throws(TransparencyLogError) -> (checkpoint: Checkpoint, cosignatures: [Cosignature]) {
        let result = entry.withUnsafeBytes { entry in
            Result { () throws(TransparencyLogError) in
                try verify(entry: entry, log: log, origin: origin, policy: policy)
            }
        }
        return try result.get()
    }
}
