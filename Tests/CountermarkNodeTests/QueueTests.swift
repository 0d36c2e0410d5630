import AnnotationModel
import AnnotationStore
import LabelQuality
import Provenance
import Testing

@testable import CountermarkNode

@Suite("The review queue")
struct QueueTests {
    private let oem = "oem.example"
    private let tier = "tier.example"

    private func whole(
        _ item: String, _ name: String, _ fields: [Field: FieldValue] = [:]
    ) -> AnnotationModel.Operation {
        .addAnnotation(item: item, className: name, selector: .wholeItem, fields: fields)
    }

    private func box(_ item: String, _ name: String) -> AnnotationModel.Operation {
        .addAnnotation(
            item: item, className: name,
            selector: .box(.init(x: 1, y: 1, width: 9, height: 9)), fields: [:])
    }

    private func written(
        _ ours: [AnnotationModel.Operation], _ theirs: [AnnotationModel.Operation]
    ) throws -> Companies {
        let all = try Companies([oem, tier])
        try all.node(oem).write(all.dataset, ours)
        try all.carry(oem, to: tier)
        try all.node(tier).write(all.dataset, theirs)
        try all.carry(tier, to: oem)
        return all
    }

    /// Two disputes about common classes, one about a rare one, and much that nobody disputes.
    private func disputed() throws -> Companies {
        let common = (0..<20).map { whole("same \($0)", "open") }
        return try written(
            common + [whole("x", "open"), whole("y", "open"), whole("z", "cut")],
            common + [whole("x", "short"), whole("y", "short"), whole("z", "open")])
    }

    private func items(
        _ all: Companies, _ question: QueueQuestion = QueueQuestion(), at name: String? = nil
    ) throws -> [String] {
        try all.node(name ?? oem).queue(all.dataset, question).rows.map(\.item)
    }

    @Test("disputes come in the order of what they are worth, on all nodes the same")
    func order() throws {
        let all = try disputed()
        #expect(try items(all) == ["z", "x", "y"])
        let reports = try [oem, tier].map {
            try all.node($0).queue(all.dataset, QueueQuestion())
        }
        #expect(reports[0].rows == reports[1].rows)
        // 43 open, 2 short, 1 cut: the rarer one counts more, by 1 each time that three times as many had to be there.
        let scores = reports[0].rows.map(\.score)
        #expect(abs(scores[0] - Rarity.factor(count: 1, most: 43)) < 1e-12)
        #expect(abs(scores[1] - Rarity.factor(count: 2, most: 43)) < 1e-12)
        #expect(reports[0].rows[0].why == ["1 thing in dispute", "a rare class"])
        #expect(abs(Rarity.factor(count: 1, most: 9) - 3) < 1e-12)
        #expect(Rarity.factor(count: 5, most: 5) == 1)
    }

    @Test("a field's value makes its items more important, and a model that is not sure")
    func weights() throws {
        let critical: [Field: FieldValue] = [.attribute("severity"): "critical"]
        func model(_ sure: Double) -> [Field: FieldValue] {
            [.known(.source): "model:m@1", .known(.confidence): .float(sure)]
        }
        let all = try written(
            [
                whole("x", "open"), whole("y", "open", critical),
                whole("alone", "open", model(0.4)),
                whole("sure", "open", model(1)),
            ], [whole("x", "short"), whole("y", "short")])
        var question = QueueQuestion()
        #expect(try items(all) == ["x", "y", "alone"])
        question.weights = [("severity", "critical", 5)]
        #expect(try items(all, question) == ["y", "x", "alone"])
        let report = try all.node(oem).queue(all.dataset, question)
        #expect(report.rows[0].why.last == "severity counts 5.0")
        #expect(report.rows[2].why.last == "a model is 40 % sure")
        #expect(abs(report.rows[2].score - 0.6 * 1.6) < 1e-12)
    }

    @Test("a box that one has and another, who has looked, has not, is a dispute")
    func boxes() throws {
        let all = try written([box("x", "open"), box("y", "open")], [box("x", "open")])
        #expect(try items(all) == [])
        _ = try all.node(tier).setExamined(all.dataset, ["y"])
        try all.carry(tier, to: oem)
        #expect(try items(all) == ["y"])
    }

    @Test(
        "next is what one has begun, then what is one's own, then what is nobody's; done leaves the queue"
    )
    func working() throws {
        let all = try disputed()
        let node = try all.node(oem)
        let (question, org) = (QueueQuestion(), try Origin(oem))
        func next(_ person: String?) throws -> (String, Bool)? {
            try node.nextInQueue(
                all.dataset, question, for: Reviewer(org: org, person: person), author: person
            ).map { ($0.row.item, $0.isNew) }
        }
        let assigned = try StageState(.review, "todo", to: "\(oem)/kim")
        _ = try node.setStage(all.dataset, .review, assigned, ["y"])
        #expect(try next("kim")?.0 == "y")
        #expect(try next("kim")?.1 == false)
        #expect(try next("lee")?.0 == "z")
        #expect(try next("max")?.0 == "x")
        #expect(try next("ann") == nil)
        let rows = try node.queue(all.dataset, question).rows
        #expect(rows.map { $0.state?.to } == ["\(oem)/lee", "\(oem)/max", "\(oem)/kim"])
        _ = try node.setStage(all.dataset, .review, try StageState(.review, "done"), ["z"])
        #expect(try items(all) == ["x", "y"])
        #expect(try node.queue(all.dataset, question).settled == 1)
        #expect(try next("lee") == nil)
        // It is in the log: the other node has it, too.
        try all.carry(oem, to: tier)
        #expect(try items(all, at: tier) == ["x", "y"])
        let stages = try node.stages(all.dataset).all
        #expect(stages.ofItems[.review]?.states["doing"] == 2)
        #expect(stages.ofItems[.review]?.states["done"] == 1)
    }

    @Test("two who take one item before they hear of each other are in conflict, and it shows")
    func conflict() throws {
        let all = try disputed()
        for name in [oem, tier] {
            let reviewer = Reviewer(org: try Origin(name))
            let found = try all.node(name).nextInQueue(
                all.dataset, QueueQuestion(), for: reviewer, author: nil)
            #expect(found?.row.item == "z")
        }
        try all.carry(tier, to: oem)
        #expect(try all.node(oem).store.itemsInConflict(all.dataset).map(\.record.key) == ["z"])
    }

    @Test("what is another company's is not taken, and names are read as they are written")
    func names() throws {
        let all = try written([whole("x", "open")], [whole("x", "short")])
        let node = try all.node(oem)
        _ = try node.setStage(
            all.dataset, .review, try StageState(.review, "todo", to: tier), ["x"])
        let none = try node.nextInQueue(
            all.dataset, QueueQuestion(), for: Reviewer(org: try Origin(oem)), author: nil)
        #expect(none == nil)
        #expect(try Reviewer("a.example/kim/2").person == "kim/2")
        #expect(throws: AnnotationModelError.self) { try Reviewer("Not A Name") }
        #expect(throws: AnnotationModelError.self) { try Reviewer("a.example/") }
        #expect(throws: AnnotationModelError.self) { try StageState(.filter, "kept", to: tier) }
    }
}
