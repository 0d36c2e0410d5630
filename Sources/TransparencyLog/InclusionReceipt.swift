import Signing

/// A COSE receipt that an entry stands in a log (RFC 9942 §5.2), for readers of COSE and SCITT.
///
/// It signs the root alone: neither the log's name nor size nor index is covered, and no witness has seen
/// it. Where these matter, use ``TransparencyProof``, which carries the checkpoint.
public struct InclusionReceipt: Sendable, Equatable {
    /// The message.
    public let receipt: COSEReceipt

    /// Reads a receipt; nothing is verified yet.
    ///
    /// - Throws: ``TransparencyLogError/badReceipt(_:)``, or ``TransparencyLogError/otherReceipt(why:)``
    ///   for a receipt of another kind.
    public init(_ bytes: [UInt8]) throws(TransparencyLogError) {
        receipt = try COSEReceipt.read(bytes, .inclusion)
    }

    /// The number of entries of the tree, which nothing vouches for.
    public var size: UInt64 { receipt.proof.size }
    /// The index of the entry, which nothing vouches for.
    public var index: UInt64 { receipt.proof.position }

    /// Issues a receipt for an entry.
    ///
    /// - Parameters:
    ///   - entry: the entry.
    ///   - index: where it stands.
    ///   - size: the number of entries of the tree.
    ///   - proof: the hashes that lead to its root.
    ///   - root: the root, to be sure that they do.
    ///   - keyID: a hint at the key.
    ///   - issuer: the log's operator, `iss`.
    ///   - subject: the log, `sub`.
    ///   - issuedAt: Unix seconds.
    ///   - key: a key for receipts, not the one that signs checkpoints.
    /// - Returns: The tagged COSE_Sign1 message.
    public static func issue(
        entry: [UInt8], index: UInt64, size: UInt64, proof: [Digest], root: Digest,
        keyID: [UInt8]? = nil, issuer: String, subject: String, issuedAt: Int64?, key: SigningKey
    ) throws(TransparencyLogError) -> [UInt8] {
        try MerkleProof.verifyInclusion(
            proof, index: index, size: size, leaf: leaf(entry), root: root)
        do throws(SigningError) {
            return try COSEReceipt.sign(
                COSEReceipt.Proof(kind: .inclusion, size: size, position: index, path: proof),
                root: root, keyID: keyID, issuer: issuer, subject: subject, issuedAt: issuedAt,
                key: key)
        } catch {
            throw .badReceipt(error)
        }
    }

    /// Checks that an entry leads to a root that a key signed.
    ///
    /// - Parameter issuer: what `iss` has to be; nil for anything, also for nothing.
    /// - Returns: That root.
    /// - Throws: ``TransparencyLogError``; there is no partial success.
    @discardableResult
    public func verify(
        entry: [UInt8], key: VerificationKey, issuer: String? = nil
    ) throws(TransparencyLogError) -> Digest {
        try receipt.check(issuer: issuer)
        let root = try MerkleProof.inclusionRoot(
            receipt.proof.path, index: index, size: size, leaf: Self.leaf(entry))
        try receipt.check(root: root, key: key)
        return root
    }

    private static func leaf(_ entry: [UInt8]) -> Digest {
        var hasher = TreeHasher()
        return entry.withUnsafeBytes { hasher.leaf($0) }
    }
}

/// A COSE receipt that a log grew without change (RFC 9942 §5.3).
public struct ConsistencyReceipt: Sendable, Equatable {
    /// The message.
    public let receipt: COSEReceipt

    /// Reads a receipt; nothing is verified yet.
    ///
    /// - Throws: ``TransparencyLogError/badReceipt(_:)``, or ``TransparencyLogError/otherReceipt(why:)``
    ///   for a receipt of another kind.
    public init(_ bytes: [UInt8]) throws(TransparencyLogError) {
        receipt = try COSEReceipt.read(bytes, .consistency)
    }

    /// Checks that a tree that is known grew into one whose root a key signed.
    ///
    /// - Returns: The newer root.
    /// - Throws: ``TransparencyLogError``, also where the receipt begins at another size.
    @discardableResult
    public func verify(
        oldSize: UInt64, oldRoot: Digest, key: VerificationKey, issuer: String? = nil
    ) throws(TransparencyLogError) -> Digest {
        try receipt.check(issuer: issuer)
        guard receipt.proof.size == oldSize else {
            throw .otherReceipt(
                why: "it begins at \(receipt.proof.size) entries, not at \(oldSize)")
        }
        let root = try MerkleProof.consistencyRoot(
            receipt.proof.path, old: oldSize, new: receipt.proof.position, oldRoot: oldRoot)
        try receipt.check(root: root, key: key)
        return root
    }
}

extension COSEReceipt {
    fileprivate static func read(
        _ bytes: [UInt8], _ kind: Kind
    ) throws(TransparencyLogError) -> COSEReceipt {
        let receipt: COSEReceipt
        do throws(SigningError) { receipt = try parse(bytes) } catch { throw .badReceipt(error) }
        guard receipt.proof.kind == kind else {
            throw .otherReceipt(why: "its proof is one of \(receipt.proof.kind)")
        }
        return receipt
    }

    fileprivate func check(issuer expected: String?) throws(TransparencyLogError) {
        guard let expected else { return }
        guard let issuer, issuer.utf8.elementsEqual(expected.utf8) else {
            throw .otherReceipt(why: "it was not issued by \(expected)")
        }
    }

    fileprivate func check(
        root: Digest, key: VerificationKey
    ) throws(TransparencyLogError) {
        do throws(SigningError) { try verify(root: root, key: key) } catch {
            throw .badReceipt(error)
        }
    }
}
