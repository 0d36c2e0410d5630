import Signing

/// The hashes of a log's Merkle tree (RFC 6962 §2.1): SHA-256 with one byte in front that tells leaves
/// from inner nodes.
public struct TreeHasher: ~Copyable {
    private var hasher = SHA256Hasher()

    /// A hasher, for one thread at a time.
    public init() {}

    /// The hash of an entry: SHA-256(0x00 ‖ entry).
    public mutating func leaf(_ entry: UnsafeRawBufferPointer) -> Digest {
        hasher.update(byte: 0)
        return hasher.hash(entry)
    }

    /// The hash of two subtrees: SHA-256(0x01 ‖ left ‖ right).
    public mutating func node(_ left: Digest, _ right: Digest) -> Digest {
        hasher.update(byte: 1)
        hasher.update(left)
        hasher.update(right)
        return hasher.finish()
    }

    /// The root of the tree without entries: SHA-256 of nothing.
    public static let emptyRoot = SHA256Hasher.hash([])
}

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

    /// Adds one leaf by its hash. Amortised two hashes.
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

    /// The root at this size.
    public func root(_ hasher: inout TreeHasher) -> Digest {
        guard var root = nodes.last else { return TreeHasher.emptyRoot }
        for node in nodes.dropLast().reversed() { root = hasher.node(node, root) }
        return root
    }
}
