import AnnotationFormats
import AnnotationModel
import AnnotationStore
import Foundation
import LabelExchange
import Provenance
import Testing

@testable import CountermarkNode

@Suite("Pictures that are shown turned")
struct ImageShapeTests {
    private let oem = "oem.example"

    /// The EXIF that asks to turn a picture.
    private func exif(orientation: UInt8, isLittle: Bool) -> [UInt8] {
        let word = { (value: UInt8) -> [UInt8] in isLittle ? [value, 0] : [0, value] }
        let long = { (value: UInt8) -> [UInt8] in
            isLittle ? [value, 0, 0, 0] : [0, 0, 0, value]
        }
        let tag: [UInt8] = isLittle ? [0x12, 0x01] : [0x01, 0x12]
        return Array((isLittle ? "II" : "MM").utf8) + word(42) + long(8) + word(1) + tag + word(3)
            + long(1) + word(orientation) + word(0) + long(0)
    }

    /// A JPEG of 40 x 30 stored pixels without a picture in it, turned as EXIF says.
    private func jpeg(orientation: UInt8, isLittle: Bool) -> [UInt8] {
        let exif =
            Array("Exif\0\0".utf8) + exif(orientation: orientation, isLittle: isLittle)
        let frame: [UInt8] = [0xff, 0xc0, 0, 11, 8, 0, 30, 0, 40, 1, 1, 0x11, 0]
        return [0xff, 0xd8, 0xff, 0xe1, 0, UInt8(exif.count + 2)] + exif + frame + [0xff, 0xd9]
    }

