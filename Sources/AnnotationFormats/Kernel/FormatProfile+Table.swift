import AnnotationModel

extension FormatProfile {
    /// The profiles of the formats that are built in, but for the lossless ones.
    static let table: [String: FormatProfile] = {
        var table: [String: FormatProfile] = [:]
        for part in [images, videos, clouds, speech, texts, series] {
            table.merge(part) { _, new in new }
        }
        for name in Array(images.keys) + Array(videos.keys) { table[name]?.isClassed = true }
        for name in ["coco", "label-studio", "web-annotation"] { table[name]?.keepsModel = true }
        for name in ["cvat", "voc", "voc-zero"] { table[name]?.attributesAreTexts = true }
        return table
    }()

    private init(
        kept: [Selector.Kind], poorer: [Selector.Kind] = [], empty: EmptyItems = .unsaid,
        classes: Classes = .none, parts: Parts = .kept, holes: Bool = false,
        confidence: Bool = false, author: Bool = false, attributes: Bool = false,
        firstFrame: Int64 = 0, isWritten: Bool = true
    ) {
        self.init()
        for kind in kept { shapes[kind] = .kept }
        for kind in poorer { shapes[kind] = .poorer }
        (emptyItems, self.classes, self.parts) = (empty, classes, parts)
        (keepsConfidence, keepsAuthor, keepsAttributes) = (confidence, author, attributes)
        (keepsHoles, self.firstFrame, self.isWritten) = (holes, firstFrame, isWritten)
    }

    private static let flat: [Selector.Kind] = [
        .box, .rotatedBox, .polygon, .polyline, .ellipse, .keypoints, .mask,
    ]

    private static let images: [String: FormatProfile] = [
        "coco": .init(
            kept: [.box, .polygon, .keypoints, .mask], poorer: [.rotatedBox], empty: .listed,
            classes: .numbers, holes: true, confidence: true, author: true, attributes: true),
        "deeppcb": .init(kept: [.box], empty: .examined),
        "yolo": .init(
            kept: [.box], poorer: flat.filter { $0 != .box }, empty: .examined, classes: .list,
            confidence: true),
        "yolo-seg": .init(
            kept: [.polygon], poorer: [.box], empty: .examined, classes: .list, parts: .joined),
        "yolo-pose": .init(kept: [.keypoints], empty: .examined, classes: .list),
        "yolo-obb": .init(
            kept: [.rotatedBox], poorer: [.box], empty: .examined, classes: .list),
        "voc": .init(kept: [.box], poorer: flat.filter { $0 != .box }, empty: .examined),
        "voc-zero": .init(kept: [.box], poorer: flat.filter { $0 != .box }, empty: .examined),
        "labelme": .init(
            kept: [.box, .polygon, .polyline, .keypoints, .mask, .wholeItem],
            poorer: [.rotatedBox, .ellipse], empty: .examined,
            parts: .grouped(by: LabelMeFormat.groupAttribute)),
        "label-studio": .init(
            kept: [
                .box, .rotatedBox, .ellipse, .polygon, .mask, .wholeItem, .interval, .textSpan,
                .keypoints, .track,
            ], empty: .examined, parts: .bitmap, confidence: true, author: true,
            attributes: true, firstFrame: 1),
        "coco-panoptic": .init(kept: [.mask], empty: .examined, classes: .numbers),
        "datumaro": .init(
            kept: flat + [.cuboid, .wholeItem], empty: .examined, classes: .list,
            parts: .grouped(by: DatumaroFormat.groupAttribute), confidence: true,
            attributes: true),
    ]

    private static let videos: [String: FormatProfile] = [
        "cvat": .init(
            kept: flat + [.wholeItem, .track], empty: .examined, classes: .list,
            parts: .grouped(by: "cvat.group_id"), attributes: true),
        "mot": .init(kept: [.track], empty: .examined, classes: .list, firstFrame: 1),
        "kitti": .init(kept: [.box, .cuboid], empty: .examined, confidence: true),
        "kitti-raw": .init(kept: [.track]),
        "sustech": .init(kept: [.cuboid], empty: .examined, author: true),
        "nuscenes": .init(kept: [.cuboid]),
        "openlabel": .init(
            kept: [.box, .rotatedBox, .polygon, .polyline, .cuboid, .track], holes: true,
            confidence: true, author: true, attributes: true),
    ]

    private static let clouds: [String: FormatProfile] = [
        "pcd": .init(kept: [.pointSet], classes: .numbers),
        "pcd-ascii": .init(kept: [.pointSet], classes: .numbers),
        "las": .init(kept: [], isWritten: false),
        "dxf": .init(kept: [], isWritten: false),
        "sdf": .init(kept: [.graph], poorer: [.wholeItem]),
    ]

    private static let speech: [String: FormatProfile] = [
        "webvtt": .init(
            kept: [.interval], empty: .examined, confidence: true, attributes: true),
        "rttm": .init(kept: [.interval], confidence: true),
        "textgrid": .init(kept: [.interval], empty: .examined),
        "audacity": .init(kept: [.interval], empty: .examined),
    ]

    private static let texts: [String: FormatProfile] = [
        "brat": .init(
            kept: [.textSpan, .relation, .targets], empty: .examined, attributes: true),
        "conll": .init(kept: [.textSpan], empty: .examined),
        "conll-iobes": .init(kept: [.textSpan], empty: .examined),
        "spacy": .init(
            kept: [.textSpan, .relation, .wholeItem], empty: .examined, confidence: true,
            attributes: true),
        "preference": .init(
            kept: [.preference], confidence: true, author: true, attributes: true),
        "dpo": .init(kept: [.preference], confidence: true, author: true, attributes: true),
        "kto": .init(kept: [.preference], confidence: true, author: true, attributes: true),
        "alpaca": .init(kept: [.preference], confidence: true, author: true, attributes: true),
        "web-annotation": .init(
            kept: Selector.Kind.allCases, holes: true, confidence: true, author: true,
            attributes: true),
    ]

    private static let series: [String: FormatProfile] = [
        "nab": .init(kept: [.interval], empty: .examined),
        "tcpd": .init(kept: [.cells], poorer: [.wholeItem], author: true),
    ]
}
