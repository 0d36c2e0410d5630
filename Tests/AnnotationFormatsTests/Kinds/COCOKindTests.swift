import AnnotationFormats
import AnnotationModel
import LabelText
import Testing

@testable import AnnotationFormats

/// What evaluation programs ask of COCO files.
@Suite("COCO's people, categories and addresses")
struct COCOKindTests {
    private static func file(_ annotations: String, categories: String, images: String? = nil)
        -> String
    {
        """
        {"images": [\(images ?? "{\"id\": 1, \"file_name\": \"a.jpg\", \"width\": 64, \"height\": 48}")],
         "categories": [\(categories)], "annotations": [\(annotations)]}
        """
    }

    private static let person =
        "{\"id\": 1, \"name\": \"person\", \"keypoints\": [\"n\", \"l\", \"r\"], \"skeleton\": []}"

    @Test("a person without visible points still has points, which programs count")
    func unseen() throws {
        let text = Self.file(
            """
            {"id": 3, "image_id": 1, "category_id": 1, "bbox": [1, 2, 3, 4], "area": 3, "iscrowd": 0,
             "keypoints": [0, 0, 0, 0, 0, 0, 0, 0, 0], "num_keypoints": 0}
            """, categories: Self.person)
        let reading = try Reading("coco", text: text)
        #expect(
            reading.labels.map(\.selector) == [.box(.init(x: 1, y: 2, width: 3, height: 4))])
        let (files, report) = try written(
            "coco", classes: reading.classes, items: reading.items, labels: reading.labels)
        #expect(report.losses.isEmpty)
        let json = try JSONValue(parsing: try #require(files.sortedByKey().first?.value))
        let annotation = json["annotations"]?.array?.first
        #expect(annotation?["num_keypoints"]?.integer == 0)
        #expect(annotation?["keypoints"]?.array?.count == 9)
        #expect(annotation?["bbox"]?.doubles == [1, 2, 3, 4])
        #expect(annotation?["area"]?.double == 3)
    }

    @Test("two categories of one name are said")
    func doubled() throws {
        let reading = try Reading(
            "coco",
            text: Self.file(
                "", categories: "{\"id\": 1, \"name\": \"car\"}, {\"id\": 2, \"name\": \"car\"}"))
        #expect(reading.notes.contains { $0.why.contains("also the name of category 1") })
    }

    @Test("a label without a place is one of the whole image, and said; a caption has no category")
    func placeless() throws {
        let reading = try Reading(
            "coco",
            text: Self.file(
                """
                {"id": 1, "image_id": 1, "category_id": 1, "bbox": []},
                {"id": 2, "image_id": 1, "caption": "two boats"}
                """, categories: Self.person))
        #expect(reading.labels.map(\.selector) == [.wholeItem, .wholeItem])
        #expect(reading.notes.contains { $0.why.contains("whole image") }, "\(reading.notes)")
        var labels = reading.labels
        // As the dataset calls what has no class.
        labels[1].className = "-"
        let (files, _) = try written(
            "coco", classes: reading.classes, items: reading.items, labels: [labels[1]])
        let json = try JSONValue(parsing: try #require(files.sortedByKey().first?.value))
        #expect(json["categories"]?.array?.compactMap { $0["name"]?.string } == ["person"])
        #expect(json["annotations"]?.array?.first?["category_id"] == nil)
    }

    @Test("LVIS names pictures by their addresses")
    func addresses() throws {
        let reading = try Reading(
            "coco",
            text: Self.file(
                "{\"id\": 1, \"image_id\": 7, \"category_id\": 1, \"bbox\": [1, 2, 3, 4]}",
                categories: Self.person,
                images: "{\"id\": 7, \"coco_url\": \"http://images.example/val2017/007.jpg\"}"))
        #expect(reading.labels.map(\.item) == ["val2017/007.jpg"])
    }

    @Test("panoptic files keep the numbers of images and categories")
    func panoptic() throws {
        let items = [("z.jpg", 139), ("a.jpg", 22), ("new.jpg", 0)].map { key, id in
            ItemRecord(
                key: key,
                fields: ["width": .integer(4), "height": .integer(3)].merging(
                    id > 0 ? ["coco.id": FieldValue.integer(Int64(id))] : [:]
                ) { $1 })
        }
        let labels = items.map {
            LabelRecord(
                item: $0.key, className: "banner",
                selector: .mask(.init(width: 4, height: 3, counts: [2, 4, 6])))
        }
        let classes = [("person", 1), ("car", 3), ("banner", 92)].map {
            ClassRecord(name: $0, number: Int64($1))
        }
        let (files, _) = try written(
            "coco-panoptic", classes: classes, items: items, labels: labels)
        let json = try JSONValue(parsing: try #require(files["panoptic.json"]))
        #expect(json["images"]?.array?.compactMap { $0["id"]?.integer } == [139, 22, 1])
        #expect(json["categories"]?.array?.compactMap { $0["id"]?.integer } == [1, 3, 92])
        let segments = (json["annotations"]?.array ?? []).compactMap {
            $0["segments_info"]?.array?.first?["category_id"]?.integer
        }
        #expect(segments == [92, 92, 92])
        // Of an own export the number that was made up says nothing; somebody else's does.
        let inputs = files.map { InputFile(name: $0.key, bytes: $0.value) }
        let back = try Reading("coco-panoptic", inputs)
        #expect(back.items.allSatisfy { $0.fields["coco.id"] == nil })
        let foreign = String(decoding: files["panoptic.json"] ?? [], as: UTF8.self)
            .replacing(COCOWriter.description, with: "somebody")
        let others =
            inputs.filter { $0.name != "panoptic.json" } + [
                InputFile(name: "panoptic.json", bytes: Array(foreign.utf8))
            ]
        let theirs = try Reading("coco-panoptic", others)
        #expect(
            theirs.items.map { $0.fields["coco.id"] } == [.integer(139), .integer(22), .integer(1)])
    }
}
