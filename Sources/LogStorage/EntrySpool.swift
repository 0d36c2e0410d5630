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
    public private(set) var byteCount: Int

    /// Opens a spool, or makes an empty one.
    public init(path: String) throws(LogStorageError) {
        self.path = path
        file = try DurableFile.open(path).file
        var status = stat()
        guard fstat(file, &status) == 0 else {
            let error = LogStorageError.last("stat", path)
            Glibc.close(file)
            throw error
        }
        byteCount = Int(status.st_size)
    }

    deinit { Glibc.close(file) }

    /// Adds bytes.
    public func append(_ bytes: UnsafeRawBufferPointer) throws(LogStorageError) {
        try DurableFile.write(bytes, to: file, at: byteCount, path)
        byteCount += bytes.count
    }

    /// Drops what is in it.
    public func empty() throws(LogStorageError) {
        guard ftruncate(file, 0) == 0 else { throw .last("ftruncate", path) }
        byteCount = 0
    }

    /// The bytes at a place, fewer at the end.
    public func read(from offset: Int, count: Int) throws(LogStorageError) -> [UInt8] {
        var got = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            got = pread(file, buffer.baseAddress, count, offset)
            initialized = max(0, got)
        }
        guard got >= 0 else { throw .last("read", path) }
        return bytes
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
