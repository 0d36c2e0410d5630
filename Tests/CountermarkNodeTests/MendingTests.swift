import AnnotationModel
import Foundation
import LogStorage
import Testing

@testable import CompanyHome
@testable import CountermarkNode
@testable import PlainErrors

@Suite("Repairs that wait for a contact")
struct MendingTests {
    private let oem = "oem.example"
    private let tier = "tier.example"

    /// The oem's home has lost the middle of the supplier's log, and nobody can be dialled.
    private func damaged() async throws -> (all: Companies, log: String, path: String, good: Data) {
        let all = try Companies([oem, tier])
        try all.carry(oem, to: tier)
        for number in 0..<300 {
            try all.node(tier).write(all.dataset, [all.label("\(number).png")])
        }
        try all.carry(tier, to: oem)
        let log = "\(tier)/\(all.dataset)"
        let node = try all.node(oem)
        let path = node.home.logFolder(try Origin(tier), all.dataset) + "/tile/entries/000"
        let good = try Data(contentsOf: URL(fileURLWithPath: path))
        var bad = good
        bad[bad.count / 2] ^= 1
        try bad.write(to: URL(fileURLWithPath: path))
        let checks = try await Repair(node.home, from: nil).run([all.dataset])
        let told = try #require(checks.first { $0.name == log })
        #expect(!told.isOk && told.hint.contains("it waits") && told.hint.contains(tier))
        #expect(try node.home.waitingRepairs().map(\.missing) == [1])
        return (all, log, path, good)
    }

    @Test("what is missing is told to whoever dials, and put back when it comes")
    func whoeverDials() async throws {
        let (all, log, path, good) = try await damaged()
        let node = try all.node(oem)
        let answer = try node.take(HeldList(logs: []), from: Origin(tier))
        let wanted = try #require(answer.wanted?.first)
        #expect(wanted.origin == log && wanted.tiles == ["tile/entries/000"])
        let found = try all.node(tier).bundles(for: wanted, to: Origin(oem))
        let brought = try #require(found)
        // Others' bytes under that name are not taken.
        var wrong = brought
        wrong.tiles = [.init(path: "tile/entries/000", bytes: Data(good.dropLast(40)))]
        #expect(try node.take(wrong, from: Origin(oem)).tiles == wanted.tiles)
        #expect(try node.take(brought, from: Origin(tier)).isEmpty)
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == good)
        #expect(try node.home.waitingRepairs().isEmpty)
        #expect(try node.verify(all.dataset).problems.isEmpty)
        // Nobody may bring what was not asked for.
        #expect(try node.take(brought, from: Origin(tier)).isEmpty)
    }

    @Test("what came in parts is kept, and a log that is whole again waits for nothing")
    func parts() async throws {
        let (all, log, path, good) = try await damaged()
        let node = try all.node(oem)
        let last = path.replacingOccurrences(of: "000", with: "001.p")
        let names = try FileManager.default.contentsOfDirectory(atPath: last)
        let name = try #require(names.first)
        try Data().write(to: URL(fileURLWithPath: "\(last)/\(name)"))
        let wanted = try node.wanted(of: log)
        #expect(wanted.tiles.count == 2)
        var one = wanted
        one.tiles = [wanted.tiles[0]]
        let first = try all.node(tier).bundles(for: one, to: Origin(oem))
        #expect(try node.take(#require(first), from: Origin(tier)).tiles == [wanted.tiles[1]])
        #expect(try node.home.waitingRepairs().map(\.missing) == [1])
        one.tiles = [wanted.tiles[1]]
        let second = try all.node(tier).bundles(for: one, to: Origin(oem))
        #expect(try node.take(#require(second), from: Origin(tier)).isEmpty)
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == good)
        #expect(try node.verify(all.dataset).problems.isEmpty)
        #expect(try await Repair(node.home, from: nil).run([all.dataset]).allSatisfy(\.isOk))
    }

    @Test("nobody learns of entries that it may not read by saying that it has lost them")
    func notForAll() throws {
        let all = try Companies([oem, tier, "third.example"])
        for name in [tier, "third.example"] { try all.carry(oem, to: name) }
        try all.node(tier).write(all.dataset, [all.label("a.png")])
        try all.node(tier).write(all.dataset, [.governance(.setAudience([try Origin(oem)]))])
        try all.node(tier).write(all.dataset, [all.label("b.png")])
        let wanted = WantedBundles(
            origin: "\(tier)/\(all.dataset)", tiles: ["tile/entries/000.p/3"], checkpoint: true)
        #expect(try all.node(tier).bundles(for: wanted, to: Origin("third.example")) == nil)
        #expect(try all.node(tier).bundles(for: wanted, to: Origin(oem)) != nil)
        #expect(try all.node(tier).bundles(for: wanted, to: Origin("stranger.example")) == nil)
    }

    @Test("a partner that may not read a damaged log neither hears of it nor brings anything")
    func strangers() async throws {
        let (all, log, _, _) = try await damaged()
        let node = try all.node(oem)
        let stranger = try Origin("stranger.example")
        #expect(try node.wanted(for: Origin(tier)).map(\.origin) == [log])
        #expect(try node.wanted(for: stranger).isEmpty)
        for origin in [log, "\(tier)/\(oem)/unknown"] {
            #expect {
                try node.take(
                    BroughtBundles(
                        origin: origin,
                        tiles: [.init(path: "tile/entries/000", bytes: Data([0]))]),
                    from: stranger)
            } throws: {
                ($0 as? NodeError)?.code == .notFound
            }
        }
    }

    @Test("what cannot be found out of damaged logs is told to the operator, and ends no answer")
    func unreadable() async throws {
        let (all, _, _, _) = try await damaged()
        let node = try all.node(oem)
        let folder = node.home.path + "/mending"
        try FileManager.default.removeItem(atPath: folder)
        try Data([1]).write(to: URL(fileURLWithPath: folder))
        var warned: [String] = []
        node.warn = { warned.append($0) }
        let answer = try node.take(HeldList(logs: []), from: Origin(tier))
        #expect(answer.wanted == nil)
        #expect(warned.count == 1 && warned.first?.contains("mending") == true, "\(warned)")
    }

    @Test("whoever brings what is of no use is looked at no more for a while, others are")
    func useless() async throws {
        let (all, log, _, _) = try await damaged()
        let node = try all.node(oem)
        let looks = MendingLooks()
        var count = 0
        func look(_ name: String, useful: Bool) throws -> WantedBundles? {
            try looks.look(at: log, for: Origin(name)) {
                count += 1
                if useful { looks.forget(log) }
                Thread.sleep(forTimeInterval: 0.2)
                return WantedBundles(origin: log, tiles: useful ? [] : ["a"])
            }
        }
        _ = looks.wanted(of: log) {
            Thread.sleep(forTimeInterval: 0.2)
            return WantedBundles(origin: log, tiles: ["a"])
        }
        // What is known is not found out again.
        #expect(looks.wanted(of: log) { WantedBundles(origin: log, tiles: ["b"]) }.tiles == ["a"])
        #expect(try look("evil.example", useful: false)?.tiles == ["a"])
        #expect(try look("evil.example", useful: false) == nil)
        #expect(count == 1)
        #expect(try look("good.example", useful: true)?.tiles == [])
        #expect(count == 2)
        // What nobody asked for is not looked at.
        let before = try node.wanted(of: log)
        let brought = BroughtBundles(
            origin: log, tiles: [.init(path: "tile/entries/007", bytes: Data([0]))])
        #expect(try node.take(brought, from: Origin(tier)).tiles == before.tiles)
    }
}
