import AnnotationFormats
import AnnotationModel
import LabelSchema
import LabelText
import Testing

@Suite("Label schemas that contradict themselves")
struct SchemaConsistencyTests {
    typealias Case = SchemaReaderTests.Case

    static let cases: [Case] = [
        .of("\"classes\":[\"a\",\"a\"]", .duplicate(what: "class", name: "a"), "classes[1]", 16),
        .of(
            "\"classes\":[\"short\",{\"name\":\"b\",\"parent\":\"shrt\"}]",
            .unknownClass("shrt", nearest: "short"), "classes[1].parent", 32),
        .of(
            "\"classes\":[{\"name\":\"a\",\"parent\":\"b\"},{\"name\":\"b\",\"parent\":\"a\"}]",
            .cycle(what: "parents", names: ["a", "b", "a"]), "classes[0].parent", 24),
        .of(
            "\"classes\":[{\"name\":\"a\",\"parent\":\"a\"}]",
            .cycle(what: "parents", names: ["a", "a"]), "classes[0].parent", 24),
        .of(
            "\"classes\":[{\"name\":\"a\",\"synonyms\":[\"b\"]},\"b\"]",
            .nameTaken(what: "synonym", name: "b", by: "a class"), "classes[0].synonyms[0]", 36),
        .of(
            "\"classes\":[{\"name\":\"a\",\"synonyms\":[\"x\"]},{\"name\":\"b\",\"synonyms\":[\"x\"]}]",
            .nameTaken(what: "synonym", name: "x", by: "a synonym of \"a\""),
            "classes[1].synonyms[0]", 66),
        .of(
            "\"classes\":[{\"name\":\"a\",\"synonyms\":[\"x\"]},\"b\"],\"mappings\":{\"x\":\"b\"}",
            .nameTaken(what: "synonym", name: "x", by: "mapped to \"b\""),
            "classes[0].synonyms[0]", 36),
        .of(
            "\"classes\":[{\"name\":\"a\",\"keypoints\":[\"p\",\"p\"]}]",
            .duplicate(what: "keypoint", name: "p"), "classes[0].keypoints[1]", 41),
        .of(
            "\"classes\":[{\"name\":\"a\",\"keypoints\":[\"p\",\"q\"],\"skeleton\":[[1,3]]}]",
            .badJoint(keypoints: 2), "classes[0].skeleton[0]", 58),
        .of(
            "\"classes\":[{\"name\":\"a\",\"skeleton\":[[1,1]]}]", .badJoint(keypoints: 0),
            "classes[0].skeleton[0]", 36),
        .of(
            "\"classes\":[{\"name\":\"a\",\"selectors\":[]}]",
            .badValue("[]", why: "permits nothing; leave it out"), "classes[0].selectors", 24),
        .of(
            "\"classes\":[{\"name\":\"a\",\"selectors\":[\"box\",\"box\"]}]",
            .duplicate(what: "kind of selector", name: "box"), "classes[0].selectors[1]", 43),
        .of(
            "\"selectors\":{\"image/*\":[\"box\"],\"IMAGE/*\":[\"mask\"]}",
            .duplicate(what: "media type", name: "image/*"), "selectors.image/*", 14),
        .of(
            "\"classes\":[\"a\"],\"mappings\":{\"a\":\"a\"}",
            .nameTaken(what: "mapped name", name: "a", by: "a class"), "mappings.a", 29),
        .of(
            "\"classes\":[\"short\"],\"mappings\":{\"x\":\"shorts\"}",
            .unknownClass("shorts", nearest: "short"), "mappings.x", 33),
        .of(
            "\"classes\":[\"a\"],\"mappings\":{\"x\":\"y\",\"y\":\"x\"}",
            .cycle(what: "mappings", names: ["x", "y", "x"]), "mappings.x", 29),
        attribute(
            "\"minimum\":1", type: "text", .notForType(member: "minimum", type: "text"), "minimum"),
        attribute(
            "\"maximum\":1", type: "bool", .notForType(member: "maximum", type: "bool"), "maximum"),
        attribute(
            "\"unit\":\"mm\"", type: "text", .notForType(member: "unit", type: "text"), "unit"),
        attribute("\"enum\":[1]", type: "bool", .notForType(member: "enum", type: "bool"), "enum"),
        attribute(
            "\"minimum\":1.5", type: "integer",
            .badValue("1.5", why: "is no value of the type integer"), "minimum"),
        attribute(
            "\"minimum\":3,\"maximum\":2", type: "float", .emptyRange(minimum: "3", maximum: "2"),
            "minimum"),
        attribute(
            "\"enum\":[]", type: "text", .badValue("[]", why: "permits nothing; leave it out"),
            "enum"),
        attribute(
            "\"enum\":[\"1\"]", type: "integer",
            .badValue("\"1\"", why: "is no value of the type integer"), "enum[0]", 8),
        attribute(
            "\"enum\":[5],\"maximum\":4", type: "integer",
            .badValue("5", why: "lies outside the range"), "enum[0]", 8),
        attribute(
            "\"enum\":[1,1.0]", type: "float", .duplicate(what: "permitted value", name: "1.0"),
            "enum[1]", 10),
        .of(
            "\"attributes\":[{\"name\":\"b\",\"type\":\"bool\"},{\"name\":\"b\",\"type\":\"text\"}]",
            .duplicate(what: "attribute", name: "b"), "attributes[1].name", 43),
        .of(
            "\"classes\":[\"short\"],\"attributes\":[{\"name\":\"b\",\"type\":\"bool\","
                + "\"classes\":[\"shot\"]}]",
            .unknownClass("shot", nearest: "short"), "attributes[0].classes[0]", 72),
    ]

