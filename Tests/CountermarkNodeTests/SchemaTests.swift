import AnnotationFormats
import AnnotationModel
import AnnotationStore
import Foundation
import LabelSchema
import Provenance
import Testing

@testable import CountermarkNode
@testable import DatasetReading
@testable import LabelExchange
@testable import PlainErrors

@Suite("Label schemas of datasets")
struct SchemaTests {
    private let oem = "oem.example"
    private let tier = "tier.example"

    static let plain = """
        {"schemaVersion": 1, "classes": ["short", "open", {"name": "spur", "parent": "open"}],
         "attributes": [{"name": "severity", "type": "integer", "minimum": 1, "maximum": 5}],
         "selectors": {"image/*": ["box"]}}
        """
    /// "open" became "break", and "spur" was merged into it.
    static let merged = """
        {"schemaVersion": 1, "classes": ["short", {"name": "break", "color": "#112233"}],
         "mappings": {"spur": "open", "open": "break"}}
        """

    private func label(
        _ name: String, x: Double = 1, _ fields: [Field: FieldValue] = [:]
    ) -> AnnotationModel.Operation {
        .addAnnotation(
            item: "a.png", className: name,
            selector: .box(.init(x: x, y: 2, width: 3, height: 4)), fields: fields)
    }

    private func labels(_ node: Node, _ all: Companies) throws -> [LabelView] {
        try node.store.labels(try node.logNames(all.dataset), limit: 100)
    }

    private func outside(_ node: Node, _ all: Companies) throws -> Int? {
        try node.outsideSchema(all.dataset, try node.schema(of: all.dataset))
    }

    private func set(_ text: String, _ all: Companies) throws {
        try all.node(oem).setSchema(all.dataset, try LabelSchema(parsing: text))
    }

    @Test("versions are told from the steward's log, and the same schema twice is one version")
    func versions() throws {
        let all = try Companies([oem, tier])
        let node = try all.node(oem)
        #expect(try node.setSchema(all.dataset, try LabelSchema(parsing: Self.plain)))
        let again = Self.plain.replacing(" ", with: "  ")
        #expect(try !node.setSchema(all.dataset, try LabelSchema(parsing: again)))
        try set(Self.merged, all)
        try all.carry(oem, to: tier)
        let versions = try all.node(tier).schemaVersions(all.dataset)
        #expect(versions.map(\.number) == [1, 2, 3])
        #expect(versions.map { $0.schema.schema?.classes?.count } == [nil, 3, 2])
        #expect(
            versions.allSatisfy { $0.signer.count == 64 && $0.signerName == oem && $0.time > 0 })
        let entries = versions.map(\.operation.slot.entry)
        #expect(entries == entries.sorted())
        #expect(Set(entries).count == 3)
        #expect(versions.allSatisfy { $0.operation.origin.description == oem })
        #expect(throws: NodeError.self) {
            try all.node(tier).setSchema(all.dataset, try LabelSchema(parsing: Self.plain))
        }
    }

    @Test("labels outside the schema are kept and counted as such, alike at both companies")
    func outsideSchema() throws {
        let all = try Companies([oem, tier])
        let node = try all.node(oem)
        try node.write(
            all.dataset,
            [
                .addItem(key: "a.png", fields: [.known(.mediaType): "image/png"]), label("short"),
                label("ghost"), label("open", [.attribute("severity"): 9]),
                .addAnnotation(
                    item: "a.png", className: "open", selector: .wholeItem, fields: [:]),
                .addAnnotation(
                    item: "b.txt", className: "open", selector: .wholeItem, fields: [:]),
            ])
        #expect(try outside(node, all) == 0)
        let before = try all.digest(oem)
        try set(Self.plain, all)
        #expect(try all.digest(oem) == before)
        try all.carry(oem, to: tier)
        for name in [oem, tier] {
            let one = try all.node(name)
            #expect(try outside(one, all) == 3)
            // The second time the count comes from the table.
            #expect(try outside(one, all) == 3)
            let judging = try one.judging(all.dataset)
            let codes = try labels(one, all).map { try judging.problems(of: $0)?.map(\.code) }
            #expect(
                codes == [
                    [], ["unknown-class"], ["out-of-range"], ["selector-of-media-type"], [],
                ])
            let listed = try one.outside(
                all.dataset, judging, filter: LabelFilter(), after: nil, limit: 2)
            #expect(listed.map(\.className) == ["ghost", "open"])
            let next = try one.outside(
                all.dataset, judging, filter: LabelFilter(), after: listed.last?.key, limit: 2)
            #expect(next.map(\.selector) == [.wholeItem])
        }
        let ghost = try #require(try labels(node, all).first { $0.className == "ghost" })
        try node.write(all.dataset, [.set(ghost.id, [.className("short")])])
        #expect(try outside(node, all) == 2)
        let worst = try #require(try labels(node, all).first { !$0.fields.isEmpty })
        try node.write(all.dataset, [.set(worst.id, [.field(.known(.status), .integer(1))])])
        #expect(try outside(node, all) == 1)
    }

    @Test("a report says how labels fit a schema before it is set")
    func fit() throws {
        let all = try Companies([oem])
        let node = try all.node(oem)
        let many = (0..<7).map { label("ghost", x: Double($0)) }
        try node.write(all.dataset, many + [label("spur"), label("open"), label("short")])
        let fit = try node.fit(all.dataset, DatasetSchema(text: Self.merged))
        #expect(fit.labels == 10)
        #expect(fit.outside == 7)
        #expect(fit.classes.map(\.name) == ["break", "ghost", "open", "short", "spur"])
        #expect(fit.classes.map(\.className) == ["break", "ghost", "break", "short", "break"])
        #expect(fit.classes.map(\.labels) == [0, 7, 1, 1, 1])
        let finding = try #require(fit.findings.first)
        #expect(fit.findings.count == 1)
        #expect(finding.problem == .init(.unknownClass, "ghost"))
        #expect(finding.labels == 7)
        #expect(finding.examples.count == SchemaFit.examplesMax)
        #expect(try node.schema(of: all.dataset).text == "{}")
    }

    @Test(
        "a text that this program cannot read judges nothing and breaks nothing",
        arguments: ["{\"schemaVersion\":9,\"classes\":[\"short\"]}", "[]", "no JSON", "{\"a\":1}"])
    func unreadable(_ text: String) throws {
        let all = try Companies([oem, tier])
        let node = try all.node(oem)
        try node.write(all.dataset, [.governance(.setSchema(text)), label("ghost")])
        try all.carry(oem, to: tier)
        for name in [oem, tier] {
            let one = try all.node(name)
            let schema = try one.schema(of: all.dataset)
            #expect(schema.problem != nil)
            #expect(schema.warning != nil)
            #expect(schema.schema == nil)
            #expect(try outside(one, all) == nil)
            let first = try #require(try labels(one, all).first)
            #expect(try one.judging(all.dataset).problems(of: first) == nil)
            #expect(try one.schemaVersions(all.dataset).last?.schema.text == text)
            #expect(throws: NodeError.self) {
                try one.proposeMapping(
                    all.dataset, [], format: try FormatRegistry.format(named: "coco"),
                    options: ImportOptions())
            }
        }
        let (path, count) = try ImportTests.export(
            node, all.dataset, "jsonl", all.folder.path + "/x", sidecar: false)
        #expect(count == 1)
        let report = try ImportTests.load(node, all.dataset, "jsonl", path)
        #expect(report.changesets == 0)
        #expect(report.unfitClasses.isEmpty)
        try set(Self.merged, all)
        #expect(try outside(node, all) == 1)
    }
}
