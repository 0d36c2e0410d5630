import AnnotationModel
import LabelText
import Shapes

/// Writes one COCO file, record by record.
///
/// Categories come last in the file, because only then all classes are known; COCO does not fix the
/// order. Ids of all kinds begin at 1, since evaluation programs take 0 for "none".
struct COCOWriter {
    private let options: WriteOptions
    private var buffer: BufferedJSON
    private var report = ConversionReport()
    private var imageByKey: ByteMap<Image> = [:]
    /// The image of the last label: labels of one image mostly follow each other.
    private var lastImage: (key: String, image: Image)?
    private var classes: [ClassRecord] = []
    private var classByName: ByteMap<Int> = [:]
    private var imageIDs = COCONumbers()
    private var classIDs = COCONumbers()
    /// What the file says of itself; a reader takes its word for which images were examined.
    static let description = "Exported by countermark"

    private struct Image {
        var id: FieldValue
        var width: Int64?
        var height: Int64?
    }

    /// What is written of a selector.
    private struct Shape {
        enum Segmentation {
            case none
            case rings([[Double]])
            case mask(Selector.Mask)
        }
        var bounds: Selector.Box
        var area: Double
        var segmentation = Segmentation.none
        var keypoints: [Selector.Keypoint] = []

        /// True for a shape beside which a box says more.
        var hasOwnBox: Bool {
            if case .none = segmentation { return !keypoints.isEmpty }
            return true
        }

        var isFinite: Bool {
            bounds.width.isFinite && bounds.height.isFinite && area.isFinite
        }
    }

    init(output: any FormatOutput, options: WriteOptions) {
        self.options = options
        buffer = BufferedJSON(output)
    }

    mutating func write(_ source: LabelSource) throws -> ConversionReport {
        for record in source.classes { classIDs.reserve(record.number) }
        for record in source.classes { _ = classID(record.name, record) }
        try source.forEachItem { item in
            if case .integer(let id)? = item.fields[COCOAttribute.imageID] { imageIDs.reserve(id) }
        }
        try buffer.output.begin("coco.json")
        buffer.writer.beginObject()
        buffer.writer.key("info")
        buffer.writer.beginObject()
        buffer.writer.key("description")
        buffer.writer.string(Self.description)
        buffer.writer.endObject()
        buffer.writer.key("images")
        buffer.writer.beginArray()
        try source.forEachItem { item in
            write(item)
            if buffer.writer.hasNotFinite { throw FormatError.notFinite(item: item.key) }
            try buffer.flushIfLarge()
        }
        buffer.writer.endArray()
        buffer.writer.key("annotations")
        buffer.writer.beginArray()
        try source.forEachAnnotation { label in
            write(label)
            if buffer.writer.hasNotFinite { throw FormatError.notFinite(item: label.item) }
            try buffer.flushIfLarge()
        }
        buffer.writer.endArray()
        writeCategories()
        buffer.writer.endObject()
        buffer.writer.newline()
        try buffer.flush()
        try buffer.output.end()
        return report
    }

    // MARK: Images and categories

    private mutating func write(_ item: ItemRecord) {
        if case .text(let type)? = item.fields["mediaType"], !type.hasPrefix("image/") {
            return report.skip("COCO has images only, this is \(type)", example: item.key)
        }
        guard imageByKey[item.key] == nil else { return }
        var image = Image(id: imageIDs.take(item.fields[COCOAttribute.imageID]))
        if case .integer(let width)? = item.fields["width"] { image.width = width }
        if case .integer(let height)? = item.fields["height"] { image.height = height }
        imageByKey[item.key] = image
        report.items += 1
        buffer.writer.lineBreak()
        buffer.writer.beginObject()
        buffer.writer.key("id")
        FieldValueJSON.write(image.id, to: &buffer.writer)
        text("file_name", item.key)
        if let width = image.width { number("width", width) }
        if let height = image.height { number("height", height) }
        let own = COCOAttribute.ofImage(item.fields)
        for member in own {
            buffer.writer.key(name: member.name)
            FieldValueJSON.write(member.value, to: &buffer.writer)
        }
        let others = item.fields.filter { name, value in
            if own.contains(where: { $0.field == name }) { return false }
            if case .integer = value { return name != "width" && name != "height" }
            return true
        }
        if !others.isEmpty {
            buffer.writer.key("countermark")
            buffer.writer.beginObject()
            buffer.writer.key("fields")
            FieldValueJSON.write(fields: others, to: &buffer.writer)
            buffer.writer.endObject()
        }
        buffer.writer.endObject()
    }

    private mutating func classID(_ name: String, _ record: ClassRecord? = nil) -> Int64 {
        if let index = classByName[name] { return classes[index].number ?? 0 }
        classByName[name] = classes.count
        var record = record ?? ClassRecord(name: name)
        if case .integer(let id) = classIDs.take(record.number.map { .integer($0) }) {
            record.number = id
        }
        classes.append(record)
        return record.number ?? 0
    }

