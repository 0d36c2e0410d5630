import AnnotationModel
import CanonicalCBOR
import Signing
import TransparencyLog

/// One label's provenance as one file, which anybody checks with nothing but roots that they trust.
///
/// It holds entries of the logs concerned, byte for byte, each with a C2SP tlog-proof: the changesets that
/// made the label what it is, those that introduce the keys, those by which one author shows that it knew of
/// another's write, and the steward's acts. What the file leaves out it cannot show: that nothing was written
/// later.
public struct LabelProof: Sendable, Equatable {
    /// An entry of a log, and the proof that it stands there.
    public struct Piece: Sendable, Equatable {
        /// The log's organisation.
        public let member: Origin
        /// The entry as it was signed.
        public let entry: [UInt8]
        /// The place, and the way to a signed checkpoint.
        public let proof: TransparencyProof

        /// A piece.
        public init(member: Origin, entry: [UInt8], proof: TransparencyProof) {
            (self.member, self.entry, self.proof) = (member, entry, proof)
        }
    }

    /// The version that is written and read.
    public static let version: UInt64 = 1
    /// A label with a thousand writes, keys and acts is an unusual one.
    public static let piecesMax = 2_048
    /// Bulk changesets have some 64 KiB each.
    public static let bytesMax = 64 << 20

    /// The dataset.
    public let dataset: DatasetID
    /// The annotation.
    public let annotation: OperationID
    /// The pieces by log, each log's in the order of its entries.
    public let pieces: [Piece]

    /// A proof from its parts; nothing is checked.
    public init(dataset: DatasetID, annotation: OperationID, pieces: [Piece]) {
        (self.dataset, self.annotation, self.pieces) = (dataset, annotation, pieces)
    }

    /// The file: deterministic CBOR, `[version, dataset, annotation, [[member, entry, tlog-proof]…]]`.
    public var file: [UInt8] {
        var encoder = CBOREncoder()
        encoder.arrayHead(4)
        encoder.unsigned(Self.version)
        encoder.text(dataset.description)
        encoder.text(annotation.description)
        encoder.arrayHead(pieces.count)
        for piece in pieces {
            encoder.arrayHead(3)
            encoder.text(piece.member.description)
            piece.entry.withUnsafeBytes { encoder.byteString($0) }
            piece.proof.file.withUnsafeBytes { encoder.byteString($0) }
        }
        return encoder.bytes
    }

    /// Reads a file; nothing is verified yet.
    ///
    /// - Throws: ``LabelProofError/malformed(_:)``.
    public init(file: [UInt8]) throws(LabelProofError) {
        guard file.count <= Self.bytesMax else {
            throw .malformed("it has \(file.count) bytes, the limit is \(Self.bytesMax)")
        }
        let result = file.withUnsafeBytes { bytes in
            Result { () throws(LabelProofError) in try Self.read(bytes) }
        }
        self = try result.get()
    }

    private static func read(
        _ bytes: UnsafeRawBufferPointer
    ) throws(LabelProofError) -> LabelProof {
        do {
            var reader = CBORReader(bytes)
            try reader.arrayHead(count: 4)
            let version = try reader.unsigned()
            guard version == Self.version else {
                throw LabelProofError.malformed("it has version \(version), not \(Self.version)")
            }
            let dataset = try DatasetID(try reader.text())
            let id = try reader.text()
            let (annotation, named) = try OperationID.parse(id)
            guard named == nil, annotation.description == id else {
                throw LabelProofError.malformed("\(id.prefix(80)) is no annotation's id")
            }
            let count = try reader.arrayHead()
            guard count <= piecesMax else {
                throw LabelProofError.malformed("\(count) pieces, the limit is \(piecesMax)")
            }
            var pieces: [Piece] = []
            for _ in 0..<count {
                try reader.arrayHead(count: 3)
                pieces.append(
                    Piece(
                        member: try Origin(try reader.text()),
                        entry: Array(try reader.byteString()),
                        proof: try TransparencyProof(file: Array(try reader.byteString()))))
            }
            try reader.finish()
            return LabelProof(dataset: dataset, annotation: annotation, pieces: pieces)
        } catch let error as LabelProofError {
            throw error
        } catch {
            throw .malformed("\(error)")
        }
    }
}

/// Why a file proves nothing about a label.
public enum LabelProofError: Error, Equatable, Sendable {
    /// The file cannot be read.
    case malformed(String)
    /// Something in it does not hold.
    case refused(String)
}

extension LabelProofError: CustomStringConvertible {
    /// One line: what happened and what to do.
    public var description: String {
        switch self {
        case .malformed(let why): "the proof cannot be read: \(why); ask for it anew"
        case .refused(let why): "the proof does not hold: \(why); do not rely on it"
        }
    }
}
