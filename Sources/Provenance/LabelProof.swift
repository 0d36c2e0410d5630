import AnnotationModel
import CanonicalCBOR
import Signing
import TransparencyLog

/// One label's provenance as one file, which anybody checks with nothing but roots that they trust.
///
/// It holds entries of the logs concerned, byte for byte, each with a C2SP tlog-proof: the changesets that
/// made the label what it is, those that introduce the keys, those by which one author shows that it knew of
/// another's write, and the steward's acts. Whether that is all nobody can see from entries: for that it holds
/// the signed words of those who hold the whole logs (``CompletenessStatement``).
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

    /// The version without, and with a part about a release.
    public static let versions: (plain: UInt64, ofRelease: UInt64) = (2, 3)
    /// A label with a thousand writes, keys and acts is an unusual one; a member that writes to it again and again
    /// shall not keep the others from proving it.
    public static let piecesMax = 32_768
    /// As many organisations as a changeset can cite.
    public static let statementsMax = 512
    /// Bulk changesets have some 64 KiB each.
    public static let bytesMax = 64 << 20

    /// The dataset.
    public let dataset: DatasetID
    /// The annotation.
    public let annotation: OperationID
    /// The pieces by log, each log's in the order of its entries; one entry under several checkpoints, the
    /// smallest first.
    public let pieces: [Piece]
    /// Who says that this is all, as signed; by organisation.
    public let statements: [[UInt8]]

    /// That the label is in a release, or that it is not; nil where nothing is said of one.
    public let release: ReleaseProof?

    /// A proof from its parts; nothing is checked.
    public init(
        dataset: DatasetID, annotation: OperationID, pieces: [Piece], statements: [[UInt8]] = [],
        release: ReleaseProof? = nil
    ) {
        (self.dataset, self.annotation, self.pieces) = (dataset, annotation, pieces)
        (self.statements, self.release) = (statements, release)
    }

    /// The proof with a part about a release.
    public func with(_ release: ReleaseProof) -> LabelProof {
        LabelProof(
            dataset: dataset, annotation: annotation, pieces: pieces, statements: statements,
            release: release)
    }

    /// The proof with an organisation's statement, which takes the place of an older one of the same organisation.
    ///
    /// - Throws: ``LabelProofError/refused(_:)`` for a message that is no statement.
    public func adding(_ statement: [UInt8]) throws(LabelProofError) -> LabelProof {
        var all: [(org: Origin, message: [UInt8])] = []
        for message in statements {
            all.append((try CompletenessStatement(message).org, message))
        }
        let org = try CompletenessStatement(statement).org
        all.removeAll { $0.org == org }
        all.append((org, statement))
        return LabelProof(
            dataset: dataset, annotation: annotation, pieces: pieces,
            statements: all.sorted { $0.org < $1.org }.map(\.message), release: release)
    }

    /// The file: deterministic CBOR, `[version, dataset, annotation, [[member, entry, tlog-proof]…],
    /// [statement…]]`, and in version 3 the part about a release after it.
    public var file: [UInt8] {
        var encoder = CBOREncoder()
        encoder.arrayHead(release == nil ? 5 : 6)
        encoder.unsigned(release == nil ? Self.versions.plain : Self.versions.ofRelease)
        encoder.text(dataset.description)
        encoder.text(annotation.description)
        Self.encode(pieces, into: &encoder)
        encoder.arrayHead(statements.count)
        for statement in statements { statement.withUnsafeBytes { encoder.byteString($0) } }
        release?.encode(into: &encoder)
        return encoder.bytes
    }

    /// Appends `[[member, entry, tlog-proof]…]`.
    static func encode(_ pieces: [Piece], into encoder: inout CBOREncoder) {
        encoder.arrayHead(pieces.count)
        for piece in pieces {
            encoder.arrayHead(3)
            encoder.text(piece.member.description)
            piece.entry.withUnsafeBytes { encoder.byteString($0) }
            piece.proof.file.withUnsafeBytes { encoder.byteString($0) }
        }
    }

    /// Reads what ``encode(_:into:)`` wrote.
    static func pieces(_ reader: inout CBORReader) throws -> [Piece] {
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
        return pieces
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
            // The version stands first: another one may have more parts.
            let parts = try reader.arrayHead()
            let version = try reader.unsigned()
            let hasRelease = version == Self.versions.ofRelease
            guard hasRelease || version == Self.versions.plain else {
                throw LabelProofError.malformed(
                    "it has version \(version), not \(Self.versions.plain) or "
                        + "\(Self.versions.ofRelease)")
            }
            guard parts == (hasRelease ? 6 : 5) else {
                throw LabelProofError.malformed("it has \(parts) parts")
            }
            let dataset = try DatasetID(try reader.text())
            let id = try reader.text()
            let (annotation, named) = try OperationID.parse(id)
            guard named == nil, annotation.description == id else {
                throw LabelProofError.malformed("\(id.prefix(80)) is no annotation's id")
            }
            let pieces = try pieces(&reader)
            let statementCount = try reader.arrayHead()
            guard statementCount <= statementsMax else {
                throw LabelProofError.malformed(
                    "\(statementCount) statements, the limit is \(statementsMax)")
            }
            var statements: [[UInt8]] = []
            for _ in 0..<statementCount { statements.append(Array(try reader.byteString())) }
            var release: ReleaseProof?
            if hasRelease {
                release = ReleaseProof(cbor: try CBORValue(reading: &reader), dataset: dataset)
                if release == nil {
                    throw LabelProofError.malformed("its part about a release is none")
                }
            }
            try reader.finish()
            return LabelProof(
                dataset: dataset, annotation: annotation, pieces: pieces, statements: statements,
                release: release)
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
