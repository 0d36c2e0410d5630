import AnnotationFormats
import AnnotationModel
import LabelText
import Testing

/// The labels of a text in a format, with the first skip beside them.
///
/// This file is long: the small formats of pictures share what it has.
private func read(
    _ format: String, _ text: String, name: String, items: [ItemRecord] = []
) throws -> Reading {
    try Reading(
        format, [InputFile(name: name, bytes: Array(text.utf8))], context: ReadContext(items: items)
    )
}

private func file(_ name: String, _ text: String) -> InputFile {
    InputFile(name: name, bytes: Array(text.utf8))
}

@Suite("Image formats")
struct VisionFormatTests {
    static let image = ItemRecord(
        key: "images/a.jpg", fields: ["width": .integer(200), "height": .integer(100)])
    static let box = Selector.box(.init(x: 10, y: 20, width: 30, height: 40))

    @Test("YOLO's fractions are of the image's width and height, about the centre")
    func yoloBox() throws {
        let reading = try Reading(
            "yolo",
            [
                file("data.yaml", "nc: 2\nnames: [cat, 'the dog']  # two\n"),
                file("labels/a.txt", "1 0.125 0.4 0.15 0.4\n\n0 0.125 0.4 0.15 0.4 0.5\n"),
            ], context: ReadContext(items: [Self.image]))
        #expect(reading.labels.map(\.selector) == [Self.box, Self.box])
        #expect(reading.labels.map(\.className) == ["the dog", "cat"])
        #expect(reading.labels.map(\.confidence) == [nil, 0.5])
        #expect(reading.labels.map(\.item) == ["images/a.jpg", "images/a.jpg"])
        #expect(reading.labels.map(\.externalID) == ["labels/a#1", "labels/a#2"])
    }

    @Test("YOLO lines that are wrong are skipped where they stand, and the rest is taken")
    func yoloSkips() throws {
        let lines =
            "7 0.5 0.5 1 1\n0 0.5 0.5 1\n0 nan 0.5 1 1\n0 20 40 10 10\n0 0.5 0.5 -1 1\n0 0.5 0.5 1 1\n"
        let reading = try Reading(
            "yolo", [file("classes.txt", "cat\n"), file("labels/a.txt", lines)],
            context: ReadContext(items: [Self.image]))
        #expect(reading.labels.count == 1)
        #expect(reading.labels.first?.externalID == "labels/a#6")
        #expect(reading.skips.map(\.place) == (1...5).map { "labels/a.txt, line \($0)" })
    }

    @Test("without the size of the image or the names of the classes YOLO says nothing")
    func yoloUnknown() throws {
        let labels = file("labels/b.txt", "0 0.5 0.5 1 1\n")
        #expect(throws: FormatError.self) { _ = try Reading("yolo", [labels]) }
        let reading = try Reading("yolo", [file("obj.names", "cat"), labels])
        #expect(reading.labels.isEmpty)
        #expect(reading.firstSkip.contains("the size of images/b.jpg is not known"))
    }

    @Test("YOLO polygons, points and turned boxes keep their geometry")
    func yoloTasks() throws {
        let turned = Selector.RotatedBox(
            centerX: 100, centerY: 50, width: 40, height: 10, angle: 0.3)
        let points: [Selector.Keypoint] = [
            .init(x: 50, y: 25, visibility: .visible), .init(x: 100, y: 75, visibility: .hidden),
        ]
        for (format, selector) in [
            ("yolo-seg", Selector.polygon([[[50, 25, 100, 25, 100, 75]]])),
            ("yolo-pose", .keypoints(points)), ("yolo-obb", .rotatedBox(turned)),
        ] {
            let label = LabelRecord(item: Self.image.key, className: "a: b", selector: selector)
            let (files, report) = try written(format, items: [Self.image], labels: [label])
            #expect(report.annotations == 1)
            let reading = try Reading(
                format, files.map { InputFile(name: $0.key, bytes: $0.value) },
                context: ReadContext(items: [Self.image]))
            let back = try #require(reading.labels.first, "\(format): \(reading.firstSkip)")
            #expect(back.className == "a: b")
            guard case .rotatedBox(let read) = back.selector else {
                #expect(back.selector == selector)
                continue
            }
            #expect((read.angle - turned.angle).magnitude < 1e-9)
            #expect((read.width - turned.width).magnitude < 1e-9)
            #expect((read.centerX - turned.centerX).magnitude < 1e-9)
        }
    }

