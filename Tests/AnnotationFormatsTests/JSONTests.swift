import AnnotationFormats
import AnnotationModel
import LabelText
import Testing

@Suite("JSON from strangers")
struct JSONTests {
    static func reason(_ bytes: [UInt8]) -> JSONError.Reason? {
        do throws(JSONError) {
            _ = try JSONValue(parsing: bytes)
            return nil
        } catch {
            return error.reason
        }
    }

    static func reason(_ text: String) -> JSONError.Reason? { reason(Array(text.utf8)) }

    // The cases lie beside the package; without them this one test is skipped.
    @Test(
        "every case of the public test suite gets its verdict",
        .enabled(if: SharedFiles.exists(SharedFiles.jsonCases)))
    func publicCases() throws {
        let file = try InputFile(path: SharedFiles.jsonCases)
            .withBytes { try JSONValue(parsing: $0) }
        let cases = try #require(file.array)
        #expect(cases.count >= 200)
        for entry in cases {
            let id = try #require(entry["id"]?.string)
            var bytes: [UInt8] = []
            if let text = entry["base64"]?.string {
                bytes = base64Decoded(text)
            } else {
                for part in try #require(entry["repeat"]?.array) {
                    let pair = try #require(part.array)
                    let piece = base64Decoded(try #require(pair[0].string))
                    for _ in 0..<(try #require(pair[1].integer)) { bytes += piece }
                }
            }
            let isAccepted = Self.reason(bytes) == nil
            // The suite accepts duplicate keys; a text whose meaning depends on the parser is refused.
            let isDuplicate = id.contains("duplicated_key")
            switch entry["expect"]?.string {
            case "accept": #expect(isAccepted != isDuplicate, "\(id)")
            case "reject": #expect(!isAccepted, "\(id)")
            default: break
            }
        }
    }

    @Test("what another parser might read differently is refused with its reason")
    func refusals() {
        #expect(Self.reason("{\"a\":1,\"a\":2}") == .duplicateKey("a"))
        #expect(Self.reason("{\"a\":1,\"\\u0061\":2}") == .duplicateKey("a"))
        #expect(Self.reason([0xef, 0xbb, 0xbf, 0x31]) == .byteOrderMark)
        #expect(Self.reason([0x22, 0xff, 0x22]) == .invalidUTF8)
        #expect(Self.reason([0x22, 0xc0, 0x80, 0x22]) == .invalidUTF8)
        #expect(Self.reason([0x22, 0xed, 0xa0, 0x80, 0x22]) == .invalidUTF8)
        #expect(Self.reason("\"\\ud800\"") == .loneSurrogate)
        #expect(Self.reason("\"\\udc00\"") == .loneSurrogate)
        #expect(Self.reason("\"\\ud800\\u0041\"") == .loneSurrogate)
        #expect(Self.reason("NaN") == .notFinite)
        #expect(Self.reason("[-Infinity]") == .notFinite)
        #expect(Self.reason("[1e999]") == .numberOverflow)
        #expect(Self.reason("[-1e309]") == .numberOverflow)
        #expect(Self.reason("9223372036854775808") == .integerOverflow)
        #expect(Self.reason("-9223372036854775809") == .integerOverflow)
        #expect(Self.reason("01") == .badNumber)
        #expect(Self.reason("1.") == .badNumber)
        #expect(Self.reason("1 2") == .trailingData)
        #expect(Self.reason("[1") == .unexpectedEnd)
        #expect(Self.reason("") == .unexpectedEnd)
        #expect(Self.reason("\"a\u{1}\"") == .controlCharacter(1))
        #expect(Self.reason("\"\\x\"") == .badEscape)
        #expect(Self.reason("\"\\") == .unexpectedEnd)
        #expect(Self.reason("1" + String(repeating: "0", count: 2_000) + ".5") != nil)
    }

    @Test("sixty-four levels are read, sixty-five are not")
    func depth() {
        func nested(_ levels: Int) -> String {
            String(repeating: "[", count: levels) + String(repeating: "]", count: levels)
        }
        #expect(Self.reason(nested(64)) == nil)
        #expect(Self.reason(nested(65)) == .tooDeep(limit: 64))
        #expect(Self.reason(String(repeating: "{\"a\":", count: 100_000)) == .tooDeep(limit: 64))
    }

    @Test("an error says line, column and byte")
    func location() {
        let bytes = Array("{\n  \"a\": 1,\n  \"b\": 1e999\n}".utf8)
        bytes.withUnsafeBytes { buffer in
            do throws(JSONError) {
                _ = try JSONValue(parsing: buffer)
                Issue.record("accepted")
            } catch {
                let position = TextPosition(of: error.offset, in: buffer)
                #expect(position == TextPosition(line: 3, column: 8, offset: 19))
            }
        }
    }

    @Test("whole numbers are exact to 64 bits and a point makes a double")
    func numbers() throws {
        #expect(try JSONValue(parsing: "9223372036854775807") == .integer(.max))
        #expect(try JSONValue(parsing: "-9223372036854775808") == .integer(.min))
        #expect(try JSONValue(parsing: "1.0") == .double(1))
        #expect(try JSONValue(parsing: "1E2") == .double(100))
        #expect(try JSONValue(parsing: "1e-400") == .double(0))
        #expect(
            try JSONValue(parsing: "4.9406564584124654e-324") == .double(.leastNonzeroMagnitude))
        #expect(
            try JSONValue(parsing: "1.7976931348623157e308") == .double(.greatestFiniteMagnitude))
        let tie = "9007199254740993.0"
        #expect(try JSONValue(parsing: tie) == .double(9_007_199_254_740_992))
    }

    @Test("decimals become the nearest double by every way through the parser")
    func decimals() throws {
        var generator = SeededGenerator(seed: 11)
        for round in 0..<200_000 {
            let whole = UInt64.random(in: 0...UInt64.max, using: &generator) >> UInt64(round % 64)
            var text = String(whole)
            let places = Int.random(in: 0...min(22, text.count + 3), using: &generator)
            while text.count <= places { text = "0" + text }
            text.insert(".", at: text.index(text.endIndex, offsetBy: -places))
            if text.hasSuffix(".") { text += "0" }
            let value = try JSONValue(parsing: text)
            let expected = try #require(Double(text))
            if value != .double(expected) { Issue.record("\(text) became \(value)") }
        }
        for _ in 0..<200_000 {
            let value = Double(bitPattern: generator.next())
            guard value.isFinite else { continue }
            var writer = JSONWriter()
            writer.double(value)
            let back = try JSONValue(parsing: writer.bytes).double
            if back != value { Issue.record("\(value) became \(String(describing: back))") }
        }
    }

    @Test("what the writer writes reads back")
    func writer() throws {
        let value = JSONValue.object([
            "text": .string("a\"\\\n\r\t\u{0}\u{1f}é\u{1F4A9}/"), "empty": .object([:]),
            "list": .array([
                .null, .bool(true), .integer(-7), .double(1), .double(1e-7), .array([]),
            ]),
            "k\"ey": .integer(.min),
        ])
        #expect(try JSONValue(parsing: value.text) == value)
        var writer = JSONWriter()
        writer.double(.nan)
        #expect(writer.hasNotFinite)
    }

    @Test("a passed-over value is checked like a read one")
    func skipped() {
        for text in [
            "{\"a\":[1,{\"b\":\"\\ud800\"}]}", "[01]", "[1e999]", "[tru]", "{\"a\" 1}", "[1,]",
        ] {
            let bytes = Array(text.utf8)
            #expect(throws: JSONError.self, "\(text)") {
                try bytes.withUnsafeBytes { buffer in
                    var scanner = try JSONScanner(buffer)
                    try scanner.skipValue()
                    try scanner.finish()
                }
            }
        }
    }

    @Test("random bytes and mutated texts never crash")
    func fuzz() {
        var generator = SeededGenerator(seed: 5)
        let seed = Array("{\"a\":[1.5e3,-0,true,null,\"x\\u00e9é\"],\"b\":{\"c\":\"d\"}}".utf8)
        for _ in 0..<50_000 {
            var bytes = seed
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                let place = Int.random(in: 0..<bytes.count, using: &generator)
                switch Int.random(in: 0...2, using: &generator) {
                case 0: bytes[place] = UInt8.random(in: 0...255, using: &generator)
                case 1: bytes.remove(at: place)
                default:
                    bytes.insert(
                        bytes[Int.random(in: 0..<bytes.count, using: &generator)], at: place)
                }
            }
            _ = Self.reason(bytes)
        }
    }
}
