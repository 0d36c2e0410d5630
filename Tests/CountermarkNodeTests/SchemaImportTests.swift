import AnnotationFormats
import AnnotationModel
import AnnotationStore
import DatasetReading
import Foundation
import LabelSchema
import LabelText
import Provenance
import Testing

@testable import CountermarkNode
@testable import LabelExchange

@Suite("Classes on their way in and out")
struct SchemaImportTests {
    private let oem = "oem.example"

    private func file(_ all: Companies, _ name: String, _ classes: [String]) throws -> String {
        let path = "\(all.folder.path)/\(name)"
        let lines = classes.enumerated().map { index, name in
            #"{"item":"a.png","class":"\#(name)","externalID":"e\#(index)","selector":"#
                + #"{"kind":"box","x":\#(index),"y":2,"width":3,"height":4}}"#
        }
        try Data((lines.joined(separator: "\n") + "\n").utf8).write(
            to: URL(fileURLWithPath: path))
        return path
    }

    private func names(_ node: Node, _ all: Companies) throws -> [String] {
        try node.store.labels(try node.logNames(all.dataset), limit: 100).map(\.className)
    }

    private func set(_ text: String, _ all: Companies) throws {
        try all.node(oem).setSchema(all.dataset, try LabelSchema(parsing: text))
    }

    @Test(
        "labels under old names are exported under the new ones, and come back without a change",
        arguments: ["jsonl", "csv", "coco", "cvat", "datumaro", "labelme", "voc", "yolo"])
    func mappedExport(_ format: String) throws {
        let all = try Companies([oem])
        let node = try all.node(oem)
        let item: AnnotationModel.Operation = .addItem(
            key: "a.png",
            fields: [
                .known(.width): 64, .known(.height): 48, .known(.mediaType): "image/png",
            ])
        try node.write(all.dataset, [item])
        // Imported in the same format, so that the labels carry the ids by which it knows them.
        _ = try ImportTests.load(
            node, all.dataset, "jsonl", try file(all, "old.jsonl", ["spur", "open", "short"]))
        try set(SchemaTests.plain, all)
        let (first, count) = try ImportTests.export(
            node, all.dataset, format, all.folder.path + "/first", sidecar: false)
        #expect(count == 3)
        _ = try ImportTests.load(node, all.dataset, format, first)
        try set(SchemaTests.merged, all)
        let digest = try all.digest(oem)

        for sidecar in [false, true] {
            let (path, _) = try ImportTests.export(
                node, all.dataset, format, "\(all.folder.path)/\(sidecar)", sidecar: sidecar)
            let report = try ImportTests.load(node, all.dataset, format, path)
            #expect(report.changesets == 0, "\(report)")
            #expect(report.unfitClasses.isEmpty)
            #expect(report.renamed == 0)
            #expect(try all.digest(oem) == digest)
        }
        // The file from before the merger says the old names and still means the same.
        let old = try ImportTests.load(node, all.dataset, format, first)
        #expect(old.changesets == 0, "\(old)")

        var written: [ExportName] = []
        for names in ExportClasses.allCases {
            var found: [String] = []
            let output = MemoryOutput()
            _ = try node.export(
                all.dataset, format: try FormatRegistry.format(named: "jsonl"), view: .resolved,
                names: names, to: output)
            let text = String(decoding: try #require(output.files.values.first), as: UTF8.self)
            for line in text.split(separator: "\n") {
                let record = try JSONValue(parsing: String(line))
                guard record["kind"]?.string == "annotation" else { continue }
                found.append(record["class"]?.string ?? "")
            }
            written.append(ExportName(names: names, classes: found))
        }
        #expect(
            written == [
                ExportName(names: .mapped, classes: ["break", "break", "short"]),
                ExportName(names: .asWritten, classes: ["spur", "open", "short"]),
            ])
        #expect(try self.names(node, all) == ["spur", "open", "short"])
    }

    struct ExportName: Equatable {
        let names: ExportClasses
        let classes: [String]
    }

