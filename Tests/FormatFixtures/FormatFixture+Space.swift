import AnnotationFormats
import AnnotationModel

extension FormatFixture {
    private static func cuboid(
        _ x: Double, size: [Double] = [4, 2, 1.5], rotation: [Double] = [1, 0, 0, 0]
    ) -> Selector {
        .cuboid(.init(center: [x, 2, 3], size: size, rotation: rotation))
    }

    /// Cuboids in clouds.
    static var cuboids: FormatFixture {
        FormatFixture(
            [
                ItemRecord(key: "lidar/000001.pcd", fields: ["points": .integer(12)]),
                ItemRecord(key: "front/ü 2.pcd", fields: ["points": .integer(12)]),
                examined("lidar/000003.pcd"),
            ], classes: ["car", "Gabelstapler ä"],
            [
                ("lidar/000001.pcd", cuboid(1)),
                ("lidar/000001.pcd", cuboid(7, rotation: [0.8, 0, 0, 0.6])),
                ("front/ü 2.pcd", cuboid(-4.25, size: [1, 0.5, 0.25])),
                ("lidar/000001.pcd", cuboid(40)),
            ])
    }

    /// Boxes, and cuboids in the frame of a camera.
    static var kitti: FormatFixture {
        // Upright and straight ahead: the quarter turn about x.
        let half = 0.5.squareRoot()
        var fixture = FormatFixture(
            [
                ItemRecord(key: "images/a.jpg"), ItemRecord(key: "image_2/000007.png"),
                examined("images/empty.png"),
            ], classes: ["Car", "Pedestrian"],
            [
                ("images/a.jpg", box(10, 20, 30, 40)), ("images/a.jpg", box(1.5, 2, 3, 4)),
                ("image_2/000007.png", cuboid(9, rotation: [half, half, 0, 0])),
                ("image_2/000007.png", box(5, 6, 7, 8)), ("images/a.jpg", box(1, 2, 3, 4)),
            ])
        fixture.labels[2].attributes = [
            "frame": .text("kitti.camera"),
            "kitti.box": .array([.float(1), .float(2), .float(3), .float(4)]),
        ]
        return fixture
    }

    /// Cuboids followed through the frames of a drive.
    static var tracklets: FormatFixture {
        let track = { (x: Double) -> Selector in
            .track((3...5).map { .init(time: Double($0), selector: cuboid(x + Double($0))) })
        }
        return FormatFixture(
            [ItemRecord(key: "velodyne_points", fields: ["timeUnit": .text("frame")])],
            classes: ["Car", "Van"],
            [
                ("velodyne_points", track(1)), ("velodyne_points", track(20)),
                ("velodyne_points", track(40)),
            ])
    }

    /// Classes of the points of clouds.
    static var pointClasses: FormatFixture {
        FormatFixture(
            [
                ItemRecord(key: "velodyne/000001.pcd", fields: ["points": .integer(12)]),
                ItemRecord(key: "velodyne/ü 2.pcd", fields: ["points": .integer(4)]),
            ], classes: ["weld", "Rost ä"],
            [
                ("velodyne/000001.pcd", .pointSet([0, 1, 5, 11])),
                ("velodyne/000001.pcd", .pointSet([2, 3])),
                ("velodyne/ü 2.pcd", .pointSet([0, 3])),
                ("velodyne/000001.pcd", .pointSet([7])),
            ])
    }

    /// A file of LAS 1.2, whose points carry class codes.
    static var surveyedPoints: FormatFixture {
        var fixture = FormatFixture([], [])
        fixture.files = [InputFile(name: "survey.las", bytes: las([2, 2, 1, 6, 2]))]
        fixture.changedFiles = [InputFile(name: "survey.las", bytes: las([2, 2, 1, 6, 0]))]
        return fixture
    }

    private static func las(_ codes: [UInt8]) -> [UInt8] {
        let headerBytes: UInt8 = 227
        var bytes = [UInt8](repeating: 0, count: Int(headerBytes))
        bytes.replaceSubrange(0..<4, with: Array("LASF".utf8))
        (bytes[24], bytes[25], bytes[94], bytes[96]) = (1, 2, headerBytes, headerBytes)
        (bytes[105], bytes[107]) = (20, UInt8(codes.count))
        for code in codes {
            var point = [UInt8](repeating: 9, count: 20)
            point[15] = code
            bytes += point
        }
        return bytes
    }

    /// A drawing with a line on a layer, and the same with the line on another.
    static var drawings: FormatFixture {
        var fixture = FormatFixture([], [])
        fixture.files = [InputFile(name: "plate.dxf", bytes: Array(dxf("frame").utf8))]
        fixture.changedFiles = [InputFile(name: "plate.dxf", bytes: Array(dxf("weld ä").utf8))]
        return fixture
    }

    private static func dxf(_ layer: String) -> String {
        let pairs = [
            (0, "SECTION"), (2, "HEADER"), (9, "$ACADVER"), (1, "AC1027"), (9, "$INSUNITS"),
            (70, "4"), (0, "ENDSEC"), (0, "SECTION"), (2, "ENTITIES"), (0, "LINE"), (5, "21"),
            (8, layer), (10, "0.0"), (20, "0.0"), (11, "5.0"), (21, "5.0"), (0, "CIRCLE"),
            (5, "22"), (8, "holes"), (10, "1.0"), (20, "1.0"), (40, "0.5"), (0, "ENDSEC"),
            (0, "EOF"),
        ]
        return pairs.map { "  \($0.0)\n\($0.1)\n" }.joined()
    }

    /// Atoms and bonds of a molecule.
    static var molecules: FormatFixture {
        FormatFixture(
            [
                ItemRecord(
                    key: "mol/1",
                    fields: [
                        "mediaType": .text("chemical/x-mdl-sdfile"), "sdf.molfile": .text(ethanol),
                    ])
            ], classes: ["hydroxyl", "methyl"],
            [
                ("mol/1", .graph(kind: "atom", elements: ["1", "3"])),
                ("mol/1", .graph(kind: "atom", elements: ["2"])),
                ("mol/1", .graph(kind: "atom", elements: ["2", "3"])),
            ])
    }

    private static let ethanol = """
        1
          test

          3  2  0  0  0  0            999 V2000
            0.0000    0.0000    0.0000 C   0  0  0  0  0  0
            1.5000    0.0000    0.0000 C   0  0  0  0  0  0
            2.1000    1.3000    0.0000 O   0  0  0  0  0  0
          1  2  1  0  0  0
          2  3  1  0  0  0
        M  CHG  1   3  -1
        M  END
        """
}
