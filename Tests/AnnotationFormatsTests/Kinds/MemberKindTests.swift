import AnnotationModel
import Foundation
import LabelSchema
import LabelText
import Testing

@testable import AnnotationFormats

/// One bad member costs itself, and what has no place is said.
@Suite("Members that cost themselves, and words for what is left out")
struct MemberKindTests {
    private static func box(_ x: Double) -> Selector {
        .box(.init(x: x, y: 2, width: 3, height: 4))
    }

    @Test("a doubled id in COCO costs the id, not the label")
    func doubledID() throws {
        let boxes = ["1", "2", "1", "\"1\"", "\"1\""].enumerated().map { index, id in
            "{\"id\":\(id),\"image_id\":1,\"category_id\":1,\"bbox\":[\(index),2,3,4]}"
        }
        let reading = try Reading(
            "coco",
            text: "{\"images\":[{\"id\":1,\"file_name\":\"a.jpg\"}],\"categories\":[{\"id\":1,"
                + "\"name\":\"car\"}],\"annotations\":[\(boxes.joined(separator: ","))]}")
        #expect(reading.labels.map(\.selector) == (0..<5).map { Self.box(Double($0)) })
        #expect(reading.labels.map(\.externalID) == ["1", "2", "#2", "#3", "#4"])
        #expect(reading.skips.isEmpty)
        #expect(reading.notes.count { $0.why.contains("is used by an earlier annotation") } == 3)
    }

    @Test("parts leave within their objects, actions and points as such")
    func parts() throws {
        let box = { (x: Int) in
            "<bndbox><xmin>\(x)</xmin><ymin>11</ymin><xmax>\(x + 5)</xmax><ymax>30</ymax></bndbox>"
        }
        let text = """
            <annotation><filename>a.jpg</filename><object><name>act</name>\(box(1))\
            <actions><jumping>1</jumping><other>0</other></actions>\
            <point><x>3</x><y>4</y></point></object>\
            <object><name>person</name>\(box(10))<part><name>head</name>\(box(11))</part>\
            <part><name>hand</name>\(box(12))</part></object></annotation>
            """
        for format in ["voc", "voc-zero"] {
            let reading = try Reading(format, text: text, name: "Annotations/a.xml")
            #expect(reading.labels.count == 4)
            let (files, report) = try written(
                format, items: reading.items, labels: reading.labels)
            #expect(report.annotations == 4)
            #expect(report.losses.isEmpty, "\(report.losses)")
            let bytes = try #require(files["Annotations/a.xml"])
            let xml = String(decoding: bytes, as: UTF8.self)
            #expect(xml.components(separatedBy: "<object>").count == 3)
            #expect(xml.components(separatedBy: "<part>").count == 3)
            #expect(!xml.contains("voc."))
            #expect(!xml.contains("action."))
            let back = try Reading(format, text: xml, name: "Annotations/a.xml")
            #expect(back.labels == reading.labels)
            // Without the object a part stands for itself, and it is said.
            let (alone, loss) = try written(
                format, items: reading.items, labels: Array(reading.labels.dropFirst(2).prefix(1)))
            #expect(alone.count == 1)
            #expect(loss.losses.contains { $0.why.hasPrefix("a part without the object") })
        }
    }

