import AnnotationModel
import LabelText
import Shapes

/// Writes one file a subset.
struct DatumaroWriter {
    private let output: any FormatOutput
    private var names: [String] = []
    private var indexByName: ByteMap<Int> = [:]
    private(set) var records: [ClassRecord] = []
    private var media: Set<MediaType> = []
    /// The classes of which a label is a skeleton, with the index of their first point.
    private(set) var firstPoint: ByteMap<Int> = [:]

    /// What a dataset's items are; Datumaro refuses clouds in a dataset that does not say so.
    private enum MediaType: Int {
        case any = 1
        case image = 2
        case pointCloud = 6

        init(_ item: ItemRecord) {
            let isCloud = ["pcd", "ply", "las", "bin"].contains(FileTree.ending(item.key))
            self = isCloud ? .pointCloud : .image
        }
    }

    init(output: any FormatOutput) { self.output = output }

    mutating func write(_ source: LabelSource) throws -> ConversionReport {
        for record in source.classes { add(record) }
        // Indices must be the same in all files, so the classes are gathered before the first one.
        try source.forEachAnnotation { label in
            if !label.className.isEmpty, !WriteSurvey.isCaption(label) {
                add(ClassRecord(name: label.className))
            }
            if label.attributes[DatumaroFormat.skeletonAttribute] == .bool(true) {
                firstPoint[label.className] = 0
            }
        }
        number()
        var subsets: [String] = []
        try source.forEachItem { item in
            let subset = Self.subset(item)
            if !subsets.contains(subset) { subsets.append(subset) }
            media.insert(MediaType(item))
        }
        var report = ConversionReport()
        for subset in subsets {
            try write(subset, source, &report, isFirst: subset == subsets.first)
        }
        return report
    }

