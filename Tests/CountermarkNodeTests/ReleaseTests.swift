import AnnotationFormats
import AnnotationModel
import AnnotationStore
import Foundation
import LogStorage
import Provenance
import Replication
import Signing
import Testing

@testable import CompanyHome
@testable import CountermarkNode
@testable import PlainErrors

@Suite("Label sets that are named for ever")
struct ReleaseTests {
    private let oem = "oem.example"
    private let tier = "tier.example"

    private func swap(_ all: Companies) throws {
        try all.carry(oem, to: tier)
        try all.carry(tier, to: oem)
    }

    /// Two companies with two labels each, of which one is contested, and one retracted.
    private func written() throws -> (all: Companies, ids: [OperationID]) {
        let all = try Companies([oem, tier])
        var ids = try all.node(oem).write(
            all.dataset, [all.label("a.png"), all.label("b.png")])
        try all.carry(oem, to: tier)
        ids += try all.node(tier).write(all.dataset, [all.label("a.png"), all.label("c.png")])
        try all.node(tier).write(all.dataset, [.set(ids[0], [.className("short")])])
        try all.node(oem).write(all.dataset, [.set(ids[0], [.className("open")])])
        try all.node(oem).write(
            all.dataset, [.set(ids[1], [.field(.known(.status), .integer(1))])])
        try swap(all)
        return (all, ids)
    }

    private func code(_ body: () throws -> Void) -> String? {
        do {
            try body()
            return nil
        } catch { return (error as? NodeError)?.code.word ?? "\(error)" }
    }

    private func labels(_ name: String, _ node: Node, _ all: Companies) throws -> [String] {
        let check = try node.check(try node.release(name, of: all.dataset).release, of: all.dataset)
        #expect(check.isRight)
        var ids: [String] = []
        try check.contents.forEachLabel { ids.append($0.id.description) }
        return ids
    }