    @Test("what trainers look for stands beside the responses")
    func columns() throws {
        let pair =
            #"{"prompt":"p","chosen":"a","rejected":"b","margin":1.5,"score_chosen":9,"x":1}"#
        let reading = try Reading("dpo", text: pair, name: "p.jsonl")
        let (files, _) = try written("dpo", items: reading.items, labels: reading.labels)
        let json = try JSONValue(parsing: try #require(files["dpo.jsonl"]))
        #expect(json["margin"]?.double == 1.5)
        #expect(json["score_chosen"]?.double == 9)
        #expect(json["attributes"]?["x"]?.integer == 1)
        let back = try Reading("dpo", text: json.text, name: "p.jsonl")
        #expect(back.labels.map(\.attributes) == reading.labels.map(\.attributes))
        let answer = try Reading(
            "alpaca", text: #"{"instruction":"p","input":"","output":"a","history":[["q","r"]]}"#,
            name: "p.jsonl")
        let (answers, _) = try written("alpaca", items: answer.items, labels: answer.labels)
        let line = try JSONValue(parsing: try #require(answers["alpaca.jsonl"]))
        #expect(line["input"]?.string == "")
        #expect(line["history"]?.array?.count == 1)
    }

    @Test("what is said of an object without geometry leaves with it")
    func objectWithoutShape() throws {
        let text = """
            {"openlabel":{"metadata":{"schema_version":"1.0.0","name":"s"},"objects":{"1":{"name":"n",\
            "type":"Person","object_data":{"text":[{"name":"t","val":"x"}]}}}}}
            """
        let reading = try Reading("openlabel", text: text, name: "s.json")
        let (files, _) = try written("openlabel", items: reading.items, labels: reading.labels)
        let bytes = try #require(files["s.json"])
        let back = try Reading(
            "openlabel", [InputFile(name: "s.json", bytes: bytes)])
        #expect(back.labels.first?.attributes["t"] == .text("x"))
        #expect(back.labels == reading.labels)
    }

    @Test("an image without segments is examined, and comes back so")
    func emptyPanoptic() throws {
        let examined: [String: FieldValue] = [
            "examined": .bool(true), "width": .integer(4), "height": .integer(3),
        ]
        let sizeless = ItemRecord(key: "b.jpg", fields: ["examined": .bool(true)])
        let (files, report) = try written(
            "coco-panoptic",
            items: [ItemRecord(key: "a.jpg", fields: examined), sizeless], labels: [])
        #expect(report.losses.map(\.count) == [1])
        #expect(report.losses.first?.why.contains("needs the size") == true)
        let back = try Reading(
            "coco-panoptic", files.map { InputFile(name: $0.key, bytes: $0.value) })
        #expect(back.items.contains { $0.key == "a.jpg" && $0.fields["examined"] == .bool(true) })
        #expect(!back.items.contains { $0.key == "b.jpg" })
    }

    @Test("a point without a good class costs itself, not the cloud")
    func badPoint() throws {
        let text = """
            VERSION .7
            FIELDS x y z label object
            SIZE 4 4 4 4 4
            TYPE F F F I I
            COUNT 1 1 1 1 1
            WIDTH 5
            HEIGHT 1
            POINTS 5
            DATA ascii
            0 0 0 -1 -1
            1 0 0 3 1
            2 0 0 -7 1
            3 0 0 3 -1
            4 0 0 4 -5

            """
        let reading = try Reading("pcd", text: text, name: "a.pcd")
        #expect(
            reading.labels.map(\.selector) == [.pointSet([3]), .pointSet([1]), .pointSet([4])])
        #expect(reading.skips.map(\.place) == ["a.pcd, point 2"])
        #expect(reading.notes.contains { $0.why.hasPrefix("1 points of class -1") })
        #expect(reading.notes.contains { $0.place == "a.pcd, point 4" })
    }

    @Test("how WebVTT's text looks is left out with a word")
    func looks() throws {
        let text = """
            WEBVTT

            STYLE
            ::cue { color: red }

            REGION
            id:fred

            00:00.000 --> 00:01.000
            <v Ann>so <i>it</i> <c.yellow>is</c></v>

            """
        let reading = try Reading("webvtt", text: text, name: "a.vtt")
        #expect(reading.labels.first?.attributes["transcript"] == .text("so it is"))
        #expect(
            reading.notes.contains {
                $0.why.hasPrefix("2 blocks of styles or regions and 2 tags within cues")
            })
        let plain = "WEBVTT\n\n00:00.000 --> 00:01.000\n<v Ann>so</v>\n"
        #expect(try Reading("webvtt", text: plain, name: "a.vtt").notes.isEmpty)
    }

