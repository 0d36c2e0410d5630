import Glibc
import Signing
import TransparencyLog

/// Reads one log's folder while another process may be writing to it.
///
/// A reader needs no lock: what a checkpoint covers never changes. Only the names of the edge files
/// move, so a tile of a width is looked for under that width, then full, then under a larger width,
/// and cut.
public struct LogReader: Sendable {
    /// The log's folder.
    public let directory: String
    /// The newest checkpoint, a signed note; empty if the log has none.
    public let checkpoint: [UInt8]
    /// The number of entries under that checkpoint.
    public let size: UInt64
    /// The root that the checkpoint states.
    public let statedRoot: Digest

    /// The largest bundle: 256 entries with their lengths.
    static let bundleBytesMax = 256 * 65_537

    /// Opens a folder; one without a checkpoint is an empty log.
    ///
    /// - Parameter origin: Whose log it has to be, as its checkpoint says: a folder that took another one's place
    ///   is not read. Nil for any.
    public init(directory: String, of origin: String? = nil) throws(LogStorageError) {
        self.directory = directory
        let path = directory + "/checkpoint"
        guard let file = try DurableFile.openToRead(path) else {
            (checkpoint, size, statedRoot) = ([], 0, TreeHasher.emptyRoot)
            return
        }
        defer { close(file) }
        let note = try DurableFile.read(file, path, max: SignedNote.bytesMax)
        let parsed: Checkpoint
        do throws(TransparencyLogError) {
            parsed = try Checkpoint(text: try SignedNote(note).text)
        } catch {
            throw .format(error, path: path)
        }
        if let origin, parsed.origin != origin {
            throw .damaged(path: path, why: "it is the checkpoint of \(parsed.origin)")
        }
        (checkpoint, size, statedRoot) = (note, parsed.size, parsed.root)
    }

    /// Looks at a folder as it is under another checkpoint than its own.
    ///
    /// - Throws: ``TransparencyLogError`` for a note that is no checkpoint.
    public init(directory: String, under note: [UInt8]) throws(TransparencyLogError) {
        let parsed = try Checkpoint(text: try SignedNote(note).text)
        (self.directory, checkpoint, size, statedRoot) = (
            directory, note, parsed.size, parsed.root
        )
    }

    /// The log as it was when it had fewer entries: what is read of it is compared with the root of that size.
    ///
    /// - Throws: ``LogStorageError`` if it never had so many.
    public func upTo(_ size: UInt64) throws(LogStorageError) -> LogReader {
        if size == self.size { return self }
        return LogReader(self, size: size, root: try root(at: size))
    }

    private init(_ other: LogReader, size: UInt64, root: Digest) {
        (directory, checkpoint) = (other.directory, other.checkpoint)
        (self.size, statedRoot) = (size, root)
    }

    func path(_ tile: Tile) -> String { "\(directory)/\(tile.path)" }

    /// The bytes of a tile, at least of its width.
    func bytes(_ tile: Tile) throws(LogStorageError) -> [UInt8] {
        let file = try open(tile)
        defer { close(file) }
        return try DurableFile.read(file, path(tile))
    }

    /// Opens the file that holds a tile of at least this width.
    private func open(_ tile: Tile) throws(LogStorageError) -> Int32 {
        // The writer may rename the file between two looks.
        for _ in 0..<3 {
            if let file = try DurableFile.openToRead(path(tile)) { return file }
            let full = path(Tile(tile.kind, index: tile.index))
            if let file = try DurableFile.openToRead(full) { return file }
            let widths = try DurableFile.names(in: full + ".p").compactMap { Int($0) }
            if let width = widths.filter({ $0 >= tile.width }).min(),
                let file = try DurableFile.openToRead("\(full).p/\(width)")
            {
                return file
            }
        }
        throw .damaged(path: path(tile), why: "the file is missing")
    }

    /// The hashes of a tile.
    func hashes(_ tile: Tile) throws(LogStorageError) -> [Digest] {
        let bytes = try bytes(tile)
        guard bytes.count >= 32 * tile.width else {
            throw .damaged(path: path(tile), why: "it is cut")
        }
        return (0..<tile.width).compactMap { Digest(bytes[32 * $0..<32 * $0 + 32]) }
    }

