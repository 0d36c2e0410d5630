import AnnotationModel
import Foundation
import LogStorage
import Provenance
import Signing
import Synchronization
import Testing
import TransparencyLog

@testable import CompanyHome
@testable import CountermarkNode
@testable import PlainErrors
@testable import SharedStore

@Suite("What a company's nodes have in common beside logs")
struct CompanyDocumentsTests {
    private let third = "third.example"
    private let tier = CompanyNodes.tier

    // MARK: Partners

    @Test(
        "a partner that one node introduces or changes, the others know; one that it removes, they know no more"
    )
    func partners() throws {
        let nodes = try CompanyNodes()
        let (one, other) = (nodes.one, nodes.other)
        try nodes.pin(third, try CompanyNodes.root(third), one, url: "https://third.example:7443")
        #expect(try other.lookAtDocuments())
        #expect(try other.home.partners() == one.home.partners())
        #expect(try nodes.partners(other) == [third, tier].sorted())
        // A change of what this node has not seen yet begins with what the other one has said.
        try nodes.pin(third, nil, one, url: "https://third.example:1")
        let vkey = try one.home.partners().first { $0.org == third }?.vkey
        try nodes.pin(third, nil, other)
        #expect(vkey == nil)
        #expect(try other.home.partner(try Origin(third))?.url == "https://third.example:1")
        try other.home.removePartner(try Origin(third))
        try one.lookAtDocuments()
        #expect(try nodes.partners(one) == [tier])
        // Nothing is left to do.
        #expect(try !one.lookAtDocuments() && !other.lookAtDocuments())
        #expect(one.home.untoldDocuments.isEmpty && one.home.untakenDocuments.isEmpty)
        #expect(try one.home.documents.differences(from: nodes.store).isEmpty)
    }

    @Test("a home from before does not bring a removed partner back")
    func stale() throws {
        let nodes = try CompanyNodes()
        let old = nodes.all.folder.path + "/old"
        try FileManager.default.copyItem(atPath: nodes.one.home.path, toPath: old)
        let older = nodes.all.folder.path + "/older"
        try FileManager.default.copyItem(atPath: nodes.one.home.path, toPath: older)
        // One that has never met the store.
        try FileManager.default.removeItem(atPath: older + "/company")
        try nodes.one.home.removePartner(try Origin(tier))
        for path in [old, older] {
            let node = try CompanyNodes.share(path, nodes.store)
            #expect(try nodes.partners(node) == [tier])
            try node.lookAtDocuments()
            #expect(try nodes.partners(node) == [])
            try nodes.other.lookAtDocuments()
            #expect(try nodes.partners(nodes.other) == [])
        }
    }

