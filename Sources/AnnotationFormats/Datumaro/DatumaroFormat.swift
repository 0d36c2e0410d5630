import AnnotationModel

/// Datumaro JSON: one file a subset, items with their annotations.
///
/// The item's key is the path of its image or point cloud, or its id where there is none; the subset (the
/// name of the file) is the field `split`. `bbox`, `polygon`, `polyline`, `points`, `mask`, `ellipse`,
/// `rotated_bbox`, `cuboid_3d`, `label` and `caption` are read and written; a group other than 0 is the
/// attribute `datumaro.group`, `z_order` other than 0 `datumaro.z_order`, the attribute `score` within
/// 0...1 the confidence. Rotations of cuboids are Euler angles applied about x, then y, then z; the triple
/// that was read is kept as `datumaro.rotation`. Numbers are written with all digits, where Datumaro
/// itself rounds to two decimals. The external id is subset, `/`, item id, `#` and the number of the
/// annotation.
public struct DatumaroFormat: AnnotationFormat {
    /// The name on the command line.
    public let name = "datumaro"
    /// What a user should know before choosing it.
    public let summary =
        "Datumaro JSON; boxes, polygons, lines, points, masks, cuboids of all items"
    /// The name of the output file where the user gives none; nil for a folder.
    public let defaultFileName: String? = nil

    static let groupAttribute = "datumaro.group"
    static let orderAttribute = "datumaro.z_order"
    static let rotationAttribute = "datumaro.rotation"

    /// The format.
    public init() {}

    /// Reads files and hands over what they hold.
    public func read(
        _ files: [InputFile], context: ReadContext, into sink: (FormatEvent) throws -> Void
    ) throws {
        let finder = ItemFinder(context)
        var count = 0
        try FileTree.forEach(
            files, where: { FileTree.ending($0) == "json" }, into: sink
        ) { file, sink in
            count += 1
            var reader = DatumaroReader(file: file, finder: finder)
            try reader.read(into: sink)
        }
        if count == 0 {
            throw FormatError.noInput(format: name, wants: "give annotations/*.json or its folder")
        }
    }

    /// Writes items and annotations.
    public func write(
        _ source: LabelSource, to output: any FormatOutput, options: WriteOptions
    ) throws -> ConversionReport {
        var writer = DatumaroWriter(output: output)
        return try writer.write(source)
    }
}

/// Reads one file.
private struct DatumaroReader {
    let file: FormatFile
    private let finder: ItemFinder
    private var names: [String] = []

    init(file: FormatFile, finder: ItemFinder) { (self.file, self.finder) = (file, finder) }

    mutating func read(into sink: EventSink) throws {
        try JSONFile.scan(file.file) { scanner, path in
            var items: JSONScanner?
            var seen: ByteSet = []
            try scanner.beginObject()
            while try scanner.nextKey() {
                let key = scanner.key
                path = key
                guard seen.insert(key).inserted else {
                    throw JSONError(.duplicateKey(key), at: scanner.keyOffset)
                }
                switch key {
                case "categories":
                    try readCategories(try JSONValue(reading: &scanner), into: sink)
                case "items" where seen.contains("categories"):
                    try readItems(&scanner, &path, into: sink)
                case "items":
                    items = scanner.resumed(at: scanner.offset)
                    try scanner.skipValue()
                default: try scanner.skipValue()
                }
            }
            guard seen.contains("items") else {
                throw FormatError.structure(
                    file: file.file.name, path: "items",
                    why: "missing; a Datumaro file is an object with categories and items")
            }
            if var items { try readItems(&items, &path, into: sink) }
        }
    }

