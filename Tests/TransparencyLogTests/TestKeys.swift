import Foundation
import Signing
import TransparencyLog

/// Keys and checkpoints for tests.
enum TestKeys {
    /// The Ed25519 key of a seed, by way of PKCS #8, which begins with the same bytes for all of them.
    static func ed25519(seed: String) throws -> SigningKey {
        let der = (Hex.decode("302e020100300506032b657004220420") ?? []) + (Hex.decode(seed) ?? [])
        return try SigningKey(
            pem: "-----BEGIN PRIVATE KEY-----\n\(Base64.encode(der))\n-----END PRIVATE KEY-----\n")
    }

    static func verifier(
        _ name: String, _ key: SigningKey, kind: NoteVerifier.Kind = .ed25519
    ) throws -> NoteVerifier {
        try NoteVerifier(
            name: name, kind: kind, publicKey: key.verificationKey.ed25519Bytes ?? [])
    }
}

/// A log of short entries that signs any of its sizes.
struct TestLog {
    let origin: String
    let key: SigningKey
    let tree: SmallTree
    let entries: [String]
    let verifier: NoteVerifier

    init(_ origin: String, _ entries: [String], key: SigningKey? = nil) throws {
        self.origin = origin
        self.entries = entries
        self.key = try key ?? SigningKey.generate(.ed25519)
        tree = SmallTree(entries)
        verifier = try TestKeys.verifier(origin, self.key)
    }

    func note(_ size: Int) throws -> [UInt8] {
        let checkpoint = Checkpoint(origin: origin, size: UInt64(size), root: tree.root(size))
        return try SignedNote.sign(checkpoint.text, name: origin, key: key)
    }

    func held(_ size: Int) throws -> Equivocation.Tree {
        Equivocation.Tree(checkpoint: try note(size), hash: tree.hash)
    }

    func consistency(_ old: Int, _ new: Int) throws -> [Digest] {
        try MerkleProof.proveConsistency(old: UInt64(old), new: UInt64(new), hash: tree.hash)
    }

    func inclusion(_ index: Int, _ size: Int) throws -> [Digest] {
        try MerkleProof.proveInclusion(index: UInt64(index), size: UInt64(size), hash: tree.hash)
    }

    func request(_ old: Int, _ new: Int) throws -> AddCheckpointRequest {
        AddCheckpointRequest(
            oldSize: UInt64(old), proof: try consistency(old, new), note: try note(new))
    }
}