    @Test("four corners that are no rectangle go through yolo-obb, and other polygons are left out")
    func yoloQuads() throws {
        let quad = Selector.polygon([[[22, 10, 102, 15, 100, 31, 20, 25]]])
        let triangle = Selector.polygon([[[22, 10, 102, 15, 100, 31]]])
        let labels = [quad, triangle].map {
            LabelRecord(item: Self.image.key, className: "plane", selector: $0)
        }
        let (files, report) = try written("yolo-obb", items: [Self.image], labels: labels)
        #expect(report.annotations == 1 && report.skipped == 1)
        let reading = try Reading(
            "yolo-obb", files.map { InputFile(name: $0.key, bytes: $0.value) },
            context: ReadContext(items: [Self.image]))
        guard case .polygon(let parts)? = reading.labels.first?.selector else {
            Issue.record("\(reading.labels)")
            return
        }
        let moved = zip(parts[0][0], [22, 10, 102, 15, 100, 31, 20, 25]).map { abs($0 - $1) }
        #expect(parts[0][0].count == 8 && moved.allSatisfy { $0 < 1e-9 })
    }

    @Test("a box among YOLO polygons is written as a polygon of four points")
    func yoloBoxAmongPolygons() throws {
        let box = LabelRecord(
            item: Self.image.key, className: "cat",
            selector: .box(.init(x: 50, y: 25, width: 100, height: 50)))
        let (files, report) = try written("yolo-seg", items: [Self.image], labels: [box])
        let bytes = try #require(files.first { $0.key.hasSuffix(".txt") }?.value)
        #expect(
            String(decoding: bytes, as: UTF8.self) == "0 0.25 0.25 0.75 0.25 0.75 0.75 0.25 0.75\n")
        #expect(report.losses.contains { $0.why.contains("four points") })
    }

    static func voc(_ corners: [Int]) -> String {
        """
        <annotation><filename>a.jpg</filename><size><width>200</width><height>100</height></size>
        <object><name>cat</name><difficult>1</difficult><bndbox><ymax>\(corners[3])</ymax>
        <xmin>\(corners[0])</xmin><ymin>\(corners[1])</ymin><xmax>\(corners[2]).0</xmax></bndbox>
        <part><name>head</name><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>2</xmax><ymax>2</ymax>
        </bndbox></part></object></annotation>
        """
    }

    @Test("VOC pixels count from 1 with both ends inside, voc-zero's from 0")
    func vocBase() throws {
        let one = try read("voc", Self.voc([11, 21, 40, 60]), name: "x/a.xml")
        #expect(one.labels.first?.selector == Self.box)
        #expect(one.labels.first?.attributes["difficult"] == .bool(true))
        #expect(one.labels.map(\.externalID) == ["x/a#1", "x/a#1.1"])
        #expect(one.labels.last?.attributes["voc.partOf"] == .text("x/a#1"))
        let zero = try read("voc-zero", Self.voc([10, 20, 40, 60]), name: "a.xml")
        #expect(zero.labels.first?.selector == Self.box)
        let doubtful = try read("voc", Self.voc([0, 20, 40, 60]), name: "a.xml")
        #expect(doubtful.notes.count == 1)
        for format in ["voc", "voc-zero"] {
            let label = LabelRecord(item: "a.jpg", className: "cat", selector: Self.box)
            let (files, _) = try written(
                format, items: [ItemRecord(key: "a.jpg")], labels: [label])
            let back = try Reading(format, files.map { InputFile(name: $0.key, bytes: $0.value) })
            #expect(back.labels.map(\.selector) == [Self.box])
        }
    }

    @Test("LabelMe's corners may stand in any order, and its image path below the folder")
    func labelMe() throws {
        let text = """
            {"version":"5","flags":{},"shapes":[
            {"label":"cat","points":[[40,60],[10,20]],"group_id":3,"shape_type":"rectangle","flags":{"ok":true}},
            {"label":"cat","points":[[0,0],[3,4]],"shape_type":"circle"},
            {"label":"cat","points":[[0,0],[3,4]],"shape_type":"mask"}],
            "imagePath":"../images/a.jpg","imageData":"AAAA","imageHeight":100,"imageWidth":200}
            """
        let reading = try read("labelme", text, name: "json/a.json")
        #expect(reading.items.first?.key == "images/a.jpg")
        #expect(
            reading.labels.map(\.selector) == [
                Self.box, .ellipse(.init(centerX: 0, centerY: 0, width: 10, height: 10, angle: 0)),
            ])
        #expect(reading.labels.first?.attributes["labelme.group_id"] == .integer(3))
        #expect(reading.labels.first?.attributes["labelme.flag.ok"] == .bool(true))
        #expect(reading.skips.map(\.place) == ["json/a.json, shapes[2]"])
        let outside = try read("labelme", text, name: "a.json")
        #expect(outside.items.isEmpty)
        #expect(outside.labels.isEmpty)
        #expect(outside.skips.map(\.place) == ["a.json, imagePath"])
    }

    @Test("CVAT's masks run along the rows of their box")
    func cvatMask() throws {
        let text = """
            <annotations><version>1.1</version><image id="0" name="a.png" width="5" height="4">
            <mask label="x" rle="0, 2" left="2" top="1" width="1" height="2" occluded="1"/>
            <mask label="x" rle="0, 9" left="2" top="1" width="1" height="2"/>
            <mask label="x" rle="0, 2" left="4" top="3" width="9999999999" height="2"/>
            <box label="x" xtl="0" ytl="0" xbr="2" ybr="2" rotation="90"/>
            </image></annotations>
            """
        let reading = try read("cvat", text, name: "a.xml")
        #expect(
            reading.labels.first?.selector == .mask(.init(width: 5, height: 4, counts: [9, 2, 9])))
        #expect(reading.labels.first?.attributes["cvat.occluded"] == .bool(true))
        #expect(reading.skips.count == 2)
        guard case .rotatedBox(let box)? = reading.labels.last?.selector else {
            Issue.record("no turned box")
            return
        }
        #expect(box.angle == .pi / 2)
        let (files, _) = try written("cvat", items: reading.items, labels: reading.labels)
        let back = try Reading("cvat", files.map { InputFile(name: $0.key, bytes: $0.value) })
        #expect(back.labels.map(\.selector) == reading.labels.map(\.selector))
    }

    @Test("CVAT's tracks keep their keyframes, and what changes along them")
    func cvatTrack() throws {
        let text = """
            <annotations><meta><task><labels><label><name>car</name><attributes><attribute>
            <name>moves</name><input_type>checkbox</input_type></attribute></attributes></label></labels>
            </task><source>t.mp4</source></meta><track id="4" label="car">
            <box frame="10" outside="0" occluded="1" keyframe="1" xtl="3" ytl="4" xbr="10" ybr="5">
            <attribute name="moves">true</attribute></box>
            <box frame="13" outside="0" occluded="1" keyframe="0" xtl="4" ytl="4" xbr="11" ybr="5">
            <attribute name="moves">true</attribute></box>
            <box frame="16" outside="1" occluded="0" keyframe="1" xtl="5" ytl="4" xbr="12" ybr="5">
            <attribute name="moves">false</attribute></box></track></annotations>
            """
        let reading = try read("cvat", text, name: "a.xml")
        let label = try #require(reading.labels.first, "\(reading.firstSkip)")
        guard case .track(let frames) = label.selector else {
            Issue.record("no track")
            return
        }
        #expect(frames.map(\.time) == [10, 16])
        #expect(frames.map(\.isOutside) == [false, true])
        #expect(label.item == "t.mp4")
        #expect(
            label.attributes["cvat.changes.moves"]
                == .array([
                    .array([.integer(10), .bool(true)]), .array([.integer(16), .bool(false)]),
                ]))
        let (files, _) = try written("cvat", items: reading.items, labels: [label])
        let back = try Reading("cvat", files.map { InputFile(name: $0.key, bytes: $0.value) })
        #expect(back.labels.first?.selector == label.selector)
        #expect(back.labels.first?.attributes == label.attributes)
    }

    @Test("Label Studio turns boxes about their top left corner, in pixels")
    func labelStudioRotation() throws {
        let text = """
            [{"id":7,"data":{"image":"/data/upload/1/a.jpg"},"annotations":[{"id":9,"completed_by":{"email":"ann@x"},
            "result":[{"id":"r","type":"rectanglelabels","original_width":200,"original_height":100,
            "value":{"x":5,"y":20,"width":15,"height":40,"rotation":90,"rectanglelabels":["cat"]}},
            {"id":"b","type":"brushlabels","original_width":5,"original_height":4,"value":{"format":"rle",
            "rle":[0,0,0,80,57,27,254,27,0,143,254,248,4,127,248,108,0],"brushlabels":["cat"]}}]}],
            "predictions":[{"model_version":"v1","score":0.5,"result":[{"id":"p","type":"choices","value":{"choices":["a","b"]}}]}]}]
            """
        let reading = try read("label-studio", text, name: "a.json")
        guard case .rotatedBox(let box)? = reading.labels.first?.selector else {
            Issue.record("no turned box: \(reading.firstSkip)")
            return
        }
        // The corners are (10, 20), (10, 50), (-30, 50), (-30, 20).
        #expect((box.centerX + 10).magnitude < 1e-9)
        #expect((box.centerY - 35).magnitude < 1e-9)
        #expect((box.width - 30).magnitude < 1e-9)
        #expect((box.height - 40).magnitude < 1e-9)
        #expect(reading.labels[1].selector == .mask(.init(width: 5, height: 4, counts: [9, 2, 9])))
        #expect(reading.labels.map(\.author) == ["ann@x", "ann@x", nil, nil])
        #expect(reading.labels.map(\.source) == [nil, nil, "model:v1", "model:v1"])
        #expect(reading.labels.map(\.externalID).last == "7/prediction-#0/p/1")
        #expect(reading.items.first?.key == "data/upload/1/a.jpg")
    }

    @Test(
        "a mask becomes a Label Studio brush and comes back, long runs too",
        arguments: [
            Selector.Mask(width: 5, height: 4, counts: [9, 2, 9]),
            Selector.Mask(width: 3, height: 2, counts: [0, 6]),
            Selector.Mask(width: 400, height: 300, counts: [60_000, 45_301, 14_699]),
        ])
    func labelStudioBrush(mask: Selector.Mask) throws {
        let item = ItemRecord(
            key: "a.jpg",
            fields: [
                "width": .integer(Int64(mask.width)), "height": .integer(Int64(mask.height)),
            ])
        let label = LabelRecord(item: item.key, className: "stain", selector: .mask(mask))
        let (files, report) = try written("label-studio", items: [item], labels: [label])
        #expect(report.annotations == 1)
        let back = try Reading(
            "label-studio", files.map { InputFile(name: $0.key, bytes: $0.value) })
        #expect(back.labels.map(\.selector) == [.mask(mask)])
        #expect(back.labels.first?.attributes == [:])
    }

    @Test("text offsets in other units are found by the quoted text, or the label is skipped")
    func labelStudioText() throws {
        for (start, end, isTaken) in [
            (12, 22, true), (13, 23, true), (15, 25, true), (14, 24, false),
        ] {
            let text = """
                [{"id":1,"data":{"text":"💩This is an annotation."},"annotations":[{"id":1,"result":[{"id":"r",
                "type":"labels","value":{"start":\(start),"end":\(end),"text":"annotation","labels":["N"]}}]}]}]
                """
            let reading = try read("label-studio", text, name: "a.json")
            #expect(
                reading.labels.map(\.selector)
                    == (isTaken ? [.textSpan(start: 12, end: 22, quote: "annotation")] : []))
            #expect(reading.skips.count == (isTaken ? 0 : 1))
        }
        let unquoted = """
            [{"id":1,"data":{"text":"💩This"},"annotations":[{"id":1,"result":[{"id":"r",
            "type":"labels","value":{"start":1,"end":3,"labels":["N"]}}]}]}]
            """
        #expect(try read("label-studio", unquoted, name: "a.json").labels.isEmpty)
    }

    @Test("Datumaro's cuboids keep all digits and the angles that were read")
    func datumaro() throws {
        let text = """
            {"items":[{"id":"f","point_cloud":{"path":"f.pcd"},"annotations":[{"id":0,"type":"cuboid_3d","label_id":0,
            "position":[1.123456,2,3],"rotation":[0.1,0.2,7.5],"scale":[4,2,1],"attributes":{"track_id":5,"score":0.25},"group":2},
            {"id":1,"type":"bbox","label_id":9,"bbox":[0,0,1,1]}]}],
            "categories":{"label":{"labels":[{"name":"car","parent":""}]}}}
            """
        let reading = try read("datumaro", text, name: "annotations/train.json")
        let label = try #require(reading.labels.first, "\(reading.firstSkip)")
        #expect(label.confidence == 0.25)
        #expect(label.attributes["datumaro.group"] == .integer(2))
        #expect(reading.items.first?.fields["split"] == .text("train"))
        #expect(reading.skips.map(\.place) == ["annotations/train.json, items[0].annotations[1]"])
        let (files, _) = try written("datumaro", items: reading.items, labels: [label])
        let back = try Reading("datumaro", files.map { InputFile(name: $0.key, bytes: $0.value) })
        #expect(back.labels.first?.selector == label.selector)
        #expect(back.labels.first?.attributes == label.attributes)
    }

    @Test("labels of many items are written in batches with the same result")
    func interleaved() throws {
        let items = (0..<20).map {
            ItemRecord(key: "i\($0).png", fields: ["width": .integer(10), "height": .integer(10)])
        }
        let labels = (0..<200).map {
            LabelRecord(
                item: "i\($0 % 20).png", className: "c",
                selector: .box(.init(x: Double($0 / 20), y: 0, width: 1, height: 1)))
        }
        let (files, report) = try written("voc", items: items, labels: labels)
        #expect(report.annotations == 200)
        #expect(report.items == 20)
        let reading = try Reading("voc", files.map { InputFile(name: $0.key, bytes: $0.value) })
        #expect(reading.labels.count == 200)
        let first = reading.labels.filter { $0.item == "i3.png" }
        #expect(first.map(\.selector) == labels.filter { $0.item == "i3.png" }.map(\.selector))
    }
}

