import Glibc
import Signing
import TransparencyLog

/// Puts back what is damaged in a log's folder, byte for byte, under a checkpoint that is known to be good.
///
/// First it finds the bundles that are not what was signed (``wanted``); whoever has them hands them over
/// (``take(_:_:)``); then the tree over all entries has to lead to the checkpoint, and only what differs is
/// replaced (``finish(aside:)``). What was there is moved aside, never removed, and what is whole is not touched.
public final class LogMender {
    private let directory: String
    private let reader: LogReader
    private var leaves: [[Digest]?] = []
    private var fetched: [UInt64: [UInt8]] = [:]
    private var hasher = TreeHasher()

    /// The most bytes of bundles that are held until all are here: of more, the log is better taken anew.
    public static let fetchedBytesMax = 256 << 20
    private var fetchedBytes = 0

    /// Looks at a folder under a checkpoint.
    ///
    /// - Parameter note: The checkpoint that the log shall have, whose signature holds.
    public init(directory: String, note: [UInt8]) throws {
        self.directory = directory
        reader = try LogReader(directory: directory, under: note)
        // Where a tile of hashes is whole, it says which of the bundle's entries are.
        let tree = TreeGuard(reader)
        for index in 0..<((reader.size + 255) / 256) {
            let found = try LogStorageError.unlessDamaged {
                try self.leaves(in: try reader.bytes(bundle(index)), of: index)
            }
            let signed = try LogStorageError.unlessDamaged {
                try tree.hashes(level: 0, index: index)
            }
            leaves.append(signed == nil || signed == found ? found : nil)
        }
        if wanted.isEmpty, !leadsToRoot {
            // Bundles and tiles agree and are not what was signed: nothing of them can be told apart.
            leaves = leaves.map { _ in nil }
        }
    }

    /// The number of entries that the log shall have.
    public var size: UInt64 { reader.size }

    /// The bundles that have to come from elsewhere.
    public var wanted: [Tile] {
        leaves.indices.filter { leaves[$0] == nil }.map { bundle(UInt64($0)) }
    }

    private func bundle(_ index: UInt64) -> Tile {
        Tile(.entries, index: index, width: Int(min(256, reader.size - index * 256)))
    }

    private func leaves(in bytes: [UInt8], of index: UInt64) throws -> [Digest] {
        let width = bundle(index).width
        var found: [Digest] = []
        try bytes.withUnsafeBytes { buffer in
            try EntryBundle.forEachEntry(buffer) { position, entry in
                if position < width { found.append(hasher.leaf(entry)) }
            }
        }
        guard found.count == width else {
            throw LogStorageError.damaged(path: reader.path(bundle(index)), why: "it is cut")
        }
        return found
    }

    private var leadsToRoot: Bool {
        var range = CompactRange()
        for leaf in leaves.compactMap({ $0 }).joined() { range.append(leaf, &hasher) }
        return range.size == reader.size && range.root(&hasher) == reader.statedRoot
    }

    /// Takes a bundle from elsewhere.
    ///
    /// - Returns: False for one that cannot be the right one.
    public func take(_ tile: Tile, _ bytes: [UInt8]) -> Bool {
        guard case .entries = tile.kind, tile == bundle(tile.index),
            let found = try? leaves(in: bytes, of: tile.index),
            fetchedBytes + bytes.count <= Self.fetchedBytesMax
        else { return false }
        if let signed = try? TreeGuard(reader).hashes(level: 0, index: tile.index),
            signed != found
        {
            return false
        }
        leaves[Int(tile.index)] = found
        fetched[tile.index] = bytes
        fetchedBytes += bytes.count
        return true
    }

    /// Forgets what was taken: it came from somebody who has another log.
    public func forget() {
        for index in fetched.keys { leaves[Int(index)] = nil }
        (fetched, fetchedBytes) = ([:], 0)
    }

    /// True if all entries are at hand and are those of the checkpoint.
    public var isComplete: Bool { wanted.isEmpty && leadsToRoot }

    /// Replaces what is damaged.
    ///
    /// - Parameter aside: The folder into which the damaged files are moved.
    /// - Returns: The files that were put back, by their paths below the log's folder.
    public func finish(aside: String, lockTimeoutSeconds: Double) throws -> [String] {
        guard isComplete else {
            throw LogStorageError.damaged(
                path: directory, why: "not all entries are those of the checkpoint")
        }
        return try FileLock.holding(directory + "/lock", timeoutSeconds: lockTimeoutSeconds) {
            var files: [String] = []
            for (index, bytes) in fetched.sorted(by: { $0.key < $1.key }) {
                try put(bundle(index), bytes, aside, &files)
            }
            var level = leaves.compactMap { $0 }.flatMap { $0 }
            for number in 0..<8 where !level.isEmpty {
                level = try putHashes(level, number, aside, &files)
            }
            let present = try LogStorageError.unlessDamaged {
                try DurableFile.read(directory + "/checkpoint")
            }
            if present != reader.checkpoint {
                // What says where the log ends is there at any moment.
                try DurableFile.keepAside(directory + "/checkpoint", as: aside + "/checkpoint")
                try DurableFile.replace(directory + "/checkpoint", with: reader.checkpoint)
                files.append("checkpoint")
            }
            return files
        }
    }

    /// Puts the tiles of one level right; returns the hashes of the level above.
    private func putHashes(
        _ hashes: [Digest], _ level: Int, _ aside: String, _ files: inout [String]
    ) throws -> [Digest] {
        var above: [Digest] = []
        for start in stride(from: 0, to: hashes.count, by: 256) {
            let part = hashes[start..<min(start + 256, hashes.count)]
            let tile = Tile(.hashes(level: level), index: UInt64(start / 256), width: part.count)
            let found = try LogStorageError.unlessDamaged { try reader.hashes(tile) }
            if found != Array(part) {
                try put(tile, part.flatMap { $0.withUnsafeBytes { Array($0) } }, aside, &files)
            }
            guard part.count == 256 else { continue }
            var full = CompactRange()
            for hash in part { full.append(hash, &hasher) }
            above.append(full.root(&hasher))
        }
        return above
    }

    private func put(
        _ tile: Tile, _ bytes: [UInt8], _ aside: String, _ files: inout [String]
    ) throws {
        let full = Tile(tile.kind, index: tile.index).path
        // Whatever stands for this tile under another width would be read in its place.
        if tile.width < 256 { try move(full, to: aside) }
        for name in try DurableFile.names(in: "\(directory)/\(full).p") {
            try move("\(full).p/\(name)", to: aside)
        }
        if tile.width == 256 { rmdir("\(directory)/\(full).p") }
        try move(tile.path, to: aside)
        try DurableFile.replace("\(directory)/\(tile.path)", with: bytes)
        files.append(tile.path)
    }

    private func move(_ path: String, to aside: String) throws {
        try DurableFile.move("\(directory)/\(path)", to: "\(aside)/\(path)")
    }
}
