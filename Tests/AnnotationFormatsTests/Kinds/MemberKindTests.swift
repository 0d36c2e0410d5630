import AnnotationModel
import Foundation
import Testing

@testable import AnnotationFormats

/// One bad member costs itself, and what has no place is said.
@Suite("Members that cost themselves, and words for what is left out")
struct MemberKindTests {
    private static func box(_ x: Double) -> Selector {
        .box(.init(x: x, y: 2, width: 3, height: 4))
    }

    @Test("parts leave within their objects, actions and points as such")
    func parts() throws {
        let box = { (x: Int) in
            "<bndbox><xmin>\(x)</xmin><ymin>11</ymin><xmax>\(x + 5)</xmax><ymax>30</ymax></bndbox>"
        }
        let text = """
            <annotation><filename>a.jpg</filename><object><name>act</name>\(box(1))\
            <actions><jumping>1</jumping><other>0</other></actions>\
            <point><x>3</x><y>4</y></point></object>\
            <object><name>person</name>\(box(10))<part><name>head</name>\(box(11))</part>\
            <part><name>hand</name>\(box(12))</part></object></annotation>
            """
        for format in ["voc", "voc-zero"] {
            let reading = try Reading(format, text: text, name: "Annotations/a.xml")
            #expect(reading.labels.count == 4)
            let (files, report) = try written(
                format, items: reading.items, labels: reading.labels)
            #expect(report.annotations == 4)
            #expect(report.losses.isEmpty, "\(report.losses)")
            let bytes = try #require(files["Annotations/a.xml"])
            let xml = String(decoding: bytes, as: UTF8.self)
            #expect(xml.components(separatedBy: "<object>").count == 3)
            #expect(xml.components(separatedBy: "<part>").count == 3)
            #expect(!xml.contains("voc."))
            #expect(!xml.contains("action."))
            let back = try Reading(format, text: xml, name: "Annotations/a.xml")
            #expect(back.labels == reading.labels)
            // Without the object a part stands for itself, and it is said.
            let (alone, loss) = try written(
                format, items: reading.items, labels: Array(reading.labels.dropFirst(2).prefix(1)))
            #expect(alone.count == 1)
            #expect(loss.losses.contains { $0.why.hasPrefix("a part without the object") })
        }
    }
}