    /// One attribute "a"; the place of its third member is known, or lies further on in it.
    static func attribute(
        _ members: String, type: String, _ reason: SchemaError.Reason, _ path: String,
        _ further: Int = 0
    ) -> Case {
        let start = "\"attributes\":[{\"name\":\"a\",\"type\":\"\(type)\","
        return .of(
            start + members + "}]", reason, "attributes[0].\(path)", start.utf8.count + 1 + further)
    }

    @Test("a contradiction is refused with its place", arguments: cases)
    func contradictions(_ entry: Case) throws {
        let found = try #require(SchemaReaderTests.error(entry.text))
        #expect(found.reason == entry.reason)
        #expect(found.path == entry.path)
        #expect([found.position.line, found.position.column] == [2, entry.column])
    }

    private func reason(_ members: String) -> SchemaError.Reason? {
        SchemaReaderTests.error("{\"schemaVersion\":1,\(members)}")?.reason
    }

    @Test("limits hold at their edge")
    func limits() throws {
        let longest = String(repeating: "n", count: LabelSchema.nameBytesMax)
        #expect(reason("\"classes\":[\"\(longest)\"]") == nil)
        #expect(reason("\"classes\":[\"\(longest)n\"]") == .badName(longest + "n"))
        let text = String(repeating: "t", count: LabelSchema.descriptionBytesMax)
        #expect(reason("\"title\":\"\(text)\"") == nil)
        guard case .limit(_, text.count + 1, text.count)? = reason("\"title\":\"\(text)t\"") else {
            Issue.record("a title that is too long passed")
            return
        }
        let classes = (0..<LabelSchema.entriesMax).map { "\"c\($0)\"" }.joined(separator: ",")
        #expect(reason("\"classes\":[\(classes)]") == nil)
        let many = reason("\"classes\":[\(classes),\"one\"]")
        #expect(
            many
                == .limit(
                    what: "the number of classes", found: LabelSchema.entriesMax + 1,
                    max: LabelSchema.entriesMax))
        let points = (0...LabelSchema.membersMax).map { "\"p\($0)\"" }.joined(separator: ",")
        let keypoints = reason("\"classes\":[{\"name\":\"a\",\"keypoints\":[\(points)]}]")
        #expect(
            keypoints
                == .limit(
                    what: "the number of keypoints", found: LabelSchema.membersMax + 1,
                    max: LabelSchema.membersMax))
        let space = String(repeating: " ", count: LabelSchema.textBytesMax)
        #expect(SchemaReaderTests.error("{}" + space.dropFirst(2)) == nil)
        guard case .limit? = SchemaReaderTests.error("{}" + space.dropFirst(1))?.reason else {
            Issue.record("a text that is too long passed")
            return
        }
        let deep = String(repeating: "[", count: 70)
        #expect(SchemaReaderTests.error(deep)?.reason == .json(.tooDeep(limit: 64)))
    }

    @Test("the errors of a message name the file, the place and what to do")
    func message() {
        let error = SchemaReaderTests.error(
            "{\"schemaVersion\":1,\n\"classes\":[\"short\",{\"name\":\"b\",\"parent\":\"shrt\"}]}")
        #expect(
            error?.description
                == "s.json, line 2, column 32 (byte 51), in classes[1].parent: there is no class \"shrt\"; "
                + "did you mean \"short\"?")
    }
}
