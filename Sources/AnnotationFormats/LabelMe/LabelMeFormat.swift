import AnnotationModel

/// LabelMe JSON: one file an image, shapes in pixels.
///
/// The item's key is `imagePath` as seen from the file's own folder. A rectangle is two opposite corners
/// in any order and becomes a box, a circle an ellipse, a line or linestrip a polyline, a point or a list
/// of points keypoints. `group_id`, `description` and `flags` are attributes `labelme.group_id`,
/// `labelme.description`, `labelme.flag.NAME`. The image in `imageData` is passed over. A `mask` is a PNG
/// inside the JSON, which is neither read nor written. The external id is the path of the file without its
/// ending, `#`, and the number of the shape.
public struct LabelMeFormat: AnnotationFormat {
    /// The name on the command line.
    public let name = "labelme"
    /// What a user should know before choosing it.
    public let summary = "LabelMe JSON, one file an image; boxes, polygons, lines, circles, points"
    /// The name of the output file where the user gives none; nil for a folder.
    public let defaultFileName: String? = nil

    static let groupAttribute = "labelme.group_id"
    static let descriptionAttribute = "labelme.description"
    static let flagAttribute = "labelme.flag."

    /// The format.
    public init() {}

    /// Reads files; `context` knows the images.
    public func read(
        _ files: [InputFile], context: ReadContext, into sink: (FormatEvent) throws -> Void
    ) throws {
        let finder = ItemFinder(context)
        var count = 0
        try FileTree.forEach(files, where: { FileTree.ending($0) == "json" }, into: sink) {
            file, sink in
            count += 1
            try Self.read(file, finder, into: sink)
        }
        if count == 0 {
            throw FormatError.noInput(format: name, wants: "give .json files or their folder")
        }
    }

    private static func read(
        _ file: FormatFile, _ finder: ItemFinder, into sink: EventSink
    ) throws {
        try JSONFile.scan(file.file) { scanner, path in
            var fields: [String: FieldValue] = [:]
            var imagePath: String?
            var shapes: JSONScanner?
            var seen: ByteSet = []
            try scanner.beginObject()
            while try scanner.nextKey() {
                let key = scanner.key
                path = key
                guard seen.insert(key).inserted else {
                    throw JSONError(.duplicateKey(key), at: scanner.keyOffset)
                }
                switch key {
                case "imagePath": imagePath = try scanner.string()
                case "imageWidth", "imageHeight":
                    let pixels = try JSONValue(reading: &scanner).integer ?? 0
                    if pixels > 0 {
                        fields[key == "imageWidth" ? "width" : "height"] = .integer(pixels)
                    }
                case "shapes":
                    shapes = scanner.resumed(at: scanner.offset)
                    try scanner.skipValue()
                default: try scanner.skipValue()
                }
            }
            guard var shapes, let imagePath else {
                throw FormatError.structure(
                    file: file.file.name, path: shapes == nil ? "shapes" : "imagePath",
                    why: "missing; a LabelMe file has shapes and imagePath")
            }
            let image = finder.stripped(imagePath)
            let isOwn = { (path: String) in path.hasSameBytes(as: file.path) }
            let known = try finder.key(file, byEnding: true, mayBeShorter: true) { path in
                [FileTree.resolved(image, in: FileSystem.parent(path))].compactMap { $0 }
                    + (isOwn(path) ? ItemName.spellings(image) : [])
            }
            guard let key = known ?? FileTree.resolved(image, in: file.parent) else {
                return try sink(
                    .skipped(
                        where: "\(file.file.name), imagePath",
                        why: "the image lies outside of the folder; give the folder that holds both"
                    ))
            }
            var isEmpty = shapes
            try isEmpty.beginArray()
            if try !isEmpty.nextElement() { fields["examined"] = .bool(true) }
            guard try Emit.item(key, fields, at: file.file.name, into: sink) else { return }
            var number = 0
            try shapes.beginArray()
            while try shapes.nextElement() {
                path = "shapes[\(number)]"
                number += 1
                let shape = try JSONValue(reading: &shapes)
                let place = "\(file.file.name), \(path)"
                try Emit.label(at: place, into: sink) { () throws(Refusal) in
                    var label = try label(shape)
                    label.item = key
                    label.externalID = "\(file.stem)#\(number)"
                    return label
                }
            }
        }
    }

