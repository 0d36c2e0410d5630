import AnnotationModel
import AnnotationStore
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

/// A folder that is gone when the test is over.
final class TemporaryFolder {
    let path = NSTemporaryDirectory() + "countermark-\(UUID().uuidString)"

    init() throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}

/// Companies with homes in one folder that have pinned each other's roots.
struct Companies {
    let folder: TemporaryFolder
    let dataset: DatasetID
    private(set) var nodes: [String: Node] = [:]

    init(_ names: [String]) throws {
        folder = try TemporaryFolder()
        dataset = try DatasetID("\(names[0])/boards")
        let time = Int64(Date().timeIntervalSince1970)
        var homes: [String: Home] = [:]
        for name in names {
            homes[name] = try Home.make(
                "\(folder.path)/\(name)", origin: try Origin(name), name: name, time: time)
        }
        for (name, home) in homes {
            for (other, theirs) in homes where other != name {
                try home.add(
                    .init(org: other, url: nil, roots: try theirs.root().pem, vkey: nil))
            }
            nodes[name] = try Node(home)
        }
        let steward = try node(names[0])
        try steward.create(dataset, title: "Boards", schema: "{}")
        for name in names.dropFirst() {
            try steward.setMember(dataset, try Origin(name), role: .reviewer, roots: [])
        }
    }

    func node(_ name: String) throws -> Node { try #require(nodes[name]) }

    /// Opens a company's home again, as the next command does.
    mutating func reopen(_ name: String) throws {
        nodes[name] = try Node(Home(opening: "\(folder.path)/\(name)"))
    }

    /// Carries one company's log to another node, by the same door that HTTP uses.
    func carry(_ member: String, to receiver: String, via: String? = nil) throws {
        let log = "\(member)/\(dataset)"
        let to = try node(receiver)
        let held = try LogReader(
            directory: to.home.logFolder(try Origin(member), dataset)
        ).size
        let out = try node(via ?? member).outgoing(log, from: held)
        if out.count == 0 { return }
        try to.accept(log, from: held, bundle: out.bundle, checkpoint: out.checkpoint)
        try to.catchUp(dataset)
    }

    func digest(_ name: String) throws -> String {
        try node(name).read(dataset) { $0.state.digest.hex }
    }

    func label(_ item: String) -> AnnotationModel.Operation {
        .addAnnotation(
            item: item, className: "spur",
            selector: .box(.init(x: 1, y: 2, width: 3, height: 4)), fields: [:])
    }
}

@Suite("A node and its logs")
struct NodeTests {
    private let oem = "oem.example"
    private let tier = "tier.example"

    @Test("pictures are registered with the size that their header states, other files without")
    func pictureSizes() throws {
        let companies = try Companies(["acme.example"])
        let node = try #require(companies.nodes["acme.example"])
        let folder = companies.folder.path + "/pictures"
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true)
        let png: [UInt8] =
            [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13] + Array("IHDR".utf8)
            + [0, 0, 2, 0x80, 0, 0, 1, 0xe0]
        let jpeg: [UInt8] = [
            0xff, 0xd8, 0xff, 0xe0, 0, 4, 0, 0, 0xff, 0xc0, 0, 11, 8, 1, 0x77, 4, 0xda, 1,
        ]
        for (name, bytes) in [("a.png", png), ("b.jpg", jpeg), ("c.jpg", [0xff, 0xd8, 0xff])] {
            try Data(bytes).write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
        }
        _ = try node.addItems(companies.dataset, [folder], groupBy: nil)
        var sizes: [String: [FieldValue?]] = [:]
        try node.store.forEachItem(companies.dataset) {
            sizes[$0.key] = [$0.fields["width"], $0.fields["height"]]
        }
        #expect(sizes["a.png"] == [.integer(640), .integer(480)])
        #expect(sizes["b.jpg"] == [.integer(1242), .integer(375)])
        #expect(sizes["c.jpg"] == [nil, nil])
    }

    @Test("two companies that change one field see one conflict, the same digest, and settle it")
    func conflict() throws {
        let all = try Companies([oem, tier, "third.example"])
        let id = try #require(all.node(oem).write(all.dataset, [all.label("a.png")]).first)
        for name in [tier, "third.example"] { try all.carry(oem, to: name) }
        try all.node(oem).write(all.dataset, [.set(id, [.className("open")])])
        try all.node(tier).write(all.dataset, [.set(id, [.className("short")])])
        try all.carry(tier, to: oem)
        try all.carry(oem, to: tier)
        // The third company gets the supplier's log from the manufacturer: it is relayed.
        try all.carry(oem, to: "third.example")
        try all.carry(tier, to: "third.example", via: oem)
        #expect(try all.digest(oem) == all.digest(tier))
        #expect(try all.digest(oem) == all.digest("third.example"))
        #expect(try all.node(oem).read(all.dataset) { $0.state.counts.conflicts } == 1)

        try all.node(oem).write(all.dataset, [.set(id, [.className("short")])])
        try all.carry(oem, to: tier)
        #expect(try all.node(tier).read(all.dataset) { $0.state.counts.conflicts } == 0)
        #expect(try all.digest(oem) == all.digest(tier))
    }

