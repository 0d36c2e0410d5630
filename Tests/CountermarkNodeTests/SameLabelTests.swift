import AnnotationFormats
import AnnotationModel
import AnnotationStore
import Foundation
import LabelExchange
import Testing

@testable import CompanyHome
@testable import CountermarkNode

@Suite("One label is one label, whatever program numbered it")
struct SameLabelTests {
    private let oem = "oem.example"

    private func file(_ all: Companies, _ name: String, _ text: String) throws -> String {
        let path = "\(all.folder.path)/\(name)"
        try FileManager.default.createDirectory(
            atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        return path
    }

    private func coco(_ boxes: [(id: String, box: String)]) -> String {
        let labels = boxes.map {
            #"{"id":\#($0.id),"image_id":1,"category_id":1,"bbox":[\#($0.box)]}"#
        }
        return #"{"images":[{"id":1,"file_name":"a.jpg","width":100,"height":80}],"#
            + #""categories":[{"id":1,"name":"car"}],"annotations":[\#(labels.joined(separator: ","))]}"#
    }

    @discardableResult
    private func export(
        _ node: Node, _ dataset: DatasetID, _ format: String, to path: String, sidecar: Bool = false
    ) throws -> [String] {
        var options = WriteOptions()
        options.writesSidecar = sidecar
        let format = try FormatRegistry.format(named: format)
        return try node.export(
            dataset, format: format, view: .resolved, part: ExportPart(),
            to: format.defaultFileName == nil
                ? DiskOutput(folder: path) : DiskOutput(file: path), options: options
        ).report.notes
    }

    private func items(_ node: Node, _ dataset: DatasetID) throws -> [String] {
        var keys: [String] = []
        try node.store.forEachItem(dataset) { keys.append($0.key) }
        return keys.sorted()
    }

    static let sources: [(format: String, name: String, text: String, to: String)] = [
        (
            "jsonl", "a.jsonl",
            #"{"item":"a.jpg","class":"car","selector":{"kind":"box","x":1,"y":1,"width":2,"height":2}}"#,
            "openlabel"
        ),
        (
            "label-studio", "a.json",
            #"[{"id":3,"data":{"image":"d.jpg"},"annotations":[],"predictions":[{"id":5,"model_version":"m1","#
                + #""result":[{"id":"p1","type":"rectanglelabels","from_name":"label","to_name":"image","#
                + #""original_width":100,"original_height":80,"value":{"x":10,"y":10,"width":20,"height":20,"#
                + #""rotation":0,"rectanglelabels":["Car"]}}]}]}]"#, "label-studio"
        ),
        (
            "label-studio", "a.json",
            #"[{"id":3,"data":{"image":"d.jpg"},"annotations":[{"id":15,"result":[{"id":"r7","type":"choices","#
                + #""from_name":"c","to_name":"image","value":{"choices":["good","blurry"]}}]}]}]"#,
            "label-studio"
        ),
        (
            "datumaro", "annotations/train.json",
            #"{"info":{},"categories":{},"items":[{"id":"x/1","annotations":["#
                + #"{"id":5,"type":"caption","attributes":{},"group":0,"caption":"hello"},"#
                + #"{"id":6,"type":"caption","attributes":{},"group":0,"caption":"bye"}],"#
                + #""image":{"path":"x/1.jpg","size":[80,100]}}]}"#, "datumaro"
        ),
        (
            "sdf", "m.sdf",
            (1...11).map {
                "\n  x\n\n  1  0  0  0  0  0  0  0  0  0999 V2000\n    \($0).0000    0.0000    0.0000 C   0  0\n"
                    + "M  END\n> <atom.dprop.charge>\n\($0).5\n\n$$$$\n"
            }.joined(), "sdf"
        ),
        (
            "jsonl", "a.jsonl",
            #"{"item":"bare","class":"car","selector":{"kind":"box","x":1,"y":1,"width":2,"height":2}}"#,
            "kitti"
        ),
        (
            "sustech", "label/000.json",
            #"[{"obj_id":"1","obj_type":"Car","psr":{"position":{"x":1,"y":2,"z":3},"#
                + #""rotation":{"x":0,"y":0,"z":7},"scale":{"x":4,"y":2,"z":1}}}]"#, "datumaro"
        ),
    ]

    @Test("what is exported from one program's labels comes back as they are", arguments: 0..<7)
    func returns(_ index: Int) throws {
        let source = Self.sources[index]
        let all = try Companies([oem])
        let node = try all.node(oem)
        let first = try ImportTests.load(
            node, all.dataset, source.format, try file(all, "in/" + source.name, source.text))
        #expect(first.added > 0 && first.skippedCount == 0)
        let keys = try items(node, all.dataset)
        let path = all.folder.path + "/out.json"
        try export(node, all.dataset, source.to, to: path)
        let report = try ImportTests.load(node, all.dataset, source.to, path)
        // Another format may say more of a label.
        #expect(
            report.added == 0
                && (source.format != source.to || report.unchanged == first.added), "\(report)")
        #expect(try items(node, all.dataset) == keys)
        #expect(try ImportTests.load(node, all.dataset, source.to, path).changesets == 0)
    }

