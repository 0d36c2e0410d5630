import Glibc
import LogStorage
import PlainErrors

/// Files that the user names: what is wrong with them is wrong at that path, and not in the home.
package enum UserFile {
    /// Texts that a user gives: certificates, lists, invitations.
    package static let textBytesMax = 16 << 20

    /// The bytes of a file, or of a pipe into which somebody writes already; a pipe without a writer is empty.
    ///
    /// - Throws: ``NodeError`` for what cannot be read, and for more than `max` bytes.
    package static func read(_ path: String, max: Int) throws -> [UInt8] {
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else { throw unreadable(path, errno) }
        defer { close(file) }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = piece.withUnsafeMutableBytes { Glibc.read(file, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            if count < 0, errno == EAGAIN {
                var wait = pollfd(fd: file, events: Int16(POLLIN), revents: 0)
                poll(&wait, 1, -1)
                continue
            }
            guard count >= 0 else { throw unreadable(path, errno) }
            if count == 0 { return bytes }
            bytes += piece[..<count]
            guard bytes.count <= max else {
                throw NodeError(
                    .badFile, "\(path) is larger than the \(max) bytes that such a file can have",
                    hint: "check whether this is the file that you mean")
            }
        }
    }

    /// Makes a file, with all of its bytes or not at all; one that is there stays as it is.
    ///
    /// - Parameter mode: 0600 for what only the owner may read.
    /// - Throws: ``NodeError`` for what cannot be written.
    package static func create(_ path: String, with bytes: [UInt8], mode: mode_t) throws {
        do {
            try DurableFile.create(path, with: bytes, mode: mode)
        } catch .system(_, _, let code) {
            throw NodeError(
                .badFile, "\(path) cannot be written: \(SystemReason.words(code))",
                hint: "check the path and the free space, or name another file")
        }
    }

    private static func unreadable(_ path: String, _ code: Int32) -> NodeError {
        NodeError(
            .noFile, "\(path) cannot be read: \(SystemReason.words(code))",
            hint: "check the path and its permissions")
    }
}
