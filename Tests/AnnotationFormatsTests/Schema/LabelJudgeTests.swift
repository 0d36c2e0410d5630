import AnnotationFormats
import AnnotationModel
import LabelSchema
import Testing

@Suite("Judging labels by a schema")
struct LabelJudgeTests {
    static let text = """
        {"schemaVersion": 1,
         "classes": [
          {"name": "defect", "abstract": true, "selectors": ["box", "polygon"],
           "attributes": [{"name": "severity", "type": "integer", "minimum": 1, "maximum": 5,
                           "required": true}]},
          {"name": "short", "parent": "defect"},
          {"name": "open", "parent": "defect", "selectors": ["box"],
           "attributes": [{"name": "severity", "type": "text", "enum": ["low", "high"]}]},
          "part"],
         "attributes": [
          {"name": "checked", "type": "bool"},
          {"name": "width", "type": "float", "unit": "mm", "minimum": 0, "classes": ["defect"]}],
         "selectors": {"image/*": ["box", "mask"], "image/svg+xml": ["graph"]},
         "mappings": {"bridge": "solder", "solder": "short", "base": "defect"}}
        """

    let judge: LabelJudge

    init() throws { judge = LabelJudge(try LabelSchema(parsing: Self.text)) }

    private func codes(
        _ name: String, _ attributes: [String: FieldValue] = [:],
        _ shape: Selector = .box(.init(x: 0, y: 0, width: 1, height: 1)), of type: String? = nil
    ) -> [String] {
        let label = LabelRecord(
            item: "i", className: name, selector: shape, attributes: attributes)
        let found = judge.check(label, mediaType: type)
        var fields = [String: FieldValue](
            uniqueKeysWithValues: attributes.map { (Field.attribute($0.key).name, $0.value) })
        fields["confidence"] = 0.5
        fields["externalID"] = "x"
        // The label table's form of the label gets the same verdict.
        #expect(
            judge.check(
                className: name, kind: shape.kind, fields: fields, mediaType: type) == found)
        return found.map { "\($0.code) \($0.subject)" }
    }

    @Test("a label that fits has no problems")
    func fits() {
        #expect(codes("short", ["severity": 5, "checked": true, "width": 0.5]).isEmpty)
        #expect(codes("short", ["severity": 1, "width": 2]).isEmpty)
        #expect(codes("open", ["severity": "low"]).isEmpty)
        #expect(codes("part", ["checked": false]).isEmpty)
        #expect(codes("part", [:], .wholeItem).isEmpty)
    }

    @Test("a class that is unknown or abstract does not fit")
    func classes() {
        #expect(codes("ghost", ["what": 1]) == ["unknown-class ghost"])
        #expect(codes("", [:]) == ["unknown-class "])
        #expect(codes("Short") == ["unknown-class Short"])
        #expect(codes("defect", ["severity": 2]) == ["abstract-class defect"])
        #expect(codes("base", ["severity": 2]) == ["abstract-class base"])
    }

    @Test("a label under an old name is judged as the class that stands for it")
    func mappings() {
        #expect(codes("bridge", ["severity": 5]).isEmpty)
        #expect(codes("solder", ["severity": 6]) == ["out-of-range severity"])
    }

    @Test("attributes have their type, range and values, and the nearest definition counts")
    func attributes() {
        #expect(codes("short") == ["missing-attribute severity"])
        #expect(codes("short", ["severity": .null]) == ["missing-attribute severity"])
        #expect(codes("short", ["severity": 0]) == ["out-of-range severity"])
        #expect(codes("short", ["severity": 2.0]) == ["wrong-type severity"])
        #expect(codes("short", ["severity": "2"]) == ["wrong-type severity"])
        #expect(codes("short", ["severity": 2, "width": -0.1]) == ["out-of-range width"])
        #expect(codes("part", ["width": 1]) == ["unknown-attribute width"])
        #expect(codes("part", ["checked": 1]) == ["wrong-type checked"])
        #expect(codes("open", ["severity": "mid"]) == ["not-in-enum severity"])
        #expect(codes("open").isEmpty)
        #expect(
            codes("open", ["severity": 1, "b": 1, "a": 1])
                == ["unknown-attribute a", "unknown-attribute b", "wrong-type severity"])
    }

    @Test("selectors fit the class and the item's media type, the narrowest pattern first")
    func selectors() {
        let ring: Selector = .polygon([[[0, 0, 1, 0, 1, 1]]])
        #expect(codes("short", ["severity": 1], ring).isEmpty)
        #expect(codes("open", [:], ring) == ["selector-of-class open"])
        #expect(
            codes("short", ["severity": 1], ring, of: "image/png")
                == ["selector-of-media-type image/png"])
        #expect(codes("part", [:], ring, of: "text/plain").isEmpty)
        let element: Selector = .graph(kind: "entity", elements: ["1"])
        #expect(codes("part", [:], element, of: "Image/SVG+xml; charset=utf-8").isEmpty)
        #expect(codes("part", [:], element, of: "image/png").count == 1)
    }

    @Test("a part that a schema leaves out restricts nothing")
    func open() throws {
        let label = LabelRecord(
            item: "i", className: "any", selector: .wholeItem,
            attributes: ["a": .array([.text("x")])])
        func problems(_ text: String) throws -> Int {
            let schema = try LabelSchema(parsing: text)
            let found = LabelJudge(schema).check(label, mediaType: "image/png").count
            #expect(!schema.isUnrestricted || found == 0)
            return found
        }
        #expect(try problems("{}") == 0)
        #expect(try problems("{\"schemaVersion\":1,\"title\":\"t\"}") == 0)
        #expect(try problems("{\"schemaVersion\":1,\"classes\":[\"any\"]}") == 0)
        #expect(try problems("{\"schemaVersion\":1,\"classes\":[]}") == 1)
        #expect(try problems("{\"schemaVersion\":1,\"attributes\":[]}") == 1)
        #expect(
            try problems("{\"schemaVersion\":1,\"attributes\":[],\"additionalAttributes\":true}")
                == 0)
    }

    @Test("a name finds the class that somebody meant, or none")
    func suggestions() throws {
        let finder = ClassFinder(
            try LabelSchema(
                parsing: """
                    {"schemaVersion": 1, "classes": ["open_circuit", "short",
                     {"name": "mouse bite", "synonyms": ["nibble"]}, "spur", "spurs",
                     {"name": "flaw", "abstract": true}],
                     "mappings": {"bridge": "short"}}
                    """))
        #expect(finder.suggestion(for: "Open-Circuit") == "open_circuit")
        #expect(finder.suggestion(for: "SHORT") == "short")
        #expect(finder.suggestion(for: "Nibble") == "mouse bite")
        #expect(finder.suggestion(for: "Bridge") == "short")
        #expect(finder.suggestion(for: "opne circuit") == "open_circuit")
        #expect(finder.suggestion(for: "nible") == "mouse bite")
        #expect(finder.suggestion(for: "scratch") == nil)
        #expect(finder.suggestion(for: "flaw") == nil)
        // As near to "spur" as to "spurs".
        #expect(finder.suggestion(for: "spurz") == nil)
        #expect(finder.suggestion(for: "--") == nil)
    }
}
