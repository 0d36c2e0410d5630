import Signing

/// The right edge of a growing tree: the roots of its full subtrees, largest first.
public struct CompactRange: Sendable, Equatable {
    /// The number of leaves.
    public private(set) var size: UInt64 = 0
    /// One root for each bit of ``size``, from the highest bit down.
    public private(set) var nodes: [Digest] = []

    /// The empty tree.
    public init() {}

    /// A tree from its edge.
    ///
    /// - Returns: Nil unless there is one node for each bit of `size`.
    public init?(size: UInt64, nodes: [Digest]) {
        guard nodes.count == size.nonzeroBitCount else { return nil }
        (self.size, self.nodes) = (size, nodes)
    }

    /// Adds one leaf by its hash.
    ///
    /// - Complexity: One node hash on average, at most one for each bit of ``size``.
    public mutating func append(_ leaf: Digest, _ hasher: inout TreeHasher) {
        var node = leaf
        var rest = size
        while rest & 1 == 1 {
            let left = nodes.removeLast()
            node = hasher.node(left, node)
            rest >>= 1
        }
        nodes.append(node)
        size += 1
    }

    /// Adds leaves by their hashes.
    public mutating func append(
        contentsOf leaves: some Sequence<Digest>, _ hasher: inout TreeHasher
    ) {
        for leaf in leaves { append(leaf, &hasher) }
    }

    /// The root at this size.
    public func root(_ hasher: inout TreeHasher) -> Digest {
        guard var root = nodes.last else { return TreeHasher.emptyRoot }
        for node in nodes.dropLast().reversed() { root = hasher.node(node, root) }
        return root
    }
}
