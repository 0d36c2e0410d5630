import AnnotationFormats
import AnnotationModel
import LabelText
import Testing

@Suite("COCO, writing")
struct COCOWriterTests {
    static let item = ItemRecord(
        key: "a/b.png",
        fields: ["width": .integer(5), "height": .integer(4), "split": .text("train")])

    static func json(_ labels: [LabelRecord]) throws -> (JSONValue, ConversionReport) {
        let (files, report) = try written("coco", items: [item], labels: labels)
        return (try JSONValue(parsing: try #require(files["coco.json"])), report)
    }

    static func label(_ selector: Selector, _ attributes: [String: FieldValue] = [:]) -> LabelRecord
    {
        LabelRecord(item: item.key, className: "open", selector: selector, attributes: attributes)
    }

    @Test("ids begin at 1 and all digits are written")
    func box() throws {
        let box = Selector.Box(x: 0.1, y: 1.987654, width: 2.55555, height: 1.0 / 3)
        let (json, report) = try Self.json([Self.label(.box(box))])
        let annotation = try #require(json["annotations"]?.array?.first)
        #expect(annotation["id"] == .integer(1))
        #expect(annotation["image_id"] == .integer(1))
        #expect(annotation["category_id"] == .integer(1))
        #expect(
            annotation["bbox"]?.array?.compactMap(\.double) == [0.1, 1.987654, 2.55555, 1.0 / 3])
        #expect(annotation["area"]?.double == 2.55555 * (1.0 / 3))
        #expect(annotation["iscrowd"] == .integer(0))
        #expect(report.annotations == 1)
        #expect(report.losses.isEmpty)
    }

    @Test("bbox and area are computed from the geometry")
    func computed() throws {
        let mask = Selector.Mask(width: 5, height: 4, counts: [9, 2, 9])
        let (json, _) = try Self.json([
            Self.label(.polygon([[[1, 1, 3, 1, 3, 3, 1, 3]]])), Self.label(.mask(mask)),
        ])
        let annotations = try #require(json["annotations"]?.array)
        #expect(annotations[0]["bbox"]?.array?.compactMap(\.integer) == [1, 1, 2, 2])
        #expect(annotations[0]["area"] == .integer(4))
        #expect(annotations[1]["bbox"]?.array?.compactMap(\.integer) == [2, 1, 1, 2])
        #expect(annotations[1]["area"] == .integer(2))
        #expect(annotations[1]["segmentation"]?["counts"] == .string("929"))
    }

    @Test("a hole becomes a bitmap, which is reported")
    func hole() throws {
        let frame: [[Double]] = [[0, 0, 5, 0, 5, 4, 0, 4], [1, 1, 3, 1, 3, 3, 1, 3]]
        let (json, report) = try Self.json([Self.label(.polygon([frame]))])
        let annotation = try #require(json["annotations"]?.array?.first)
        #expect(annotation["area"] == .integer(16))
        #expect(report.losses.first?.isSkipped == false)
        let square = try Self.json([
            Self.label(.polygon([[[1, 1, 3, 1, 3, 3, 1, 3], [9, 9, 9, 8, 8, 8]]]))
        ])
        #expect(
            square.0["annotations"]?.array?.first?["segmentation"]?["counts"] == .string("52207"))
    }

    @Test("what COCO cannot say is left out and reported")
    func skipped() throws {
        var retracted = Self.label(.box(.init(x: 0, y: 0, width: 1, height: 1)))
        retracted.isRetracted = true
        var elsewhere = retracted
        elsewhere.isRetracted = false
        elsewhere.item = "other.png"
        let labels = [
            Self.label(.interval(start: 0, end: 1, channels: [])), Self.label(.wholeItem),
            retracted,
            elsewhere,
        ]
        let (json, report) = try Self.json(labels)
        #expect(json["annotations"]?.array?.isEmpty == true)
        #expect(report.skipped == 4)
        #expect(report.losses.count == 4)
        #expect(report.losses.first?.examples == ["a/b.png"])
    }

