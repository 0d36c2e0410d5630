import AnnotationFormats
import AnnotationModel
import LabelText
import Testing

@Suite("ASAM OpenLABEL")
struct OpenLABELFormatTests {
    static let text = """
        {"openlabel":{"metadata":{"schema_version":"1.0.0","name":"drive","annotator":"ann@oem.example"},
        "coordinate_systems":{"vehicle":{"type":"local_cs","parent":""}},
        "streams":{"front":{"type":"camera","uri":"front.mp4","stream_properties":{"intrinsics_pinhole":{"width_px":640,"height_px":480}}},
        "top":{"type":"lidar"},"side":{"type":"camera"}},
        "objects":{
        "1":{"name":"van1","type":"Van","object_data":{"text":[{"name":"colour","val":"white"}]}},
        "2":{"name":"2","type":"Sign","object_data":{"bbox":[{"name":"s","val":[25,40,30,40],"stream":"front"}],
        "poly2d":[{"name":"p","val":[1,1,9,1,9,9],"mode":"MODE_POLY2D_ABSOLUTE","closed":false,"stream":"front"}],
        "rbbox":[{"name":"r","val":[5,5,4,2,0.5],"stream":"front"}],"point2d":[{"name":"c","val":[3,4],"stream":"front"}]}},
        "3":{"name":"Weather","type":"Rain"}},
        "frames":{
        "10":{"frame_properties":{"timestamp":1.5,"streams":{"side":{"uri":"side/10.png"}}},
        "objects":{"1":{"object_data":{"cuboid":[{"name":"c","val":[1,2,3,0,0,0,1,4,2,1.5],"stream":"top","coordinate_system":"vehicle",
        "attributes":{"boolean":[{"name":"moving","val":true}],"num":[{"name":"confidence","val":0.5}]}}],
        "bbox":[{"name":"b","val":[5,5,2,2],"stream":"side"}]}}}},
        "11":{"objects":{"1":{"object_data":{"cuboid":[{"name":"c","val":[2,2,3,0,0,0,1,4,2,1.5],"stream":"top","coordinate_system":"vehicle",
        "attributes":{"boolean":[{"name":"moving","val":false}],"num":[{"name":"confidence","val":0.5}]}}]}}}},
        "15":{"objects":{"1":{"object_data":{"cuboid":[{"name":"c","val":[3,2,3,0,0,0,1,4,2,1.5],"stream":"top","coordinate_system":"vehicle",
        "attributes":{"boolean":[{"name":"moving","val":false}],"num":[{"name":"confidence","val":0.5}]}}]}}}}},
        "actions":{"a":{"name":"overtake","type":"Overtaking","frame_intervals":[{"frame_start":10,"frame_end":11},{"frame_start":15,"frame_end":15}]}},
        "relations":{"r":{"name":"","type":"isSubjectOfAction","rdf_subjects":[{"uid":"1","type":"object"}],"rdf_objects":[{"uid":"a","type":"action"}]}}}}
        """

