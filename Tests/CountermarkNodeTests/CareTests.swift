import AnnotationModel
import Foundation
import LogStorage
import Signing
import Testing
import TransparencyLog

@testable import CompanyHome
@testable import CountermarkNode
@testable import PlainErrors

@Suite("Damage and loss beside the logs")
struct CareTests {
    private let oem = "oem.example"
    private let tier = "tier.example"
    private let files = FileManager.default

    @Test("a file that is damaged or lost never replaces the one in the backup, and is told of")
    func goodCopy() throws {
        let all = try Companies([oem, tier])
        let node = try all.node(oem)
        let backup = "\(all.folder.path)/backup"
        try node.write(all.dataset, [all.label("first.png")])
        #expect(try node.backUp(to: backup).checks.allSatisfy(\.isOk))
        for (file, isLost) in [
            ("keys/log.key", false), ("keys/node.key", true), ("trust/own.pem", false),
            ("trust/ca.pem", true), ("trust/\(tier).json", false), ("keys/witness.key", true),
        ] {
            let path = "\(node.home.path)/\(file)"
            let good = try Data(contentsOf: URL(fileURLWithPath: path))
            if isLost {
                try files.removeItem(atPath: path)
            } else {
                try Data().write(to: URL(fileURLWithPath: path))
            }
            let report = try node.backUp(to: backup)
            #expect(report.checks.contains { $0.name == file && !$0.isOk }, "\(file)")
            #expect(files.contents(atPath: "\(backup)/\(file)") == good, "\(file)")
            // What a restore gives is whole, and says what it was made from.
            let place = "\(all.folder.path)/restored"
            let checks = try Restoring(backup).restore(to: place)
            #expect(checks.filter { !$0.isOk }.map(\.name) == [file])
            #expect(files.contents(atPath: "\(place)/\(file)") == good)
            try files.removeItem(atPath: place)
            try good.write(to: URL(fileURLWithPath: path))
        }
        #expect(try node.backUp(to: backup).checks.allSatisfy(\.isOk))
    }

    @Test("an authority's key that was taken away stays in the backup until it is taken there, too")
    func takenAway() throws {
        let all = try Companies([oem])
        let node = try all.node(oem)
        let backup = "\(all.folder.path)/backup"
        _ = try node.backUp(to: backup)
        try files.removeItem(atPath: "\(node.home.path)/keys/ca.key")
        let told = try node.backUp(to: backup).checks.filter { $0.name == "keys/ca.key" }
        #expect(told.count == 1 && told[0].isOk)
        #expect(files.fileExists(atPath: "\(backup)/keys/ca.key"))
        try files.removeItem(atPath: "\(backup)/keys/ca.key")
        #expect(try !node.backUp(to: backup).checks.contains { $0.name == "keys/ca.key" })
    }

    @Test("a log of which the checkpoint is lost is no log that is not there")
    func lostCheckpoint() throws {
        let all = try Companies([oem, tier])
        try all.carry(oem, to: tier)
        let node = try all.node(tier)
        try node.write(all.dataset, [all.label("first.png")])
        let backup = "\(all.folder.path)/backup"
        _ = try node.backUp(to: backup)
        for member in [oem, tier] {
            let folder = node.home.logFolder(try Origin(member), all.dataset)
            let good = try Data(contentsOf: URL(fileURLWithPath: folder + "/checkpoint"))
            try files.removeItem(atPath: folder + "/checkpoint")
            let report = try node.backUp(to: backup)
            let log = "\(member)/\(all.dataset)"
            #expect(report.checks.contains { $0.name == log && !$0.isOk })
            #expect(files.contents(atPath: "\(backup)/logs/\(log)/checkpoint") != nil)
            try good.write(to: URL(fileURLWithPath: folder + "/checkpoint"))
        }
    }

