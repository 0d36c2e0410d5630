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

/// A person with a key of its own, which this test plays the browser of.
struct BrowserKey {
    let key: SigningKey
    let person: String

    /// Lets the authority certify a new key.
    static func enrolled(_ person: String, at node: Node) throws -> BrowserKey {
        let key = try SigningKey.generate(.ed25519)
        let bytes = key.verificationKey.ed25519Bytes ?? []
        let words = try node.home.requestPersonKey(person, publicKey: bytes, at: node.now())
        _ = try node.home.approvePersonKey(person, words: "\(words)", at: node.now())
        return BrowserKey(key: key, person: person)
    }

    /// What a browser makes of an offer; each part may be another one than was offered.
    func sign(
        _ offer: SigningOffer, _ operations: [AnnotationModel.Operation], org: Origin? = nil,
        dataset: DatasetID? = nil, place: EntryPlace? = nil, time: Int64? = nil,
        heads: [Head]? = nil, author: String? = nil, certificate: Digest? = nil,
        payload change: ([UInt8]) -> [UInt8] = { $0 }
    ) throws -> [UInt8] {
        var builder = try ChangesetBuilder(
            author: author ?? offer.key.author, message: "by hand", heads: offer.heads)
        if let act = offer.introduction { _ = try builder.append(.governance(act)) }
        for operation in operations { _ = try builder.append(operation) }
        let header = COSEHeader(
            contentType: Changeset.contentType, issuer: (org ?? offer.org).description,
            subject: (dataset ?? offer.dataset).description, issuedAt: time ?? offer.time,
            place: place ?? offer.place,
            certificateThumbprint: certificate ?? offer.key.certificate.fingerprint)
        return try COSESign1.sign(
            payload: change(try builder.payload(heads: heads ?? offer.heads)), header: header,
            key: key)
    }
}

@Suite("An entry that a person's browser has signed")
struct PersonEntryTests {
    private let oem = "oem.example"
    private let tier = "tier.example"

    private func code(_ body: () throws -> Void) -> String? {
        do {
            try body()
            return nil
        } catch { return (error as? NodeError)?.code.word ?? "\(error)" }
    }

    /// Tries an entry, which must be refused with a code, and must leave the log as it was.
    private func refused(
        _ code: String, _ node: Node, _ dataset: DatasetID, person: String = "ann",
        mayReview: Bool = false, _ entry: () throws -> [UInt8], line: Int = #line
    ) throws {
        let before = try node.home.log(node.home.origin, dataset).size
        let bytes = try entry()
        let found = self.code {
            _ = try node.append(bytes, signedBy: person, mayReview: mayReview, to: dataset)
        }
        #expect(found == code, "line \(line)")
        #expect(try node.home.log(node.home.origin, dataset).size == before)
    }

    @Test("it counts, is the person's own word, and introduces the certificate once")
    func counted() throws {
        let all = try Companies([oem, tier])
        let node = try all.node(oem)
        let ann = try BrowserKey.enrolled("ann", at: node)
        let offer = try node.signingOffer(all.dataset, person: "ann")
        #expect(offer.introduction != nil)
        let ids = try node.append(
            try ann.sign(offer, [all.label("a.png"), .commentItem(key: "a.png", text: "seen")]),
            signedBy: "ann", mayReview: false, to: all.dataset)
        #expect(ids.map(\.slot.position) == [1, 2])
        let again = try node.signingOffer(all.dataset, person: "ann")
        #expect(again.introduction == nil)
        let set = try node.append(
            try ann.sign(again, [.set(ids[0], [.className("open")])]), signedBy: "ann",
            mayReview: false, to: all.dataset)
        #expect(set.count == 1 && node.uncounted.isEmpty)
        #expect(try node.find("\(ids[0])", in: all.dataset).1.className == "open")
        // It goes to partners, and the node itself writes on.
        try node.write(all.dataset, [all.label("b.png")])
        try all.carry(oem, to: tier)
        #expect(try all.digest(oem) == all.digest(tier))
        #expect(try node.verify(all.dataset).problems.isEmpty)
    }

