import CountermarkNode
import Foundation
import Glibc
import PlainErrors

/// Small files of the page in a home, which nobody but its owner reads.
enum PageFile {
    /// Puts a file in place as a whole.
    static func write(_ text: String, to path: String) throws {
        let other = "\(path).\(getpid()).new"
        unlink(other)
        let file = open(other, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw failure(path) }
        let bytes = Array(text.utf8)
        let count = Glibc.write(file, bytes, bytes.count)
        let isWhole = count == bytes.count && fsync(file) == 0
        close(file)
        guard isWhole, rename(other, path) == 0 else {
            let error = failure(path)
            unlink(other)
            throw error
        }
    }

    /// A plain file's bytes; nil where there is none, or one that is too long.
    static func read(_ path: String, bytesMax: Int) -> [UInt8]? {
        let file = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
            status.st_size <= bytesMax
        else { return nil }
        var bytes = [UInt8](repeating: 0, count: bytesMax + 1)
        var count = 0
        while count < bytes.count {
            let part = bytes.withUnsafeMutableBytes {
                Glibc.read(file, $0.baseAddress.map { $0 + count }, $0.count - count)
            }
            if part < 0 { return nil }
            if part == 0 { break }
            count += part
        }
        return count > bytesMax ? nil : Array(bytes.prefix(count))
    }

    private static func failure(_ path: String) -> NodeError {
        NodeError(
            .notWritable,
            "\(path) cannot be written: \(String(cString: strerror(errno)))",
            hint: "check the folder, its owner and the space on the disk")
    }
}
