import Foundation
import GRDBSQLite

/// A copy of the label tables in a folder for passing files, where their own place cannot be written.
///
/// SQLite writes beside a database even to read it. A disk that is full, or that the system has made read-only
/// after an error, is where people most want to look, to export and to back up.
final class TableCopy {
    /// The copied database.
    let path: String
    /// Why it was copied.
    let reason: String
    private let folder: String

    /// Room that SQLite needs beside a database, in bytes.
    private static let headroomBytes: UInt64 = 1 << 20

    /// Why a database could not be opened, if a copy of it can; nil for any other failure.
    static func reason(code: Int32, path: String) -> String? {
        guard [SQLITE_READONLY, SQLITE_IOERR, SQLITE_CANTOPEN, SQLITE_FULL].contains(code & 0xff)
        else { return nil }
        return trouble(of: path)
    }

    /// Why a database in a readable folder cannot be written; nil where nothing is known that speaks against it.
    static func trouble(of path: String) -> String? {
        let folder = (path as NSString).deletingLastPathComponent
        guard FileManager.default.isReadableFile(atPath: folder) else { return nil }
        var disk = statvfs()
        guard statvfs(folder, &disk) == 0 else { return nil }
        if disk.f_flag & UInt(ST_RDONLY) != 0 { return "\(folder) is on a read-only disk" }
        if UInt64(disk.f_bavail) * UInt64(disk.f_frsize) < headroomBytes {
            return "the disk of \(folder) is full"
        }
        if access(folder, W_OK) != 0 { return "\(folder) cannot be written" }
        return nil
    }

    /// Copies a database with what waits in its log; without one there, the copy is empty.
    ///
    /// - Throws: ``AnnotationStoreError/noRoom(path:why:)``.
    init(of original: String, because reason: String) throws {
        self.reason = reason
        folder = NSTemporaryDirectory() + "countermark-\(UUID().uuidString)"
        path = folder + "/state.sqlite"
        let files = FileManager.default
        do {
            try files.createDirectory(
                atPath: folder, withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700])
            for suffix in ["", "-wal"] where files.fileExists(atPath: original + suffix) {
                try files.copyItem(atPath: original + suffix, toPath: path + suffix)
                // A copy has the permissions of what was copied.
                try files.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path + suffix)
            }
        } catch {
            try? files.removeItem(atPath: folder)
            throw AnnotationStoreError.noRoom(path: NSTemporaryDirectory(), why: reason)
        }
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }
}
