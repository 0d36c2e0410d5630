import AnnotationFormats
import AnnotationModel
import AnnotationStore
import Foundation
import LabelText
import Provenance
import Testing

@testable import CountermarkNode
@testable import LabelExchange
@testable import PlainErrors

/// Faults that public reports tell of, where they concern what is written: with inputs of our own.
@Suite("What imports keep and refuse")
struct LabelKindTests {
    private let oem = "oem.example"
    private let tier = "tier.example"

    private func file(_ all: Companies, _ name: String, _ text: String) throws -> String {
        let path = "\(all.folder.path)/\(name)"
        try FileManager.default.createDirectory(
            atPath: FileSystem.parent(path), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        return path
    }

    /// One person's file of one label with a number, for each format whose ids count.
    private func text(_ format: String, _ name: String, x: Int) -> String {
        switch format {
        case "coco":
            #"{"images": [{"id": 1, "file_name": "a.png", "width": 90, "height": 90}], "categories": "#
                + #"[{"id": 1, "name": "\#(name)"}], "annotations": [{"id": 1, "image_id": 1, "#
                + #""category_id": 1, "bbox": [\#(x), 1, 5, 5]}]}"#
        case "cvat":
            "<annotations><image id=\"0\" name=\"a.png\" width=\"90\" height=\"90\"><box label=\"\(name)\" "
                + "xtl=\"\(x)\" ytl=\"1\" xbr=\"\(x + 5)\" ybr=\"6\"/></image></annotations>"
        case "voc":
            "<annotation><filename>a.png</filename><object><name>\(name)</name><bndbox><xmin>\(x)</xmin>"
                + "<ymin>1</ymin><xmax>\(x + 5)</xmax><ymax>6</ymax></bndbox></object></annotation>"
        default:
            #"{"imagePath": "a.png", "imageWidth": 90, "imageHeight": 90, "shapes": [{"label": "\#(name)", "#
                + #""points": [[\#(x), 1], [\#(x + 5), 6]], "shape_type": "rectangle"}]}"#
        }
    }

    private func classes(_ node: Node, _ all: Companies) throws -> [String] {
        try node.store.labels(try node.logNames(all.dataset), limit: 100)
            .filter { !$0.isRetracted }.map(\.className).sorted()
    }

    @Test(
        "a second file does not replace the labels of the first because both count",
        arguments: ["coco", "cvat", "voc", "labelme"])
    func people(_ format: String) throws {
        let all = try Companies([oem])
        let node = try all.node(oem)
        let ending = ["coco", "labelme"].contains(format) ? "json" : "xml"
        let ann = try file(all, "ann/a.\(ending)", text(format, "scratch", x: 10))
        let ben = try file(all, "ben/a.\(ending)", text(format, "dent", x: 50))
        #expect(try ImportTests.load(node, all.dataset, format, ann).added == 1)
        #expect {
            _ = try ImportTests.load(node, all.dataset, format, ben)
        } throws: { ($0 as? NodeError)?.code == .whoseLabels }
        #expect(try classes(node, all) == ["scratch"])
        var options = ImportOptions()
        options.author = "ben"
        #expect(try ImportTests.load(node, all.dataset, format, ben, options).added == 1)
        #expect(try ImportTests.load(node, all.dataset, format, ben, options).changesets == 0)
        #expect(try classes(node, all) == ["dent", "scratch"])
        // The same file in a newer version changes its label, whether it agrees or not.
        let newer = try file(all, "ann/a.\(ending)", text(format, "scratch", x: 12))
        #expect(try ImportTests.load(node, all.dataset, format, newer).changed == 1)
        options = ImportOptions()
        options.isUpdate = true
        let moved = try file(all, "new/a.\(ending)", text(format, "spur", x: 30))
        #expect(try ImportTests.load(node, all.dataset, format, moved, options).added == 0)
    }

