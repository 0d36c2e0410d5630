import Signing

/// What a log, or anybody who has its checkpoint, asks of a witness (C2SP tlog-witness, "add-checkpoint").
public struct AddCheckpointRequest: Sendable, Equatable {
    /// The largest body: the line of the size, the longest proof and the largest checkpoint.
    public static let bytesMax = 32 + MerkleProof.hashesMax * 45 + SignedNote.bytesMax

    /// The size that the witness is believed to have cosigned last, 0 for none.
    public let oldSize: UInt64
    /// The hashes that lead from that size to the checkpoint's.
    public let proof: [Digest]
    /// The checkpoint, byte for byte.
    public let note: [UInt8]

    /// A request.
    public init(oldSize: UInt64, proof: [Digest], note: [UInt8]) {
        (self.oldSize, self.proof, self.note) = (oldSize, proof, note)
    }

    /// Reads a body; the checkpoint in it is not looked at yet.
    ///
    /// - Throws: ``TransparencyLogError/badRequest(why:)``.
    public init(body: [UInt8]) throws(TransparencyLogError) {
        guard body.count <= Self.bytesMax else {
            throw .badRequest(why: "\(body.count) bytes, the limit is \(Self.bytesMax)")
        }
        var lines = LineReader(body)
        guard let first = lines.line(), let digits = first.after("old "),
            let size = Checkpoint.decimal(digits)
        else { throw .badRequest(why: "its first line is not \"old\" and a plain decimal") }
        var proof: [Digest] = []
        while true {
            guard let line = lines.line() else {
                throw .badRequest(why: "no empty line ends the proof")
            }
            if line.isEmpty { break }
            guard proof.count < MerkleProof.hashesMax else {
                throw .badRequest(why: "the proof has more than \(MerkleProof.hashesMax) hashes")
            }
            guard let hash = Digest(line: line) else {
                throw .badRequest(
                    why: "line \(proof.count + 1) of the proof is not the base64 of 32 bytes")
            }
            proof.append(hash)
        }
        let note = lines.rest
        guard !note.isEmpty else { throw .badRequest(why: "it has no checkpoint") }
        self.init(oldSize: size, proof: proof, note: note)
    }

    /// The body to send.
    public var body: [UInt8] {
        var bytes = Array("old \(oldSize)\n".utf8)
        for hash in proof { bytes += Base64.encodedBytes(hash.bytes) + [0x0a] }
        return bytes + [0x0a] + note
    }

    /// The log's name as the checkpoint claims it, to look up what is known of that log; nothing of it
    /// is verified.
    public var claimedOrigin: String? {
        guard let end = note.firstIndex(of: 0x0a), end > 0 else { return nil }
        return note[..<end].validText
    }
}
