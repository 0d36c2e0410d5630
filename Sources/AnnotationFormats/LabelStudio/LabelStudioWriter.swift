import AnnotationModel

/// Writes one task an item, with one annotation that holds all of its labels.
enum LabelStudioWriter {
    /// Members of a region that come back to their places.
    static let attributeMembers = ["origin", "image_rotation"]

    static func write(
        _ source: LabelSource, to output: any FormatOutput
    ) throws -> ConversionReport {
        var report = ConversionReport()
        try output.begin("label-studio.json")
        try output.write(Array("[".utf8))
        let files = ItemFiles(format: "Label Studio", place: .element) { item, _ in
            // An address and what stands behind it are one name.
            LabelStudioReader.key(item.key)
        }
        var task = 0
        var isFirst = true
        var idByKey: ByteMap<Int> = [:]
        // A text has no other name than its task's number, so such an item keeps it.
        var last = 0
        try source.forEachItem { item in
            guard let number = number(item.key) else { return }
            idByKey[item.key] = number
            last = max(last, number)
        }
        try source.forEachItem { item in
            guard idByKey[item.key] == nil else { return }
            last += 1
            idByKey[item.key] = last
        }
        try files.write(source, to: ElementOutput(output), report: &report) {
            label, item, number, report in
            guard let bytes = region(label, item, number, &report) else { return nil }
            output.labelWritten(
                as: "\(idByKey[item.key] ?? 0)/\(idByKey[item.key] ?? 0)/r\(number)")
            return bytes
        } wrap: { item, labels in
            task = idByKey[item.key] ?? 0
            if labels.isEmpty, item.fields["examined"] != .bool(true) { return nil }
            defer { isFirst = false }
            return Array((isFirst ? "\n" : ",\n").utf8) + file(item, labels, task)
        }
        try output.write(Array("\n]\n".utf8))
        try output.end()
        return report
    }

    private static func number(_ key: String) -> Int? {
        guard key.hasPrefix("task/"), let number = Int(key.dropFirst(5)), number > 0,
            number < 1 << 31, key.hasSameBytes(as: "task/\(number)")
        else { return nil }
        return number
    }