    @Test("a rebuild gives the same digest, and a verification finds nothing")
    func rebuild() throws {
        let all = try Companies([oem, tier])
        try all.node(oem).write(all.dataset, (0..<50).map { all.label("\($0).png") })
        try all.carry(oem, to: tier)
        let digest = try all.digest(tier)
        try all.node(tier).rebuild(all.dataset)
        #expect(try all.digest(tier) == digest)
        let report = try all.node(tier).verify(all.dataset)
        #expect(report.problems.isEmpty)
        #expect(report.entries == report.signatures)
    }

    @Test("any flipped byte of an entry, a tile or a checkpoint is found and its file named")
    func flippedBytes() throws {
        let all = try Companies([oem, tier])
        for index in 0..<5 {
            try all.node(oem).write(all.dataset, [all.label("\(index).png")])
        }
        let node = try all.node(oem)
        let folder = node.home.logFolder(try Origin(oem), all.dataset)
        let files = try FileManager.default.subpathsOfDirectory(atPath: folder).filter {
            var isFolder: ObjCBool = false
            _ = FileManager.default.fileExists(atPath: "\(folder)/\($0)", isDirectory: &isFolder)
            return !isFolder.boolValue && $0 != "lock"
        }
        #expect(files.count == 3)
        for file in files {
            let url = URL(fileURLWithPath: "\(folder)/\(file)")
            let whole = try Data(contentsOf: url)
            for position in stride(from: 0, to: whole.count, by: max(1, whole.count / 97)) {
                var changed = whole
                changed[position] ^= 0x10
                try changed.write(to: url)
                let problems = try node.verify(all.dataset).problems
                #expect(!problems.isEmpty, "\(file) at \(position)")
            }
            try whole.write(to: url)
        }
        #expect(try node.verify(all.dataset).problems.isEmpty)
    }

    @Test("a changed row of the label table is found")
    func changedRow() throws {
        let all = try Companies([oem, tier])
        let ids = try all.node(oem).write(
            all.dataset, [all.label("a.png"), all.label("b.png")])
        try all.node(oem).write(all.dataset, [.set(ids[0], [.className("spur")])])
        let path = try all.node(oem).home.path + "/state.sqlite"
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [
            "python3", "-c",
            "import sqlite3,sys;c=sqlite3.connect(sys.argv[1]);"
                + "c.execute('UPDATE touched SET status=1');c.commit()", path,
        ]
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        let problems = try Node(Home(opening: try all.node(oem).home.path))
            .verify(all.dataset).problems
        #expect(problems.contains { $0.what.contains("rebuild") })
    }

