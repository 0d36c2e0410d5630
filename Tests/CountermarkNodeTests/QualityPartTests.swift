import AnnotationModel
import AnnotationStore
import LabelQuality
import LogStorage
import Provenance
import Testing

@testable import CompanyHome
@testable import CountermarkNode
@testable import DatasetQuality
@testable import PlainErrors

@Suite("Quality of a part of the labels, and as it was")
struct QualityPartTests {
    private let oem = "oem.example"
    private let tier = "tier.example"

    private func label(
        _ item: String, _ name: String, _ selector: Selector = .wholeItem
    ) -> AnnotationModel.Operation {
        .addAnnotation(item: item, className: name, selector: selector, fields: [:])
    }

    private func percent(_ report: AgreementReport) -> Double? {
        report.rows.first { $0.measure == "percent" && $0.raters.isEmpty && $0.pairs == nil }?
            .figure.value
    }

    @Test("as it was at given heads, on every node, whatever came later")
    func heads() throws {
        let all = try Companies([oem, tier])
        let (steward, other) = (try all.node(oem), try all.node(tier))
        try steward.write(all.dataset, (0..<4).map { label("\($0)", "a") })
        try all.carry(oem, to: tier)
        try other.write(all.dataset, (0..<4).map { label("\($0)", $0 < 2 ? "a" : "b") })
        try all.carry(tier, to: oem)
        func head(_ name: String) throws -> LogHead {
            let origin = try Origin(name)
            return LogHead(
                origin: origin, size: try steward.home.log(origin, all.dataset).size)
        }
        let heads = [try head(oem), try head(tier)]
        let before = try steward.agreement(all.dataset, QualityQuestion())
        #expect(percent(before) == 0.5 && before.heads == nil)

        try steward.write(all.dataset, (4..<8).map { label("\($0)", "a") })
        try all.carry(oem, to: tier)
        try other.write(all.dataset, (4..<8).map { label("\($0)", "a") })
        try all.carry(tier, to: oem)
        #expect(percent(try steward.agreement(all.dataset, QualityQuestion())) == 0.75)
        for node in [steward, other] {
            let then = try node.agreement(all.dataset, QualityQuestion(), at: heads)
            #expect(then.rows.map(\.figure) == before.rows.map(\.figure))
            #expect(then.digest == before.digest && then.heads == heads)
            let consensus = try node.consensus(
                all.dataset, QualityQuestion(), isWeighted: false, at: heads)
            #expect(consensus.rows.count == 4 && consensus.heads == heads)
        }
        // The other log's last entry was signed by somebody who had merged more than this: it waits.
        let alone = try steward.agreement(all.dataset, QualityQuestion(), at: [heads[0]])
        #expect(alone.heads == heads)
        #expect(throws: NodeError.self) {
            try steward.agreement(all.dataset, QualityQuestion(), at: [heads[0], try head(tier)])
        }
        let beyond = LogHead(origin: heads[0].origin, size: 99)
        #expect(throws: NodeError.self) {
            try steward.agreement(all.dataset, QualityQuestion(), at: [beyond])
        }
        let stranger = LogHead(origin: try Origin("x.example"), size: 1)
        #expect(throws: NodeError.self) {
            try steward.agreement(all.dataset, QualityQuestion(), at: [stranger])
        }
    }

    @Test("a consensus as it was does not show what a blind dataset hides now")
    func blind() throws {
        let all = try Companies([oem, tier])
        let (steward, other) = (try all.node(oem), try all.node(tier))
        try all.carry(oem, to: tier)
        try other.write(all.dataset, [label("a", "x"), label("b", "x")])
        try all.carry(tier, to: oem)
        try steward.setBlind(all.dataset, true)
        _ = try steward.setExamined(all.dataset, ["a"])
        let head = LogHead(
            origin: try Origin(tier),
            size: try steward.home.log(try Origin(tier), all.dataset).size)
        let report = try steward.consensus(
            all.dataset, QualityQuestion(), isWeighted: false, at: [head])
        #expect(report.rows.map(\.item) == ["a"] && report.hidden == 1)
    }

    @Test("of one group, and of what was added in a stretch of time")
    func part() throws {
        let all = try Companies([oem, tier])
        let (steward, other) = (try all.node(oem), try all.node(tier))
        let lot = [Field.known(.group): FieldValue.text("lot/7")]
        try steward.write(
            all.dataset,
            [.addItem(key: "a", fields: lot), .addItem(key: "b", fields: [:])]
                + ["a", "b"].map { label($0, "x") })
        try all.carry(oem, to: tier)
        try other.write(all.dataset, [label("a", "x"), label("b", "y")])
        try all.carry(tier, to: oem)
        #expect(percent(try steward.agreement(all.dataset, QualityQuestion())) == 0.5)
        var question = QualityQuestion()
        question.part.group = "lot/7"
        #expect(percent(try steward.agreement(all.dataset, question)) == 1)
        question.part.group = "lot/8"
        #expect(throws: NodeError.self) { try steward.agreement(all.dataset, question) }

        question = QualityQuestion()
        let first = try #require(
            try steward.store.labels(try steward.logNames(all.dataset), limit: 1).first)
        let time = try #require(
            try steward.read(all.dataset) { try $0.rows.entry(first.key.entryKey)?.time })
        question.part.until = time + 60
        #expect(percent(try steward.agreement(all.dataset, question)) == 0.5)
        question.part.until = time
        #expect(try steward.agreement(all.dataset, question).rows.isEmpty)
        question.part.until = nil
        question.part.since = time + 60
        #expect(try steward.agreement(all.dataset, question).rows.isEmpty)
        question.part.since = time
        #expect(percent(try steward.agreement(all.dataset, question)) == 0.5)
    }

    @Test("relations are the same where they link labels that mean the same")
    func relations() throws {
        let all = try Companies([oem, tier])
        let box = { (x: Double) in Selector.box(.init(x: x, y: 0, width: 10, height: 10)) }
        /// Two boxes and a relation from the first to the second.
        func say(_ name: String, _ from: Double, _ to: Double, _ kind: String) throws {
            let node = try all.node(name)
            let ids = try node.write(
                all.dataset, [label("a", "pad", box(from)), label("a", "pad", box(to))])
            let ends = ids.map { [Selector.Target(.annotation($0.description))] }
            try node.write(
                all.dataset,
                [label("a", "joins", .relation(kind: kind, from: ends[0], to: ends[1]))])
        }
        try all.carry(oem, to: tier)
        try say(oem, 0, 100, "wire")
        try say(tier, 1, 101, "wire")
        // The other way round: another relation of the same boxes.
        try say(tier, 301, 201, "wire")
        try say(oem, 200, 300, "wire")
        try all.carry(tier, to: oem)
        let report = try all.node(oem).agreement(all.dataset, QualityQuestion())
        let said = report.confusion.map {
            "\($0.className ?? "–") \($0.otherClass ?? "–") \($0.count)"
        }
        #expect(said.sorted() == ["joins joins 1", "joins – 1", "pad pad 4", "– joins 1"])
    }
}
