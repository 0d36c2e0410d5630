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

/// What an import asks and says where files may mean something else than they seem to.
@Suite("What imports ask and say")
struct ImportWordTests {
    private let oem = "oem.example"

    private func file(_ all: Companies, _ name: String, _ text: String) throws -> String {
        let path = "\(all.folder.path)/\(name)"
        try FileManager.default.createDirectory(
            atPath: FileSystem.parent(path), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        return path
    }

    /// A COCO file of boxes at places, each of a class, with ids that count.
    private func coco(
        _ boxes: [(String, Int)], categories: [(Int, String)] = [(1, "car"), (2, "bus")]
    ) -> String {
        let list = categories.map { #"{"id": \#($0.0), "name": "\#($0.1)"}"# }
        let labels = boxes.enumerated().map { index, box in
            let id = categories.first { $0.1 == box.0 }?.0 ?? 0
            return #"{"id": \#(index + 1), "image_id": 1, "category_id": \#(id), "#
                + #""bbox": [\#(box.1), 1, 5, 5]}"#
        }
        return #"{"images": [{"id": 1, "file_name": "a.png", "width": 90, "height": 90}], "#
            + #""categories": [\#(list.joined(separator: ", "))], "#
            + #""annotations": [\#(labels.joined(separator: ", "))]}"#
    }

    @Test(
        "one label of many that would become another one is asked about, whatever the others say")
    func drafts() throws {
        let all = try Companies([oem])
        let node = try all.node(oem)
        let ann = try file(all, "ann/x.json", coco([("car", 1), ("car", 20), ("car", 40)]))
        let ben = try file(all, "ben/x.json", coco([("car", 1), ("car", 20), ("bus", 70)]))
        _ = try ImportTests.load(node, all.dataset, "coco", ann)
        #expect {
            _ = try ImportTests.load(node, all.dataset, "coco", ben)
        } throws: { error in
            let error = error as? NodeError
            return error?.code == .whoseLabels && error?.hint.contains("--author") == true
                && error?.hint.contains("--update") == true
        }
        var options = ImportOptions()
        options.author = "ben"
        // What both say is one label, whoever said it first.
        #expect(try ImportTests.load(node, all.dataset, "coco", ben, options).added == 1)
        // The same path is the same work.
        let newer = try file(all, "ann/x.json", coco([("car", 1), ("car", 20), ("bus", 55)]))
        #expect(try ImportTests.load(node, all.dataset, "coco", newer).changed == 1)
        // A label that keeps its class or its place was corrected.
        let other = try Companies([oem])
        let second = try other.node(oem)
        _ = try ImportTests.load(
            second, other.dataset, "coco",
            try file(
                other, "ann/x.json",
                coco([("car", 1), ("car", 20), ("car", 40), ("car", 60), ("car", 80)])))
        let corrected = try file(
            other, "cy/x.json",
            coco([("car", 1), ("car", 22), ("bus", 40), ("car", 60), ("car", 80)]))
        #expect(try ImportTests.load(second, other.dataset, "coco", corrected).changed == 2)
    }

    @Test("a second list with other numbers is named at import and at export")
    func numbers() throws {
        let all = try Companies([oem])
        let node = try all.node(oem)
        let first = try file(all, "a.json", coco([("car", 1)]))
        _ = try ImportTests.load(node, all.dataset, "coco", first)
        #expect(try ImportTests.load(node, all.dataset, "coco", first).noteCount == 0)
        let text = coco([("bus", 60)], categories: [(1, "bus"), (2, "car"), (3, "van")])
            .replacingOccurrences(of: "a.png", with: "b.png")
        let second = try file(all, "b.json", text)
        for isFirst in [true, false] {
            let report = try ImportTests.load(node, all.dataset, "coco", second)
            #expect((report.changesets > 0) == isFirst)
            let note = try #require(report.notes.first { $0.where == "classes" })
            #expect(note.what.contains("2 classes other numbers"))
        }
        let output = all.folder.path + "/out.json"
        let (report, _) = try node.export(
            all.dataset, format: try FormatRegistry.format(named: "coco"), view: .resolved,
            to: DiskOutput(file: output))
        #expect(report.notes.contains { $0.contains("\"car\" is 1, \"bus\" is 2") })
        let json = try JSONValue(
            parsing: Array(try Data(contentsOf: URL(fileURLWithPath: output))))
        #expect(
            json["categories"]?.array?.map { $0["name"]?.string } == ["car", "bus", "van"])
    }

