import AnnotationFormats
import AnnotationModel
import LabelText
import Testing

@testable import AnnotationFormats

/// Tasks that show several things, and what Label Studio says of who said it.
@Suite("Label Studio's tasks")
struct LabelStudioKindTests {
    private static func task(
        _ data: String, _ regions: String, more: String = "", id: Int = 1
    ) -> String {
        """
        {"id": \(id), "data": {\(data)}, "annotations": [{"id": \(id), "result": [\(regions)]}]\(more)}
        """
    }

    private static func box(_ label: String, on tag: String, id: String = "a") -> String {
        """
        {"id": "\(id)", "type": "rectanglelabels", "from_name": "l", "to_name": "\(tag)",
         "original_width": 100, "original_height": 100, "value": {"x": 1, "y": 2, "width": 3,
         "height": 4, "rotation": 0, "rectanglelabels": [\(label.isEmpty ? "" : "\"\(label)\"")]}}
        """
    }

    private static func stretch(_ label: String, on tag: String, text: String = "") -> String {
        """
        {"id": "s\(label)", "type": "labels", "from_name": "l", "to_name": "\(tag)",
         "value": {"start": 0, "end": 4, \(text) "labels": ["\(label)"]}}
        """
    }

    private func read(_ tasks: String..., items: [ItemRecord] = []) throws -> Reading {
        try Reading(
            "label-studio",
            [InputFile(name: "in.json", bytes: Array("[\(tasks.joined(separator: ","))]".utf8))],
            context: items.isEmpty ? .empty : ReadContext(items: items))
    }

    // MARK: Which item?

