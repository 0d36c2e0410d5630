import AnnotationModel
import Foundation
import LabelExchange
import PlainErrors
import Provenance
import Signing
import Testing

@testable import CompanyHome
@testable import CountermarkNode

@Suite("Names that nothing in a dataset has")
struct KnownNameTests {
    @Test("are told from those that something has or had")
    func names() throws {
        let all = try Companies(["oem.example", "tier.example"])
        let node = try all.node("oem.example")
        let box = AnnotationModel.Operation.addAnnotation(
            item: "a.png", className: "scratch",
            selector: .box(.init(x: 1, y: 2, width: 3, height: 4)),
            fields: [.known(.author): .text("kim")])
        let ids = try node.write(all.dataset, [all.label("a.png"), box])
        try node.write(
            all.dataset, [.set(try #require(ids.last), [.field(.known(.status), .integer(1))])])
        func why(_ classes: Set<String>, _ authors: Set<String> = [], _ org: String? = nil) throws
            -> String?
        {
            try node.unknownName(
                ExportPart(classes: classes, authors: authors), org: try org.map { try Origin($0) },
                in: all.dataset)
        }
        #expect(try why([]) == nil)
        #expect(try why(["spur", "scratch"], ["kim"], "tier.example") == nil)
        #expect(try why(["spur", "scrtach"])?.contains("did you mean \"scratch\"?") == true)
        #expect(try why(["spur"], ["kim", "nobody"])?.contains("\"nobody\"") == true)
        #expect(try why([], [], "tire.example")?.contains("tire.example is no member") == true)
        #expect(try why([], [], "oem.example") == nil)
    }

    @Test("the steward gets no other role, and nothing is signed")
    func steward() throws {
        let all = try Companies(["oem.example"])
        let node = try all.node("oem.example")
        let before = try all.digest("oem.example")
        let heads = try node.read(all.dataset) { $0.state.logs.values.map(\.applied) }
        #expect {
            try node.setMember(all.dataset, try Origin("oem.example"), role: .reader, roots: [])
        } throws: {
            ($0 as? NodeError)?.code == .ownOrigin
        }
        #expect(try all.digest("oem.example") == before)
        #expect(try node.read(all.dataset) { $0.state.logs.values.map(\.applied) } == heads)
    }

    @Test("a key that is out of use may turn out to be stolen, and not the other way round")
    func stolen() throws {
        let all = try Companies(["oem.example"])
        let home = try all.node("oem.example").home
        let time = Int64(Date().timeIntervalSince1970)
        let kim = try home.issuePerson(
            email: "kim@oem.example", kind: .ed25519, caKeyText: nil, passphrase: nil,
            folder: all.folder.path, at: time
        ).certificate
        for (isStolen, isNew, reason) in [
            (false, true, false), (false, false, false), (true, true, true), (true, false, true),
            (false, false, true),
        ] {
            let (list, told) = try home.revoke(
                kim, isStolen: isStolen, caKeyText: nil, at: time)
            #expect(told == isNew)
            #expect((list.entry(for: kim)?.reason == 1) == reason)
        }
    }
}
