import AnnotationFormats
import AnnotationModel
import LabelText
import Testing

@Suite("COCO, reading")
struct COCOReaderTests {
    /// A file with an image of 10 x 5 pixels (id 7), one of unknown size (id 6), two categories (1 and 4), and
    /// annotations.
    static func file(_ annotations: String, images: String? = nil, categories: String? = nil)
        -> String
    {
        let images =
            images
            ?? #"{"id":7,"file_name":"images/a.png","width":10,"height":5},{"id":6,"file_name":"images/b.png"}"#
        let categories =
            categories
            ?? #"{"id":1,"name":"open"},{"id":4,"name":"pose","supercategory":"part","keypoints":["head","tail"],"skeleton":[[1,2]]}"#
        return
            "{\"images\":[\(images)],\"categories\":[\(categories)],\"annotations\":[\(annotations)]}"
    }

    static func annotation(_ members: String, id: Int = 1) -> String {
        "{\"id\":\(id),\"image_id\":7,\"category_id\":1,\(members)}"
    }

    @Test("a bare bbox is a box with all its digits")
    func box() throws {
        let members =
            #""bbox":[0.123456789012345,1,2.55555,3.3],"score":0.25,"attributes":{"size":3,"note":"x"}"#
        let reading = try Reading("coco", text: Self.file(Self.annotation(members, id: 17)))
        let label = try #require(reading.labels.first)
        #expect(
            label.selector == .box(.init(x: 0.123456789012345, y: 1, width: 2.55555, height: 3.3)))
        #expect(label.item == "images/a.png")
        #expect(label.className == "open")
        #expect(label.externalID == "17")
        #expect(label.confidence == 0.25)
        #expect(label.attributes == ["size": .integer(3), "note": .text("x")])
        #expect(
            reading.items == [
                ItemRecord(
                    key: "images/a.png",
                    fields: [
                        "width": .integer(10), "height": .integer(5), "coco.id": .integer(7),
                    ]), ItemRecord(key: "images/b.png", fields: ["coco.id": .integer(6)]),
                ItemRecord(key: "images/b.png", fields: ["examined": .bool(true)]),
            ])
        #expect(reading.skips.isEmpty)
    }

    @Test("several polygons are the parts of one object and a repeated last point is dropped")
    func polygon() throws {
        let members = #""segmentation":[[0,0,2,0,2,2,0,0],[4,1,6,1,6,3]],"bbox":[0,0,6,3]"#
        let reading = try Reading("coco", text: Self.file(Self.annotation(members)))
        #expect(
            reading.labels.first?.selector
                == .polygon([[[0, 0, 2, 0, 2, 2]], [[4, 1, 6, 1, 6, 3]]]))
        #expect(reading.labels.first?.attributes == [:])
    }

    @Test("a bbox more than a pixel off the geometry is kept beside it")
    func differingBox() throws {
        let members = #""segmentation":[[0,0,2,0,2,2]],"bbox":[0,0,2,4]"#
        let reading = try Reading("coco", text: Self.file(Self.annotation(members)))
        #expect(
            reading.labels.first?.attributes["bbox"]
                == .array([.float(0), .float(0), .float(2), .float(4)]))
    }

    @Test("both spellings of runs give one mask")
    func masks() throws {
        let image = #"{"id":7,"file_name":"a","width":5,"height":4}"#
        let plain = #""segmentation":{"size":[4,5],"counts":[9,2,9]},"iscrowd":1"#
        let packed = #""segmentation":{"size":[4,5],"counts":"929"},"bbox":[2,1,1,2]"#
        let text = Self.file(
            Self.annotation(plain) + "," + Self.annotation(packed, id: 2), images: image)
        let reading = try Reading("coco", text: text)
        let mask = Selector.mask(.init(width: 5, height: 4, counts: [9, 2, 9]))
        #expect(reading.labels.map(\.selector) == [mask, mask])
        #expect(reading.labels.first?.attributes == ["iscrowd": .bool(true)])
        #expect(reading.labels.last?.attributes == [:])
    }

    @Test("keypoints keep their flags, and their class its names and skeleton")
    func keypoints() throws {
        let text = Self.file(
            #"{"id":1,"image_id":7,"category_id":4,"keypoints":[1,2,2,0,0,0],"num_keypoints":1,"bbox":[0,0,9,5]}"#
        )
        let reading = try Reading("coco", text: text)
        #expect(
            reading.labels.first?.selector
                == .keypoints([
                    .init(x: 1, y: 2, visibility: .visible), .init(x: 0, y: 0, visibility: .absent),
                ]))
        #expect(
            reading.classes.last
                == ClassRecord(
                    name: "pose", parent: "part", keypoints: ["head", "tail"], skeleton: [[1, 2]],
                    number: 4))
    }

    @Test("annotations may come before images and categories")
    func order() throws {
        let text =
            "{\"annotations\":[\(Self.annotation("\"bbox\":[1,2,3,4]"))],"
            + #""categories":[{"id":1,"name":"open"}],"images":[{"id":7,"file_name":"a"}],"info":{}}"#
        let reading = try Reading("coco", text: text)
        #expect(reading.labels.count == 1)
        #expect(reading.items.count == 1)
    }

    @Test("a results file is read after the file that has its images, and not alone")
    func results() throws {
        let results = #"[{"image_id":7,"category_id":1,"bbox":[1,2,3,4],"score":0.5}]"#
        let files = [
            InputFile(name: "gt", bytes: Array(Self.file("").utf8)),
            InputFile(name: "dt", bytes: Array(results.utf8)),
        ]
        let reading = try Reading("coco", files)
        #expect(reading.labels.first?.confidence == 0.5)
        #expect(reading.labels.first?.externalID == "#0")
        guard case .structure? = formatError("coco", results) else {
            Issue.record("a results file alone was accepted")
            return
        }
    }

    @Test(
        "a wrong annotation is skipped with its place and a reason, and the next one is read",
        arguments: [
            (#"{"id":1,"category_id":1,"bbox":[1,2,3,4]}"#, "annotations[0].image_id", "missing"),
            (
                #"{"id":1,"image_id":8,"category_id":1,"bbox":[1,2,3,4]}"#, "[0].image_id",
                "no image"
            ),
            (
                #"{"id":1,"image_id":7,"category_id":9,"bbox":[1,2,3,4]}"#, "category_id",
                "no category"
            ),
            (#"{"id":1,"image_id":7,"bbox":[1,2,3,4]}"#, "category_id", "missing"),
            (annotation(#""bbox":[1,2,-3,4]"#), "annotations[0].bbox", "-3.0 x 4.0"),
            (annotation(#""bbox":[1,2,3]"#), "annotations[0].bbox", "holds 3 numbers"),
            (annotation(#""bbox":"1,2,3,4""#), "annotations[0].bbox", "an array is expected"),
            (annotation(#""bbox":[1,2,"3",4]"#), "bbox, line 1, column", "a number is expected"),
            (annotation(#""segmentation":[[1,2,3,4,5]]"#), "segmentation[0]", "5 numbers"),
            (annotation(#""segmentation":[[1,1,3,3,1,1]]"#), "segmentation[0]", "three different"),
            (
                annotation(#""segmentation":{"size":[5,10],"counts":[9,2,9]}"#),
                "segmentation.counts", "add up to 20 pixels"
            ),
            (
                annotation(#""segmentation":{"size":[10,5],"counts":[50]}"#), "segmentation.size",
                "is not the image's"
            ),
            (
                annotation(#""segmentation":{"size":[5,10],"counts":[60,-10]}"#),
                "segmentation.counts", "a run of 60"
            ),
            (
                annotation(#""segmentation":{"size":[5,10],"counts":"~~"}"#), "segmentation.counts",
                "stands for nothing"
            ),
            (
                annotation(#""segmentation":{"size":[5,10],"counts":"oooooooooo"}"#),
                "segmentation.counts", "too long"
            ),
            (
                #"{"id":1,"image_id":6,"category_id":1,"segmentation":{"size":[1048576,1048576],"counts":[1099511627776]}}"#,
                "segmentation.counts", "at most"
            ),
            (annotation(#""segmentation":{"size":[5,10]}"#), "segmentation.counts", "missing"),
            (
                annotation(#""segmentation":{"counts":[50]}"#), "segmentation.size",
                "[height, width]"
            ),
            (annotation(#""keypoints":[1,2]"#), "keypoints", "holds 2 numbers"),
            (annotation(#""keypoints":[1,2,3]"#), "keypoints", "0, 1 or 2"),
            (
                #"{"id":1,"image_id":7,"category_id":4,"keypoints":[1,2,2]}"#, "keypoints",
                "has 2 names"
            ),
            (#""text""#, "annotations[0]", "an object is expected"),
        ])
    func skips(annotation: String, place: String, why: String) throws {
        let good = Self.annotation(#""bbox":[1,2,3,4]"#, id: 99)
        let reading = try Reading("coco", text: Self.file(annotation + "," + good))
        #expect(reading.skips.count == 1)
        #expect(reading.skips.first?.place.contains(place) == true, "\(reading.firstSkip)")
        #expect(reading.skips.first?.why.contains(why) == true, "\(reading.firstSkip)")
        #expect(reading.labels.map(\.externalID) == ["99"])
    }

    @Test(
        "a wrong member costs itself where a place is left, and is named",
        arguments: [
            (
                annotation(#""segmentation":[[0,0,2,0,2,2],[1,2,3,4]]"#), "segmentation[1]",
                "4 numbers"
            ), (annotation(#""bbox":[1,2,3,4],"iscrowd":2"#), "iscrowd", "0 or 1"),
            (#"{"id":1.5,"image_id":7,"category_id":1,"bbox":[1,2,3,4]}"#, ".id", "whole number"),
            (annotation(#""bbox":"x","segmentation":[[0,0,2,0,2,2]]"#), "bbox", "array"),
            (annotation(#""bbox":[1,2,3,4],"segmentation":[[]]"#), "segmentation[0]", "0 numbers"),
        ])
    func members(annotation: String, place: String, why: String) throws {
        let reading = try Reading("coco", text: Self.file(annotation))
        #expect(reading.labels.count == 1 && reading.skips.isEmpty, "\(reading.firstSkip)")
        #expect(
            reading.notes.contains { $0.place.contains(place) && $0.why.contains(why) },
            "\(reading.notes)")
    }

    @Test("an annotation's id may occur once; after that its place stands for it")
    func duplicateAnnotation() throws {
        let ids = [3, 4, 9, 3, 1, 4, 1, 5]
        let text = ids.map { Self.annotation(#""bbox":[1,2,3,4]"#, id: $0) }.joined(separator: ",")
        let reading = try Reading("coco", text: Self.file(text))
        #expect(
            reading.labels.compactMap(\.externalID)
                == ["3", "4", "9", "#3", "1", "#5", "#6", "5"])
        #expect(reading.notes.count { $0.place.hasSuffix(".id") } == 3)
    }

    @Test(
        "what no program may guess ends the reading with line, column and path",
        arguments: [
            (#""bbox":[1,NaN,3,4]"#, JSONError.Reason.notFinite),
            (#""bbox":[1,1e999,3,4]"#, .numberOverflow),
            (#""bbox":[1,Infinity,3,4]"#, .notFinite),
            (#""bbox":[1,2,3,4],"bbox":[1,2,3,4]"#, .duplicateKey("bbox")),
            (#""x":1,"x":2"#, .duplicateKey("x")),
        ])
    func located(members: String, reason: JSONError.Reason) {
        let text = Self.file(
            Self.annotation(#""bbox":[1,2,3,4]"#, id: 2) + ",\n" + Self.annotation(members))
        guard case .json(_, let position, let path, let found)? = formatError("coco", text) else {
            Issue.record("no located error")
            return
        }
        #expect(found == reason)
        #expect(position.line == 2)
        #expect(path.hasPrefix("annotations[1]."))
    }

    @Test("a file whose images or categories are ambiguous is refused")
    func ambiguous() {
        let image = #"{"id":7,"file_name":"a"}"#
        for images in [
            image + #",{"id":7,"file_name":"b"}"#, image + #",{"id":8,"file_name":"a"}"#,
        ] {
            guard
                case .structure(_, let path, _)? = formatError(
                    "coco", Self.file("", images: images))
            else {
                Issue.record("accepted \(images)")
                continue
            }
            #expect(path.hasPrefix("images[1]."))
        }
        let twice = Self.file("", categories: #"{"id":1,"name":"a"},{"id":1,"name":"b"}"#)
        guard case .structure(_, "categories[1].id", _)? = formatError("coco", twice) else {
            Issue.record("two categories with one id")
            return
        }
        guard
            case .json(_, _, _, .duplicateKey("images"))? = formatError(
                "coco", #"{"images":[],"images":[]}"#)
        else {
            Issue.record("two lists of images")
            return
        }
        guard case .structure(_, "images", _)? = formatError("coco", "{}") else {
            Issue.record("no images")
            return
        }
    }

    @Test(
        "a name that leaves the dataset is skipped with all its annotations",
        arguments: [
            "", "/etc/passwd", "../a.png", "a/../../b", "a\\..\\b", "C:\\\\a.png", "a\\u0000b",
            "a\\nb",
            String(repeating: "x", count: 1_025),
        ])
    func unsafeNames(name: String) throws {
        let text = Self.file(
            Self.annotation(#""bbox":[1,2,3,4]"#),
            images:
                "{\"id\":7,\"file_name\":\"\(name.replacing("..\\b", with: "..\\\\b").replacing("a\\..", with: "a\\\\.."))\"}"
        )
        let reading = try Reading("coco", text: text)
        #expect(reading.items.isEmpty)
        #expect(reading.labels.isEmpty)
        #expect(reading.skips.count == 2)
    }

    @Test("members without a name in the model are kept as attributes, too large ones reported")
    func otherMembers() throws {
        let long = String(repeating: "x", count: 20_000)
        let text = Self.file(
            Self.annotation("\"bbox\":[1,2,3,4],\"track_id\":5,\"color\":null,\"long\":\"\(long)\"")
        )
        let reading = try Reading("coco", text: text)
        #expect(reading.labels.first?.attributes == ["coco.track_id": .integer(5)])
        #expect(reading.notes.first?.place == "in, annotations[0].long")
    }

    @Test("two corners instead of corner and size are noticed")
    func corners() throws {
        let text = (1...8).map { Self.annotation("\"bbox\":[\($0),2,9,4]", id: $0) }
            .joined(separator: ",")
        let reading = try Reading("coco", text: Self.file(text))
        #expect(reading.labels.count == 8)
        #expect(reading.notes.first?.why.contains("x1, y1, x2, y2") == true)
    }

    // The samples lie beside the package; without them this one test is skipped.
    @Test(
        "other programs' sample files are read",
        .enabled(if: SharedFiles.exists(SharedFiles.formatSamples)))
    func samples() throws {
        let folder = SharedFiles.formatSamples + "/datumaro/coco_dataset/coco/annotations/"
        func read(_ name: String) throws -> Reading {
            try Reading("coco", [InputFile(path: folder + name)])
        }
        let instances = try read("instances_val.json")
        #expect(instances.labels.map(\.selector.kind) == [.polygon, .mask])
        #expect(instances.labels[0].attributes == ["x": .integer(1), "y": .text("hello")])
        let people = try read("person_keypoints_val.json")
        #expect(people.labels.map(\.selector.kind) == [.polygon, .mask])
        #expect(people.labels[0].attributes["keypoints"] != nil)
        #expect(try read("labels_train.json").labels.map(\.selector) == [.wholeItem])
        let captions = try read("captions_train.json").labels
        #expect(captions.first?.attributes == ["coco.caption": .text("hello")])
        #expect(try read("stuff_val.json").labels.count == 1)
        #expect(try read("image_info_val.json").items.count == 1)
        let panoptic = try read("panoptic_val.json")
        #expect(panoptic.labels.isEmpty)
        #expect(panoptic.skips.count == 1)
        let studio = try Reading(
            "coco",
            [
                InputFile(
                    path: SharedFiles.formatSamples
                        + "/label-studio/test_import_coco/coco_import_input.json")
            ])
        #expect(studio.items.count == 2)
        #expect(!studio.labels.isEmpty)
        #expect(studio.skips.isEmpty)
    }

    @Test("mutated files never crash")
    func fuzz() {
        let seed = Array(
            Self.file(
                Self.annotation(#""bbox":[1,2,3,4],"score":0.5,"attributes":{"a":[1,{"b":2.5}]}"#)
                    + ","
                    + Self.annotation(
                        #""segmentation":{"size":[5,10],"counts":"929W1"},"iscrowd":1"#, id: 2)
                    + ","
                    + Self.annotation(#""segmentation":[[0,0,2,0,2,2]],"keypoints":[1,2,2]"#, id: 3)
            ).utf8)
        readMutations(format: "coco", seed: seed, rounds: 20_000)
    }
}

/// Reads many mutations of a valid file; a crash is the failure.
func readMutations(format: String, seed: [UInt8], rounds: Int) {
    var generator = SeededGenerator(seed: 77)
    let marks = Array("{}[]\",:0123456789-+.eE\\\n\r ".utf8) + [0, 0xff, 0xc3]
    for _ in 0..<rounds {
        var bytes = seed
        for _ in 0..<Int.random(in: 1...4, using: &generator) where !bytes.isEmpty {
            let place = Int.random(in: 0..<bytes.count, using: &generator)
            switch Int.random(in: 0...3, using: &generator) {
            case 0: bytes[place] = marks[Int.random(in: 0..<marks.count, using: &generator)]
            case 1: bytes.remove(at: place)
            case 2:
                bytes.insert(marks[Int.random(in: 0..<marks.count, using: &generator)], at: place)
            default: bytes.removeLast(min(bytes.count, Int.random(in: 0...9, using: &generator)))
            }
        }
        _ = try? Reading(format, [InputFile(name: "fuzz", bytes: bytes)])
    }
}
