import AnnotationModel
import AnnotationStore
import LabelQuality
import Provenance
import Testing

@testable import CountermarkNode
@testable import DatasetQuality
@testable import PlainErrors

@Suite("What raters hold in common, as places and as labels")
struct ConsensusLabelTests {
    private let oem = "oem.example"
    private let tier = "tier.example"

    private func box(
        _ item: String, _ name: String, _ x: Double, confidence: Double? = nil
    ) -> AnnotationModel.Operation {
        .addAnnotation(
            item: item, className: name,
            selector: .box(.init(x: x, y: 0, width: 10, height: 10)),
            fields: confidence.map { [.known(.confidence): .float($0)] } ?? [:])
    }

    private func whole(_ item: String, _ name: String) -> AnnotationModel.Operation {
        .addAnnotation(item: item, className: name, selector: .wholeItem, fields: [:])
    }

    private func written(
        _ ours: [AnnotationModel.Operation], _ theirs: [AnnotationModel.Operation]
    ) throws -> (all: Companies, ids: [OperationID]) {
        let all = try Companies([oem, tier])
        var ids = try all.node(oem).write(all.dataset, ours)
        try all.carry(oem, to: tier)
        ids += try all.node(tier).write(all.dataset, theirs)
        try all.carry(tier, to: oem)
        return (all, ids)
    }

    private func place(_ x: Double) -> Selector {
        .box(.init(x: x, y: 0, width: 10, height: 10))
    }

    private func sign(_ all: Companies) throws -> ConsensusWrites {
        try all.node(oem).writeConsensus(
            all.dataset, QualityQuestion(), isWeighted: false, method: "majority"
        ).written
    }

    private func labels(_ all: Companies) throws -> [LabelView] {
        let node = try all.node(oem)
        var found: [LabelView] = []
        try node.store.forEachLabel(try node.logNames(all.dataset)) { label in
            if !label.isRetracted,
                QualityLabels.source(label)?.hasPrefix(QualityLabels.consensusSource) == true
            {
                found.append(label)
            }
        }
        return found
    }

    @Test("boxes of one class are one, each as far as it is sure; what ties has no place")
    func places() throws {
        let (all, _) = try written(
            [box("a", "open", 0, confidence: 0.75), box("b", "open", 0), whole("c", "wet")],
            [box("a", "open", 2, confidence: 0.25), box("b", "short", 2), whole("c", "wet")])
        let rows = try all.node(tier).consensus(
            all.dataset, QualityQuestion(), isWeighted: false
        ).rows
        // Of the places in the last one both say that there are none.
        #expect(rows.map(\.item) == ["c", "a", "b", "c"])
        #expect(rows.map(\.selector) == [nil, place(0.5), nil, nil])
    }

