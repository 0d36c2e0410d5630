import AnnotationFormats
import Foundation
import GRDB
import Glibc
import LogStorage
import PlainErrors

/// The file of an export for analysts: written aside, and put in its place when it is whole.
package struct AnalystFile {
    private let path: String
    private let temporary: String

    /// - Throws: ``NodeError`` if something else stands at the path: only an earlier export is replaced.
    package init(path: String) throws {
        self.path = path
        temporary = "\(path).\(getpid()).\(UInt32.random(in: 0 ... .max)).tmp"
        guard try Self.mayReplace(path) else {
            throw NodeError(
                .notAnExport, "\(path) is there and is no export of this kind",
                hint: "name another file, or remove it; nothing was written")
        }
    }

    private static func mayReplace(_ path: String) throws -> Bool {
        guard let status = FileStatus(path: path) else { return true }
        if status.isLink { throw FormatError.isLink(path: path) }
        let descriptor = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        guard status.isFile else { return false }
        // The file format's head: sixteen bytes of name, the application's number at 68.
        let head = Array(try file.read(upToCount: 72) ?? Data())
        let id = withUnsafeBytes(of: AnalystTables.applicationID.bigEndian) { Array($0) }
        return head.starts(with: Array("SQLite format 3\0".utf8)) && head.dropFirst(68) == id[...]
    }

    /// Fills the file in one transaction.
    ///
    /// What stood at the path stays as it is until the new file is whole and on the disk.
    package func write<R>(_ body: (AnalystDatabase) throws -> R) throws -> R {
        do {
            let result = try fill(body)
            try publish()
            return result
        } catch {
            unlink(temporary)
            throw Self.translated(error, path)
        }
    }

    private func fill<R>(_ body: (AnalystDatabase) throws -> R) throws -> R {
        var configuration = Configuration()
        // Whatever goes wrong, the file is thrown away: there is nothing to roll back to.
        configuration.prepareDatabase { db in
            try db.execute(
                sql: """
                    PRAGMA application_id=\(AnalystTables.applicationID); PRAGMA journal_mode=OFF;
                    PRAGMA synchronous=OFF; PRAGMA temp_store=MEMORY
                    """)
        }
        // SQLite opens what is there, so that it is ours is made sure of before.
        let new = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o666)
        guard new >= 0 else { throw Self.failure(temporary) }
        close(new)
        let queue = try DatabaseQueue(path: temporary, configuration: configuration)
        let result = try queue.write { db in
            let database = try AnalystDatabase(db)
            let result = try body(database)
            try database.finish()
            return result
        }
        try queue.close()
        return result
    }

    private func publish() throws {
        let file = open(temporary, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw Self.failure(temporary) }
        defer { close(file) }
        guard fsync(file) == 0, rename(temporary, path) == 0 else { throw Self.failure(path) }
        let folder = open(
            URL(fileURLWithPath: path).deletingLastPathComponent().path,
            O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { throw Self.failure(path) }
        defer { close(folder) }
        guard fsync(folder) == 0 else { throw Self.failure(path) }
    }

    private static func failure(_ path: String) -> NodeError {
        NodeError(
            .notWritable,
            "\(path) cannot be written: \(SystemReason.words(errno))",
            hint: "check the folder, its permissions and the free space")
    }

    private static func translated(_ error: any Error, _ path: String) -> any Error {
        guard let error = error as? DatabaseError else { return error }
        return NodeError(
            .notWritable,
            "\(path) cannot be written: \(error.message ?? "SQLite failed")",
            hint: "check the folder, its permissions and the free space")
    }
}