    private static func label(_ shape: JSONValue) throws(Refusal) -> LabelRecord {
        guard let name = shape["label"]?.string, !name.isEmpty else {
            throw Refusal(why: "the label is missing; say the class")
        }
        var label = LabelRecord(
            item: "", className: name, selector: try selector(shape))
        if let group = shape["group_id"]?.integer {
            label.attributes[groupAttribute] = .integer(group)
        }
        if let text = shape["description"]?.string, !text.isEmpty {
            label.attributes[descriptionAttribute] = .text(text)
        }
        if let score = shape["score"]?.double {
            if (0...1).contains(score) {
                label.confidence = score
            } else {
                label.attributes["labelme.score"] = .float(score)
            }
        }
        if shape["difficult"]?.bool == true { label.attributes["difficult"] = .bool(true) }
        if case .object(let members)? = shape["attributes"] {
            for (name, member) in members where member != .null {
                label.attributes[name] = FieldValueJSON.value(member)
            }
        }
        if case .object(let flags)? = shape["flags"] {
            for (name, flag) in flags {
                if case .bool(let value) = flag {
                    label.attributes[flagAttribute + name] = .bool(value)
                }
            }
        }
        return label
    }

    /// A turned box by its corners, in either direction; a polygon where they are no rectangle.
    private static func turned(_ corners: [Double]) -> Selector {
        let mirrored = Array(corners[..<2]) + corners[6...] + corners[4..<6] + corners[2..<4]
        return (Geometry.rotatedBox(corners: corners) ?? Geometry.rotatedBox(corners: mirrored))
            .map { .rotatedBox($0) } ?? .polygon([[corners]])
    }

    private static func selector(_ shape: JSONValue) throws(Refusal) -> Selector {
        var flat: [Double] = []
        for point in shape["points"]?.array ?? [.null] {
            guard let pair = point.doubles, pair.count == 2 else {
                throw Refusal(why: "the points must be [x, y] pairs")
            }
            flat += pair
        }
        func need(_ count: Int) throws(Refusal) {
            guard flat.count == 2 * count else {
                throw Refusal(why: "\(flat.count / 2) points instead of \(count)")
            }
        }
        switch shape["shape_type"]?.string ?? "polygon" {
        case "polygon":
            Geometry.open(&flat)
            guard flat.count >= 6 else { throw Refusal(why: "a polygon needs three points") }
            return .polygon([[flat]])
        case "rectangle":
            // Two opposite corners, or all four as X-AnyLabeling writes them.
            guard flat.count == 8 else {
                try need(2)
                return .box(Geometry.bounds([flat]))
            }
            let bounds = Geometry.bounds([flat])
            let isUpright = stride(from: 0, to: 8, by: 2).allSatisfy {
                (flat[$0] == bounds.x || flat[$0] == bounds.x + bounds.width)
                    && (flat[$0 + 1] == bounds.y || flat[$0 + 1] == bounds.y + bounds.height)
            }
            return isUpright ? .box(bounds) : turned(flat)
        case "rotation":
            try need(4)
            return turned(flat)
        case "circle":
            try need(2)
            let (x, y) = (flat[2] - flat[0], flat[3] - flat[1])
            let diameter = 2 * (x * x + y * y).squareRoot()
            return .ellipse(
                .init(
                    centerX: flat[0], centerY: flat[1], width: diameter, height: diameter, angle: 0)
            )
        case "line", "linestrip":
            guard flat.count >= 4 else { throw Refusal(why: "a line needs two points") }
            return .polyline(flat)
        case "point", "points":
            return .keypoints(
                stride(from: 0, to: flat.count, by: 2).map {
                    .init(x: flat[$0], y: flat[$0 + 1], visibility: .visible)
                })
        case "mask":
            throw Refusal(why: "a mask inside the JSON is not read; export it as a polygon or COCO")
        case let other: throw Refusal(why: "no shape is called \"\(other.prefix(40))\"")
        }
    }

    // MARK: Writing