    @Test("a label of a partner is reviewed with what was offered to be cited")
    func reviewed() throws {
        let all = try Companies([oem, tier])
        let node = try all.node(oem)
        try all.carry(oem, to: tier)
        let theirs = try all.node(tier).write(all.dataset, [all.label("a.png")])
        try all.carry(tier, to: oem)
        let ann = try BrowserKey.enrolled("ann", at: node)
        // The steward names the partner's log key with its next write.
        try node.write(all.dataset, [.commentItem(key: "a.png", text: "ours")])
        let more = try all.node(tier).write(all.dataset, [all.label("b.png")])
        try all.carry(tier, to: oem)
        let offer = try node.signingOffer(all.dataset, person: "ann")
        #expect(offer.heads.map(\.origin.description) == [tier])
        let verdict = AnnotationModel.Operation.review(more[0], .accept, reason: nil)
        try refused("sign-anew", node, all.dataset, mayReview: true) {
            try ann.sign(offer, [verdict], heads: [])
        }
        try refused("role-too-small", node, all.dataset) { try ann.sign(offer, [verdict]) }
        var head = offer.heads[0]
        head.root[0] ^= 1
        try refused("bad-entry", node, all.dataset, mayReview: true) {
            try ann.sign(offer, [verdict], heads: [head])
        }
        head = offer.heads[0]
        head.signature[5] ^= 1
        try refused("bad-entry", node, all.dataset, mayReview: true) {
            try ann.sign(offer, [verdict], heads: [head])
        }
        // A partner's entries that come in between do not make what was offered worse.
        try all.node(tier).write(all.dataset, [.comment(theirs[0], text: "and this")])
        try all.carry(tier, to: oem)
        let ids = try node.append(
            try ann.sign(offer, [verdict]), signedBy: "ann", mayReview: true, to: all.dataset)
        #expect(ids.count == 1 && node.uncounted.isEmpty)
    }

    /// It is long because each line is a case.
    @Test("what is another's, another dataset's, out of place or beyond the role is refused whole")
    func hostile() throws {
        let all = try Companies([oem, tier])
        let node = try all.node(oem)
        let ann = try BrowserKey.enrolled("ann", at: node)
        let bob = try BrowserKey.enrolled("bob", at: node)
        let offer = try node.signingOffer(all.dataset, person: "ann")
        let label = [all.label("a.png")]
        func refused(
            _ code: String, _ entry: @autoclosure () throws -> [UInt8], line: Int = #line
        ) throws {
            try self.refused(code, node, all.dataset, entry, line: line)
        }
        try refused("bad-entry", try ann.sign(offer, label, dataset: try DatasetID("\(oem)/other")))
        try refused("bad-entry", try ann.sign(offer, label, org: try Origin(tier)))
        try refused("bad-entry", try bob.sign(offer, label))
        let bobs = try node.signingOffer(all.dataset, person: "bob")
        try refused("other-person", try bob.sign(bobs, label))
        try refused(
            "other-person",
            try ann.sign(offer, label, certificate: node.home.certificate().fingerprint))
        try refused("bad-entry", try ann.sign(offer, label, author: "bob@\(oem)"))
        try refused("sign-anew", try ann.sign(offer, label, time: offer.time + 3_600))
        let root = Digest([UInt8](repeating: 7, count: 32)) ?? offer.place.root
        try refused(
            "sign-anew",
            try ann.sign(offer, label, place: .init(index: offer.place.index, root: root)))
        try refused(
            "bad-entry",
            try ann.sign(
                offer, label, place: .init(index: offer.place.index + 1, root: offer.place.root)))
        let head = Head(
            origin: try Origin(tier), merged: 1, size: 1, root: root.bytes,
            signature: [UInt8](repeating: 1, count: 64))
        try refused("sign-anew", try ann.sign(offer, label, heads: [head]))
        for act in [GovernanceAct.setSchema("{}"), .setBlind(true), .setAudience([])] {
            var bare = offer
            bare = SigningOffer(
                org: bare.org, dataset: bare.dataset, key: bare.key, place: bare.place,
                time: bare.time, introduction: act, heads: [])
            try refused("bad-entry", try ann.sign(bare, label))
        }
        try refused("bad-entry", try ann.sign(offer, [.addItem(key: "a.png", fields: [:])]))
        try refused(
            "bad-entry",
            try ann.sign(offer, [.setItem(key: "a.png", fields: [.known(.sha256): .null])]))
        try refused(
            "role-too-small",
            try ann.sign(
                offer, [.setItem(key: "a.png", fields: [.known(.stageQuality): .text("pass")])]))
        let named = AnnotationModel.Operation.addAnnotation(
            item: "a.png", className: "c", selector: .wholeItem,
            fields: [.known(.author): .text("bob")])
        try refused("bad-entry", try ann.sign(offer, [named]))
        // Two bytes for the array's length where one is enough.
        try refused("bad-entry", try ann.sign(offer, label) { [0x98, 5] + $0.dropFirst() })
        try refused("bad-entry", try ann.sign(offer, label) { $0 + [0] })
        try refused("too-large", [UInt8](repeating: 0, count: 65_536))
        try refused("bad-entry", [0xd2, 0x84])
        // Nothing of all that has spoiled the offer; sent twice, it is taken once.
        let good = try ann.sign(offer, label)
        _ = try node.append(good, signedBy: "ann", mayReview: false, to: all.dataset)
        try refused("sign-anew", good)
        #expect(code { _ = try node.signingOffer(all.dataset, person: "eve") } == "not-found")
    }

