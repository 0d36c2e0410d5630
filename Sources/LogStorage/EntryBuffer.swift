import Glibc
import TransparencyLog

/// Walks the entries of a bundle's file through one buffer of fixed size.
final class EntryBuffer {
    /// Room for the largest entry and for many of the usual ones.
    private static let byteCount = 256 << 10

    private let memory = UnsafeMutableRawBufferPointer.allocate(
        byteCount: EntryBuffer.byteCount, alignment: 16)
    private var file: Int32 = -1
    private var path = ""
    /// What of the buffer is filled and not yet taken.
    private var filled = 0..<0
    /// Where in the file the buffer's filled part ends.
    private var fileOffset = 0

    deinit { memory.deallocate() }

    /// Begins at a file's first entry; the caller closes the file.
    func start(_ file: Int32, _ path: String, at offset: Int = 0) {
        (self.file, self.path) = (file, path)
        (filled, fileOffset) = (0..<0, offset)
    }

    /// The next entry, valid until the next call; nil at the end of the file.
    func next() throws(LogStorageError) -> UnsafeRawBufferPointer? {
        guard try fill(2) else {
            if filled.isEmpty { return nil }
            throw .damaged(path: path, why: "it ends within an entry's length")
        }
        let count = Int(memory[filled.lowerBound]) << 8 | Int(memory[filled.lowerBound + 1])
        guard try fill(2 + count) else {
            throw .damaged(path: path, why: "it ends within an entry")
        }
        let start = filled.lowerBound + 2
        filled = start + count..<filled.upperBound
        return UnsafeRawBufferPointer(rebasing: memory[start..<start + count])
    }

    /// Makes sure that so many bytes are in the buffer; false if the file ends before.
    private func fill(_ count: Int) throws(LogStorageError) -> Bool {
        if filled.count >= count { return true }
        let left = filled.count
        UnsafeMutableRawBufferPointer(rebasing: memory[..<left])
            .copyMemory(from: UnsafeRawBufferPointer(rebasing: memory[filled]))
        filled = 0..<left
        while filled.count < count {
            let room = UnsafeMutableRawBufferPointer(rebasing: memory[filled.upperBound...])
            let got = pread(file, room.baseAddress, room.count, fileOffset)
            if got < 0, errno == EINTR { continue }
            guard got >= 0 else { throw .last("read", path) }
            if got == 0 { return false }
            fileOffset += got
            filled = 0..<filled.upperBound + got
        }
        return true
    }

    /// Where the first `count` entries of a file end, reading their lengths alone, and how many of them
    /// are there whole.
    static func end(
        of count: Int, in file: Int32, _ path: String
    ) throws(LogStorageError) -> (bytes: Int, found: Int) {
        var status = stat()
        guard fstat(file, &status) == 0 else { throw .last("stat", path) }
        let size = Int(status.st_size)
        var end = 0
        // Many lengths come with one read where entries are short, and each needs its own where they are long.
        var (piece, start) = ([UInt8](), 0)
        for found in 0..<count {
            if end + 2 > start + piece.count {
                start = end
                piece = try read(lengthsBytes, of: file, at: end, path)
            }
            let place = end - start
            guard place + 2 <= piece.count else { return (end, found) }
            let next = end + 2 + (Int(piece[place]) << 8 | Int(piece[place + 1]))
            guard next <= size else { return (end, found) }
            end = next
        }
        return (end, count)
    }
    private static let lengthsBytes = 8 << 10

    /// Up to so many bytes of a file.
    private static func read(
        _ count: Int, of file: Int32, at offset: Int, _ path: String
    ) throws(LogStorageError) -> [UInt8] {
        var got = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            repeat {
                got = pread(file, buffer.baseAddress, count, offset)
            } while got < 0 && errno == EINTR
            filled = max(0, got)
        }
        guard got >= 0 else { throw .last("read", path) }
        return bytes
    }
}
