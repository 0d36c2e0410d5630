import AnnotationModel
import Foundation
import Provenance
import Signing
import Testing
import TransparencyLog

@testable import CompanyHome
@testable import CountermarkNode
@testable import PlainErrors

@Suite("Who says that a proof is all")
struct StatementTests {
    private let oem = "oem.example"
    private let tier = "tier.example"
    private let third = "third.example"
    private let now = Int64(Date().timeIntervalSince1970)

    private func spread(_ all: Companies, _ names: [String]) throws {
        for from in names {
            for to in names where to != from { try all.carry(from, to: to) }
        }
    }

    private func roots(_ all: Companies) throws -> [Certificate] {
        [try all.node(oem).home.root()]
    }

    private func proof(_ all: Companies, _ name: String, _ id: OperationID) throws -> LabelProof {
        let made = try all.node(name).proveWithStatement(id.description)
        #expect(made.without == nil)
        return made.proof
    }

    private func verify(_ proof: LabelProof, _ all: Companies) throws -> LabelProofReport {
        try LabelProof(file: proof.file).verify(trusting: try roots(all), at: now)
    }

    private func with(
        _ proof: LabelProof, pieces: [LabelProof.Piece]? = nil, statements: [[UInt8]]? = nil
    ) -> LabelProof {
        LabelProof(
            dataset: proof.dataset, annotation: proof.annotation, pieces: pieces ?? proof.pieces,
            statements: statements ?? proof.statements)
    }

    /// Signs a statement in the name of a company with another company's node, or its own.
    private func statement(
        _ all: Companies, like proof: LabelProof, by signer: String, in name: String? = nil,
        time: Int64? = nil, _ change: (inout [CompletenessStatement.Head]) -> Void = { _ in }
    ) throws -> [UInt8] {
        let old = try CompletenessStatement(try #require(proof.statements.first))
        let identity = try all.node(signer).home.identity()
        var heads = old.heads
        change(&heads)
        return try CompletenessStatement.sign(
            org: try Origin(name ?? signer), dataset: proof.dataset, annotation: proof.annotation,
            heads: heads, contents: old.contents, time: time ?? now, key: identity.key,
            chain: identity.chain)
    }

    /// A label of the annotator `third` that a reviewer has changed, reviewed, and given up again; and a
    /// suggestion that was accepted.
    private func history() throws -> (all: Companies, id: OperationID) {
        let all = try Companies([oem, tier, third])
        let names = [oem, tier, third]
        try all.node(oem).setMember(all.dataset, try Origin(third), role: .annotator, roots: [])
        try spread(all, names)
        let id = try #require(all.node(oem).write(all.dataset, [all.label("a.png")]).first)
        try spread(all, names)
        try all.node(tier).write(all.dataset, [.set(id, [.className("open")])])
        try all.node(tier).write(all.dataset, [.review(id, .reject, reason: nil)])
        let change = try #require(
            all.node(third).write(all.dataset, [.set(id, [.className("short")])]).first)
        try spread(all, names)
        try all.node(oem).write(all.dataset, [.review(change, .accept, reason: nil)])
        try spread(all, names)
        return (all, id)
    }

    @Test("every company that holds the logs says the same, and its word is named with its heads")
    func agree() throws {
        let (all, id) = try history()
        var proof = try proof(all, third, id)
        for name in [oem, tier] {
            let answer = try all.node(name).statement(
                about: id.description, in: all.dataset.description, caller: try Origin(third))
            proof = try all.node(third).adding(answer, of: try Origin(name), to: proof)
        }
        let report = try verify(proof, all)
        #expect(report.completeBy.map(\.org.description) == [oem, third, tier])
        let size = try all.node(third).read(all.dataset) { merge in
            merge.state.logs.values.first { $0.origin.description == oem }?.applied
        }
        #expect(report.completeBy[0].heads.first?.size == size)
        #expect(report.values("class") == [.plain(.text("short"))])
    }