    @Test(
        "a time that no clock shows is refused, and nothing breaks down",
        arguments: [Int64.min, .max, -1])
    func beyondTime(_ time: Int64) throws {
        let all = try Companies([oem])
        let node = try all.node(oem)
        let ann = try BrowserKey.enrolled("ann", at: node)
        let first = try ann.sign(
            try node.signingOffer(all.dataset, person: "ann"), [all.label("images/a.jpg")])
        _ = try node.append(first, signedBy: "ann", mayReview: false, to: all.dataset)
        try refused("sign-anew", node, all.dataset) {
            try ann.sign(
                try node.signingOffer(all.dataset, person: "ann"), [all.label("images/a.jpg")],
                time: time)
        }
    }

    @Test("the same entry at another place is refused by every partner")
    func replayed() throws {
        let all = try Companies([oem, tier])
        let node = try all.node(oem)
        let ann = try BrowserKey.enrolled("ann", at: node)
        let offer = try node.signingOffer(all.dataset, person: "ann")
        let entry = try ann.sign(offer, [all.label("a.png")])
        var verifier = try node.logVerifier(node.home.origin, all.dataset)
        try entry.withUnsafeBytes { bytes in
            let index = offer.place.index
            _ = try verifier.verify(bytes, index: index, with: COSEVerifier())
            #expect(
                throws: ProvenanceError.refused(
                    log: "\(oem)/\(all.dataset)", index: index + 1, .otherPlace(index))
            ) { _ = try verifier.verify(bytes, index: index + 1, with: COSEVerifier()) }
        }
    }

    @Test("a key that was revoked, retired or forgotten signs nothing more")
    func ended() throws {
        let all = try Companies([oem])
        let node = try all.node(oem)
        for way in ["revoke", "retire", "forget"] {
            let ann = try BrowserKey.enrolled(way, at: node)
            let offer = try node.signingOffer(all.dataset, person: way)
            _ = try node.append(
                try ann.sign(offer, [all.label("a.png")]), signedBy: way, mayReview: false,
                to: all.dataset)
            let next = try node.signingOffer(all.dataset, person: way)
            let certificate = next.key.certificate
            var expected = "other-person"
            switch way {
            case "revoke":
                _ = try node.home.revoke(
                    certificate, isStolen: true, caKeyText: nil, at: node.now())
                expected = "key-revoked"
                #expect(code { _ = try node.signingOffer(all.dataset, person: way) } == expected)
            case "retire":
                _ = try node.retireKey(certificate.fingerprint, at: nil, only: nil)
                expected = "sign-anew"
                #expect(
                    code { _ = try node.signingOffer(all.dataset, person: way) } == "key-retired")
            default: _ = try node.home.forgetPersonKeys(way)
            }
            try refused(expected, node, all.dataset, person: way) {
                try ann.sign(next, [all.label("b.png")])
            }
        }
        // The node's own key is as good as before.
        try node.write(all.dataset, [all.label("c.png")])
    }

    @Test("in a blind dataset nothing is cited that is not shown")
    func blind() throws {
        let all = try Companies([oem, tier])
        let node = try all.node(tier)
        try all.node(oem).setBlind(all.dataset, true)
        try all.carry(oem, to: tier)
        try node.write(all.dataset, [.commentItem(key: "x", text: "here")])
        try all.carry(tier, to: oem)
        try all.node(oem).write(all.dataset, [.commentItem(key: "x", text: "there")])
        let hidden = try all.node(oem).write(all.dataset, [all.label("a.png")])
        try all.carry(oem, to: tier)
        let ann = try BrowserKey.enrolled("ann", at: node)
        let offer = try node.signingOffer(all.dataset, person: "ann")
        let most = try #require(offer.heads.first)
        #expect(most.merged <= hidden[0].slot.entry)
        var more = most
        more.merged = hidden[0].slot.entry + 1
        try refused("bad-entry", node, all.dataset) {
            try ann.sign(offer, [all.label("a.png")], heads: [more])
        }
        try refused("sign-anew", node, all.dataset) {
            try ann.sign(offer, [.comment(hidden[0], text: "peeped")])
        }
        _ = try node.append(
            try ann.sign(offer, [all.label("a.png")]), signedBy: "ann", mayReview: false,
            to: all.dataset)
    }
}