    @Test("a region lies on what its to_name names")
    func names() throws {
        for (first, second) in [("img1", "img2"), ("image", "image2"), ("left", "right")] {
            let data = "\"\(first)\": \"/data/upload/1/a.jpg\", \"\(second)\": \"b.jpg\""
            let reading = try read(
                Self.task(
                    data, Self.box("inA", on: first) + "," + Self.box("inB", on: second, id: "b")))
            #expect(
                reading.labels.map { "\($0.className) \($0.item)" }
                    == ["inA data/upload/1/a.jpg", "inB b.jpg"])
            #expect(reading.items.count == 2)
            let alone = try read(Self.task(data, Self.box("inB", on: second)))
            #expect(alone.labels.map(\.item) == ["b.jpg"])
            #expect(alone.items.map(\.key) == ["b.jpg"])
        }
    }

    @Test("where to_name is no data, the data of the region's kind is meant, or none is guessed")
    func kinds() throws {
        let reading = try read(
            Self.task(
                "\"image\": \"a.jpg\", \"audio\": \"a.wav\"",
                Self.box("p", on: "pic") + "," + Self.stretch("s", on: "wave")))
        #expect(reading.labels.map { "\($0.className) \($0.item)" } == ["p a.jpg", "s a.wav"])
        let several = try read(
            Self.task(
                "\"one\": \"a.jpg\", \"two\": \"b.jpg\"",
                Self.box("p", on: "x") + "," + Self.box("q", on: "y", id: "b")))
        #expect(several.labels.isEmpty && several.skips.count == 2)
        #expect(several.firstSkip.contains("to_name \"x\" is no member"), "\(several.firstSkip)")
        let thumbnail = try read(
            Self.task(
                "\"image\": \"a.jpg\", \"small\": \"https://x.example/s.jpg\"",
                Self.box("p", on: "x")))
        #expect(thumbnail.labels.map(\.item) == ["a.jpg"])
    }

    @Test("an address beside a text is no page, and a text beside a picture has its spans")
    func texts() throws {
        let span = Self.stretch("PER", on: "text", text: "\"text\": \"Anna\",")
        let address = try read(
            Self.task("\"text\": \"Anna lives\", \"url\": \"https://x.example/d\"", span))
        #expect(address.labels.map(\.item) == ["task/1"], "\(address.firstSkip)")
        #expect(address.items.map { $0.fields["text"] } == [.text("Anna lives")])
        let picture = try read(
            Self.task(
                "\"text\": \"Anna lives\", \"image\": \"a.jpg\"",
                span + "," + Self.box("p", on: "image")))
        #expect(picture.labels.map(\.item) == ["task/1", "a.jpg"], "\(picture.firstSkip)")
        let prose = try read(
            Self.task("\"text\": \"Anna lives at http://x.example\"", span))
        #expect(prose.labels.count == 1, "\(prose.firstSkip)")
    }

    @Test("characters of a text in a file of its own never become seconds")
    func textFiles() throws {
        let task = Self.task(
            "\"text\": \"/data/upload/1/doc.txt\"", Self.stretch("PER", on: "text"))
        let reading = try read(task)
        #expect(reading.labels.isEmpty && reading.firstSkip.contains("holds no text"))
        let item = ItemRecord(
            key: "data/upload/1/doc.txt", fields: ["text": .text("Anna lives")])
        #expect(
            try read(task, items: [item]).labels.map(\.selector)
                == [.textSpan(start: 0, end: 4, quote: "Anna")])
    }

    @Test("two uploads of one name are never one registered item without a word")
    func uploads() throws {
        let tasks = ["aabbccdd", "11bbccdd"].enumerated().map { index, digits in
            Self.task(
                "\"image\": \"/data/upload/1/\(digits)-a.jpg\"", Self.box("p", on: "image"),
                id: index + 1)
        }
        #expect(throws: FormatError.self) {
            try read(tasks[0], tasks[1], items: [ItemRecord(key: "a.jpg")])
        }
        #expect(try read(tasks[0], items: [ItemRecord(key: "a.jpg")]).labels[0].item == "a.jpg")
        #expect(try read(tasks[0], tasks[1]).items.count == 2)
    }

    @Test("a region without a label and a draft are said")
    func said() throws {
        let reading = try read(
            Self.task(
                "\"image\": \"a.jpg\"", Self.box("", on: "image"),
                more: ", \"drafts\": [{\"result\": [\(Self.box("p", on: "image"))]}]"))
        #expect(reading.labels.map(\.className) == ["l"])
        #expect(reading.notes.map(\.why).contains { $0.contains("1 regions have no label") })
        #expect(reading.firstSkip.contains("drafts[0]"), "\(reading.firstSkip)")
    }

    // MARK: Who said it, and what

    private static let picture = ItemRecord(
        key: "a.jpg", fields: ["width": .integer(100), "height": .integer(50)])

    private func record(
        _ selector: Selector, class name: String = "p", on item: String = "a.jpg",
        _ attributes: [String: FieldValue] = [:], author: String? = nil, source: String? = nil
    ) -> LabelRecord {
        LabelRecord(
            item: item, className: name, selector: selector, attributes: attributes,
            author: author, source: source)
    }

    private func back(
        _ labels: [LabelRecord], items: [ItemRecord] = [picture], classes: [ClassRecord] = []
    ) throws -> (json: JSONValue, reading: Reading, report: ConversionReport) {
        let (files, report) = try written(
            "label-studio", classes: classes, items: items, labels: labels)
        let bytes = try #require(files["label-studio.json"])
        return (
            try JSONValue(parsing: bytes),
            try Reading("label-studio", [InputFile(name: "in.json", bytes: bytes)]), report
        )
    }

    @Test("each author gets an annotation, each model a prediction, and both come back")
    func voices() throws {
        let place = Selector.box(.init(x: 10, y: 10, width: 20, height: 10))
        let labels = [
            record(place, author: "ann@x.example"), record(place, source: "model:yolo-8"),
            record(place, author: "7"), record(place, author: "oem.example"), record(place),
            record(place, author: "ann@x.example"),
            record(place, author: "ben", source: "model:yolo-8"),
        ]
        let (json, reading, report) = try back(labels)
        #expect(report.losses.isEmpty)
        let task = try #require(json.array?.first)
        #expect(task["annotations"]?.array?.count == 4)
        #expect(
            task["annotations"]?.array?.first?["completed_by"]
                == .object(["email": .string("ann@x.example")]))
        let models = task["predictions"]?.array ?? []
        #expect(models.compactMap { $0["model_version"]?.string } == ["yolo-8", "yolo-8"])
        let voice = { (label: LabelRecord) in "\(label.author ?? "-") \(label.source ?? "-")" }
        #expect(reading.labels.map(voice).sorted() == labels.map(voice).sorted())
        #expect(Set(reading.labels.map(\.externalID)).count == labels.count)
    }

    @Test("values of the whole item leave as the controls that they stem from")
    func values() throws {
        let values = [
            ("taxonomy", "taxonomy", "[[\"a\", \"b\"]]"), ("textarea", "text", "[\"so\"]"),
            ("pairwise", "selected", "\"left\""), ("datetime", "datetime", "\"2024-01-01\""),
            ("number", "number", "5"), ("rating", "rating", "3"),
        ]
        let regions = values.map { type, member, value in
            """
            {"id": "\(type)", "type": "\(type)", "from_name": "my \(type)", "to_name": "image",
             "value": {"\(member)": \(value)}}
            """
        }
        let first = try read(
            Self.task("\"image\": \"a.jpg\"", regions.joined(separator: ",")))
        #expect(first.labels.count == values.count)
        let (json, second, _) = try back(first.labels, items: first.items)
        let result = json.array?.first?["annotations"]?.array?.first?["result"]?.array ?? []
        for ((type, member, value), region) in zip(values, result) {
            #expect(region["type"]?.string == type)
            #expect(region["from_name"]?.string == "my \(type)")
            #expect(region["value"] == .object([member: try JSONValue(parsing: value)]))
        }
        #expect(second.labels.map(\.attributes) == first.labels.map(\.attributes))
        #expect(second.labels.map(\.className) == first.labels.map(\.className))
    }

    @Test("a track of boxes leaves as a video rectangle, with frames from 1")
    func tracks() throws {
        let video = ItemRecord(
            key: "clip.mp4", fields: ["width": .integer(200), "height": .integer(100)])
        let place = { (x: Double) in Selector.box(.init(x: x, y: 10, width: 40, height: 20)) }
        let track = Selector.track([
            .init(time: 0, selector: place(20)), .init(time: 5, selector: place(30)),
            .init(time: 6, selector: place(30), isOutside: true),
        ])
        let (json, reading, report) = try back([record(track, on: video.key)], items: [video])
        #expect(report.losses.isEmpty)
        let region = json.array?[0]["annotations"]?.array?[0]["result"]?.array?[0]
        #expect(region?["type"]?.string == "videorectangle")
        #expect(region?["to_name"]?.string == "video")
        let frames = region?["value"]?["sequence"]?.array ?? []
        #expect(frames.map { $0["frame"]?.integer } == [1, 6])
        #expect(frames.map { $0["enabled"]?.bool } == [true, false])
        #expect(frames.first?["x"]?.double == 10)
        #expect(reading.labels.map(\.selector) == [track])

        // Out of sight after a gap: the frame before it is the last one that is seen.
        let far = Selector.track([
            .init(time: 0, selector: place(20)),
            .init(time: 5, selector: place(25), isOutside: true),
        ])
        let (_, seen, gap) = try back([record(far, on: video.key)], items: [video])
        #expect(gap.poorer == 1)
        #expect(
            seen.labels.map(\.selector) == [
                .track([
                    .init(time: 0, selector: place(20)), .init(time: 4, selector: place(24)),
                    .init(time: 5, selector: place(24), isOutside: true),
                ])
            ])
        let never = Selector.track([.init(time: 0, selector: place(20), isOutside: true)])
        #expect(
            try back([record(never, on: video.key), record(track, on: video.key)], items: [video])
                .report.skipped == 1)

        let polygons = Selector.track([.init(time: 0, selector: .polygon([[[1, 1, 5, 1, 5, 5]]]))])
        let between = Selector.track([
            .init(time: 0.5, selector: .box(.init(x: 1, y: 1, width: 1, height: 1)))
        ])
        let (_, _, losses) = try back(
            [record(polygons, on: video.key), record(between, on: video.key)], items: [video])
        #expect(losses.skipped == 2)
    }

    @Test("percent of a video whose size nobody knows stay percent, and pixels where it is known")
    func percent() throws {
        let task = Self.task(
            "\"video\": \"clip.mp4\"",
            """
            {"id": "v", "type": "videorectangle", "from_name": "box", "to_name": "video", "value":
             {"framesCount": 9, "sequence": [{"frame": 3, "enabled": true, "rotation": 0, "x": 10,
              "y": 20, "width": 30, "height": 40}], "labels": ["car"]}}
            """)
        let unknown = try read(task)
        #expect(
            unknown.labels[0].selector
                == .track([
                    .init(time: 2, selector: .box(.init(x: 10, y: 20, width: 30, height: 40)))
                ]))
        #expect(unknown.notes.contains { $0.why.contains("1 tracks are in percent") })
        let (json, _, report) = try back(unknown.labels, items: unknown.items)
        #expect(report.losses.isEmpty)
        let region = json.array?[0]["annotations"]?.array?[0]["result"]?.array?[0]
        #expect(region?["value"]?["sequence"]?.array?[0]["width"]?.double == 30)
        let known = try read(
            task,
            items: [
                ItemRecord(
                    key: "clip.mp4", fields: ["width": .integer(200), "height": .integer(100)])
            ])
        #expect(
            known.labels[0].selector
                == .track([
                    .init(time: 2, selector: .box(.init(x: 20, y: 20, width: 60, height: 40)))
                ]))
    }

    @Test(
        "several keypoints leave as a box and its points, by their names, and come back as one label"
    )
    func skeletons() throws {
        let pose = Selector.keypoints([
            .init(x: 10, y: 10, visibility: .visible), .init(x: 20, y: 30, visibility: .hidden),
            .init(x: 0, y: 0, visibility: .absent), .init(x: 40, y: 20, visibility: .visible),
        ])
        let classes = [ClassRecord(name: "p", keypoints: ["nose", "eye", "ear", "tail"])]
        let (json, reading, report) = try back(
            [record(pose, ["mood": .text("good")])], classes: classes)
        #expect(report.losses.isEmpty)
        let regions = json.array?[0]["annotations"]?.array?[0]["result"]?.array ?? []
        #expect(
            regions.map { $0["type"]?.string } == ["rectanglelabels"]
                + Array(repeating: "keypointlabels", count: 3))
        #expect(
            regions.dropFirst().map { $0["parentID"] }
                == Array(repeating: regions[0]["id"], count: 3))
        #expect(
            regions.dropFirst().compactMap { $0["value"]?["keypointlabels"]?.array?[0].string }
                == ["nose", "eye", "tail"])
        let box = try #require(regions.first?["value"])
        #expect(box["x"]?.double == 10 && box["width"]?.double == 30)
        #expect(reading.labels.map(\.selector) == [pose], "\(reading.firstSkip)")
        #expect(reading.labels.first?.attributes == ["mood": .text("good")])
        // Without our own member the same points are labels by themselves.
        let foreign = Self.task(
            "\"image\": \"a.jpg\"",
            Self.box("p", on: "image") + """
                , {"id": "k", "parentID": "a", "type": "keypointlabels", "from_name": "k", "to_name": "image",
                 "original_width": 100, "original_height": 100,
                 "value": {"x": 1, "y": 2, "width": 1, "keypointlabels": ["nose"]}}
                """)
        #expect(try read(foreign).labels.count == 2)
    }

    @Test("a text task says that it shows a text")
    func toName() throws {
        let text = ItemRecord(
            key: "task/3", fields: ["text": .text("Anna lives"), "mediaType": .text("text/plain")])
        let span = record(.textSpan(start: 0, end: 4, quote: "Anna"), on: text.key)
        let (json, reading, _) = try back([span], items: [text])
        let task = json.array?[0]
        #expect(task?["annotations"]?.array?[0]["result"]?.array?[0]["to_name"]?.string == "text")
        #expect(task?["data"] == .object(["text": .string("Anna lives")]))
        #expect(reading.labels.map(\.item) == ["task/3"])
    }

    @Test("a text under a name of its own comes back to it, and so does a page with a text")
    func textItems() throws {
        for (key, fields) in [
            ("t/a.txt", ["mediaType": FieldValue.text("text/plain")]),
            ("t/b", ["mediaType": .text("text/markdown")]),
            ("scan.png", ["width": .integer(100), "height": .integer(50)]),
        ] {
            let item = ItemRecord(
                key: key, fields: fields.merging(["text": .text("Anna met Bob")]) { $1 })
            let labels = [
                record(.textSpan(start: 0, end: 4, quote: "Anna"), on: key),
                record(.textSpan(start: 9, end: 12, quote: "Bob"), on: key),
            ]
            let (_, reading, report) = try back(labels, items: [item])
            #expect(report.losses.isEmpty)
            #expect(reading.labels.map(\.item) == [key, key], "\(reading.firstSkip)")
            #expect(reading.labels.map(\.selector) == labels.map(\.selector))
        }
    }
}
