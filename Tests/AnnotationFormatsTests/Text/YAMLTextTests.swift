import LabelText
import Testing

@Suite("YAML scalars")
struct YAMLTextTests {
    @Test("a quoted text holds nothing but what YAML's readers take, and comes back")
    func quoted() throws {
        let text = "a\u{0}\u{7f}\u{85}\u{9b}\u{2028}\u{feff}\u{fffe}\u{ffff}\u{1f697} \"é\\\n"
        let quoted = YAMLText.quoted(text)
        // YAML 1.2, section 5.1.
        #expect(
            quoted.unicodeScalars.allSatisfy {
                switch $0.value {
                case 0x20...0x7e, 0xa0...0xd7ff, 0xe000...0xfffd, 0x10000...0x10ffff:
                    ![0x2028, 0x2029, 0xfeff].contains($0.value)
                default: false
                }
            })
        #expect(try YAMLText.parse("name: \(quoted)")["name"]?.string == text)
    }
}
