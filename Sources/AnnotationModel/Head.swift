/// How much of another log an author had merged, with that log's own word that it has as much.
///
/// The signature is the one in the log's checkpoint (C2SP tlog-checkpoint, signed-note): over its name, `size`
/// and `root`. So nobody cites what never was without the cited company's key, and two heads that contradict each
/// other are that company's two histories.
public struct Head: Hashable, Sendable {
    /// The organisation whose log it is.
    public var origin: Origin
    /// The number of its first entries that the author had merged, 1 to ``size``.
    public var merged: UInt64
    /// The size that the log's key signed.
    public var size: UInt64
    /// The root hash at that size, 32 bytes.
    public var root: [UInt8]
    /// The Ed25519 signature of the checkpoint, 64 bytes, without the key ID.
    public var signature: [UInt8]

    /// A head.
    public init(
        origin: Origin, merged: UInt64, size: UInt64, root: [UInt8], signature: [UInt8]
    ) {
        (self.origin, self.merged, self.size) = (origin, merged, size)
        (self.root, self.signature) = (root, signature)
    }
}