    @Test(
        "the classes of a file keep their numbers, their order and what is said of them, on every node"
    )
    func lists() throws {
        let all = try Companies([oem, tier])
        let node = try all.node(oem)
        let coco = try file(
            all, "coco.json",
            #"{"images": [{"id": 7, "file_name": "z.png", "width": 9, "height": 9}], "categories": "#
                + #"[{"id": 3, "name": "zebra", "supercategory": "animal", "keypoints": ["nose"], "#
                + #""skeleton": []}, {"id": 1, "name": "ape"}], "annotations": [{"id": 1, "image_id": 7, "#
                + #""category_id": 1, "bbox": [1, 1, 5, 5]}]}"#)
        _ = try ImportTests.load(node, all.dataset, "coco", coco)
        #expect(try ImportTests.load(node, all.dataset, "coco", coco).changesets == 0)
        try node.write(all.dataset, [all.label("b.png")])
        try all.carry(oem, to: tier)
        var exports: [Data] = []
        for org in [oem, tier] {
            let output = "\(all.folder.path)/\(org).json"
            _ = try all.node(org).export(
                all.dataset, format: try FormatRegistry.format(named: "coco"), view: .resolved,
                to: DiskOutput(file: output))
            exports.append(try Data(contentsOf: URL(fileURLWithPath: output)))
        }
        #expect(exports[0] == exports[1])
        let json = try JSONValue(parsing: Array(exports[0]))
        let categories = try #require(json["categories"]?.array)
        #expect(categories.prefix(2).map { $0["id"]?.integer } == [3, 1])
        #expect(categories.prefix(2).map { $0["name"]?.string } == ["zebra", "ape"])
        #expect(categories[0]["supercategory"] == .string("animal"))
        #expect(categories[0]["keypoints"] == .array([.string("nose")]))
        let images = try #require(json["images"]?.array)
        #expect(images.first { $0["file_name"] == .string("z.png") }?["id"] == .integer(7))
    }

    @Test("a dry run says what would happen and writes nothing; what is left out fails")
    func dry() throws {
        let all = try Companies([oem])
        let node = try all.node(oem)
        let path = try file(all, "a.xml", text("voc", "dent", x: 5))
        var options = ImportOptions()
        options.isDryRun = true
        let digest = try all.digest(oem)
        let report = try ImportTests.load(node, all.dataset, "voc", path, options)
        #expect((report.added, report.itemsAdded, report.changesets) == (1, 1, 0))
        #expect(try all.digest(oem) == digest)
        let bad = try file(
            all, "bad.xml",
            "<annotation><filename>a.png</filename><object><name>x</name></object></annotation>")
        let failed = try ImportTests.load(node, all.dataset, "voc", bad)
        #expect(failed.isFailure && failed.skippedCount == 1)
        _ = try file(all, "set/good.xml", text("voc", "dent", x: 5))
        _ = try file(all, "set/cut.xml", "<annotation><filename>b.png</filename><object>")
        let folder = try ImportTests.load(node, all.dataset, "voc", all.folder.path + "/set")
        #expect(folder.isFailure && folder.added == 1 && folder.refusedCount == 1)
    }

    @Test("what a company examined leaves in files and comes back from them")
    func examined() throws {
        let all = try Companies([oem])
        let node = try all.node(oem)
        try node.write(all.dataset, [.addItem(key: "n.png", fields: [:])])
        _ = try node.setExamined(all.dataset, ["n.png"])
        for (name, sidecar) in [("jsonl", false), ("yolo", false), ("rttm", true), ("coco", false)]
        {
            let (path, _) = try ImportTests.export(
                node, all.dataset, name, "\(all.folder.path)/\(name)", sidecar: sidecar)
            let fresh = try Companies([tier])
            let other = try fresh.node(tier)
            _ = try ImportTests.load(other, fresh.dataset, name, path)
            var found: FieldValue?
            try other.store.forEachItem(fresh.dataset) { item in
                found = item.fields["examined/\(tier)"] ?? found
            }
            #expect(found == .bool(true), "\(name)")
        }
    }
}
