import AnnotationModel
import Foundation
import LabelText
import Testing

@testable import AnnotationFormats

/// What is said of files, and what costs itself in them: with inputs of our own.
@Suite("Words for what files say, and skeletons")
struct WordKindTests {
    @Test(
        "a confidence on another scale costs itself in tables, not the label",
        arguments: ["jsonl", "csv"], ["1.5", "-0.1", "85", "\"high\"", "1", "0", "0.5"])
    func confidence(_ format: String, _ value: String) throws {
        let lines =
            format == "jsonl"
            ? "{\"item\":\"a\",\"class\":\"c\",\"selector\":{\"kind\":\"wholeItem\"},\"confidence\":\(value)}\n"
            : "item,class,selector,confidence\na,c,\"{\"\"kind\"\":\"\"wholeItem\"\"}\","
                + value.replacingOccurrences(of: "\"", with: "") + "\n"
        let reading = try Reading(format, text: lines)
        let label = try #require(reading.labels.first, "\(reading.firstSkip)")
        #expect(reading.skips.isEmpty)
        let number = Double(value)
        let isGood = number.map { (0...1).contains($0) } ?? false
        #expect(label.confidence == (isGood ? number : nil))
        #expect((label.attributes["confidence"] == nil) == isGood)
        #expect(reading.notes.contains { $0.why.hasPrefix("1 confidences") } == !isGood)
        // What was kept comes back as it is.
        let (files, _) = try written(format, items: [], labels: [label])
        let back = try Reading(format, files.map { InputFile(name: $0.key, bytes: $0.value) })
        #expect(back.labels == [label])
    }

    @Test("a confidence beside an attribute of its name takes another")
    func taken() throws {
        let reading = try Reading(
            "jsonl",
            text: #"{"item":"a","selector":{"kind":"wholeItem"},"confidence":2,"#
                + #""attributes":{"confidence":"sure"}}"#)
        let attributes = try #require(reading.labels.first?.attributes)
        #expect(attributes["confidence"] == .text("sure"))
        #expect(attributes["confidence_"]?.numberValue == 2)
    }

    @Test(
        "a text that begins like a word of JSON is not said to be one",
        arguments: ["not json", "nothing", "truer", "falsehood"])
    func notJSON(_ text: String) throws {
        let error = try #require(formatError("coco", text))
        guard case .json(_, let position, _, let reason) = error else {
            Issue.record("\(error)")
            return
        }
        #expect(position.offset == 0)
        #expect(reason.description == "'\(text.prefix(1))' where an object is expected")
        #expect(formatError("coco", "null")?.description.contains("null found") == true)
    }

    @Test("two names of one file that would be one item are both named", arguments: ["coco"])
    func bothNames(_ format: String) throws {
        let text = """
            {"images": [{"id": 1, "file_name": "x/a.jpg"}, {"id": 2, "file_name": "x/./a.jpg"},
            {"id": 3, "file_name": "/data/sub/a.jpg"}], "categories": [], "annotations": []}
            """
        let context = ReadContext(items: [ItemRecord(key: "sub/a.jpg")])
        let two = text.replacingOccurrences(of: "x/a.jpg", with: "a.jpg")
        #expect {
            _ = try Reading(
                format, [InputFile(name: "n.json", bytes: Array(two.utf8))], context: context)
        } throws: { error in
            let text = "\(error)"
            return text.contains("\"a.jpg\"") && text.contains("\"/data/sub/a.jpg\"")
        }
    }

    private static let skeleton = """
        {"categories": {"label": {"labels": [{"name": "person", "parent": ""},
        {"name": "nose", "parent": "person"}, {"name": "tail", "parent": "person"},
        {"name": "car", "parent": ""}]},
        "points": {"items": [{"label_id": 0, "labels": ["nose", "tail"], "joints": [[1, 2]]}]}},
        "items": [{"id": "a", "image": {"path": "a.jpg", "size": [9, 9]}, "annotations": [
        {"type": "skeleton", "label_id": 0, "attributes": {"posed": true}, "elements": [
        {"type": "points", "label_id": 2, "points": [3.5, 4], "visibility": [1],
         "attributes": {"sure": false}},
        {"type": "points", "label_id": 1, "points": [1, 2], "visibility": [2]}]},
        {"type": "bbox", "label_id": 3, "bbox": [1, 2, 3, 4]}]}]}
        """

