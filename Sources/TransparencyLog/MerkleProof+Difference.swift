import Signing

extension MerkleProof {
    /// The index of the first leaf in which two trees differ.
    ///
    /// It goes from the largest common subtrees down, so it reads some two hashes of each tree for every
    /// doubling of its size.
    ///
    /// - Returns: Nil if one tree begins with the other.
    /// - Throws: What reading the trees throws.
    public static func firstDifference(
        _ size: UInt64, _ hash: SubtreeHash, _ otherSize: UInt64, _ otherHash: SubtreeHash
    ) throws -> UInt64? {
        for subtree in subtrees(of: min(size, otherSize)) {
            guard try hash(subtree) != otherHash(subtree) else { continue }
            var range = subtree
            while range.count > 1 {
                let middle = range.lowerBound + UInt64(range.count / 2)
                let left = range.lowerBound..<middle
                let isLeft = try hash(left) != otherHash(left)
                range = isLeft ? left : middle..<range.upperBound
            }
            return range.lowerBound
        }
        return nil
    }

    /// The root at a size from the subtrees of a tree that is not smaller; the size is above zero.
    public static func root(at size: UInt64, hash: SubtreeHash) throws -> Digest {
        var nodes: [Digest] = []
        for subtree in subtrees(of: size) { nodes.append(try hash(subtree)) }
        var hasher = TreeHasher()
        return CompactRange(size: size, nodes: nodes)?.root(&hasher) ?? TreeHasher.emptyRoot
    }

    /// The full subtrees of a tree, the largest first.
    private static func subtrees(of size: UInt64) -> [Range<UInt64>] {
        var start: UInt64 = 0
        return (0..<UInt64(63)).reversed().compactMap { bit in
            guard size >> bit & 1 == 1 else { return nil }
            defer { start += 1 << bit }
            return start..<start + (1 << bit)
        }
    }
}