    /// The hashes of a tile as they follow from what is below it: the entries, or full tiles.
    func hashesBelow(_ tile: Tile, _ hasher: inout TreeHasher) throws -> [Digest] {
        guard case .hashes(let level) = tile.kind else { return [] }
        let first = tile.index * 256
        var hashes: [Digest] = []
        if level == 0 {
            try forEachRawEntry(from: first, to: first + UInt64(tile.width)) { _, entry in
                hashes.append(hasher.leaf(entry))
                return true
            }
            return hashes
        }
        for index in 0..<tile.width {
            let below = Tile(.hashes(level: level - 1), index: first + UInt64(index))
            var full = CompactRange()
            for hash in try self.hashes(below) { full.append(hash, &hasher) }
            hashes.append(full.root(&hasher))
        }
        return hashes
    }

    /// The right edge of the tree at a size, from the tiles.
    public func compactRange(at size: UInt64) throws(LogStorageError) -> CompactRange {
        guard size <= self.size else { throw .beyondEnd(index: size, size: self.size) }
        var nodes: [Digest] = []
        var hasher = TreeHasher()
        for level in (0..<8).reversed() {
            let count = Tile.count(level: level, size: size)
            let width = Int(count % 256)
            if width == 0 { continue }
            let tile = Tile(.hashes(level: level), index: count / 256, width: width)
            var part = CompactRange()
            for hash in try hashes(tile) { part.append(hash, &hasher) }
            nodes += part.nodes
        }
        guard let range = CompactRange(size: size, nodes: nodes) else {
            throw .damaged(path: directory, why: "the tiles do not make a tree of \(size)")
        }
        return range
    }

    /// The root at a size, from the tiles.
    public func root(at size: UInt64) throws(LogStorageError) -> Digest {
        var hasher = TreeHasher()
        return try compactRange(at: size).root(&hasher)
    }

    /// Calls `body` with the entries from one index to another (exclusive), each compared with the tree that the
    /// checkpoint binds.
    ///
    /// - Parameter body: Returns false to stop.
    /// - Throws: ``LogStorageError/damaged(path:why:)`` at the first entry that is not the one that was signed.
    public func forEachEntry(
        from: UInt64, to: UInt64,
        _ body: (_ index: UInt64, UnsafeRawBufferPointer) throws -> Bool
    ) throws {
        try forEachLeaf(from: from, to: to) { index, entry, _ in try body(index, entry) }
    }

    /// The same, with each entry's leaf hash.
    public func forEachLeaf(
        from: UInt64, to: UInt64,
        _ body: (_ index: UInt64, UnsafeRawBufferPointer, Digest) throws -> Bool
    ) throws {
        let tree = TreeGuard(self)
        var hasher = TreeHasher()
        var leaves: (bundle: UInt64, hashes: [Digest])?
        try forEachRawEntry(from: from, to: to) { index, entry in
            if leaves?.bundle != index / 256 {
                leaves = (index / 256, try tree.hashes(level: 0, index: index / 256))
            }
            let leaf = hasher.leaf(entry)
            let place = Int(index % 256)
            guard let hashes = leaves?.hashes, hashes.indices.contains(place),
                hashes[place] == leaf
            else {
                throw LogStorageError.damaged(
                    path: path(bundle(index)), why: "entry \(index) is not the one that was signed")
            }
            return try body(index, entry, leaf)
        }
    }

    private func bundle(_ index: UInt64) -> Tile {
        let first = index / 256 * 256
        return Tile(.entries, index: first / 256, width: Int(min(256, size - first)))
    }

    /// Goes through all tiles of hashes.
    ///
    /// - Throws: ``LogStorageError/damaged(path:why:)`` for the first that the checkpoint does not bind.
    public func requireWholeTree() throws(LogStorageError) {
        let tree = TreeGuard(self)
        for index in 0..<((size + 255) / 256) { _ = try tree.hashes(level: 0, index: index) }
    }

    /// Calls `body` with the entries as they lie there, unchecked.
    ///
    /// Bundles are read through one buffer of fixed size, whatever the entries' sizes.
    func forEachRawEntry(
        from: UInt64, to: UInt64,
        _ body: (_ index: UInt64, UnsafeRawBufferPointer) throws -> Bool
    ) throws {
        guard to <= size else { throw LogStorageError.beyondEnd(index: to, size: size) }
        let buffer = EntryBuffer()
        var index = from
        while index < to {
            let first = index / 256 * 256
            let last = min(to, first + 256)
            let tile = Tile(
                .entries, index: first / 256, width: Int(min(256, size - first)))
            let file = try open(tile)
            defer { close(file) }
            buffer.start(file, path(tile))
            for at in first..<last {
                let entry = try buffer.next()
                guard let entry else {
                    throw LogStorageError.damaged(
                        path: path(tile), why: "it ends before entry \(at)")
                }
                if at >= index, try !body(at, entry) { return }
            }
            index = last
        }
    }

