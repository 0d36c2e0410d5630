/// Where in its log an entry was signed to stand: how many entries are in front of it, and the root over these.
///
/// Whoever signs for a log that somebody else writes says it, as the claim `cti` (RFC 8392, section 3.1.7): so nobody
/// can append what was signed a second time, at another place, or behind entries that the signer was not told of.
public struct EntryPlace: Hashable, Sendable {
    /// Eight bytes of index, big-endian, and a root.
    public static let byteCount = 8 + Digest.byteCount

    /// The number of entries in front of it.
    public let index: UInt64
    /// The Merkle tree's root over these.
    public let root: Digest

    /// A place.
    public init(index: UInt64, root: Digest) { (self.index, self.root) = (index, root) }

    /// The place that a claim's bytes say; nil for another length.
    public init?(_ bytes: some Collection<UInt8>) {
        guard bytes.count == Self.byteCount, let root = Digest(Array(bytes.dropFirst(8))) else {
            return nil
        }
        self.init(index: bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }, root: root)
    }

    /// The claim's bytes.
    public var bytes: [UInt8] {
        stride(from: 56, through: 0, by: -8).map { UInt8(truncatingIfNeeded: index >> $0) }
            + root.bytes
    }
}
