import Signing

/// The hashes of a log's Merkle tree (RFC 6962 §2.1): SHA-256 with one byte in front that tells leaves
/// from inner nodes.
///
/// Without that byte an inner node could be passed off as an entry.
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
        // One call into the library instead of three: at 65 bytes the calls cost as much as the hash.
        withUnsafeTemporaryAllocation(byteCount: 65, alignment: 1) { buffer in
            buffer[0] = 1
            left.withUnsafeBytes {
                UnsafeMutableRawBufferPointer(rebasing: buffer[1..<33]).copyMemory(from: $0)
            }
            right.withUnsafeBytes {
                UnsafeMutableRawBufferPointer(rebasing: buffer[33...]).copyMemory(from: $0)
            }
            return hasher.hash(UnsafeRawBufferPointer(buffer))
        }
    }

    /// The root of a tree over some hashes, such as the hashes of one tile.
    public mutating func root(_ hashes: some Sequence<Digest>) -> Digest {
        var range = CompactRange()
        range.append(contentsOf: hashes, &self)
        return range.root(&self)
    }

    /// The root of the tree without entries: SHA-256 of nothing.
    public static let emptyRoot = SHA256Hasher.hash([])
}
