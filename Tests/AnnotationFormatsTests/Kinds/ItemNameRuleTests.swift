import AnnotationFormats
import AnnotationModel
import Foundation
import LabelText
import Testing

/// Which item a name in a file means, whatever the format.
@Suite("Which item a name means")
struct ItemNameRuleTests {
    /// A file of one label of a picture with a name, for each format that names pictures.
    static func file(_ format: String, _ name: String) -> InputFile {
        let quoted = JSONValue.string(name).text
        let text: String
        switch format {
        case "coco":
            text = """
                {"images": [{"id": 1, "file_name": \(quoted), "width": 20, "height": 10}],
                "categories": [{"id": 1, "name": "dent"}],
                "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 2, 3, 4]}]}
                """
        case "voc", "voc-zero":
            text = """
                <annotation><filename>\(name)</filename><object><name>dent</name><bndbox>
                <xmin>2</xmin><ymin>3</ymin><xmax>4</xmax><ymax>6</ymax></bndbox></object></annotation>
                """
        case "cvat":
            text = """
                <annotations><version>1.1</version><image id="0" name="\(name)" width="20" height="10">
                <box label="dent" xtl="1" ytl="2" xbr="4" ybr="6" occluded="0"/></image></annotations>
                """
        case "label-studio":
            text = """
                [{"id": 1, "data": {"image": \(quoted)}, "annotations": [{"id": 1, "result": [{"id": "r",
                "type": "rectanglelabels", "original_width": 20, "original_height": 10,
                "value": {"x": 1, "y": 1, "width": 5, "height": 5, "rectanglelabels": ["dent"]}}]}]}]
                """
        case "datumaro":
            text = """
                {"categories": {"label": {"labels": [{"name": "dent"}]}}, "items": [{"id": "x",
                "image": {"path": \(quoted)}, "annotations": [
                {"type": "bbox", "label_id": 0, "bbox": [1, 2, 3, 4]}]}]}
                """
        default:
            text = """
                {"imagePath": \(quoted), "imageWidth": 20, "imageHeight": 10, "shapes": [{"label": "dent",
                "points": [[1, 2], [4, 6]], "shape_type": "rectangle"}]}
                """
        }
        let ending = format == "cvat" || format.hasPrefix("voc") ? "xml" : "json"
        return InputFile(name: "set.\(ending)", bytes: Array(text.utf8))
    }

    static let formats = [
        "coco", "voc", "voc-zero", "cvat", "label-studio", "datumaro", "labelme",
    ]
    static let spellings = [
        "pics\\my sub\\b c.png", "C:\\data\\pics\\my sub\\b c.png", "/home/u/pics/my sub/b c.png",
        "my sub/b c.png", "b c.png", "./pics/my sub/b c.png", "pics/my%20sub/b%20c.png",
    ]

    @Test("every spelling leads to the registered item", arguments: formats, spellings)
    func spelled(_ format: String, _ name: String) throws {
        let context = ReadContext(items: [
            ItemRecord(key: "pics/my sub/b c.png"), ItemRecord(key: "pics/my sub/other.png"),
        ])
        let reading = try Reading(format, [Self.file(format, name)], context: context)
        #expect(reading.labels.map(\.item) == ["pics/my sub/b c.png"], "\(reading.firstSkip)")
        #expect(reading.items.allSatisfy { $0.key == "pics/my sub/b c.png" })
    }