    @Test("an item that is no image is left out")
    func otherItems() throws {
        let audio = ItemRecord(
            key: "a.wav", fields: ["mediaType": .text("audio/wav"), "examined": .bool(true)])
        let (files, report) = try written("coco", items: [audio], labels: [])
        #expect(report.items == 0)
        #expect(report.skipped == 1)
        #expect(files.count == 1)
    }

    @Test("provenance travels beside each annotation and comes back")
    func provenance() throws {
        var label = Self.label(
            .box(.init(x: 0, y: 0, width: 1, height: 1)), ["severity": .float(1)])
        label.provenance = .init(id: "oem.example:12.0", org: "oem.example", isContested: true)
        label.author = "ann@oem.example"
        label.source = "human"
        label.externalID = "4711"
        let (files, _) = try written("coco", items: [Self.item], labels: [label])
        let reading = try Reading(
            "coco", [InputFile(name: "x", bytes: try #require(files["coco.json"]))])
        #expect(reading.labels == [label])
        #expect(reading.items == [Self.item])
        let bare = try written(
            "coco", items: [Self.item], labels: [label],
            options: WriteOptions(includesProvenance: false))
        let again = try Reading(
            "coco", [InputFile(name: "x", bytes: try #require(bare.files["coco.json"]))])
        #expect(again.labels.first?.provenance == nil)
        #expect(again.labels.first?.externalID == "1")
    }

    @Test("a number that is not finite is refused, not written as something else")
    func notFinite() {
        #expect(throws: FormatError.notFinite(item: "a/b.png")) {
            _ = try Self.json([Self.label(.box(.init(x: .nan, y: 0, width: 1, height: 1)))])
        }
    }

    @Test("a label of astronomic size is left out and spoils no other")
    func astronomic() throws {
        let far = 1.5e308
        let triangle: [Double] = [-far, 0, far, far, 0, -far]
        let (json, report) = try Self.json([
            Self.label(.box(.init(x: 0, y: 0, width: far, height: far))),
            Self.label(.polygon([[triangle]])),
            Self.label(.polygon([[triangle, [0, 0, 1, 1, 1, 0]]])),
            Self.label(
                .rotatedBox(.init(centerX: far, centerY: 0, width: far, height: 1, angle: far))),
            Self.label(.box(.init(x: 0, y: 0, width: 1, height: 1))),
        ])
        #expect(report.annotations + report.skipped == 5)
        #expect(report.annotations >= 1)
        #expect(json["annotations"]?.array?.count == report.annotations)
    }

    @Test("random boxes, polygons, masks and keypoints come back as they were")
    func roundTrip() throws {
        var generator = SeededGenerator(seed: 21)
        let record = ClassRecord(
            name: "open", parent: "defect", keypoints: ["a", "b", "c"],
            skeleton: [[1, 2], [2, 3]], number: 1)
        var labels: [LabelRecord] = []
        while labels.count < 500 {
            let selector = RandomSelectors.selector(&generator)
            switch selector {
            case .polygon(let parts) where parts.contains(where: { $0.count > 1 }): continue
            case .mask(let mask) where mask.width != 5 || mask.height != 4: continue
            case .keypoints(let points)
            where points.count != 3 || points.allSatisfy({ $0.visibility == .absent }): continue
            case .box, .polygon, .mask, .keypoints: break
            default: continue
            }
            var label = Self.label(selector, RandomSelectors.fields(&generator))
            label.externalID = "e\(labels.count)"
            label.confidence =
                Bool.random(using: &generator) ? Double.random(in: 0...1, using: &generator) : nil
            if case .mask = selector { label.attributes["iscrowd"] = .bool(true) }
            labels.append(label)
        }
        let (files, report) = try written(
            "coco", classes: [record], items: [Self.item], labels: labels)
        #expect(report.annotations == labels.count)
        let reading = try Reading(
            "coco", [InputFile(name: "x", bytes: try #require(files["coco.json"]))])
        #expect(reading.skips.isEmpty, "\(reading.firstSkip)")
        #expect(reading.classes == [record])
        // The class has one skeleton, so a box around keypoints is written for them; it equals theirs.
        #expect(reading.labels == labels)
        let second = try written(
            "coco", classes: reading.classes, items: reading.items, labels: reading.labels)
        #expect(second.files == files)
    }
}
