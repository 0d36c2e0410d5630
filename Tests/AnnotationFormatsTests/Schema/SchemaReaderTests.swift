import AnnotationFormats
import AnnotationModel
import LabelSchema
import LabelText
import Testing

@Suite("Label schemas as text")
struct SchemaReaderTests {
    static func error(_ text: String) -> SchemaError? {
        do throws(SchemaError) {
            _ = try LabelSchema(parsing: text, file: "s.json")
            return nil
        } catch {
            return error
        }
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let text: String
        let reason: SchemaError.Reason
        let path: String
        let column: Int
        var line = 1
        var testDescription: String { "\(path): \(text)" }

        init(
            _ text: String, _ reason: SchemaError.Reason, _ path: String, _ column: Int,
            line: Int = 1
        ) {
            (self.text, self.reason, self.path) = (text, reason, path)
            (self.column, self.line) = (column, line)
        }

        /// A schema of these members besides the version, which takes the first line.
        static func of(
            _ members: String, _ reason: SchemaError.Reason, _ path: String, _ column: Int
        ) -> Case {
            Case("{\"schemaVersion\":1,\n\(members)}", reason, path, column, line: 2)
        }
    }

    static let malformed: [Case] = [
        Case("{", .json(.unexpectedEnd), "", 2),
        Case("[]", .wrongKind(expected: "an object", found: "a list"), "", 1),
        Case("{}}", .json(.trailingData), "", 3),
        Case("{\"a\":1,\"a\":2}", .json(.duplicateKey("a")), "", 9),
        Case("{\"title\":\"t\"}", .missingMember("schemaVersion"), "", 1),
        Case("{\"schemaVersion\":2}", .unknownVersion(2, known: 1), "schemaVersion", 2),
        Case(
            "{\"schemaVersion\":\"1\"}", .wrongKind(expected: "a whole number", found: "text"),
            "schemaVersion", 2),
        .of("\"titel\":\"\"", .unknownMember("titel", nearest: "title"), "titel", 1),
        .of("\"title\":7", .wrongKind(expected: "text", found: "a whole number"), "title", 1),
        .of("\"classes\":{}", .wrongKind(expected: "a list", found: "an object"), "classes", 1),
        .of(
            "\"classes\":[1]", .wrongKind(expected: "an object", found: "a whole number"),
            "classes[0]", 12),
        .of("\"classes\":[{}]", .missingMember("name"), "classes[0]", 12),
        .of("\"classes\":[\"\"]", .badName(""), "classes[0]", 12),
        .of("\"classes\":[\" a\"]", .badName(" a"), "classes[0]", 12),
        .of("\"classes\":[\"a\\u0007\"]", .badName("a\u{7}"), "classes[0]", 12),
        .of(
            "\"classes\":[{\"name\":\"a\",\"colour\":\"#00ff00\"}]",
            .unknownMember("colour", nearest: "color"), "classes[0].colour", 24),
        .of(
            "\"classes\":[{\"name\":\"a\",\"color\":\"red\"}]", .badColor("red"),
            "classes[0].color", 24),
        .of(
            "\"classes\":[{\"name\":\"a\",\"abstract\":0}]",
            .wrongKind(expected: "true or false", found: "a whole number"),
            "classes[0].abstract", 24),
        .of(
            "\"classes\":[{\"name\":\"a\",\"selectors\":[\"pixel\"]}]",
            .unknownWord("pixel", what: "kind of selector", nearest: nil),
            "classes[0].selectors[0]", 37),
        .of(
            "\"classes\":[{\"name\":\"a\",\"selectors\":[\"polygn\"]}]",
            .unknownWord("polygn", what: "kind of selector", nearest: "polygon"),
            "classes[0].selectors[0]", 37),
        .of(
            "\"attributes\":[{\"name\":\"a\",\"type\":\"number\"}]",
            .unknownWord("number", what: "type of attribute", nearest: nil),
            "attributes[0].type", 27),
        .of("\"attributes\":[{\"name\":\"a\"}]", .missingMember("type"), "attributes[0]", 15),
        .of("\"attributes\":[{\"type\":\"bool\"}]", .missingMember("name"), "attributes[0]", 15),
        .of(
            "\"attributes\":[{\"name\":\"a\",\"type\":\"float\",\"min\":1}]",
            .unknownMember("min", nearest: nil), "attributes[0].min", 42),
        .of(
            "\"attributes\":[{\"name\":\"a\",\"type\":\"float\",\"minimum\":\"1\"}]",
            .wrongKind(expected: "a number", found: "text"), "attributes[0].minimum", 42),
        .of(
            "\"attributes\":[{\"name\":\"a\",\"type\":\"text\",\"enum\":[true]}]",
            .wrongKind(expected: "text or a number", found: "true or false"),
            "attributes[0].enum[0]", 49),
        .of(
            "\"classes\":[{\"name\":\"a\",\"attributes\":[{\"name\":\"b\",\"type\":\"bool\","
                + "\"classes\":[\"a\"]}]}]",
            .unknownMember("classes", nearest: nil), "classes[0].attributes[0].classes", 64),
        .of("\"selectors\":{\"image\":[\"box\"]}", .badMediaType("image"), "selectors.image", 14),
        .of(
            "\"selectors\":{\"image/*\":\"box\"}",
            .wrongKind(expected: "a list", found: "text"), "selectors.image/*", 14),
        .of("\"mappings\":{\"\":\"a\"}", .badName(""), "mappings.", 13),
        .of(
            "\"mappings\":{\"a\":null}", .wrongKind(expected: "text", found: "null"), "mappings.a",
            13),
    ]

    @Test("a malformed member is refused with its place", arguments: malformed)
    func malformedMembers(_ entry: Case) throws {
        let found = try #require(Self.error(entry.text))
        #expect(found.reason == entry.reason)
        #expect(found.path == entry.path)
        #expect(found.position.line == entry.line)
        #expect(found.position.column == entry.column)
        #expect(found.file == "s.json")
    }
}
