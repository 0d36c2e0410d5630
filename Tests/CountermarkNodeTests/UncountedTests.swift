import AnnotationModel
import AnnotationStore
import Foundation
import LogStorage
import Provenance
import Testing

@testable import CompanyHome
@testable import CountermarkNode
@testable import PlainErrors

@Suite("What does not count, in figures that agree")
struct UncountedTests {
    private let oem = "oem.example"
    private let tier = "tier.example"

    @Test("a reader's word who may read its log takes effect, and is not told of as uncounted")
    func readersAudience() throws {
        let all = try Companies([oem, tier, "third.example"])
        try all.node(oem).setMember(all.dataset, try Origin(tier), role: .reader, roots: [])
        try all.carry(oem, to: tier)
        let node = try all.node(tier)
        try node.setAudience(all.dataset, [try Origin("third.example")])
        #expect(node.uncounted.isEmpty)
        #expect(try node.uncountedWrites(all.dataset).isEmpty)
        let standing = try node.standing(of: all.dataset)
        #expect(standing.audience == [try Origin("third.example")])
        #expect(standing.notCounted == 0)
        #expect(try node.store.quarantined(node.logNames(all.dataset)).isEmpty)
        #expect(throws: NodeError.self) {
            try node.write(all.dataset, [all.label("first.png")])
        }
    }

    @Test("a member that was told that it is cut counts what lies beyond once")
    func toldCut() throws {
        let all = try Companies([oem, tier])
        try all.carry(oem, to: tier)
        let node = try all.node(tier)
        for name in ["a", "b", "c"] { try node.write(all.dataset, [all.label("\(name).png")]) }
        let told = [EndedMembership(dataset: all.dataset.description, index: 1, size: 3)]
        try node.home.noteCuts(told, by: try Origin(oem))
        let standing = try node.standing(of: all.dataset)
        #expect(standing.beyondCut == 2)
        #expect(standing.notCounted == 2)
        let one = try #require(standing.uncounted.first)
        #expect(standing.uncounted.count == 1 && one.entries == 2 && one.first == 1)
        #expect(one.isLatest && one.line.contains("member set"))
    }
}
