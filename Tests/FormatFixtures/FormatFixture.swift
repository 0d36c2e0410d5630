import AnnotationFormats
import AnnotationModel

/// A small dataset that fits one format's modality: several classes, attributes, confidences, authors, names
/// beyond ASCII, a retracted label, and an item that somebody examined and found nothing on.
public struct FormatFixture: Sendable {
    /// The items in the order in which they are written.
    public var items: [ItemRecord]
    /// The labels in the order in which they are written.
    public var labels: [LabelRecord]
    /// Files of formats that are read and not written; empty for the others.
    public var files: [InputFile] = []
    /// The same files with one label changed.
    public var changedFiles: [InputFile] = []

    /// The labels that are not retracted.
    public var active: [LabelRecord] { labels.filter { !$0.isRetracted } }

    /// The dataset for a format; nil for a format that was added since and has none.
    public static func of(_ format: String) -> FormatFixture? {
        switch format {
        case "csv", "jsonl": everything
        case "coco", "cvat", "datumaro", "label-studio", "labelme", "yolo", "voc", "voc-zero":
            .images
        case "web-annotation": images.joined(with: speech).joined(with: text)
        case "yolo-seg": polygons
        case "yolo-pose": poses
        case "yolo-obb": rotatedBoxes
        case "deeppcb": boards
        case "coco-panoptic": segments
        case "kitti": kitti
        case "kitti-raw": tracklets
        case "mot": boxTracks
        case "sustech", "nuscenes": cuboids
        case "openlabel": cuboids.joined(with: images)
        case "pcd", "pcd-ascii": pointClasses
        case "las": surveyedPoints
        case "sdf": molecules
        case "dxf": drawings
        case "webvtt", "rttm", "textgrid", "audacity": speech
        case "brat", "conll", "conll-iobes", "spacy": text
        case "nab": anomalies
        case "tcpd": changePoints
        case "preference", "dpo": preferences
        case "kto": judgements
        case "alpaca": answers
        default: nil
        }
    }

    /// All that can be said.
    static var everything: FormatFixture {
        [
            polygons, poses, rotatedBoxes, segments, cuboids, boxTracks, pointClasses, molecules,
            speech, text, anomalies, preferences,
        ].reduce(images) { $0.joined(with: $1) }
    }

    /// Both datasets, with each item once and ids that stay apart.
    func joined(with other: FormatFixture) -> FormatFixture {
        var both = self
        for item in other.items where !items.contains(where: { $0.key == item.key }) {
            both.items.append(item)
        }
        for label in other.labels {
            var label = label
            label.externalID = "ext-\(both.labels.count)"
            label.provenance?.id = "oem.example:\(both.labels.count).0"
            both.labels.append(label)
        }
        return both
    }

    /// A dataset whose labels get ids, authors and confidences by their numbers.
    ///
    /// The last label is retracted.
    init(
        _ items: [ItemRecord], classes: [String] = ["scratch", "Rostfleck ä", "dent"],
        attributes: [String: FieldValue] = [:], _ labels: [(item: String, selector: Selector)]
    ) {
        self.items = items
        self.labels = labels.enumerated().map { index, entry in
            var own = attributes
            if index % 3 == 0 { own["severity"] = .integer(2) }
            if index % 3 == 1 { own["note"] = .text("<&\"'> 😀") }
            return LabelRecord(
                item: entry.item, className: classes[index % classes.count],
                selector: entry.selector, attributes: own,
                confidence: index % 2 == 0 ? 0.75 : nil, externalID: "ext-\(index)",
                author: index % 2 == 0 ? "ann@oem.example" : "bo@oem.example", source: "human",
                isRetracted: index > 0 && index == labels.count - 1,
                provenance: .init(
                    id: "oem.example:\(index).0", org: "oem.example", isContested: false))
        }
    }

    /// An item that was examined without finding anything.
    static func examined(_ key: String, _ fields: [String: FieldValue] = [:]) -> ItemRecord {
        ItemRecord(key: key, fields: fields.merging(["examined": .bool(true)]) { $1 })
    }
}
