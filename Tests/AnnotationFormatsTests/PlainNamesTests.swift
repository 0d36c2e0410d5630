import AnnotationModel
import Testing

@testable import AnnotationFormats

@Suite("Names with control characters")
struct PlainNamesTests {
    @Test(
        "a name of two lines keeps its label, attributes that differ in nothing else stay two, and it is said"
    )
    func twoLines() throws {
        var names = PlainNames()
        var label = LabelRecord(
            item: "a.png", className: "line1\r\nline2", selector: .wholeItem,
            attributes: ["a\tb": .integer(1), "a b": .integer(2), "\n": .integer(3)])
        names.clean(&label)
        #expect(label.className == "line1 line2")
        #expect(label.attributes == ["a b": .integer(1), "a b_": .integer(2), "-": .integer(3)])
        #expect(try #require(names.note).hasPrefix("line ends, tabs and the like in 3 names"))
        for name in [label.className] + label.attributes.keys {
            #expect(throws: Never.self) { try ChangesetBuilder.checkName(name) }
        }
        var plain = PlainNames()
        var other = LabelRecord(item: "a.png", className: "naïve 名", selector: .wholeItem)
        plain.clean(&other)
        #expect(plain.note == nil && other.className == "naïve 名")
    }
}