    @Test("the stored size is the item's, and beside it how the picture is shown")
    func added() throws {
        let all = try Companies([oem])
        let node = try all.node(oem)
        let folder = all.folder.path + "/pictures"
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true)
        let whole = jpeg(orientation: 6, isLittle: true)
        let files: [String: [UInt8]] = [
            "turned.jpg": whole, "big.jpg": jpeg(orientation: 8, isLittle: false),
            "plain.jpg": jpeg(orientation: 1, isLittle: true),
            "odd.jpg": jpeg(orientation: 9, isLittle: true), "cut.jpg": Array(whole.prefix(30)),
        ]
        for (name, bytes) in files {
            try Data(bytes).write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
        }
        _ = try node.addItems(all.dataset, [folder], groupBy: nil)
        var found: [String: [Double?]] = [:]
        try node.store.forEachItem(all.dataset) { item in
            found[FileSystem.lastComponent(item.key)] = ["width", "height", "orientation"].map {
                item.fields[$0]?.numberValue
            }
        }
        #expect(
            found == [
                "turned.jpg": [40, 30, 6], "big.jpg": [40, 30, 8], "plain.jpg": [40, 30, nil],
                "odd.jpg": [40, 30, nil], "cut.jpg": [nil, nil, nil],
            ])
        for end in whole.indices {
            try Data(whole[..<end]).write(to: URL(fileURLWithPath: "\(folder)/cut.jpg"))
            _ = ImageHead(path: "\(folder)/cut.jpg")
        }
    }

    /// Pictures of 40 x 30 stored pixels of other kinds, without a picture in them, and how each is turned.
    private var others: [String: (bytes: [UInt8], type: String, orientation: Double?)] {
        let exif = exif(orientation: 6, isLittle: false)
        let png =
            [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13] + Array("IHDR".utf8)
            + [0, 0, 0, 40, 0, 0, 0, 30, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, UInt8(exif.count)]
            + Array("eXIf".utf8) + exif + [0, 0, 0, 0]
        func webP(_ name: String, _ head: [UInt8], _ rest: [UInt8] = []) -> [UInt8] {
            Array("RIFF".utf8) + [99, 0, 0, 0] + Array(("WEBP" + name).utf8)
                + [UInt8(head.count), 0, 0, 0] + head + rest
        }
        let chunk = Array("EXIF".utf8) + [UInt8(exif.count), 0, 0, 0] + exif
        // Two directories, of which the second is the picture and the first a smaller one.
        let tiff: [UInt8] =
            [0x4d, 0x4d, 0, 42, 0, 0, 0, 8, 0, 2, 1, 0, 0, 3, 0, 0, 0, 1, 0, 4, 0, 0]
            + [1, 1, 0, 3, 0, 0, 0, 1, 0, 3, 0, 0, 0, 0, 0, 38]
            + [0, 3, 1, 0, 0, 3, 0, 0, 0, 1, 0, 40, 0, 0, 1, 1, 0, 4, 0, 0, 0, 1, 0, 0, 0, 30]
            + [1, 0x12, 0, 3, 0, 0, 0, 1, 0, 3, 0, 0, 0, 0, 0, 0]
        let wide: [UInt8] = [0, 0, 0, 0, 0, 0, 0]
        let bigTIFF: [UInt8] =
            [0x49, 0x49, 43, 0, 8, 0, 0, 0, 16] + wide + [2] + wide
            + [0, 1, 16, 0, 1] + wide + [40] + wide + [1, 1, 3, 0, 1] + wide + [30] + wide
            + [0] + wide
        return [
            "a.png": (png, "image/png", 6),
            "a.gif": (Array("GIF89a".utf8) + [40, 0, 30, 0, 0, 0, 0], "image/gif", nil),
            "x.webp": (
                webP("VP8X", [8, 0, 0, 0, 39, 0, 0, 29, 0, 0], chunk), "image/webp", 6
            ),
            "l.webp": (webP("VP8L", [0x2f, 39, 0x40, 7, 0]), "image/webp", nil),
            "v.webp": (
                webP("VP8 ", [0, 0, 0, 0x9d, 1, 0x2a, 40, 0, 30, 0]), "image/webp", nil
            ),
            "a.tif": (tiff, "image/tiff", 3), "big.tiff": (bigTIFF, "image/tiff", nil),
        ]
    }

    @Test("of every kind of picture the size, the type and the orientation are read")
    func kinds() throws {
        let all = try Companies([oem])
        let node = try all.node(oem)
        let folder = all.folder.path + "/pictures"
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true)
        for (name, file) in others {
            try Data(file.bytes).write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
        }
        try Data("BM was here, and left a text of some length.".utf8).write(
            to: URL(fileURLWithPath: "\(folder)/note.txt"))
        _ = try node.addItems(all.dataset, [folder], groupBy: nil)
        try node.store.forEachItem(all.dataset) { item in
            let name = FileSystem.lastComponent(item.key)
            let numbers = ["width", "height", "orientation"].map { item.fields[$0]?.numberValue }
            guard let file = others[name] else {
                return #expect(numbers == [nil, nil, nil], "\(name)")
            }
            #expect(numbers == [40, 30, file.orientation], "\(name)")
            #expect(item.fields["mediaType"] == .text(file.type), "\(name)")
        }
        for (name, file) in others {
            for end in file.bytes.indices {
                try Data(file.bytes[..<end]).write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
                _ = ImageHead(path: "\(folder)/\(name)")
            }
        }
    }

    @Test("labels of a file that takes the picture for another size are left out, and it says why")
    func misplaced() throws {
        let all = try Companies([oem])
        let node = try all.node(oem)
        try node.write(
            all.dataset,
            ["a.jpg", "b.jpg", "c.jpg"].map {
                .addItem(key: $0, fields: [.known(.width): 40, .known(.height): 30])
            })
        let coco = """
            {"images":[{"id":1,"file_name":"a.jpg","width":30,"height":40},
             {"id":2,"file_name":"b.jpg","width":40,"height":30},
             {"id":3,"file_name":"c.jpg","width":80,"height":60}],
             "categories":[{"id":1,"name":"spur"}],"annotations":[
             {"id":1,"image_id":1,"category_id":1,"bbox":[1,2,3,4]},
             {"id":2,"image_id":2,"category_id":1,"bbox":[1,2,3,4]},
             {"id":3,"image_id":3,"category_id":1,"bbox":[1,2,3,4]}]}
            """
        let path = all.folder.path + "/coco.json"
        try Data(coco.utf8).write(to: URL(fileURLWithPath: path))
        let report = try ImportTests.load(node, all.dataset, "coco", path)
        #expect((report.added, report.skippedCount) == (1, 2))
        #expect(report.skipped.map(\.where) == ["item a.jpg", "item c.jpg"])
        #expect(report.skipped.map { $0.why.contains("EXIF") } == [true, false])
    }
}
