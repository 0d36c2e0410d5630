import Glibc
import Signing
import TransparencyLog

/// Entries that a partner sends, kept in a file until all of them are here.
///
/// Nothing of them is trusted yet. A long transfer neither fills the memory nor holds a log's lock.
public final class EntrySpool {
    /// The file.
    public let path: String
    private let file: Int32
    /// Bytes in the file.
    public private(set) var byteCount = 0

    /// Makes an empty spool, in the place of whatever is there.
    public init(path: String) throws(LogStorageError) {
        self.path = path
        file = try DurableFile.open(path).file
        guard ftruncate(file, 0) == 0 else {
            let error = LogStorageError.last("ftruncate", path)
            Glibc.close(file)
            throw error
        }
    }

    deinit { Glibc.close(file) }

    /// Adds bytes.
    public func append(_ bytes: UnsafeRawBufferPointer) throws(LogStorageError) {
        try DurableFile.write(bytes, to: file, at: byteCount, path)
        byteCount += bytes.count
    }

    /// Removes the file.
    public func remove() { unlink(path) }

    /// Calls `body` with the entries in batches of about `bytesMax` bytes, hashed as leaves.
    ///
    /// - Parameter offset: Where the entries begin.
    /// - Throws: ``LogStorageError/damaged(path:why:)`` if the last entry is cut.
    public func forEachBatch(
        from offset: Int = 0, bytesMax: Int = EntryBatch.bytesPerPiece,
        _ body: (EntryBatch) throws -> Void
    ) throws {
        let buffer = EntryBuffer()
        buffer.start(file, path, at: offset)
        try EntryBatch.gather(bytesMax: bytesMax, from: { try buffer.next() }, body)
    }
}