@Suite("Image formats, public samples")
struct VisionSampleTests {
    static func folder(_ path: String) -> InputFile? {
        let full = SharedFiles.formatSamples + "/" + path
        guard SharedFiles.exists(full) else {
            print("SKIPPED: \(full) is not there")
            return nil
        }
        return InputFile(path: full)
    }

    @Test("YOLO: sizes come from the images beside")
    func yolo() throws {
        guard let folder = Self.folder("datumaro/yolo_dataset/labels") else { return }
        let reading = try Reading("yolo", [folder])
        #expect(reading.skips.isEmpty, "\(reading.firstSkip)")
        #expect(reading.items.map(\.key) == ["images/train/1.jpg", "images/val/1.jpg"])
        #expect(reading.labels.first?.className == "label_2")
        // 15 x 10 pixels: the centre 2, 3 and the size 4 x 2 to within six decimals.
        guard case .box(let box)? = reading.labels.first?.selector else {
            Issue.record("no box")
            return
        }
        #expect(box.x.magnitude < 1e-4)
        #expect((box.y - 2).magnitude < 1e-4)
        #expect((box.width - 4).magnitude < 1e-4)
        #expect((box.height - 2).magnitude < 1e-4)
        guard let strict = Self.folder("datumaro/yolo_dataset/strict") else { return }
        #expect(try Reading("yolo", [strict]).labels.count == 2)
    }

