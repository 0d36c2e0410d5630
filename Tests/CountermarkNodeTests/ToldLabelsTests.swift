import AnnotationFormats
import AnnotationModel
import AnnotationStore
import Foundation
import LabelExchange
import LabelSchema
import Testing

@testable import CompanyHome
@testable import CountermarkNode

/// COCO's own folders hold outlines, keypoints and captions of the same pictures in one file each.
@Suite("What several files of one import say of a label")
struct ToldLabelsTests {
    private let oem = "oem.example"

    /// Writes a file of COCO; each annotation is of the person class unless it says otherwise.
    private func file(_ all: Companies, _ name: String, _ annotations: [String]) throws -> String {
        let path = "\(all.folder.path)/coco/\(name)"
        try FileManager.default.createDirectory(
            atPath: all.folder.path + "/coco", withIntermediateDirectories: true)
        let text = """
            {"images": [{"id": 1, "file_name": "a.jpg", "width": 90, "height": 80},
                        {"id": 2, "file_name": "b.jpg", "width": 90, "height": 80}],
             "categories": [{"id": 1, "name": "person"}, {"id": 2, "name": "car"}],
             "annotations": [\(annotations.joined(separator: ",\n"))]}
            """
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        return path
    }

    private func annotation(
        _ id: Int, image: Int = 1, category: Int = 1, x: Int = 3, _ more: String = ""
    ) -> String {
        #"{"id": \#(id), "image_id": \#(image), "category_id": \#(category), "bbox": [\#(x), 5, 20, 30]\#(more)}"#
    }

    private let keypoints = #", "keypoints": [10, 10, 2, 12, 12, 1], "num_keypoints": 2"#

    private func outline(_ x: Int = 3) -> String {
        #", "segmentation": [[\#(x), 5, \#(x + 20), 5, \#(x + 20), 35, \#(x), 35]]"#
    }

    private func labels(_ node: Node, _ dataset: DatasetID) throws -> [LabelView] {
        try node.store.labels(try node.logNames(dataset), limit: 100)
    }

    /// What is told of each label but its id.
    private func words(_ node: Node, _ dataset: DatasetID) throws -> [String] {
        try labels(node, dataset).map {
            "\($0.item) \($0.className) \($0.selector) \($0.fields.sorted { $0.key < $1.key })"
        }.sorted()
    }

    private func load(_ node: Node, _ dataset: DatasetID, _ paths: [String]) throws -> ImportReport
    {
        try node.importLabels(
            dataset, paths, format: try FormatRegistry.format(named: "coco"), options: .init())
    }

    @Test("an annotation that two files have is one label, which says what both say")
    func pair() throws {
        let all = try Companies([oem])
        let node = try all.node(oem)
        let paths = [
            try file(
                all, "instances_val.json",
                [
                    annotation(10, outline()), annotation(11, image: 2, x: 7, outline(7)),
                    annotation(12, image: 2, category: 2, x: 50),
                ]),
            try file(
                all, "person_keypoints_val.json",
                [
                    annotation(10, outline() + keypoints),
                    annotation(11, image: 2, x: 7, outline(7) + keypoints),
                ]),
        ]
        let report = try load(node, all.dataset, paths)
        #expect(report.added == 3 && report.changed == 0)
        #expect(report.notes.contains { $0.what.hasPrefix("2 annotations stand in several files") })
        #expect(try labels(node, all.dataset).count == 3)
        #expect(try labels(node, all.dataset).filter { $0.fields["keypoints"] != nil }.count == 2)
        // The folder is what its files are.
        let folder = [all.folder.path + "/coco"]
        for again in [paths, folder] {
            let report = try load(node, all.dataset, again)
            #expect(report.changesets == 0 && report.unchanged == 3)
        }
        // One after the other comes to the same.
        let other = try DatasetID("\(oem)/turns")
        try node.create(other, title: "turns", schema: "{}")
        for path in paths { _ = try load(node, other, [path]) }
        #expect(try words(node, other) == words(node, all.dataset))
        // What the second file corrects is a change of one label, and counted once.
        _ = try file(
            all, "person_keypoints_val.json",
            [
                annotation(
                    10, outline() + keypoints.replacingOccurrences(of: "12, 12", with: "13, 12")),
                annotation(11, image: 2, x: 7, outline(7) + keypoints),
            ])
        let corrected = try load(node, all.dataset, paths)
        #expect(corrected.changed == 1 && corrected.unchanged == 2 && corrected.added == 0)
        #expect(try labels(node, all.dataset).count == 3)
    }

    @Test(
        "a file with boxes alone takes no outline away, and one with outlines gives it",
        arguments: [false, true])
    func shapes(_ boxesFirst: Bool) throws {
        let all = try Companies([oem])
        let node = try all.node(oem)
        let outlines = try file(all, "outlines.json", [annotation(10, outline())])
        let boxes = try file(
            all, "points.json", [annotation(10, #", "attributes": {"pose": "sits"}"#)])
        let paths = boxesFirst ? [boxes, outlines] : [outlines, boxes]
        for round in 0..<2 {
            let report = try load(node, all.dataset, paths)
            #expect(report.added == (round == 0 ? 1 : 0))
            let label = try #require(try labels(node, all.dataset).first)
            #expect(label.selector.kind == .polygon)
            #expect(label.fields["pose"] == .text("sits"))
        }
        #expect(try labels(node, all.dataset).count == 1)
    }

    @Test("a label counts once, also where a mapping gives its class another name")
    func renamed() throws {
        let all = try Companies([oem])
        let node = try all.node(oem)
        try node.setSchema(
            all.dataset,
            try LabelSchema(
                parsing:
                    #"{"schemaVersion":1,"classes":[{"name":"human"}],"mappings":{"person":"human"}}"#
            ))
        let first = try file(all, "a.json", [annotation(10, outline())])
        func second(_ x: Int) throws -> String {
            try file(
                all, "b.json",
                [
                    annotation(
                        10,
                        outline() + keypoints.replacingOccurrences(of: "12, 12", with: "\(x), 12"))
                ])
        }
        func third(_ pose: String) throws -> String {
            try file(
                all, "c.json",
                [annotation(10, outline() + #", "attributes": {"pose": "\#(pose)"}"#)])
        }
        #expect(try load(node, all.dataset, [first, second(12), third("sits")]).added == 1)
        let report = try load(node, all.dataset, [first, second(13), third("stands")])
        #expect(report.changed == 1 && report.unchanged == 0 && report.added == 0)
        #expect(try labels(node, all.dataset).count == 1)
    }

    @Test(
        "one id of two places, classes or pictures, and what one file says twice, are labels of their own"
    )
    func others() throws {
        let all = try Companies([oem])
        let node = try all.node(oem)
        let report = try load(
            node, all.dataset,
            [
                try file(
                    all, "a.json",
                    [
                        annotation(1, outline()), annotation(2, x: 40),
                        annotation(3, category: 2, x: 60),
                        annotation(4, x: 61), annotation(4, x: 61),
                    ]),
                try file(
                    all, "b.json",
                    [
                        annotation(1, image: 2, outline()), annotation(2, x: 5),
                        annotation(3, x: 60),
                    ]),
            ])
        #expect(report.added == 8 && !report.notes.contains { $0.what.contains("several files") })
        #expect(try labels(node, all.dataset).count == 8)
    }
}