    @Test("a name that may be either of two items is refused and names both", arguments: formats)
    func ambiguous(_ format: String) throws {
        let context = ReadContext(items: [
            ItemRecord(key: "one/001.png"), ItemRecord(key: "two/001.png"),
        ])
        #expect {
            try Reading(format, [Self.file(format, "001.png")], context: context)
        } throws: { error in
            let text = "\(error)"
            return text.contains("one/001.png") && text.contains("two/001.png")
        }
    }

    @Test("the user's map says which item a name means", arguments: formats)
    func mapped(_ format: String) throws {
        var context = ReadContext(items: [
            ItemRecord(key: "one/001.png"), ItemRecord(key: "two/001.png"),
        ])
        context.rules.map["001.png"] = "two/001.png"
        let reading = try Reading(format, [Self.file(format, "001.png")], context: context)
        #expect(reading.labels.map(\.item) == ["two/001.png"])
        context.rules.map = [:]
        context.rules.strips = ["export/"]
        let stripped = try Reading(
            format, [Self.file(format, "export/one/001.png")], context: context)
        #expect(stripped.labels.map(\.item) == ["one/001.png"])
    }

    @Test("a name with an ending that lacks, and one after an upload")
    func partly() throws {
        let context = ReadContext(items: [
            ItemRecord(key: "frames/frame_000000.png"), ItemRecord(key: "b.jpg"),
        ])
        let cvat = try Reading("cvat", [Self.file("cvat", "frame_000000")], context: context)
        #expect(cvat.labels.map(\.item) == ["frames/frame_000000.png"])
        let upload = Self.file("label-studio", "/data/upload/7/0a1b2c3d-b.jpg")
        let studio = try Reading("label-studio", [upload], context: context)
        #expect(studio.labels.map(\.item) == ["b.jpg"])
    }

    @Test("nothing is registered: backslashes become slashes, two subsets are not one picture")
    func unregistered() throws {
        let reading = try Reading("coco", [Self.file("coco", "a\\b.png")])
        #expect(reading.labels.map(\.item) == ["a/b.png"])
        let subsets = ["train.json", "val.json"].map { name in
            InputFile(
                name: name,
                bytes: (try? Self.file("datumaro", "a.png").withBytes { Array($0) }) ?? [])
        }
        #expect(throws: FormatError.self) { try Reading("datumaro", subsets) }
    }

    @Test("labels of one of two pictures that differ in their endings are said")
    func twoEndings() throws {
        let size: [String: FieldValue] = ["width": .integer(64), "height": .integer(48)]
        let items = ["images/a.jpg", "images/a.png", "images/b.jpg"]
            .map { ItemRecord(key: $0, fields: size) }
        let files = ["a", "b"].map {
            InputFile(name: "labels/\($0).txt", bytes: Array("0 0.5 0.5 0.2 0.2\n".utf8))
        }
        let names = InputFile(name: "classes.txt", bytes: Array("cat\n".utf8))
        let reading = try Reading("yolo", [names] + files, context: ReadContext(items: items))
        #expect(reading.labels.map(\.item) == ["images/a.jpg", "images/b.jpg"])
        #expect(reading.notes.filter { $0.why.contains("images/a.png") }.count == 1)
        #expect(!reading.notes.contains { $0.why.contains("b.") })
    }

    @Test("a picture beside its labels is found by its digest below what was given")
    func besideByDigest() throws {
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("darknet-\(UInt32.random(in: 0 ... .max))")
        defer { try? FileManager.default.removeItem(at: folder) }
        let inner = folder.appendingPathComponent("obj_train_data")
        try FileManager.default.createDirectory(at: inner, withIntermediateDirectories: true)
        try Data("0 0.5 0.5 0.2 0.2\n".utf8).write(to: inner.appendingPathComponent("a.txt"))
        try Data("cat\n".utf8).write(to: folder.appendingPathComponent("classes.txt"))
        try Data("picture".utf8).write(to: inner.appendingPathComponent("a.jpg"))
        let digest: [UInt8] = Array(repeating: 7, count: 32)
        var context = ReadContext(items: [
            ItemRecord(
                key: "a.jpg",
                fields: ["width": .integer(64), "height": .integer(48), "sha256": .bytes(digest)])
        ])
        context.digest = { $0.hasSuffix("a.jpg") ? digest : nil }
        let reading = try Reading("yolo", [InputFile(path: folder.path)], context: context)
        #expect(reading.labels.map(\.item) == ["a.jpg"], "\(reading.items.map(\.key))")
    }

    /// A file of each format whose item is called like the file.
    private static let ownFiles: [(format: String, ending: String, text: String)] = [
        (
            "spacy", "jsonl",
            "{\"text\": \"Anna met\", \"spans\": [{\"start\": 0, \"end\": 4, \"label\": \"P\"}]}"
        ),
        ("webvtt", "vtt", "WEBVTT\n\n00:00:00.000 --> 00:00:01.000\nhello\n"),
        ("audacity", "txt", "0.0\t1.0\tdog\n"), ("conll", "conll", "Anna\tB-PER\n"),
        (
            "voc", "xml",
            "<annotation><filename>x.jpg</filename><object><name>a</name><bndbox><xmin>1</xmin><ymin>1</ymin>"
                + "<xmax>5</xmax><ymax>5</ymax></bndbox></object></annotation>"
        ),
        (
            "labelme", "json",
            "{\"version\": \"5.0\", \"flags\": {}, \"imagePath\": \"x.jpg\", \"imageData\": null, \"shapes\": "
                + "[{\"label\": \"a\", \"points\": [[1, 1], [5, 5]], \"shape_type\": \"rectangle\"}]}"
        ),
    ]

    @Test("files of one name in two given folders never meet on one item without a word")
    func twoFolders() throws {
        for (format, ending, text) in Self.ownFiles {
            let folder = FileManager.default.temporaryDirectory
                .appendingPathComponent("two-\(UInt32.random(in: 0 ... .max))")
            defer { try? FileManager.default.removeItem(at: folder) }
            for name in ["a", "b"] {
                let inner = folder.appendingPathComponent(name)
                try FileManager.default.createDirectory(
                    at: inner, withIntermediateDirectories: true)
                try Data(text.utf8).write(to: inner.appendingPathComponent("x.\(ending)"))
            }
            let both = ["a", "b"].map { InputFile(path: "\(folder.path)/\($0)") }
            #expect(throws: FormatError.self, "\(format)") { try Reading(format, both) }
            #expect(try Reading(format, [both[0]]).labels.count == 1, "\(format)")
            // VOC names the picture itself, and two of one name are refused there, too.
            if format == "voc" { continue }
            let above = try Reading(format, [InputFile(path: folder.path)])
            #expect(Set(above.labels.map(\.item)).count == 2, "\(format)")
        }
        // Where the items are registered under their paths, nothing is in doubt.
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("two-\(UInt32.random(in: 0 ... .max))")
        defer { try? FileManager.default.removeItem(at: folder) }
        for name in ["a", "b"] {
            let inner = folder.appendingPathComponent(name)
            try FileManager.default.createDirectory(at: inner, withIntermediateDirectories: true)
            try Data(Self.ownFiles[5].text.utf8).write(to: inner.appendingPathComponent("x.json"))
        }
        let reading = try Reading(
            "labelme", ["a", "b"].map { InputFile(path: "\(folder.path)/\($0)") },
            context: ReadContext(items: [ItemRecord(key: "a/x.jpg"), ItemRecord(key: "b/x.jpg")]))
        #expect(reading.labels.map(\.item) == ["a/x.jpg", "b/x.jpg"])
    }

    @Test("sequences that are given as folders are told apart by the folders' names")
    func twoSequences() throws {
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("two-\(UInt32.random(in: 0 ... .max))")
        defer { try? FileManager.default.removeItem(at: folder) }
        for name in ["MOT17-02", "MOT17-04"] {
            let inner = folder.appendingPathComponent("\(name)/gt")
            try FileManager.default.createDirectory(at: inner, withIntermediateDirectories: true)
            try Data("1,1,10,20,30,40,1,1,1\n".utf8).write(
                to: inner.appendingPathComponent("gt.txt"))
        }
        let given = ["MOT17-02", "MOT17-04"].map { InputFile(path: "\(folder.path)/\($0)") }
        let reading = try Reading("mot", given)
        #expect(reading.labels.map(\.item) == ["MOT17-02", "MOT17-04"])
    }
}
