import AnnotationModel
import AnnotationStore
import LabelQuality
import Provenance
import Testing

@testable import CountermarkNode
@testable import DatasetQuality
@testable import DatasetReading
@testable import PlainErrors

@Suite("Quality of a label set")
struct QualityTests {
    private let oem = "oem.example"
    private let tier = "tier.example"

    private func whole(
        _ item: String, _ name: String, by author: String? = nil, source: String? = nil,
        _ fields: [Field: FieldValue] = [:]
    ) -> AnnotationModel.Operation {
        var fields = fields
        fields[.known(.author)] = author.map { .text($0) }
        fields[.known(.source)] = source.map { .text($0) }
        return .addAnnotation(
            item: item, className: name, selector: .wholeItem, fields: fields)
    }

    private func box(_ item: String, _ name: String, _ x: Double) -> AnnotationModel.Operation {
        .addAnnotation(
            item: item, className: name,
            selector: .box(.init(x: x, y: 0, width: 10, height: 10)), fields: [:])
    }

    /// Writes what each company says, carries both logs, and returns what both nodes find.
    private func reports(
        _ ours: [AnnotationModel.Operation], _ theirs: [AnnotationModel.Operation],
        _ question: QualityQuestion = QualityQuestion(),
        then: (Companies) throws -> Void = { _ in }
    ) throws -> [AgreementReport] {
        let all = try Companies([oem, tier])
        try all.node(oem).write(all.dataset, ours)
        try all.carry(oem, to: tier)
        try all.node(tier).write(all.dataset, theirs)
        try all.carry(tier, to: oem)
        try then(all)
        try all.carry(oem, to: tier)
        return try [oem, tier].map { try all.node($0).agreement(all.dataset, question) }
    }

    private func said(_ report: AgreementReport) -> [String] {
        report.confusion.map {
            "\($0.className ?? "–") \($0.otherClass ?? "–") \($0.count)"
        }
    }

    @Test("two nodes find the same, whatever they know first, to the last digit of the intervals")
    func sameOnAllNodes() throws {
        let names = ["a", "b", "c"]
        let ours = (0..<12).map { whole("\($0).png", names[$0 % 3]) }
        let theirs = (0..<12).reversed().map { whole("\($0).png", names[($0 / 2) % 3]) }
        let reports = try reports(ours, theirs)
        #expect(reports[0].rows.map(\.figure) == reports[1].rows.map(\.figure))
        #expect(reports[0].rows.contains { $0.figure.interval != nil })
        #expect(reports[0].raters == [oem, tier] && reports[1].raters == [oem, tier])
        #expect(said(reports[0]) == said(reports[1]))
        #expect(reports[0].digest.count == 64)
    }