    private static func file(_ item: ItemRecord, _ regions: [[UInt8]], _ id: Int) -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("id")
        writer.integer(id)
        writer.key("data")
        writer.beginObject()
        if let text = item.fields["text"]?.text, item.key.hasPrefix("task/") {
            writer.key("text")
            writer.string(text)
        } else {
            writer.key(name: member(item))
            writer.string(item.key)
            if let text = item.fields["text"]?.text {
                writer.key("text")
                writer.string(text)
            }
        }
        writer.endObject()
        writer.key("annotations")
        writer.beginArray()
        writer.beginObject()
        writer.key("id")
        writer.integer(id)
        writer.key("result")
        return writer.bytes + Array("[".utf8) + regions.joined(separator: Array(",".utf8))
            + Array("]}]}".utf8)
    }

    private static func member(_ item: ItemRecord) -> String {
        switch FileTree.ending(item.key) {
        case "wav", "mp3", "flac", "ogg", "m4a": "audio"
        case "mp4", "avi", "mkv", "webm", "mov": "video"
        case "csv", "tsv": "csv"
        default: item.fields["mediaType"]?.text?.hasPrefix("text/") == true ? "ocr" : "image"
        }
    }

    private static func region(
        _ label: LabelRecord, _ item: ItemRecord, _ number: Int, _ report: inout ConversionReport
    ) -> [UInt8]? {
        var attributes = label.attributes
        guard !label.className.isEmpty else {
            report.skip("a label without class has no place in Label Studio", example: item.key)
            return nil
        }
        guard let shape = shape(label, item, &attributes, &report) else { return nil }
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("id")
        writer.string("r\(number)")
        writer.key("type")
        writer.string(shape.type)
        let from = attributes.removeValue(forKey: "ls.from_name")?.text
        writer.key("from_name")
        writer.string(from ?? LabelStudioFormat.controlName(shape.type))
        writer.key("to_name")
        writer.string(member(item))
        writer.key("value")
        var value = shape.value
        value[shape.list] = .array([.string(label.className)])
        writer.value(.object(value))
        if let size = item.pixelSize {
            writer.key("original_width")
            writer.coordinate(size.width)
            writer.key("original_height")
            writer.coordinate(size.height)
        }
        for name in attributeMembers {
            if let value = attributes.removeValue(forKey: LabelStudioFormat.prefix + name) {
                writer.key(name: name)
                FieldValueJSON.write(value, to: &writer)
            }
        }
        if let confidence = label.confidence {
            writer.key("score")
            writer.coordinate(confidence)
        }
        if !attributes.isEmpty {
            // Label Studio keeps members that it does not know, and shows them nowhere.
            writer.key("countermark")
            writer.beginObject()
            writer.key("attributes")
            FieldValueJSON.write(fields: attributes, to: &writer)
            writer.endObject()
        }
        writer.endObject()
        guard !writer.hasNotFinite else {
            report.skip("a number that is not finite; correct the label", example: item.key)
            return nil
        }
        return writer.bytes
    }

    private struct Shape {
        var type: String
        var value: ByteMap<JSONValue>
        var list: String
    }

    private static func shape(
        _ label: LabelRecord, _ item: ItemRecord, _ attributes: inout [String: FieldValue],
        _ report: inout ConversionReport
    ) -> Shape? {
        let number = { (value: Double) in JSONValue.double(value) }
        switch label.selector {
        case .wholeItem: return Shape(type: "choices", value: [:], list: "choices")
        case .interval(let start, let end, let channels):
            if channels.count > 1 {
                report.lose("Label Studio has one channel an interval", example: item.key)
            }
            var value: ByteMap<JSONValue> = ["start": number(start), "end": number(end)]
            if let channel = channels.first { value["channel"] = .string(channel) }
            let isTable = member(item) == "csv"
            let type = isTable ? "timeserieslabels" : "labels"
            return Shape(type: type, value: value, list: type)
        case .textSpan(let start, let end, let quote):
            var value: ByteMap<JSONValue> = ["start": .integer(start), "end": .integer(end)]
            if let quote { value["text"] = .string(quote) }
            guard item.fields["text"]?.text != nil else {
                report.skip(
                    "the item has no field \"text\", which Label Studio needs for spans",
                    example: item.key)
                return nil
            }
            return Shape(type: "labels", value: value, list: "labels")
        default: break
        }
        guard let size = item.pixelSize else {
            report.skip(
                "Label Studio needs the item's width and height, which are not known",
                example: item.key)
            return nil
        }
        let (x, y) = (
            { (value: Double) in number(value / size.width * 100) },
            { (value: Double) in number(value / size.height * 100) }
        )
        let degrees = { (angle: Double) in number(angle * 180 / .pi) }
        switch label.selector {
        case .box(let box):
            return Shape(
                type: "rectanglelabels",
                value: [
                    "x": x(box.x), "y": y(box.y), "width": x(box.width), "height": y(box.height),
                    "rotation": .integer(0),
                ], list: "rectanglelabels")
        case .rotatedBox(let box):
            let corners = Geometry.corners(box)
            return Shape(
                type: "rectanglelabels",
                value: [
                    "x": x(corners[0]), "y": y(corners[1]), "width": x(box.width),
                    "height": y(box.height), "rotation": degrees(box.angle),
                ], list: "rectanglelabels")
        case .ellipse(let box):
            return Shape(
                type: "ellipselabels",
                value: [
                    "x": x(box.centerX), "y": y(box.centerY), "radiusX": x(box.width / 2),
                    "radiusY": y(box.height / 2), "rotation": degrees(box.angle),
                ], list: "ellipselabels")
        case .polygon(let parts) where parts.count == 1 && parts[0].count == 1:
            let ring = parts[0][0]
            let points = stride(from: 0, to: ring.count - 1, by: 2).map {
                JSONValue.array([x(ring[$0]), y(ring[$0 + 1])])
            }
            return Shape(
                type: "polygonlabels", value: ["points": .array(points), "closed": .bool(true)],
                list: "polygonlabels")
        case .mask(let mask):
            return brush(mask, of: size, item, &report)
        case .keypoints(let points) where points.count == 1:
            return Shape(
                type: "keypointlabels",
                value: ["x": x(points[0].x), "y": y(points[0].y), "width": .double(0.5)],
                list: "keypointlabels")
        default:
            report.skip(
                "Label Studio gets no such \(label.selector.kindName) from here; export as jsonl",
                example: item.key)
            return nil
        }
    }

    private static func brush(
        _ mask: Selector.Mask, of size: (width: Double, height: Double), _ item: ItemRecord,
        _ report: inout ConversionReport
    ) -> Shape? {
        guard Double(mask.width) == size.width, Double(mask.height) == size.height else {
            report.skip("the mask has another size than its image", example: item.key)
            return nil
        }
        guard let bytes = LabelStudioBrush.packed(mask) else {
            report.skip(
                "the mask is larger than \(LabelStudioBrush.pixelsMax) pixels; export as coco",
                example: item.key)
            return nil
        }
        return Shape(
            type: "brushlabels",
            value: ["format": .string("rle"), "rle": .array(bytes.map { .integer(Int64($0)) })],
            list: "brushlabels")
    }
}
