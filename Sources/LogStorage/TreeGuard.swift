import Signing
import TransparencyLog

/// The hashes of a log's tiles, each compared with the checkpoint's root before anybody relies on it.
///
/// A full tile leads to a hash of the tile above it, the partial ones at the right edge to the root. So what is
/// read under a guard is what the checkpoint binds, whatever happened to the files. Used by one reader at a time.
final class TreeGuard {
    private let reader: LogReader
    private var edges: [Int: [Digest]]?
    private var full: [Int: (index: UInt64, hashes: [Digest])] = [:]
    private var hasher = TreeHasher()

    init(_ reader: LogReader) { self.reader = reader }

    /// The hashes of a tile, as many as the log has.
    ///
    /// - Throws: ``LogStorageError/damaged(path:why:)`` for a tile that the checkpoint does not bind.
    func hashes(level: Int, index: UInt64) throws(LogStorageError) -> [Digest] {
        let count = Tile.count(level: level, size: reader.size)
        guard index * 256 < count else { return [] }
        if count - index * 256 < 256 { return try edge()[level] ?? [] }
        if let known = full[level], known.index == index { return known.hashes }
        let tile = Tile(.hashes(level: level), index: index)
        let hashes = try reader.hashes(tile)
        let above =
            level < 7 ? try self.hashes(level: level + 1, index: index / 256) : try edge()[7] ?? []
        guard above.indices.contains(Int(index % 256)),
            above[Int(index % 256)] == root(of: hashes)
        else {
            throw .damaged(
                path: reader.path(tile), why: "its hashes are not those that the checkpoint binds")
        }
        full[level] = (index, hashes)
        return hashes
    }

    private func root(of hashes: [Digest]) -> Digest {
        var range = CompactRange()
        for hash in hashes { range.append(hash, &hasher) }
        return range.root(&hasher)
    }

    /// The right edge: the partial tiles by level.
    ///
    /// They alone are not always on the disk after a power loss; then they follow from what is below them.
    private func edge() throws(LogStorageError) -> [Int: [Digest]] {
        if let edges { return edges }
        var refused: LogStorageError?
        for isMadeAnew in [false, true] {
            let found: [Int: [Digest]]
            do {
                found = try edge(isMadeAnew: isMadeAnew)
            } catch let error as LogStorageError {
                if case .system = error { refused = error }
                continue
            } catch {
                continue
            }
            var nodes: [Digest] = []
            for level in (0..<8).reversed() {
                var part = CompactRange()
                for hash in found[level] ?? [] { part.append(hash, &hasher) }
                nodes += part.nodes
            }
            guard let range = CompactRange(size: reader.size, nodes: nodes),
                range.root(&hasher) == reader.statedRoot
            else { continue }
            edges = found
            return found
        }
        // What could not be read is not what was signed otherwise.
        throw refused
            ?? .damaged(
                path: reader.directory, why: "its files lead to another root than its checkpoint")
    }

    private func edge(isMadeAnew: Bool) throws -> [Int: [Digest]] {
        var found: [Int: [Digest]] = [:]
        for level in 0..<8 {
            let count = Tile.count(level: level, size: reader.size)
            let width = Int(count % 256)
            if width == 0 { continue }
            let tile = Tile(.hashes(level: level), index: count / 256, width: width)
            found[level] =
                isMadeAnew
                ? try reader.hashesBelow(tile, &hasher) : try reader.hashes(tile)
        }
        return found
    }
}
