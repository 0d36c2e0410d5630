import Foundation
import Glibc
import Testing

@testable import CountermarkNode
@testable import PlainErrors

@Suite("Text that people read")
struct InertTextTests {
    static let hostile =
        "a\u{1b}[2J\u{7}\u{85}\u{9b}31m\u{202e}b\u{2066}\u{2028}c\u{7f}\u{feff}\u{e0041}\r\nall holds\td"

    private func isInert(_ text: String, except kept: [Unicode.Scalar] = []) -> Bool {
        text.unicodeScalars.allSatisfy { !InertText.isActive($0) || kept.contains($0) }
    }

    @Test("nothing active is left of a line")
    func line() {
        let line = InertText.line(Self.hostile)
        #expect(isInert(line))
        #expect(line.hasPrefix(#"a\u{1b}[2J\u{7}\u{85}\u{9b}31m\u{202e}b\u{2066}\u{2028}c\u{7f}"#))
        #expect(line.hasSuffix(#"\r\nall holds\td"#))
    }

    @Test(
        "every control, separator and format character but the joiners is active",
        arguments: [
            UInt32(0)...0x1f, 0x7f...0x9f, 0xad...0xad, 0x61c...0x61c, 0x200b...0x200b,
            0x200e...0x200f, 0x2028...0x202e, 0x2060...0x2064, 0x2066...0x206f, 0xfeff...0xfeff,
            0xfff9...0xfffb, 0xe0020...0xe007f, 0x34f...0x34f, 0x115f...0x1160, 0x2800...0x2800,
            0x3164...0x3164, 0xffa0...0xffa0, 0xe0100...0xe01ef, 0xfdd0...0xfdef, 0xfffe...0xffff,
            0x1fffe...0x1ffff,
        ])
    func active(range: ClosedRange<UInt32>) {
        for value in range {
            guard let scalar = Unicode.Scalar(value) else { continue }
            #expect(InertText.isActive(scalar), "U+\(String(value, radix: 16))")
        }
    }

    @Test("plain text of any script stays as it is")
    func plain() {
        for text in [
            "", "Rostfleck ä", "表面", "می\u{200c}خواهم", "👩\u{200d}🔧", "❤\u{fe0f}", "a\\b \u{a0}",
        ] {
            #expect(InertText.line(text).utf8.elementsEqual(text.utf8))
            #expect(InertText.json(text).utf8.elementsEqual(text.utf8))
        }
        #expect(InertText.lines("a\n  b\u{1b}\n") == "a\n  b\\u{1b}\n")
    }

    @Test("JSON says the same with escapes")
    func json() throws {
        let data = try JSONSerialization.data(
            withJSONObject: ["k\u{202e}": Self.hostile], options: [.sortedKeys])
        let text = InertText.json(String(decoding: data, as: UTF8.self))
        #expect(isInert(text))
        let back = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: String]
        #expect(back?["k\u{202e}"]?.utf8.elementsEqual(Self.hostile.utf8) == true)
        #expect(text.contains(#"\udb40\udc41"#))
        #expect(InertText.json("{\r\n\t}\r") == "{\n\n\t}\n")
    }

    @Test("a log line is one line, whatever stands in it")
    func log() throws {
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        let stream = InertLogStream(descriptor: ends[1])
        stream.write("info: \(Self.hostile)\n")
        stream.write("no end")
        close(ends[1])
        let text = String(
            decoding: FileHandle(fileDescriptor: ends[0], closeOnDealloc: true)
                .readDataToEndOfFile(),
            as: UTF8.self)
        #expect(isInert(text, except: ["\n"]))
        #expect(text.split(separator: "\n").count == 2 && text.hasSuffix("\nno end\n"))
    }
}
