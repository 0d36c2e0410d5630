import Signing

extension Equivocation {
    /// The first line of a file.
    public static let version = "countermark/equivocation@v2"
    /// The head, four of the longest proofs, and two of the largest checkpoints.
    public static let bytesMax =
        4_096 + 4 * (MerkleProof.hashesMax + 2) * 45 + 2 * SignedNote.bytesMax

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
        guard let prefix = lines.line()?.after("prefix ").flatMap({ Checkpoint.decimal($0) }) else {
            throw .badEvidence(why: "its third line does not count the common entries")
        }
        let root = try Self.root(&lines)
        let first = try Self.side(&lines)
        let second = try Self.side(&lines)
        guard lines.rest.isEmpty else {
            throw .badEvidence(why: "\(lines.rest.count) bytes follow the second checkpoint")
        }
        self.init(log: log, prefix: prefix, root: root, first: first, second: second)
    }

    /// Reads the root of the common entries, if there is one, and the empty line behind it.
    private static func root(_ lines: inout LineReader) throws(TransparencyLogError) -> Digest? {
        guard let line = lines.line() else { throw .badEvidence(why: "it ends in its head") }
        if line.isEmpty { return nil }
        guard let text = line.after("root "), let root = Digest(line: text),
            lines.line()?.isEmpty == true
        else { throw .badEvidence(why: "its fourth line is no root with an empty line behind it") }
        return root
    }

    private static func side(_ lines: inout LineReader) throws(TransparencyLogError) -> Side {
        guard let leaf = lines.line()?.after("leaf ").flatMap({ Digest(line: $0) }) else {
            throw .badEvidence(why: "a history does not begin with its leaf")
        }
        let inclusion = try hashes(&lines)
        let consistency = try hashes(&lines)
        // The length stands in front because a checkpoint holds an empty line itself.
        guard let digits = lines.line()?.after("checkpoint "),
            let count = Checkpoint.decimal(digits), count <= UInt64(SignedNote.bytesMax),
            let note = lines.bytes(Int(count))
        else { throw .badEvidence(why: "a checkpoint is cut or its length is not a plain decimal") }
        return Side(
            leaf: leaf, inclusion: inclusion, consistency: consistency, checkpoint: note)
    }

    /// Reads the hashes of a proof and the empty line behind them.
    private static func hashes(
        _ lines: inout LineReader
    ) throws(TransparencyLogError) -> [Digest] {
        var hashes: [Digest] = []
        while true {
            guard let line = lines.line() else {
                throw .badEvidence(why: "no empty line ends a proof")
            }
            if line.isEmpty { return hashes }
            // A consistency proof may hold one hash more than a path from a leaf.
            guard hashes.count <= MerkleProof.hashesMax, let hash = Digest(line: line) else {
                throw .badEvidence(
                    why: "hash \(hashes.count + 1) is not the base64 of 32 bytes, or one too many")
            }
            hashes.append(hash)
        }
    }

    /// The file.
    public var file: [UInt8] {
        var text = "\(Self.version)\nlog \(log.vkey)\nprefix \(prefix)\n"
        if let root { text += "root \(root.base64)\n" }
        var bytes = Array((text + "\n").utf8)
        for side in [first, second] {
            bytes += Array("leaf \(side.leaf.base64)\n".utf8)
            for proof in [side.inclusion, side.consistency] {
                for hash in proof { bytes += Base64.encodedBytes(hash.bytes) + [0x0a] }
                bytes.append(0x0a)
            }
            bytes += Array("checkpoint \(side.checkpoint.count)\n".utf8) + side.checkpoint
        }
        return bytes
    }
}