    private mutating func readCategories(_ json: JSONValue, into sink: EventSink) throws {
        var keypoints: [Int: (names: [String], joints: [[Int64]])] = [:]
        for entry in json["points"]?["items"]?.array ?? [] {
            guard let id = entry["label_id"]?.integer, (0...65_535).contains(id) else { continue }
            keypoints[Int(id)] = (
                (entry["labels"]?.array ?? []).compactMap(\.string),
                (entry["joints"]?.array ?? []).map { ($0.array ?? []).compactMap(\.integer) }
                    .filter { $0.count == 2 }
            )
        }
        var colors: [Int64: String] = [:]
        for entry in json["mask"]?["colormap"]?.array ?? [] {
            guard let id = entry["label_id"]?.integer else { continue }
            colors[id] = ClassRecord.color(of: ["r", "g", "b"].map { entry[$0]?.integer })
        }
        for (index, entry) in (json["label"]?["labels"]?.array ?? []).enumerated() {
            guard let name = entry["name"]?.string, !name.isEmpty,
                name.utf8.count <= RecordRule.nameBytesMax
            else {
                throw FormatError.structure(
                    file: file.file.name, path: "categories.label.labels[\(index)].name",
                    why: "must be a text of 1...\(RecordRule.nameBytesMax) bytes")
            }
            names.append(name)
            try sink(
                .labelClass(
                    ClassRecord(
                        name: name, parent: entry["parent"]?.string ?? "",
                        keypoints: keypoints[index]?.names ?? [],
                        skeleton: keypoints[index]?.joints ?? [],
                        color: colors[Int64(index)] ?? "")))
        }
    }

    private mutating func readItems(
        _ scanner: inout JSONScanner, _ path: inout String, into sink: EventSink
    ) throws {
        var index = 0
        try scanner.beginArray()
        while try scanner.nextElement() {
            path = "items[\(index)]"
            index += 1
            try readItem(try JSONValue(reading: &scanner), path, into: sink)
        }
    }

    private func readItem(_ json: JSONValue, _ path: String, into sink: EventSink) throws {
        let place = "\(file.file.name), \(path)"
        guard let id = json["id"]?.plainText else {
            return try sink(.skipped(where: place + ".id", why: "missing; name the item"))
        }
        let subset = file.bareStem
        let media = json["image"] ?? json["point_cloud"] ?? json["media"]
        let named = media?["path"]?.string ?? ""
        let key = try finder.key(
            named: named.isEmpty ? id : named, in: file, scopes: [subset],
            endings: named.isEmpty ? ImageSize.endings : [])
        var fields: [String: FieldValue] = ["split": .text(subset)]
        if let size = media?["size"]?.array?.compactMap(\.integer), size.count == 2, size[0] > 0,
            size[1] > 0
        {
            (fields["height"], fields["width"]) = (.integer(size[0]), .integer(size[1]))
        }
        if let frame = json["attr"]?["frame"]?.integer { fields["frame"] = .integer(frame) }
        let annotations = json["annotations"]?.array ?? []
        if annotations.isEmpty { fields["examined"] = .bool(true) }
        guard try Emit.item(key, fields, at: place, into: sink) else { return }
        for (index, annotation) in annotations.enumerated() {
            let place = "\(place).annotations[\(index)]"
            try Emit.label(at: place, into: sink) { () throws(Refusal) in
                var label = try label(annotation)
                label.item = key
                label.externalID = "\(subset)/\(id)#\(index + 1)"
                return label
            }
        }
    }

    private func label(_ json: JSONValue) throws(Refusal) -> LabelRecord {
        var label = LabelRecord(item: "", className: "", selector: .wholeItem)
        if let index = json["label_id"]?.integer {
            guard names.indices.contains(Int(clamping: index)) else {
                throw Refusal(why: "no label has the index \(index), there are \(names.count)")
            }
            label.className = names[Int(index)]
        }
        if case .object(let members)? = json["attributes"] {
            for (name, member) in members where member != .null {
                guard let value = FieldValueJSON.value(member) else {
                    throw Refusal(why: "the attribute \(name.prefix(40)) is nested too deeply")
                }
                label.attributes[name] = value
            }
        }
        if let score = label.attributes["score"]?.number, (0...1).contains(score) {
            label.confidence = score
            label.attributes["score"] = nil
        }
        for (member, name) in [
            ("group", DatumaroFormat.groupAttribute), ("z_order", DatumaroFormat.orderAttribute),
        ] {
            if let value = json[member]?.integer, value != 0 {
                label.attributes[name] = .integer(value)
            }
        }
        label.selector = try selector(json, &label)
        if label.className.isEmpty, label.attributes["caption"] == nil {
            throw Refusal(why: "label_id is missing; say the class")
        }
        return label
    }

