import Foundation
import Glibc
import LogStorage
import PlainErrors

/// Small text files of a home that are replaced as a whole and durably.
///
/// A reader, or the next start after a crash, sees the old or the new one. Each carries a ``Seal``.
package enum WholeFile {
    /// Puts a text in the place of a file.
    ///
    /// - Parameters:
    ///   - mode: 0600 for what only the owner may read.
    ///   - isSealed: false for a file that leaves the home.
    package static func replace(
        _ path: String, with text: String, mode: mode_t = 0o644, isSealed: Bool = true
    ) throws {
        try writing(path) { () throws(LogStorageError) in
            let text = isSealed ? Seal.sealed(text) : text
            try DurableFile.replace(path, with: Array(text.utf8), mode: mode)
        }
    }

    /// Makes a file if it is not there; one that is there stays as it is.
    ///
    /// - Parameter mode: 0600 for what only the owner may read.
    package static func create(_ path: String, with text: String, mode: mode_t = 0o644) throws {
        try writing(path) { () throws(LogStorageError) in
            try DurableFile.create(path, with: Array(Seal.sealed(text).utf8), mode: mode)
        }
    }

    /// The text of a file; nil if it is not there.
    ///
    /// - Throws: ``NodeError`` if it is not what was written, `LogStorageError` if it cannot be read.
    package static func read(_ path: String) throws -> String? {
        // A pipe in the place of a file would keep the process for ever.
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        let code = errno
        if file < 0, code == ENOENT || code == ENOTDIR { return nil }
        guard file >= 0 else { throw unreadable(path, code) }
        defer { close(file) }
        guard DurableFile.isPlain(file) else {
            throw NodeError(
                .damagedFile, "\(path) is a pipe or a device, and no file",
                hint: "remove it, and restore the file from a backup")
        }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 16_384)
        while true {
            let count = piece.withUnsafeMutableBytes { Glibc.read(file, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw unreadable(path, errno) }
            if count == 0 { break }
            bytes += piece[..<count]
        }
        guard let text = Seal.open(bytes) else {
            throw NodeError(
                .damagedFile, "\(path) is not what was written to it",
                hint: "restore it from a backup; if you have changed it by hand, take the line or "
                    + "the member sha256 out of it")
        }
        return text
    }

    /// Makes a folder, and those above it, where they are not there.
    ///
    /// - Parameter mode: 0700 for what only the owner may read.
    package static func makeFolder(_ path: String, mode: mode_t = 0o755) throws {
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true,
            attributes: [.posixPermissions: Int(mode)])
    }

    /// Removes a file if it is there, durably.
    package static func remove(_ path: String) throws {
        try writing(path) { () throws(LogStorageError) in try DurableFile.remove(path) }
    }

    /// Says of a failed write which file it was.
    private static func writing(
        _ path: String, _ body: () throws(LogStorageError) -> Void
    ) throws(NodeError) {
        do throws(LogStorageError) { try body() } catch {
            if case .system(_, _, let code) = error { errno = code }
            throw failure(path)
        }
    }

    /// Runs `body` while no other process or task holds the lock file.
    ///
    /// - Parameter mayBeReadOnly: Whether `body` may find nothing to write, so that it is run also where the disk takes
    ///   no lock file: there nobody else writes, either.
    package static func locked<R>(
        _ path: String, seconds: Double, mayBeReadOnly: Bool = false, _ body: () throws -> R
    ) throws -> R {
        let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        if file < 0, mayBeReadOnly, [EROFS, EACCES, ENOENT, ENOSPC, EDQUOT].contains(errno) {
            return try body()
        }
        guard file >= 0 else { throw failure(path) }
        // Closing lets go of the lock.
        defer { close(file) }
        let deadline = ContinuousClock.now + .seconds(seconds)
        while flock(file, LOCK_EX | LOCK_NB) != 0 {
            guard errno == EWOULDBLOCK || errno == EINTR else { throw failure(path) }
            guard ContinuousClock.now < deadline else {
                throw NodeError(
                    .locked, "another process holds \(path)",
                    hint: "wait for it, or end it")
            }
            usleep(10_000)
        }
        return try body()
    }

    private static func unreadable(_ path: String, _ code: Int32) -> any Error {
        guard code == EACCES || code == EPERM else {
            return LogStorageError.system(call: "read", path: path, errno: code)
        }
        return NodeError(
            .homeNotReadable, "\(path) cannot be read: \(SystemReason.words(code))",
            hint: "run the command as the user who owns the home (ls -ld \(path) says who)")
    }

    private static func failure(_ path: String) -> NodeError {
        NodeError(
            .notWritable,
            "\(path) cannot be written: \(SystemReason.words(errno))",
            hint: "check the folder, its owner and the space on the disk")
    }
}