    @Test("a file of a folder in another encoding ends the import and is named")
    func otherEncoding() throws {
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("encoding-\(UInt32.random(in: 0 ... .max))")
        defer { try? FileManager.default.removeItem(at: folder) }
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let text = "<annotation><filename>a.jpg</filename></annotation>"
        try Data(text.utf8).write(to: folder.appendingPathComponent("a.xml"))
        try Data([0xff, 0xfe] + text.utf8.flatMap { [$0, 0] }).write(
            to: folder.appendingPathComponent("c.xml"))
        #expect {
            _ = try Reading("voc", [InputFile(path: folder.path)])
        } throws: { "\($0)".contains("c.xml, line 1: the file is UTF-16") }
    }

    @Test("a confidence on another scale costs neither itself nor the stretch of time")
    func otherScale() throws {
        let text = "SPEAKER a 1 0 1 <NA> <NA> ann -3.5 <NA>\n"
        let reading = try Reading("rttm", text: text, name: "a.rttm")
        #expect(reading.labels.first?.confidence == nil)
        #expect(reading.labels.first?.attributes["rttm.score"] == .float(-3.5))
        let (files, report) = try written("rttm", items: reading.items, labels: reading.labels)
        #expect(report.losses.isEmpty)
        #expect(String(decoding: try #require(files["labels.rttm"]), as: UTF8.self) == text)
    }

    @Test("a caption adds no class to the list of Datumaro")
    func caption() throws {
        let label = LabelRecord(
            item: "a.jpg", className: "-", selector: .wholeItem,
            attributes: ["caption": .text("a dog")])
        let (files, _) = try written(
            "datumaro", classes: [ClassRecord(name: "dog")], items: [ItemRecord(key: "a.jpg")],
            labels: [label])
        let json = try JSONValue(parsing: try #require(files["annotations/default.json"]))
        #expect(json["categories"]?["label"]?["labels"]?.array?.count == 1)
        let back = try Reading(
            "datumaro", files.map { InputFile(name: $0.key, bytes: $0.value) })
        #expect(back.labels.first?.attributes["caption"] == .text("a dog"))
    }

    @Test("lists of values in CVAT are kept; what changes along a track is declared so")
    func declarations() throws {
        let text = """
            <annotations><meta><task><labels><label><name>car</name><attributes>
            <attribute><name>state</name><mutable>True</mutable><input_type>select</input_type>
            <values>a\nb</values></attribute>
            <attribute><name>make</name><mutable>False</mutable><input_type>text</input_type></attribute>
            </attributes></label></labels></task><source>v.mp4</source></meta>
            <track id="0" label="car">
            <box frame="0" outside="0" occluded="0" keyframe="1" xtl="1" ytl="2" xbr="3" ybr="4">
            <attribute name="state">a</attribute><attribute name="make">x</attribute></box>
            <box frame="3" outside="0" occluded="0" keyframe="1" xtl="1" ytl="2" xbr="3" ybr="4">
            <attribute name="state">b</attribute><attribute name="make">x</attribute></box>
            </track></annotations>
            """
        let reading = try Reading("cvat", text: text, name: "a.xml")
        #expect(
            reading.classes.first?.attributes == [
                ClassAttribute(name: "state", type: "select", values: ["a", "b"], isMutable: true)
            ])
        let (files, _) = try written(
            "cvat", classes: reading.classes, items: reading.items, labels: reading.labels)
        let xml = String(decoding: try #require(files["annotations.xml"]), as: UTF8.self)
        let plain = xml.filter { !$0.isWhitespace }
        #expect(plain.contains("<name>state</name><mutable>True</mutable>"))
        #expect(plain.contains("<name>make</name><mutable>False</mutable>"))
        #expect(try Reading("cvat", text: xml, name: "a.xml").classes == reading.classes)
        // A value outside the list makes it a text: the program would not show the value else.
        var label = try #require(reading.labels.first)
        label.attributes["cvat.changes.state"] = .array([.array([.integer(0), .text("c")])])
        let (other, _) = try written(
            "cvat", classes: reading.classes, items: reading.items, labels: [label])
        let stray = String(decoding: try #require(other["annotations.xml"]), as: UTF8.self)
        #expect(!stray.contains("<values>"))
        for format in ["jsonl", "csv"] {
            let (files, _) = try written(format, classes: reading.classes, items: [], labels: [])
            let back = try Reading(
                format, files.map { InputFile(name: $0.key, bytes: $0.value) })
            #expect(back.classes == reading.classes)
        }
    }

    @Test("values that a schema permits are a list in CVAT")
    func permitted() throws {
        var schema = LabelSchema()
        var definition = AttributeDefinition(name: "state", type: .text)
        definition.permitted = [.text("a"), .text("b")]
        schema.classes = [LabelClass(name: "car"), LabelClass(name: "bus")]
        definition.classes = ["car"]
        schema.attributes = [definition]
        #expect(
            schema.classRecords.map(\.attributes) == [
                [ClassAttribute(name: "state", type: "select", values: ["a", "b"])], [],
            ])
    }
}
