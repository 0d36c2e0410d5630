import CPageFiles
import CompanyHome
import CountermarkNode
import Foundation
import Glibc
import PlainErrors
import Signing

/// A plain file below the folder of media, opened.
final class MediaFile: Sendable {
    /// What tells whether a file is as it was.
    struct Stamp: Hashable, Sendable {
        let device: UInt
        let inode: UInt
        let size: Int
        let seconds: Int
        let nanoseconds: Int
    }

    private let file: Int32
    let stamp: Stamp

    /// Opens what lies under a key.
    ///
    /// - Parameter home: A folder of which nothing is opened, wherever it lies: its keys are nobody's pictures.
    /// - Throws: ``PageProblem`` where there is nothing, or what there is leads out of the folder or is no plain file.
    init(_ key: String, below folder: String, but home: String) throws {
        let missing = PageProblem(.noMedia, "there is no file for this item below --media")
        guard !key.utf8.contains(0), key.utf8.count < Int(PATH_MAX) else { throw missing }
        let top = open(folder, CM_O_PATH | O_DIRECTORY | O_CLOEXEC)
        guard top >= 0 else { throw missing }
        defer { close(top) }
        var found = cm_find_beneath(top, key)
        if found < 0, errno == ENOSYS || errno == EPERM { found = Self.walk(key, from: top) }
        guard found >= 0 else { throw missing }
        defer { close(found) }
        // Nothing is opened for reading before it is known to be a plain file: to open a pipe may wait for ever.
        guard let stamp = Self.stamp(found), let path = Self.path(of: found),
            !(path + "/").hasPrefix(home + "/")
        else { throw missing }
        file = open("/proc/self/fd/\(found)", O_RDONLY | O_CLOEXEC | O_NOCTTY)
        guard file >= 0 else { throw missing }
        self.stamp = stamp
    }

    deinit { close(file) }

    /// Goes down a key's folders one by one, through no link at all.
    private static func walk(_ key: String, from top: Int32) -> Int32 {
        var folder = dup(top)
        let parts = key.split(separator: "/", omittingEmptySubsequences: true)
        guard !key.hasPrefix("/"), !parts.isEmpty, !parts.contains("..") else {
            close(folder)
            return -1
        }
        for (index, part) in parts.enumerated() where folder >= 0 {
            let isLast = index == parts.count - 1
            let next = openat(
                folder, String(part),
                CM_O_PATH | O_NOFOLLOW | O_CLOEXEC | (isLast ? 0 : O_DIRECTORY))
            close(folder)
            folder = next
        }
        return folder
    }

    private static func path(of file: Int32) -> String? {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink("/proc/self/fd/\(file)", &buffer, buffer.count)
        return count > 0
            ? String(decoding: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
            : nil
    }

    private static func stamp(_ file: Int32) -> Stamp? {
        var status = stat()
        guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        return Stamp(
            device: UInt(status.st_dev), inode: UInt(status.st_ino), size: Int(status.st_size),
            seconds: status.st_mtim.tv_sec, nanoseconds: status.st_mtim.tv_nsec)
    }

    /// Whether it is as it was when it was opened.
    var isUnchanged: Bool { Self.stamp(file) == stamp }

    /// So many bytes from a place on; nil where it has not as many.
    func read(_ at: Int, _ count: Int) -> [UInt8]? {
        guard at >= 0, count >= 0, at + count <= stamp.size else { return nil }
        var bytes = [UInt8](repeating: 0, count: count)
        var done = 0
        while done < count {
            let part = bytes.withUnsafeMutableBytes { buffer in
                buffer.baseAddress.map { pread(file, $0 + done, count - done, at + done) } ?? 0
            }
            guard part > 0 else { return nil }
            done += part
        }
        return bytes
    }

    /// The SHA-256 of all of it; nil where it became shorter meanwhile.
    func digest() -> Digest? {
        var hasher = SHA256Hasher()
        var place = 0
        while place < stamp.size {
            let count = min(1 << 20, stamp.size - place)
            guard let part = read(place, count) else { return nil }
            hasher.update(part)
            place += count
        }
        return isUnchanged ? hasher.finish() : nil
    }
}
