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

@Suite("What verify says of releases")
struct ReleaseVerificationTests {
    private let oem = "oem.example"
    private let tier = "tier.example"
    private let third = "third.example"
    private let zeros = [UInt8](repeating: 0, count: 32)

    /// Two companies that hold the same labels of both.
    private func written(_ more: [String] = []) throws -> Companies {
        let all = try Companies([oem, tier] + more)
        try all.node(oem).write(all.dataset, [all.label("a.png"), all.label("b.png")])
        try all.carry(oem, to: tier)
        try all.node(tier).write(all.dataset, [all.label("a.png"), all.label("c.png")])
        try all.carry(tier, to: oem)
        return all
    }

    private func swap(_ all: Companies) throws {
        for one in all.nodes.keys.sorted() {
            for other in all.nodes.keys.sorted() where other != one {
                try all.carry(one, to: other)
            }
        }
    }

    private func claim(
        _ name: String, _ digest: [UInt8], _ heads: [TreeHead], _ all: Companies
    ) throws {
        try all.node(oem).write(
            all.dataset,
            [
                .governance(
                    .release(name: name, digest: digest, heads: heads, terms: ReleaseTerms()))
            ])
    }

    private func code(_ body: () throws -> Void) -> String? {
        do {
            try body()
            return nil
        } catch { return (error as? NodeError)?.code.word ?? "\(error)" }
    }

    @Test("each release is recomputed, also where its heads go on from another one's, or do not")
    func right() throws {
        let all = try written()
        let steward = try all.node(oem)
        try steward.createRelease("v1", of: all.dataset, terms: ReleaseTerms())
        try all.carry(oem, to: tier)
        let more = try all.node(tier).write(
            all.dataset, [all.label("d.png"), all.label("e.png")])
        try all.carry(tier, to: oem)
        try steward.write(all.dataset, [.set(more[0], [.className("short")])])
        // A cut that reaches back changes what counts: the replay is made anew, or comes out the same.
        try steward.createRelease("v2", of: all.dataset, terms: ReleaseTerms())
        try steward.cutMember(all.dataset, try Origin(tier), at: more[0].slot.entry)
        try steward.createRelease("v3", of: all.dataset, terms: ReleaseTerms())
        // The same heads once more, under another name.
        let first = try steward.release("v1", of: all.dataset).release
        var terms = ReleaseTerms()
        terms.companies = [try Origin(oem)]
        try steward.createRelease("part", of: all.dataset, terms: terms)
        let report = try steward.verify(all.dataset)
        #expect(report.problems.isEmpty)
        #expect(report.releases.map(\.view.release.name) == ["v1", "v2", "v3", "part"])
        #expect(report.releases.allSatisfy { $0.isRight == true })
        // Heads that lie before those of the release that stands before it in the log.
        try claim("back", first.digest, first.heads, all)
        let again = try steward.verify(all.dataset)
        #expect(again.problems.map(\.what).count == 1)
        #expect(again.problems.first?.what.contains("release back: ") == true)
        #expect(again.releases.map(\.isRight) == [true, true, true, true, false])
    }

    @Test("a false release is a problem until it is withdrawn, and each kind has its own word")
    func wrong() throws {
        let all = try written()
        let (steward, member) = (try all.node(oem), try all.node(tier))
        try steward.createRelease("v1", of: all.dataset, terms: ReleaseTerms())
        let right = try steward.release("v1", of: all.dataset).release
        var (longer, other, apart, future) = (right.heads, right.heads, right.heads, right.heads)
        let size = right.heads[1].size
        longer[1].size += 9
        other[1].root = zeros
        future[0].size += 90
        // The member's entries rest on more of the steward's log than these heads name.
        apart[0].size = 2
        apart[0].root = try steward.reader(of: "\(oem)/\(all.dataset)").upTo(2).statedRoot.bytes
        try claim("root", zeros, right.heads, all)
        try claim("longer", right.digest, longer, all)
        try claim("other", right.digest, other, all)
        try claim("apart", right.digest, apart, all)
        try claim("future", right.digest, future, all)
        try all.carry(oem, to: tier)
        let (here, there) = (try steward.verify(all.dataset), try member.verify(all.dataset))
        func words(_ name: String, _ report: VerificationReport) -> String {
            report.problems.first { $0.what.hasPrefix("release \(name): ") }?.what ?? ""
        }
        for report in [here, there] {
            #expect(words("root", report).contains("is not what its logs hold"))
            #expect(words("other", report).contains("names another root"))
            #expect(words("apart", report).contains("its heads do not belong together"))
            #expect(words("future", report).contains("entries of the steward's log, and is entry"))
            #expect(words("v1", report).isEmpty)
        }
        // Whose log it is knows that nobody can hold more of it; others may only wait for it.
        #expect(words("longer", there).contains("own log, which has signed \(size)"))
        #expect(here.releases.first { $0.view.release.name == "longer" }?.isRight == nil)
        #expect((here.problems.count, there.problems.count) == (4, 5))
        for name in ["root", "longer", "other", "apart", "future"] {
            try steward.withdrawRelease(name, of: all.dataset, reason: "false")
        }
        try all.carry(oem, to: tier)
        for node in [steward, member] {
            let report = try node.verify(all.dataset)
            #expect(report.problems.isEmpty)
            #expect(report.releases.count { $0.view.release.withdrawal == "false" } == 5)
        }
    }

