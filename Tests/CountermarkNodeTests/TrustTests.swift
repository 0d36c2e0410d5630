import AnnotationModel
import AnnotationStore
import Foundation
import LogStorage
import Provenance
import Signing
import Testing

@testable import CompanyHome
@testable import CountermarkNode
@testable import PlainErrors

@Suite("What counts between partners who do not trust each other")
struct TrustTests {
    private let oem = "oem.example"
    private let tier = "tier.example"
    private let third = "third.example"

    /// Everybody gets everybody's log.
    private func spread(_ all: Companies, _ names: [String]) throws {
        for from in names {
            for to in names where to != from { try all.carry(from, to: to) }
        }
    }

    private func className(_ all: Companies, _ name: String, _ id: OperationID) throws -> String {
        try all.node(name).find(id.description).label.className
    }

    @Test("an annotator's change waits until the annotation's company accepts it")
    func suggestion() throws {
        let all = try Companies([oem, tier, third])
        // A member writes once it has heard that it is one.
        for member in [tier, third] { try all.carry(oem, to: member) }
        let names = [oem, tier, third]
        try all.node(oem).setMember(all.dataset, try Origin(third), role: .annotator, roots: [])
        let id = try #require(all.node(oem).write(all.dataset, [all.label("a.png")]).first)
        try spread(all, names)
        let change = try #require(
            all.node(third).write(all.dataset, [.set(id, [.className("open")])]).first)
        try spread(all, names)
        for name in names {
            #expect(try className(all, name, id) == "spur")
            #expect(try all.node(name).suggestion(change, all.dataset)?.state == .pending)
            #expect(try all.node(name).read(all.dataset) { $0.state.counts.quarantined } == 1)
        }
        try all.node(oem).write(all.dataset, [.review(change, .accept, reason: nil)])
        try spread(all, names)
        for name in names {
            #expect(try className(all, name, id) == "open")
            #expect(try all.node(name).suggestion(change, all.dataset)?.state == .accepted)
            #expect(try all.node(name).read(all.dataset) { $0.state.counts.quarantined } == 0)
            #expect(try all.digest(name) == all.digest(oem))
        }
    }

    @Test("what a member writes beyond its cut is stored, never counted, and says why")
    func cut() throws {
        let all = try Companies([oem, tier, third])
        // A member writes once it has heard that it is one.
        for member in [tier, third] { try all.carry(oem, to: member) }
        let names = [oem, tier, third]
        try all.node(tier).write(all.dataset, [all.label("a.png")])
        try spread(all, names)
        let digest = try all.digest(oem)
        try all.node(oem).cutMember(all.dataset, try Origin(tier), at: nil)
        // The member has not heard of it, or pretends so.
        let late = try #require(all.node(tier).write(all.dataset, [all.label("b.png")]).first)
        try spread(all, names)
        for name in names {
            #expect(try all.digest(name) == digest)
            let node = try all.node(name)
            let found = try node.store.quarantined(try node.logNames(all.dataset))
            #expect(found.map(\.why) == [.beyondCut])
            #expect(found.map(\.slot.entry) == [late.slot.entry])
        }
    }

    @Test("a retired key spoils exactly what it signed at and beyond the index")
    func retired() throws {
        let all = try Companies([oem, tier])
        // A member writes once it has heard that it is one.
        try all.carry(oem, to: tier)
        var digests: [String] = []
        for item in ["a.png", "b.png", "c.png"] {
            try all.node(tier).write(all.dataset, [all.label(item)])
            try all.carry(tier, to: oem)
            digests.append(try all.digest(oem))
        }
        let size = try #require(
            all.node(tier).read(all.dataset) { $0.state.progress(try Origin(tier))?.stored })
        // A key that another company's log says is retired stays what it was.
        let other = try all.node(oem).home.certificate().fingerprint
        try all.node(tier).write(
            all.dataset, [.governance(.retireKey(fingerprint: other.bytes, index: 0))])
        try all.carry(tier, to: oem)
        #expect(try all.digest(oem) == digests[2])
        let key = try all.node(tier).home.certificate().fingerprint
        try all.node(oem).write(
            all.dataset,
            [.governance(.retireKey(fingerprint: key.bytes, index: size - 1))])
        try all.carry(oem, to: tier)
        for name in [oem, tier] { #expect(try all.digest(name) == digests[1]) }
        #expect(try all.node(oem).verify(all.dataset).problems.isEmpty)
    }

    @Test("a successor acts as the owner of what the ended log added")
    func succession() throws {
        let all = try Companies([oem, tier, third])
        // A member writes once it has heard that it is one.
        for member in [tier, third] { try all.carry(oem, to: member) }
        let names = [oem, tier, third]
        try all.node(oem).setMember(all.dataset, try Origin(third), role: .annotator, roots: [])
        let id = try #require(all.node(tier).write(all.dataset, [all.label("a.png")]).first)
        try spread(all, names)
        try all.node(oem).succeed(all.dataset, try Origin(tier), by: try Origin(third))
        #expect(throws: NodeError.self) {
            try all.node(oem).succeed(all.dataset, try Origin(third), by: try Origin(tier))
        }
        try spread(all, names)
        try all.node(third).write(all.dataset, [.set(id, [.className("open")])])
        try spread(all, names)
        for name in names {
            #expect(try className(all, name, id) == "open")
            #expect(try all.digest(name) == all.digest(oem))
        }
    }

    @Test("a narrowed audience is a fact of the log, and the steward's log is read by all")
    func audience() throws {
        let all = try Companies([oem, tier, third])
        // A member writes once it has heard that it is one.
        for member in [tier, third] { try all.carry(oem, to: member) }
        let names = [oem, tier, third]
        try all.node(tier).write(all.dataset, [all.label("a.png")])
        try spread(all, names)
        try all.node(tier).setAudience(all.dataset, [])
        let reader = try Origin(third)
        func mayRead() throws -> Bool {
            try all.node(oem).read(all.dataset) { $0.state.mayRead(try Origin(tier), by: reader) }
        }
        #expect(try mayRead())
        try all.node(tier).setAudience(all.dataset, [try Origin(oem)])
        try all.carry(tier, to: oem)
        #expect(try !mayRead())
        #expect(
            try all.node(oem).read(all.dataset) { $0.state.mayRead(try Origin(oem), by: reader) })
        #expect(throws: NodeError.self) { try all.node(oem).setAudience(all.dataset, [reader]) }
        #expect(throws: NodeError.self) {
            try all.node(tier).setAudience(all.dataset, [try Origin("mallory.example")])
        }
    }

    @Test("a node whose certificate has ended signs nothing, and says what to do")
    func expired() throws {
        let all = try Companies([oem])
        // A member writes once it has heard that it is one.
        for member in [oem] where member != oem {
            try all.carry(oem, to: member)
        }
        let home = try all.node(oem).home
        let later = try home.certificate().notAfter + 1
        let node = try Node(home) { later }
        #expect {
            try node.write(all.dataset, [all.label("a.png")])
        } throws: {
            ($0 as? NodeError)?.code == .certificateExpired
        }
    }
}
