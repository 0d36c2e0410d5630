import AnnotationFormats
import AnnotationModel
import FormatFixtures

/// Records of every modality; each format takes those that it can carry.
enum FormatCorpus {
    static let items: [ItemRecord] = [
        ItemRecord(
            key: "images/a.jpg", fields: ["width": .integer(200), "height": .integer(100)]),
        ItemRecord(
            key: "images/ü 😀.png",
            fields: ["width": .integer(40), "height": .integer(30), "examined": .bool(true)]),
        ItemRecord(key: "clip.mp4", fields: ["width": .integer(64), "height": .integer(48)]),
        ItemRecord(key: "talk.wav", fields: ["duration": .float(12.5)]),
        ItemRecord(key: "series.csv"),
        ItemRecord(key: "velodyne/000001.pcd", fields: ["points": .integer(12)]),
        ItemRecord(key: "drive/velodyne_points", fields: ["timeUnit": .text("frame")]),
        ItemRecord(
            key: "task/1",
            fields: ["mediaType": .text("text/plain"), "text": .text("💩This is an annotation.")]),
        ItemRecord(
            key: "mol/1",
            fields: [
                "mediaType": .text("chemical/x-mdl-sdfile"),
                "sdf.molfile": .text(Molecules.ethanol),
            ]),
        ItemRecord(key: "prompt/1", fields: ["prompt": .text("Say 💩 \"well\"\nplease")]),
    ]

    static let selectors: [(item: String, selector: Selector)] = [
        ("images/a.jpg", .box(.init(x: 10, y: 20, width: 30, height: 40))),
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
                .init(x: 5, y: 6, visibility: .visible), .init(x: 7, y: 8, visibility: .visible),
            ])
        ),
        ("images/ü 😀.png", .mask(.init(width: 40, height: 30, counts: [35, 4, 26, 4, 1131]))),
        ("images/a.jpg", .wholeItem),
        (
            "clip.mp4",
            .track([
                .init(time: 1, selector: .box(.init(x: 1, y: 2, width: 3, height: 4))),
                .init(
                    time: 5, selector: .box(.init(x: 2, y: 2, width: 3, height: 4)),
                    isOutside: true),
            ])
        ),
        ("talk.wav", .interval(start: 0.5, end: 2.25, channels: [])),
        ("series.csv", .interval(start: 3, end: 9, channels: [])),
        (
            "velodyne/000001.pcd",
            .cuboid(.init(center: [1, 2, 3], size: [4, 2, 1.5], rotation: [1, 0, 0, 0]))
        ),
        ("velodyne/000001.pcd", .pointSet([0, 1, 5, 11])),
        (
            "drive/velodyne_points",
            .track([
                .init(
                    time: 3,
                    selector: .cuboid(
                        .init(center: [1, 2, 3], size: [4, 2, 1.5], rotation: [1, 0, 0, 0]))),
                .init(
                    time: 4,
                    selector: .cuboid(
                        .init(center: [2, 2, 3], size: [4, 2, 1.5], rotation: [1, 0, 0, 0]))),
            ])
        ),
        ("task/1", .textSpan(start: 12, end: 22, quote: "annotation")),
        ("mol/1", .graph(kind: "atom", elements: ["1", "3"])),
        ("prompt/1", .preference([["good"], ["bad"]])),
        ("series.csv", .cells(rowStart: 4, rowEnd: 5, columns: [])),
    ]

    static var labels: [LabelRecord] {
        selectors.enumerated().map { index, entry in
            LabelRecord(
                item: entry.item, className: index % 2 == 0 ? "scratch" : "Rostfleck ä",
                selector: entry.selector,
                attributes: index % 3 == 0
                    ? ["severity": .integer(2), "note": .text("<&\"'>")] : [:],
                confidence: index % 4 == 0 ? 0.75 : nil, externalID: "ext-\(index)",
                author: "ann@oem.example", source: "human",
                provenance: .init(
                    id: "oem.example:\(index).0", org: "oem.example", isContested: index == 3))
        }
    }

    /// Files of the formats that are read and not written.
    static let readOnlySamples: [String: [InputFile]] = [
        "las": [InputFile(name: "a.las", bytes: Clouds.las([2, 2, 1, 6]))],
        "dxf": [InputFile(name: "a.dxf", bytes: Array(Drawings.sample.utf8))],
    ]

    /// The files that a format writes of all that it can carry.
    static func files(_ format: String) throws -> [InputFile] {
        if let samples = readOnlySamples[format] { return samples }
        if needsOwnClasses.contains(format), let fixture = FormatFixture.of(format) {
            return try written(format, items: fixture.items, labels: fixture.active).files
                .sorted { $0.key < $1.key }.map { InputFile(name: $0.key, bytes: $0.value) }
        }
        return try written(format, items: items, labels: labels).files
            .sorted { $0.key < $1.key }.map { InputFile(name: $0.key, bytes: $0.value) }
    }
}

extension InputFile {
    /// The bytes of a file at hand.
    var bytes: [UInt8] { (try? withBytes { Array($0) }) ?? [] }
}

/// Reads in a context that knows the corpus's items; nil for an error of the module's own.
func readCorpus(_ format: String, _ files: [InputFile]) throws -> Reading? {
    do {
        return try Reading(
            format, files,
            context: ReadContext(
                items: FormatCorpus.items + (FormatFixture.of(format)?.items ?? [])))
    } catch is FormatError {
        return nil
    }
}