    @Test(
        "a backup that was broken off anywhere is made whole by the next, and restores as nothing until then"
    )
    func brokenOff() throws {
        let all = try Companies([oem])
        let node = try all.node(oem)
        let backup = "\(all.folder.path)/backup"
        _ = try node.backUp(to: backup)
        // What comes first is the last to be there alone.
        for gone in ["backup.json", "keys", "trust", "logs", "signed"] {
            try files.removeItem(atPath: "\(backup)/\(gone)")
            #expect(throws: NodeError.self) { try Restoring(backup) }
        }
        #expect(try node.backUp(to: backup).checks.allSatisfy(\.isOk))
        #expect(try Restoring(backup).check().allSatisfy(\.isOk))
        try files.removeItem(atPath: "\(backup)/config.json")
        try Data().write(to: URL(fileURLWithPath: "\(all.folder.path)/other"))
        try files.createDirectory(
            atPath: "\(all.folder.path)/foreign", withIntermediateDirectories: true)
        try Data().write(to: URL(fileURLWithPath: "\(all.folder.path)/foreign/thesis.txt"))
        #expect(throws: NodeError.self) { try node.backUp(to: "\(all.folder.path)/foreign") }
    }

    @Test("what restores that were ended have left beside a home's place is removed by the next")
    func leftovers() throws {
        let all = try Companies([oem])
        let backup = "\(all.folder.path)/backup"
        _ = try all.node(oem).backUp(to: backup)
        let place = "\(all.folder.path)/restored"
        let left = "\(place).12345.restoring"
        try files.createDirectory(atPath: left + "/keys", withIntermediateDirectories: true)
        let others = "\(place).notes.restoring"
        try files.createDirectory(atPath: others, withIntermediateDirectories: true)
        #expect(try Restoring(backup).restore(to: place).allSatisfy(\.isOk))
        #expect(!files.fileExists(atPath: left) && files.fileExists(atPath: others))
    }

    @Test("a home without its config.json is no place for a new home")
    func lostConfig() throws {
        let all = try Companies([oem, tier])
        let home = try all.node(oem).home
        let key = try home.read("keys/log.key")
        try files.removeItem(atPath: home.path + "/config.json")
        for gone in ["", "keys", "trust", "signed"] {
            if !gone.isEmpty { try files.removeItem(atPath: "\(home.path)/\(gone)") }
            let error = #expect(throws: NodeError.self) { try Home(opening: home.path) }
            #expect(error?.code == .missingFile)
            let refused = #expect(throws: NodeError.self) {
                try Home.make(home.path, origin: home.origin, name: "OEM", time: 0)
            }
            #expect(refused?.code == .homeExists)
            if gone.isEmpty { #expect(try home.read("keys/log.key") == key) }
        }
    }

