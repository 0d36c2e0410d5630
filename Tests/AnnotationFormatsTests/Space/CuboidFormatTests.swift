import AnnotationFormats
import AnnotationModel
import LabelText
import Testing

@Suite("KITTI object labels")
struct KITTITests {
    static let truck =
        "Truck 0.00 0 -1.57 600 150 630 190 2.85 2.63 12.34 0.47 1.49 69.44 -1.56"

    @Test("the bottom face is not the centre, sizes are h w l, the angle is about the camera's y")
    func cuboid() throws {
        let text = Self.truck + "\nCar 0.5 1 -1 0 5 1 8 -1 -1 -1 -1 -1 -1 -1 0.75\n"
        let reading = try expectOwnExport("kitti", [textFile("label_2/000001.txt", text)])
        #expect(reading.items.map(\.key) == ["image_2/000001.png"])
        guard case .cuboid(let cuboid)? = reading.labels.first?.selector else {
            Issue.record("no cuboid: \(reading.firstSkip)")
            return
        }
        #expect(zip(cuboid.center, [0.47, 0.065, 69.44]).allSatisfy { ($0 - $1).magnitude < 1e-9 })
        #expect(cuboid.size == [12.34, 2.63, 2.85])
        // The length points along the camera's x axis turned by -1.56 about y: nearly along z.
        let q = cuboid.rotation
        let ahead = [
            1 - 2 * (q[2] * q[2] + q[3] * q[3]), 2 * (q[1] * q[2] + q[0] * q[3]),
            2 * (q[1] * q[3] - q[0] * q[2]),
        ]
        #expect((ahead[2] - 0.99994).magnitude < 1e-4)
        #expect(ahead[1].magnitude < 1e-9)
        // Local "up" is the camera's -y.
        #expect((1 - 2 * (q[1] * q[1] + q[3] * q[3])).magnitude < 1e-9)
        #expect((2 * (q[2] * q[3] - q[0] * q[1]) + 1).magnitude < 1e-9)
        #expect(reading.labels.last?.selector == .box(.init(x: 0, y: 5, width: 1, height: 3)))
        #expect(reading.labels.last?.confidence == 0.75)
        #expect(
            reading.labels.map(\.externalID) == ["label_2/000001#1", "label_2/000001#2"])
    }

    @Test("lines of another shape are skipped where they stand")
    func skips() throws {
        let text = """
            Truck 0 0
            Truck x 0 -1.57 600 150 630 190 2.85 2.63 12.34 0.47 1.49 69.44 -1.56
            Truck 0 0 -1.57 600 150 inf 190 2.85 2.63 12.34 0.47 1.49 69.44 -1.56
            Car 0 0 -1 10 0 1 8 -1 -1 -1 -1 -1 -1 -1
            \(Self.truck)
            """
        let reading = try Reading("kitti", [textFile("label_2/1.txt", text)])
        #expect(reading.labels.count == 1)
        #expect(reading.skips.map(\.place) == (1...4).map { "label_2/1.txt, line \($0)" })
    }

    @Test("what KITTI cannot say is told")
    func losses() throws {
        let tilted = Selector.cuboid(
            .init(center: [0, 0, 0], size: [1, 1, 1], rotation: [0.5, 0.5, 0.5, 0.5]))
        let labels = [
            LabelRecord(item: "a.png", className: "Car", selector: tilted),
            LabelRecord(
                item: "a.png", className: "Car", selector: tilted,
                attributes: ["frame": .text("kitti.camera")]),
            LabelRecord(
                item: "a.png", className: "two words",
                selector: .box(.init(x: 0, y: 0, width: 1, height: 1))),
            LabelRecord(item: "a.png", className: "Car", selector: .polyline([0, 0, 1, 1])),
        ]
        let (_, report) = try written("kitti", items: [ItemRecord(key: "a.png")], labels: labels)
        #expect(report.annotations == 0)
        #expect(report.skipped == 4)
    }

    @Test("public samples")
    func samples() throws {
        guard let folder = sharedData("format-samples/datumaro/kitti_dataset/kitti_3d"),
            let flat = sharedData("format-samples/datumaro/kitti_dataset/kitti_detection/training")
        else { return }
        let reading = try expectOwnExport("kitti", [folder])
        #expect(reading.items.map(\.key) == ["image_2/000001.png"])
        #expect(reading.labels.map(\.className) == ["Truck", "Car", "DontCare"])
        #expect(reading.labels.map(\.selector.kind) == [.cuboid, .cuboid, .box])
        let boxes = try expectOwnExport("kitti", [flat])
        #expect(boxes.labels.count == 5)
        #expect(boxes.labels.allSatisfy { $0.selector.kind == .box })
    }
}

@Suite("SUSTechPOINTS cuboids")
struct SUSTechTests {
    @Test("angles outside of a turn come back as they were")
    func angles() throws {
        let text = """
            [{"psr":{"position":{"x":1,"y":2,"z":3},"scale":{"x":4,"y":2,"z":1},
            "rotation":{"x":0.1,"y":0,"z":4.9}},"obj_type":"Car","obj_id":"4","obj_attr":"parked"}]
            """
        let reading = try expectOwnExport("sustech", [textFile("label/000965.json", text)])
        #expect(reading.items.map(\.key) == ["lidar/000965.pcd"])
        let label = try #require(reading.labels.first, "\(reading.firstSkip)")
        #expect(label.externalID == "label/000965#1")
        #expect(label.attributes["track"] == .text("4"))
        #expect(
            label.attributes["sustech.rotation"] == .array([.float(0.1), .float(0), .float(4.9)]))
    }

    @Test("cuboids without a figure or a class are skipped, and an empty array is a statement")
    func skips() throws {
        let text = """
            [{"psr":{"position":{"x":1,"y":2},"scale":{"x":4,"y":2,"z":1},"rotation":{"x":0,"y":0,"z":0}},"obj_type":"Car"},
            {"psr":{"position":{"x":1,"y":2,"z":3},"scale":{"x":-4,"y":2,"z":1},"rotation":{"x":0,"y":0,"z":0}},"obj_type":"Car"},
            {"psr":{"position":{"x":1,"y":2,"z":3},"scale":{"x":4,"y":2,"z":1},"rotation":{"x":0,"y":0,"z":0}}}, 5, "x"]
            """
        let reading = try Reading("sustech", [textFile("label/1.json", text)])
        #expect(reading.labels.isEmpty)
        #expect(reading.skips.map(\.place) == (0...4).map { "label/1.json, [\($0)]" })
        let empty = try Reading("sustech", [textFile("label/2.json", "[]")])
        #expect(empty.items.first?.fields["examined"] == .bool(true))
        #expect(formatError("sustech", "{}", name: "label/1.json") != nil)
        #expect(formatError("sustech", "[{\"psr\":NaN}]", name: "label/1.json") != nil)
    }

    @Test("public sample: 68 cuboids of three frames, tracks by their ids")
    func sample() throws {
        guard let folder = sharedData("cuboids-sustech") else { return }
        let reading = try expectOwnExport("sustech", [folder])
        #expect(reading.items.count == 3)
        #expect(reading.labels.count == 68)
        let tracks = Dictionary(grouping: reading.labels) { $0.attributes["track"] }
        #expect(tracks.count { $0.value.count == 3 } >= 17)
    }
}