    @Test("VOC")
    func voc() throws {
        guard let folder = Self.folder("datumaro/voc_dataset/voc_dataset1/Annotations") else {
            return
        }
        let reading = try Reading("voc-zero", [folder])
        #expect(reading.labels.map(\.className) == ["cat", "person", "head"])
        #expect(reading.labels.first?.selector == .box(.init(x: 1, y: 2, width: 2, height: 2)))
        #expect(reading.labels[1].attributes["action.phoning"] == .bool(true))
    }

    @Test("CVAT, images and video")
    func cvat() throws {
        guard let images = Self.folder("datumaro/cvat_dataset/for_images/export_task/train.xml"),
            let video = Self.folder("datumaro/cvat_dataset/for_video/annotations.xml")
        else { return }
        let reading = try Reading("cvat", [images])
        #expect(reading.items.count == 2)
        #expect(reading.labels.count == 4)
        #expect(reading.labels.first?.attributes["a4"] == .float(2.4))
        #expect(reading.labels.first?.attributes["a1"] == .bool(true))
        let tracks = try Reading("cvat", [video])
        #expect(tracks.skips.isEmpty, "\(tracks.firstSkip)")
        #expect(tracks.items.map(\.key) == ["t.mp4"])
        #expect(tracks.labels.allSatisfy { $0.selector.kind == .track })
        #expect(tracks.labels.count >= 2)
    }

    @Test("Label Studio")
    func labelStudio() throws {
        for (name, least) in [
            ("data", 3), ("data_polygons", 1), ("data_obb", 1), ("data_keypoints", 1),
        ] {
            guard let file = Self.folder("label-studio/test_export_yolo/\(name).json") else {
                return
            }
            let reading = try Reading("label-studio", [file])
            #expect(reading.labels.count >= least, "\(name): \(reading.firstSkip)")
            #expect(reading.items.allSatisfy { $0.fields["width"] != nil }, "\(name)")
        }
    }

    @Test("Datumaro")
    func datumaro() throws {
        guard let folder = Self.folder("datumaro/datumaro_dataset/legacy/annotations") else {
            return
        }
        let reading = try Reading("datumaro", [folder])
        #expect(reading.skips.isEmpty, "\(reading.firstSkip)")
        #expect(reading.items.map(\.fields["split"]).contains(.text("validation")))
        let first = try #require(reading.labels.first { $0.externalID == "train/a#1" })
        #expect(first.className == "car")
        #expect(first.confidence == 1)
    }
}
