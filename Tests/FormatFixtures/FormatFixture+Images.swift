import AnnotationFormats
import AnnotationModel

extension FormatFixture {
    private static let boardSize: [String: FieldValue] = [
        "width": .integer(200), "height": .integer(100),
    ]
    private static let smallSize: [String: FieldValue] = [
        "width": .integer(40), "height": .integer(30),
    ]
    private static let pictures = [
        ItemRecord(key: "images/a.jpg", fields: boardSize),
        ItemRecord(key: "images/ü 😀.png", fields: smallSize),
        examined("images/empty.png", smallSize),
    ]

    /// Images with every shape that a tool for images draws.
    static var images: FormatFixture {
        FormatFixture(
            pictures,
            [
                ("images/a.jpg", box(10, 20, 30, 40)), ("images/a.jpg", box(11.5, 20, 33, 7)),
                ("images/ü 😀.png", box(0, 0, 40, 30)),
                (
                    "images/a.jpg",
                    .rotatedBox(.init(centerX: 60, centerY: 50, width: 30, height: 10, angle: 0.5))
                ),
                ("images/a.jpg", .polygon([[[1, 1, 9.25, 1, 9, 9.5]]])),
                ("images/a.jpg", .polyline([1, 2, 3, 4, 5, 4])),
                (
                    "images/a.jpg",
                    .ellipse(.init(centerX: 50, centerY: 40, width: 20, height: 20, angle: 0))
                ),
                (
                    "images/a.jpg",
                    .keypoints([
                        .init(x: 5, y: 6, visibility: .visible),
                        .init(x: 7, y: 8, visibility: .visible),
                    ])
                ),
                (
                    "images/ü 😀.png",
                    .mask(.init(width: 40, height: 30, counts: [35, 4, 26, 4, 1131]))
                ),
                ("images/a.jpg", .wholeItem), ("images/a.jpg", box(1, 2, 3, 4)),
            ])
    }

    /// Outlines for segmentation.
    static var polygons: FormatFixture {
        FormatFixture(
            pictures,
            [
                ("images/a.jpg", .polygon([[[1, 1, 9.25, 1, 9, 9.5]]])),
                ("images/a.jpg", .polygon([[[20, 20, 50, 20, 50, 60, 20, 60]]])),
                ("images/ü 😀.png", .polygon([[[1, 1, 30, 1, 30, 20]]])),
                ("images/a.jpg", .polygon([[[2, 2, 4, 2, 4, 4]]])),
            ])
    }

    /// Keypoints with the box around them.
    static var poses: FormatFixture {
        let pose = { (x: Double) -> Selector in
            .keypoints([
                .init(x: x, y: 6, visibility: .visible),
                .init(x: x + 12, y: 18, visibility: .visible),
            ])
        }
        return FormatFixture(
            pictures, classes: ["hand", "arm"],
            [
                ("images/a.jpg", pose(5)), ("images/a.jpg", pose(25)),
                ("images/ü 😀.png", pose(9)), ("images/a.jpg", pose(60)),
            ])
    }

    /// Boxes that stand at an angle.
    static var rotatedBoxes: FormatFixture {
        let box = { (x: Double, angle: Double) -> Selector in
            .rotatedBox(.init(centerX: x, centerY: 50, width: 30, height: 10, angle: angle))
        }
        var fixture = FormatFixture(
            pictures,
            [
                ("images/a.jpg", box(60, 0.5)), ("images/a.jpg", box(120, -0.25)),
                ("images/a.jpg", box(90, 1)), ("images/a.jpg", box(30, 0)),
            ])
        fixture.items.removeAll { $0.key.hasPrefix("images/ü") }
        return fixture
    }

    /// Boards with the six defects of DeepPCB.
    static var boards: FormatFixture {
        FormatFixture(
            [
                ItemRecord(key: "group00041/00041/00041000_test.jpg"),
                ItemRecord(key: "group00041/00041/00041001_test.jpg"),
                examined("group00041/00041/00041002_test.jpg"),
            ], classes: DeepPCBFormat.classNames,
            [
                ("group00041/00041/00041000_test.jpg", box(466, 441, 27, 29)),
                ("group00041/00041/00041000_test.jpg", box(10, 20, 30, 40)),
                ("group00041/00041/00041001_test.jpg", box(1, 2, 3, 4)),
                ("group00041/00041/00041001_test.jpg", box(5, 6, 7, 8)),
            ])
    }

    /// Segments that do not overlap.
    static var segments: FormatFixture {
        FormatFixture(
            pictures,
            [
                (
                    "images/ü 😀.png",
                    .mask(.init(width: 40, height: 30, counts: [35, 4, 26, 4, 1131]))
                ),
                (
                    "images/ü 😀.png",
                    .mask(.init(width: 40, height: 30, counts: [600, 30, 570]))
                ),
                (
                    "images/ü 😀.png",
                    .mask(.init(width: 40, height: 30, counts: [900, 30, 270]))
                ),
            ])
    }

    /// Boxes followed through frames.
    static var boxTracks: FormatFixture {
        let track = { (x: Double) -> Selector in
            .track(
                (1...3).map { frame in
                    .init(
                        time: Double(frame), selector: box(x + Double(frame), 2, 3, 4))
                })
        }
        return FormatFixture(
            [
                ItemRecord(
                    key: "clip.mp4",
                    fields: [
                        "width": .integer(64), "height": .integer(48), "timeUnit": .text("frame"),
                    ])
            ], classes: ["pedestrian", "car"],
            [("clip.mp4", track(1)), ("clip.mp4", track(20)), ("clip.mp4", track(40))])
    }

    static func box(_ x: Double, _ y: Double, _ width: Double, _ height: Double) -> Selector {
        .box(.init(x: x, y: y, width: width, height: height))
    }
}