    @Test("both sides recompute the same, whatever is written afterwards")
    func forEver() throws {
        let (all, ids) = try written()
        let (steward, member) = (try all.node(oem), try all.node(tier))
        var terms = ReleaseTerms()
        terms.quorum = 1
        #expect(try steward.createRelease("v1", of: all.dataset, terms: terms))
        #expect(try !steward.createRelease("v1", of: all.dataset, terms: terms))
        #expect(try !steward.release("v1", of: all.dataset).holds)
        let before = try labels("v1", steward, all)
        #expect(before.count == 3)
        try all.carry(oem, to: tier)
        #expect(try member.countersignRelease("v1", of: all.dataset))
        #expect(try !member.countersignRelease("v1", of: all.dataset))
        try member.write(all.dataset, [.set(ids[2], [.className("gone")]), all.label("d.png")])
        try steward.write(all.dataset, [.set(ids[1], [.field(.known(.status), .integer(0))])])
        try steward.setPolicy(all.dataset, .ownerDecides)
        try swap(all)
        for node in [steward, member] {
            let view = try node.release("v1", of: all.dataset)
            #expect(view.countersigned.map(\.description) == [tier])
            #expect(view.holds)
            #expect(try labels("v1", node, all) == before)
            let check = try node.check(view.release, of: all.dataset)
            #expect(check.contents.policy == .causalHeight)
        }
        // Another label set needs another name.
        #expect(
            code { try steward.createRelease("v1", of: all.dataset, terms: terms) }
                == "release-exists")
        #expect(
            code { try member.createRelease("v2", of: all.dataset, terms: terms) } == "not-steward")
        #expect(
            code { try steward.createRelease(" v2", of: all.dataset, terms: terms) } == "bad-name")
        try steward.createRelease("v2", of: all.dataset, terms: ReleaseTerms())
        func contents(_ name: String) throws -> ReleaseContents {
            try steward.check(
                try steward.release(name, of: all.dataset).release, of: all.dataset
            ).contents
        }
        let difference = try ReleaseDifference(from: contents("v1"), to: contents("v2"))
        #expect(difference.counts[.added]?.labels == 2)
        #expect(difference.counts[.added]?.items == 1)
        #expect(difference.counts[.removed] == nil)
        #expect(
            difference.changes.filter { $0.kind == .changed }.map(\.name)
                .contains(ids[2].description))
        let none = try ReleaseDifference(from: contents("v1"), to: contents("v1"))
        #expect(none.changes.isEmpty)
    }

    @Test("terms say which labels are meant")
    func terms() throws {
        let (all, ids) = try written()
        let node = try all.node(oem)
        try node.write(
            all.dataset,
            [
                .review(ids[2], .accept, reason: nil), .review(ids[3], .reject, reason: nil),
                .setItem(
                    key: "a.png",
                    fields: [
                        .known(.stageFilter): try StageState(.filter, "excluded").value
                    ]),
            ])
        func holds(_ name: String, _ change: (inout ReleaseTerms) throws -> Void) throws -> Set<Int>
        {
            var terms = ReleaseTerms()
            try change(&terms)
            try node.createRelease(name, of: all.dataset, terms: terms)
            let known = try node.release(name, of: all.dataset).release.terms
            #expect(known == terms)
            let found = try labels(name, node, all)
            return Set(ids.indices.filter { found.contains(ids[$0].description) })
        }
        #expect(try holds("all") { _ in } == [0, 2, 3])
        #expect(try holds("retracted") { $0.holdsRetracted = true } == [0, 1, 2, 3])
        #expect(try holds("tier") { $0.companies = [try Origin(tier)] } == [2, 3])
        #expect(try holds("settled") { $0.isSettledOnly = true } == [2, 3])
        #expect(try holds("accepted") { $0.isAcceptedOnly = true } == [2])
        #expect(try holds("kept") { $0.isWithoutExcluded = true } == [3])
        #expect(
            try holds("stage") { $0.stage = .init(stage: .filter, state: "excluded") } == [0, 2])
    }

    @Test("nobody countersigns what the steward got wrong")
    func wrong() throws {
        let (all, _) = try written()
        let (steward, member) = (try all.node(oem), try all.node(tier))
        try steward.createRelease("v1", of: all.dataset, terms: ReleaseTerms())
        let right = try steward.release("v1", of: all.dataset).release
        let zeros = [UInt8](repeating: 0, count: 32)
        func claim(_ name: String, _ digest: [UInt8], _ heads: [TreeHead]) throws {
            try steward.write(
                all.dataset,
                [
                    .governance(
                        .release(
                            name: name, digest: digest, heads: heads, terms: ReleaseTerms()))
                ])
        }
        var (longer, other, apart) = (right.heads, right.heads, right.heads)
        longer[1].size += 9
        other[1].root = zeros
        // The member's entries rest on more of the steward's log than these heads name.
        apart[0].size = 2
        apart[0].root = try steward.reader(of: "\(oem)/\(all.dataset)").upTo(2).statedRoot.bytes
        try claim("digest", zeros, right.heads)
        try claim("longer", right.digest, longer)
        try claim("other", right.digest, other)
        try claim("apart", right.digest, apart)
        // A name is taken once: a second word changes nothing.
        try claim("v1", zeros, right.heads)
        try all.carry(oem, to: tier)
        let codes = ["digest", "longer", "other", "apart", "v1", "none"].map { name in
            code { try member.countersignRelease(name, of: all.dataset) }
        }
        #expect(
            codes == [
                "release-is-wrong", "release-not-here", "release-of-other-history",
                "release-not-whole", nil, "not-found",
            ])
        #expect(try member.releases(all.dataset).map(\.countersigned.count) == [1, 0, 0, 0, 0])
    }

    @Test("a withdrawn release says why; words of others than the steward change nothing")
    func withdrawn() throws {
        let (all, _) = try written()
        let (steward, member) = (try all.node(oem), try all.node(tier))
        try steward.createRelease("v1", of: all.dataset, terms: ReleaseTerms())
        let release = try steward.release("v1", of: all.dataset).release
        try all.carry(oem, to: tier)
        var terms = ReleaseTerms()
        terms.withdrawal = "because"
        let zeros = [UInt8](repeating: 0, count: 32)
        try member.write(
            all.dataset,
            [
                .governance(
                    .release(name: "v1", digest: release.digest, heads: [], terms: terms)),
                .governance(.countersign(name: "v1", digest: zeros)),
                .governance(.countersign(name: "none", digest: release.digest)),
            ])
        try swap(all)
        for node in [steward, member] {
            let view = try node.release("v1", of: all.dataset)
            #expect(view.release.withdrawal == nil)
            #expect(view.countersigned.isEmpty)
        }
        #expect(try steward.withdrawRelease("v1", of: all.dataset, reason: "wrong scale"))
        #expect(try !steward.withdrawRelease("v1", of: all.dataset, reason: "again"))
        try all.carry(oem, to: tier)
        #expect(
            try member.release("v1", of: all.dataset).release.withdrawal == "wrong scale")
        #expect(
            code { try member.countersignRelease("v1", of: all.dataset) } == "release-withdrawn")
        #expect(try labels("v1", member, all).count == 3)
    }

    @Test("the word of a member that was cut before it does not count")
    func cut() throws {
        let (all, _) = try written()
        let (steward, member) = (try all.node(oem), try all.node(tier))
        try steward.createRelease("v1", of: all.dataset, terms: ReleaseTerms())
        try all.carry(oem, to: tier)
        let size = try member.reader(of: "\(tier)/\(all.dataset)").size
        try member.countersignRelease("v1", of: all.dataset)
        try swap(all)
        #expect(try steward.release("v1", of: all.dataset).countersigned.count == 1)
        let before = try labels("v1", steward, all)
        try steward.cutMember(all.dataset, try Origin(tier), at: size)
        #expect(try steward.release("v1", of: all.dataset).countersigned.isEmpty)
        // What it had signed before stays in the release, also where the cut lies before it.
        try steward.cutMember(all.dataset, try Origin(tier), at: 1)
        #expect(try labels("v1", steward, all) == before)
    }

    @Test("a fork that is proven later changes nothing of a release")
    func forked() throws {
        let (all, _) = try written()
        let steward = try all.node(oem)
        try steward.createRelease("v1", of: all.dataset, terms: ReleaseTerms())
        let before = try labels("v1", steward, all)
        var forks = try steward.forks()
        forks.note("\(tier)/\(all.dataset)", prefix: 0)
        steward.knownForks = (try steward.home.names(in: "evidence"), forks)
        try steward.catchUp(all.dataset)
        #expect(try steward.read(all.dataset) { $0.state.counts.annotations } == 2)
        #expect(try labels("v1", steward, all) == before)
    }

    // It is long: one release, and each way in which a proof of it may be false.
    @Test("a proof shows that a label is in a release, or that it is not, and nothing else")
    func proofs() throws {
        let (all, ids) = try written()
        let (steward, member) = (try all.node(oem), try all.node(tier))
        try steward.createRelease("v1", of: all.dataset, terms: ReleaseTerms())
        try all.carry(oem, to: tier)
        try member.countersignRelease("v1", of: all.dataset)
        let late = try member.write(all.dataset, [all.label("d.png")])
        try member.write(all.dataset, [.set(ids[2], [.className("gone")])])
        try swap(all)
        let roots = try steward.home.roots(of: try Origin(oem))
        let now = Int64(Date().timeIntervalSince1970) + 60
        func proof(_ id: OperationID, _ node: Node) throws -> LabelProof {
            let (made, without) = try node.proveWithStatement(
                id.description, in: all.dataset, release: "v1")
            #expect(without == nil)
            let read = try LabelProof(file: made.file)
            #expect(read == made)
            return read
        }
        for node in [steward, member] {
            let shown = try #require(
                try proof(ids[2], node).verify(trusting: roots, at: now).release)
            // As it was, not as it is.
            #expect(shown.said?.className == "spur")
            #expect(shown.said?.item == "a.png")
            #expect(shown.release.countersigned.map(\.description) == [tier])
            #expect(shown.release.withdrawal == nil)
            // Retracted then, added later: neither is in it.
            for id in [ids[1], late[0]] {
                let report = try proof(id, node).verify(trusting: roots, at: now)
                #expect(report.release != nil && report.release?.said == nil)
            }
        }
        let (present, absent) = (try proof(ids[2], steward), try proof(ids[1], steward))
        let part = try #require(present.release)
        let other = try #require(absent.release)
        let leaf = part.leaves[0]
        func changed(_ change: (inout [ReleaseProof.Leaf]) -> Void) -> ReleaseProof {
            var leaves = part.leaves
            change(&leaves)
            return ReleaseProof(commitment: part.commitment, leaves: leaves)
        }
        var bytes = leaf.bytes
        bytes[bytes.count - 1] ^= 1
        let wrong = [
            changed { $0 = [] },
            changed { $0[0] = .init(index: leaf.index, bytes: bytes, path: leaf.path) },
            changed { $0[0] = .init(index: leaf.index + 1, bytes: leaf.bytes, path: leaf.path) },
            changed { $0[0] = .init(index: .max, bytes: leaf.bytes, path: leaf.path) },
            changed { $0[0] = .init(index: leaf.index, bytes: [0xff], path: leaf.path) },
            changed { $0 += [leaf] },
            // That another one is not in it says nothing of this one.
            other,
            ReleaseProof(
                commitment: .init(
                    dataset: all.dataset, name: "v1", heads: part.commitment.heads,
                    terms: part.commitment.terms, root: part.commitment.root,
                    items: part.commitment.items - 1, labels: part.commitment.labels + 1),
                leaves: part.leaves),
        ]
        for (number, release) in wrong.enumerated() {
            #expect(throws: LabelProofError.self, "\(number)") {
                try present.with(release).verify(trusting: roots, at: now)
            }
        }
        // Without the steward's act nothing vouches for the digest.
        let bare = try steward.proveWithStatement(ids[2].description, in: all.dataset).proof
        #expect(bare.release == nil)
        #expect(throws: LabelProofError.self) {
            try bare.with(part).verify(trusting: roots, at: now)
        }
        // Each byte of the part is looked at.
        let file = present.file
        let start = file.count - 120
        for at in start..<file.count {
            var file = file
            file[at] ^= 1
            #expect(throws: (any Error).self, "byte \(at)") {
                try LabelProof(file: file).verify(trusting: roots, at: now)
            }
        }
    }
}
