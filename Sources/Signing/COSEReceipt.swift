import CanonicalCBOR

/// A signed root of a Merkle tree with the proof that leads to it (RFC 9942, RFC9162_SHA256).
///
/// The root itself is left out: it has to be computed from the proof, and the signature is checked over
/// what was computed. This type knows the message; what a proof means is for a transparency log to say.
public struct COSEReceipt: Sendable, Equatable {
    /// What a proof shows.
    public enum Kind: Int64, Sendable {
        /// An entry stands in a tree.
        case inclusion = -1
        /// One tree begins with another.
        case consistency = -2
    }

    /// A proof: two numbers and the hashes.
    public struct Proof: Sendable, Equatable {
        /// What it shows.
        public let kind: Kind
        /// The size of the tree; of the older tree for consistency.
        public let size: UInt64
        /// The index of the entry; the size of the newer tree for consistency.
        public let position: UInt64
        /// The hashes.
        public let path: [Digest]

        /// A proof from its parts.
        public init(kind: Kind, size: UInt64, position: UInt64, path: [Digest]) {
            (self.kind, self.size, self.position, self.path) = (kind, size, position, path)
        }
    }

    /// The data structure RFC9162_SHA256.
    public static let dataStructure: Int64 = 1
    /// A proof in a tree of fewer than 2^63 entries has no more hashes.
    public static let pathCountMax = 63
    /// The longest proof, a header of moderate size and a signature.
    public static let byteCountMax = 16_384

    /// The algorithm of the signature.
    public let algorithm: SignatureAlgorithm
    /// The hint at the key, `kid`.
    public let keyID: [UInt8]?
    /// Who issued it, `iss`.
    public let issuer: String?
    /// What it is about, `sub`.
    public let subject: String?
    /// When it was issued, in Unix seconds.
    public let issuedAt: Int64?
    /// The proof; nothing signs its numbers, only the root that it leads to.
    public let proof: Proof
    /// The encoded protected header.
    let protected: [UInt8]
    let signature: [UInt8]

    /// Reads a receipt; nothing is verified yet.
    ///
    /// - Throws: ``SigningError`` with the first rule that is broken.
    public static func parse(_ bytes: [UInt8]) throws(SigningError) -> COSEReceipt {
        guard bytes.count <= byteCountMax else {
            throw .messageTooLarge(bytes: bytes.count, limit: byteCountMax)
        }
        let result = bytes.withUnsafeBytes { bytes in
            Result { () throws(SigningError) in
                var reader = ReceiptReader(bytes)
                return try reader.read()
            }
        }
        return try result.get()
    }

    /// Checks that a key signed a root.
    ///
    /// - Parameter root: what the proof leads to, computed by the caller.
    /// - Throws: ``SigningError/algorithmDoesNotFitKey(algorithm:key:)``,
    ///   ``SigningError/signatureLength(found:expected:)`` or ``SigningError/signatureMismatch``.
    public func verify(root: Digest, key: VerificationKey) throws(SigningError) {
        guard algorithm.keyKind == key.kind else {
            throw .algorithmDoesNotFitKey(algorithm: algorithm, key: key.kind)
        }
        guard signature.count == key.kind.signatureByteCount else {
            throw .signatureLength(
                found: signature.count, expected: key.kind.signatureByteCount)
        }
        guard key.verify(signature, over: Self.signed(protected, root)) else {
            throw .signatureMismatch
        }
    }

    /// Signs a root and encloses the proof that leads to it.
    ///
    /// - Parameters:
    ///   - proof: the proof; ``parse(_:)`` reads at most ``pathCountMax`` hashes.
    ///   - root: where it leads.
    ///   - keyID: a hint at the key; left out when nil.
    ///   - issuer: the log's operator, `iss`.
    ///   - subject: the log, `sub`.
    ///   - issuedAt: Unix seconds.
    ///   - key: the key that issues receipts.
    public static func sign(
        _ proof: Proof, root: Digest, keyID: [UInt8]? = nil, issuer: String, subject: String,
        issuedAt: Int64?, key: SigningKey
    ) throws(SigningError) -> [UInt8] {
        var header = CBOREncoder(capacity: 128)
        header.mapHead(keyID == nil ? 3 : 4)
        header.integer(1)
        header.integer(key.algorithm.rawValue)
        if let keyID {
            header.integer(4)
            header.byteString(keyID)
        }
        header.integer(15)
        header.mapHead(issuedAt == nil ? 2 : 3)
        header.integer(1)
        header.text(issuer)
        header.integer(2)
        header.text(subject)
        if let issuedAt {
            header.integer(6)
            header.integer(issuedAt)
        }
        header.integer(395)
        header.integer(dataStructure)
        let signature = try key.sign(signed(header.bytes, root))
        var message = CBOREncoder(capacity: 2_560)
        message.tag(18)
        message.arrayHead(4)
        message.byteString(header.bytes)
        message.mapHead(1)
        message.integer(396)
        message.mapHead(1)
        message.integer(proof.kind.rawValue)
        message.arrayHead(1)
        message.byteString(encoded(proof))
        message.null()
        message.byteString(signature)
        // What readers would refuse is better refused here, where it can still be mended.
        _ = try parse(message.bytes)
        return message.bytes
    }

    private static func encoded(_ proof: Proof) -> [UInt8] {
        var encoder = CBOREncoder(capacity: 2_304)
        encoder.arrayHead(3)
        encoder.unsigned(proof.size)
        encoder.unsigned(proof.position)
        encoder.arrayHead(proof.path.count)
        for hash in proof.path { hash.withUnsafeBytes { encoder.byteString($0) } }
        return encoder.bytes
    }

    private static func signed(_ protected: [UInt8], _ root: Digest) -> [UInt8] {
        var structure = CBOREncoder(capacity: protected.count + 64)
        protected.withUnsafeBytes { protected in
            root.withUnsafeBytes { root in
                SigStructure.write(protected: protected, payload: root, into: &structure)
            }
        }
        return structure.bytes
    }
}
