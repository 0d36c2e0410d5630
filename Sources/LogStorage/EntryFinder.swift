import Glibc
import Signing
import TransparencyLog

/// Finds single entries in one log's folder by their index.
///
/// Neither the checkpoint nor the tiles are read: whoever asks knows the entry's leaf hash, which binds its bytes.
/// One bundle stays open, with the places of its entries, so that entries near each other cost one read each.
public final class EntryFinder {
    private let directory: String
    private var file: Int32 = -1
    private var path = ""
    private var bundle: UInt64 = 0
    /// Where the bundle's entries begin, as far as they are known, and where the last of them ends.
    private var starts: [Int] = []
    private var hasher = TreeHasher()

    /// A finder in a log's folder.
    public init(directory: String) { self.directory = directory }

    deinit { if file >= 0 { close(file) } }

    /// The bytes of an entry.
    ///
    /// - Parameter leaf: The entry's leaf hash (RFC 6962, 2.1); nil for an entry that was compared just now.
    /// - Throws: ``LogStorageError/damaged(path:why:)`` where it is not there, or is another one.
    public func entry(at index: UInt64, leaf: Digest?) throws(LogStorageError) -> [UInt8] {
        if file < 0 || bundle != index / 256 { try open(index / 256) }
        var bytes = try read(Int(index % 256))
        if bytes == nil {
            // The writer puts a bundle that grows under another name; the file may be another one, too.
            try open(index / 256)
            bytes = try read(Int(index % 256))
        }
        guard let bytes else {
            throw .damaged(path: path, why: "it ends before entry \(index)")
        }
        if let leaf, bytes.withUnsafeBytes({ hasher.leaf($0) }) != leaf {
            throw .damaged(path: path, why: "entry \(index) is not the one that was signed")
        }
        return bytes
    }

    private func open(_ index: UInt64) throws(LogStorageError) {
        if file >= 0 { close(file) }
        (file, bundle, starts) = (-1, index, [0])
        path = "\(directory)/\(Tile(.entries, index: index).path)"
        // The writer may rename the file between two looks.
        for _ in 0..<3 {
            if let full = try DurableFile.openToRead(path) {
                file = full
                return
            }
            let widths = try DurableFile.names(in: path + ".p").compactMap { Int($0) }
            guard let width = widths.max() else { continue }
            let partial = "\(path).p/\(width)"
            if let opened = try DurableFile.openToRead(partial) {
                (file, path) = (opened, partial)
                return
            }
        }
        throw .damaged(path: path, why: "the file is missing")
    }

    /// The entry at a place of the open bundle; nil where the file ends before it does.
    private func read(_ place: Int) throws(LogStorageError) -> [UInt8]? {
        while starts.count < place + 2 {
            let start = starts[starts.count - 1]
            var length: (UInt8, UInt8) = (0, 0)
            let got = try withUnsafeMutableBytes(of: &length) { bytes throws(LogStorageError) in
                try fill(bytes, at: start)
            }
            guard got == 2 else { return nil }
            starts.append(start + 2 + (Int(length.0) << 8 | Int(length.1)))
        }
        let (start, end) = (starts[place] + 2, starts[place + 1])
        var failure: LogStorageError?
        let bytes = [UInt8](unsafeUninitializedCapacity: end - start) { buffer, count in
            do throws(LogStorageError) {
                count = try fill(UnsafeMutableRawBufferPointer(buffer), at: start)
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return bytes.count == end - start ? bytes : nil
    }

    /// Reads into a buffer; fewer bytes than it holds at the end of the file alone.
    private func fill(
        _ buffer: UnsafeMutableRawBufferPointer, at offset: Int
    ) throws(LogStorageError) -> Int {
        var count = 0
        while count < buffer.count {
            let got = pread(
                file, buffer.baseAddress?.advanced(by: count), buffer.count - count, offset + count)
            if got < 0, errno == EINTR { continue }
            guard got >= 0 else { throw .last("read", path) }
            if got == 0 { break }
            count += got
        }
        return count
    }
}
