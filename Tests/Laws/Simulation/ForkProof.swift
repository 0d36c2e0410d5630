import AnnotationModel
import Signing
import TransparencyLog

/// An evidence file as it travels, and what it says.
struct ForkProof {
    let log: Origin
    let key: NoteVerifier
    var file: [UInt8]
    let prefix: UInt64
    /// The root that both trees have at ``prefix``.
    let root: Digest

    /// Makes evidence of two signed trees; nil if one begins with the other, or if they prove nothing.
    init?(
        log: Origin, key: NoteVerifier, _ one: (note: [UInt8], leaves: [Digest]),
        _ other: (note: [UInt8], leaves: [Digest])
    ) {
        guard
            let evidence = try? Equivocation.find(
                log: key, Self.tree(one.note, one.leaves), Self.tree(other.note, other.leaves))
        else { return nil }
        (self.log, self.key, file, prefix) = (log, key, evidence.file, evidence.prefix)
        root = evidence.root ?? TreeHasher.emptyRoot
    }

    private static func tree(_ note: [UInt8], _ leaves: [Digest]) -> Equivocation.Tree {
        Equivocation.Tree(checkpoint: note) { range in
            guard range.upperBound <= UInt64(leaves.count) else {
                throw TransparencyLogError.indexBeyondSize(
                    index: range.upperBound, size: UInt64(leaves.count))
            }
            var hasher = TreeHasher()
            return hasher.root(leaves[Int(range.lowerBound)..<Int(range.upperBound)])
        }
    }

    /// Checks the evidence from nothing but the file.
    func isProven() -> Bool {
        guard let evidence = try? Equivocation(file: file), let finding = try? evidence.verify()
        else { return false }
        return finding.log == key && finding.prefix == prefix
    }

    func garbled(_ random: inout SeededGenerator) -> ForkProof {
        var proof = self
        proof.file = Message.garble(file, &random)
        return proof
    }
}