    @Test(
        "the steward signs it once, with what it was drawn from, and nobody takes it for a judgement"
    )
    func signed() throws {
        let (all, ids) = try written(
            [box("a", "open", 0), box("b", "open", 0), whole("c", "wet")],
            [box("a", "open", 2), box("b", "short", 0), whole("c", "wet")])
        let before = try all.node(oem).agreement(all.dataset, QualityQuestion())
        #expect(
            try sign(all)
                == ConsensusWrites(added: 2, retracted: 0, unchanged: 0, without: 2, changesets: 1))
        let found = try labels(all)
        #expect(Set(found.map(\.className)) == ["wet", "open"])
        let open = try #require(found.first { $0.className == "open" })
        #expect(open.selector == place(1))
        #expect(QualityLabels.source(open) == "rule:consensus@majority")
        #expect(open.fields["confidence"] == .float(1))
        #expect(
            open.fields["derivedFrom"]
                == .array([ids[0], ids[3]].map { .text($0.description) }))
        // Said again, nothing is signed; and no figure has moved.
        #expect(
            try sign(all)
                == ConsensusWrites(added: 0, retracted: 0, unchanged: 2, without: 2, changesets: 0))
        let after = try all.node(oem).agreement(all.dataset, QualityQuestion())
        #expect(after.rows.map(\.figure.value) == before.rows.map(\.figure.value))
        #expect(after.raters == [oem, tier])
    }

    @Test("what the rule does not give any more is retracted; members cannot sign it")
    func renewed() throws {
        let (all, ids) = try written(
            [box("a", "open", 0), box("b", "open", 0)], [box("a", "open", 2), box("b", "open", 0)])
        #expect(try sign(all).added == 2)
        try all.carry(oem, to: tier)
        try all.node(tier).write(
            all.dataset, [.set(ids[2], [.field(.known(.status), .integer(1))])])
        try all.carry(tier, to: oem)
        let again = try sign(all)
        #expect((again.added, again.retracted, again.unchanged) == (1, 1, 1))
        #expect(Set(try labels(all).map(\.selector)) == [place(0)])
        #expect {
            try all.node(tier).writeConsensus(
                all.dataset, QualityQuestion(), isWeighted: false, method: "majority")
        } throws: { ($0 as? NodeError)?.code == .notSteward }
        let alone = try Companies([oem])
        try alone.node(oem).write(alone.dataset, [whole("a", "wet")])
        #expect {
            try alone.node(oem).writeConsensus(
                alone.dataset, QualityQuestion(), isWeighted: true, method: "dawid-skene")
        } throws: { ($0 as? NodeError)?.code == .noConsensus }
    }
}

@Suite("Labels that a model's predictions speak against")
struct NodeLabelErrorTests {
    private let oem = "oem.example"

    private func label(
        _ item: String, _ name: String, model: String? = nil, _ sure: Double? = nil
    ) -> AnnotationModel.Operation {
        var fields: [Field: FieldValue] = [:]
        fields[.known(.source)] = model.map { .text($0) }
        fields[.known(.confidence)] = sure.map { .float($0) }
        return .addAnnotation(
            item: item, className: name, selector: .wholeItem, fields: fields)
    }

    @Test("the label that the model least believes is first; a prediction is never a candidate")
    func found() throws {
        let all = try Companies([oem])
        let node = try all.node(oem)
        var operations: [AnnotationModel.Operation] = []
        for item in 0..<6 {
            let (given, other) = item % 2 == 0 ? ("open", "short") : ("short", "open")
            operations += [
                label("\(item)", given), label("\(item)", given, model: "model:net@3", 0.9),
                label("\(item)", other, model: "model:net@3", 0.1),
            ]
        }
        operations += [
            label("wrong", "open"), label("wrong", "short", model: "model:net@3", 0.95),
            label("wrong", "open", model: "model:net@3", 0.05), label("alone", "open"),
            label("silent", "open"), label("silent", "short", model: "model:net@3"),
        ]
        try node.write(all.dataset, operations)
        let report = try node.labelErrors(all.dataset, model: nil)
        #expect(report.rows.map(\.item) == ["wrong"])
        #expect(report.rows.map(\.suggested) == ["short"])
        #expect(report.rows.map(\.selfConfidence) == [0.05])
        #expect((report.compared, report.withoutPrediction) == (7, 2))
        #expect(report.model == "model:net@3")
    }

    @Test("of several models one is named; without any there is nothing to say")
    func models() throws {
        let all = try Companies([oem])
        let node = try all.node(oem)
        func code(_ model: String?) -> ErrorCode? {
            do {
                _ = try node.labelErrors(all.dataset, model: model)
                return nil
            } catch { return (error as? NodeError)?.code }
        }
        try node.write(all.dataset, [label("a", "open")])
        #expect(code(nil) == .unknownRater)
        try node.write(
            all.dataset,
            [label("a", "open", model: "model:x@1", 1), label("a", "open", model: "model:y@1", 1)])
        #expect(code(nil) == .unknownRater)
        #expect(code("model:z@1") == .unknownRater)
        #expect(code("model:x@1") == nil)
    }
}
