import AnnotationModel
import CanonicalCBOR
import Signing

/// An organisation's signed word about one label: at these heads of these logs, what concerns it is exactly this.
///
/// Inclusion proofs show that entries stand in a log, never that there are no others. Who holds whole logs can say so,
/// and is held to it: the heads name what it spoke of, so that a word that was false can be shown to be.
public struct CompletenessStatement: Sendable, Equatable {
    /// How much of a log the signer has applied.
    public struct Head: Sendable, Equatable {
        /// The log's organisation.
        public let origin: Origin
        /// The number of entries.
        public let size: UInt64
        /// The root at that size.
        public let root: Digest

        /// A head.
        public init(origin: Origin, size: UInt64, root: Digest) {
            (self.origin, self.size, self.root) = (origin, size, root)
        }
    }

    /// What concerns a label, as a number and a hash: see ``LabelProofRows``.
    public struct Contents: Sendable, Equatable {
        /// The number of rows.
        public let count: Int
        /// SHA-256 over the rows.
        public let digest: Digest

        /// Contents.
        public init(count: Int, digest: Digest) { (self.count, self.digest) = (count, digest) }
    }

    /// The media type of the signed payload.
    public static let contentType = "application/vnd.countermark.statement+cbor"
    /// The version that is written and read.
    public static let version: UInt64 = 1
    /// As many logs as a changeset can cite.
    public static let headsMax = 512
    /// How far a signer's clock may be ahead of the reader's.
    public static let clockToleranceSeconds: Int64 = 3_600

    /// The organisation whose word it is.
    public let org: Origin
    /// The dataset.
    public let dataset: DatasetID
    /// The annotation.
    public let annotation: OperationID
    /// How much of which log it speaks of, by origin.
    public let heads: [Head]
    /// What concerns the annotation.
    public let contents: Contents
    /// When it was signed, in seconds since 1970 as the signer claims.
    public let time: Int64
    /// The signer's certificate and its issuers.
    public let chain: [Certificate]

    /// Signs a statement.
    ///
    /// - Parameters:
    ///   - heads: In any order.
    ///   - chain: The signer's certificate first, then its issuers without the root.
    /// - Returns: The message, a COSE_Sign1.
    /// - Throws: `SigningError` where the heads do not fit into a message.
    public static func sign(
        org: Origin, dataset: DatasetID, annotation: OperationID, heads: [Head],
        contents: Contents, time: Int64, key: SigningKey, chain: [Certificate]
    ) throws(SigningError) -> [UInt8] {
        var payload = CBOREncoder(capacity: 256)
        payload.arrayHead(5)
        payload.unsigned(version)
        payload.text(annotation.description)
        payload.arrayHead(heads.count)
        for head in heads.sorted(by: { $0.origin < $1.origin }) {
            payload.arrayHead(3)
            payload.text(head.origin.description)
            payload.unsigned(head.size)
            head.root.withUnsafeBytes { payload.byteString($0) }
        }
        payload.unsigned(UInt64(contents.count))
        contents.digest.withUnsafeBytes { payload.byteString($0) }
        return try COSESign1.sign(
            payload: payload.bytes,
            header: COSEHeader(
                contentType: contentType, issuer: org.description, subject: dataset.description,
                issuedAt: time, certificateThumbprint: nil, certificateChain: chain),
            key: key)
    }

    /// Reads a message and checks its signature by the certificate that it carries.
    ///
    /// Whether that certificate is good for the organisation is another question.
    ///
    /// - Throws: ``LabelProofError/refused(_:)``.
    public init(_ message: [UInt8]) throws(LabelProofError) {
        let result = message.withUnsafeBytes { bytes in
            Result { () throws(LabelProofError) in try Self.read(bytes) }
        }
        self = try result.get()
    }

    private init(
        org: Origin, dataset: DatasetID, annotation: OperationID, heads: [Head],
        contents: Contents, time: Int64, chain: [Certificate]
    ) {
        (self.org, self.dataset, self.annotation) = (org, dataset, annotation)
        (self.heads, self.contents, self.time, self.chain) = (heads, contents, time, chain)
    }

