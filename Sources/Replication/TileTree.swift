import Signing
import TransparencyLog

/// A partner's tree as far as its hash tiles were fetched (C2SP tlog-tiles).
///
/// Reading what is not there throws ``Missing``, which names the tile to fetch before the same question is
/// asked again. So a search from the top down fetches a few tiles, not the log. The tiles prove nothing by
/// themselves: what is built from them has to lead to a signed root.
public struct TileTree: Sendable {
    /// A tile that has to be fetched first.
    public struct Missing: Error, Equatable, Sendable {
        /// The tile, as wide as the tree has it.
        public let tile: Tile
    }

    /// Why a tile is refused.
    public enum Refusal: Error, Equatable, Sendable {
        /// It has another length than its width calls for.
        case length(tile: String, bytes: Int)
        /// More tiles than any search can need.
        case tooMany
    }

    /// Enough for four paths from the top of the largest tree down, several times over.
    public static let tilesMax = 128

    /// The number of leaves.
    public let size: UInt64
    private var tiles: [Tile: [Digest]] = [:]

    /// A tree of which nothing was fetched.
    public init(size: UInt64) { self.size = size }

    /// The number of tiles that were fetched.
    public var count: Int { tiles.count }

    /// Takes a tile's bytes.
    ///
    /// - Throws: ``Refusal``.
    public mutating func add(_ tile: Tile, _ bytes: [UInt8]) throws(Refusal) {
        guard bytes.count == 32 * tile.width else {
            throw .length(tile: tile.path, bytes: bytes.count)
        }
        guard tiles.count < Self.tilesMax else { throw .tooMany }
        tiles[tile] = (0..<tile.width).compactMap { Digest(bytes[32 * $0..<32 * $0 + 32]) }
    }

    /// The hash of a subtree whose range is aligned or lies at the right edge.
    ///
    /// - Throws: ``Missing``, or ``TransparencyLogError/indexBeyondSize(index:size:)``.
    public func subtree(_ range: Range<UInt64>) throws -> Digest {
        guard !range.isEmpty, range.upperBound <= size else {
            throw TransparencyLogError.indexBeyondSize(index: range.upperBound, size: size)
        }
        var hasher = TreeHasher()
        return try subtree(range, &hasher)
    }

    private func subtree(
        _ range: Range<UInt64>, _ hasher: inout TreeHasher
    ) throws(Missing) -> Digest {
        let count = range.upperBound - range.lowerBound
        if count.nonzeroBitCount == 1, range.lowerBound % count == 0 {
            return try aligned(range.lowerBound, height: count.trailingZeroBitCount, &hasher)
        }
        let half: UInt64 = 1 << UInt64(63 - (count - 1).leadingZeroBitCount)
        let middle = range.lowerBound + half
        let left = try subtree(range.lowerBound..<middle, &hasher)
        return hasher.node(left, try subtree(middle..<range.upperBound, &hasher))
    }

    private func aligned(
        _ start: UInt64, height: Int, _ hasher: inout TreeHasher
    ) throws(Missing) -> Digest {
        let level = height / 8
        let first = start >> UInt64(8 * level)
        let held = Tile.count(level: level, size: size) - first / 256 * 256
        let tile = Tile(.hashes(level: level), index: first / 256, width: Int(min(256, held)))
        guard let hashes = tiles[tile] else { throw Missing(tile: tile) }
        let position = Int(first % 256)
        return hasher.root(hashes[position..<position + 1 << (height % 8)])
    }
}