    private func selector(
        _ json: JSONValue, _ label: inout LabelRecord
    ) throws(Refusal) -> Selector {
        func numbers(_ name: String, _ count: Int? = nil) throws(Refusal) -> [Double] {
            guard let numbers = json[name]?.doubles, count == nil || numbers.count == count else {
                throw Refusal(
                    why: "\(name) must be a list of \(count.map(String.init) ?? "") numbers")
            }
            return numbers
        }
        func number(_ name: String) throws(Refusal) -> Double {
            guard let value = json[name]?.double else { throw Refusal(why: "\(name) is missing") }
            return value
        }
        switch json["type"]?.string ?? "" {
        case "label": return .wholeItem
        case "caption":
            label.attributes["caption"] = .text(json["caption"]?.string ?? "")
            return .wholeItem
        case "bbox":
            let box = try numbers("bbox", 4)
            return .box(.init(x: box[0], y: box[1], width: box[2], height: box[3]))
        case "polygon":
            var ring = try numbers("points")
            Geometry.open(&ring)
            return .polygon([[ring]])
        case "polyline": return .polyline(try numbers("points"))
        case "points":
            let flat = try numbers("points")
            let flags = try json["visibility"] == nil ? [] : numbers("visibility")
            guard flat.count % 2 == 0, flags.isEmpty || flags.count == flat.count / 2 else {
                throw Refusal(why: "points and visibility do not match")
            }
            var points: [Selector.Keypoint] = []
            for index in 0..<flat.count / 2 {
                guard
                    let flag = UInt8(exactly: flags.isEmpty ? 2 : flags[index]),
                    let visibility = Selector.Keypoint.Visibility(rawValue: flag)
                else { throw Refusal(why: "a visibility must be 0, 1 or 2") }
                points.append(
                    .init(x: flat[2 * index], y: flat[2 * index + 1], visibility: visibility))
            }
            return .keypoints(points)
        case "mask": return .mask(try mask(json["rle"] ?? .null))
        case "ellipse":
            // Written as the corners of its box.
            let box = try numbers("points", 4)
            return .ellipse(
                .init(
                    centerX: (box[0] + box[2]) / 2, centerY: (box[1] + box[3]) / 2,
                    width: box[2] - box[0], height: box[3] - box[1], angle: 0))
        case "rotated_bbox":
            return .rotatedBox(
                .init(
                    centerX: try number("cx"), centerY: try number("cy"), width: try number("w"),
                    height: try number("h"), angle: try number("r") * .pi / 180))
        case "cuboid_3d":
            let angles = try numbers("rotation", 3)
            label.attributes[DatumaroFormat.rotationAttribute] = .array(angles.map { .float($0) })
            return .cuboid(
                .init(
                    center: try numbers("position", 3), size: try numbers("scale", 3),
                    rotation: Rotation.quaternion(euler: angles)))
        case let type: throw Refusal(why: "annotations of type \"\(type.prefix(40))\" are not read")
        }
    }

    private func mask(_ json: JSONValue) throws(Refusal) -> Selector.Mask {
        guard let size = json["size"]?.array?.compactMap(\.integer), size.count == 2 else {
            throw Refusal(why: "rle.size must be [height, width]")
        }
        do throws(RunLengths.Problem) {
            let runs: [Int64]
            if let text = json["counts"]?.string {
                runs = try RunLengths.decompress(text: text)
            } else {
                runs = (json["counts"]?.array ?? []).compactMap(\.integer)
            }
            return try RunLengths.mask(height: size[0], width: size[1], runs: runs)
        } catch {
            throw Refusal(why: error.why)
        }
    }
}

/// Writes one file a subset.
private struct DatumaroWriter {
    private let output: any FormatOutput
    private var names: [String] = []
    private var indexByName: ByteMap<Int> = [:]
    private var records: [ClassRecord] = []
    private var media: Set<MediaType> = []

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
            if !label.className.isEmpty { add(ClassRecord(name: label.className)) }
        }
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
            writer.beginObject()
            writer.key("name")
            writer.string(record.name)
            writer.key("parent")
            writer.string(record.parent)
            writer.key("attributes")
            writer.coordinates([])
            writer.endObject()
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
        for (index, record) in records.enumerated() {
            guard let parts = record.colorParts else { continue }
            writer.value(
                .object([
                    "label_id": .integer(Int64(index)), "r": .integer(parts[0]),
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
        for (index, record) in records.enumerated() where !record.keypoints.isEmpty {
            writer.beginObject()
            writer.key("label_id")
            writer.integer(index)
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