    /// Calls `body` with the entries in batches, hashed as leaves.
    public func forEachBatch(
        from: UInt64, to: UInt64, _ body: (EntryBatch) throws -> Void
    ) throws {
        var batch = EntryBatch()
        try forEachLeaf(from: from, to: to) { _, entry, leaf in
            try batch.append(entry, leaf: leaf)
            if batch.bytes.count >= EntryBatch.bytesPerPiece {
                try body(batch)
                batch = EntryBatch()
            }
            return true
        }
        if batch.count > 0 { try body(batch) }
    }

    /// The bytes that the entries of one bundle take, from its first to an index (exclusive).
    public func bundleByteCount(from first: UInt64, to index: UInt64) throws -> Int {
        guard index > first else { return 0 }
        let width = Int(min(256, size - first))
        let file = try open(Tile(.entries, index: first / 256, width: width))
        defer { close(file) }
        return try EntryBuffer.end(of: Int(index - first), in: file, directory).bytes
    }

    /// Where the covered entries of the last bundle end, how many of them are there, and whether anything follows.
    func bundleEnd(_ tile: Tile) throws -> (bytes: Int, found: Int, isLonger: Bool) {
        let file = try open(tile)
        defer { close(file) }
        let (bytes, found) = try EntryBuffer.end(of: tile.width, in: file, path(tile))
        var status = stat()
        guard fstat(file, &status) == 0 else { throw LogStorageError.last("stat", path(tile)) }
        return (bytes, found, Int(status.st_size) > bytes)
    }

    /// One entry.
    public func entry(at index: UInt64) throws -> [UInt8] {
        guard index < size else { throw LogStorageError.beyondEnd(index: index, size: size) }
        var found: [UInt8]?
        try forEachEntry(from: index, to: index + 1) { _, entry in
            found = Array(entry)
            return false
        }
        guard let found else {
            throw LogStorageError.damaged(path: directory, why: "entry \(index) is missing")
        }
        return found
    }

    /// A resource below the log's prefix (`checkpoint`, `tile/…`) as HTTP serves it.
    ///
    /// - Parameter limit: How many of the log's first entries may be served; nil for all.
    /// - Returns: Nil for what this log does not have, or what is not served.
    public func resource(_ path: String, within limit: UInt64? = nil) throws -> [UInt8]? {
        if path == "checkpoint", limit == nil { return checkpoint.isEmpty ? nil : checkpoint }
        guard let tile = try? Tile(path: path), isCovered(tile, by: min(limit ?? size, size)) else {
            return nil
        }
        let tree = TreeGuard(self)
        guard case .entries = tile.kind else {
            guard case .hashes(let level) = tile.kind else { return nil }
            return try tree.hashes(level: level, index: tile.index).prefix(tile.width)
                .flatMap { $0.withUnsafeBytes { Array($0) } }
        }
        let bytes = try bytes(tile)
        let leaves = try tree.hashes(level: 0, index: tile.index)
        var hasher = TreeHasher()
        var (count, end) = (0, 0)
        try bytes.withUnsafeBytes { buffer in
            try EntryBundle.forEachEntry(buffer) { position, entry in
                guard position < tile.width else { return }
                guard hasher.leaf(entry) == leaves[position] else {
                    throw LogStorageError.damaged(
                        path: self.path(tile),
                        why: "entry \(tile.index * 256 + UInt64(position)) is not the one that "
                            + "was signed")
                }
                count += 1
                end += 2 + entry.count
            }
        }
        guard count == tile.width else {
            throw LogStorageError.damaged(path: self.path(tile), why: "it is cut")
        }
        return Array(bytes.prefix(end))
    }

    private func isCovered(_ tile: Tile, by size: UInt64) -> Bool {
        let level =
            switch tile.kind {
            case .hashes(let level): level
            case .entries: 0
            }
        return tile.index * 256 + UInt64(tile.width) <= Tile.count(level: level, size: size)
    }

    /// The hash of a subtree whose range is aligned or lies at the right edge.
    public func subtree(_ range: Range<UInt64>) throws -> Digest {
        var hasher = TreeHasher()
        return try subtree(range, &hasher)
    }

    private func subtree(_ range: Range<UInt64>, _ hasher: inout TreeHasher) throws -> Digest {
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
    ) throws -> Digest {
        let level = height / 8
        let first = start >> UInt64(8 * level)
        let count = 1 << (height % 8)
        let width = Int(first % 256) + count
        let tile = Tile(.hashes(level: level), index: first / 256, width: width)
        var range = CompactRange()
        for hash in try hashes(tile).suffix(count) { range.append(hash, &hasher) }
        return range.root(&hasher)
    }
}
