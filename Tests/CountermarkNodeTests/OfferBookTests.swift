import AnnotationModel
import Foundation
import LogStorage
import Provenance
import Testing

@testable import CompanyHome
@testable import CountermarkNode
@testable import PartnerNet

/// All that watch are told what each of them would be told alone.
@Suite("What watching partners are told of")
struct OfferBookTests {
    private let oem = "oem.example"
    private let names = ["tier.example", "third.example"]

    /// Waits until the kernel has reported what moved, and compares with what a node finds that knows nothing yet.
    private func expectSame(
        _ book: OfferBook, _ home: Home, _ what: String, orgs: [String]
    ) throws {
        for org in orgs {
            let origin = try Origin(org)
            let fresh = try Node(home).offers(to: origin)
            var found: [LogOffer]?
            for _ in 0..<200 where found != fresh {
                found = try book.offers(to: origin, since: nil) { _, _ in }?.offers
                if found != fresh { Thread.sleep(forTimeInterval: 0.05) }
            }
            #expect(found == fresh, "\(what), to \(org)")
        }
    }

    @Test(
        "after writes, new members, audiences, cuts and what partners bring it is what a fresh node would offer"
    )
    func sameAsAlone() throws {
        let all = try Companies([oem] + names)
        let node = try all.node(oem)
        let book = OfferBook(try Node(node.home), HomeWatcher(node.home))
        let orgs = names + ["stranger.example"]
        try expectSame(book, node.home, "at first", orgs: orgs)
        try node.write(all.dataset, [all.label("a.png")])
        try expectSame(book, node.home, "after a write", orgs: orgs)
        for name in names {
            try all.carry(oem, to: name)
            try all.node(name).write(all.dataset, [all.label("\(name).png")])
            try all.carry(name, to: oem)
            try expectSame(book, node.home, "with the log of \(name)", orgs: orgs)
        }
        let tier = try Origin(names[0])
        try all.carry(oem, to: names[0])
        try all.node(names[0]).setAudience(all.dataset, [try Origin(oem)])
        try all.carry(names[0], to: oem)
        try expectSame(book, node.home, "with an audience", orgs: orgs)
        try all.node(names[0]).write(all.dataset, [all.label("b.png")])
        try all.carry(names[0], to: oem)
        try expectSame(book, node.home, "after a write for some", orgs: orgs)
        let second = try DatasetID("\(oem)/second")
        try node.create(second, title: "Second", schema: "{}")
        try node.setMember(second, tier, role: .annotator, roots: [])
        try expectSame(book, node.home, "with a second dataset", orgs: orgs)
        try node.cutMember(all.dataset, tier, at: nil)
        try expectSame(book, node.home, "after a cut", orgs: orgs)
    }

    @Test(
        "where nothing moves nothing is looked for, and what is new comes with its entries once for all"
    )
    func nothingMoves() throws {
        let all = try Companies([oem] + names)
        let node = try all.node(oem)
        let watcher = HomeWatcher(node.home)
        let book = OfferBook(try Node(node.home), watcher)
        let tier = try Origin(names[0])
        // Else all logs would be read again each time.
        let folder = node.home.logFolder(try Origin(oem), all.dataset)
        #expect(watcher.version(of: folder) != nil && watcher.version(of: folder + "x") == nil)
        var quiet = 0
        for _ in 0..<20 {
            let first = try #require(try book.offers(to: tier, since: nil) { _, _ in })
            if try book.offers(to: tier, since: first.seen, onFailure: { _, _ in }) == nil {
                quiet += 1
            }
        }
        // All is looked at anew every few seconds: once, if it falls between two of these.
        #expect(quiet >= 18)
        let before = try #require(
            try book.offers(to: tier, since: nil) { _, _ in }?.offers.first { $0.size > 0 })
        try node.write(all.dataset, [all.label("a.png")])
        var after = before
        for _ in 0..<200 where after.size == before.size {
            Thread.sleep(forTimeInterval: 0.05)
            after = try #require(
                try book.offers(to: tier, since: nil) { _, _ in }?.offers.first { $0.size > 0 })
        }
        let whole = try book.inline(after, from: before.size)
        #expect(whole == (try node.inline(after, from: before.size)))
        #expect(try whole.inlined(from: before.size)?.count == Int(after.size - before.size))
        #expect(try book.inline(after, from: before.size) == whole)
    }
}
