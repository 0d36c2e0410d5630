import AnnotationFormats
import AnnotationModel
import AnnotationStore
import LabelExchange
import LabelQuality
import Provenance
import Testing

@testable import CompanyHome
@testable import CountermarkNode
@testable import DatasetQuality
@testable import PlainErrors

@Suite("A dataset that is labelled blind")
struct BlindTests {
    private let oem = "oem.example"
    private let tier = "tier.example"
    private let third = "third.example"

    private func code(_ body: () throws -> Void) -> String? {
        do {
            try body()
            return nil
        } catch { return (error as? NodeError)?.code.word ?? "\(error)" }
    }

    private func label(_ item: String, _ name: String = "short") -> AnnotationModel.Operation {
        .addAnnotation(item: item, className: name, selector: .wholeItem, fields: [:])
    }

    /// Two companies and a blind dataset with three items, of which the manufacturer has labelled two.
    private func blind() throws -> (all: Companies, ids: [OperationID]) {
        let all = try Companies([oem, tier])
        let node = try all.node(oem)
        try node.setBlind(all.dataset, true)
        try node.write(all.dataset, ["a", "b", "c"].map { .addItem(key: $0, fields: [:]) })
        try all.carry(oem, to: tier)
        try all.node(tier).write(all.dataset, [.commentItem(key: "c", text: "mine")])
        try all.carry(tier, to: oem)
        let ids =
            try node.write(all.dataset, [label("a")]) + node.write(all.dataset, [label("b")])
        try all.carry(oem, to: tier)
        return (all, ids)
    }

    private func exported(_ node: Node, _ all: Companies) throws -> (count: Int, notes: [String]) {
        var notes: [String] = []
        node.warn = { notes.append($0) }
        defer { node.warn = { _ in } }
        let report = try node.export(
            all.dataset, format: try FormatRegistry.format(named: "jsonl"), view: .resolved,
            to: DiskOutput(file: all.folder.path + "/out.jsonl")
        ).report
        return (report.annotations, notes)
    }

    private func cited(_ node: Node, _ all: Companies, by name: String) throws -> UInt64 {
        try node.read(all.dataset) { merge in
            let number = merge.state.number(try Origin(name)) ?? 0
            return merge.state.progress(node.home.origin)?.cited[number] ?? 0
        }
    }

    @Test("others' labels of an item are shown once it is examined, one's own always")
    func shown() throws {
        let (all, ids) = try blind()
        let (steward, member) = (try all.node(oem), try all.node(tier))
        #expect(try steward.isBlind(all.dataset) && member.isBlind(all.dataset))
        #expect(code { _ = try member.find("\(ids[0])", in: all.dataset) } == "blind")
        #expect(code { _ = try steward.find("\(ids[0])", in: all.dataset) } == nil)
        #expect(try exported(member, all).count == 0)
        #expect(try exported(member, all).notes.contains { $0.hasPrefix("2 labels of others") })
        #expect(try member.unexaminedItems(all.dataset).items == ["a", "b"])
        try member.write(all.dataset, [label("a", "open")])
        #expect(try exported(member, all).count == 1)
        _ = try member.setExamined(all.dataset, ["a"])
        #expect(code { _ = try member.find("\(ids[0])", in: all.dataset) } == nil)
        #expect(try exported(member, all).count == 2)
        #expect(code { _ = try member.find("\(ids[1])", in: all.dataset) } == "blind")
        // Taken back, it is as before.
        _ = try member.setExamined(all.dataset, ["a"], isWithdrawn: true)
        #expect(code { _ = try member.find("\(ids[0])", in: all.dataset) } == "blind")
        let rows = try member.consensus(all.dataset, QualityQuestion(), isWeighted: false).rows
        #expect(rows.isEmpty)
    }