    @Test("a new class in the file is a change, and is written as the file says it")
    func changedClass() throws {
        let all = try Companies([oem])
        let node = try all.node(oem)
        let old = try file(all, "x.jsonl", ["spur", "short"])
        _ = try ImportTests.load(node, all.dataset, "jsonl", old)
        try set(SchemaTests.merged, all)
        let new = try file(all, "x.jsonl", ["open", "open"])
        let report = try ImportTests.load(node, all.dataset, "jsonl", new)
        // "spur" and "open" stand for one class; "short" is another.
        #expect(report.changed == 1)
        #expect(report.unchanged == 1)
        #expect(report.added == 0)
        #expect(try names(node, all) == ["spur", "open"])
        #expect(try ImportTests.load(node, all.dataset, "jsonl", new).changesets == 0)
    }

    @Test("a file that repeats what was imported under an old name leaves another's change alone")
    func repeatedClass() throws {
        let all = try Companies([oem, "tier.example"])
        let node = try all.node(oem)
        let old = try file(all, "x.jsonl", ["spur"])
        _ = try ImportTests.load(node, all.dataset, "jsonl", old)
        try all.carry(oem, to: "tier.example")
        let tier = try all.node("tier.example")
        let id = try #require(
            try tier.store.labels(try tier.logNames(all.dataset), limit: 1).first?.id)
        try tier.write(all.dataset, [.set(id, [.className("short")])])
        try all.carry("tier.example", to: oem)
        try set(SchemaTests.merged, all)
        let same = try file(all, "x.jsonl", ["break"])
        let report = try ImportTests.load(node, all.dataset, "jsonl", same)
        #expect(report.changesets == 0)
        #expect(report.unchanged == 1)
        #expect(try names(node, all) == ["short"])
    }

    @Test("a name finds the labels under all names that stand for it")
    func listed() throws {
        let all = try Companies([oem])
        let node = try all.node(oem)
        let path = try file(all, "x.jsonl", ["spur", "open", "short", "break"])
        _ = try ImportTests.load(node, all.dataset, "jsonl", path)
        try set(SchemaTests.merged, all)
        let schema = try node.schema(of: all.dataset)
        func found(_ name: String) throws -> [String] {
            var filter = LabelFilter()
            filter.classNames = schema.writtenNames(of: name)
            return try node.store.labels(
                try node.logNames(all.dataset), filter: filter, limit: 100
            ).map(\.className)
        }
        #expect(try found("break") == ["spur", "open", "break"])
        #expect(try found("spur") == ["spur"])
        #expect(try found("nothing") == [])
    }

    @Test("the schema's classes come first in a file, in order, with colour, parent and keypoints")
    func classRecords() throws {
        let all = try Companies([oem])
        let node = try all.node(oem)
        let schema = """
            {"schemaVersion": 1, "classes": [{"name": "top", "abstract": true},
             {"name": "z", "parent": "top", "color": "#FF8000"},
             {"name": "a", "keypoints": ["p", "q"], "skeleton": [[1, 2]]}]}
            """
        try set(schema, all)
        let item: AnnotationModel.Operation = .addItem(
            key: "i.png", fields: [.known(.width): 64, .known(.height): 48])
        try node.write(all.dataset, [item, all.label("i.png")])
        func records(_ name: String) throws -> [ClassRecord] {
            let (path, _) = try ImportTests.export(
                node, all.dataset, name, "\(all.folder.path)/\(name)", sidecar: false)
            var found: [ClassRecord] = []
            try FormatRegistry.format(named: name).read([InputFile(path: path)]) {
                if case .labelClass(let record) = $0 { found.append(record) }
            }
            return found
        }
        let z = ClassRecord(name: "z", parent: "top", color: "#ff8000")
        let a = ClassRecord(name: "a", keypoints: ["p", "q"], skeleton: [[1, 2]])
        #expect(try records("jsonl") == [z, a])
        #expect(try records("csv") == [z, a])
        let spur = ClassRecord(name: "spur")
        #expect(try records("datumaro") == [z, a, spur])
        #expect(try records("coco").map(\.name) == ["z", "a", "spur"])
        #expect(try records("coco").map(\.parent) == ["top", "", ""])
        #expect(try records("coco")[1].keypoints == ["p", "q"])
        #expect(try records("cvat").map(\.color) == ["#ff8000", "", ""])
        #expect(try records("yolo").map(\.name) == ["z", "a", "spur"])
    }

    @Test("classes that do not fit are reported, and a mapping is proposed and applied")
    func mapping() throws {
        let all = try Companies([oem])
        let node = try all.node(oem)
        try set(
            """
            {"schemaVersion": 1, "classes": [{"name": "short", "synonyms": ["bridge"]}, "open"]}
            """, all)
        let path = try file(
            all, "x.jsonl", ["Short", "bridge", "bridge", "opne", "scratch", "open"])
        let format = try FormatRegistry.format(named: "jsonl")
        let before = try all.digest(oem)
        let (unfit, mapping) = try node.proposeMapping(
            all.dataset, [path], format: format, options: ImportOptions())
        #expect(try all.digest(oem) == before)
        #expect(unfit.map(\.name) == ["Short", "bridge", "opne", "scratch"])
        #expect(unfit.map(\.labels) == [1, 2, 1, 1])
        #expect(unfit.map(\.suggestion) == ["short", "short", "open", nil])
        let schema = try node.schema(of: all.dataset).schema
        let read = try ClassMapping(
            parsing: Array(mapping.text.utf8), file: "m.json", for: schema)
        #expect(read == mapping)
        #expect(read.names.count == 4)

        let plain = try ImportTests.load(node, all.dataset, "jsonl", path)
        #expect(plain.added == 6)
        #expect(plain.unfitClasses == unfit)
        #expect(plain.renamed == 0)
        var options = ImportOptions()
        options.classMapping = mapping
        let mapped = try ImportTests.load(node, all.dataset, "jsonl", path, options)
        #expect(mapped.added == 0)
        #expect(mapped.changed == 4)
        #expect(mapped.unchanged == 2)
        #expect(mapped.renamed == 4)
        #expect(mapped.unfitClasses.map(\.name) == ["scratch"])
        #expect(
            try names(node, all) == ["short", "short", "short", "open", "scratch", "open"])
        let again = try ImportTests.load(node, all.dataset, "jsonl", path, options)
        #expect(again.changesets == 0)
        #expect(again.renamed == 4)
    }

    @Test("labels outside the schema are imported unless they are to be refused")
    func strict() throws {
        let all = try Companies([oem])
        let node = try all.node(oem)
        try set(SchemaTests.plain, all)
        let path = try file(all, "x.jsonl", ["short", "ghost", "open"])
        var options = ImportOptions()
        options.strictSchema = true
        let strict = try ImportTests.load(node, all.dataset, "jsonl", path, options)
        #expect(strict.added == 2)
        #expect(strict.skippedCount == 1)
        #expect(strict.skipped.first?.why.contains("\"ghost\"") == true)
        #expect(strict.unfitClasses.map(\.name) == ["ghost"])
        #expect(try ImportTests.load(node, all.dataset, "jsonl", path).added == 1)
    }

    @Test(
        "more classes than are told apart are still renamed, and the report says that there are more"
    )
    func manyClasses() throws {
        let all = try Companies([oem])
        let node = try all.node(oem)
        try set(SchemaTests.merged, all)
        var options = ImportOptions()
        options.classMapping = ClassMapping(names: ["last": "short"])
        let classes = (0..<10_001).map { "class \($0)" } + ["last"]
        let path = try file(all, "x.jsonl", classes)
        let report = try ImportTests.load(node, all.dataset, "jsonl", path, options)
        #expect(report.added == 10_002)
        #expect(report.unfitClasses.count == 10_000)
        #expect(report.hasMoreClasses)
        #expect(report.renamed == 1)
    }

    @Test("a mapping is refused at the place of its first mistake")
    func badMappings() throws {
        let schema = try LabelSchema(parsing: SchemaTests.merged)
        func error(_ text: String, for schema: LabelSchema?) -> SchemaError? {
            do throws(SchemaError) {
                _ = try ClassMapping(parsing: Array(text.utf8), file: "m.json", for: schema)
                return nil
            } catch {
                return error
            }
        }
        let unknown = try #require(error("{\"a\": \"short\",\n \"b\": \"brek\"}", for: schema))
        #expect(unknown.reason == .unknownClass("brek", nearest: "break"))
        #expect(unknown.position.line == 2)
        #expect(unknown.position.column == 2)
        #expect(unknown.path == "b")
        #expect(unknown.file == "m.json")
        #expect(error("{\"a\": 1}", for: schema)?.path == "a")
        #expect(error("{\"a\": \"\"}", for: nil)?.reason == .badName(""))
        #expect(error("{\"a\": null, \"b\": \"open\", \"c\": \"spur\"}", for: schema) == nil)
        #expect(error("{\"a\": \"whatever\"}", for: nil) == nil)
        #expect(error("[]", for: nil) != nil)
    }
}
