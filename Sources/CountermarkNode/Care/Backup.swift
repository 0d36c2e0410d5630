import AnnotationModel
import CompanyHome
import Foundation
import LogStorage
import PlainErrors
import Signing
import TransparencyLog

/// What a backup holds, written last: a folder without it is no whole backup.
struct BackupList: Codable {
    struct File: Codable {
        let path: String
        let bytes: Int
        let sha256: String
    }

    struct Log: Codable {
        let log: String
        let size: UInt64
        let root: String
    }

    let version: Int
    let org: String
    /// When it was made, in Unix seconds.
    let time: Int64
    let files: [File]
    let logs: [Log]
    /// Logs and files that could not be read, were damaged or lost, and why: the backup has what it had of them before,
    /// or nothing.
    var missing: [String: String]?

    static let name = "backup.json"
    /// The largest list that is read, in bytes: some hundred thousand files.
    private static let bytesMax = 64 << 20
    /// What a backup under way has replaced of the files that this list names, by their digests: the list holds until
    /// the next one stands.
    static let earlier = "earlier"

    /// The list in a folder; nil where there is none, or it is damaged.
    ///
    /// - Throws: `LogStorageError` where the system refused to read it.
    static func read(_ folder: String) throws -> BackupList? {
        let bytes = try LogStorageError.unlessDamaged {
            try DurableFile.read("\(folder)/\(name)", max: bytesMax)
        }
        guard let data = bytes ?? nil,
            let list = try? JSONDecoder().decode(BackupList.self, from: Data(data)),
            list.version == 1
        else { return nil }
        return list
    }

    /// A file that the list names, as it was when the list was written; nil where it is damaged or missing.
    ///
    /// - Throws: `LogStorageError` where the system refused to read it.
    static func bytes(_ path: String, _ sha256: String, in folder: String) throws -> [UInt8]? {
        for place in ["\(folder)/\(path)", "\(folder)/\(earlier)/\(sha256)"] {
            let found = try LogStorageError.unlessDamaged { try DurableFile.read(place) }
            if let bytes = found ?? nil, SHA256Hasher.hash(bytes).hex == sha256 { return bytes }
        }
        return nil
    }
}

/// What a backup did.
public struct BackupReport: Sendable {
    /// Each part.
    public var checks: [HomeCheck] = []
    /// Entries that were new.
    public var entries: UInt64 = 0
    /// Entries in the backup.
    public var entriesInAll: UInt64 = 0
    /// Other files.
    public var files = 0
}

extension Node {
    /// Writes a backup of the home into a folder, while the node may be serving and writing.
    ///
    /// A folder that holds an earlier backup of this home gets what is new. Each log is as it was at one of its
    /// checkpoints, compared with its tree on the way; a small file that is not what was written never replaces
    /// the one that the backup has.
    public func backUp(to folder: String) throws -> BackupReport {
        try requireBackupFolder(folder)
        guard mkdir(folder, 0o700) == 0 || errno == EEXIST, chmod(folder, 0o700) == 0 else {
            throw NodeError(
                .notWritable,
                "\(folder) cannot be made or closed to others: \(SystemReason.words(errno))",
                hint: "check who owns it, and the folder above it")
        }
        let lock = try FileLock.take("\(folder)/lock", timeoutSeconds: Home.lockTimeoutSeconds)
        let earlier = try BackupList.read(folder)
        DurableFile.sweep(folder)
        // Whose backup this is stands there first: the next run goes on with it, wherever this one ends.
        var files = BackupFiles(self, folder, earlier)
        try files.keep("config.json")
        try files.keepFirst()
        var report = BackupReport()
        var (logs, missing) = try copyLogs(to: folder, earlier, &report)
        // What says who we are comes behind the logs: newer keys than the logs know are introduced, older ones are
        // retired.
        try home.holdingKeys(isReading: true) { try files.keepLast() }
        missing.merge(files.missing) { _, new in new }
        logs.sort { $0.log < $1.log }
        report.files = files.kept.count
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let list = BackupList(
            version: 1, org: home.origin.description, time: now(), files: files.kept, logs: logs,
            missing: missing.isEmpty ? nil : missing)
        try DurableFile.replace(
            "\(folder)/\(BackupList.name)", with: Array(try encoder.encode(list)), mode: 0o600)
        try files.forgetEarlier()
        lock.release()
        report.checks += files.checks
        report.checks.append(
            HomeCheck(
                "files", true,
                "\(report.files) files: who we are, keys, partners' roots, the record of what was "
                    + "signed, evidence"))
        return report
    }