    private mutating func writeCategories() {
        buffer.writer.key("categories")
        buffer.writer.beginArray()
        for record in classes {
            buffer.writer.lineBreak()
            buffer.writer.beginObject()
            number("id", record.number ?? 0)
            text("name", record.name)
            text("supercategory", record.parent)
            if !record.keypoints.isEmpty {
                buffer.writer.key("keypoints")
                buffer.writer.beginArray()
                for name in record.keypoints { buffer.writer.string(name) }
                buffer.writer.endArray()
                buffer.writer.key("skeleton")
                buffer.writer.beginArray()
                for joint in record.skeleton { buffer.writer.coordinates(joint.map(Double.init)) }
                buffer.writer.endArray()
            }
            buffer.writer.endObject()
        }
        buffer.writer.endArray()
    }

    // MARK: Annotations

    private mutating func write(_ label: LabelRecord) {
        guard !label.isRetracted else {
            return report.skip("a retracted label has no place in COCO", example: label.item)
        }
        guard let image = image(of: label) else {
            return report.skip("the item is not among the exported images", example: label.item)
        }
        guard !label.className.isEmpty || label.attributes["coco.caption"] != nil else {
            return report.skip("a label without class has no place in COCO", example: label.item)
        }
        if case .wholeItem = label.selector, label.attributes["coco.caption"] != nil {
            return write(label, image, nil)
        }
        guard let shape = shape(label, image) else { return }
        // One label of astronomic size must not spoil the export of all the others.
        guard shape.isFinite else {
            return report.skip(
                "the area is larger than a number can say; correct the label", example: label.item)
        }
        write(label, image, shape)
    }

    private mutating func image(of label: LabelRecord) -> Image? {
        if let lastImage, lastImage.key.hasSameBytes(as: label.item) { return lastImage.image }
        lastImage = imageByKey[label.item].map { (label.item, $0) }
        return lastImage?.image
    }

    private mutating func write(_ label: LabelRecord, _ image: Image, _ shape: Shape?) {
        report.annotations += 1
        buffer.writer.lineBreak()
        buffer.writer.beginObject()
        number("id", report.annotations)
        buffer.writer.key("image_id")
        FieldValueJSON.write(image.id, to: &buffer.writer)
        // A caption has no class.
        let isNamed = shape != nil || label.className != "-"
        if !label.className.isEmpty, isNamed {
            number("category_id", classID(label.className))
        }
        var attributes = label.attributes
        if let shape { write(shape, &attributes) }
        if let confidence = label.confidence {
            buffer.writer.key("score")
            buffer.writer.coordinate(confidence)
        } else if let score = attributes.removeValue(forKey: COCOAttribute.score) {
            buffer.writer.key("score")
            FieldValueJSON.write(score, to: &buffer.writer)
        }
        writeOwnMembers(&attributes)
        if !attributes.isEmpty {
            buffer.writer.key("attributes")
            FieldValueJSON.write(fields: attributes, to: &buffer.writer)
        }
        if options.includesProvenance { writeProvenance(label) }
        let noted = options.includesProvenance ? label.externalID : nil
        buffer.output.labelWritten(as: noted ?? String(report.annotations))
        buffer.writer.endObject()
    }

    /// Where COCO's own members are kept, the newest name first.
    private static let boxAttributes = [
        COCOAttribute.bbox, COCOAttribute.prefix + "bbox", YOLOWriter.oldBoxAttribute,
    ]
    private static let crowdAttributes = [
        COCOAttribute.isCrowd, COCOAttribute.prefix + "iscrowd",
    ]
    private static let keypointAttributes = [
        COCOAttribute.keypoints, COCOAttribute.prefix + "keypoints",
    ]

    private mutating func write(_ shape: Shape, _ attributes: inout [String: FieldValue]) {
        var bounds = shape.bounds
        // The box of the object is larger than that around its points, and may differ from its outline's.
        for name in Self.boxAttributes where shape.hasOwnBox && !attributes.isEmpty {
            guard let box = ObjectAttribute.box(attributes[name]) else { continue }
            bounds = box
            attributes[name] = nil
            break
        }
        buffer.writer.key("bbox")
        buffer.writer.coordinates([bounds.x, bounds.y, bounds.width, bounds.height])
        buffer.writer.key("area")
        let area = attributes.removeValue(forKey: COCOAttribute.area)
        buffer.writer.coordinate(
            area?.number ?? (shape.keypoints.isEmpty ? shape.area : bounds.width * bounds.height))
        var isCrowd = false
        for name in Self.crowdAttributes where !attributes.isEmpty {
            let flag = attributes.removeValue(forKey: name)
            isCrowd = isCrowd || flag == .bool(true) || flag == .integer(1)
        }
        number("iscrowd", isCrowd ? 1 : 0)
        buffer.writer.key("segmentation")
        switch shape.segmentation {
        case .none: buffer.writer.coordinates([])
        case .rings(let rings):
            buffer.writer.beginArray()
            for ring in rings { buffer.writer.coordinates(ring) }
            buffer.writer.endArray()
        case .mask(let mask):
            buffer.writer.beginObject()
            buffer.writer.key("size")
            buffer.writer.coordinates([Double(mask.height), Double(mask.width)])
            text("counts", RunLengths.compress(mask.counts))
            buffer.writer.endObject()
        }
        var flat = shape.keypoints.flatMap { [$0.x, $0.y, Double($0.visibility.rawValue)] }
        for name in Self.keypointAttributes where flat.isEmpty && !attributes.isEmpty {
            guard case .array(let values)? = attributes[name],
                case let numbers = values.compactMap(\.number), numbers.count == values.count,
                numbers.count % 3 == 0
            else { continue }
            attributes[name] = nil
            flat = numbers
        }
        if !flat.isEmpty {
            buffer.writer.key("keypoints")
            buffer.writer.coordinates(flat)
            let seen = stride(from: 2, to: flat.count, by: 3).reduce(0) {
                $0 + (flat[$1] > 0 ? 1 : 0)
            }
            if case .integer(let count)? = attributes.removeValue(
                forKey: COCOAttribute.keypointCount)
            {
                number("num_keypoints", count)
            } else {
                number("num_keypoints", seen)
            }
        }
    }

