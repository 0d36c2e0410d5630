import Signing
import TransparencyLog

/// Entries on their way into a log: one after another in one buffer, as a bundle holds them.
public struct EntryBatch: Sendable {
    /// The entries with their lengths in front.
    public private(set) var bytes: [UInt8] = []
    /// Where each entry ends in ``bytes``.
    public private(set) var ends: [Int] = []
    /// The leaf hashes.
    public private(set) var leaves: [Digest] = []

    /// An empty batch.
    public init() {}

    /// Adds one entry.
    public mutating func append(
        _ entry: UnsafeRawBufferPointer, leaf: Digest
    ) throws(TransparencyLogError) {
        try EntryBundle.append(entry, to: &bytes)
        ends.append(bytes.count)
        leaves.append(leaf)
    }

    /// The number of entries.
    public var count: Int { ends.count }

    /// The bytes of one entry.
    public func withEntry<R>(
        _ position: Int, _ body: (UnsafeRawBufferPointer) throws -> R
    ) rethrows -> R {
        let start = position == 0 ? 0 : ends[position - 1]
        return try bytes.withUnsafeBytes {
            try body(UnsafeRawBufferPointer(rebasing: $0[start + 2..<ends[position]]))
        }
    }

    /// How much of a long part of a log is verified and staged at once.
    public static let bytesPerPiece = 1 << 20

    /// Calls `body` with batches of about `bytesMax` bytes until `next` returns nil.
    public static func gather(
        bytesMax: Int, from next: () throws -> UnsafeRawBufferPointer?,
        _ body: (EntryBatch) throws -> Void
    ) throws {
        var batch = EntryBatch()
        var hasher = TreeHasher()
        while let entry = try next() {
            try batch.append(entry, leaf: hasher.leaf(entry))
            if batch.bytes.count < bytesMax { continue }
            try body(batch)
            batch = EntryBatch()
        }
        if batch.count > 0 { try body(batch) }
    }
}
