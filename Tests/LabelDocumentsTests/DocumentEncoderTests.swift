import AnnotationModel
import LabelDocuments
import LabelText
import Testing

@Suite("Encoding of documents")
struct DocumentEncoderTests {
    private struct Numbers: Document {
        let int: Int?
        let int8: Int8?
        let int16: Int16?
        let int32: Int32?
        let int64: Int64?
        let uint: UInt?
        let uint8: UInt8?
        let uint16: UInt16?
        let uint32: UInt32?
        let uint64: UInt64?
        let double: Double?
        let float: Float?
        let bool: Bool?
        let text: String?
        let value: JSONValue?
        let list: [Int]?
    }

    @Test("nil of every type is written as null")
    func nils() throws {
        let none = Numbers(
            int: nil, int8: nil, int16: nil, int32: nil, int64: nil, uint: nil, uint8: nil,
            uint16: nil, uint32: nil, uint64: nil, double: nil, float: nil, bool: nil, text: nil,
            value: nil, list: nil)
        let names = [
            "bool", "double", "float", "int", "int16", "int32", "int64", "int8", "list", "text",
            "uint", "uint16", "uint32", "uint64", "uint8", "value",
        ]
        let expected = "{" + names.map { "\"\($0)\":null" }.joined(separator: ",") + "}"
        #expect(try DocumentEncoder.text(none) == expected)
    }

    @Test("numbers keep their values and show their types")
    func numbers() throws {
        let full = Numbers(
            int: .min, int8: -1, int16: -2, int32: -3, int64: .max, uint: 4, uint8: 5, uint16: 6,
            uint32: .max, uint64: .max, double: 1, float: 0.5, bool: true, text: "1",
            value: .double(2), list: [1])
        #expect(
            try DocumentEncoder.text(full)
                == "{\"bool\":true,\"double\":1.0,\"float\":0.5,\"int\":-9223372036854775808,"
                + "\"int16\":-2,\"int32\":-3,\"int64\":9223372036854775807,\"int8\":-1,\"list\":[1],"
                + "\"text\":\"1\",\"uint\":4,\"uint16\":6,\"uint32\":4294967295,"
                + "\"uint64\":18446744073709551615,\"uint8\":5,\"value\":2.0}")
    }

    private struct Members: Document {
        @OmittedIfNil var rare: Int?
        var fields: [String: JSONValue]
        var list: [String?]
    }

    @Test("a member of some cases only is absent where it is nil")
    func absent() throws {
        #expect(
            try DocumentEncoder.text(Members(rare: nil, fields: [:], list: []))
                == "{\"fields\":{},\"list\":[]}")
        #expect(
            try DocumentEncoder.text(Members(rare: 3, fields: [:], list: [nil, "a"]))
                == "{\"fields\":{},\"list\":[null,\"a\"],\"rare\":3}")
    }

    @Test("names ascend by their bytes")
    func order() throws {
        let names = ["é", "z", "e\u{301}", "Z", "\u{1F600}", "\u{FF5E}", ""]
        let fields = Dictionary(
            names.enumerated().map { ($1, JSONValue.integer(Int64($0))) },
            uniquingKeysWith: { first, _ in first })
        let text = try DocumentEncoder.text(Members(rare: nil, fields: fields, list: []))
        let written = try JSONValue(parsing: text)["fields"]
        guard case .object(let members)? = written else {
            Issue.record("no object")
            return
        }
        let sorted = members.keys.sortedByBytes()
        #expect(
            text
                == "{\"fields\":{"
                + sorted.map { "\"\($0)\":\(members[$0]?.text ?? "")" }.joined(
                    separator: ",") + "},\"list\":[]}")
    }

    @Test("values of fields are written as jsonl files have them")
    func values() {
        let bytes = JSONValue(.bytes([0, 255]))
        #expect(bytes.text == "{\"$bytes\":\"00ff\"}")
        #expect(JSONValue(.map(["$bytes": .text("00")])).text == "{\"$map\":{\"$bytes\":\"00\"}}")
        #expect(JSONValue(.map(["$map": .null])).text == "{\"$map\":{\"$map\":null}}")
        #expect(
            JSONValue(.map(["a": .array([.float(1), .integer(1)])])).text == "{\"a\":[1.0,1]}")
        #expect(JSONValue(nil as FieldValue?).text == "null")
        #expect(JSONValue(.float(.nan)).text == "null")
        var writer = JSONWriter()
        let map = FieldValue.map(["$map": .bytes([1]), "b": .bool(true)])
        FieldValueJSON.write(map, to: &writer)
        #expect(JSONValue(map).text == String(decoding: writer.bytes, as: UTF8.self))
    }
}
