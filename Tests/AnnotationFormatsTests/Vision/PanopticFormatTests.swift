import AnnotationModel
import LabelText
import Shapes
import Testing

@testable import AnnotationFormats

@Suite("COCO panoptic")
struct PanopticFormatTests {
    static func json(_ segments: String, width: Int = 3) -> InputFile {
        textFile(
            "p/panoptic.json",
            """
            {"annotations":[{"image_id":7,"file_name":"a.png","segments_info":[\(segments)]}],
            "images":[{"id":7,"file_name":"x/a.jpg","width":\(width),"height":2}],
            "categories":[{"id":4,"name":"sky","isthing":0},{"id":9,"name":"car","supercategory":"vehicle"}]}
            """)
    }

    /// 70000, 70000, 5 over 5, 0, 5.
    static let picture = SegmentPNG.Image(
        width: 3, height: 2, numbers: [70_000, 70_000, 5, 5, 0, 5])
    static func png(_ bytes: [UInt8] = SegmentPNG.encode(picture)) -> InputFile {
        InputFile(name: "p/panoptic/a.png", bytes: bytes)
    }

    static let segments =
        "{\"id\":70000,\"category_id\":9,\"iscrowd\":1},{\"id\":5,\"category_id\":4}"

    @Test("a segment's number is R + 256 G + 65536 B, and its pixels are a mask")
    func segments() throws {
        let reading = try expectOwnExport("coco-panoptic", [Self.json(Self.segments), Self.png()])
        #expect(reading.skips.isEmpty, "\(reading.firstSkip)")
        #expect(reading.labels.map(\.externalID) == ["x/a.jpg#70000", "x/a.jpg#5"])
        #expect(reading.labels.map(\.className) == ["car", "sky"])
        #expect(
            reading.labels.map(\.selector) == [
                .mask(.init(width: 3, height: 2, counts: [0, 1, 1, 1, 3])),
                .mask(.init(width: 3, height: 2, counts: [1, 1, 2, 2])),
            ])
        #expect(reading.labels.first?.attributes == ["iscrowd": .bool(true)])
        #expect(reading.labels.last?.attributes == ["coco.isthing": .bool(false)])
        #expect(reading.classes.map(\.parent) == ["", "vehicle"])
    }

    @Test("segments without pixels or category, pixels without segment, other sizes: skipped")
    func skips() throws {
        for (file, images, labels, skips) in [
            (
                Self.json("{\"id\":6,\"category_id\":9},{\"id\":5,\"category_id\":1}"),
                [Self.png()], 0, 3
            ),
            (
                Self.json("{\"id\":5,\"category_id\":9},{\"id\":5,\"category_id\":9}"),
                [Self.png()], 1, 2
            ),
            (Self.json(Self.segments, width: 9), [Self.png()], 0, 1), (Self.json(""), [], 0, 1),
            (
                Self.json(Self.segments),
                [Self.png(Array(SegmentPNG.encode(Self.picture).dropLast(20)))], 0, 1
            ),
            (Self.json("{\"id\":-5},{\"id\":1e99},{\"id\":\"5\"},7"), [Self.png()], 0, 5),
        ] {
            let reading = try Reading("coco-panoptic", [file] + images)
            #expect(reading.labels.count == labels)
            #expect(reading.skips.count == skips, "\(reading.firstSkip)")
            #expect(
                reading.skips.allSatisfy { $0.place.hasPrefix("p/panoptic.json, annotations[0]") })
        }
    }

    @Test("overlapping masks are told, and polygons become pixels")
    func losses() throws {
        let item = ItemRecord(
            key: "a.jpg", fields: ["width": .integer(10), "height": .integer(10)])
        let labels = [
            LabelRecord(
                item: "a.jpg", className: "x", selector: .polygon([[[0, 0, 4, 0, 4, 4, 0, 4]]])),
            LabelRecord(
                item: "a.jpg", className: "y", selector: .polygon([[[2, 2, 8, 2, 8, 8, 2, 8]]])),
            LabelRecord(
                item: "a.jpg", className: "y",
                selector: .mask(.init(width: 4, height: 4, counts: [0, 16]))),
            LabelRecord(
                item: "a.jpg", className: "y",
                selector: .box(.init(x: 0, y: 0, width: 1, height: 1))),
        ]
        let (files, report) = try written("coco-panoptic", items: [item], labels: labels)
        #expect(report.annotations == 2)
        #expect(report.skipped == 2)
        #expect(report.losses.count == 4)
        let reading = try Reading(
            "coco-panoptic", files.map { InputFile(name: $0.key, bytes: $0.value) })
        #expect(
            reading.labels.map { RunLengths.bounds(Self.mask($0)) } == [
                .init(x: 0, y: 0, width: 4, height: 4), .init(x: 2, y: 2, width: 6, height: 6),
            ])
        #expect(RunLengths.area(Self.mask(reading.labels[1])) == 32)
    }

    static func mask(_ label: LabelRecord) -> Selector.Mask {
        guard case .mask(let mask) = label.selector else {
            return .init(width: 0, height: 0, counts: [])
        }
        return mask
    }

    @Test("an image that is packed and unpacked is the same")
    func pixels() throws {
        var generator = SeededGenerator(seed: 9)
        for side in [1, 2, 7, 40, 130] {
            let numbers = (0..<side * side).map { index in
                index % 3 == 0 ? UInt32.random(in: 0...0xffffff, using: &generator) : 17
            }
            let image = SegmentPNG.Image(width: side, height: side, numbers: numbers)
            let bytes = SegmentPNG.encode(image)
            #expect(try bytes.withUnsafeBytes { try SegmentPNG.decode($0) } == image)
        }
    }

    @Test("damaged and lying PNGs are refused, whatever their bytes")
    func damaged() throws {
        let good = SegmentPNG.encode(Self.picture)
        var generator = SeededGenerator(seed: 3)
        func refused(_ bytes: [UInt8]) -> Bool {
            bytes.withUnsafeBytes { bytes in
                do {
                    _ = try SegmentPNG.decode(bytes)
                    return false
                } catch { return true }
            }
        }
        for end in 0..<good.count { #expect(refused(Array(good[..<end]))) }
        for _ in 0..<2_000 {
            var bytes = good
            bytes[Int.random(in: 8..<good.count, using: &generator)] ^= UInt8.random(
                in: 1...255, using: &generator)
            #expect(refused(bytes))
        }
        // A header that promises 10 GB over a few bytes of pixels.
        var header: [UInt8] = Array("IHDR".utf8) + SegmentPNG.big(60_000) + SegmentPNG.big(60_000)
        header += [8, 2, 0, 0, 0]
        let huge = Array(good[..<12]) + header + SegmentPNG.big(Zlib.crc(header)) + good[33...]
        #expect(refused(huge))
    }

    @Test("unpacking mutated streams never crashes and never gives more than was asked for")
    func streams() {
        var generator = SeededGenerator(seed: 4)
        let raw = (0..<600).map { UInt8(truncatingIfNeeded: $0 / 50) }
        let packed = Zlib.pack(raw)
        for _ in 0..<5_000 {
            var bytes = packed
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                bytes[Int.random(in: 2..<bytes.count, using: &generator)] = UInt8.random(
                    in: 0...255, using: &generator)
            }
            if let output = try? Zlib.unpack(bytes, count: raw.count) {
                #expect(output.count == raw.count)
            }
        }
    }

    @Test("a stream that holds more or less than was said is refused, and room is made for no more")
    func bombs() throws {
        let zeros = [UInt8](repeating: 0, count: 1 << 20)
        let packed = Zlib.pack(zeros)
        #expect(packed.count < 1 << 11)
        #expect(try Zlib.unpack(packed, count: zeros.count) == zeros)
        for count in [0, 1, 1_000, zeros.count - 1, zeros.count + 1, 1 << 40, .max, -1] {
            #expect(throws: Zlib.Damage()) { try Zlib.unpack(packed, count: count) }
        }
        #expect(try Zlib.unpack(Zlib.pack([]), count: 0) == [])
        #expect(Zlib.crc(Array("IEND".utf8)) == 0xae42_6082)
    }

    @Test("public samples, whose PNGs another program packed")
    func samples() throws {
        guard
            let folder = sharedData(
                "format-samples/datumaro/coco_dataset/coco_panoptic/annotations")
        else { return }
        let reading = try Reading("coco-panoptic", [folder])
        #expect(reading.items.map(\.key).sorted() == ["a.jpg", "b.jpg"])
        #expect(reading.labels.map(\.externalID) == ["b.jpg#7", "b.jpg#20"])
        // The other image's PNG is half as wide as the JSON file says.
        #expect(reading.skips.count == 1)
    }
}
