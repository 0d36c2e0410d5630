import AnnotationModel
import Signing
import TransparencyLog

/// Checks that heads were signed by the logs that they speak of.
///
/// Many entries cite the same head: what was found is remembered for a while.
final class HeadCheck {
    private var found: [Digest: Bool] = [:]
    private var verifiers: [[UInt8]: VerificationKey] = [:]
    private static let foundMax = 16_384
    private static let verifiersMax = 1_024

    /// True if a log's key signed a checkpoint with the head's size and root (C2SP tlog-checkpoint).
    func holds(_ head: Head, of dataset: DatasetID, key: [UInt8]) -> Bool {
        guard let root = Digest(head.root) else { return false }
        let text = Checkpoint(origin: "\(head.origin)/\(dataset)", size: head.size, root: root).text
        var hasher = SHA256Hasher()
        hasher.update(key)
        hasher.update(head.signature)
        hasher.update(Array(text.utf8))
        let name = hasher.finish()
        if let known = found[name] { return known }
        let isSigned = verifier(key)?.verify(head.signature, over: Array(text.utf8)) ?? false
        if found.count >= Self.foundMax { found.removeAll(keepingCapacity: true) }
        found[name] = isSigned
        return isSigned
    }

    private func verifier(_ key: [UInt8]) -> VerificationKey? {
        if let known = verifiers[key] { return known }
        // A key that is no point of the curve has signed nothing.
        guard let made = try? VerificationKey(ed25519: key) else { return nil }
        if verifiers.count >= Self.verifiersMax { verifiers.removeAll() }
        verifiers[key] = made
        return made
    }
}
