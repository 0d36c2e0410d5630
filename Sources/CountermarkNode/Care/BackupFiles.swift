import AnnotationModel
import CompanyHome
import Foundation
import LogStorage
import PlainErrors
import Signing

/// The small files of a home on their way into a backup.
///
/// A file that is not what was written to it, that cannot be read, or that is lost, does not replace what the
/// backup has: that may be the only good copy.
struct BackupFiles {
    /// What is in the backup.
    private(set) var kept: [BackupList.File] = []
    /// Files that are damaged or lost in the home, and why.
    private(set) var missing: [String: String] = [:]
    /// What the operator should know.
    private(set) var checks: [HomeCheck] = []

    private let node: Node
    private let folder: String

    /// The small files that a backup holds; the logs have their own way, and the rest is derived or under way.
    private static let first = [
        "signed", "witness", "evidence", "company", "joined", "left", "invitations", "contacts",
    ]
    private static let last = ["trust", "keys"]
    /// A home is none without these.
    private static let needed = [
        Home.nodeKeyFile, "keys/log.key", Home.witnessKeyFile, "trust/own.pem", "trust/ca.pem",
    ]

    /// The digests of what the last whole backup holds.
    private let earlier: [String: String]

    init(_ node: Node, _ folder: String, _ list: BackupList?) {
        (self.node, self.folder) = (node, folder)
        earlier = Dictionary(
            (list?.files ?? []).map { ($0.path, $0.sha256) }, uniquingKeysWith: { $1 })
    }

    /// Removes what the last list named, when the new one stands.
    func forgetEarlier() throws {
        let place = "\(folder)/\(BackupList.earlier)"
        for name in try DurableFile.names(in: place) { try DurableFile.remove("\(place)/\(name)") }
    }

    /// Keeps what the last list names while it is replaced.
    private func setAside(_ file: String) throws {
        guard let digest = earlier[file],
            let bytes = try BackupList.bytes(file, digest, in: folder)
        else { return }
        try DurableFile.replace(
            "\(folder)/\(BackupList.earlier)/\(digest)", with: bytes, mode: 0o600)
    }

    /// What the backup has of a file, as it was written there; nil where it has nothing, or that is damaged.
    private func held(_ file: String) throws -> [UInt8]? {
        guard let digest = earlier[file] else {
            return try DurableFile.read("\(folder)/\(file)")
        }
        let bytes = try BackupList.bytes(file, digest, in: folder)
        let target = "\(folder)/\(file)"
        // A backup that was broken off may have put another one in its place.
        if let bytes, try LogStorageError.unlessDamaged({ try DurableFile.read(target) }) != bytes {
            try DurableFile.replace(target, with: bytes, mode: 0o600)
        }
        return bytes
    }

    mutating func keepFirst() throws {
        for part in Self.first { try keep(part: part) }
    }

    mutating func keepLast() throws {
        for part in Self.last { try keep(part: part) }
    }

    /// Copies a file, unless it is not what it should be.
    mutating func keep(_ file: String) throws {
        let bytes: [UInt8]
        do {
            // Another process may have replaced it by one of another name meanwhile.
            guard let found = try DurableFile.read("\(node.home.path)/\(file)") else { return }
            if let what = try node.damage(inSmall: file) {
                return try leave(file, what)
            }
            bytes = found
        } catch {
            return try leave(file, PlainError.line(error))
        }
        let target = "\(folder)/\(file)"
        let there = try LogStorageError.unlessDamaged { try DurableFile.read(target) }
        if there != bytes {
            try setAside(file)
            try DurableFile.replace(target, with: bytes, mode: 0o600)
        }
        // Its time says when a partner was there last.
        if file.hasPrefix("contacts/"),
            let time = try? FileManager.default.attributesOfItem(
                atPath: "\(node.home.path)/\(file)")[.modificationDate]
        {
            try? FileManager.default.setAttributes([.modificationDate: time], ofItemAtPath: target)
        }
        list(file, bytes)
    }

    private mutating func keep(part: String) throws {
        var names: Set<String> = []
        for name in try DurableFile.files(below: "\(node.home.path)/\(part)")
        where !name.hasSuffix(".tmp") && !name.hasSuffix("lock") {
            try keep("\(part)/\(name)")
            names.insert("\(part)/\(name)")
        }
        for name in try DurableFile.files(below: "\(folder)/\(part)") {
            let file = "\(part)/\(name)"
            if names.contains(file) { continue }
            if Self.needed.contains(file) {
                try leave(file, "it is not in the home any more")
            } else if isMeant(file, names) {
                try setAside(file)
                try WholeFile.remove("\(folder)/\(file)")
            } else if let bytes = try held(file) {
                list(file, bytes)
                checks.append(
                    HomeCheck(
                        file, true, "it is not in the home any more; the backup keeps it",
                        hint: "if that is meant, remove it there as well"))
            } else {
                try leave(file, "it is not in the home any more")
            }
        }
        for file in Self.needed where file.hasPrefix("\(part)/") && !names.contains(file) {
            if missing[file] == nil { try leave(file, "it is not in the home") }
        }
    }

    /// Whether a file goes as homes are used: then the backup has it no more, either.
    private func isMeant(_ file: String, _ names: Set<String>) -> Bool {
        if file.hasSuffix(".tmp") || file == Home.nextNodeKeyFile { return true }
        guard file.hasPrefix("signed/") else {
            // A partner that was removed, an invitation that is long over, a dataset that was joined again.
            return !["keys/", "witness/", "evidence/"].contains { file.hasPrefix($0) }
        }
        // A later checkpoint of the same log has taken its place.
        let folder = (file as NSString).deletingLastPathComponent
        let ending = (file as NSString).pathExtension
        return names.contains { $0.hasPrefix(folder + "/") && $0.hasSuffix("." + ending) }
    }

    /// Leaves in the backup what it has of a file, and says so.
    private mutating func leave(_ file: String, _ why: String) throws {
        missing[file] = why
        let before = try held(file)
        let isThere = try DurableFile.isThere("\(folder)/\(file)")
        if let before { list(file, before) }
        checks.append(
            HomeCheck(
                file, false, why,
                hint: before == nil
                    ? isThere
                        ? "what the backup had of it is damaged, too: look for an older backup"
                        : "the backup is without it"
                    : "the backup keeps what it had: put it back from \(folder)/\(file)"))
    }

    private mutating func list(_ file: String, _ bytes: [UInt8]) {
        kept.append(.init(path: file, bytes: bytes.count, sha256: SHA256Hasher.hash(bytes).hex))
    }
}

extension Node {
    /// What is wrong with a small file of the home; nil if it is what was written, or if nobody can say.
    func damage(inSmall file: String) throws -> String? {
        let parts = file.split(separator: "/").map(String.init)
        switch parts.first {
        case "config.json", "keys", "trust", "invitations", "company":
            return try damage(inText: file)
        case "witness": return try damage(inRegister: parts.last ?? "")
        case "evidence":
            return try EvidenceFile(checking: "\(home.path)/\(file)").isProven
                ? nil : "it proves nothing"
        case "signed":
            guard parts.count == 4, let dataset = try? DatasetID("\(parts[1])/\(parts[2])") else {
                return nil
            }
            let isDamaged = try home.signedHeads(dataset).all().contains { head in
                !head.isWhole && head.path.hasSuffix("/" + file)
            }
            return isDamaged ? "it is not what was written to it" : nil
        default: return nil
        }
    }
}
