import AnnotationModel
import Foundation
import LogStorage
import Provenance
import Testing

@testable import CompanyHome
@testable import CountermarkNode

/// What is saved where many logs are held must not hide what moved.
@Suite("Many logs")
struct ManyLogsTests {
    private let oem = "oem.example"

    @Test("a log that is known is read again as soon as its checkpoint is another file")
    func knownLog() throws {
        let all = try Companies([oem])
        let node = try all.node(oem)
        let owner = try Origin(oem)
        let path = node.home.logFolder(owner, all.dataset) + "/checkpoint"
        let begun = try node.home.log(owner, all.dataset).size
        // Old enough to be kept.
        Thread.sleep(forTimeInterval: 3.1)
        for _ in 0..<2 { #expect(try node.home.log(owner, all.dataset).size == begun) }
        // Another process writes, again and again within one tick of the file system's clock.
        let other = try Node(try Home(opening: node.home.path))
        for number in 1...20 {
            try other.write(all.dataset, [all.label("a.png")])
            #expect(try node.home.log(owner, all.dataset).size == begun + UInt64(number))
        }
        let note = try Data(contentsOf: URL(fileURLWithPath: path))
        for _ in 0..<2 {
            #expect(try node.home.log(owner, all.dataset).checkpoint == Array(note))
            Thread.sleep(forTimeInterval: 3.1)
        }
        try FileManager.default.removeItem(atPath: path)
        #expect(try node.home.log(owner, all.dataset).size == 0)
        try Data("no checkpoint\n".utf8).write(to: URL(fileURLWithPath: path))
        #expect(throws: LogStorageError.self) { try node.home.log(owner, all.dataset) }
    }

    @Test("the keys of all logs that one folder brings are named in one changeset")
    func namedTogether() throws {
        let names = ["a.example", "b.example", "c.example", "d.example"]
        let all = try Companies([oem] + names)
        let stick = "\(all.folder.path)/stick"
        for name in names {
            try all.carry(oem, to: name)
            try all.node(name).write(all.dataset, [all.label("\(name).png")])
            _ = try all.node(name).carryOut(all.dataset, to: stick, for: try Origin(oem))
        }
        let node = try all.node(oem)
        let before = try node.reader(of: "\(oem)/\(all.dataset)").size
        let reports = try node.carryIn(from: stick)
        #expect(reports.allSatisfy { $0.error == nil } && reports.count == names.count + 1)
        #expect(try node.reader(of: "\(oem)/\(all.dataset)").size == before + 1)
        for name in names {
            let member = try Origin(name)
            let keys = try node.read(all.dataset) { $0.state.membership.members[member]?.logKeys }
            #expect(keys?.count == 1, "\(name)")
        }
        #expect(node.namingProblems.isEmpty)
    }

    @Test("what the nodes of one process know together is what a fresh process reads")
    func knownState() throws {
        let names = ["a.example", "b.example"]
        let all = try Companies([oem] + names)
        let node = try all.node(oem)
        let beside = try Node(node.home)
        let (first, second) = (try Origin(names[0]), try Origin(names[1]))
        func expectSame(_ what: String) throws {
            let fresh = try Node(try Home(opening: node.home.path))
            let state = try fresh.read(all.dataset) { $0.state }
            for other in [node, beside] {
                #expect(try other.read(all.dataset) { $0.state } == state, "\(what)")
            }
        }
        try expectSame("at first")
        for name in names {
            try all.carry(oem, to: name)
            try all.node(name).write(all.dataset, [all.label("\(name).png")])
            try all.carry(name, to: oem)
            try expectSame("with the log of \(name)")
        }
        try beside.write(all.dataset, [all.label("beside.png")])
        try expectSame("after a write beside")
        try all.carry(oem, to: names[0])
        try all.node(names[0]).setAudience(all.dataset, [try Origin(oem)])
        try all.carry(names[0], to: oem)
        try expectSame("with an audience")
        // Another process writes and makes the tables anew.
        let other = try Node(try Home(opening: node.home.path))
        try other.cutMember(all.dataset, second, at: 0)
        try expectSame("after a cut by another process")
        try other.rebuild(all.dataset)
        try expectSame("made anew by another process")
        try beside.setMember(all.dataset, first, role: .reader, roots: [])
        try expectSame("with another role")
        try node.rebuild(all.dataset)
        try expectSame("made anew")
    }

    @Test("a partner's file under another organisation's name vouches for nobody")
    func renamedPartner() throws {
        let names = ["a.example", "b.example"]
        let all = try Companies([oem] + names)
        let home = try all.node(oem).home
        let (first, second) = (try Origin(names[0]), try Origin(names[1]))
        #expect(try !home.roots(of: first).isEmpty && !home.roots(of: second).isEmpty)
        let trust = home.path + "/trust"
        try FileManager.default.removeItem(atPath: "\(trust)/\(second).json")
        try FileManager.default.copyItem(
            atPath: "\(trust)/\(first).json", toPath: "\(trust)/\(second).json")
        #expect(try home.roots(of: second).isEmpty && !home.roots(of: first).isEmpty)
        #expect(try home.partners().map(\.org) == [names[0]])
        #expect(try home.damagedPartners().map(\.org) == [names[1]])
    }
}
