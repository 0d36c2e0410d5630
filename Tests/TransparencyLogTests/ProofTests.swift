import Signing
import Testing
import TransparencyLog

@Suite("Proofs and compact ranges")
struct ProofTests {
    static let sizeMax = 130
    static let tree = SmallTree((0..<sizeMax).map { "entry \($0)" })
    /// The roots of all sizes, made once.
    static let roots = (0...sizeMax).map { tree.root($0) }

    @Test("the compact range has the root of the definition at every size to 130")
    func compactRanges() throws {
        var hasher = TreeHasher()
        var range = CompactRange()
        #expect(range.root(&hasher) == TreeHasher.emptyRoot)
        for size in 1...Self.sizeMax {
            range.append(Self.tree.leaves[size - 1], &hasher)
            #expect(range.size == UInt64(size))
            #expect(range.root(&hasher) == Self.roots[size])
            #expect(hasher.root(Self.tree.leaves[..<size]) == Self.roots[size])
            let copy = try #require(CompactRange(size: range.size, nodes: range.nodes))
            #expect(copy == range)
            #expect(CompactRange(size: range.size, nodes: range.nodes + [.zero]) == nil)
        }
    }

    @Test("every leaf of every tree to 130 is proved, and by its own proof alone")
    func inclusion() throws {
        var all = SHA256Hasher()
        for size in 1...Self.sizeMax {
            for index in 0..<size {
                let proof = try MerkleProof.proveInclusion(
                    index: UInt64(index), size: UInt64(size), hash: Self.tree.hash)
                for hash in proof { all.update(hash) }
                let leaf = Self.tree.leaves[index]
                #expect(Self.includes(proof, index, size, leaf, Self.roots[size]))
                #expect(!Self.includes(proof + [leaf], index, size, leaf, Self.roots[size]))
                #expect(
                    !Self.includes(proof.dropLast(), index, size, leaf, Self.roots[size])
                        || size == 1)
                #expect(!Self.includes(proof, index ^ 1, size, leaf, Self.roots[size]))
                #expect(!Self.includes(proof, index, size, leaf, Self.roots[size - 1]))
                #expect(!Self.includes(proof, index, size, .zero, Self.roots[size]))
            }
        }
        // One digest over all proofs in order: a change in any of them shows.
        #expect(
            all.finish().hex == "4e0aaaab3ccd4bcb4d9fe74955f93f8607e40cad898554597ac37b5c7ad01546")
    }

    @Test("every pair of trees to 130 is proved consistent, and by its own proof alone")
    func consistency() throws {
        var all = SHA256Hasher()
        for new in 1...Self.sizeMax {
            for old in 1...new {
                let proof = try MerkleProof.proveConsistency(
                    old: UInt64(old), new: UInt64(new), hash: Self.tree.hash)
                for hash in proof { all.update(hash) }
                let (oldRoot, newRoot) = (Self.roots[old], Self.roots[new])
                #expect(Self.agrees(proof, old, new, oldRoot, newRoot))
                #expect(!Self.agrees(proof + [oldRoot], old, new, oldRoot, newRoot))
                #expect(!Self.agrees(proof, old, new, .zero, newRoot))
                #expect(!Self.agrees(proof, old, new, oldRoot, .zero))
                if old < new {
                    #expect(!Self.agrees(proof.dropLast(), old, new, oldRoot, newRoot))
                    #expect(!Self.agrees(proof, old, new, newRoot, oldRoot))
                    #expect(!Self.agrees([], old, new, oldRoot, newRoot))
                }
            }
        }
        #expect(
            all.finish().hex == "98ff67ad41e9b22923615bc1a4020022cabae28aa73e108b5f9054efa70b2263")
    }

    @Test("a changed bit in any hash of a proof is refused")
    func mutations() throws {
        for size in [2, 3, 7, 64, 65, 127] {
            for index in [0, size / 2, size - 1] {
                let proof = try MerkleProof.proveInclusion(
                    index: UInt64(index), size: UInt64(size), hash: Self.tree.hash)
                for position in proof.indices {
                    var changed = proof
                    changed[position] = Self.flipped(proof[position])
                    #expect(
                        !Self.includes(
                            changed, index, size, Self.tree.leaves[index], Self.roots[size]))
                }
            }
        }
    }

    @Test("sizes that no proof can connect are refused as such")
    func limits() throws {
        #expect(throws: TransparencyLogError.indexBeyondSize(index: 5, size: 5)) {
            try MerkleProof.proveInclusion(index: 5, size: 5, hash: Self.tree.hash)
        }
        #expect(throws: TransparencyLogError.sizesDoNotAscend(old: 6, new: 5)) {
            try MerkleProof.proveConsistency(old: 6, new: 5, hash: Self.tree.hash)
        }
        #expect(throws: TransparencyLogError.sizesDoNotAscend(old: 0, new: 5)) {
            try MerkleProof.verifyConsistency(
                [], old: 0, new: 5, oldRoot: TreeHasher.emptyRoot, newRoot: Self.roots[5])
        }
        // The largest sizes end in a refusal, not in a trap.
        #expect(throws: TransparencyLogError.self) {
            try MerkleProof.verifyInclusion(
                [], index: .max - 1, size: .max, leaf: .zero, root: .zero)
        }
        #expect(throws: TransparencyLogError.self) {
            try MerkleProof.verifyConsistency(
                [Digest](repeating: .zero, count: 70), old: .max - 1, new: .max, oldRoot: .zero,
                newRoot: .zero)
        }
    }

    static func flipped(_ digest: Digest) -> Digest {
        var bytes = digest.bytes
        bytes[17] ^= 4
        return Digest(bytes) ?? .zero
    }

    static func includes(
        _ proof: some Collection<Digest>, _ index: Int, _ size: Int, _ leaf: Digest, _ root: Digest
    ) -> Bool {
        do throws(TransparencyLogError) {
            try MerkleProof.verifyInclusion(
                Array(proof), index: UInt64(index), size: UInt64(size), leaf: leaf, root: root)
            return true
        } catch {
            return false
        }
    }

    static func agrees(
        _ proof: some Collection<Digest>, _ old: Int, _ new: Int, _ oldRoot: Digest,
        _ newRoot: Digest
    ) -> Bool {
        do throws(TransparencyLogError) {
            try MerkleProof.verifyConsistency(
                Array(proof), old: UInt64(old), new: UInt64(new), oldRoot: oldRoot, newRoot: newRoot
            )
            return true
        } catch {
            return false
        }
    }
}