    /// Writes items and annotations.
    public func write(
        _ source: LabelSource, to output: any FormatOutput, options: WriteOptions
    ) throws -> ConversionReport {
        var report = ConversionReport()
        let files = ItemFiles(format: "LabelMe", ending: "json")
        try files.write(source, to: output, report: &report) { label, item, number, report in
            guard let bytes = Self.shape(label, &report) else { return nil }
            output.labelWritten(as: "\(FileTree.stem(item.key))#\(number)")
            return bytes
        } wrap: { item, labels in
            if labels.isEmpty, item.fields["examined"] != .bool(true) { return nil }
            return Self.file(item, labels)
        }
        return report
    }

    private static func file(_ item: ItemRecord, _ shapes: [[UInt8]]) -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("version")
        writer.string("5.5.0")
        writer.key("flags")
        writer.beginObject()
        writer.endObject()
        writer.key("shapes")
        let head = writer.bytes + Array("[".utf8) + shapes.joined(separator: Array(",\n".utf8))
        writer = JSONWriter()
        writer.beginObject()
        writer.key("imagePath")
        writer.string(FileSystem.lastComponent(item.key))
        writer.key("imageData")
        writer.null()
        for (key, name) in [("imageHeight", "height"), ("imageWidth", "width")] {
            writer.key(name: key)
            if case .integer(let pixels)? = item.fields[name] {
                writer.integer(pixels)
            } else {
                writer.null()
            }
        }
        writer.endObject()
        return head + Array("],".utf8) + writer.bytes.dropFirst() + Array("\n".utf8)
    }

    private static func shape(
        _ label: LabelRecord, _ report: inout ConversionReport
    ) -> [UInt8]? {
        guard let (type, points) = points(label, &report) else { return nil }
        guard !label.className.isEmpty, points.allSatisfy(\.isFinite) else {
            report.skip("no class, or a number that is not finite", example: label.item)
            return nil
        }
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("label")
        writer.string(label.className)
        writer.key("points")
        writer.beginArray()
        for index in stride(from: 0, to: points.count - 1, by: 2) {
            writer.coordinates([points[index], points[index + 1]])
        }
        writer.endArray()
        var attributes = label.attributes
        writer.key("group_id")
        if case .integer(let group)? = attributes.removeValue(forKey: groupAttribute) {
            writer.integer(group)
        } else {
            writer.null()
        }
        writer.key("description")
        writer.string(attributes.removeValue(forKey: descriptionAttribute)?.text ?? "")
        writer.key("shape_type")
        writer.string(type)
        writer.key("flags")
        writer.beginObject()
        for (name, value) in attributes.sorted(by: { $0.key < $1.key }) {
            guard name.hasPrefix(flagAttribute), case .bool(let flag) = value else {
                report.lose(
                    "LabelMe has no attributes; write a sidecar to keep them", example: label.item)
                continue
            }
            writer.key(name: String(name.dropFirst(flagAttribute.count)))
            writer.bool(flag)
        }
        writer.endObject()
        writer.endObject()
        if label.confidence != nil {
            report.lose("the confidence has no place in LabelMe", example: label.item)
        }
        return writer.bytes
    }

    private static func points(
        _ label: LabelRecord, _ report: inout ConversionReport
    ) -> (type: String, points: [Double])? {
        switch label.selector {
        case .box(let box):
            return ("rectangle", [box.x, box.y, box.x + box.width, box.y + box.height])
        case .rotatedBox(let box):
            report.lose("turned boxes were written as polygons", example: label.item)
            return ("polygon", Geometry.corners(box))
        case .polygon(let parts) where parts.count == 1 && parts[0].count == 1:
            return ("polygon", parts[0][0])
        case .polyline(let points): return ("linestrip", points)
        case .ellipse(let ellipse) where ellipse.width == ellipse.height:
            return (
                "circle",
                [
                    ellipse.centerX, ellipse.centerY, ellipse.centerX + ellipse.width / 2,
                    ellipse.centerY,
                ]
            )
        case .keypoints(let points):
            if points.contains(where: { $0.visibility != .visible }) {
                report.lose("whether a point can be seen has no place", example: label.item)
            }
            let seen = points.filter { $0.visibility != .absent }
            if seen.isEmpty { break }
            return (seen.count == 1 ? "point" : "points", seen.flatMap { [$0.x, $0.y] })
        default: break
        }
        report.skip(
            "LabelMe has no such \(label.selector.kindName); export as coco or jsonl",
            example: label.item)
        return nil
    }
}