    private static func read(
        _ bytes: UnsafeRawBufferPointer
    ) throws(LabelProofError) -> CompletenessStatement {
        do {
            let message = try COSESign1.parse(bytes)
            let chain = try message.certificates(in: bytes)
            guard let leaf = chain.first else {
                throw SigningError.missingHeader(.certificateChain)
            }
            try COSEVerifier().check(message, in: bytes, with: try leaf.verificationKey)
            guard message.hasContentType(contentType, in: bytes), let time = message.issuedAt
            else { throw LabelProofError.refused("a statement is none of completeness") }
            let org = try Origin(message.issuer(in: bytes))
            let dataset = try DatasetID(message.subject(in: bytes))
            var reader = CBORReader(message.payload(in: bytes))
            let (annotation, heads, contents) = try payload(&reader)
            return CompletenessStatement(
                org: org, dataset: dataset, annotation: annotation, heads: heads,
                contents: contents, time: time, chain: chain)
        } catch let error as LabelProofError {
            throw error
        } catch {
            throw .refused("a statement cannot be read: \(error)")
        }
    }

    private static func payload(
        _ reader: inout CBORReader
    ) throws -> (OperationID, [Head], Contents) {
        let parts = try reader.arrayHead()
        let version = try reader.unsigned()
        guard version == Self.version, parts == 5 else {
            throw LabelProofError.refused("a statement has version \(version), not \(Self.version)")
        }
        let id = try reader.text()
        let (annotation, named) = try OperationID.parse(id)
        guard named == nil, annotation.description == id else {
            throw LabelProofError.refused("a statement of \(id.prefix(80)), which is no annotation")
        }
        let count = try reader.arrayHead()
        guard count <= headsMax else {
            throw LabelProofError.refused("a statement of \(count) logs, the limit is \(headsMax)")
        }
        var heads: [Head] = []
        for _ in 0..<count {
            try reader.arrayHead(count: 3)
            let origin = try Origin(try reader.text())
            let size = try reader.unsigned()
            let root = try reader.byteString(count: Digest.byteCount)
            guard let root = Digest(root), (1...Slot.entryLimit).contains(size),
                heads.last.map({ $0.origin < origin }) ?? true
            else { throw LabelProofError.refused("a statement's heads do not ascend or are none") }
            heads.append(Head(origin: origin, size: size, root: root))
        }
        let rows = try reader.unsigned()
        let digest = try reader.byteString(count: Digest.byteCount)
        try reader.finish()
        guard let rows = Int(exactly: rows), let digest = Digest(digest) else {
            throw LabelProofError.refused("a statement of \(rows) rows")
        }
        return (annotation, heads, Contents(count: rows, digest: digest))
    }
}

/// What concerns a label, row by row, in the form that statements are made of.
public enum LabelProofRows {
    /// What a row stands for.
    public enum State: UInt64, Sendable {
        /// A write that another one replaced.
        case replaced = 0
        /// A write that stands.
        case standing = 1
        /// A field of a suggestion.
        case suggested = 2
        /// A verdict on a suggestion, by somebody who may decide it.
        case decided = 3
    }

    /// One row.
    public struct Row: Sendable, Equatable {
        /// The operation.
        public let operation: OperationID
        /// The leaf hash of its entry.
        public let leaf: Digest
        /// The register; for a decision, the suggestion's operation.
        public let register: String
        /// What the operation means there.
        public let state: State
    }

    /// Rows of verdicts are named by this and the reviewer; no attribute can hold a NUL.
    static let reviewPrefix = "\u{0}review/"
    /// Rows of decisions are named by this and the suggestion's operation.
    static let decisionPrefix = "\u{0}decision/"

    /// The number of rows, and SHA-256 over the deterministic CBOR of
    /// `[[operation, leaf hash, register, state]…]`, ascending by operation and register.
    public static func contents(_ rows: [Row]) -> CompletenessStatement.Contents {
        let sorted = rows.sorted { one, other in
            one.operation != other.operation
                ? one.operation < other.operation
                : one.register.utf8.lexicographicallyPrecedes(other.register.utf8)
        }
        var encoder = CBOREncoder(capacity: rows.count * 96 + 16)
        encoder.arrayHead(sorted.count)
        for row in sorted {
            encoder.arrayHead(4)
            encoder.text(row.operation.description)
            row.leaf.withUnsafeBytes { encoder.byteString($0) }
            encoder.text(row.register)
            encoder.unsigned(row.state.rawValue)
        }
        return .init(count: sorted.count, digest: SHA256Hasher.hash(encoder.bytes))
    }
}
