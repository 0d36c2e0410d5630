import Signing

/// Inclusion and consistency proofs (RFC 9162 §2.1.3 and §2.1.4).
public enum MerkleProof {
    /// Reads the hash of the full or right-edge subtree over the leaves `range`.
    public typealias SubtreeHash = (Range<UInt64>) throws -> Digest

    /// The largest power of two below `count`; `count` is at least two.
    static func split(_ count: UInt64) -> UInt64 {
        1 << UInt64(63 - (count - 1).leadingZeroBitCount)
    }

    /// The hashes that lead from a leaf to the root, the leaf's sibling first.
    ///
    /// - Throws: ``TransparencyLogError/indexBeyondSize(index:size:)``, or what `hash` throws.
    public static func proveInclusion(
        index: UInt64, size: UInt64, hash: SubtreeHash
    ) throws -> [Digest] {
        guard index < size else {
            throw TransparencyLogError.indexBeyondSize(index: index, size: size)
        }
        return try inclusion(index, 0..<size, hash)
    }

    private static func inclusion(
        _ index: UInt64, _ range: Range<UInt64>, _ hash: SubtreeHash
    ) throws -> [Digest] {
        let count = range.upperBound - range.lowerBound
        if count == 1 { return [] }
        let middle = range.lowerBound + split(count)
        return index < middle
            ? try inclusion(index, range.lowerBound..<middle, hash)
                + [hash(middle..<range.upperBound)]
            : try inclusion(index, middle..<range.upperBound, hash)
                + [hash(range.lowerBound..<middle)]
    }

    /// The hashes that show that the tree of `old` leaves is a prefix of the tree of `new` leaves.
    public static func proveConsistency(
        old: UInt64, new: UInt64, hash: SubtreeHash
    ) throws -> [Digest] {
        guard old <= new else {
            throw TransparencyLogError.sizesDoNotAscend(old: old, new: new)
        }
        if old == 0 || old == new { return [] }
        return try consistency(old, 0..<new, isOld: true, hash)
    }

    private static func consistency(
        _ old: UInt64, _ range: Range<UInt64>, isOld: Bool, _ hash: SubtreeHash
    ) throws -> [Digest] {
        if old == range.upperBound { return isOld ? [] : [try hash(range)] }
        let middle = range.lowerBound + split(range.upperBound - range.lowerBound)
        return old <= middle
            ? try consistency(old, range.lowerBound..<middle, isOld: isOld, hash)
                + [hash(middle..<range.upperBound)]
            : try consistency(old, middle..<range.upperBound, isOld: false, hash)
                + [hash(range.lowerBound..<middle)]
    }

    /// Checks that a leaf stands at an index of the tree with a root (RFC 9162 §2.1.3.2).
    public static func verifyInclusion(
        _ proof: [Digest], index: UInt64, size: UInt64, leaf: Digest, root: Digest
    ) throws(TransparencyLogError) {
        let computed = try inclusionRoot(proof, index: index, size: size, leaf: leaf)
        if computed != root { throw .rootMismatch(expected: root, computed: computed) }
    }

    /// The root that a proof of a leaf leads to, for formats that leave the root out.
    static func inclusionRoot(
        _ proof: [Digest], index: UInt64, size: UInt64, leaf: Digest
    ) throws(TransparencyLogError) -> Digest {
        guard index < size else { throw .indexBeyondSize(index: index, size: size) }
        var hasher = TreeHasher()
        var (fn, sn, computed) = (index, size - 1, leaf)
        for hash in proof {
            if sn == 0 { throw .proofLength(hashes: proof.count) }
            if fn & 1 == 1 || fn == sn {
                computed = hasher.node(hash, computed)
                while fn & 1 == 0, fn != 0 { (fn, sn) = (fn >> 1, sn >> 1) }
            } else {
                computed = hasher.node(computed, hash)
            }
            (fn, sn) = (fn >> 1, sn >> 1)
        }
        if sn != 0 { throw .proofLength(hashes: proof.count) }
        return computed
    }

    /// Checks that one tree is a prefix of another (RFC 9162 §2.1.4.2); `old` is above zero, because
    /// a proof from the empty tree would show nothing.
    public static func verifyConsistency(
        _ proof: [Digest], old: UInt64, new: UInt64, oldRoot: Digest, newRoot: Digest
    ) throws(TransparencyLogError) {
        guard old > 0, old <= new else { throw .sizesDoNotAscend(old: old, new: new) }
        if old == new {
            guard proof.isEmpty else { throw .proofLength(hashes: proof.count) }
            if oldRoot != newRoot { throw .rootMismatch(expected: oldRoot, computed: newRoot) }
            return
        }
        let computed = try consistencyRoot(proof, old: old, new: new, oldRoot: oldRoot)
        if computed != newRoot { throw .rootMismatch(expected: newRoot, computed: computed) }
    }

    /// The root of the newer tree that a proof leads to, once it leads to the older tree's, for formats
    /// that leave it out; 0 < `old` < `new`.
    static func consistencyRoot(
        _ proof: [Digest], old: UInt64, new: UInt64, oldRoot: Digest
    ) throws(TransparencyLogError) -> Digest {
        guard old > 0, old < new else { throw .sizesDoNotAscend(old: old, new: new) }
        if proof.isEmpty { throw .proofLength(hashes: 0) }
        var path = proof[...]
        if old.nonzeroBitCount == 1 { path = [oldRoot] + path }
        var hasher = TreeHasher()
        var (fn, sn) = (old - 1, new - 1)
        while fn & 1 == 1 { (fn, sn) = (fn >> 1, sn >> 1) }
        guard let first = path.first else { throw .proofLength(hashes: proof.count) }
        var (fr, sr) = (first, first)
        for hash in path.dropFirst() {
            if sn == 0 { throw .proofLength(hashes: proof.count) }
            if fn & 1 == 1 || fn == sn {
                fr = hasher.node(hash, fr)
                sr = hasher.node(hash, sr)
                while fn & 1 == 0, fn != 0 { (fn, sn) = (fn >> 1, sn >> 1) }
            } else {
                sr = hasher.node(sr, hash)
            }
            (fn, sn) = (fn >> 1, sn >> 1)
        }
        if sn != 0 { throw .proofLength(hashes: proof.count) }
        if fr != oldRoot { throw .rootMismatch(expected: oldRoot, computed: fr) }
        return sr
    }
}
