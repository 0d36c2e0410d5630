import AnnotationModel
import Foundation
import LogStorage
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
    /// The small files of a home that a backup holds; the logs have their own way, and the rest is derived or under way.
    private static let kept = [
        "signed", "witness", "evidence", "joined", "invitations", "contacts",
    ]
    /// What says who we are comes behind the logs: newer keys than the logs know are introduced, older ones are retired.
    private static let keptLast = ["trust", "keys"]

    /// Writes a backup of the home into a folder, while the node may be serving and writing.
    ///
    /// A folder that holds an earlier backup of this home gets what is new. Each log is as it was at one of its
    /// checkpoints, compared with its tree on the way.
    public func backUp(to folder: String) throws -> BackupReport {
        try requireBackupFolder(folder)
        var report = BackupReport()
        var files: [BackupList.File] = []
        guard mkdir(folder, 0o700) == 0 || errno == EEXIST, chmod(folder, 0o700) == 0 else {
            throw NodeError(
                .failed, "not-writable", "\(folder) cannot be made or closed to others",
                hint: "check the folder above it")
        }
        // Until the new list is there, the old one would speak of what is being replaced.
        try WholeFile.remove("\(folder)/\(BackupList.name)")
        for part in Self.kept { try keep(part, in: folder, &files) }
        var logs: [BackupList.Log] = []
        for dataset in home.datasets() {
            for member in home.members(of: dataset) {
                let name = "\(member)/\(dataset)"
                do {
                    let copied = try copyLog(name, to: "\(folder)/logs/\(name)")
                    report.entries += copied.new
                    report.entriesInAll += copied.log.size
                    logs.append(copied.log)
                    report.checks.append(
                        HomeCheck(name, true, "\(copied.log.size) entries, \(copied.new) new"))
                } catch {
                    report.checks.append(
                        HomeCheck(
                            name, false, PlainError.line(error),
                            hint: "the backup is without it, or with what it had before"))
                }
            }
        }
        for part in Self.keptLast { try keep(part, in: folder, &files) }
        try keep(file: "config.json", in: folder, &files)
        report.files = files.count
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let list = BackupList(
            version: 1, org: home.origin.description, time: now(), files: files, logs: logs)
        try DurableFile.replace(
            "\(folder)/\(BackupList.name)", with: Array(try encoder.encode(list)), mode: 0o600)
        report.checks.append(
            HomeCheck(
                "files", true,
                "\(files.count) files: who we are, keys, partners' roots, the record of what was "
                    + "signed, evidence"))
        return report
    }

    /// Throws for a folder in which a backup would destroy something.
    private func requireBackupFolder(_ folder: String) throws {
        let files = FileManager.default
        func refuse(_ why: String, _ hint: String) -> NodeError {
            NodeError(.failed, "no-backup-folder", "\(folder) \(why)", hint: hint)
        }
        let target = URL(fileURLWithPath: folder).resolvingSymlinksInPath().path + "/"
        let own = URL(fileURLWithPath: home.path).resolvingSymlinksInPath().path + "/"
        if target.hasPrefix(own) || own.hasPrefix(target) {
            throw refuse("lies in the home, or the home in it", "name a folder elsewhere")
        }
        if files.fileExists(atPath: "\(folder)/anchor") {
            throw refuse("is a home", "name an empty folder, or one with an earlier backup")
        }
        guard let data = files.contents(atPath: "\(folder)/config.json") else {
            if DurableFile.list(folder).isEmpty || files.fileExists(atPath: "\(folder)/logs") {
                return
            }
            throw refuse("holds something else", "name an empty folder")
        }
        let config = try? JSONDecoder().decode(Home.Config.self, from: data)
        if config?.org != home.origin.description {
            throw refuse(
                "holds a backup of \(config?.org ?? "another home")", "name another folder")
        }
    }

    private func keep(
        _ part: String, in folder: String, _ files: inout [BackupList.File]
    ) throws {
        let root = "\(home.path)/\(part)"
        var names: Set<String> = []
        for name in (try? FileManager.default.subpathsOfDirectory(atPath: root)) ?? [] {
            var isFolder: ObjCBool = false
            guard FileManager.default.fileExists(atPath: "\(root)/\(name)", isDirectory: &isFolder),
                !isFolder.boolValue, !name.hasSuffix(".tmp"), !name.hasSuffix("lock")
            else { continue }
            try keep(file: "\(part)/\(name)", in: folder, &files)
            names.insert(name)
        }
        // What the home has no more, the backup has no more: an old record of what was signed, a removed partner.
        let there = "\(folder)/\(part)"
        for name in (try? FileManager.default.subpathsOfDirectory(atPath: there)) ?? []
        where !names.contains(name) {
            var isFolder: ObjCBool = false
            if FileManager.default.fileExists(atPath: "\(there)/\(name)", isDirectory: &isFolder),
                !isFolder.boolValue
            {
                try WholeFile.remove("\(there)/\(name)")
            }
        }
    }

    private func keep(
        file: String, in folder: String, _ files: inout [BackupList.File]
    ) throws {
        // Another process may have replaced it by another name meanwhile.
        guard let bytes = try DurableFile.read("\(home.path)/\(file)") else { return }
        let target = "\(folder)/\(file)"
        if (try? DurableFile.read(target)) != bytes {
            try DurableFile.replace(target, with: bytes, mode: 0o600)
        }
        // Its time says when a partner was there last.
        if file.hasPrefix("contacts/"),
            let time = try? FileManager.default.attributesOfItem(atPath: "\(home.path)/\(file)")[
                .modificationDate]
        {
            try? FileManager.default.setAttributes([.modificationDate: time], ofItemAtPath: target)
        }
        files.append(
            .init(path: file, bytes: bytes.count, sha256: SHA256Hasher.hash(bytes).hex))
    }

    private func copyLog(
        _ log: String, to folder: String
    ) throws -> (log: BackupList.Log, new: UInt64) {
        let reader = try reader(of: log)
        let new = try copy(log, to: folder)
        for name in ["cosigned", "bounds"] {
            guard let bytes = try DurableFile.read("\(reader.directory)/\(name)") else { continue }
            try DurableFile.replace("\(folder)/\(name)", with: bytes)
        }
        let copied = try LogReader(directory: folder)
        return (.init(log: log, size: copied.size, root: copied.statedRoot.base64), new)
    }
}