    @Test("countersignatures of other digests, names and datasets count for nothing, and are told")
    func strays() throws {
        let all = try written()
        let (steward, member) = (try all.node(oem), try all.node(tier))
        let other = try DatasetID("\(oem)/wafers")
        try steward.create(other, title: "Wafers", schema: "{}")
        try steward.write(other, [all.label("w.png")])
        for dataset in [all.dataset, other] {
            try steward.createRelease("v1", of: dataset, terms: ReleaseTerms())
        }
        let foreign = try steward.release("v1", of: other).release
        let own = try steward.release("v1", of: all.dataset).release
        #expect(foreign.digest != own.digest)
        try all.carry(oem, to: tier)
        try member.write(
            all.dataset,
            [
                .governance(.countersign(name: "v1", digest: foreign.digest)),
                .governance(.countersign(name: "v7", digest: own.digest)),
            ])
        try all.carry(tier, to: oem)
        for node in [steward, member] {
            #expect(try node.release("v1", of: all.dataset).countersigned.isEmpty)
            let report = try node.verify(all.dataset)
            #expect(report.problems.isEmpty)
            #expect(
                report.notes == [
                    "\(tier) has countersigned another digest of release v1 than the steward has signed: "
                        + "it does not count",
                    "\(tier) has countersigned a release v7 that the steward has not named: it does not count",
                ])
        }
        try member.countersignRelease("v1", of: all.dataset)
        #expect(try member.verify(all.dataset).notes.count == 1)
        // Thousands of them are a few lines.
        try member.write(
            all.dataset, (0..<40).map { .governance(.countersign(name: "n\($0)", digest: zeros)) })
        let notes = try member.verify(all.dataset).notes
        #expect(notes.count == 11)
        #expect(notes.last == "\(tier) has countersigned 31 more that no release is")
    }

    @Test("the dataset's policy says who has to countersign what is named from then on")
    func quorum() throws {
        let all = try written([third])
        let (steward, member) = (try all.node(oem), try all.node(tier))
        let (tierID, thirdID) = (try Origin(tier), try Origin(third))
        try steward.createRelease("before", of: all.dataset, terms: ReleaseTerms())
        let asked = MemberQuorum(threshold: 1, members: [thirdID])
        try steward.setReleasePolicy(all.dataset, asked)
        let size = try steward.reader(of: "\(oem)/\(all.dataset)").size
        try steward.setReleasePolicy(all.dataset, asked)
        #expect(try steward.reader(of: "\(oem)/\(all.dataset)").size == size)
        // Its own word shall not be weaker than the policy, and may be stronger.
        try steward.createRelease("named", of: all.dataset, terms: ReleaseTerms())
        var terms = ReleaseTerms()
        terms.quorum = 2
        try steward.createRelease("stronger", of: all.dataset, terms: terms)
        try steward.setReleasePolicy(all.dataset, .init(threshold: 0, members: []))
        try swap(all)
        try member.countersignRelease("named", of: all.dataset)
        try member.countersignRelease("stronger", of: all.dataset)
        try swap(all)
        func holds(_ node: Node) throws -> [Bool] {
            try node.releases(all.dataset).map(\.holds)
        }
        for node in [steward, member] { #expect(try holds(node) == [true, false, false]) }
        try all.node(third).countersignRelease("named", of: all.dataset)
        try all.node(third).countersignRelease("stronger", of: all.dataset)
        try swap(all)
        for node in [steward, member] {
            #expect(try holds(node) == [true, true, true])
            let release = try node.release("named", of: all.dataset).release
            #expect(release.quorum == 1 && release.policy?.members == [thirdID])
        }
        // In a proof of a label, too.
        let label = try member.write(all.dataset, [all.label("d.png")])[0]
        let proof = try member.proveWithStatement(
            label.description, in: all.dataset, release: "named"
        ).proof
        let shown = try LabelProof(file: proof.file).verify(
            trusting: try member.home.roots(of: try Origin(oem)),
            at: Int64(Date().timeIntervalSince1970) + 60
        ).release
        #expect(shown?.release.asked == [thirdID])
        #expect(shown?.release.quorum == 1 && shown?.release.holds == true)
        #expect(shown?.release.countersigned == [thirdID, tierID])
        let wrong: [(MemberQuorum, String)] = [
            (.init(threshold: 2, members: [tierID]), "bad-threshold"),
            (.init(threshold: 3, members: []), "bad-threshold"),
            (.init(threshold: 1, members: [try Origin("nobody.example")]), "not-found"),
            (.init(threshold: 1, members: [try Origin(oem)]), "own-release"),
        ]
        for (asked, word) in wrong {
            #expect(code { try steward.setReleasePolicy(all.dataset, asked) } == word)
        }
        #expect(code { try member.setReleasePolicy(all.dataset, asked) } == "not-steward")
    }

    @Test("the steward's own word is no countersignature, nor is a member's policy one")
    func ownWord() throws {
        let all = try written()
        let (steward, member) = (try all.node(oem), try all.node(tier))
        var terms = ReleaseTerms()
        terms.quorum = 1
        try steward.createRelease("v1", of: all.dataset, terms: terms)
        let release = try steward.release("v1", of: all.dataset).release
        #expect(code { try steward.countersignRelease("v1", of: all.dataset) } == "own-release")
        try steward.write(
            all.dataset, [.governance(.countersign(name: "v1", digest: release.digest))])
        try all.carry(oem, to: tier)
        try member.write(
            all.dataset, [.governance(.setReleasePolicy(threshold: 0, members: []))])
        try all.carry(tier, to: oem)
        for node in [steward, member] {
            let view = try node.release("v1", of: all.dataset)
            #expect(view.countersigned.isEmpty)
            #expect(!view.holds)
            #expect(try node.read(all.dataset) { $0.state.membership.releasePolicy } == nil)
            let report = try node.verify(all.dataset)
            #expect(report.problems.isEmpty)
            #expect(report.releases.map(\.isRight) == [true])
        }
    }

    @Test("a release at heads of a log that is forked later stays right, and is recomputed")
    func forkedLater() throws {
        let all = try written()
        let steward = try all.node(oem)
        try steward.createRelease("v1", of: all.dataset, terms: ReleaseTerms())
        try all.node(tier).write(all.dataset, [all.label("d.png")])
        try all.carry(tier, to: oem)
        var forks = try steward.forks()
        forks.note("\(tier)/\(all.dataset)", prefix: 0)
        steward.knownForks = (try steward.home.names(in: "evidence"), forks)
        try steward.catchUp(all.dataset)
        var report = VerificationReport()
        try steward.verifyReleases(all.dataset, &report)
        #expect(report.problems.isEmpty)
        #expect(report.releases.map(\.isRight) == [true])
    }

    @Test("where logs are damaged releases are not accused")
    func damaged() throws {
        let all = try written()
        let steward = try all.node(oem)
        try steward.createRelease("v1", of: all.dataset, terms: ReleaseTerms())
        let folder = steward.home.logFolder(try Origin(tier), all.dataset)
        let bundle = try #require(
            FileManager.default.enumerator(atPath: folder + "/tile/entries")?.compactMap {
                $0 as? String
            }.first { $0.contains(".p/") })
        let path = "\(folder)/tile/entries/\(bundle)"
        var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        bytes[bytes.count - 1] ^= 1
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        let report = try steward.verify(all.dataset)
        #expect(!report.problems.isEmpty)
        #expect(report.problems.allSatisfy { !$0.what.contains("release") })
        #expect(report.releases.isEmpty)
        #expect(report.notes.count == 1)
    }
}