    /// Puts attributes that came from COCO's own members back into their places.
    private mutating func writeOwnMembers(_ attributes: inout [String: FieldValue]) {
        if attributes.isEmpty { return }
        for (name, value) in attributes.sorted(by: { $0.key < $1.key }) {
            guard name.hasPrefix(COCOAttribute.prefix) else { continue }
            let member = String(name.dropFirst(COCOAttribute.prefix.count))
            if member.isEmpty || value == .null || COCOAttribute.computed.contains(member) {
                continue
            }
            attributes[name] = nil
            buffer.writer.key(name: member)
            FieldValueJSON.write(value, to: &buffer.writer)
        }
    }

    private mutating func writeProvenance(_ label: LabelRecord) {
        let texts: [(String, String?)] = [
            ("id", label.provenance?.id), ("org", label.provenance?.org),
            ("dataset", label.provenance == nil ? nil : options.base?.dataset),
            ("author", label.author), ("source", label.source), ("externalID", label.externalID),
        ]
        guard texts.contains(where: { $0.1 != nil }) else { return }
        buffer.writer.key("countermark")
        buffer.writer.beginObject()
        for case (let name, let value?) in texts {
            buffer.writer.key(name: name)
            buffer.writer.string(value)
        }
        if let provenance = label.provenance {
            buffer.writer.key("contested")
            buffer.writer.bool(provenance.isContested)
        }
        buffer.writer.endObject()
    }

    private mutating func number(_ key: StaticString, _ value: some BinaryInteger) {
        buffer.writer.key(key)
        buffer.writer.integer(value)
    }

    private mutating func text(_ key: StaticString, _ value: String) {
        buffer.writer.key(key)
        buffer.writer.string(value)
    }

    // MARK: Shapes

    /// What COCO can say of a selector; nil, and a line in the report, if nothing.
    private mutating func shape(_ label: LabelRecord, _ image: Image) -> Shape? {
        switch label.selector {
        case .box(let box): return Shape(bounds: box, area: box.width * box.height)
        case .polygon(let parts):
            if parts.allSatisfy({ $0.count == 1 }) { return polygon(parts.compactMap(\.first)) }
            return punched(parts, label.item, image)
        case .rotatedBox(let box):
            report.lose(
                "rotated boxes were written as polygons of four points", example: label.item)
            return polygon([Geometry.corners(box)])
        case .mask(let mask):
            return Shape(
                bounds: RunLengths.bounds(mask), area: Double(RunLengths.area(mask)),
                segmentation: .mask(mask))
        case .keypoints(let points):
            let seen = points.filter { $0.visibility != .absent }
            let bounds = Geometry.bounds(seen.map { [$0.x, $0.y] })
            return Shape(bounds: bounds, area: bounds.width * bounds.height, keypoints: points)
        default:
            report.skip(
                "COCO has no \(label.selector.kindName); export as jsonl to keep it",
                example: label.item)
            return nil
        }
    }

    private func polygon(_ rings: [[Double]]) -> Shape {
        Shape(
            bounds: Geometry.bounds(rings), area: rings.reduce(0) { $0 + Geometry.area($1) },
            segmentation: .rings(rings))
    }

    /// A polygon with holes, which only a bitmap can say.
    private mutating func punched(
        _ parts: [[[Double]]], _ item: String, _ image: Image
    ) -> Shape? {
        guard let width = image.width, let height = image.height,
            (1...RunLengths.sideMax).contains(width), (1...RunLengths.sideMax).contains(height),
            width * height <= Int64(UInt32.max)
        else {
            report.skip(
                "COCO says holes by bitmaps only, and the item's width and height are not known",
                example: item)
            return nil
        }
        report.lose("polygons with holes were written as bitmaps", example: item)
        let mask = RunLengths.raster(parts, width: Int(width), height: Int(height))
        return Shape(
            bounds: RunLengths.bounds(mask), area: Double(RunLengths.area(mask)),
            segmentation: .mask(mask))
    }
}