    @Test("labels that another program numbered anew are the same, and the user hears of it")
    func renumbered() throws {
        let all = try Companies([oem])
        let node = try all.node(oem)
        let twice = [("1", "10,20,30,40"), ("2", "10,20,30,40"), ("3", "1,2,3,4")]
        let path = try file(all, "a.json", coco(twice))
        #expect(try ImportTests.load(node, all.dataset, "coco", path).added == 3)
        #expect(try ImportTests.load(node, all.dataset, "coco", path).changesets == 0)
        let other = try file(all, "b.json", coco(twice.map { ("10\($0.0)", $0.1) }))
        let report = try ImportTests.load(node, all.dataset, "coco", other)
        #expect(report.unchanged == 3 && report.changesets == 0)
        #expect(report.notes.contains { $0.what.hasPrefix("3 labels have other ids") })
        // One more of the same in one file is one more label.
        let more = try file(all, "a.json", coco(twice + [("4", "1,2,3,4")]))
        #expect(try ImportTests.load(node, all.dataset, "coco", more).added == 1)
        #expect(try ImportTests.load(node, all.dataset, "coco", more).changesets == 0)
        var options = ImportOptions()
        options.author = "ben"
        #expect(try ImportTests.load(node, all.dataset, "coco", other, options).added == 3)
    }

    @Test("a label beside one that lies almost there is told of, and is that one with --update")
    func moved() throws {
        for isUpdate in [false, true] {
            let all = try Companies([oem])
            let node = try all.node(oem)
            let path = try file(all, "a.json", coco([("1", "10,20,30,40")]))
            _ = try ImportTests.load(node, all.dataset, "coco", path)
            let voc = try file(
                all, "a.xml",
                "<annotation><filename>a.jpg</filename><object><name>car</name><bndbox><xmin>12</xmin>"
                    + "<ymin>21</ymin><xmax>40</xmax><ymax>60</ymax></bndbox></object></annotation>"
            )
            var options = ImportOptions()
            options.isUpdate = isUpdate
            let report = try ImportTests.load(node, all.dataset, "voc", voc, options)
            #expect(isUpdate ? report.changed == 1 : report.added == 1)
            #expect(report.notes.contains { $0.what.contains("lies almost") } == !isUpdate)
            #expect(try ImportTests.load(node, all.dataset, "voc", voc, options).changesets == 0)
        }
    }

    @Test("a file that is left out leaves no item", arguments: ["nab", "coco-panoptic"])
    func refused(_ format: String) throws {
        let all = try Companies([oem])
        let node = try all.node(oem)
        let path = try file(all, "a.json", coco([("1", "10,20,30,40")]))
        let report = try ImportTests.load(node, all.dataset, format, path)
        #expect(report.isFailure && report.changesets == 0)
        #expect(try items(node, all.dataset) == [])
    }

    @Test("labels of pictures of an unknown size leave no made-up name behind")
    func unknownSize() throws {
        let all = try Companies([oem])
        let node = try all.node(oem)
        _ = try file(all, "y/data.yaml", "names:\n  0: car\n")
        _ = try file(all, "y/labels/train/a.txt", "0 0.5 0.5 0.2 0.2\n")
        let report = try ImportTests.load(node, all.dataset, "yolo", all.folder.path + "/y")
        #expect(report.isFailure && report.changesets == 0)
        #expect(try items(node, all.dataset) == [])
    }

    @Test("an export takes away the sidecar of the one before, which says nothing of it")
    func staleSidecar() throws {
        let all = try Companies([oem])
        let node = try all.node(oem)
        let path = try file(all, "a.json", coco([("1", "10,20,30,40")]))
        _ = try ImportTests.load(node, all.dataset, "coco", path)
        let out = all.folder.path + "/voc"
        let sidecar = out + ".countermark.jsonl"
        try export(node, all.dataset, "voc", to: out, sidecar: true)
        #expect(FileManager.default.fileExists(atPath: sidecar))
        let notes = try export(node, all.dataset, "voc", to: out)
        #expect(!FileManager.default.fileExists(atPath: sidecar))
        #expect(notes.contains { $0.hasPrefix("\(sidecar) was removed") })
        #expect(
            try export(node, all.dataset, "voc", to: out).allSatisfy { !$0.contains("removed") })
    }

    @Test(
        "a record that names a label a second time is no second label", arguments: ["jsonl", "csv"])
    func repeated(_ format: String) throws {
        let all = try Companies([oem])
        let node = try all.node(oem)
        try node.write(all.dataset, [all.label("a.png")])
        let path = all.folder.path + "/out.x"
        try export(node, all.dataset, format, to: path)
        let text = try String(contentsOfFile: path, encoding: .utf8)
        let last = try #require(text.split(whereSeparator: \.isNewline).last)
        let twice = try file(all, "twice.x", text + last + "\n")
        let report = try ImportTests.load(node, all.dataset, format, twice)
        #expect(report.added == 0 && report.skippedCount == 1 && report.changesets == 0)
    }

    @Test("a prompt that is asked again keeps its answers, in whatever order they stand")
    func prompts() throws {
        let all = try Companies([oem])
        let node = try all.node(oem)
        func row(_ prompt: String, _ chosen: String) -> String {
            #"{"prompt":"\#(prompt)","chosen":"\#(chosen)","rejected":"no \#(chosen)"}"#
        }
        let rows = [row("p", "a"), row("q", "b"), row("p", "c")]
        func load(_ rows: [String]) throws -> ImportReport {
            try ImportTests.load(
                node, all.dataset, "dpo",
                try file(all, "a.jsonl", rows.joined(separator: "\n") + "\n"))
        }
        #expect(try load(rows).added == 3)
        #expect(try load(rows).changesets == 0)
        #expect(try load(rows.reversed()).changesets == 0)
        let more = try load([row("p", "x")] + rows)
        #expect(more.added == 1 && more.changed == 0)
    }
}