    @Test("Datumaro's skeletons are read by the names of their points, and written again")
    func skeletons() throws {
        let reading = try Reading("datumaro", text: Self.skeleton, name: "default.json")
        #expect(reading.skips.isEmpty, "\(reading.firstSkip)")
        #expect(reading.classes.map(\.name) == ["person", "car"])
        let label = try #require(reading.labels.first)
        #expect(
            label.selector
                == .keypoints([
                    .init(x: 1, y: 2, visibility: .visible),
                    .init(x: 3.5, y: 4, visibility: .hidden),
                ]))
        #expect(label.attributes["tail.sure"] == .bool(false))
        let (files, report) = try written(
            "datumaro", classes: reading.classes, items: reading.items, labels: reading.labels)
        #expect(report.losses.isEmpty)
        let json = try JSONValue(parsing: try #require(files["annotations/default.json"]))
        let names = json["categories"]?["label"]?["labels"]?.array?.map { $0["name"]?.string }
        #expect(names == ["person", "nose", "tail", "car"])
        let first = json["items"]?.array?.first?["annotations"]?.array?.first
        #expect(first?["type"]?.string == "skeleton")
        #expect(first?["elements"]?.array?.compactMap { $0["label_id"]?.integer } == [1, 2])
        let back = try Reading(
            "datumaro", files.map { InputFile(name: $0.key, bytes: $0.value) })
        #expect(back.labels.map(\.selector) == reading.labels.map(\.selector))
        #expect(back.labels.map(\.attributes) == reading.labels.map(\.attributes))
        #expect(back.classes == reading.classes)
        // Points that were no skeleton stay what every version reads, and add nothing to the list.
        var plain = label
        plain.attributes["datumaro.skeleton"] = nil
        let (others, _) = try written(
            "datumaro", classes: reading.classes, items: reading.items, labels: [plain])
        let other = try JSONValue(parsing: try #require(others["annotations/default.json"]))
        #expect(other["categories"]?["label"]?["labels"]?.array?.count == 2)
    }

    @Test(
        "a skeleton that is none costs itself",
        arguments: [
            (#""label_id": 2,"#, #""label_id": 3,"#), (#""label_id": 2,"#, #""label_id": 1,"#),
            (#""label_id": 2,"#, #""label_id": 9,"#), ("[3.5, 4]", "[3.5]"), ("[1],", "[7],"),
        ])
    func badSkeleton(_ old: String, _ new: String) throws {
        let reading = try Reading(
            "datumaro", text: Self.skeleton.replacingOccurrences(of: old, with: new),
            name: "default.json")
        #expect(reading.labels.map(\.className) == ["car"])
        #expect(reading.skips.count == 1)
    }

    @Test("lists that number classes differently are named in an export")
    func numbers() throws {
        var table = ClassTable([ClassRecord(name: "car", number: 1)])
        table.add(ClassRecord(name: "bus", number: 2))
        table.add(ClassRecord(name: "bus", number: 1))
        table.add(ClassRecord(name: "car", number: 2))
        table.add(ClassRecord(name: "van", number: 2))
        #expect(table.records.map(\.number) == [1, 2, 2])
        #expect(table["car"]?.otherNumbers == [2])
        let items = [ItemRecord(key: "a.jpg", fields: table.fields ?? [:])]
        for format in ["coco", "yolo"] {
            let (_, report) = try written(format, items: items, labels: [])
            let note = try #require(report.notes.first { $0.contains("disagree") })
            #expect(note.contains("3 classes"))
            #expect(note.contains("\"car\" is 1") == (format == "coco"))
        }
        let agreed = ClassTable([ClassRecord(name: "car", number: 1)])
        #expect(agreed.disagreements(with: table.records).count == 0)
        #expect(agreed.disagreements(with: [ClassRecord(name: "bus", number: 1)]).count == 1)
    }
}
