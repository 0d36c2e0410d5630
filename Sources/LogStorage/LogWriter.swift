import Glibc
import Signing
import TransparencyLog

/// Appends to one log's folder in the C2SP tlog-tiles layout; one writer at a time by a lock.
///
/// The order of durability, for every commit:
///
/// 1. Entry bytes are appended in place to the newest bundle file, whose older bytes are untouched, and
///    made durable. A new file's folder is made durable too.
/// 2. Hashes go the same way into the tiles. A tile that became full is made durable; a partial one
///    need not be, because ``recover()`` makes the right edge anew from the bundles.
/// 3. The files are renamed to their new widths.
/// 4. The new checkpoint replaces the old one, durably. Only now is anything acknowledged.
///
/// A crash at any point leaves the old checkpoint with all that it covers, and perhaps bytes beyond it,
/// which opening the log removes; or the new checkpoint with all that it covers.
public final class LogWriter {
    /// The log's folder.
    public let directory: String
    /// The number of entries.
    public var size: UInt64 { range.size }
    /// The newest checkpoint, a signed note; empty if the log has none.
    public private(set) var checkpoint: [UInt8] = []
    /// The right edge of the tree.
    public private(set) var range = CompactRange()
    /// The right edge with what was staged.
    private var staged = CompactRange()
    /// The number of entries, those staged included.
    public var stagedSize: UInt64 { staged.size }

    private var hasher = TreeHasher()
    /// The hashes of the last tile of each level, fewer than 256.
    private var edge = [[Digest]](repeating: [], count: 8)
    /// The bytes of the last bundle.
    private var bundleBytes = 0
    private var lock: Int32 = -1
    /// Where the edge is kept when the lock is given back, and whose it is there.
    private let edges: (known: LogEdges, owner: [UInt8])?

    /// The file that whoever appends to a log keeps locked.
    public static func lockPath(_ directory: String) -> String { directory + "/lock" }

    /// Takes the lock and brings the folder to what its checkpoint says.
    ///
    /// - Parameter edges: What this process knows of logs, and under whose name: by the key that signs, where there is
    ///   one, so that another key begins anew. A log that is as it was left is neither read nor hashed again.
    /// - Parameter beforeRecovery: Looks at the folder when the lock is held and before anything beyond the
    ///   checkpoint is removed; if it throws, nothing is touched. It is not asked about a log that is as it was left.
    /// - Throws: ``LogStorageError/locked(path:seconds:)`` if another process keeps the lock.
    public init(
        directory: String, lockTimeoutSeconds: Double,
        edges: (known: LogEdges, owner: [UInt8])? = nil, beforeRecovery: () throws -> Void = {}
    ) throws {
        (self.directory, self.edges) = (directory, edges)
        let path = Self.lockPath(directory)
        lock = try DurableFile.open(path).file
        var waited = 0.0
        while flock(lock, LOCK_EX | LOCK_NB) != 0 {
            guard errno == EWOULDBLOCK || errno == EINTR else {
                throw LogStorageError.last("flock", path)
            }
            guard waited < lockTimeoutSeconds else {
                giveBack()
                throw LogStorageError.locked(path: path, seconds: lockTimeoutSeconds)
            }
            usleep(2_000)
            waited += 0.002
        }
        if let edge = edges?.known.take(directory, edges?.owner ?? []),
            edge.isInPlace(in: directory)
        {
            adopt(edge)
            return
        }
        do {
            try beforeRecovery()
            for name in DurableFile.list(directory)
            where name.hasPrefix("checkpoint.") && name.hasSuffix(StagedFile.suffix) {
                // Whoever writes a checkpoint holds the lock: this one's writer is gone.
                unlink("\(directory)/\(name)")
            }
            try recover()
        } catch {
            giveBack()
            throw error
        }
    }

    deinit { close() }

    /// Gives the lock back.
    public func close() {
        if lock < 0 { return }
        if let edges, !checkpoint.isEmpty, staged.size == range.size {
            let edge = LogEdge(
                checkpoint: checkpoint, range: range, hashes: edge, bundleBytes: bundleBytes)
            edges.known.keep(edge, directory, edges.owner)
        }
        giveBack()
    }