    @Test("a home that was broken off while it was made is made anew")
    func brokenOffHome() throws {
        let all = try Companies([oem])
        let path = "\(all.folder.path)/new"
        let origin = try Origin("new.example")
        let time = Int64(Date().timeIntervalSince1970)
        let folder = HomeFolder(path)
        try folder.make()
        try WholeFile.replace(folder.beingMade, with: "")
        try WholeFile.replace(path + "/keys/ca.key", with: "half", mode: 0o600)
        _ = try Home.make(path, origin: origin, name: "New", time: time)
        #expect(!files.fileExists(atPath: folder.beingMade))
        #expect(throws: NodeError.self) {
            try Home.make(path, origin: origin, name: "New", time: time)
        }
    }

    @Test("a damaged file about one partner concerns that partner alone, and can be replaced")
    func damagedPartner() throws {
        let all = try Companies([oem, tier, "third.example"])
        let node = try all.node(tier)
        try all.carry(oem, to: tier)
        let path = "\(node.home.path)/trust/third.example.json"
        let good = try Data(contentsOf: URL(fileURLWithPath: path))
        for bad in ["", "{}", "[1]", "{\"org\":"] {
            try Data(bad.utf8).write(to: URL(fileURLWithPath: path))
            #expect(try node.home.partners().map(\.org) == [oem])
            #expect(try node.home.damagedPartners().map(\.org) == ["third.example"])
            #expect(try node.home.hasPartners())
            #expect(try node.home.roots(of: Origin("third.example")).isEmpty)
            #expect(try node.verifyHome().contains { $0.log.hasPrefix("trust") })
            try node.write(all.dataset, [all.label("\(bad.utf8.count).png")])
        }
        let root = try all.node("third.example").home.root().pem
        let report = try node.home.pin(
            try Origin("third.example"), pem: root, url: nil, forgetsURL: false, vkey: nil,
            at: Int64(Date().timeIntervalSince1970))
        #expect(report.changed)
        #expect(try node.home.damagedPartners().isEmpty && node.verifyHome().isEmpty)
        try good.write(to: URL(fileURLWithPath: path))
    }

    @Test("a copied home whose only partner's file is damaged does not write unasked")
    func copiedAndDamaged() throws {
        let all = try Companies([oem, tier])
        let home = try all.node(oem).home
        let copy = "\(all.folder.path)/copy"
        try files.copyItem(atPath: home.path, toPath: copy)
        try Data().write(to: URL(fileURLWithPath: "\(copy)/trust/\(tier).json"))
        let node = try Node(try Home(opening: copy))
        let error = #expect(throws: NodeError.self) {
            try node.write(all.dataset, [all.label("first.png")])
        }
        #expect(error?.code == .notChecked)
    }

    /// The folders that decide what a home holds: none of them is empty because it cannot be read.
    @Test(
        "a folder that cannot be read is not one in which nothing is",
        arguments: ["logs", "logs/oem.example", "trust", "signed", "evidence", "left", "keys"])
    func unreadable(_ folder: String) throws {
        let all = try Companies([oem, tier])
        let home = try all.node(oem).home
        try files.createDirectory(atPath: home.path + "/left", withIntermediateDirectories: true)
        let path = "\(home.path)/\(folder)"
        try files.removeItem(atPath: path)
        // Also who may read everything cannot follow a link in a circle.
        try files.createSymbolicLink(atPath: path, withDestinationPath: path)
        #expect(throws: (any Error).self) {
            let node = try Node(try Home(opening: home.path))
            try node.write(all.dataset, [all.label("first.png")])
        }
        #expect(throws: (any Error).self) {
            let node = try Node(try Home(opening: home.path))
            _ = try node.backUp(to: "\(all.folder.path)/backup")
        }
    }

    @Test("a log whose folder cannot be read is there, and named")
    func unreadableLog() throws {
        let all = try Companies([oem, tier])
        try all.carry(oem, to: tier)
        let node = try all.node(tier)
        let folder = node.home.logFolder(try Origin(oem), all.dataset)
        try files.removeItem(atPath: folder)
        try files.createSymbolicLink(atPath: folder, withDestinationPath: folder)
        #expect(try node.home.members(of: all.dataset).contains(Origin(oem)))
        try node.catchUp(all.dataset)
        #expect(node.unreadableLogs.keys.contains("\(oem)/\(all.dataset)"))
        #expect(
            try node.verify(all.dataset).problems.contains { $0.log == "\(oem)/\(all.dataset)" })
    }

    @Test(
        "cosignatures that cannot be read keep nothing from its work, and repair moves them aside",
        arguments: ["", "garbage", "countermark/cosigned@v1\n"])
    func damagedCosignatures(_ content: String) async throws {
        let all = try Companies([oem, tier])
        let node = try all.node(oem)
        let file = node.home.logFolder(node.home.origin, all.dataset) + "/cosigned"
        try Data((content + "\u{0}").utf8).write(to: URL(fileURLWithPath: file))
        #expect(try node.offers(to: Origin(tier)).count == 1)
        _ = try node.standing(of: all.dataset)
        try node.write(all.dataset, [all.label("first.png")])
        let checks = try await Repair(node.home, from: nil).run([all.dataset])
        #expect(checks.count == 1 && checks[0].isOk && checks[0].detail.contains("cosignatures"))
        #expect(!files.fileExists(atPath: file))
        #expect(try await Repair(node.home, from: nil).run([all.dataset])[0].detail == "whole")
    }

    @Test("logs whose folders have changed places are named, and put back from a copy")
    func swappedFolders() async throws {
        let all = try Companies([oem, tier])
        try all.carry(oem, to: tier)
        let (node, other) = (try all.node(oem), try all.node(tier))
        try other.write(all.dataset, [all.label("theirs.png")])
        try all.carry(tier, to: oem)
        try node.write(all.dataset, [all.label("first.png"), all.label("second.png")])
        let copy = "\(all.folder.path)/copy"
        try files.copyItem(atPath: node.home.path, toPath: copy)
        let digest = try all.digest(oem)
        let (own, theirs) = (
            node.home.logFolder(node.home.origin, all.dataset),
            node.home.logFolder(other.home.origin, all.dataset)
        )
        let between = "\(all.folder.path)/between"
        for (from, to) in [(own, between), (theirs, own), (between, theirs)] {
            try files.moveItem(atPath: from, toPath: to)
        }
        #expect(try !node.verify(all.dataset).problems.isEmpty)
        let checks = try await Repair(node.home, from: copy).run([all.dataset])
        #expect(checks.count == 2 && checks.allSatisfy(\.isOk), "\(checks)")
        #expect(try node.verify(all.dataset).problems.isEmpty)
        #expect(try all.digest(oem) == digest)
    }

    @Test("whoever's own tiles are damaged suspects nobody else")
    func ownDisk() throws {
        let all = try Companies([oem, tier])
        try all.carry(oem, to: tier)
        let (node, other) = (try all.node(oem), try all.node(tier))
        let log = "\(oem)/\(all.dataset)"
        let theirs = try other.reader(of: log)
        let folder = node.home.logFolder(node.home.origin, all.dataset)
        let tile = "\(folder)/tile/0/000.p/\(theirs.size)"
        #expect(files.fileExists(atPath: tile))
        try Data(repeating: 7, count: 32 * Int(theirs.size)).write(to: URL(fileURLWithPath: tile))
        let error = #expect(throws: LogStorageError.self) {
            try node.settle(
                log, with: .init(checkpoint: theirs.checkpoint) { try theirs.subtree($0) })
        }
        #expect("\(try #require(error))".contains("tile/0/000"))
    }

    @Test(
        "an empty file is named, with what to do",
        arguments: [
            "keys/log.key", "keys/node.key", "trust/own.pem", "trust/ca.pem",
            "trust/tier.example.json",
        ])
    func emptyFile(_ file: String) throws {
        let all = try Companies([oem, tier])
        let home = try all.node(oem).home
        try Data().write(to: URL(fileURLWithPath: "\(home.path)/\(file)"))
        let error = #expect(throws: NodeError.self) {
            let node = try Node(try Home(opening: home.path))
            if file.hasSuffix("json") { throw try #require(try home.damagedPartners().first).error }
            _ = try (node.home.logKey(), node.home.identity(), node.home.root())
        }
        #expect(
            try #require(error).message.contains(file) && #require(error).code != .missingFile)
    }

    @Test(
        "a pipe in the place of a file keeps nobody waiting", .timeLimit(.minutes(2)),
        arguments: [
            "config.json", "keys/log.key", "trust/own.pem", "trust/tier.example.json", "anchor",
            "logs/oem.example/oem.example/boards/checkpoint",
            "logs/oem.example/oem.example/boards/cosigned",
            "logs/oem.example/oem.example/boards/lock",
            "logs/oem.example/oem.example/boards/tile/0/000.p/2",
            "logs/oem.example/oem.example/boards/tile/entries/000.p/2",
            "evidence/x.equivocation", "witness/oem.example_oem.example_boards",
        ])
    func pipe(_ file: String) throws {
        let all = try Companies([oem, tier])
        let home = try all.node(oem).home
        let path = "\(home.path)/\(file)"
        try? files.removeItem(atPath: path)
        try files.createDirectory(
            atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        #expect(mkfifo(path, 0o600) == 0)
        func attempt(_ body: () throws -> Void) { try? body() }
        attempt {
            let node = try Node(try Home(opening: home.path))
            attempt { _ = try node.verify(all.dataset) }
            attempt { _ = try node.verifyHome() }
            attempt { _ = try node.standing(of: all.dataset) }
            attempt { try node.write(all.dataset, [all.label("first.png")]) }
            attempt { _ = try node.backUp(to: "\(all.folder.path)/backup") }
        }
    }
}