    /// The name of a subset becomes a file name, so only plain ones are taken.
    private static func subset(_ item: ItemRecord) -> String {
        guard let name = item.fields["split"]?.text, (1...40).contains(name.utf8.count),
            name.utf8.allSatisfy({
                (0x30...0x39).contains($0) || (0x61...0x7a).contains($0 | 0x20)
                    || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "-")
            })
        else { return "default" }
        return name
    }

    private mutating func add(_ record: ClassRecord) {
        guard indexByName[record.name] == nil else { return }
        indexByName[record.name] = names.count
        names.append(record.name)
        records.append(record)
    }

    /// Gives each class its index: the points of a skeleton follow their class.
    private mutating func number() {
        var next = 0
        for record in records {
            indexByName[record.name] = next
            next += 1
            guard firstPoint[record.name] != nil else { continue }
            firstPoint[record.name] = record.keypoints.isEmpty ? nil : next
            next += record.keypoints.count
        }
    }

    private func index(_ record: ClassRecord) -> Int { indexByName[record.name] ?? 0 }

    private func write(
        _ subset: String, _ source: LabelSource, _ report: inout ConversionReport, isFirst: Bool
    ) throws {
        let parts = SubsetOutput(output, path: "annotations/\(subset).json", head: head())
        try parts.begin()
        let files = ItemFiles(format: "Datumaro", place: .element) { item, _ in
            Self.subset(item) == subset ? item.key : nil
        }
        var own = ConversionReport()
        // Labels of other subsets look as if their item were missing; they are counted with their own.
        var keys: ByteSet = []
        var allKeys: ByteSet = []
        try source.forEachItem { item in
            if Self.subset(item) == subset { keys.insert(item.key) }
            if isFirst { allKeys.insert(item.key) }
        }
        let filtered = LabelSource(
            classes: source.classes, forEachItem: source.forEachItem,
            forEachAnnotation: { body in
                try source.forEachAnnotation { label in
                    if keys.contains(label.item) || (isFirst && !allKeys.contains(label.item)) {
                        try body(label)
                    }
                }
            })
        try files.write(filtered, to: parts, report: &own) { label, item, number, report in
            guard let bytes = annotation(label, number, &report) else { return nil }
            output.labelWritten(as: "\(subset)/\(item.key)#\(number)")
            return bytes
        } wrap: { item, labels in
            if labels.isEmpty, item.fields["examined"] != .bool(true) { return nil }
            return Self.item(item, labels)
        }
        try parts.finish()
        report.add(own)
    }

    private func head() -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("dm_format_version")
        writer.string("1.0")
        writer.key("media_type")
        // The subsets are one dataset, which has one type.
        writer.integer((media.count == 1 ? media.first ?? .any : .any).rawValue)
        writer.key("infos")
        writer.beginObject()
        writer.endObject()
        writer.key("categories")
        writer.beginObject()
        writer.key("label")
        writer.beginObject()
        writer.key("labels")
        writer.beginArray()
        for record in records {
            let points = firstPoint[record.name] == nil ? [] : record.keypoints
            for (name, parent) in [(record.name, record.parent)] + points.map({ ($0, record.name) })
            {
                writer.beginObject()
                writer.key("name")
                writer.string(name)
                writer.key("parent")
                writer.string(parent)
                writer.key("attributes")
                writer.coordinates([])
                writer.endObject()
            }
        }
        writer.endArray()
        writer.endObject()
        if records.contains(where: { !$0.keypoints.isEmpty }) { points(&writer) }
        if records.contains(where: { $0.colorParts != nil }) { colors(&writer) }
        writer.endObject()
        return writer.bytes
    }

    private func colors(_ writer: inout JSONWriter) {
        writer.key("mask")
        writer.beginObject()
        writer.key("colormap")
        writer.beginArray()
        for record in records {
            guard let parts = record.colorParts else { continue }
            writer.value(
                .object([
                    "label_id": .integer(Int64(index(record))), "r": .integer(parts[0]),
                    "g": .integer(parts[1]), "b": .integer(parts[2]),
                ]))
        }
        writer.endArray()
        writer.endObject()
    }

    private func points(_ writer: inout JSONWriter) {
        writer.key("points")
        writer.beginObject()
        writer.key("items")
        writer.beginArray()
        for record in records where !record.keypoints.isEmpty {
            writer.beginObject()
            writer.key("label_id")
            writer.integer(index(record))
            writer.key("labels")
            writer.beginArray()
            for name in record.keypoints { writer.string(name) }
            writer.endArray()
            writer.key("joints")
            writer.beginArray()
            for joint in record.skeleton { writer.coordinates(joint.map(Double.init)) }
            writer.endArray()
            writer.endObject()
        }
        writer.endArray()
        writer.endObject()
    }

    private static func item(_ item: ItemRecord, _ labels: [[UInt8]]) -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("id")
        writer.string(item.key)
        writer.key("attr")
        writer.beginObject()
        if case .integer(let frame)? = item.fields["frame"] {
            writer.key("frame")
            writer.integer(frame)
        }
        for member in KeptMember.members(
            of: item.fields, prefix: DatumaroFormat.itemPrefix,
            except: item.fields["frame"] == nil ? [] : ["frame"])
        {
            writer.key(name: member.name)
            FieldValueJSON.write(member.value, to: &writer)
        }
        writer.endObject()
        writer.key(name: MediaType(item) == .pointCloud ? "point_cloud" : "image")
        writer.beginObject()
        writer.key("path")
        writer.string(item.key)
        if let size = item.pixelSize {
            writer.key("size")
            writer.coordinates([size.height, size.width])
        }
        writer.endObject()
        return writer.bytes + Array(",\"annotations\":[".utf8)
            + labels.joined(separator: Array(",".utf8)) + Array("]}".utf8)
    }

    private func annotation(
        _ label: LabelRecord, _ number: Int, _ report: inout ConversionReport
    ) -> [UInt8]? {
        var attributes = label.attributes
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("id")
        writer.integer(number)
        writer.key("type")
        guard shape(label, &attributes, &writer, &report) else { return nil }
        writer.key("group")
        writer.integer(Self.take(&attributes, DatumaroFormat.groupAttribute))
        writer.key("z_order")
        writer.integer(Self.take(&attributes, DatumaroFormat.orderAttribute))
        if !label.className.isEmpty, let index = indexByName[label.className] {
            writer.key("label_id")
            writer.integer(index)
        }
        if let confidence = label.confidence { attributes["score"] = .float(confidence) }
        writer.key("attributes")
        FieldValueJSON.write(fields: attributes, to: &writer)
        writer.endObject()
        guard !writer.hasNotFinite else {
            report.skip("a number that is not finite; correct the label", example: label.item)
            return nil
        }
        return writer.bytes
    }

    private static func take(_ attributes: inout [String: FieldValue], _ name: String) -> Int64 {
        guard case .integer(let value)? = attributes[name] else { return 0 }
        attributes[name] = nil
        return value
    }

    /// Writes the type and the geometry; false, and a line in the report, where there is none.
    ///
    /// It is long because each kind of selector is a case.
    private func shape(
        _ label: LabelRecord, _ attributes: inout [String: FieldValue],
        _ writer: inout JSONWriter, _ report: inout ConversionReport
    ) -> Bool {
        func list(_ key: String, _ values: [Double]) {
            writer.key(name: key)
            writer.coordinates(values)
        }
        switch label.selector {
        case .wholeItem:
            if case .text(let caption)? = attributes.removeValue(forKey: "caption") {
                writer.string("caption")
                writer.key("caption")
                writer.string(caption)
            } else {
                writer.string("label")
            }
        case .box(let box):
            writer.string("bbox")
            list("bbox", [box.x, box.y, box.width, box.height])
        case .polygon(let parts) where parts.count == 1 && parts[0].count == 1:
            writer.string("polygon")
            list("points", parts[0][0])
        case .polyline(let points):
            writer.string("polyline")
            list("points", points)
        case .keypoints(let points) where writeSkeleton(label, points, &attributes, &writer):
            break
        case .keypoints(let points):
            writer.string("points")
            list("points", points.flatMap { [$0.x, $0.y] })
            list("visibility", points.map { Double($0.visibility.rawValue) })
        case .mask(let mask):
            writer.string("mask")
            writer.key("rle")
            writer.beginObject()
            writer.key("counts")
            writer.string(RunLengths.compress(mask.counts))
            list("size", [Double(mask.height), Double(mask.width)])
            writer.endObject()
        case .ellipse(let box) where box.angle == 0:
            writer.string("ellipse")
            list(
                "points",
                [
                    box.centerX - box.width / 2, box.centerY - box.height / 2,
                    box.centerX + box.width / 2, box.centerY + box.height / 2,
                ])
        case .rotatedBox(let box):
            writer.string("rotated_bbox")
            for (key, value) in [
                ("cx", box.centerX), ("cy", box.centerY), ("w", box.width), ("h", box.height),
                ("r", box.angle * 180 / .pi),
            ] {
                writer.key(name: key)
                writer.coordinate(value)
            }
        case .cuboid(let cuboid):
            writer.string("cuboid_3d")
            list("position", cuboid.center)
            list(
                "rotation",
                Rotation.kept(
                    &attributes, DatumaroFormat.rotationAttribute, for: cuboid.rotation))
            list("scale", cuboid.size)
        default:
            report.skip(
                "Datumaro has no such \(label.selector.kindName); export as jsonl",
                example: label.item)
            return false
        }
        return true
    }
}

/// Turns the files of single items into the elements of one file.
private final class SubsetOutput: FormatOutput {
    private let base: any FormatOutput
    private let path: String
    private let head: [UInt8]
    private var isFirst = true

    init(_ base: any FormatOutput, path: String, head: [UInt8]) {
        (self.base, self.path, self.head) = (base, path, head)
    }

    func begin() throws {
        try base.begin(path)
        try base.write(head + Array(",\"items\":[".utf8))
    }

    func begin(_ path: String) throws {
        try base.write(Array((isFirst ? "\n" : ",\n").utf8))
        isFirst = false
    }

    func write(_ bytes: [UInt8]) throws { try base.write(bytes) }
    func end() {}
    func finish() throws {
        try base.write(Array("\n]}\n".utf8))
        try base.end()
    }
}
