import AnnotationModel
import Foundation
import LogStorage
import Provenance
import Replication
import Signing
import Testing
import TransparencyLog

@testable import CompanyHome
@testable import CountermarkNode
@testable import PlainErrors

@Suite("An own log extends all that was signed")
struct OwnLogTests {
    private let oem = "oem.example"
    private let tier = "tier.example"

    /// A steward with three entries of which the partner has all, and whose log then lacks the last one.
    private func shortened() throws -> (Companies, Node, folder: String) {
        let all = try Companies([oem, tier])
        let node = try all.node(oem)
        try node.write(all.dataset, [all.label("a.png")])
        let folder = node.home.logFolder(try Origin(oem), all.dataset)
        let kept = all.folder.path + "/kept"
        try FileManager.default.copyItem(atPath: folder, toPath: kept)
        try node.write(all.dataset, [all.label("b.png")])
        try all.carry(oem, to: tier)
        try FileManager.default.removeItem(atPath: folder)
        try FileManager.default.copyItem(atPath: kept, toPath: folder)
        return (all, node, folder)
    }

    private func refuses(_ node: Node, _ all: Companies, _ code: String) {
        #expect {
            try node.write(all.dataset, [all.label("c.png")])
        } throws: {
            ($0 as? NodeError)?.code.word == code
        }
    }

    @Test("the record alone, the label table alone: either keeps a shorter log from going on")
    func eachAlone() throws {
        let (all, node, _) = try shortened()
        refuses(node, all, "own-log-behind")
        try FileManager.default.removeItem(atPath: node.home.path + "/signed")
        refuses(node, all, "own-log-behind")

        let (others, other, _) = try shortened()
        let fresh = try FileManager.default.contentsOfDirectory(atPath: other.home.path)
        for name in fresh where name.hasPrefix("state.sqlite") {
            try FileManager.default.removeItem(atPath: "\(other.home.path)/\(name)")
        }
        refuses(try Node(other.home), others, "own-log-behind")
    }

    @Test(
        "what a partner tells of the own log is recorded, if the own key signed it, and settles a moved home"
    )
    func held() throws {
        let (all, node, _) = try shortened()
        let partner = try all.node(tier)
        try FileManager.default.removeItem(atPath: node.home.path + "/signed")
        let told = try partner.held(of: try Origin(oem))
        #expect(told.logs.count == 1)
        let answer = try node.take(told, from: try Origin(tier))
        #expect(!answer.complete)
        #expect(try node.home.signedHeads(all.dataset).all().contains { !$0.isOwn })
        // --offline does not sign over what somebody else has.
        node.mayWriteUnchecked = true
        refuses(node, all, "own-log-behind")
        node.mayWriteUnchecked = false

        let log = "\(oem)/\(all.dataset)"
        let size = try node.reader(of: log).size
        let out = try partner.outgoing(log, from: size)
        try node.accept(
            log, from: size, checkpoint: out.checkpoint, isTakingBack: true
        ) { take in
            try partner.reader(of: log).forEachBatch(
                from: size, to: partner.reader(of: log).size, take)
        }
        #expect(try node.take(told, from: try Origin(tier)).complete)
        try node.write(all.dataset, [all.label("d.png")])
    }

    @Test("an invented checkpoint of the own log is neither recorded nor heard")
    func invented() throws {
        let all = try Companies([oem, tier])
        let node = try all.node(oem)
        let log = "\(oem)/\(all.dataset)"
        let key = try SigningKey.generate(.ed25519)
        let text = Checkpoint(origin: log, size: 900, root: .zero).text
        let note = try SignedNote.sign(text, name: log, key: key)
        let told = HeldList(
            logs: [
                .init(origin: log, size: 900, checkpoint: String(decoding: note, as: UTF8.self))
            ], more: nil, time: nil)
        #expect(try !node.take(told, from: try Origin(tier)).complete)
        #expect(try node.home.signedHeads(all.dataset).all().allSatisfy { $0.size < 900 })
        try node.write(all.dataset, [all.label("a.png")])
    }

    @Test("a lost checkpoint comes back from the record; without any record nothing is removed")
    func lostCheckpoint() throws {
        let all = try Companies([oem, tier])
        let node = try all.node(oem)
        try node.write(all.dataset, [all.label("a.png")])
        let folder = node.home.logFolder(try Origin(oem), all.dataset)
        let size = try LogReader(directory: folder).size
        try FileManager.default.removeItem(atPath: folder + "/checkpoint")
        try node.write(all.dataset, [all.label("b.png")])
        #expect(try LogReader(directory: folder).size == size + 1)
        #expect(try node.verify(all.dataset).problems.isEmpty)

        try FileManager.default.removeItem(atPath: folder + "/checkpoint")
        try FileManager.default.removeItem(atPath: node.home.path + "/signed")
        #expect(throws: LogStorageError.self) {
            try node.write(all.dataset, [all.label("c.png")])
        }
        #expect(FileManager.default.fileExists(atPath: folder + "/tile/entries"))
        #expect(try !node.verify(all.dataset).problems.isEmpty)
    }

    @Test("a damaged tile of the own log is named, and ends nothing else")
    func cutTile() throws {
        let all = try Companies([oem, tier])
        let node = try all.node(oem)
        try node.write(all.dataset, [all.label("a.png")])
        let folder = node.home.logFolder(try Origin(oem), all.dataset)
        let tiles = try FileManager.default.subpathsOfDirectory(atPath: folder + "/tile/0")
        let tile = try #require(tiles.first { $0.contains(".p/") })
        try Data("cut".utf8).write(to: URL(fileURLWithPath: "\(folder)/tile/0/\(tile)"))
        let problems = try node.verify(all.dataset).problems
        #expect(problems.contains { $0.log == "\(oem)/\(all.dataset)" })
    }

    @Test("a log that lies in another's folder is not merged, and is whole again in its own")
    func swapped() throws {
        let all = try Companies([oem, tier])
        let node = try all.node(oem)
        try node.write(all.dataset, [all.label("a.png")])
        let before = try node.read(all.dataset) { $0.state.digest }
        let folders = try [oem, tier].map { node.home.logFolder(try Origin($0), all.dataset) }
        try DurableFile.move(folders[0], to: folders[1])
        try node.catchUp(all.dataset)
        #expect(
            node.unreadableLogs["\(tier)/\(all.dataset)"]?.contains("checkpoint of \(oem)") == true)
        #expect(throws: LogStorageError.self) { try node.rebuild(all.dataset) }
        #expect(throws: (any Error).self) { try node.write(all.dataset, [all.label("b.png")]) }
        #expect(try !node.verify(all.dataset).problems.isEmpty)
        // The write that was refused has left its lock.
        try FileManager.default.removeItem(atPath: folders[0])
        try DurableFile.move(folders[1], to: folders[0])
        try node.catchUp(all.dataset)
        #expect(try node.read(all.dataset) { $0.state.digest } == before)
        #expect(try node.verify(all.dataset).problems.isEmpty)
    }

    @Test("what partners would refuse is never signed, whatever a command made of its input")
    func unsignable() throws {
        let all = try Companies([oem, tier])
        let node = try all.node(oem)
        func label(_ fields: [Field: FieldValue]) -> AnnotationModel.Operation {
            .addAnnotation(item: "a.png", className: "a", selector: .wholeItem, fields: fields)
        }
        let wrong: [AnnotationModel.Operation] = [
            label([.known(.confidence): .float(85)]), label([.known(.confidence): .float(.nan)]),
            label([.known(.confidence): .integer(-1)]), label([.known(.confidence): .text("1")]),
            label([.known(.status): .integer(7)]), label([.known(.status): .text("active")]),
            label([.attribute("a"): .float(.infinity)]),
        ]
        let before = try LogReader(directory: node.home.logFolder(try Origin(oem), all.dataset))
            .size
        for operation in wrong {
            #expect(throws: (any Error).self, "\(operation)") {
                try node.write(all.dataset, [operation])
            }
        }
        let after = try LogReader(directory: node.home.logFolder(try Origin(oem), all.dataset)).size
        #expect(before == after)
        try node.write(all.dataset, [label([.known(.confidence): .float(1)])])
        #expect(try node.verify(all.dataset).problems.isEmpty)
    }

    @Test("a damaged record of what was signed is named")
    func damagedRecord() throws {
        let all = try Companies([oem, tier])
        let node = try all.node(oem)
        try node.write(all.dataset, [all.label("a.png")])
        let head = try #require(node.home.signedHeads(all.dataset).all().last)
        let note = try #require(try DurableFile.read(head.path))
        try Data(note.dropLast(3)).write(to: URL(fileURLWithPath: head.path))
        #expect(
            try node.verify(all.dataset).problems.contains { $0.what.contains(".own is damaged") })
    }

    @Test(
        "a copy of a home, an old file put into a younger one, and another start of the machine show"
    )
    func places() throws {
        let all = try Companies([oem, tier])
        let home = try all.node(oem).home
        #expect(home.place == .holds)
        #expect(HomeAnchor(home, boot: "another").state == .restarted)
        #expect(HomeAnchor(home, boot: nil).state == .holds)
        // The disk was mounted anew; another namespace's mounts tell nothing.
        if let mount = Uptime.mount(of: home.path) {
            let space = mount.prefix { $0 != " " }
            #expect(HomeAnchor(home, mount: "\(space) 1").state == .restarted)
            #expect(HomeAnchor(home, mount: "1 1").state == .holds)
        }
        let copy = all.folder.path + "/copy"
        try FileManager.default.copyItem(atPath: home.path, toPath: copy)
        #expect(try Home(opening: copy).place == .moved)
        let old = try Data(contentsOf: URL(fileURLWithPath: home.path + "/anchor"))
        try FileManager.default.removeItem(atPath: home.path + "/anchor")
        try HomeAnchor(home).set()
        try old.write(to: URL(fileURLWithPath: home.path + "/anchor"))
        #expect(home.place == .moved)
    }

    @Test("a record that came back from elsewhere holds up its own dataset, and no other one")
    func placeOfDataset() throws {
        let all = try Companies([oem, tier])
        let node = try all.node(oem)
        try node.write(all.dataset, [all.label("a.png")])
        let other = try DatasetID("\(oem)/other")
        try node.create(other, title: "other", schema: "{}")
        let record = try #require(node.home.signedHeads(other).all().last { $0.isOwn }).path
        let bytes = try Data(contentsOf: URL(fileURLWithPath: record))
        try FileManager.default.removeItem(atPath: record)
        // The file of another inode, which says that it is the one that is gone.
        try Data("x".utf8).write(to: URL(fileURLWithPath: record + ".beside"))
        try bytes.write(to: URL(fileURLWithPath: record))
        #expect(node.home.place == .moved)
        #expect(node.home.place(for: all.dataset) == .holds)
        #expect(node.home.place(for: other) == .moved)
        try node.write(all.dataset, [all.label("b.png")])
        #expect {
            try node.write(other, [all.label("b.png")])
        } throws: { ($0 as? NodeError)?.code == .notChecked }
    }

    @Test("what is known of a partner is what its file says now")
    func partnerFiles() throws {
        let all = try Companies([oem, tier])
        let home = try all.node(oem).home
        let file = home.path + "/trust/\(tier).json"
        let known = try #require(try home.partner(try Origin(tier)))
        try home.add(.init(org: tier, url: "https://b.example:1", roots: known.roots, vkey: nil))
        #expect(try home.partner(try Origin(tier))?.url == "https://b.example:1")
        try Data("{}".utf8).write(to: URL(fileURLWithPath: file))
        #expect(throws: NodeError.self) { try home.partner(try Origin(tier)) }
        #expect(try home.damagedPartners().map(\.org) == [tier])
        try home.removePartner(try Origin(tier))
        #expect(try home.partner(try Origin(tier)) == nil)
    }

    @Test(
        "a restored home waits for every partner that was ever in contact, but not for one that is silent"
    )
    func hearing() throws {
        let third = "third.example"
        let all = try Companies([oem, tier, third])
        let node = try all.node(oem)
        let contacts = PartnerContacts(node.home)
        contacts.note(try Origin(tier))
        contacts.note(try Origin(third))
        #expect(try node.home.partnersToHear() == [tier, third])
        let copy = all.folder.path + "/copy"
        try FileManager.default.copyItem(atPath: node.home.path, toPath: copy)
        let moved = try Node(Home(opening: copy))
        refuses(moved, all, "not-checked")
        try moved.noteHeard(try Origin(tier))
        refuses(moved, all, "not-checked")
        try moved.noteUnreached(try Origin(third))
        try moved.write(all.dataset, [all.label("c.png")])
        let old = Date(timeIntervalSinceNow: -8 * 86_400)
        try FileManager.default.setAttributes(
            [.modificationDate: old], ofItemAtPath: node.home.path + "/contacts/\(third)")
        #expect(try node.home.partnersToHear() == [tier])
    }

    @Test("nobody was reached is nobody was asked")
    func onlyUnreached() throws {
        let all = try Companies([oem, tier])
        let copy = all.folder.path + "/copy"
        try FileManager.default.copyItem(atPath: all.node(oem).home.path, toPath: copy)
        let moved = try Node(Home(opening: copy))
        try moved.noteUnreached(try Origin(tier))
        refuses(moved, all, "not-checked")
    }

    @Test("a damaged entry is not merged, and a rebuild leaves the labels as they were")
    func damage() throws {
        let all = try Companies([oem, tier])
        let node = try all.node(oem)
        try node.write(all.dataset, [all.label("a.png")])
        let folder = node.home.logFolder(try Origin(oem), all.dataset)
        let names = try FileManager.default.subpathsOfDirectory(atPath: folder + "/tile/entries")
        let name = try #require(names.first { !$0.hasSuffix(".p") })
        let path = "\(folder)/tile/entries/\(name)"
        var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        bytes[bytes.count - 80] ^= 1
        try bytes.write(to: URL(fileURLWithPath: path))
        let before = try node.read(all.dataset) { $0.state.digest }
        #expect(throws: LogStorageError.self) { try node.rebuild(all.dataset) }
        let after = try node.read(all.dataset) { $0.state.digest }
        #expect(after == before)
        let fresh = try Node(replaying: node)
        try fresh.catchUp(all.dataset)
        #expect(fresh.unreadableLogs.count == 1)
        #expect(throws: LogStorageError.self) {
            try node.reader(of: "\(oem)/\(all.dataset)").resource("tile/entries/\(name)")
        }
    }

    @Test("a backup is closed to others, incremental, and makes a home with the same labels")
    func backup() throws {
        let all = try Companies([oem, tier])
        let node = try all.node(oem)
        try node.write(all.dataset, [all.label("a.png")])
        let folder = all.folder.path + "/backup"
        let first = try node.backUp(to: folder)
        #expect(first.entries == first.entriesInAll && !first.checks.contains { !$0.isOk })
        try node.write(all.dataset, [all.label("b.png")])
        #expect(try node.backUp(to: folder).entries == 1)
        #expect(throws: NodeError.self) { try node.backUp(to: node.home.path + "/in") }
        #expect(throws: NodeError.self) { try all.node(tier).backUp(to: folder) }
        let made = all.folder.path + "/made"
        let checks = try Restoring(folder).restore(to: made)
        #expect(!checks.contains { !$0.isOk })
        let restored = try Node(Home(opening: made))
        let digests = try [restored, node].map { try $0.read(all.dataset) { $0.state.digest } }
        #expect(digests[0] == digests[1])
        refuses(restored, all, "not-checked")
        #expect(throws: NodeError.self) { try Restoring(folder).restore(to: made) }
    }

    @Test("an own clock that nobody agrees with is told of, beyond a day nothing is signed")
    func clock() throws {
        let all = try Companies([oem, tier])
        let home = try all.node(oem).home
        let time = Int64(Date().timeIntervalSince1970)
        for (ahead, isRefused) in [(86_400 as Int64, false), (86_402, true), (-86_402, true)] {
            let node = try Node(home) { time }
            var said: [String] = []
            node.warn = { said.append($0) }
            let old = home.path + "/contacts/\(tier).clock"
            try? FileManager.default.removeItem(atPath: old)
            node.noteClock(try Origin(tier), time - ahead)
            if isRefused {
                refuses(node, all, "clock-differs")
                node.isClockRight = true
            }
            // Whether the certificate is valid at this time is another question.
            try node.write(all.dataset, [all.label("\(ahead).png")])
            #expect(!said.isEmpty)
            guard isRefused else { continue }
            // A partner that repeats its time stops nothing more, until it has agreed once.
            node.isClockRight = false
            node.noteClock(try Origin(tier), time - ahead)
            try node.write(all.dataset, [all.label("\(ahead)-again.png")])
            node.noteClock(try Origin(tier), time)
            node.noteClock(try Origin(tier), time - ahead)
            refuses(node, all, "clock-differs")
        }
    }

    @Test("a clock that was set since the contact shows by the time since the machine started")
    func jump() {
        let note = ClockNote(theirs: 1_000, ours: 1_000, uptime: 50, boot: "a")
        #expect(note.ahead(at: 1_100, uptime: 150, boot: "a") == 0)
        #expect(note.ahead(at: 90_000, uptime: 150, boot: "a") == 88_900)
        #expect(note.ahead(at: 90_000, uptime: 10, boot: "b") == 0)
        #expect(note.ahead(at: 400, uptime: 10, boot: "b") == -600)
    }
}
