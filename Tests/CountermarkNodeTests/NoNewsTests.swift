import AnnotationModel
import Foundation
import LogStorage
import Testing

@testable import CompanyHome
@testable import CountermarkNode

@Suite("What is not taken, and what is no news")
struct NoNewsTests {
    private let oem = "oem.example"
    private let tier = "tier.example"

    @Test("nothing of a dataset that was left is taken from a folder, and it is said")
    func leftDataset() throws {
        let all = try Companies([oem, tier])
        try all.carry(oem, to: tier)
        let folder = "\(all.folder.path)/stick"
        try all.node(oem).write(all.dataset, [all.label("first.png")])
        _ = try all.node(oem).carryOut(all.dataset, to: folder, for: try Origin(tier))
        let node = try all.node(tier)
        let held = try node.reader(of: "\(oem)/\(all.dataset)").size
        #expect(try node.home.leave(all.dataset))
        let reports = try node.carryIn(from: folder)
        #expect(reports.allSatisfy { $0.entries == 0 && $0.error?.contains("has left") == true })
        #expect(try node.reader(of: "\(oem)/\(all.dataset)").size == held)
        try node.home.rejoin(all.dataset)
        #expect(try node.carryIn(from: folder).reduce(0) { $0 + $1.entries } == 1)
    }

    @Test("a verdict that repeats the standing one is no news, until the label has changed")
    func repeatedVerdict() throws {
        let all = try Companies([oem, tier])
        let id = try #require(all.node(oem).write(all.dataset, [all.label("a.png")]).first)
        try all.carry(oem, to: tier)
        let node = try all.node(tier)
        func stands(_ verdict: Verdict, _ reason: String? = nil, _ author: String? = nil) throws
            -> Bool
        {
            try node.isStandingVerdict(
                verdict, reason: reason, author: author, on: node.key(id, all.dataset), all.dataset)
        }
        #expect(try !stands(.accept))
        try node.write(all.dataset, [.review(id, .accept, reason: nil)])
        #expect(
            try stands(.accept) && !stands(.reject) && !stands(.accept, "clear")
                && !stands(.accept, nil, "anna"))
        try all.node(oem).write(all.dataset, [.set(id, [.className("open")])])
        try all.carry(oem, to: tier)
        #expect(try !stands(.accept))
        try node.write(all.dataset, [.review(id, .accept, reason: nil)])
        #expect(try stands(.accept))
    }
}
