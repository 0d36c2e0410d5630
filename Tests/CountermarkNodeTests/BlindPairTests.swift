import AnnotationModel
import LabelQuality
import Testing

@testable import CountermarkNode
@testable import DatasetQuality

@Suite("Who had seen what when it labelled")
struct BlindPairTests {
    private let oem = "oem.example"
    private let tier = "tier.example"
    private let third = "third.example"

    private func whole(
        _ item: Int, _ name: String, by author: String? = nil
    ) -> AnnotationModel.Operation {
        .addAnnotation(
            item: "\(item).png", className: name, selector: .wholeItem,
            fields: author.map { [.known(.author): .text($0)] } ?? [:])
    }

    private func box(_ item: Int, _ name: String) -> AnnotationModel.Operation {
        .addAnnotation(
            item: "\(item).png", className: name,
            selector: .box(.init(x: 1, y: 1, width: 9, height: 9)), fields: [:])
    }

    private func row(
        _ report: AgreementReport, _ kind: PairKind?, _ raters: [String] = [],
        _ measure: Measure = .percent
    ) -> QualityRow? {
        report.rows.first {
            $0.measure == measure.rawValue && $0.raters == raters && $0.pairs == kind
        }
    }

    private func rater(_ report: AgreementReport, _ name: String) throws -> RaterRow {
        try #require(report.reliability.first { $0.rater == name })
    }

    /// The manufacturer and a supplier label ten pictures without knowing of each other and agree on half of them; a
    /// third company gets the manufacturer's log and copies it.
    private func withCopier() throws -> Companies {
        let all = try Companies([oem, tier, third])
        for name in [tier, third] { try all.carry(oem, to: name) }
        for name in [tier, third] { try all.node(name).write(all.dataset, []) }
        try all.node(oem).write(all.dataset, (0..<10).map { whole($0, $0 < 3 ? "short" : "open") })
        try all.node(tier).write(
            all.dataset, (0..<10).map { whole($0, $0 % 2 == 0 ? "cut" : $0 < 3 ? "short" : "open") }
        )
        try all.carry(oem, to: third)
        try all.node(third).write(
            all.dataset, (0..<10).map { whole($0, $0 < 3 ? "short" : "open") })
        for name in [oem, third] { try all.carry(tier, to: name) }
        for name in [oem, tier] { try all.carry(third, to: name) }
        try all.carry(oem, to: tier)
        return all
    }

    @Test("a copier agrees with whom it has seen, and not with whom it has not")
    func copier() throws {
        let all = try withCopier()
        let reports = try [oem, tier, third].map {
            try all.node($0).agreement(all.dataset, QualityQuestion())
        }
        for report in reports {
            #expect(report.rows.map(\.figure) == reports[0].rows.map(\.figure))
            #expect(report.rows.map(\.pairs) == reports[0].rows.map(\.pairs))
            #expect(row(report, .blind)?.figure.value == 0.5)
            #expect(row(report, .blind)?.figure.counts.units == 20)
            #expect(row(report, .informed)?.figure.value == 1)
            #expect(row(report, .informed)?.figure.counts.units == 10)
            #expect(row(report, .blind, [oem, tier])?.figure.value == 0.5)
            #expect(row(report, .informed, [oem, tier]) == nil)
            #expect(row(report, .informed, [oem, third])?.figure.value == 1)
            #expect(row(report, .blind, [oem, third]) == nil)
            #expect(row(report, .blind, [], .krippendorffAlpha)?.figure.value != nil)
            let copier = try rater(report, third)
            #expect(copier.informed == AgreeingPairs(units: 10, agreeing: 10))
            #expect(copier.blind == AgreeingPairs(units: 10, agreeing: 5))
            // Who was copied has copied nobody.
            #expect(try rater(report, oem).informed == AgreeingPairs())
            #expect(try rater(report, oem).blind == AgreeingPairs(units: 10, agreeing: 5))
        }
    }

    @Test("who changes a label after it has seen the other's is not blind any more")
    func changedLater() throws {
        let all = try Companies([oem, tier])
        try all.carry(oem, to: tier)
        try all.node(tier).write(all.dataset, [])
        try all.node(oem).write(all.dataset, [whole(0, "short"), whole(1, "short")])
        let theirs = try all.node(tier).write(all.dataset, [whole(0, "open"), whole(1, "open")])
        try all.carry(oem, to: tier)
        try all.node(tier).write(all.dataset, [.set(theirs[1], [.className("short")])])
        try all.carry(tier, to: oem)
        let report = try all.node(oem).agreement(all.dataset, QualityQuestion())
        #expect(row(report, .blind, [oem, tier])?.figure.value == 0)
        #expect(row(report, .informed, [oem, tier])?.figure.value == 1)
        #expect(try rater(report, tier).informed == AgreeingPairs(units: 1, agreeing: 1))
        // A comment changes nothing of what was judged.
        try all.node(tier).write(all.dataset, [.comment(theirs[0], text: "sure")])
        try all.carry(tier, to: oem)
        let again = try all.node(oem).agreement(all.dataset, QualityQuestion())
        #expect(row(again, .blind, [oem, tier])?.figure.counts.units == 1)
    }

    @Test("people who share a log are never blind; one log alone tells nothing apart")
    func oneLog() throws {
        let all = try Companies([oem, tier])
        var question = QualityQuestion()
        question.by = .author
        try all.node(oem).write(all.dataset, [whole(0, "short", by: "kim")])
        try all.node(oem).write(all.dataset, [whole(0, "short", by: "lee")])
        let alone = try all.node(oem).agreement(all.dataset, question)
        #expect(alone.rows.allSatisfy { $0.pairs == nil })
        try all.carry(oem, to: tier)
        try all.node(tier).write(all.dataset, [whole(0, "open", by: "max")])
        try all.carry(tier, to: oem)
        let report = try all.node(oem).agreement(all.dataset, question)
        #expect(row(report, .informed, ["kim", "lee"])?.figure.value == 1)
        #expect(row(report, .blind)?.figure.counts.units == 0)
    }

    @Test("nothing found is blind or not by the changeset that says examined")
    func examined() throws {
        let all = try Companies([oem, tier])
        try all.node(oem).write(
            all.dataset, (0..<3).map { .addItem(key: "\($0).png", fields: [:]) })
        try all.carry(oem, to: tier)
        // An item that several wrote to, and one that only its examination did.
        _ = try all.node(tier).setExamined(all.dataset, ["0.png"])
        try all.node(oem).write(all.dataset, [box(0, "short"), box(1, "short")])
        try all.carry(oem, to: tier)
        _ = try all.node(tier).setExamined(all.dataset, ["1.png"])
        try all.carry(tier, to: oem)
        let report = try all.node(oem).agreement(all.dataset, QualityQuestion())
        #expect(row(report, .blind, [oem, tier])?.figure.counts.units == 1)
        #expect(row(report, .informed, [oem, tier])?.figure.counts.units == 1)
        #expect(try rater(report, tier).informed == AgreeingPairs(units: 1, agreeing: 0))
    }
}
