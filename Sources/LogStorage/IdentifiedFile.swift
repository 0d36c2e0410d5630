import CFileBirth
import Glibc
import Signing

/// A small file that says which file it is itself, so that a copy of it shows.
///
/// Its first line names its inode and its birth (where the file system does not know when a file was born, its
/// device and inode), and the SHA-256 of that and of the rest, which is its content. Whatever copies or restores
/// it makes another file with the same words, or puts old words into a younger file. A snapshot of the whole disk
/// keeps both.
public struct IdentifiedFile: Sendable {
    /// What the file holds, and whether it is the file that it says.
    public struct Found: Sendable {
        /// What stands behind the first line.
        public let content: [UInt8]
        /// False for a copy.
        public let isInPlace: Bool
        /// False where the bytes are not those that were written.
        ///
        /// Files of earlier versions have no digest, and count as whole.
        public let isWhole: Bool
    }

    /// The file.
    public let path: String
    /// The largest file that is read, in bytes: a signed note and a line.
    private static let bytesMax = 128 << 10

    /// A file, which need not be there.
    public init(_ path: String) { self.path = path }

    /// Reads the file; nil if it is not there or is damaged.
    ///
    /// - Throws: ``LogStorageError`` where the system refused it.
    public func read() throws(LogStorageError) -> Found? {
        let file: Int32
        do throws(LogStorageError) {
            guard let opened = try DurableFile.openToRead(path) else { return nil }
            file = opened
        } catch {
            if error.isOfSystem { throw error }
            return nil
        }
        // The open file is asked, not its name: another process may put a new one there meanwhile.
        defer { close(file) }
        let bytes: [UInt8]
        do throws(LogStorageError) {
            bytes = try DurableFile.read(file, path, max: Self.bytesMax)
        } catch {
            if error.isOfSystem { throw error }
            return nil
        }
        let line = bytes.prefix { $0 != 0x0a }
        let content = Array(bytes.dropFirst(line.count + 1))
        let words = line.split(separator: 0x20, omittingEmptySubsequences: false)
        // Two or three words are the name alone.
        let hasDigest = words.count > 3
        let name = Array(words.dropLast(hasDigest ? 2 : 0).joined(separator: [0x20]))
        let names = [Self.birth(file), Self.place(file)].compactMap { $0 }
        return Found(
            content: content,
            isInPlace: names.contains { name.elementsEqual($0.utf8) },
            isWhole: !hasDigest || line.elementsEqual(Self.line(name, content)))
    }

    /// The first line of a file with this name and content.
    private static func line(_ name: [UInt8], _ content: [UInt8]) -> [UInt8] {
        name + Array(" sha256 \(SHA256Hasher.hash(name + [0x0a] + content).hex)".utf8)
    }

    /// Replaces the file by a new one, durably.
    public func write(_ content: [UInt8]) throws(LogStorageError) { try stage(content).commit() }

    /// A new file with this content, which is not in its place yet.
    func stage(_ content: [UInt8]) throws(LogStorageError) -> StagedFile {
        try DurableFile.stage(path, mode: 0o600) { file in
            // Inode and birth stay when the file gets its name.
            let name = Array((Self.birth(file) ?? Self.place(file) ?? "").utf8)
            return Self.line(name, content) + [0x0a] + content
        }
    }

    /// The inode and the birth of a file; nil where the file system does not know the birth.
    private static func birth(_ file: Int32) -> String? {
        var inode: UInt64 = 0
        var seconds: Int64 = 0
        var nanoseconds: UInt32 = 0
        guard countermark_file_birth(file, &inode, &seconds, &nanoseconds) == 0 else { return nil }
        return "\(inode) born \(seconds).\(nanoseconds)"
    }

    /// The device and the inode of a file: the form of earlier versions, too.
    private static func place(_ file: Int32) -> String? {
        var status = stat()
        guard fstat(file, &status) == 0 else { return nil }
        return "\(status.st_dev) \(status.st_ino)"
    }
}
