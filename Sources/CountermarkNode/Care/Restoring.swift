import AnnotationModel
import CompanyHome
import Foundation
import Glibc
import LogStorage
import PlainErrors
import Signing
import TransparencyLog

/// A backup, and what comes of it.
public struct Restoring: Sendable {
    private let folder: String
    private let list: BackupList

    /// True if a folder holds a backup.
    public static func isBackup(_ folder: String) -> Bool {
        FileManager.default.fileExists(atPath: "\(folder)/\(BackupList.name)")
    }

    /// Opens a backup.
    ///
    /// - Throws: ``NodeError`` for a folder that is none, or that is not whole.
    public init(_ folder: String) throws {
        guard let list = try BackupList.read(folder) else {
            throw NodeError(
                .noBackup, "\(folder) holds no whole backup",
                hint: "name the folder that countermark backup wrote; a backup that was broken off "
                    + "is made whole by the next one")
        }
        (self.folder, self.list) = (folder, list)
    }

    /// Compares everything with what was written when the backup was made: each file's hash, each log's entries,
    /// tree and checkpoint.
    public func check() -> [HomeCheck] {
        var checks: [HomeCheck] = []
        do {
            let bad = try list.files.filter { file in
                try !Self.isPlain(file.path) || bytes(of: file) == nil
            }
            checks.append(
                HomeCheck(
                    "files", bad.isEmpty,
                    bad.isEmpty
                        ? "\(list.files.count) files are as they were"
                        : bad.prefix(10).map(\.path).joined(separator: ", ")
                            + " are missing or were changed",
                    hint: bad.isEmpty ? "" : Self.takeOlder))
        } catch {
            checks.append(HomeCheck("files", false, PlainError.line(error)))
        }
        for log in list.logs {
            do {
                let what = try problem(of: log)
                checks.append(
                    HomeCheck(
                        log.log, what == nil, what ?? "\(log.size) entries are whole",
                        hint: what == nil ? "" : Self.takeOlder))
            } catch let error as LogStorageError where error.isOfSystem {
                checks.append(HomeCheck(log.log, false, PlainError.line(error)))
            } catch {
                checks.append(
                    HomeCheck(log.log, false, PlainError.line(error), hint: Self.takeOlder))
            }
        }
        return checks
    }

    private static let takeOlder = "take an older backup"

    private func bytes(of file: BackupList.File) throws -> [UInt8]? {
        try BackupList.bytes(file.path, file.sha256, in: folder)
    }

    /// The logs and files that were damaged or lost when the backup was made.
    private func missing() -> [HomeCheck] {
        (list.missing ?? [:]).sorted { $0.key < $1.key }.map { log, why in
            if let file = list.files.first(where: { $0.path == log }) {
                return HomeCheck(
                    file.path, false,
                    "an earlier one was restored; when the backup was made: \(why)",
                    hint: "run countermark verify, which says whether it fits the rest")
            }
            let held = list.logs.first { $0.log == log }?.size ?? 0
            return HomeCheck(
                log, false, "the backup has \(held) entries of it, not all that there were: \(why)",
                hint: "run countermark sync: the rest comes from whoever has it")
        }
    }

    private func problem(of log: BackupList.Log) throws -> String? {
        _ = try Node.parts(of: log.log)
        let directory = "\(folder)/logs/\(log.log)"
        if let problem = try LogCheck.run(directory: directory).first { return problem.what }
        let reader = try LogReader(directory: directory)
        guard reader.size >= log.size, try reader.root(at: log.size).base64 == log.root else {
            return "it is not the log that was backed up"
        }
        return nil
    }

    /// A path that leads nowhere but into the home.
    private static func isPlain(_ path: String) -> Bool {
        !path.hasPrefix("/") && !path.split(separator: "/").contains("..")
    }