@Suite("The enrolment of a person's key")
struct EnrolmentTests {
    @Test("only the words of the key that waits let it be certified, and once")
    func words() throws {
        let all = try Companies(["oem.example"])
        let home = try all.node("oem.example").home
        let time = Int64(Date().timeIntervalSince1970)
        let key = try SigningKey.generate(.ed25519).verificationKey
        let other = try SigningKey.generate(.ed25519).verificationKey
        let words = try home.requestPersonKey("ann", publicKey: key.ed25519Bytes ?? [], at: time)
        #expect(words.words.count == 6)
        // The page's own test has the same ones, and Python has computed them.
        #expect(
            try EnrolmentWords.words([UInt8](repeating: 7, count: 32), of: "ann", at: home.origin)
                .description == "stormy surrender Burbank fascinate shadow aggregate")
        // Somebody else puts a key of his own in its place: the words of the first are no good any more.
        let others = try home.requestPersonKey("ann", publicKey: other.ed25519Bytes ?? [], at: time)
        #expect(words != others)
        #expect(throws: NodeError.self) {
            try home.approvePersonKey("ann", words: "\(words)", at: time)
        }
        #expect(try home.personKeys("ann").isEmpty)
        _ = try home.requestPersonKey("ann", publicKey: key.ed25519Bytes ?? [], at: time)
        #expect(throws: NodeError.self) {
            try home.approvePersonKey("ann", words: "\(words)", at: time + 90_000)
        }
        let made = try home.approvePersonKey(
            "ann", words: "\(words)".uppercased() + " ", at: time)
        #expect(made.author == "ann@oem.example")
        #expect(try made.certificate.verificationKey == key)
        #expect(made.certificate.speaks(for: "oem.example"))
        #expect(throws: NodeError.self) {
            try home.approvePersonKey("ann", words: "\(words)", at: time)
        }
    }

    @Test("names that make no address of this organisation, and keys that are none, are refused")
    func names() throws {
        let all = try Companies(["oem.example"])
        let home = try all.node("oem.example").home
        let key = try SigningKey.generate(.ed25519).verificationKey.ed25519Bytes ?? []
        for name in ["", "a b", "ann@evil.example", "a@b@oem.example", "ann\n", "a/b", "ü"] {
            #expect(throws: NodeError.self) {
                try home.requestPersonKey(name, publicKey: key, at: 0)
            }
        }
        #expect(throws: SigningError.self) {
            try home.requestPersonKey("ann", publicKey: [UInt8](repeating: 0, count: 32), at: 0)
        }
        for number in 0..<Home.personRequestsMax {
            try home.notePersonKey("p\(number)", publicKey: key, at: 100)
        }
        #expect(throws: NodeError.self) {
            try home.requestPersonKey("late", publicKey: key, at: 100)
        }
        _ = try home.requestPersonKey("late", publicKey: key, at: 100 + 86_401)
    }
}
