import AnnotationFormats
import AnnotationModel
import LabelText
import Testing

@Suite("nuScenes tables")
struct NuScenesFormatTests {
    static let one = "00000000000000000000000000000001"
    static let two = "00000000000000000000000000000002"
    static let object = "0000000000000000000000000000000a"

    static func annotation(
        _ token: String, sample: String = "s1", instance: String = object,
        size: String = "[1.5,4,2]", rotation: String = "[0,0,0,1]", more: String = ""
    ) -> String {
        """
        {"token":"\(token)","sample_token":"\(sample)","instance_token":"\(instance)","translation":[1,2,3],
        "size":\(size),"rotation":\(rotation),"prev":"","next":""\(more)}
        """
    }

    static func files(_ annotations: [String]) -> [InputFile] {
        [
            textFile("v1/sample_annotation.json", "[\(annotations.joined(separator: ",\n"))]"),
            textFile("v1/category.json", #"[{"token":"c","name":"vehicle.car","description":""}]"#),
            textFile("v1/instance.json", #"[{"token":"\#(object)","category_token":"c"}]"#),
            textFile("v1/attribute.json", #"[{"token":"a","name":"vehicle.moving"}]"#),
            textFile("v1/visibility.json", #"[{"token":"4","level":"v80-100"}]"#),
            textFile(
                "v1/sample.json",
                #"[{"token":"s1","timestamp":5,"scene_token":"x"},{"token":"s2","scene_token":"x"}]"#
            ),
            textFile(
                "v1/sample_data.json",
                """
                [{"token":"d1","sample_token":"s1","filename":"samples/CAM/1.jpg","width":1600,"height":900,"timestamp":4},
                {"token":"d2","sample_token":"s1","filename":"samples/LIDAR_TOP/1.pcd.bin","timestamp":5},
                {"token":"d3","sample_token":"s1","filename":"sweeps/LIDAR_TOP/1.pcd.bin","is_key_frame":false}]
                """),
        ]
    }

    @Test("size is width, length, height; the moment's recordings are one group")
    func cuboids() throws {
        let more =
            #","attribute_tokens":["a"],"visibility_token":"4","num_lidar_pts":7,"num_radar_pts":0"#
        let reading = try expectOwnExport(
            "nuscenes",
            Self.files([
                Self.annotation(Self.one, more: more), Self.annotation(Self.two, sample: "s2"),
            ])
        )
        #expect(reading.skips.isEmpty, "\(reading.firstSkip)")
        #expect(
            reading.items.map(\.key) == [
                "samples/CAM/1.jpg", "samples/LIDAR_TOP/1.pcd.bin", "samples/s2",
            ])
        #expect(
            reading.items.map { $0.fields["group"] } == [.text("s1"), .text("s1"), .text("s2")])
        let label = try #require(reading.labels.first)
        #expect(label.item == "samples/LIDAR_TOP/1.pcd.bin")
        #expect(
            label.selector
                == .cuboid(.init(center: [1, 2, 3], size: [4, 1.5, 2], rotation: [0, 0, 0, 1])))
        #expect(label.className == "vehicle.car")
        #expect(
            label.attributes == [
                "frame": .text("global"), "track": .text(Self.object),
                "nuscenes.attributes": .array([.text("vehicle.moving")]),
                "nuscenes.visibility": .text("v80-100"), "num_lidar_pts": .integer(7),
                "num_radar_pts": .integer(0),
            ])
        #expect(reading.classes.first?.parent == "vehicle")
    }

    @Test("annotations of one object name those before and after them")
    func chain() throws {
        let reading = try Reading(
            "nuscenes",
            Self.files([Self.annotation(Self.two, sample: "s2"), Self.annotation(Self.one)]))
        let (files, _) = try written("nuscenes", items: reading.items, labels: reading.labels)
        let table = try JSONValue(parsing: try #require(files["sample_annotation.json"]))
        let rows = try #require(table.array)
        #expect(rows.map { $0["prev"] } == [.string(Self.one), .string("")])
        #expect(rows.map { $0["next"] } == [.string(""), .string(Self.two)])
    }

    @Test("rows of unknown samples and objects, and wrong figures, are skipped where they stand")
    func skips() throws {
        let reading = try Reading(
            "nuscenes",
            Self.files([
                Self.annotation(Self.one, sample: "s9"), Self.annotation(Self.one, instance: "i"),
                Self.annotation(Self.one, size: "[1,2]"),
                Self.annotation(Self.one, size: "[1,-2,3]"),
                Self.annotation(Self.one, rotation: "[1,1,1,1]"),
                Self.annotation(Self.one, rotation: "[\"1\",0,0,0]"),
                Self.annotation(Self.one, more: ",\"attribute_tokens\":[\"zz\"]"),
                Self.annotation(""), "7", Self.annotation(Self.two),
            ]))
        #expect(reading.labels.map(\.externalID) == [Self.two])
        #expect(
            reading.skips.map(\.place) == (0...8).map { "v1/sample_annotation.json, [\($0)]" })
        #expect(throws: FormatError.self) {
            _ = try Reading("nuscenes", [textFile("sample_annotation.json", "[]")])
        }
        #expect(throws: FormatError.self) {
            _ = try Reading("nuscenes", Self.files(["{\"size\":[1e999]}"]))
        }
    }

    @Test("cuboids of another frame are refused, those without one are told")
    func frames() throws {
        let cuboid = Selector.cuboid(
            .init(center: [1, 2, 3], size: [4, 2, 1], rotation: [1, 0, 0, 0]))
        let labels = [
            LabelRecord(
                item: "a.pcd", className: "car", selector: cuboid,
                attributes: ["frame": .text("kitti.camera")]),
            LabelRecord(
                item: "a.pcd", className: "car", selector: cuboid, attributes: ["track": .text("4")]
            ),
            LabelRecord(item: "a.jpg", className: "car", selector: cuboid),
        ]
        let (_, report) = try written(
            "nuscenes", items: [ItemRecord(key: "a.pcd"), ItemRecord(key: "a.jpg")], labels: labels)
        #expect(report.annotations == 1)
        #expect(report.skipped == 2)
        #expect(report.losses.count == 4)
    }
}