    /// Copies all logs; what is wrong with one keeps no other back.
    private func copyLogs(
        to folder: String, _ earlier: BackupList?, _ report: inout BackupReport
    ) throws -> (logs: [BackupList.Log], missing: [String: String]) {
        var logs: [BackupList.Log] = []
        var missing: [String: String] = [:]
        let aside = asideFolder(in: folder)
        for dataset in try home.datasets() {
            for member in try membersToCheck(dataset) {
                let name = "\(member)/\(dataset)"
                do {
                    let copied = try copyLog(
                        name, to: "\(folder)/logs/\(name)", aside: "\(aside)/\(name)")
                    report.entries += copied.new
                    report.entriesInAll += copied.log.size
                    logs.append(copied.log)
                    let count = "\(copied.log.size) entries, \(copied.new) new"
                    let renewed = copied.renewed.map { "; its copy was damaged: \($0)" }
                    report.checks.append(
                        HomeCheck(
                            name, renewed == nil, count + (renewed ?? ""),
                            hint: renewed == nil
                                ? "" : "the copy is whole now; check the disk of the backup"))
                } catch {
                    missing[name] = PlainError.line(error)
                    let before: BackupList.Log?
                    do {
                        before = try Self.backedUp(name, in: folder)
                    } catch {
                        // What cannot be read just now is there all the same.
                        before = earlier?.logs.first { $0.log == name }
                    }
                    if let before { logs.append(before) }
                    report.checks.append(
                        HomeCheck(
                            name, false, PlainError.line(error),
                            hint: before.map { "the backup keeps the \($0.size) entries it had" }
                                ?? "the backup is without it"))
                }
            }
        }
        return (logs, missing)
    }

    /// Throws for a folder in which a backup would destroy something.
    private func requireBackupFolder(_ folder: String) throws {
        func refuse(_ why: String, _ hint: String) -> NodeError {
            NodeError(.noBackupFolder, "\(folder) \(why)", hint: hint)
        }
        let target = URL(fileURLWithPath: folder).resolvingSymlinksInPath().path + "/"
        let own = URL(fileURLWithPath: home.path).resolvingSymlinksInPath().path + "/"
        if target.hasPrefix(own) || own.hasPrefix(target) {
            throw refuse("lies in the home, or the home in it", "name a folder elsewhere")
        }
        var isFolder: ObjCBool = true
        if FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder),
            !isFolder.boolValue
        {
            throw refuse("is no folder", "name an empty folder, or one with an earlier backup")
        }
        if try DurableFile.isThere("\(folder)/anchor") {
            throw refuse("is a home", "name an empty folder, or one with an earlier backup")
        }
        let data = try LogStorageError.unlessDamaged {
            try DurableFile.read("\(folder)/config.json")
        }
        let config = (data ?? nil).flatMap {
            try? JSONDecoder().decode(Home.Config.self, from: Data($0))
        }
        guard let org = try config?.org ?? BackupList.read(folder)?.org else {
            let others = try DurableFile.names(in: folder).filter { name in
                // A backup that was broken off at its first file.
                name != "lock" && !(name.hasPrefix("config.json.") && name.hasSuffix(".tmp"))
            }
            if others.isEmpty { return }
            throw refuse(
                "holds something else, and no backup of \(home.origin)",
                "name an empty folder, or one with an earlier backup")
        }
        if org != home.origin.description {
            throw refuse("holds a backup of \(org)", "name another folder")
        }
    }

    /// What a backup holds of a log.
    private static func backedUp(_ log: String, in folder: String) throws -> BackupList.Log? {
        let held = try LogReader(directory: "\(folder)/logs/\(log)")
        if held.size == 0 { return nil }
        return BackupList.Log(log: log, size: held.size, root: held.statedRoot.base64)
    }

    private func copyLog(
        _ log: String, to folder: String, aside: String
    ) throws -> (log: BackupList.Log, new: UInt64, renewed: String?) {
        let reader = try requireAllHere(log)
        let done = try copy(log, to: folder, aside: aside)
        for name in ["cosigned", "bounds"] {
            guard let bytes = try DurableFile.read("\(reader.directory)/\(name)") else { continue }
            try DurableFile.replace("\(folder)/\(name)", with: bytes)
        }
        let copied = try LogReader(directory: folder)
        return (
            .init(log: log, size: copied.size, root: copied.statedRoot.base64), done.new,
            done.renewed
        )
    }

    /// How often is looked whether a log has caught up with what its key is known to have signed, in 50 ms: whoever
    /// writes records a checkpoint before it is in its place.
    private static let looksMax = 40

    /// A log of which nothing is known to be missing.
    private func requireAllHere(_ log: String) throws -> LogReader {
        let (member, dataset) = try Self.parts(of: log)
        if let short = try shortLogs(dataset).first(where: { $0.log == log }) { throw short.error }
        let signed =
            member == home.origin
            // A key that cannot be read is named by itself, and keeps no entry out of the backup.
            ? (try? knownOwnHeads(dataset))?.map(\.size).max() ?? 0 : 0
        var reader = try reader(of: log)
        for _ in 0..<Self.looksMax where reader.size < signed {
            usleep(50_000)
            reader = try self.reader(of: log)
        }
        if reader.size < signed {
            throw NodeError(
                .ownLogBehind,
                "its key has signed \(signed) entries, and \(reader.size) are here",
                hint: "run countermark repair or countermark sync, then the backup again")
        }
        if reader.size == 0 {
            throw LogStorageError.damaged(
                path: "\(reader.directory)/checkpoint", why: "it is missing")
        }
        return reader
    }
}