    /// Makes a home of the backup, at a place where none is.
    ///
    /// The home asks partners before it writes. Nothing is there before all of it is.
    ///
    /// - Throws: ``NodeError`` where a home is there, or the backup is damaged.
    public func restore(to place: String) throws -> [HomeCheck] {
        // The path of a home may be a link: what it leads to is replaced.
        let path = URL(fileURLWithPath: place).resolvingSymlinksInPath().path
        if try !DurableFile.names(in: path).isEmpty {
            throw NodeError(
                .homeExists, "\(path) is there already",
                hint:
                    "move it away, do not delete it: it may hold newer entries; nothing was changed"
            )
        }
        let checks = check()
        if checks.contains(where: { !$0.isOk }) { return checks }
        try Self.removeLeftovers(of: path)
        let making = "\(path).\(getpid())\(Self.suffix)"
        do {
            try HomeFolder(making).make()
            let lock = try FileLock.take("\(making)/\(Self.lockName)", timeoutSeconds: 0)
            for file in list.files {
                guard let bytes = try bytes(of: file) else { continue }
                try DurableFile.replace("\(making)/\(file.path)", with: bytes, mode: 0o600)
                if file.path.hasPrefix("contacts/") { try keepTime(of: file.path, in: making) }
            }
            for log in list.logs {
                let reader = try LogReader(directory: "\(folder)/logs/\(log.log)")
                let target = "\(making)/logs/\(log.log)"
                let writer = try LogWriter(directory: target, lockTimeoutSeconds: 0)
                defer { writer.close() }
                try reader.forEachBatch(from: 0, to: reader.size) { try writer.stage($0) }
                try writer.publish { _, _ in reader.checkpoint }
                for name in ["cosigned", "bounds"] {
                    guard let bytes = try DurableFile.read("\(reader.directory)/\(name)") else {
                        continue
                    }
                    try DurableFile.replace("\(target)/\(name)", with: bytes)
                }
            }
            // An empty folder may be there.
            rmdir(path)
            guard rename(making, path) == 0 else {
                throw NodeError(
                    .notWritable,
                    "\(path) cannot be made: \(SystemReason.words(errno))",
                    hint: "check the folder above it")
            }
            lock.release()
            try DurableFile.syncFolder(of: path)
            try DurableFile.remove("\(path)/\(Self.lockName)")
        } catch {
            try? FileManager.default.removeItem(atPath: making)
            throw error
        }
        return checks + looked(at: path) + missing()
    }

    /// What there is to say of a home that is made.
    private func looked(at path: String) -> [HomeCheck] {
        do {
            return try open(path)
        } catch {
            return [
                HomeCheck(
                    "label table", false, "the home is made; \(PlainError.line(error))",
                    hint: "check the disk, then run countermark verify")
            ]
        }
    }

    private static let suffix = ".restoring"
    private static let lockName = "restoring.lock"

    /// Removes what restores that were ended in the middle have left beside a home's place: keys lie in it.
    private static func removeLeftovers(of path: String) throws {
        let url = URL(fileURLWithPath: path)
        let (above, name) = (url.deletingLastPathComponent().path, url.lastPathComponent)
        for other in try DurableFile.names(in: above)
        where other.hasPrefix("\(name).") && other.hasSuffix(suffix) {
            guard Int32(other.dropFirst(name.count + 1).dropLast(suffix.count)) != nil else {
                continue
            }
            let folder = "\(above)/\(other)"
            do {
                // Whoever is at work in it holds the lock.
                let lock = try FileLock.take("\(folder)/\(lockName)", timeoutSeconds: 0)
                try FileManager.default.removeItem(atPath: folder)
                lock.release()
            } catch LogStorageError.locked {
                continue
            }
        }
    }

    private func keepTime(of file: String, in home: String) throws {
        // Of one that a backup under way has taken away nobody knows it.
        guard try DurableFile.isThere("\(folder)/\(file)") else { return }
        let time = try FileManager.default.attributesOfItem(atPath: "\(folder)/\(file)")[
            .modificationDate]
        if let time {
            try FileManager.default.setAttributes(
                [.modificationDate: time], ofItemAtPath: "\(home)/\(file)")
        }
    }

    /// Opens the restored home, makes its label table, and says what is left to do.
    private func open(_ path: String) throws -> [HomeCheck] {
        let node = try Node(try Home(opening: path))
        for dataset in try node.home.datasets() { try node.catchUp(dataset) }
        let partners = try node.home.partners().map(\.org)
        var checks = [
            HomeCheck("label table", node.unreadableLogs.isEmpty, "made anew from the logs")
        ]
        // Each file is what was backed up; whether keys belong to certificates and logs is another matter.
        checks += try node.verifyHome().map {
            HomeCheck($0.log, false, $0.what, hint: "see countermark verify")
        }
        if !partners.isEmpty {
            checks.append(
                HomeCheck(
                    "own entries", true,
                    "what was written after the backup is asked for at "
                        + partners.joined(separator: ", "),
                    hint:
                        "run countermark sync, or serve: until partners were asked the home does not "
                        + "write"))
        }
        return checks
    }
}
