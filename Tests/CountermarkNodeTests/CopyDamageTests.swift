import AnnotationModel
import Foundation
import LogStorage
import Testing

@testable import CompanyHome
@testable import CountermarkNode
@testable import PlainErrors

@Suite("Copies of logs that rot, and systems that refuse")
struct CopyDamageTests {
    private let oem = "oem.example"
    private let tier = "tier.example"
    private let files = FileManager.default

    private func stage() throws -> (all: Companies, node: Node, place: String, log: String) {
        let all = try Companies([oem, tier])
        let node = try all.node(oem)
        try node.write(all.dataset, (0..<20).map { all.label("\($0).png") })
        return (all, node, "\(all.folder.path)/copy", "\(oem)/\(all.dataset)")
    }

    /// Changes one byte of each file below a folder of which the path says so.
    private func rot(_ folder: String, _ part: String) throws {
        for file in try DurableFile.files(below: folder) where file.contains(part) {
            let path = "\(folder)/\(file)"
            var bytes = try #require(files.contents(atPath: path))
            bytes[bytes.count / 2] ^= 1
            try bytes.write(to: URL(fileURLWithPath: path))
        }
    }

    @Test(
        "a backup compares what it has, writes anew what has rotted, and says so once",
        arguments: ["tile/entries", "tile/0", "tile", "checkpoint"])
    func backup(_ part: String) throws {
        let (all, node, place, log) = try stage()
        _ = try node.backUp(to: place)
        try rot("\(place)/logs/\(log)", part)
        try node.write(all.dataset, [all.label("later.png")])
        let told = try node.backUp(to: place).checks.filter { $0.name == log }
        // Tiles at the edge alone follow from the entries, and a checkpoint's signature from the home.
        if part.hasSuffix("entries") || part == "tile" { #expect(told.map(\.isOk) == [false]) }
        #expect(try node.backUp(to: place).checks.allSatisfy(\.isOk))
        #expect(try Restoring(place).check().allSatisfy(\.isOk))
        try rot("\(place)/logs/\(log)", "checkpoint")
        _ = try node.backUp(to: place)
        #expect(
            try files.contents(atPath: "\(place)/logs/\(log)/checkpoint").map { Array($0) }
                == node.reader(of: log).checkpoint)
        #expect(try Restoring(place).restore(to: "\(all.folder.path)/r").allSatisfy(\.isOk))
    }

    @Test(
        "a bundle that is gone from a carried folder is written anew, and a newcomer takes the log")
    func carried() throws {
        let (all, node, place, log) = try stage()
        _ = try node.carryOut(all.dataset, to: place, for: nil)
        let folder = "\(place)/logs/\(log)/tile/entries"
        for file in try DurableFile.files(below: folder) {
            try files.removeItem(atPath: "\(folder)/\(file)")
        }
        var told: [String] = []
        node.warn = { told.append($0) }
        _ = try node.carryOut(all.dataset, to: place, for: nil)
        #expect(told.count == 1)
        #expect(try all.node(tier).carryIn(from: place).allSatisfy { $0.error == nil })
        #expect(try all.digest(tier) == all.digest(oem))
    }

    @Test("more of a log than the home has is never written over, whatever has rotted of it")
    func newerCopy() throws {
        let (all, node, place, log) = try stage()
        let older = "\(all.folder.path)/older"
        try files.copyItem(atPath: node.home.path, toPath: older)
        try node.write(all.dataset, [all.label("later.png")])
        _ = try node.carryOut(all.dataset, to: place, for: nil)
        try rot("\(place)/logs/\(log)", "tile/entries")
        let before = try DurableFile.files(below: place)
        let behind = try Node(try Home(opening: older))
        let error = #expect(throws: NodeError.self) {
            try behind.carryOut(all.dataset, to: place, for: nil)
        }
        #expect(error?.code == .otherHistory)
        #expect(try DurableFile.files(below: place) == before)
    }

    @Test("until the new list of a backup stands, the earlier one restores")
    func brokenOff() throws {
        let (all, node, place, _) = try stage()
        _ = try node.backUp(to: place)
        let key = try node.home.certificate()
        _ = try node.rotateKey(
            kind: nil, caKeyText: nil, keyText: nil, chain: nil, passphrase: { "" })
        // As a backup that ends before its list leaves it.
        var parts = BackupFiles(node, place, try BackupList.read(place))
        try parts.keepLast()
        #expect(try Restoring(place).check().allSatisfy(\.isOk))
        let restored = "\(all.folder.path)/restored"
        _ = try Restoring(place).restore(to: restored)
        let own = try Home(opening: restored).identity().certificate
        #expect(own == key)
        #expect(try node.backUp(to: place).checks.allSatisfy(\.isOk))
        #expect(try DurableFile.names(in: "\(place)/\(BackupList.earlier)").isEmpty)
    }

    @Test("a folder in which something else lies is no backup's", arguments: ["stick", "project"])
    func otherFolders(_ kind: String) throws {
        let (all, node, place, _) = try stage()
        if kind == "stick" {
            _ = try node.carryOut(all.dataset, to: place, for: nil)
        } else {
            try files.createDirectory(
                atPath: place + "/logs", withIntermediateDirectories: true)
        }
        let error = #expect(throws: NodeError.self) { try node.backUp(to: place) }
        #expect(error?.code == .noBackupFolder)
        #expect(!files.fileExists(atPath: place + "/keys"))
    }

    @Test("a home is restored to what a link to an empty folder leads to")
    func link() throws {
        let (all, node, place, _) = try stage()
        _ = try node.backUp(to: place)
        let (target, link) = ("\(all.folder.path)/target", "\(all.folder.path)/link")
        try files.createDirectory(atPath: target, withIntermediateDirectories: false)
        try files.createSymbolicLink(atPath: link, withDestinationPath: target)
        #expect(try Restoring(place).restore(to: link).allSatisfy(\.isOk))
        #expect(try Home(opening: link).origin == node.home.origin)
        #expect(files.fileExists(atPath: "\(target)/config.json"))
    }

    @Test("what a system refuses is no damage, and what lies in a file's place is")
    func refusals() throws {
        for code in [EMFILE, ENFILE, ENOMEM, EACCES, EPERM, ENOSPC] {
            let error = LogStorageError.system(call: "open", path: "/x", errno: code)
            #expect(error.isOfSystem)
            #expect(throws: LogStorageError.self) {
                try LogStorageError.unlessDamaged { throw error }
            }
        }
        for code in [ENOENT, EISDIR, ELOOP, EIO] {
            #expect(!LogStorageError.system(call: "open", path: "/x", errno: code).isOfSystem)
        }
        #expect(
            try LogStorageError.unlessDamaged { throw LogStorageError.damaged(path: "", why: "") }
                == nil as Int?)
    }
}
