import AnnotationFormats
import AnnotationModel
import AnnotationStore
import Foundation
import LabelExchange
import Testing

@testable import CompanyHome
@testable import CountermarkNode
@testable import PlainErrors

@Suite("Whose label a record of a file is")
struct WhoseLabelTests {
    private let oem = "oem.example"

    private func file(_ all: Companies, _ name: String, _ lines: [String]) throws -> String {
        let path = "\(all.folder.path)/\(name)"
        try FileManager.default.createDirectory(
            atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        try Data((lines.joined(separator: "\n") + "\n").utf8).write(
            to: URL(fileURLWithPath: path))
        return path
    }

    private func box(_ name: String, _ x: Int, _ more: String = "") -> String {
        #"{"item":"a.png","class":"\#(name)","selector":{"kind":"box","x":\#(x),"y":2,"width":9,"height":9}\#(more)}"#
    }

    private func labels(_ node: Node, _ dataset: DatasetID) throws -> [LabelView] {
        try node.store.labels(try node.logNames(dataset), limit: 100)
    }

    private func active(_ node: Node, _ dataset: DatasetID) throws -> [String] {
        try labels(node, dataset).filter { !$0.isRetracted }.map(\.className).sorted()
    }

    private func export(
        _ node: Node, _ dataset: DatasetID, _ format: String, to path: String,
        part: ExportPart = ExportPart(), view: ExportView = .resolved, sidecar: Bool = false
    ) throws {
        var options = WriteOptions()
        options.writesSidecar = sidecar
        _ = try node.export(
            dataset, format: try FormatRegistry.format(named: format), view: view, part: part,
            to: format == "yolo" ? DiskOutput(folder: path) : DiskOutput(file: path),
            options: options)
    }

    @Test(
        "an id of another dataset names no label of this one, and is an external id here",
        arguments: ["coco", "jsonl", "csv"], [false, true])
    func otherDataset(_ format: String, _ sidecar: Bool) throws {
        let all = try Companies([oem])
        let node = try all.node(oem)
        let other = try DatasetID("\(oem)/other")
        try node.create(other, title: "other", schema: "{}")
        _ = try ImportTests.load(
            node, all.dataset, "jsonl", try file(all, "d.jsonl", [box("car", 1), box("car", 20)]))
        _ = try ImportTests.load(
            node, other, "jsonl", try file(all, "e.jsonl", [box("bus", 50), box("bus", 70)]))
        let path = all.folder.path + "/out.x"
        try export(node, all.dataset, format, to: path, sidecar: sidecar)
        #expect(try ImportTests.load(node, other, format, path).added == 2)
        #expect(try active(node, other) == ["bus", "bus", "car", "car"])
        #expect(try ImportTests.load(node, other, format, path).changesets == 0)
        // Where it comes from nothing has changed.
        #expect(try ImportTests.load(node, all.dataset, format, path).changesets == 0)
        let ids = try labels(node, other).compactMap { $0.fields["externalID"]?.textValue }
        #expect(ids.count == 2 && ids.allSatisfy { $0.hasPrefix("\(oem)/\(all.dataset):") })
    }

    @Test("the numbers that an export makes up are not read back", arguments: ["coco"])
    func numbers(_ format: String) throws {
        let all = try Companies([oem])
        let node = try all.node(oem)
        try node.write(all.dataset, [all.label("a.png"), all.label("b.png")])
        let path = all.folder.path + "/out.json"
        try export(node, all.dataset, format, to: path)
        let report = try ImportTests.load(node, all.dataset, format, path)
        #expect(report.changed == 0 && report.unchanged == 2)
        #expect(try labels(node, all.dataset).allSatisfy { $0.fields["externalID"] == nil })
    }

    @Test("a model that says what people said says it by itself, whatever the ids")
    func models() throws {
        let all = try Companies([oem])
        let node = try all.node(oem)
        let id = #","externalID":"1""#
        var options = ImportOptions()
        options.source = "human"
        let people = try file(all, "p.jsonl", [box("car", 1, id), box("bus", 40)])
        #expect(try ImportTests.load(node, all.dataset, "jsonl", people, options).added == 2)
        let model = try file(
            all, "m.jsonl", [box("car", 1, id + #","confidence":0.9"#), box("bus", 40)])
        for name in ["model:a@1", "model:b@1"] {
            options.source = name
            #expect(try ImportTests.load(node, all.dataset, "jsonl", model, options).added == 2)
            #expect(try ImportTests.load(node, all.dataset, "jsonl", model, options).added == 0)
        }
        // A newer file of one model takes nothing from the others.
        options.prune = true
        let fewer = try file(all, "m.jsonl", [box("car", 1, id)])
        #expect(try ImportTests.load(node, all.dataset, "jsonl", fewer, options).retracted == 1)
        #expect(try active(node, all.dataset) == ["bus", "bus", "car", "car", "car"])
        #expect(
            try labels(node, all.dataset).filter { $0.fields["confidence"] != nil }.allSatisfy {
                $0.source?.hasPrefix("model:") == true
            })
    }

    @Test("nothing is retracted where a record was not taken, since it may be of what looks gone")
    func untaken() throws {
        let all = try Companies([oem])
        let node = try all.node(oem)
        let both = try file(all, "a.jsonl", [box("car", 1), box("bus", 40)])
        _ = try ImportTests.load(node, all.dataset, "jsonl", both)
        var options = ImportOptions()
        options.prune = true
        let damaged = try file(all, "a.jsonl", [box("car", 1), #"{"item":"a.png","class":"bus"}"#])
        let report = try ImportTests.load(node, all.dataset, "jsonl", damaged, options)
        #expect(report.retracted == 0 && report.skippedCount == 1)
        #expect(report.notes.contains { $0.what.contains("nothing was retracted") })
        let whole = try file(all, "a.jsonl", [box("car", 1)])
        #expect(try ImportTests.load(node, all.dataset, "jsonl", whole, options).retracted == 1)
    }

    @Test(
        "what was not exported is not gone", arguments: ["coco", "jsonl", "yolo"],
        [ExportPart(classes: ["car"]), ExportPart(authors: ["ann"])])
    func parts(_ format: String, _ part: ExportPart) throws {
        let all = try Companies([oem])
        let node = try all.node(oem)
        let size = #"{"kind":"item","item":"a.png","fields":{"width":200,"height":100}}"#
        let both = try file(
            all, "a.jsonl",
            [size, box("car", 1, #","author":"ann""#), box("bus", 40, #","author":"ben""#)])
        _ = try ImportTests.load(node, all.dataset, "jsonl", both)
        let path = all.folder.path + "/part"
        try export(node, all.dataset, format, to: path, part: part, sidecar: true)
        try node.write(all.dataset, [all.label("a.png")])
        var options = ImportOptions()
        options.prune = true
        let report = try ImportTests.load(node, all.dataset, format, path, options)
        #expect(report.retracted == 0)
        #expect(
            report.notes.contains { $0.what.contains("2 labels that the files do not hold stay") })
    }

    @Test("shapes that a format cannot say are not gone with its files")
    func shapes() throws {
        let all = try Companies([oem])
        let node = try all.node(oem)
        let ellipse =
            #""selector":{"kind":"ellipse","centerX":5,"centerY":5,"width":3,"height":2,"angle":0}"#
        let both = try file(
            all, "a.jsonl", [box("car", 1), #"{"item":"a.png","class":"hole",\#(ellipse)}"#])
        _ = try ImportTests.load(node, all.dataset, "jsonl", both)
        let path = all.folder.path + "/out.json"
        try export(node, all.dataset, "coco", to: path)
        var options = ImportOptions()
        options.prune = true
        #expect(try ImportTests.load(node, all.dataset, "coco", path, options).retracted == 0)
        #expect(try active(node, all.dataset) == ["car", "hole"])
    }

    @Test("where lines are all that names labels, each change is of the likeliest label")
    func places() throws {
        let all = try Companies([oem])
        let node = try all.node(oem)
        func voc(_ objects: [(String, Int)]) throws -> String {
            let text = objects.map { name, x in
                "<object><name>\(name)</name><bndbox><xmin>\(x)</xmin><ymin>1</ymin>"
                    + "<xmax>\(x + 15)</xmax><ymax>20</ymax></bndbox></object>"
            }.joined()
            return try file(
                all, "a.xml",
                [
                    "<annotation><filename>a.jpg</filename><size><width>200</width><height>100</height></size>"
                        + text + "</annotation>"
                ])
        }
        func load(_ objects: [(String, Int)]) throws -> (added: Int, changed: Int) {
            let report = try ImportTests.load(node, all.dataset, "voc", try voc(objects))
            return (report.added, report.changed)
        }
        #expect(try load([("A", 1), ("B", 30), ("C", 60)]) == (3, 0))
        #expect(try load([("N", 90), ("A", 1), ("B", 30), ("C", 60)]) == (1, 0))
        #expect(try load([("N", 90), ("A9", 1), ("B", 30), ("C", 60)]) == (0, 1))
        #expect(try load([("N9", 90), ("A9", 1), ("B", 30), ("C", 60)]) == (0, 1))
        #expect(try active(node, all.dataset) == ["A9", "B", "C", "N9"])
        // One is gone, one has another class, one has moved.
        #expect(try load([("A9", 1), ("B2", 30), ("C", 64)]) == (0, 2))
        #expect(try active(node, all.dataset) == ["A9", "B2", "C", "N9"])
    }

    @Test("edited lines beside a sidecar keep each label's attributes")
    func sidecar() throws {
        let all = try Companies([oem])
        let node = try all.node(oem)
        let size = #"{"kind":"item","item":"a.png","fields":{"width":200,"height":100}}"#
        let marked = ["A", "B", "C", "D"].enumerated().map { index, name in
            box(name, 10 * index, #","attributes":{"of":"\#(name)"}"#)
        }
        _ = try ImportTests.load(
            node, all.dataset, "jsonl", try file(all, "a.jsonl", [size] + marked))
        let path = all.folder.path + "/out"
        try export(node, all.dataset, "yolo", to: path, sidecar: true)
        let text = path + "/labels/a.txt"
        var lines = try String(contentsOfFile: text, encoding: .utf8).split(separator: "\n")
            .map(String.init)
        let moved = lines[3].split(separator: " ").map(String.init)
        lines = [
            lines[1], "0" + lines[2].dropFirst(),
            ([moved[0], "0.18"] + moved[2...]).joined(separator: " "),
        ]
        try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: URL(fileURLWithPath: text))
        var options = ImportOptions()
        options.prune = true
        let report = try ImportTests.load(node, all.dataset, "yolo", path, options)
        #expect(report.retracted == 1 && report.changed == 2 && report.added == 0)
        let now = try labels(node, all.dataset).filter { !$0.isRetracted }
        #expect(
            now.map { "\($0.className) \($0.fields["of"]?.textValue ?? "")" }.sorted() == [
                "A C", "B B", "D D",
            ])
    }

    @Test("a record without an id is of the item that has its prompt, whatever its line")
    func prompts() throws {
        let all = try Companies([oem])
        let node = try all.node(oem)
        func row(_ number: Int) -> String {
            #"{"prompt":"p\#(number)","chosen":"good \#(number)","rejected":"bad \#(number)"}"#
        }
        func load(_ rows: [Int], _ folder: String = "", author: String? = nil) throws
            -> ImportReport
        {
            var options = ImportOptions()
            options.author = author
            return try ImportTests.load(
                node, all.dataset, "dpo", try file(all, folder + "a.jsonl", rows.map(row)), options)
        }
        #expect(try load([1, 2]).added == 2)
        for rows in [[0, 1, 2], [2, 0, 1], [2, 1]] {
            let report = try load(rows)
            #expect(report.changed == 0 && report.added == (rows == [0, 1, 2] ? 1 : 0))
        }
        #expect(try load([9], "other/", author: "ben").added == 1)
        for label in try labels(node, all.dataset) {
            let item = try #require(try node.store.item(all.dataset, key: label.item))
            let prompt = try #require(item.record.fields["prompt"]?.textValue)
            guard case .preference(let groups) = label.selector else {
                Issue.record("\(label.selector)")
                continue
            }
            #expect(groups.first?.first == "good \(prompt.dropFirst())")
        }
    }

    @Test("a release of a blind dataset shows nobody what is not shown otherwise")
    func blind() throws {
        let tier = "tier.example"
        let all = try Companies([oem, tier])
        let node = try all.node(oem)
        try node.setBlind(all.dataset, true)
        try all.carry(oem, to: tier)
        let id = try node.write(all.dataset, [all.label("a.png")])[0]
        try node.createRelease("r1", of: all.dataset, terms: ReleaseTerms())
        try all.carry(oem, to: tier)
        let member = try all.node(tier)
        let refused = { (body: () throws -> Void) -> Bool in
            do {
                try body()
                return false
            } catch { return (error as? NodeError)?.code == .blind }
        }
        #expect(refused { _ = try member.facts(of: "r1", in: all.dataset) })
        let release = try member.release("r1", of: all.dataset).release
        let check = try member.check(release, of: all.dataset)
        #expect(
            refused {
                _ = try member.write(
                    check, release, to: DiskOutput(folder: all.folder.path + "/r"), as: "r.proof",
                    leavesTo: DiskOutput(folder: all.folder.path + "/r"))
            })
        let absent = OperationID(origin: id.origin, slot: Slot(entry: 99, position: 0))
        #expect(refused { _ = try member.prove(absent, in: release, of: all.dataset) })
        #expect(!refused { _ = try node.facts(of: "r1", in: all.dataset) })
        var notes: [String] = []
        member.warn = { notes.append($0) }
        #expect(try member.fit(all.dataset, try member.schema(of: all.dataset)).labels == 0)
        #expect(notes.contains { $0.contains("not shown") })
    }
}
