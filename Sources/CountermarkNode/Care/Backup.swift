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
    static let bytesMax = 64 << 20
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
                .notWritable, "\(folder) cannot be made or closed to others",
                hint: "check the folder above it")
        }
        let lock = try FileLock.take("\(folder)/lock", timeoutSeconds: Home.lockTimeoutSeconds)
        // Until the new list is there, the old one would speak of what is being replaced.
        try WholeFile.remove("\(folder)/\(BackupList.name)")
        DurableFile.sweep(folder)
        // Whose backup this is stands there first: the next run goes on with it, wherever this one ends.
        var files = BackupFiles(self, folder)
        try files.keep("config.json")
        try files.keepFirst()
        var report = BackupReport()
        var (logs, missing) = try copyLogs(to: folder, &report)
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
        to folder: String, _ report: inout BackupReport
    ) throws -> (logs: [BackupList.Log], missing: [String: String]) {
        var logs: [BackupList.Log] = []
        var missing: [String: String] = [:]
        for dataset in try home.datasets() {
            for member in try membersToCheck(dataset) {
                let name = "\(member)/\(dataset)"
                do {
                    let copied = try copyLog(name, to: "\(folder)/logs/\(name)")
                    report.entries += copied.new
                    report.entriesInAll += copied.log.size
                    logs.append(copied.log)
                    report.checks.append(
                        HomeCheck(name, true, "\(copied.log.size) entries, \(copied.new) new"))
                } catch {
                    missing[name] = PlainError.line(error)
                    let before = (try? Self.backedUp(name, in: folder)) ?? nil
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
        if try DurableFile.isThere("\(folder)/anchor") {
            throw refuse("is a home", "name an empty folder, or one with an earlier backup")
        }
        guard let data = try DurableFile.read("\(folder)/config.json") else {
            let others = try DurableFile.names(in: folder).filter { name in
                // A backup that was broken off at its first file.
                name != "lock" && !(name.hasPrefix("config.json.") && name.hasSuffix(".tmp"))
            }
            if others.isEmpty || others.contains("logs") { return }
            throw refuse("holds something else", "name an empty folder")
        }
        let config = try? JSONDecoder().decode(Home.Config.self, from: Data(data))
        if config?.org != home.origin.description {
            throw refuse(
                "holds a backup of \(config?.org ?? "another home")", "name another folder")
        }
    }

    /// What a backup holds of a log.
    private static func backedUp(_ log: String, in folder: String) throws -> BackupList.Log? {
        let held = try LogReader(directory: "\(folder)/logs/\(log)")
        if held.size == 0 { return nil }
        return BackupList.Log(log: log, size: held.size, root: held.statedRoot.base64)
    }

    private func copyLog(
        _ log: String, to folder: String
    ) throws -> (log: BackupList.Log, new: UInt64) {
        let reader = try requireAllHere(log)
        let new = try copy(log, to: folder)
        for name in ["cosigned", "bounds"] {
            guard let bytes = try DurableFile.read("\(reader.directory)/\(name)") else { continue }
            try DurableFile.replace("\(folder)/\(name)", with: bytes)
        }
        let copied = try LogReader(directory: folder)
        return (.init(log: log, size: copied.size, root: copied.statedRoot.base64), new)
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
