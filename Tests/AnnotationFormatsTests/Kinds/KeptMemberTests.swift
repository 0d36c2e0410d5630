import AnnotationModel
import LabelText
import Testing

@testable import AnnotationFormats

/// What a file says of a picture, a text or a label and no reader makes anything of.
@Suite("Members that nobody knows")
struct KeptMemberTests {
    struct Case: CustomTestStringConvertible {
        var format: String
        var file: String
        var text: String
        /// What the first item and the first label keep.
        var item: [String: FieldValue] = [:]
        var label: [String: FieldValue] = [:]
        /// What the export says again, as it stands there.
        var said: [String] = []
        /// What is named as left out.
        var lost: [String] = []
        var testDescription: String { format }
    }

    static let cases: [Case] = [
        Case(
            format: "coco", file: "c.json",
            text: """
                {"info": {"year": 2020}, "licenses": [{"id": 3}], "images": [{"id": 1, "file_name": "1.jpg",
                "width": 200, "height": 100, "license": 3, "date_captured": "2020-01-01", "weather": "rain",
                "tags": ["a", 1.5], "nothing": null}], "annotations": [{"id": 1, "image_id": 1,
                "category_id": 1, "bbox": [1, 1, 2, 2], "area": 4, "iscrowd": 0, "mine": 1}],
                "categories": [{"id": 1, "name": "car", "isthing": 1}]}
                """,
            item: [
                "coco.license": .integer(3), "coco.date_captured": .text("2020-01-01"),
                "coco.weather": .text("rain"), "coco.tags": .array([.text("a"), .float(1.5)]),
            ], label: ["coco.mine": .integer(1)],
            said: [#""license":3"#, #""weather":"rain""#, #""tags":["a",1.5]"#, #""mine":1"#],
            lost: ["info.year (1)", "licenses (1)", "categories.isthing (1)"]),
        Case(
            format: "datumaro", file: "train.json",
            text: """
                {"categories": {"label": {"labels": [{"name": "car"}]}}, "items": [{"id": "a", "attr":
                {"frame": 4, "weather": "rain", "sun": {"height": 2}}, "image": {"path": "a.jpg", "size":
                [100, 200]}, "mine": 1, "annotations": [{"type": "label", "label_id": 0}]}]}
                """,
            item: [
                "frame": .integer(4), "datumaro.attr.weather": .text("rain"),
                "datumaro.attr.sun": .map(["height": .integer(2)]),
            ], said: [#""weather":"rain""#, #""sun":{"height":2}"#], lost: ["items.mine (1)"]),
        Case(
            format: "label-studio", file: "l.json",
            text: """
                [{"id": 1, "data": {"image": "a.jpg", "batch": "B7", "line": 3}, "meta": {"shift": "night"},
                "annotations": [{"id": 1, "lead_time": 9.5, "result": [{"id": "r", "type": "choices",
                "from_name": "c", "to_name": "image", "locked": true, "value": {"choices": ["ok"]}}]}]}]
                """,
            item: [
                "ls.data.batch": .text("B7"), "ls.data.line": .integer(3),
                "ls.meta.shift": .text("night"),
            ], said: [#""batch":"B7""#, #""line":3"#, #""meta":{"shift":"night"}"#],
            lost: ["lead_time (1)", "result.locked (1)"]),
        Case(
            format: "spacy", file: "s.jsonl",
            text: """
                {"text": "Rome x", "spans": [{"start": 0, "end": 4, "label": "LOC", "kb_id": "Q220", \
                "token_start": 0}], "meta": {"source": "ticket 7"}, "lang": "it", "tokens": [{"id": 0}]}
                """,
            item: ["spacy.meta.source": .text("ticket 7"), "spacy.lang": .text("it")],
            label: ["spacy.kb_id": .text("Q220")],
            said: [#""source":"ticket 7""#, #""lang":"it""#, #""kb_id":"Q220""#],
            lost: ["tokens (1)"]),
        Case(
            format: "sustech", file: "label/000.json",
            text: """
                [{"psr": {"position": {"x": 1, "y": 2, "z": 3}, "scale": {"x": 4, "y": 2, "z": 1.5},
                "rotation": {"x": 0, "y": 0, "z": 1}}, "obj_type": "Car", "obj_id": "1", "annotator": "kim",
                "follows": {"id": "9"}}]
                """,
            label: ["sustech.follows": .map(["id": .text("9")])],
            said: [#""annotator":"kim""#, #""follows":{"id":"9"}"#]),
        Case(
            format: "labelme", file: "a.json",
            text: """
                {"version": "5", "flags": {}, "imagePath": "a.jpg", "imageHeight": 100, "imageWidth": 200,
                "lineColor": [0, 255], "shapes": [{"label": "c", "points": [[1, 1], [5, 5]], "shape_type":
                "rectangle", "group_id": "left-door", "flags": {"odd": 3}, "kie_linking": [[1, 2]],
                "material": "steel"}]}
                """,
            item: ["labelme.lineColor": .array([.integer(0), .integer(255)])],
            label: [
                "labelme.group_id": .text("left-door"), "labelme.material": .text("steel"),
                "labelme.kie_linking": .array([.array([.integer(1), .integer(2)])]),
            ],
            said: [
                #""group_id":"left-door""#, #""material":"steel""#, #""kie_linking":[[1,2]]"#,
                #""lineColor":[0,255]"#,
            ], lost: ["flags.odd (1)"]),
        Case(
            format: "voc", file: "a.xml",
            text: """
                <annotation><folder>f</folder><filename>a.jpg</filename><source><database>D</database></source>
                <size><width>200</width><height>100</height></size><object><name>c</name>
                <material>steel</material><deep><er>1</er></deep><bndbox><xmin>1</xmin><ymin>1</ymin>
                <xmax>5</xmax><ymax>5</ymax></bndbox></object></annotation>
                """,
            item: ["voc.folder": .text("f")], label: ["voc.material": .text("steel")],
            said: ["<folder>f</folder>", "<material>steel</material>"],
            lost: ["object.deep (1)", "source (1)"]),
    ]

    @Test("they are kept, leave where they came from, or are named", arguments: cases)
    func kept(_ own: Case) throws {
        let first = try Reading(own.format, [textFile(own.file, own.text)])
        let (item, label) = (try #require(first.items.first), try #require(first.labels.first))
        for (name, value) in own.item { #expect(item.fields[name] == value, "\(name)") }
        for (name, value) in own.label { #expect(label.attributes[name] == value, "\(name)") }
        let told = first.notes.map(\.why).filter { $0.hasPrefix("members without a place") }
        #expect(told.count == (own.lost.isEmpty ? 0 : 1), "\(told)")
        for name in own.lost { #expect(told.first?.contains(name) == true, "\(told)") }
        let (files, report) = try written(
            own.format, classes: first.classes, items: first.items, labels: first.labels)
        let text = files.values.map { String(decoding: $0, as: UTF8.self) }.joined()
        for member in own.said { #expect(text.contains(member), "\(member) in \(text)") }
        #expect(report.losses.isEmpty, "\(report.losses)")
        let again = try Reading(
            own.format, files.map { InputFile(name: $0.key, bytes: $0.value) },
            context: ReadContext(items: first.items))
        let back = try #require(again.items.first { $0.key == item.key })
        for (name, value) in own.item { #expect(back.fields[name] == value, "\(name) came back") }
        #expect(again.labels.map(\.attributes) == first.labels.map(\.attributes))
        #expect(again.labels.map(\.author) == first.labels.map(\.author))
    }

    @Test("an annotator of SUSTechPOINTS is the author")
    func annotator() throws {
        let own = try #require(Self.cases.first { $0.format == "sustech" })
        #expect(try Reading("sustech", [textFile(own.file, own.text)]).labels[0].author == "kim")
    }

    @Test("columns of CoNLL that say something are named, those that do not are not")
    func columns() throws {
        let told = try Reading(
            "conll", text: "EU NNP B-NP B-ORG\nrejects VBZ B-VP O\n", name: "a.conll")
        #expect(told.notes.map(\.why).filter { $0.contains("those of 2 words") }.count == 1)
        let plain = try Reading("conll", text: "EU -X- _ B-ORG\n", name: "a.conll")
        #expect(plain.notes.isEmpty)
    }

    @Test("a turned box of VOC is read, and what is missing is told as it is")
    func turned() throws {
        let object = { (place: String) in
            "<annotation><filename>a.jpg</filename><size><width>200</width><height>100</height></size>"
                + "<object><name>c</name>\(place)</object></annotation>"
        }
        let turned =
            "<robndbox><cx>50</cx><cy>40</cy><w>20</w><h>10</h><angle>0.5</angle></robndbox>"
        let reading = try Reading("voc-zero", text: object(turned), name: "a.xml")
        #expect(
            reading.labels.map(\.selector) == [
                .rotatedBox(.init(centerX: 50, centerY: 40, width: 20, height: 10, angle: 0.5))
            ])
        for (place, why) in [
            ("<robndbox><cx>50</cx></robndbox>", "<robndbox> needs five numbers"),
            ("", "<bndbox> is missing"),
            ("<bndbox><xmin>1</xmin></bndbox>", "<bndbox> needs four numbers"),
        ] {
            let reading = try Reading("voc", text: object(place), name: "a.xml")
            #expect(reading.labels.isEmpty && reading.firstSkip.contains(why))
        }
    }

    @Test("an attribute without a name is told as that")
    func nameless() throws {
        let text = """
            {"images": [{"id": 1, "file_name": "1.jpg", "width": 9, "height": 9}], "categories": [{"id": 1,
            "name": "c"}], "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 1, 2, 2],
            "attributes": {"": 1, "good": 2}}]}
            """
        let reading = try Reading("coco", text: text, name: "c.json")
        #expect(reading.labels.first?.attributes["good"] == .integer(2))
        #expect(reading.notes.contains { $0.why.hasPrefix("an attribute has no name") })
    }
}