    @Test("objects, streams, frames, actions and relations come back the same")
    func scene() throws {
        let reading = try expectOwnExport("openlabel", [textFile("x/any.json", Self.text)])
        #expect(reading.skips.isEmpty, "\(reading.firstSkip)")
        #expect(
            reading.items.map(\.key) == [
                "drive", "front.mp4", "drive/side", "drive/top", "side/10.png",
            ])
        #expect(reading.items[1].fields["width"] == .integer(640))
        #expect(reading.items.last?.fields["group"] == .text("drive#10"))
        #expect(reading.items.last?.fields["timestamp"] == .float(1.5))
        let byID = Dictionary(
            uniqueKeysWithValues: reading.labels.map { ($0.externalID ?? "", $0) })
        #expect(
            byID["drive#object/2/bbox/s/front"]?.selector
                == .box(.init(x: 10, y: 20, width: 30, height: 40)))
        #expect(
            byID["drive#object/2/rbbox/r/front"]?.selector
                == .rotatedBox(.init(centerX: 5, centerY: 5, width: 4, height: 2, angle: 0.5)))
        #expect(byID["drive#object/2/poly2d/p/front"]?.selector == .polyline([1, 1, 9, 1, 9, 9]))
        #expect(byID["drive#object/1/bbox/b/side@10"]?.item == "side/10.png")
        #expect(byID["drive#object/3"]?.item == "drive")
        #expect(
            byID["drive#action/a/1"]?.selector == .interval(start: 10, end: 12, channels: []))
        #expect(
            byID["drive#action/a/2"]?.selector == .interval(start: 15, end: 16, channels: []))
        let relation = try #require(byID["drive#relation/r"])
        #expect(
            relation.selector
                == .relation(
                    kind: "isSubjectOfAction",
                    from: [
                        .init(
                            .item("drive"),
                            selector: .graph(kind: "openlabel", elements: ["object:1"]))
                    ],
                    to: [
                        .init(
                            .item("drive"),
                            selector: .graph(kind: "openlabel", elements: ["action:a"]))
                    ]))
        #expect(reading.labels.allSatisfy { $0.author == "ann@oem.example" })
    }

    @Test("a track called by text gets a UUID in the file and comes back by its name")
    func textTracks() throws {
        let items = [ItemRecord(key: "a.pcd")]
        let box = Selector.cuboid(
            .init(center: [1, 2, 3], size: [4, 2, 1], rotation: [1, 0, 0, 0]))
        let labels = ["car-1", "7", "0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f", "-", "dé"].map {
            LabelRecord(
                item: "a.pcd", className: "Car", selector: box, attributes: ["track": .text($0)])
        }
        let (files, report) = try written("openlabel", items: items, labels: labels)
        #expect(report.losses.isEmpty)
        let json = try JSONValue(parsing: try #require(files["scene.json"]))
        guard case .object(let objects)? = json["openlabel"]?["objects"] else {
            Issue.record("no objects")
            return
        }
        let uids = objects.keys
        #expect(uids.count == 5)
        #expect(uids.contains("7"))
        #expect(!uids.contains("car-1"))
        #expect(uids.allSatisfy { $0 == "7" || $0.utf8.count == 36 })
        let back = try Reading(
            "openlabel", files.map { InputFile(name: $0.key, bytes: $0.value) })
        #expect(
            Set(back.labels.map { $0.attributes })
                == Set(labels.map { $0.attributes }))
        #expect(back.labels.contains { $0.externalID == "scene#object/car-1/cuboid//a.pcd" })
    }

    @Test("a frame without the object says that it is out of sight, and attributes may change")
    func track() throws {
        let reading = try Reading("openlabel", [textFile("any.json", Self.text)])
        let label = try #require(
            reading.labels.first { $0.externalID == "drive#object/1/cuboid/c/top" })
        guard case .track(let frames) = label.selector,
            case .cuboid(let cuboid)? = frames.first?.selector
        else {
            Issue.record("no track of cuboids")
            return
        }
        #expect(frames.map(\.time) == [10, 11, 12, 15])
        #expect(frames.map(\.isOutside) == [false, false, true, false])
        #expect(cuboid.rotation == [1, 0, 0, 0])
        #expect(cuboid.size == [4, 2, 1.5])
        #expect(label.confidence == 0.5)
        #expect(label.attributes["colour"] == .text("white"))
        #expect(label.attributes["frame"] == .text("vehicle"))
        #expect(
            label.attributes["openlabel.changes.moving"]
                == .array([
                    .array([.integer(10), .bool(true)]), .array([.integer(11), .bool(false)]),
                ]))
    }

    @Test("what is wrong or unknown is skipped where it stands")
    func skips() throws {
        let text = """
            {"openlabel":{"metadata":{"schema_version":"1.0.0"},"streams":{"s":{"type":"camera"},"evil":{"uri":"../../etc/passwd"}},
            "objects":{"1":{"name":"a","type":"Car","object_data":{"bbox":[{"val":[1,2,3]},{"val":[1,2,-3,4]},{"val":["x"]},{"val":[1,2,3,4],"stream":"no"}],
            "mat":[{"val":[1]}],"cuboid":[{"val":[1,2,3,1,1,1,1,1,1,1]}],"poly2d":[{"val":[1,2,3,4,5]},{"val":["x"],"mode":"MODE_POLY2D_SRF6DCC"}],
            "point2d":[{"val":[1,2],"stream":"s"}]}}},
            "frames":{"-1":{},"x":{},"3":{"objects":{"9":{"object_data":{}}}}},
            "actions":{"a":{"type":"Go","frame_intervals":[{"frame_start":9,"frame_end":3}]}},
            "relations":{"r":{"type":"of","rdf_subjects":[{"uid":"77","type":"object"}],"rdf_objects":[]}}}}
            """
        let reading = try Reading("openlabel", [textFile("f.json", text)])
        #expect(reading.labels.map(\.externalID) == ["f#object/1/point2d//s"])
        #expect(reading.skips.count == 14, "\(reading.skips)")
        #expect(reading.skips.allSatisfy { $0.place.hasPrefix("f.json, openlabel.") })
        for broken in [
            "[]", "{}", "{\"openlabel\":3}", "{\"openlabel\":{\"a\":NaN}}", "{\"openlabel\":{",
        ] {
            #expect(formatError("openlabel", broken, name: "f.json") != nil, "\(broken)")
        }
    }

    @Test("objects of two scenes with one number stay two objects")
    func scenes() throws {
        let one = { (name: String) in
            textFile(
                "\(name).json",
                """
                {"openlabel":{"metadata":{"schema_version":"1.0.0"},"streams":{"s":{"type":"camera"}},
                "objects":{"0":{"name":"0","type":"Car","object_data":{"bbox":[{"val":[1,2,2,2],"stream":"s"},{"val":[1,2,4,4],"stream":"s"}]}}}}}
                """)
        }
        let reading = try expectOwnExport("openlabel", [one("a"), one("b")])
        #expect(Set(reading.labels.compactMap(\.externalID)).count == 4)
        #expect(Set(reading.labels.map(\.item)) == ["a/s", "b/s"])
    }
}
