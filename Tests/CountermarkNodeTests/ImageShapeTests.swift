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

    /// A JPEG of 40 x 30 stored pixels without a picture in it, turned as EXIF says.
    private func jpeg(orientation: UInt8, isLittle: Bool) -> [UInt8] {
        let word = { (value: UInt8) -> [UInt8] in isLittle ? [value, 0] : [0, value] }
        let long = { (value: UInt8) -> [UInt8] in
            isLittle ? [value, 0, 0, 0] : [0, 0, 0, value]
        }
        let tag: [UInt8] = isLittle ? [0x12, 0x01] : [0x01, 0x12]
        let tiff =
            Array((isLittle ? "II" : "MM").utf8) + word(42) + long(8) + word(1) + tag + word(3)
            + long(1) + word(orientation) + word(0) + long(0)
        let exif = Array("Exif\0\0".utf8) + tiff
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
            _ = ImageSize.orientation(path: "\(folder)/cut.jpg")
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
