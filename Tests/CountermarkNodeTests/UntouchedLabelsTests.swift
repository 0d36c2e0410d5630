import AnnotationModel
import AnnotationStore
import Foundation
import GRDB
import LogStorage
import Provenance
import Signing
import Testing

@testable import CompanyHome
@testable import CountermarkNode

@Suite("Labels that nobody touched since they were added")
struct UntouchedLabelsTests {
    private let oem = "oem.example"
    private let tier = "tier.example"

    private func rows(_ node: Node) throws -> Int {
        let queue = try DatabaseQueue(path: node.home.path + "/state.sqlite")
        return try queue.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM touched") ?? -1 }
    }

    private func labels(
        _ node: Node, _ dataset: DatasetID, _ filter: LabelFilter = LabelFilter()
    ) throws -> [LabelView] {
        let logs = try node.read(dataset) { $0.state.logs.mapValues(\.origin) }
        var found: [LabelView] = []
        try node.store.forEachLabel(logs, filter: filter) { found.append($0) }
        return found
    }

    @Test("they have no row, and one that is changed has one; both are listed alike")
    func rows() throws {
        let all = try Companies([oem, tier])
        let node = try all.node(oem)
        let items = (0..<9_000).map { "board-\($0 % 7).png" }
        let ids = try node.write(all.dataset, items.map { all.label($0) })
        #expect(try rows(node) == 0)
        #expect(try labels(node, all.dataset).map(\.item) == items)
        try node.write(all.dataset, [.set(ids[4_500], [.className("open")])])
        try node.write(all.dataset, [.set(ids[8_999], [.field(.known(.status), .integer(1))])])
        #expect(try rows(node) == 2)

        let found = try labels(node, all.dataset)
        #expect(found.map(\.item) == items)
        #expect(found.indices.filter { found[$0].className == "open" } == [4_500])
        #expect(found.indices.filter { found[$0].isRetracted } == [8_999])
        for item in ["board-0.png", "board-6.png", "none.png"] {
            var filter = LabelFilter()
            filter.items = [item]
            let expected = found.filter { $0.item == item }.map(\.id)
            #expect(try labels(node, all.dataset, filter).map(\.id) == expected)
        }
        var filter = LabelFilter()
        filter.classNames = ["open"]
        #expect(try labels(node, all.dataset, filter).map(\.id) == [ids[4_500]])

        // What is walked is what a query finds, and whoever walks may ask whatever else there is to ask.
        filter = LabelFilter()
        filter.isWithoutExcluded = true
        #expect(try labels(node, all.dataset, filter).map(\.fields) == found.map(\.fields))
        let logs = try node.read(all.dataset) { $0.state.logs.mapValues(\.origin) }
        var count = 0
        try node.store.forEachLabel(logs) { label in
            guard count % 2_000 == 0 else { return count += 1 }
            count += 1
            #expect(try node.store.label(label.key, origin: label.id.origin)?.item == label.item)
            _ = try node.store.item(all.dataset, key: label.item)
            try node.write(all.dataset, [.set(label.id, [.className("short")])])
        }
        #expect(count == items.count)
        var brief: [String] = []
        try node.store.forEachEncodedLabel(logs) { label in
            brief.append(try label.itemKey())
            #expect(try label.isOfAlias() == false && label.kind == .box)
        }
        #expect(brief == items)
    }

    @Test("one may be changed in the changeset that adds it")
    func sameChangeset() throws {
        let all = try Companies([oem, tier])
        let node = try all.node(oem)
        try node.write(all.dataset) { append in
            let first = try append(all.label("a.png"))
            _ = try append(.set(first, [.className("open")]))
            _ = try append(all.label("b.png"))
        }
        #expect(try labels(node, all.dataset).map(\.className) == ["open", "spur"])
        #expect(try rows(node) == 1)
        #expect(try node.verify(all.dataset).problems.isEmpty)
    }

    @Test(
        "a damaged entry is named by whoever reads its labels; what changes them waits until it is whole"
    )
    func damage() throws {
        let all = try Companies([oem, tier])
        let node = try all.node(oem)
        let ids = try node.write(all.dataset, [all.label("a.png"), all.label("b.png")])
        try all.carry(oem, to: tier)
        let other = try all.node(tier)
        try other.write(all.dataset, [.set(ids[0], [.className("open")])])
        let before = try all.digest(tier)

        let folder = node.home.logFolder(try Origin(oem), all.dataset) + "/tile/entries"
        let names = try FileManager.default.subpathsOfDirectory(atPath: folder)
        let name = try #require(names.first { $0.contains(".p/") })
        let url = URL(fileURLWithPath: "\(folder)/\(name)")
        let whole = try Data(contentsOf: url)
        var damaged = whole
        let place = try #require(damaged.range(of: Data("spur".utf8)))
        damaged[place.lowerBound] ^= 1
        try damaged.write(to: url)

        let again = try Node(Home(opening: node.home.path))
        #expect(throws: AnnotationStoreError.self) { try labels(again, all.dataset) }
        do {
            _ = try labels(again, all.dataset)
        } catch let error as AnnotationStoreError {
            #expect("\(error)".contains("\(oem)/\(all.dataset)"), "\(error)")
            #expect("\(error)".contains("repair"), "\(error)")
        }
        let read = try again.store.passingDamage { try labels(again, all.dataset) }
        #expect(read.0.isEmpty)
        #expect(read.skipped.count == 1)
        let out = try other.outgoing("\(tier)/\(all.dataset)", from: 0)
        try again.accept(
            "\(tier)/\(all.dataset)", from: 0, bundle: out.bundle, checkpoint: out.checkpoint)
        try again.catchUp(all.dataset)
        #expect(again.unreadableLogs["\(oem)/\(all.dataset)"] != nil)

        try whole.write(to: url)
        try again.catchUp(all.dataset)
        #expect(try again.read(all.dataset) { $0.state.digest.hex } == before)
        #expect(try labels(again, all.dataset).map(\.className) == ["open", "spur"])
    }
}