    @Test(
        "without the store nobody is let in, and whoever is shut out is shut out here and soon everywhere"
    )
    func away() throws {
        let nodes = try CompanyNodes()
        let (one, other) = (nodes.one, nodes.other)
        try nodes.reach(false, one)
        let before = try nodes.trust(one)
        let root = try CompanyNodes.root(third)
        #expect(throws: SharedStoreError.self) { try nodes.pin(third, root, one) }
        #expect(throws: SharedStoreError.self) {
            try one.home.add(.init(org: third, url: nil, roots: root, vkey: nil))
        }
        #expect(throws: SharedStoreError.self) {
            _ = try one.home.leave(try DatasetID("\(tier)/far"))
        }
        #expect(try nodes.trust(one) == before)
        #expect(one.home.untoldDocuments.isEmpty)
        try one.home.removePartner(try Origin(tier))
        #expect(try nodes.partners(one) == [])
        #expect(one.home.untoldDocuments == ["partner/\(tier)"])
        #expect(throws: SharedStoreError.self) { try one.lookAtDocuments() }
        #expect(try !other.lookAtDocuments())
        // Meanwhile another node has given it an address: whoever was shut out stays out.
        try nodes.pin(tier, nil, other, url: "https://tier.example:7443")
        try nodes.reach(true, one)
        var said: [String] = []
        one.warn = { said.append($0) }
        try one.lookAtDocuments()
        #expect(said.contains { $0.contains("partner/\(tier)") && $0.contains("away") }, "\(said)")
        #expect(one.home.untoldDocuments.isEmpty)
        try other.lookAtDocuments()
        #expect(try nodes.partners(one) == [] && nodes.partners(other) == [])
    }

    @Test(
        "homes that never met have all partners of both; one with another root is refused, and says what to do"
    )
    func union() throws {
        let (fourth, fifth) = ("fourth.example", "fifth.example")
        let roots = (try CompanyNodes.root(fifth), try CompanyNodes.root(fifth))
        let nodes = try CompanyNodes { one, other in
            try one.add(
                .init(
                    org: "third.example", url: nil, roots: try CompanyNodes.root("third.example"),
                    vkey: nil))
            try one.add(.init(org: fifth, url: nil, roots: roots.0, vkey: nil))
            try other.add(
                .init(org: fourth, url: nil, roots: try CompanyNodes.root(fourth), vkey: nil))
            try other.add(.init(org: fifth, url: nil, roots: roots.1, vkey: nil))
        }
        try nodes.one.lookAtDocuments()
        for node in [nodes.one, nodes.other] {
            #expect(try nodes.partners(node) == [fifth, fourth, third, tier].sorted())
        }
        #expect(try nodes.one.home.partner(try Origin(fifth))?.roots == roots.0)
        #expect(try nodes.other.home.partner(try Origin(fifth))?.roots == roots.1)
        let why = try #require(nodes.other.home.untakenDocuments["partner/\(fifth)"])
        #expect(why.contains("another root") && why.contains("partner add"))
        #expect(nodes.one.home.untakenDocuments.isEmpty)
        #expect(
            try nodes.other.home.documents.differences(from: nodes.store).map(\.name)
                == ["partner/\(fifth)"])
        // As it says.
        try nodes.pin(fifth, roots.0, nodes.other)
        try nodes.other.lookAtDocuments()
        try nodes.one.lookAtDocuments()
        #expect(nodes.other.home.untakenDocuments.isEmpty)
        #expect(try nodes.other.home.partners() == nodes.one.home.partners())
    }

    // MARK: A store that somebody writes to

    @Test("what no node has signed is refused, said, and put right by whoever sets it again")
    func forged() throws {
        let nodes = try CompanyNodes()
        let (one, other) = (nodes.one, nodes.other)
        let name = "partner/\(third)"
        let mallory = Home.Partner(
            org: third, url: nil, roots: try CompanyNodes.root(third), vkey: nil)
        let text = String(decoding: try JSONEncoder().encode(mallory), as: UTF8.self)
        let row = try SignedDocument(name: name, version: 1, text: text).signed(
            for: CompanyNodes.oem, with: try SigningKey.generate(.ed25519))
        #expect(try nodes.store.table.moveDocument(row, from: nil))
        // The company's own document under another partner's name.
        let mine = try #require(try nodes.store.table.document("partner/\(tier)"))
        let moved = SharedDocument(
            name: "partner/fourth.example", version: mine.version, bytes: mine.bytes)
        #expect(try nodes.store.table.moveDocument(moved, from: nil))
        var spoilt = mine.bytes
        spoilt[70] ^= 1
        let changed = SharedDocument(
            name: mine.name, version: mine.version + 1, bytes: spoilt)
        #expect(try nodes.store.table.moveDocument(changed, from: mine.version))
        for node in [one, other] {
            try node.bringUp()
            #expect(try nodes.partners(node) == [tier])
            #expect(
                node.home.untakenDocuments.keys.sorted()
                    == [name, "partner/fourth.example", "partner/\(tier)"].sorted())
            #expect(node.home.untakenDocuments[name]?.contains("signature") == true)
        }
        // Everything else goes on.
        try one.write(nodes.all.dataset, [nodes.all.label("a.png")])
        try one.home.removePartner(try Origin(tier))
        try nodes.pin(third, try CompanyNodes.root(third), other)
        try one.lookAtDocuments()
        try other.lookAtDocuments()
        #expect(try nodes.partners(one) == [third] && nodes.partners(other) == [third])
        #expect(one.home.untakenDocuments.keys.sorted() == ["partner/fourth.example"])
    }

    @Test("a store that has lost changes, or shows old ones, gets them back from whoever has them")
    func wentBack() throws {
        let nodes = try CompanyNodes()
        let (one, other) = (nodes.one, nodes.other)
        let name = "partner/\(tier)"
        let before = try #require(try nodes.store.table.document(name))
        try one.home.removePartner(try Origin(tier))
        #expect(try nodes.store.table.moveDocument(before, from: before.version + 1))
        var said: [String] = []
        one.warn = { said.append($0) }
        try other.lookAtDocuments()
        #expect(try nodes.partners(other) == [tier])
        try one.lookAtDocuments()
        #expect(said.contains { $0.contains(name) && $0.contains("given") }, "\(said)")
        try other.lookAtDocuments()
        #expect(try nodes.partners(other) == [] && nodes.partners(one) == [])
        // Another node has written the same version, as it had nothing of what was lost.
        let second = try SignedDocument(name: name, version: 2, text: "{}").signed(
            for: CompanyNodes.oem, with: try one.home.logKey())
        #expect(try nodes.store.table.moveDocument(second, from: 2))
        try one.lookAtDocuments()
        try other.lookAtDocuments()
        #expect(try nodes.partners(other) == [] && nodes.partners(one) == [])
        #expect(try nodes.store.table.document(name)?.version == 3)
    }

    @Test("names lead to no other place of the home")
    func names() {
        for name in [
            "", "partner", "partner/", "partner/../own", "partner/A.example", "lists/a.example/b",
            "own/keys", "left/boards", "left/a.example/../b", "joined/a.example/b/c/..",
            "invitation/", "invitation/../x", "invitation/AB", "evidence/a.example",
            "evidence/a.example/b.example/../c", "keys/log.key", "config",
        ] {
            #expect(CompanyDocument(name: name) == nil, "\(name)")
        }
        for name in [
            "partner/a.example", "lists/a.example", "own/lists", "left/a.example/boards",
            "joined/a.example/boards", "cut/a.example/boards", "invitation/0af3",
            "evidence/b.example/a.example/boards",
        ] {
            #expect(CompanyDocument(name: name)?.name == name)
        }
    }
}