    @Test(
        "what a node holds and does not show its changesets do not cite, so the labels are provably blind"
    )
    func provable() throws {
        let (all, ids) = try blind()
        let (steward, member) = (try all.node(oem), try all.node(tier))
        let before = try cited(member, all, by: oem)
        try member.write(all.dataset, [label("a", "open"), label("b")])
        #expect(try cited(member, all, by: oem) < ids[0].slot.entry + 1)
        #expect(try cited(member, all, by: oem) >= before)
        _ = try member.setExamined(all.dataset, ["a", "b"])
        #expect(try cited(member, all, by: oem) < ids[0].slot.entry + 1)
        // From then on it cites everything.
        try member.write(all.dataset, [.comment(ids[1], text: "seen")])
        #expect(try cited(member, all, by: oem) == ids[1].slot.entry + 1)
        try all.carry(tier, to: oem)
        for node in [steward, member] {
            let report = try node.agreement(all.dataset, QualityQuestion())
            #expect(report.rows.contains { $0.pairs == .blind && $0.figure.counts.units == 2 })
            #expect(report.rows.allSatisfy { $0.pairs != .informed || $0.figure.counts.units == 0 })
            #expect(
                report.blindness == [BlindRow(org: oem, items: 2), BlindRow(org: tier, items: 2)])
        }
    }

    @Test("who labels with others' labels before its eyes is named")
    func broken() throws {
        let all = try Companies([oem, tier])
        let (steward, member) = (try all.node(oem), try all.node(tier))
        try steward.write(all.dataset, [label("a"), label("b")])
        try all.carry(oem, to: tier)
        // Its node cites what it has merged: nobody has asked it not to.
        let own = try member.write(all.dataset, [label("a")])
        _ = try member.setExamined(all.dataset, ["a"])
        // What it changes once it has examined the item is no breach.
        try member.write(all.dataset, [.set(own[0], [.className("open")])])
        try steward.setBlind(all.dataset, true)
        try all.carry(tier, to: oem)
        let report = try steward.agreement(all.dataset, QualityQuestion())
        let row = try #require(report.blindness?.first { $0.org == tier })
        #expect((row.items, row.broken) == (1, 1))
        #expect(row.examples == ["a"])
        #expect(report.blindness?.first { $0.org == oem }?.broken == 0)
    }

    @Test(
        "a label behind one that is not shown cannot be judged yet, and nothing is signed in vain")
    func behind() throws {
        let (all, ids) = try blind()
        let member = try all.node(tier)
        _ = try member.setExamined(all.dataset, ["b"])
        #expect(
            code {
                try member.write(all.dataset, [.review(ids[1], .accept, reason: nil)])
            } == "blind")
        _ = try member.setExamined(all.dataset, ["a"])
        try member.write(all.dataset, [.review(ids[1], .accept, reason: nil)])
        #expect(member.uncounted.isEmpty)
    }

    @Test("the steward alone begins and ends it; then all is shown and cited")
    func ended() throws {
        let (all, ids) = try blind()
        let (steward, member) = (try all.node(oem), try all.node(tier))
        #expect(code { try member.setBlind(all.dataset, false) } == "not-steward")
        try member.write(all.dataset, [.governance(.setBlind(false))])
        #expect(try member.isBlind(all.dataset))
        try steward.setBlind(all.dataset, false)
        try all.carry(oem, to: tier)
        #expect(code { _ = try member.find("\(ids[0])", in: all.dataset) } == nil)
        #expect(try exported(member, all).notes == [])
        try member.write(all.dataset, [label("c")])
        #expect(try cited(member, all, by: oem) > ids[1].slot.entry)
        try steward.setBlind(all.dataset, false)
        #expect(try steward.agreement(all.dataset, QualityQuestion()).blindness == nil)
    }

    @Test("an item under a second name is examined under either")
    func aliases() throws {
        let all = try Companies([oem, tier])
        let steward = try all.node(oem)
        let digest = FieldValue.bytes([UInt8](repeating: 7, count: 32))
        try steward.setBlind(all.dataset, true)
        try steward.write(
            all.dataset,
            ["a.jpg", "1.jpg"].map { .addItem(key: $0, fields: [.known(.sha256): digest]) })
        #expect(try steward.say("1.jpg", isSameAs: "a.jpg", in: all.dataset))
        let id = try #require(try steward.write(all.dataset, [label("1.jpg")]).first)
        try all.carry(oem, to: tier)
        let member = try all.node(tier)
        #expect(code { _ = try member.find("\(id)", in: all.dataset) } == "blind")
        _ = try member.setExamined(all.dataset, ["a.jpg"])
        #expect(code { _ = try member.find("\(id)", in: all.dataset) } == nil)
    }

    @Test(
        "nothing is signed about a label that is not shown, by whatever way, though the log cites it"
    )
    func unjudged() throws {
        let all = try Companies([oem, tier])
        let node = try all.node(oem)
        let ids = try node.write(all.dataset, [label("a")])
        try all.carry(oem, to: tier)
        // What it writes cites what it has merged.
        try all.node(tier).write(all.dataset, [label("b")])
        try node.setBlind(all.dataset, true)
        try all.carry(oem, to: tier)
        let other = try all.node(tier)
        let target = try #require(ids.first)
        for operation: AnnotationModel.Operation in [
            .set(target, [.className("open")]), .review(target, .reject, reason: nil),
            .comment(target, text: "seen"),
        ] {
            #expect(code { try other.write(all.dataset, [operation]) } == "blind")
        }
        let state = try StageState(.quality, "rejected")
        #expect(
            code { _ = try other.setStage(all.dataset, .quality, state, ["\(target)"]) } == "blind")
        _ = try other.setExamined(all.dataset, ["a"])
        try other.write(all.dataset, [.review(target, .reject, reason: nil)])
    }

    @Test("a consensus that is signed says nothing of items that the steward has not examined")
    func unsignedConsensus() throws {
        let (all, _) = try blind()
        try all.node(tier).write(all.dataset, [label("c", "hidden")])
        try all.carry(tier, to: oem)
        let node = try all.node(oem)
        let (report, written) = try node.writeConsensus(
            all.dataset, QualityQuestion(), isWeighted: false, method: "majority")
        #expect(report.hidden == 3 && written.added == 0 && written.changesets == 0)
        try node.write(all.dataset, [label("c", "hidden")])
        _ = try node.setExamined(all.dataset, ["c"])
        let again = try node.writeConsensus(
            all.dataset, QualityQuestion(), isWeighted: false, method: "majority"
        ).written
        #expect(again.added == 1)
        // Blind again of what it has signed: that stays, and is not taken back.
        _ = try node.setExamined(all.dataset, ["c"], isWithdrawn: true)
        let last = try node.writeConsensus(
            all.dataset, QualityQuestion(), isWeighted: false, method: "majority"
        ).written
        #expect(last.retracted == 0 && last.changesets == 0)
    }
}
