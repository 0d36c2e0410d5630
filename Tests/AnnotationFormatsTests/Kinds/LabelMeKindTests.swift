import AnnotationFormats
import AnnotationModel
import LabelText
import Testing

@testable import AnnotationFormats

/// What LabelMe 5 and 6 write besides outlines.
@Suite("LabelMe's masks and flags")
struct LabelMeKindTests {
    /// Pixels 1 0 0 / 1 1 0 as other programs pack them: a byte a pixel, a bit a pixel, and any number above 0.
    private static let pictures = [
        "iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAAAAAC4HznGAAAAEElEQVR4nGNgZGBgYGRkAAAAFAAE1gX9EQAAAABJRU5ErkJggg==",
        "iVBORw0KGgoAAAANSUhEUgAAAAMAAAACAQAAAAC1D1u3AAAADElEQVR4nGNoYDgAAAJEAUHooQgHAAAAAElFTkSuQmCC",
        "iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAAAAAC4HznGAAAAEElEQVR4nGP4z8DAwM7IAAAHGAEIEmhxOwAAAABJRU5ErkJggg==",
    ]

    private static func file(
        _ mask: String, points: String = "[[2, 1], [4, 2]]",
        size: String = "\"imageHeight\": 4, \"imageWidth\": 6"
    ) -> String {
        """
        {"version": "5.5.0", "flags": {}, "imagePath": "a.jpg", "imageData": null, \(size),
         "shapes": [{"label": "cat", "points": \(points), "group_id": null, "description": "",
                     "shape_type": "mask", "flags": {}, "mask": "\(mask)"}]}
        """
    }

    /// The mask in a picture of 6 x 4: columns 2 and 3 hold something, in rows 1 and 2.
    private static let whole = Selector.mask(
        .init(width: 6, height: 4, counts: [9, 2, 3, 1, 9]))

    @Test("a mask is the picture cropped to its box", arguments: pictures)
    func read(mask: String) throws {
        let reading = try Reading("labelme", text: Self.file(mask), name: "a.json")
        #expect(reading.labels.map(\.selector) == [Self.whole], "\(reading.firstSkip)")
    }

    @Test("a mask that does not fit its picture is left out with the reason")
    func refused() throws {
        let good = Self.pictures[0]
        for (text, why) in [
            (Self.file(good, points: "[[4, 1], [6, 2]]"), "leaves the picture"),
            (Self.file(good, size: "\"imageHeight\": null"), "imageWidth"),
            (Self.file("%%"), "base 64"), (Self.file(String(good.dropLast(24))), "cut"),
            (Self.file(""), "no image"),
        ] {
            let reading = try Reading("labelme", text: text, name: "a.json")
            #expect(reading.labels.isEmpty && reading.firstSkip.contains(why), "\(reading.skips)")
        }
    }

    @Test("a mask is written as LabelMe writes it, and an empty one is named")
    func write() throws {
        let item = ItemRecord(
            key: "a.jpg", fields: ["width": .integer(6), "height": .integer(4)])
        let label = LabelRecord(item: item.key, className: "cat", selector: Self.whole)
        let (files, report) = try written("labelme", items: [item], labels: [label])
        #expect(report.losses.isEmpty)
        let json = try JSONValue(parsing: try #require(files["a.json"]))
        let shape = try #require(json["shapes"]?.array?.first)
        #expect(shape["shape_type"]?.string == "mask")
        #expect(
            shape["points"]
                == .array([
                    .array([.integer(2), .integer(1)]), .array([.integer(3), .integer(2)]),
                ]))
        let bytes = try #require(Base64.bytes(shape["mask"]?.string ?? ""))
        let image = try bytes.withUnsafeBytes { try SegmentPNG.decode($0, mayBeGrey: true) }
        #expect(image == .init(width: 2, height: 2, numbers: [1, 0, 1, 1]))
        // Grey: a byte a pixel.
        #expect(bytes[24] == 8 && bytes[25] == 0)

        var other = label
        other.selector = .mask(.init(width: 6, height: 4, counts: [24]))
        #expect(try written("labelme", items: [item], labels: [other]).report.skipped == 1)
        other.selector = .mask(.init(width: 5, height: 4, counts: [9, 2, 9]))
        #expect(try written("labelme", items: [item], labels: [other]).report.skipped == 1)
    }

    @Test("a turned rectangle goes by the names of two programs")
    func turned() throws {
        for name in ["rotation", "oriented_rectangle"] {
            let text = """
                {"version": "6.0.0", "flags": {}, "imagePath": "a.jpg", "imageData": null,
                 "imageHeight": 40, "imageWidth": 60, "shapes": [{"label": "car", "group_id": null,
                 "shape_type": "\(name)", "flags": {}, "points": [[20, 10], [30, 20], [25, 25], [15, 15]]}]}
                """
            let reading = try Reading("labelme", text: text, name: "a.json")
            guard case .rotatedBox(let box)? = reading.labels.first?.selector else {
                Issue.record("\(name): \(reading.firstSkip)")
                continue
            }
            #expect((box.centerX - 22.5).magnitude < 1e-9 && (box.centerY - 17.5).magnitude < 1e-9)
        }
    }

    @Test("base 64 with every rest, and nothing that is none")
    func base64() {
        for count in 0..<70 {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 * 37 + 200) }
            #expect(Base64.bytes(Base64.text(bytes)) == bytes)
        }
        #expect(Base64.text(Array("ab".utf8)) == "YWI=")
        #expect(Base64.bytes("Y W\nI=") == Array("ab".utf8))
        for bad in ["Y", "YW=I", "Y!I=", "YWI=YQ"] { #expect(Base64.bytes(bad) == nil) }
    }

    @Test(
        "a flag of the picture that is set is a label of the whole item, and no sign of emptiness")
    func flags() throws {
        let text = """
            {"version": "5.4.1", "flags": {"night": true, "rain": false}, "shapes": [],
             "imagePath": "a.jpg", "imageData": null, "imageHeight": 80, "imageWidth": 100}
            """
        let reading = try Reading("labelme", text: text, name: "a.json")
        #expect(reading.labels.map(\.className) == ["night"])
        #expect(reading.labels.map(\.selector) == [.wholeItem])
        let item = try #require(reading.items.first)
        #expect(item.fields["examined"] == nil)
        #expect(item.fields["labelme.flag.rain"] == .bool(false))

        let box = LabelRecord(
            item: item.key, className: "cat",
            selector: .box(.init(x: 1, y: 2, width: 3, height: 4)))
        let (files, report) = try written(
            "labelme", items: reading.items, labels: reading.labels + [box, reading.labels[0]])
        #expect(report.skipped == 1, "the flag is said once: \(report.losses)")
        let json = try JSONValue(parsing: try #require(files["a.json"]))
        #expect(json["flags"] == .object(["night": .bool(true), "rain": .bool(false)]))
        #expect(json["shapes"]?.array?.count == 1)

        // Nothing is set: somebody looked, and there is nothing.
        let none = try Reading(
            "labelme", text: text.replacing("true", with: "false"), name: "a.json")
        #expect(none.labels.isEmpty && none.items.first?.fields["examined"] == .bool(true))
    }
}