    @Test("what is retracted or excluded is not counted; a class is what it is called now")
    func counted() throws {
        let ours = ["a.png", "b.png", "c.png"].map { whole($0, "short") }
        let reports = try reports(ours, ours) { all in
            let node = try all.node(oem)
            let first = try #require(
                try node.store.labels(try node.logNames(all.dataset), limit: 1).first)
            try node.write(all.dataset, [.set(first.id, [.field(.known(.status), .integer(1))])])
            _ = try node.setStage(
                all.dataset, .filter, try StageState(.filter, "excluded"), ["b.png"])
            try node.setSchema(
                all.dataset,
                try #require(
                    DatasetSchema(
                        text: """
                            {"schemaVersion": 1, "classes": ["bridge"],
                             "mappings": {"short": "bridge"}}
                            """
                    ).schema))
        }
        for report in reports { #expect(said(report) == ["bridge bridge 1"]) }
    }

    @Test("labels of one picture under two names meet")
    func sameItem() throws {
        let digest = FieldValue.bytes([UInt8](repeating: 7, count: 32))
        let reports = try reports(
            [.addItem(key: "a.jpg", fields: [.known(.sha256): digest]), box("a.jpg", "open", 0)],
            [.addItem(key: "1.jpg", fields: [.known(.sha256): digest]), box("1.jpg", "open", 1)]
        ) { all in
            let node = try all.node(oem)
            #expect(try node.say("1.jpg", isSameAs: "a.jpg", in: all.dataset))
        }
        for report in reports { #expect(said(report) == ["open open 1"]) }
    }

    @Test("people of one name in two companies are two, others go by their own")
    func authors() throws {
        var question = QualityQuestion()
        question.by = .author
        let reports = try reports(
            [whole("a", "x", by: "kim"), whole("a", "y", by: "lee"), whole("b", "x")],
            [whole("a", "x", by: "kim")], question)
        for report in reports {
            #expect(report.raters == ["lee", oem, "\(oem)/kim", "\(tier)/kim"])
        }
        question.by = .source
        let tools = try self.reports(
            [whole("a", "x", source: "model:m@1"), whole("a", "x", source: "human")],
            [whole("a", "x")], question)
        #expect(tools[0].raters == ["human", "model:m@1", "no source"])
    }

    @Test("several classes of one item are one judgement; several values of a field are none")
    func several() throws {
        let ours = [whole("a", "wet"), whole("a", "dark"), whole("b", "wet")]
        let reports = try reports(ours, [whole("a", "wet"), whole("b", "wet")])
        #expect(said(reports[0]) == ["dark + wet wet 1", "wet wet 1"])
        var question = QualityQuestion()
        question.field = "depth"
        let depth = { (value: FieldValue) in [Field.attribute("depth"): value] }
        let values = try self.reports(
            [
                whole("a", "x", depth(1)), whole("a", "x", depth(2)), whole("b", "x", depth(3)),
                whole("c", "x", depth(1)),
            ],
            [whole("a", "x", depth(1)), whole("b", "x", depth(3.0)), whole("c", "x", depth(2))],
            question)
        #expect(values[0].ambiguous == 1)
        #expect(values[0].level == .interval)
        #expect(said(values[0]).count == 2)
        question.level = .ordinal
        let texts = try self.reports(
            [whole("a", "x", depth("deep"))], [whole("a", "x", depth("flat"))], question)
        let alpha = try #require(texts[0].rows.first { $0.measure == "krippendorff-alpha" })
        #expect(alpha.figure.why == .notNumbers)
    }

    @Test("a class that is not there, and a rater, are named")
    func unknown() throws {
        let all = try Companies([oem, tier])
        let node = try all.node(oem)
        try node.write(all.dataset, [whole("a", "x")])
        var question = QualityQuestion()
        question.className = "y"
        #expect { try node.agreement(all.dataset, question) } throws: {
            ($0 as? NodeError)?.code == .notFound
        }
        question.className = nil
        question.against = tier
        #expect { try node.agreement(all.dataset, question) } throws: {
            ($0 as? NodeError)?.code == .unknownRater
        }
    }

    @Test("a consensus names its labels, and what ties")
    func consensus() throws {
        let all = try Companies([oem, tier])
        try all.node(oem).write(all.dataset, [box("a", "open", 0), box("b", "open", 0)])
        try all.carry(oem, to: tier)
        try all.node(tier).write(all.dataset, [box("a", "open", 1), box("b", "short", 1)])
        try all.carry(tier, to: oem)
        let report = try all.node(oem).consensus(
            all.dataset, QualityQuestion(), isWeighted: false)
        #expect(report.rows.map(\.className) == ["open", nil])
        #expect(report.rows.map(\.tied) == [[], ["open", "short"]])
        #expect(report.rows.map(\.labels.count) == [2, 2])
        #expect(report.rows[0].labels.allSatisfy { $0.contains(":") })
        let weighted = try all.node(tier).consensus(
            all.dataset, QualityQuestion(), isWeighted: true)
        #expect(weighted.rows.count == 2 && weighted.absences.isEmpty)
    }

    @Test("a release's figures are those of its labels, whatever is written afterwards")
    func release() throws {
        let all = try Companies([oem, tier])
        let names = ["a", "b", "c"]
        try all.node(oem).write(
            all.dataset, (0..<9).map { whole("\($0)", names[$0 % 3], by: "kim") })
        try all.carry(oem, to: tier)
        let last = try all.node(tier).write(
            all.dataset, (0..<9).map { whole("\($0)", names[$0 / 3]) })
        try all.carry(tier, to: oem)
        let (node, question) = (try all.node(oem), QualityQuestion())
        let now = try node.agreement(all.dataset, question)
        try #require(try node.createRelease("v1", of: all.dataset, terms: ReleaseTerms()))
        try all.node(tier).write(all.dataset, [.set(try #require(last.first), [.className("c")])])
        try all.carry(oem, to: tier)
        try all.carry(tier, to: oem)
        let reports = try [oem, tier].map { name in
            let node = try all.node(name)
            let view = try node.release("v1", of: all.dataset)
            let check = try node.check(view.release, of: all.dataset)
            try node.requireRight(check, view.release)
            return try check.contents.agreement(question, digest: view.release.digest)
        }
        #expect(reports[0].rows.map(\.figure) == reports[1].rows.map(\.figure))
        #expect(reports[0].rows.map(\.figure.value) == now.rows.map(\.figure.value))
        #expect(said(reports[0]) == said(now))
        #expect(try said(node.agreement(all.dataset, question)) != said(now))
        var terms = ReleaseTerms()
        terms.companies = [try Origin(oem)]
        try #require(try node.createRelease("own", of: all.dataset, terms: terms))
        let view = try node.release("own", of: all.dataset)
        let own = try node.check(view.release, of: all.dataset).contents
        #expect(try own.agreement(question, digest: view.release.digest).raters == [oem])
        let consensus = try own.consensus(
            question, digest: view.release.digest, isWeighted: false)
        #expect(consensus.rows.map(\.judgements) == Array(repeating: 1, count: 9))
    }
}
