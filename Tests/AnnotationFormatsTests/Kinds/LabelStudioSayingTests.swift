import AnnotationModel
import LabelText
import Testing

@testable import AnnotationFormats

/// What annotators say of a region beside its labels.
@Suite("Label Studio's answers")
struct LabelStudioSayingTests {
    private static func result(
        _ type: String, _ from: String, _ value: String, id: String = "r", more: String = ""
    ) -> String {
        """
        {"id": "\(id)", "type": "\(type)", "from_name": "\(from)", "to_name": "image",
         "original_width": 200, "original_height": 100, \(more) "value": {\(value)}}
        """
    }

    private static func read(_ results: [String]) throws -> Reading {
        let text = """
            [{"id": 1, "data": {"image": "a.jpg"}, "annotations": [{"id": 1, "completed_by": 7,
            "result": [\(results.joined(separator: ","))]}]}]
            """
        return try Reading("label-studio", [textFile("a.json", text)])
    }

    private static func results(_ reading: Reading) throws -> [JSONValue] {
        let (files, _) = try written("label-studio", items: reading.items, labels: reading.labels)
        let json = try JSONValue(
            parsing: String(decoding: files["label-studio.json"] ?? [], as: UTF8.self))
        return json.array?.first?["annotations"]?.array?.first?["result"]?.array ?? []
    }

    private static let place = #""x": 10, "y": 20, "width": 30, "height": 10, "rotation": 0"#

    @Test("what is said of a region is an attribute, and leaves as the same control's result")
    func sayings() throws {
        let answers = [
            ("textarea", "transcription", #""text": ["Total 42"]"#),
            ("choices", "state", #""choices": ["occluded", "blurred"]"#),
            ("choices", "one", #""choices": ["yes"]"#), ("number", "count", #""number": 3"#),
            ("rating", "stars", #""rating": 4"#),
            ("taxonomy", "kind", #""taxonomy": [["a", "b"]]"#),
            ("taxonomy", "kinds", #""taxonomy": [["a", "b"], ["c"]]"#),
            ("datetime", "when", #""datetime": "2026-01-02""#),
        ]
        for shape in [
            [
                Self.result(
                    "rectanglelabels", "label", Self.place + #", "rectanglelabels": ["Car"]"#)
            ],
            [
                Self.result("rectangle", "bbox", Self.place),
                Self.result("labels", "what", Self.place + #", "labels": ["Car"]"#),
            ],
        ] {
            let first = try Self.read(
                shape + answers.map { Self.result($0.0, $0.1, Self.place + ", " + $0.2) })
            #expect(first.labels.map(\.className) == ["Car"])
            #expect(first.labels[0].attributes["transcription"] == .text("Total 42"))
            #expect(
                first.labels[0].attributes["state"]
                    == .array([.text("occluded"), .text("blurred")]))
            let found = try Self.results(first)
            #expect(Set(found.compactMap { $0["id"]?.string }) == ["r1"])
            #expect(found.allSatisfy { $0["countermark"] == nil })
            for (type, name, value) in answers {
                let own = found.filter { $0["from_name"]?.string == name }
                #expect(own.map { $0["type"]?.string } == [type])
                let expected = try JSONValue(parsing: "{\(Self.place), \(value)}")
                for (member, json) in [String: JSONValue](
                    uniqueKeysWithValues: expected.members)
                {
                    let back = own.first?["value"]?[member]
                    #expect(back == json || back?.double == json.double, "\(name).\(member)")
                }
            }
            #expect(
                found.prefix(shape.count).map { $0["type"]?.string }
                    == (shape.count == 1 ? ["rectanglelabels"] : ["rectangle", "labels"]))
            if shape.count == 2 {
                #expect(found.prefix(2).map { $0["from_name"]?.string } == ["bbox", "what"])
            }
            let again = try Self.read(found.map(\.text))
            #expect(again.labels.map(\.attributes) == first.labels.map(\.attributes))
        }
    }

    @Test("two results of one control are one answer, and a note of a region is its meta")
    func joined() throws {
        let reading = try Self.read([
            Self.result(
                "rectanglelabels", "label", Self.place + #", "rectanglelabels": ["Car"]"#,
                more: #""meta": {"text": ["look here"]},"#),
            Self.result("textarea", "t", #""text": ["a"]"#),
            Self.result("textarea", "t", #""text": ["b"]"#),
        ])
        #expect(reading.labels[0].attributes["t"] == .array([.text("a"), .text("b")]))
        let found = try Self.results(reading)
        #expect(found.count == 2)
        #expect(found.first?["meta"]?["text"]?.array == [.string("look here")])
    }

    @Test("what one person chose of one control is one result, and comes back under the same ids")
    func choices() throws {
        let reading = try Self.read([
            Self.result("choices", "c", #""choices": ["A", "B"]"#),
            Self.result("choices", "d", #""choices": ["A"]"#, id: "s"),
        ])
        #expect(reading.labels.map(\.externalID) == ["1/1/r/0", "1/1/r/1", "1/1/s"])
        let found = try Self.results(reading)
        #expect(
            found.map { $0["value"]?["choices"]?.array } == [
                [.string("A"), .string("B")], [.string("A")],
            ])
        #expect(found.map { $0["from_name"]?.string } == ["c", "d"])
        let output = Places()
        _ = try FormatRegistry.format(named: "label-studio").write(
            LabelSource(items: reading.items, annotations: reading.labels), to: output,
            options: WriteOptions())
        let again = try Reading("label-studio", [InputFile(name: "a.json", bytes: output.bytes)])
        #expect(again.labels.map(\.externalID) == output.places)
        #expect(again.labels.map(\.className) == ["A", "B", "A"])
        #expect(again.labels.map(\.attributes) == reading.labels.map(\.attributes))
    }

    @Test("choices of others, of models and of another certainty stay apart")
    func apart() throws {
        let label = LabelRecord(item: "a.jpg", className: "A", selector: .wholeItem)
        var (second, third, fourth, fifth) = (label, label, label, label)
        (second.className, second.author) = ("B", "kim")
        (third.className, third.confidence) = ("C", 0.5)
        (fourth.className, fourth.source) = ("D", "model:m")
        fifth.className = "A"
        let labels = [label, second, third, fourth, fifth]
        let (files, report) = try written(
            "label-studio", items: [ItemRecord(key: "a.jpg")], labels: labels)
        #expect(report.annotations == 5)
        let text = String(decoding: files["label-studio.json"] ?? [], as: UTF8.self)
        #expect(text.split(separator: "\"choices\":[").count == 6)
    }

    /// Keeps one file and the ids that its labels will have.
    private final class Places: FormatOutput {
        var bytes: [UInt8] = []
        var places: [String] = []
        func begin(_ path: String) {}
        func write(_ more: [UInt8]) { bytes += more }
        func end() {}
        func labelWritten(as externalID: String) { places.append(externalID) }
    }
}
