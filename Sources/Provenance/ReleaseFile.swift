import AnnotationModel
import CanonicalCBOR
import Signing
import TransparencyLog

/// A release by itself as one file: the steward's act, who has countersigned it, and the entries that say whose words
/// these are.
///
/// Whoever has the leaves beside it (``ReleaseLeaves``) sees that they are the labels that were signed.
public struct ReleaseFile: Sendable, Equatable {
    /// The first part of the file.
    public static let version: UInt64 = 4

    /// What the steward signed the digest of.
    public let commitment: Release.Commitment
    /// Entries of the logs, as in a label's proof.
    public let pieces: [LabelProof.Piece]

    /// A file from its parts; nothing is checked.
    public init(commitment: Release.Commitment, pieces: [LabelProof.Piece]) {
        (self.commitment, self.pieces) = (commitment, pieces)
    }

    /// True if a file's first part says that it is of a release by itself.
    public static func isMeant(by file: [UInt8]) -> Bool {
        file.withUnsafeBytes { bytes in
            var reader = CBORReader(bytes)
            return (try? reader.arrayHead()) != nil && (try? reader.unsigned()) == version
        }
    }

    /// The file: deterministic CBOR, `[4, dataset, [[member, entry, tlog-proof]…], the part about the release]`.
    public var file: [UInt8] {
        var encoder = CBOREncoder()
        encoder.arrayHead(4)
        encoder.unsigned(Self.version)
        encoder.text(commitment.dataset.description)
        LabelProof.encode(pieces, into: &encoder)
        ReleaseProof(commitment: commitment, leaves: []).encode(into: &encoder)
        return encoder.bytes
    }

    /// Reads a file; nothing is verified yet.
    ///
    /// - Throws: ``LabelProofError/malformed(_:)``.
    public init(file: [UInt8]) throws(LabelProofError) {
        guard file.count <= LabelProof.bytesMax else {
            throw .malformed("it has \(file.count) bytes, the limit is \(LabelProof.bytesMax)")
        }
        do {
            self = try file.withUnsafeBytes { try Self.read($0) }
        } catch let error as LabelProofError {
            throw error
        } catch {
            throw .malformed("\(error)")
        }
    }

    private static func read(_ bytes: UnsafeRawBufferPointer) throws -> ReleaseFile {
        var reader = CBORReader(bytes)
        let parts = try reader.arrayHead()
        guard try reader.unsigned() == version, parts == 4 else {
            throw LabelProofError.malformed("it is no release's proof")
        }
        let dataset = try DatasetID(try reader.text())
        let pieces = try LabelProof.pieces(&reader)
        let part = ReleaseProof(cbor: try CBORValue(reading: &reader), dataset: dataset)
        guard let part, part.leaves.isEmpty else {
            throw LabelProofError.malformed("its part about the release is none")
        }
        try reader.finish()
        return ReleaseFile(commitment: part.commitment, pieces: pieces)
    }

    /// Checks all that the file holds, from the bytes.
    ///
    /// - Parameters:
    ///   - roots: The roots that the reader trusts for the steward.
    ///   - time: Now, in Unix seconds.
    /// - Throws: ``LabelProofError``.
    public func verify(
        trusting roots: [Certificate], at time: Int64
    ) throws(LabelProofError) -> LabelProofReport.NamedRelease {
        // No operation speaks of an act.
        let nobody = OperationID(
            origin: commitment.dataset.owner, slot: Slot(entry: 0, position: 0))
        let proof = LabelProof(
            dataset: commitment.dataset, annotation: nobody, pieces: pieces)
        var check = LabelProofCheck(proof: proof, roots: roots, time: time)
        do {
            try check.read()
            let fold = LabelProofFold(proof.dataset, check.entries, check.heads)
            _ = try check.witnesses(of: nil, fold)
            return try fold.named(commitment)
        } catch let error as LabelProofError {
            throw error
        } catch {
            throw .refused("\(error)")
        }
    }
}

/// The leaves of a release one after another, a CBOR sequence (RFC 8742).
public enum ReleaseLeaves {
    /// Checks that leaves are those that a release binds.
    ///
    /// - Throws: ``LabelProofError/refused(_:)`` if they are not.
    public static func check(
        _ bytes: UnsafeRawBufferPointer, against commitment: Release.Commitment
    ) throws(LabelProofError) {
        var reader = CBORReader(bytes)
        var hasher = TreeHasher()
        var tree = CompactRange()
        let count = commitment.items + commitment.labels
        for index in 0..<count {
            let start = reader.offset
            do throws(CBORError) { try reader.skip() } catch {
                throw .refused("leaf \(index) of \(count) cannot be read: \(error)")
            }
            let leaf = UnsafeRawBufferPointer(rebasing: bytes[start..<reader.offset])
            tree.append(hasher.leaf(leaf), &hasher)
        }
        guard reader.isAtEnd else { throw .refused("there are more than \(count) leaves") }
        guard tree.root(&hasher).bytes == commitment.root else {
            throw .refused("the leaves are not those that the steward signed")
        }
    }
}
