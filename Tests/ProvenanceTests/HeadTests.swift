import AnnotationModel
import Signing
import Testing

@testable import Provenance

@Suite("Heads are claims that their authors and the cited logs are held to")
struct HeadTests {
    private let acme = Consortium.steward
    private let tier = "tier.example"
    private let mallory = "mallory.example"
    private let late = "late.example"

    private func consortium() throws -> Consortium {
        try Consortium([(tier, .reviewer), (mallory, .annotator), (late, .annotator)])
    }

    /// What does not hold about a head, and why.
    enum Falsehood: CaseIterable {
        case foreignSignature, wrongRoot, stranger, unnamed
    }

    @Test("a head that the cited log did not sign does not count", arguments: Falsehood.allCases)
    func falseHeads(kind: Falsehood) throws {
        let all = try consortium()
        try all.write(tier, [Consortium.label()])
        var heads = [try all.head(acme)]
        switch kind {
        case .foreignSignature: heads.append(try all.head(tier, by: mallory))
        case .wrongRoot:
            var head = try all.head(tier)
            head.root = [UInt8](repeating: 1, count: 32)
            heads.append(head)
        case .stranger:
            try all.introduce("nobody.example")
            heads.append(try all.head("nobody.example", size: 1))
        case .unnamed:
            // What the author has merged of the steward's log names nobody.
            heads = [try all.head(tier)]
        }
        let entry = try all.write(mallory, [Consortium.label()], citing: heads)
        // The next entry is judged on its own.
        let next = try all.write(mallory, [Consortium.label()], citing: [try all.head(acme)])
        let reader = try Reader(all)
        try reader.receiveAll()
        #expect(try reader.why(mallory, entry) == .falseHead)
        #expect(try reader.why(mallory, next) == nil)
        #expect(reader.labels == 2)
    }

    @Test("a head of a member that has not come is waited for by those alone who cite it")
    func absent() throws {
        let all = try consortium()
        try all.write(tier, [Consortium.label()])
        // The late company has signed a size that it never delivers, for a company that colludes.
        try all.write(
            mallory, [Consortium.label()],
            citing: [try all.head(acme), try all.head(late, size: 1 << 36)])
        let reader = try Reader(all)
        try reader.receiveAll()
        #expect(try reader.applied(mallory) == 0)
        #expect(try reader.applied(tier) == 1)
        let wait = try #require(reader.merge.state.progress(try Origin(mallory))?.waiting)
        #expect(wait.size == 1 << 36)
        #expect(reader.merge.state.logs[wait.log]?.origin == (try Origin(late)))

        // It delivers one entry: that keeps nobody either.
        try all.write(late, [Consortium.label()])
        try all.write(tier, [Consortium.label()], citing: [try all.head(acme), try all.head(late)])
        try reader.receiveAll()
        #expect(try reader.applied(tier) == 2)
        #expect(reader.labels == 3)

        // The steward cuts it at what is there, and the entry goes on.
        try all.write(acme, [.governance(.cutLog(try Origin(late), index: 1))])
        try reader.receiveAll()
        #expect(try reader.applied(mallory) == 1)
        #expect(try reader.why(mallory, 0) == nil)
        let other = try Reader(all)
        try other.receiveAll()
        #expect(other.digest == reader.digest)
    }

    @Test("a re-admission after a cut makes waiting again what cites more than is there")
    func readmission() throws {
        let all = try consortium()
        try all.write(late, [Consortium.label()])
        try all.write(
            mallory, [Consortium.label()],
            citing: [try all.head(acme), try all.head(late, size: 5)])
        try all.write(acme, [.governance(.cutLog(try Origin(late), index: 1))])
        let reader = try Reader(all)
        try reader.receiveAll()
        #expect(try reader.applied(mallory) == 1)
        try all.write(
            acme,
            [
                .governance(
                    .setMember(
                        try Origin(late), role: .annotator, roots: [], logKey: nil, fromIndex: 1))
            ])
        try reader.receiveAll()
        #expect(try reader.applied(mallory) == 0)
        for _ in 0..<4 { try all.write(late, [Consortium.label()]) }
        try reader.receiveAll()
        #expect(try reader.applied(mallory) == 1)
        let other = try Reader(all)
        try other.receiveAll()
        #expect(other.digest == reader.digest)
    }

    @Test("what was merged is less than what is signed, and only the former is waited for")
    func mergedBelowSize() throws {
        let all = try consortium()
        for _ in 0..<3 { try all.write(tier, [Consortium.label()]) }
        let target = try all.id(tier, 0, 1)
        let early = try all.write(
            mallory, [.comment(target, text: "seen")],
            citing: [try all.head(acme), try all.head(tier, merged: 1)])
        let unseen = try all.write(
            mallory, [.comment(try all.id(tier, 2, 0), text: "not merged")])
        let reader = try Reader(all)
        try reader.receive(acme, mallory)
        try reader.receive(tier, upTo: 1)
        #expect(try reader.applied(mallory) == 2)
        #expect(try reader.why(mallory, early, 0) == nil)
        // Position 0 of a log's first entry introduces the key.
        #expect(try reader.why(mallory, unseen, 0) == .unknownTarget)
        try reader.receiveAll()
        #expect(try reader.why(mallory, unseen, 0) == .unknownTarget)
        #expect(reader.rebuilds == 0)
    }

    @Test("a head below what was cited before adds nothing, and takes nothing away")
    func lower() throws {
        let all = try consortium()
        for _ in 0..<3 { try all.write(tier, [Consortium.label()]) }
        try all.write(
            mallory, [Consortium.label()], citing: [try all.head(acme), try all.head(tier)])
        let entry = try all.write(
            mallory, [.comment(try all.id(tier, 2, 0), text: "still known")],
            citing: [try all.head(tier, size: 1)])
        let reader = try Reader(all)
        try reader.receiveAll()
        #expect(try reader.why(mallory, entry) == nil)
        #expect(try reader.why(mallory, entry, 0) == nil)
    }

    @Test("a log that keeps a company out is not waited for by that company, and is by the others")
    func narrowed() throws {
        let all = try consortium()
        try all.write(late, [.governance(.setAudience([try Origin(mallory)]))])
        try all.write(late, [Consortium.label()])
        try all.write(
            mallory, [Consortium.label()], citing: [try all.head(acme), try all.head(late)])
        let outside = try Reader(all, tier)
        try outside.receive(acme, mallory)
        #expect(try outside.applied(mallory) == 0)
        // Up to and including the act that keeps it out, it is served.
        try outside.receive(late, upTo: 1)
        #expect(try outside.applied(mallory) == 1)
        let steward = try Reader(all, acme)
        try steward.receive(acme, mallory)
        try steward.receive(late, upTo: 1)
        #expect(try steward.applied(mallory) == 0)
        try steward.receiveAll()
        #expect(try steward.applied(mallory) == 1)

        // The audience is widened: what comes after all is merged in its place.
        try all.write(late, [.governance(.setAudience([]))])
        try outside.receiveAll()
        try steward.receiveAll()
        #expect(outside.digest == steward.digest)
        #expect(outside.merge.state.mark == steward.merge.state.mark)
    }
}