    @Test("without a statement the same is shown, and nobody calls it complete")
    func none() throws {
        let (all, id) = try history()
        let proof = try proof(all, tier, id)
        let report = try verify(with(proof, statements: []), all)
        #expect(!report.isComplete)
        #expect(report.writes == (try verify(proof, all)).writes)
        #expect(report.notes.contains { $0.contains("left out") })
    }

    @Test("no piece can be left out so that another label is called complete")
    func leftOut() throws {
        let (all, id) = try history()
        let proof = try proof(all, tier, id)
        let before = try verify(proof, all)
        #expect(before.isComplete)
        var missed = 0
        for place in proof.pieces.indices {
            var pieces = proof.pieces
            pieces.remove(at: place)
            guard let report = try? verify(with(proof, pieces: pieces), all) else {
                missed += 1
                continue
            }
            #expect(report.isComplete && report.writes == before.writes, "piece \(place)")
        }
        // The addition, the set, the review, the suggestion and its acceptance, and what it takes to check them.
        #expect(missed >= 5)
    }

    @Test("a cut that is left out is missed")
    func leftOutCut() throws {
        let (all, id) = try history()
        try all.node(oem).cutMember(all.dataset, try Origin(tier), at: nil)
        // The member has not heard of it, or pretends so.
        try all.node(tier).write(all.dataset, [.set(id, [.className("late")])])
        let uncut = try proof(all, tier, id)
        #expect(try verify(uncut, all).values("class") == [.plain(.text("late"))])
        try spread(all, [oem, tier, third])
        let cut = try proof(all, oem, id)
        #expect(try verify(cut, all).values("class") == [.plain(.text("short"))])
        // The steward's word does not fit a file that keeps its cut from the reader.
        #expect(throws: LabelProofError.self) {
            try verify(with(uncut, statements: cut.statements), all)
        }
        // Nor is the word of the member good where the cut is in the file.
        #expect(throws: LabelProofError.self) {
            try verify(with(cut, statements: uncut.statements), all)
        }
    }

    @Test("a statement of another label, dataset, company or time spoils the file")
    func foreign() throws {
        let (all, id) = try history()
        let proof = try proof(all, tier, id)
        func refused(_ statements: [[UInt8]], _ why: String) throws {
            let error = #expect(throws: LabelProofError.self) {
                try verify(with(proof, statements: statements), all)
            }
            guard case .refused(let text)? = error else { return }
            #expect(text.contains(why), "\(text)")
        }
        let other = try #require(all.node(tier).write(all.dataset, [all.label("b.png")]).first)
        try refused(try self.proof(all, tier, other).statements, "is about")
        let strangers = try Companies(["stranger.example"])
        let home = try strangers.node("stranger.example").home
        let identity = try home.identity()
        let old = try CompletenessStatement(try #require(proof.statements.first))
        func signed(
            as org: String, in dataset: DatasetID, _ count: Int? = nil, time: Int64
        ) throws -> [UInt8] {
            try CompletenessStatement.sign(
                org: try Origin(org), dataset: dataset, annotation: id, heads: old.heads,
                contents: .init(
                    count: count ?? old.contents.count, digest: old.contents.digest),
                time: time, key: identity.key, chain: identity.chain)
        }
        try refused([signed(as: "stranger.example", in: all.dataset, time: now)], "no member")
        try refused([signed(as: tier, in: all.dataset, time: now)], "somebody else")
        try refused(
            [signed(as: tier, in: try DatasetID("\(oem)/other"), time: now)], "is about")
        try refused([statement(all, like: proof, by: third, in: tier)], "somebody else")
        try refused(
            [
                statement(
                    all, like: proof, by: tier,
                    time: now + CompletenessStatement.clockToleranceSeconds + 1)
            ], "future")
        #expect(
            try verify(
                with(
                    proof,
                    statements: [
                        statement(
                            all, like: proof, by: tier,
                            time: now + CompletenessStatement.clockToleranceSeconds)
                    ]), all
            ).isComplete)
        try refused(proof.statements + proof.statements, "do not ascend")
    }

    @Test("heads that contradict the checkpoints, or do not reach the label, spoil the file")
    func heads() throws {
        let (all, id) = try history()
        let proof = try proof(all, tier, id)
        func verified(_ change: @escaping (inout [CompletenessStatement.Head]) -> Void) throws {
            let message = try statement(all, like: proof, by: tier, change)
            _ = try verify(with(proof, statements: [message]), all)
        }
        try verified { _ in }
        #expect(throws: LabelProofError.self) {
            try verified { heads in
                heads[0] = .init(origin: heads[0].origin, size: heads[0].size, root: .zero)
            }
        }
        // The word of somebody who had less cannot be about what came later.
        #expect(throws: LabelProofError.self) {
            try verified { heads in
                heads[0] = .init(origin: heads[0].origin, size: 3, root: heads[0].root)
            }
        }
        #expect(throws: LabelProofError.self) { try verified { $0.removeFirst() } }
    }

    @Test("an older statement holds for its own heads only")
    func replayed() throws {
        let (all, id) = try history()
        let older = try proof(all, tier, id)
        try all.node(oem).write(all.dataset, [.set(id, [.field(.known(.status), .integer(1))])])
        try spread(all, [oem, tier, third])
        let newer = try proof(all, tier, id)
        #expect(try verify(older, all).isComplete)
        let report = try verify(with(newer, statements: older.statements), all)
        #expect(!report.isComplete)
        #expect(report.notes.contains { $0.contains("reaches less") })
        // Nor does it fit a newer file that lacks the last write.
        let short = newer.pieces.filter { piece in
            !newer.pieces.filter { $0.member.description == oem }.suffix(1).contains(piece)
        }
        let old = try? verify(with(newer, pieces: short, statements: newer.statements), all)
        #expect(old == nil)
        // A partner that holds less than the asker says so.
        try all.node(third).write(all.dataset, [.review(id, .accept, reason: nil)])
        let asked = try proof(all, third, id)
        let answer = try all.node(oem).statement(
            about: id.description, in: all.dataset.description, caller: try Origin(third))
        #expect(throws: NodeError.self) {
            try all.node(third).adding(answer, of: try Origin(oem), to: asked)
        }
    }

    @Test("a partner is told of what it may read, and nothing of what it may not")
    func readers() throws {
        let (all, id) = try history()
        let node = try all.node(oem)
        #expect(throws: NodeError.self) {
            try node.statement(
                about: id.description, in: all.dataset.description,
                caller: try Origin("stranger.example"))
        }
        try all.node(tier).write(
            all.dataset, [.governance(.setAudience([try Origin(oem)]))])
        try all.carry(tier, to: oem)
        let answer = try node.statement(
            about: id.description, in: all.dataset.description, caller: try Origin(third))
        let heads = try CompletenessStatement(answer).heads.map(\.origin.description)
        #expect(heads == [oem, third])
        let own = try #require(all.node(tier).write(all.dataset, [all.label("c.png")]).first)
        try all.carry(tier, to: oem)
        let error = #expect(throws: NodeError.self) {
            try node.statement(
                about: own.description, in: all.dataset.description, caller: try Origin(third))
        }
        #expect(error?.code == .notFound)
    }

    @Test("a partner has one question at a time, and then a pause of nine times what it took")
    func pacing() throws {
        let (one, other) = (try Origin("a.example"), try Origin("b.example"))
        let pacing = StatementPacing()
        let start = ContinuousClock.now
        #expect(pacing.begin(one, at: start) == nil)
        #expect(pacing.begin(one, at: start) == 1)
        #expect(pacing.begin(other, at: start) == nil)
        pacing.end(one, took: .seconds(2), at: start)
        #expect(pacing.begin(one, at: start + .seconds(17)) == 2)
        #expect(pacing.begin(one, at: start + .seconds(18)) == nil)
    }
}