    /// Gives the lock back, and forgets what the folder may not be like.
    private func giveBack() {
        if lock >= 0 { Glibc.close(lock) }
        lock = -1
    }

    /// The root at this size.
    public var root: Digest { range.root(&hasher) }

    /// The root with what was staged.
    public var stagedRoot: Digest { staged.root(&hasher) }

    /// Appends entries under one new checkpoint.
    ///
    /// - Parameter note: Makes the checkpoint's note for the new size and root; if it throws, nothing
    ///   has changed. For a copied log it compares the root with the partner's checkpoint.
    /// - Throws: ``LogStorageError``; the log is then as it was before.
    public func append(
        _ batch: EntryBatch, note: (_ size: UInt64, _ root: Digest) throws -> [UInt8]
    ) throws {
        try stage(batch)
        try publish(note: note)
    }

    /// Writes entries beyond the checkpoint: nobody sees them before ``publish(note:)``.
    ///
    /// A long part of a partner's log is staged piece by piece and never lies in memory whole.
    ///
    /// - Throws: ``LogStorageError``; everything staged is then dropped.
    public func stage(_ batch: EntryBatch) throws {
        guard lock >= 0 else { throw LogStorageError.closed(path: directory) }
        var grown = staged
        for leaf in batch.leaves { grown.append(leaf, &hasher) }
        try droppingStaged { try write(batch, upTo: grown.size) }
        staged = grown
    }

    /// Puts what was staged under one new checkpoint; with nothing staged it does nothing.
    ///
    /// - Parameter note: Makes the checkpoint's note for the new size and root; if it throws, what was
    ///   staged is dropped and the log is as it was.
    public func publish(note: (_ size: UInt64, _ root: Digest) throws -> [UInt8]) throws {
        guard lock >= 0 else { throw LogStorageError.closed(path: directory) }
        if staged.size == range.size { return }
        try droppingStaged {
            let note = try note(staged.size, staged.root(&hasher))
            try put(note)
            checkpoint = note
        }
        range = staged
    }

    /// Puts a new checkpoint in the place of the old one.
    ///
    /// - Throws: ``LogStorageError/unconfirmed(path:)`` where the old one is not known to be still in place.
    private func put(_ note: [UInt8]) throws {
        let path = directory + "/checkpoint"
        do {
            try DurableFile.replace(path, with: note)
        } catch {
            guard let reader = try? LogReader(directory: directory), reader.checkpoint == checkpoint
            else { throw LogStorageError.unconfirmed(path: path) }
            throw error
        }
    }

    /// Drops what was staged; where the disk does not let us, opening the log again does it.
    public func discardStaged() {
        guard lock >= 0, staged.size != range.size else { return }
        do { try recover() } catch { giveBack() }
    }

    private func droppingStaged(_ body: () throws -> Void) throws {
        do {
            try body()
        } catch {
            // Nobody reads beyond the checkpoint, but the bytes there must not outlive the error.
            do { try recover() } catch { giveBack() }
            throw error
        }
    }

    private func write(_ batch: EntryBatch, upTo newSize: UInt64) throws {
        var index = staged.size
        var position = 0
        while index < newSize {
            let inBundle = Int(index % 256)
            let count = min(256 - inBundle, Int(newSize - index))
            let start = position == 0 ? 0 : batch.ends[position - 1]
            let end = batch.ends[position + count - 1]
            try batch.bytes.withUnsafeBytes { bytes in
                try extend(
                    .entries, tile: index / 256, from: inBundle, to: inBundle + count,
                    at: bundleBytes, UnsafeRawBufferPointer(rebasing: bytes[start..<end]),
                    isDurable: true)
            }
            bundleBytes = inBundle + count == 256 ? 0 : bundleBytes + end - start
            try extendHashes(level: 0, first: index, batch.leaves[position..<position + count])
            index += UInt64(count)
            position += count
        }
    }

