import AnnotationFormats
import AnnotationModel
import Foundation
import Testing

@testable import AnnotationFormats

/// What CVAT says of videos, of points of skeletons and of labels.
@Suite("CVAT's projects and skeletons")
struct CVATKindTests {
    private static func track(_ id: Int, more: String = "") -> String {
        """
        <track id="\(id)" label="car"\(more)><box frame="0" keyframe="1" outside="0" occluded="0" \
        xtl="1" ytl="2" xbr="3" ybr="4"/></track>
        """
    }

    private static func project(_ sources: [String?]) -> String {
        let tasks = sources.enumerated().map { index, source in
            "<task><id>\(11 + index)</id><name>day \(index)</name>"
                + (source.map { "<source>\($0)</source>" } ?? "")
                + "<original_size><width>\(100 * (index + 1))</width><height>90</height></original_size></task>"
        }
        let tracks = sources.indices.map { track($0, more: " task_id=\"\(11 + $0)\"") }
        return "<annotations><version>1.1</version><meta><project><tasks>\(tasks.joined())</tasks>"
            + "</project></meta>\(tracks.joined())</annotations>"
    }

    @Test("the tracks of a project lie on the videos of their tasks")
    func tasks() throws {
        let reading = try Reading(
            "cvat", text: Self.project(["v1.mp4", "v2.mp4"]), name: "annotations.xml")
        #expect(reading.labels.map(\.item) == ["v1.mp4", "v2.mp4"])
        #expect(reading.items.map { $0.fields["width"] } == [.integer(100), .integer(200)])
        let unnamed = try Reading(
            "cvat", text: Self.project([nil, nil]), name: "annotations.xml")
        #expect(unnamed.labels.map(\.item) == ["day 0", "day 1"])
        #expect(throws: FormatError.self) {
            try Reading("cvat", text: Self.project(["v.mp4", "v.mp4"]), name: "a.xml")
        }
        let known = try Reading(
            "cvat",
            [InputFile(name: "a.xml", bytes: Array(Self.project(["v1.mp4", "v2.mp4"]).utf8))],
            context: ReadContext(items: [ItemRecord(key: "videos/v2.mp4")]))
        #expect(known.labels.map(\.item) == ["v1.mp4", "videos/v2.mp4"])
    }

    @Test("two files that do not say which video they are of never meet on one item")
    func files() throws {
        let text = "<annotations>\(Self.track(0))</annotations>"
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("cvat-\(UInt32.random(in: 0 ... .max))")
        defer { try? FileManager.default.removeItem(at: folder) }
        for name in ["x", "y"] {
            let inner = folder.appendingPathComponent(name)
            try FileManager.default.createDirectory(
                at: inner, withIntermediateDirectories: true)
            try Data(text.utf8).write(to: inner.appendingPathComponent("annotations.xml"))
        }
        let below = try Reading("cvat", [InputFile(path: folder.path)])
        #expect(below.labels.map(\.item) == ["x/annotations", "y/annotations"])
        #expect(Set(below.labels.map(\.externalID)).count == 2)
        #expect(throws: FormatError.self) {
            try Reading(
                "cvat", ["x", "y"].map { InputFile(path: "\(folder.path)/\($0)") })
        }
    }

    @Test("attributes of a skeleton's points are kept, and leave on their points")
    func points() throws {
        let text = """
            <annotations><meta><task><labels>
            <label><name>person</name><type>skeleton</type><attributes/></label>
            <label><name>nose</name><type>points</type><parent>person</parent><attributes>
            <attribute><name>sure</name><input_type>checkbox</input_type></attribute></attributes></label>
            <label><name>tail</name><type>points</type><parent>person</parent><attributes/></label>
            </labels></task></meta>
            <image id="0" name="a.jpg" width="100" height="80"><skeleton label="person" occluded="0">
            <points label="nose" outside="0" occluded="0" points="1,2"><attribute name="sure">false</attribute></points>
            <points label="tail" outside="0" occluded="1" points="3,4"/>
            <attribute name="mood">good</attribute></skeleton></image></annotations>
            """
        let reading = try Reading("cvat", text: text, name: "a.xml")
        let expected: [String: FieldValue] = ["nose.sure": .bool(false), "mood": .text("good")]
        #expect(reading.labels.first?.attributes == expected, "\(reading.firstSkip)")
        let (files, report) = try written(
            "cvat", classes: reading.classes, items: reading.items, labels: reading.labels)
        #expect(report.losses.isEmpty)
        let bytes = try #require(files["annotations.xml"])
        let xml = String(decoding: bytes, as: UTF8.self)
        #expect(xml.contains("<attribute name=\"sure\">false</attribute>"))
        #expect(!xml.contains("nose.sure"))
        let back = try Reading("cvat", text: xml, name: "a.xml")
        #expect(back.labels.first?.attributes == expected)
        #expect(back.labels.first?.selector == reading.labels.first?.selector)
    }

    @Test("a label without a class is said")
    func classless() throws {
        let text = """
            <annotations><image id="0" name="a.jpg"><box xtl="1" ytl="2" xbr="3" ybr="4"/>
            <box label="a" xtl="1" ytl="2" xbr="3" ybr="4"/></image></annotations>
            """
        let reading = try Reading("cvat", text: text, name: "a.xml")
        #expect(reading.labels.count == 2)
        #expect(reading.notes.contains { $0.why.hasPrefix("1 labels have no class") })
    }

    @Test(
        "the box beside points, and what COCO counts, come back through every format of texts",
        arguments: ["cvat", "voc", "voc-zero"])
    func sharedAttributes(_ name: String) throws {
        let item = ItemRecord(
            key: "a.jpg", fields: ["width": .integer(100), "height": .integer(80)])
        let attributes: [String: FieldValue] = [
            "bbox": .array([.float(1), .float(2), .float(30.5), .float(40)]), "area": .float(12),
            "iscrowd": .bool(true),
        ]
        var label = LabelRecord(
            item: item.key, className: "person",
            selector: .keypoints([
                .init(x: 5, y: 6, visibility: .visible), .init(x: 8, y: 9, visibility: .visible),
            ]), attributes: attributes)
        if name != "cvat" {
            label.selector = .box(.init(x: 1, y: 2, width: 30, height: 40))
            label.attributes["bbox"] = nil
        }
        let (files, _) = try written(name, items: [item], labels: [label])
        let reading = try Reading(
            name, files.map { InputFile(name: $0.key, bytes: $0.value) },
            context: ReadContext(items: [item]))
        for (key, value) in label.attributes {
            #expect(reading.labels.first?.attributes[key] == value, "\(key)")
        }
    }
}