    @Test(
        "a poorer export that comes back without its sidecar is named",
        arguments: [("labelme", true), ("yolo-seg", true), ("yolo", false), ("voc", false)])
    func poorer(_ format: String, _ isTurned: Bool) throws {
        let all = try Companies([oem])
        let node = try all.node(oem)
        let shape: Selector =
            isTurned
            ? .rotatedBox(.init(centerX: 20, centerY: 20, width: 8, height: 4, angle: 0.5))
            : .mask(.init(width: 40, height: 40, counts: [405, 10, 30, 10, 1_145]))
        try node.write(
            all.dataset,
            [
                .addItem(
                    key: "a.png",
                    fields: [.known(.width): .integer(40), .known(.height): .integer(40)]),
                .addAnnotation(item: "a.png", className: "c", selector: shape, fields: [:]),
            ])
        for sidecar in [true, false] {
            let (path, labels) = try ImportTests.export(
                node, all.dataset, format, "\(all.folder.path)/\(sidecar)", sidecar: sidecar)
            if format == "yolo-seg", labels == 0 { return }
            let report = try ImportTests.load(node, all.dataset, format, path)
            let notes = report.notes.filter { $0.where == "shapes" }
            #expect(notes.count == (sidecar ? 0 : 1), "\(report)")
            if !sidecar { #expect(notes[0].what.contains("--sidecar")) }
        }
    }

    @Test("words about names that fit nothing are named, and keys that no item has")
    func words() throws {
        let all = try Companies([oem])
        let node = try all.node(oem)
        try node.write(all.dataset, [.addItem(key: "known.png", fields: [:])])
        let path = try file(all, "x.json", coco([("car", 1)]))
        var options = ImportOptions()
        options.itemRules.map = ["a.png": "typo.png", "b.png": "known.png"]
        options.itemRules.strips = ["zz/", "a"]
        let report = try ImportTests.load(node, all.dataset, "coco", path, options)
        let said = report.notes.map { "\($0.where) \($0.what)" }
        #expect(said.contains { $0.hasPrefix("--map 1 of 2 names") && $0.contains("b.png") })
        #expect(said.contains { $0.contains("leads 1 names") && $0.contains("typo.png") })
        #expect(said.contains { $0.hasPrefix("--strip") && $0.contains("zz/") })
        options.itemRules.map = ["a.png": "known.png"]
        options.itemRules.strips = []
        options.isDryRun = true
        #expect(try ImportTests.load(node, all.dataset, "coco", path, options).noteCount == 0)
    }

    @Test("tables count the items that their labels name", arguments: ["jsonl", "csv"])
    func items(_ format: String) throws {
        let all = try Companies([oem])
        let node = try all.node(oem)
        let lines = { (keys: [String]) in
            format == "jsonl"
                ? keys.map {
                    #"{"item":"\#($0)","class":"c","selector":{"kind":"wholeItem"}}"# + "\n"
                }.joined()
                : "item,class,selector\n"
                    + keys.map { #"\#($0),c,"{""kind"":""wholeItem""}""# + "\n" }.joined()
        }
        let first = try file(all, "one", lines(["a", "b", "a"]))
        var report = try ImportTests.load(node, all.dataset, format, first)
        #expect((report.itemsMatched, report.itemsAdded) == (0, 2))
        let second = try file(all, "two", lines(["a", "c", "b", "c"]))
        report = try ImportTests.load(node, all.dataset, format, second)
        #expect((report.itemsMatched, report.itemsAdded) == (2, 1))
    }
}