    /// Adds hashes to the last tile of a level; `first` is the index of the first within the level.
    private func extendHashes(
        level: Int, first: UInt64, _ hashes: some Collection<Digest>
    ) throws {
        let before = Int(first % 256)
        let after = before + hashes.count
        try Self.bytes(hashes).withUnsafeBytes {
            try extend(
                .hashes(level: level), tile: first / 256, from: before, to: after, at: 32 * before,
                $0, isDurable: after == 256)
        }
        edge[level] += hashes
        guard after == 256, level < 7 else { return }
        var full = CompactRange()
        for hash in edge[level] { full.append(hash, &hasher) }
        edge[level] = []
        try extendHashes(
            level: level + 1, first: first / 256, CollectionOfOne(full.root(&hasher)))
    }

    private static func bytes(_ hashes: some Collection<Digest>) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(32 * hashes.count)
        for hash in hashes { hash.withUnsafeBytes { bytes.append(contentsOf: $0) } }
        return bytes
    }

    private func extend(
        _ kind: Tile.Kind, tile index: UInt64, from: Int, to: Int, at offset: Int,
        _ bytes: UnsafeRawBufferPointer, isDurable: Bool
    ) throws(LogStorageError) {
        let new = "\(directory)/\(Tile(kind, index: index, width: to).path)"
        let old =
            from == 0 ? new : "\(directory)/\(Tile(kind, index: index, width: from).path)"
        let (file, isNew) = try DurableFile.open(old)
        defer { Glibc.close(file) }
        guard !isNew || from == 0 else {
            throw .damaged(path: old, why: "the file is missing")
        }
        try DurableFile.write(bytes, to: file, at: offset, old)
        if isDurable { try DurableFile.sync(file, old) }
        if isNew, isDurable { try DurableFile.syncFolder(of: old) }
        if old == new { return }
        guard rename(old, new) == 0 else { throw .last("rename", new) }
        if to == Tile.fullWidth {
            // The full tile leaves its folder of partial ones; an empty folder is nobody's loss.
            rmdir(new + ".p")
            try DurableFile.syncFolder(of: new)
        }
    }

    // MARK: Opening

    private func adopt(_ edge: LogEdge) {
        (self.edge, bundleBytes, checkpoint) = (edge.hashes, edge.bundleBytes, edge.checkpoint)
        (range, staged) = (edge.range, edge.range)
    }

    /// Removes what lies beyond the checkpoint, and makes the right edge's tiles anew where they do not
    /// lead to its root.
    ///
    /// The same for a clean start as after a crash. Nothing is touched before all of it is known to lead to the root.
    private func recover() throws {
        let reader = try LogReader(directory: directory)
        var isWhole = false
        if let range = try? reader.compactRange(at: reader.size) {
            // The root binds every hash of the right edge: no bundle need be read again.
            isWhole = range.root(&hasher) == reader.statedRoot
        }
        let edge = try (0..<8).map { level -> [Digest] in
            guard let tile = Self.lastTile(level: level, size: reader.size) else { return [] }
            return isWhole ? try reader.hashes(tile) : try reader.hashesBelow(tile, &hasher)
        }
        let nodes = edge.reversed().flatMap { hashes in
            var part = CompactRange()
            for hash in hashes { part.append(hash, &hasher) }
            return part.nodes
        }
        guard let range = CompactRange(size: reader.size, nodes: nodes),
            range.root(&hasher) == reader.statedRoot
        else {
            throw LogStorageError.damaged(
                path: directory + "/checkpoint", why: "the tiles lead to another root")
        }
        bundleBytes = try cutBundle(reader, edge[0])
        let levels = Set(try DurableFile.names(in: directory + "/tile"))
        for (level, hashes) in edge.enumerated() {
            let last = Self.lastTile(level: level, size: reader.size)
            if let last, isWhole {
                try settle(last, bytes: 32 * last.width)
                continue
            }
            if let last { try put(hashes, last, reader) }
            // A level of which nothing is there has nothing beyond the checkpoint.
            guard last != nil || levels.contains("\(level)") else { continue }
            try removeBeyond(
                .hashes(level: level), index: Tile.count(level: level, size: reader.size) / 256,
                width: last?.width ?? 0)
        }
        (self.edge, self.range, staged) = (edge, range, range)
        checkpoint = reader.checkpoint
    }

    /// The partial tile at the right edge of a level; nil where there is none.
    private static func lastTile(level: Int, size: UInt64) -> Tile? {
        let count = Tile.count(level: level, size: size)
        let width = Int(count % 256)
        return width == 0
            ? nil : Tile(.hashes(level: level), index: count / 256, width: width)
    }

    /// Cuts the last bundle to the entries that the checkpoint covers; returns its bytes.
    private func cutBundle(_ reader: LogReader, _ leaves: [Digest]) throws -> Int {
        let index = reader.size / 256
        let width = Int(reader.size % 256)
        guard width > 0 else {
            try removeBeyond(.entries, index: index, width: 0)
            return 0
        }
        let tile = Tile(.entries, index: index, width: width)
        let (end, found, isLonger) = try reader.bundleEnd(tile)
        guard found == width else {
            throw LogStorageError.damaged(
                path: reader.path(tile), why: "\(found) of \(width) entries are there")
        }
        if isLonger {
            // With a damaged length the end is somewhere else, and whole entries would be cut away.
            let level = Tile(.hashes(level: 0), index: index, width: width)
            guard try reader.hashesBelow(level, &hasher) == leaves else {
                throw LogStorageError.damaged(
                    path: reader.path(tile), why: "its entries are not those that were signed")
            }
        }
        try settle(tile, bytes: end)
        return end
    }

    /// Gives the edge file of a tile its name and length, whatever name a crash left it under.
    private func settle(_ tile: Tile, bytes: Int) throws(LogStorageError) {
        let path = "\(directory)/\(tile.path)"
        if try !DurableFile.isThere(path) {
            let full = "\(directory)/\(Tile(tile.kind, index: tile.index).path)"
            let widths = try DurableFile.names(in: full + ".p").compactMap { Int($0) }
            let wider = widths.filter { $0 > tile.width }.min().map { "\(full).p/\($0)" } ?? full
            try DurableFile.makeFolders(of: path)
            guard rename(wider, path) == 0 else { throw .last("rename", wider) }
        }
        let (file, _) = try DurableFile.open(path)
        defer { Glibc.close(file) }
        var status = stat()
        guard fstat(file, &status) == 0 else { throw .last("stat", path) }
        if Int(status.st_size) > bytes {
            guard ftruncate(file, bytes) == 0 else { throw .last("ftruncate", path) }
            try DurableFile.sync(file, path)
        }
        try removeBeyond(tile.kind, index: tile.index, width: tile.width)
    }

    /// Removes the files of a tile other than the one of this width (none for 0), and all tiles after it.
    private func removeBeyond(_ kind: Tile.Kind, index: UInt64, width: Int) throws(LogStorageError)
    {
        // From the last one back: a crash in between leaves no gap that would end the next search.
        var last = index
        while try DurableFile.isThere(kind, last + 1, in: directory) { last += 1 }
        for tile in (index...last).reversed() {
            let kept = tile == index ? width : 0
            let full = "\(directory)/\(Tile(kind, index: tile).path)"
            for name in try DurableFile.names(in: full + ".p") where name != String(kept) {
                guard unlink("\(full).p/\(name)") == 0 else { throw .last("unlink", full) }
            }
            if kept == 0 { rmdir(full + ".p") }
            if try DurableFile.isThere(full) {
                guard unlink(full) == 0 else { throw .last("unlink", full) }
            }
        }
    }

    /// Makes a partial tile hold these hashes.
    private func put(_ hashes: [Digest], _ tile: Tile, _ reader: LogReader) throws {
        let wanted = Self.bytes(hashes)
        if (try? reader.bytes(tile))?.starts(with: wanted) == true {
            try settle(tile, bytes: wanted.count)
        } else {
            let path = "\(directory)/\(tile.path)"
            try DurableFile.makeFolders(of: path)
            try DurableFile.replace(path, with: wanted)
        }
    }
}