    @Test("entries that are cut, changed, of another log or under another checkpoint are refused")
    func refusedPushes() throws {
        let all = try Companies([oem, tier])
        let log = "\(oem)/\(all.dataset)"
        try all.node(oem).write(all.dataset, [all.label("a.png")])
        let out = try all.node(oem).outgoing(log, from: 0)
        let to = try all.node(tier)
        func refuse(
            _ bundle: [UInt8], _ note: [UInt8], log: String, from: UInt64 = 0
        ) {
            #expect(throws: (any Error).self) {
                try to.accept(log, from: from, bundle: bundle, checkpoint: note)
            }
        }
        refuse(Array(out.bundle.dropLast()), out.checkpoint, log: log)
        for position in stride(from: 0, to: out.bundle.count, by: 13) {
            var changed = out.bundle
            changed[position] ^= 1
            refuse(changed, out.checkpoint, log: log)
        }
        for position in stride(from: 0, to: out.checkpoint.count, by: 5) {
            var changed = out.checkpoint
            changed[position] ^= 1
            refuse(out.bundle, changed, log: log)
        }
        refuse(out.bundle, out.checkpoint, log: "\(tier)/\(all.dataset)")
        refuse(out.bundle, out.checkpoint, log: "other.example/\(all.dataset)")
        refuse(out.bundle, out.checkpoint, log: log, from: 1)
        #expect(try LogReader(directory: to.home.logFolder(try Origin(oem), all.dataset)).size == 0)
        try to.accept(log, from: 0, bundle: out.bundle, checkpoint: out.checkpoint)
    }

    @Test("two histories of one log are refused, and both checkpoints are kept")
    func equivocation() throws {
        let all = try Companies([oem, tier])
        try all.node(oem).write(all.dataset, [all.label("a.png")])
        try all.carry(oem, to: tier)
        let home = try all.node(oem).home.path
        let copy = all.folder.path + "/copy"
        try FileManager.default.copyItem(atPath: home, toPath: copy)
        try all.node(oem).write(all.dataset, [all.label("b.png")])
        try all.carry(oem, to: tier)
        let forked = try Node(Home(opening: copy))
        forked.mayWriteUnchecked = true
        try forked.write(all.dataset, [all.label("c.png")])
        let to = try all.node(tier)
        let offer = try #require(try forked.offers(to: Origin(tier)).first)
        let log = "\(oem)/\(all.dataset)"
        #expect(
            try to.compare(offer, with: try Origin(oem)).step(isOwn: false) == .investigate)
        let theirs = try forked.tree(log)
        #expect(try to.settle(log, with: theirs))
        #expect(try !to.settle(log, with: theirs))
        let kept = try FileManager.default.contentsOfDirectory(
            atPath: to.home.path + "/evidence")
        #expect(kept.count == 1)
        // The first entry introduced the key, the second made the member: both are common.
        let common = try forked.reader(of: log).size - 1
        #expect(try to.evidence().first?.prefix == common)
    }

    @Test(
        "a longer second history is proven by its tiles, the proof travels, and the log stands still"
    )
    func longerFork() throws {
        let third = "third.example"
        let all = try Companies([oem, tier, third])
        let log = "\(oem)/\(all.dataset)"
        try all.node(oem).write(all.dataset, [all.label("a.png")])
        for name in [tier, third] { try all.carry(oem, to: name) }
        let copy = all.folder.path + "/copy"
        try FileManager.default.copyItem(atPath: all.node(oem).home.path, toPath: copy)
        try all.node(oem).write(all.dataset, [all.label("b.png")])
        try all.carry(oem, to: tier)
        let forked = try Node(Home(opening: copy))
        forked.mayWriteUnchecked = true
        for item in ["c.png", "d.png"] { try forked.write(all.dataset, [all.label(item)]) }

        let to = try all.node(tier)
        let held = try to.reader(of: log).size
        let out = try forked.outgoing(log, from: held)
        #expect {
            try to.accept(log, from: held, bundle: out.bundle, checkpoint: out.checkpoint)
        } throws: {
            ($0 as? NodeError)?.code == .doesNotExtend
        }
        #expect(try to.settle(log, with: try forked.tree(log)))
        let file = try #require(try to.evidence().first)
        #expect(file.isProven && file.kind == "rewritten" && file.log == log)

        let text = try #require(try to.evidence(for: try Origin(third)).first)
        let other = try all.node(third)
        #expect(try other.take(evidence: text, from: try Origin(oem)))
        #expect(try !other.take(evidence: text, from: try Origin(oem)))
        let before = try other.reader(of: log).size
        #expect(throws: NodeError.self) { try all.carry(oem, to: third) }
        #expect(try other.reader(of: log).size == before)
        // Growth alone accuses nobody.
        #expect(throws: (any Error).self) {
            try other.take(
                evidence: text.replacingOccurrences(of: "leaf ", with: "leaf A"),
                from: try Origin(oem))
        }
    }

    @Test("a cut member's entries are stored, not counted, and said why")
    func cut() throws {
        let all = try Companies([oem, tier])
        try all.carry(oem, to: tier)
        try all.node(tier).write(all.dataset, [all.label("a.png")])
        try all.carry(tier, to: oem)
        try all.node(oem).cutMember(all.dataset, try Origin(tier), at: 1)
        try all.node(tier).write(all.dataset, [all.label("late.png")])
        try all.carry(tier, to: oem)
        let (counts, logs) = try all.node(oem).read(all.dataset) {
            ($0.state.counts, $0.state.logs.mapValues(\.origin))
        }
        #expect(counts.annotations == 1)
        let found = try all.node(oem).store.quarantined(logs)
        #expect(found.map(\.why) == [.beyondCut])
        // Cutting earlier takes back what was counted.
        try all.node(oem).cutMember(all.dataset, try Origin(tier), at: 0)
        #expect(try all.node(oem).read(all.dataset) { $0.state.counts.annotations } == 0)
    }

    @Test("an organisation that is no member sees nothing")
    func access() throws {
        let all = try Companies([oem, tier])
        #expect(try !all.node(oem).mayRead(all.dataset, try Origin("stranger.example")))
        #expect(try all.node(oem).offers(to: try Origin("stranger.example")).isEmpty)
        #expect(try all.node(oem).offers(to: try Origin(tier)).count == 1)
    }
}
