import AnnotationModel
import LabelText
import Shapes

extension LabelStudioWriter {
    /// A region's shape as Label Studio says it.
    struct Shape {
        struct Parent {
            var id: String
            var index: Int
            var isHidden: Bool
        }

        var type: String
        var value: ByteMap<JSONValue>
        /// The member of the value that lists the labels; nil where the value says all.
        var list: String?
        /// The labels, where there are several.
        var names: [String]?
        /// Points that go as regions of their own.
        var points: [Selector.Keypoint] = []
        /// The item's size.
        var size = LabelStudioShape.Size(width: 0, height: 0)
        /// The region to which a point belongs.
        var parent: Parent?
    }

    /// Writes one region: its shape with its labels, then what else controls say of it, a result each.
    func write(
        _ shape: Shape, _ id: String, _ label: LabelRecord, _ item: ItemRecord,
        _ attributes: [String: FieldValue], to writer: inout JSONWriter
    ) {
        var attributes = attributes
        let sayings = Self.sayings(&attributes)
        let from = attributes.removeValue(forKey: "ls.from_name")?.text
        let control =
            from
            ?? (shape.list == nil ? label.className : LabelStudioFormat.controlName(shape.type))
        let own = attributes[LabelStudioFormat.labelsAttribute]?.text
        var value = shape.value
        let names = JSONValue.array((shape.names ?? [label.className]).map { .string($0) })
        let type = LabelStudioFormat.controlName(shape.type)
        if let own, let list = shape.list, list.hasSameBytes(as: shape.type),
            LabelStudioRegion.bare.contains(type)
        {
            attributes[LabelStudioFormat.labelsAttribute] = nil
            begin((id, type, control), shape, value, item, to: &writer)
            finish(shape, label, attributes, to: &writer)
            value["labels"] = names
            begin((id, "labels", own), shape, value, item, to: &writer)
            writer.endObject()
        } else {
            if let list = shape.list { value[list] = names }
            begin((id, shape.type, control), shape, value, item, to: &writer)
            finish(shape, label, attributes, to: &writer)
        }
        for saying in sayings {
            var value = shape.value
            value[LabelStudioRegion.member(of: saying.type)] = Self.json(
                LabelStudioRegion.said(saying.value, by: saying.type))
            begin((id, saying.type, saying.name), shape, value, item, to: &writer)
            writer.endObject()
        }
    }

    /// What controls say of the region, which is then no attribute any more.
    private static func sayings(
        _ attributes: inout [String: FieldValue]
    ) -> [LabelStudioRegion.Saying] {
        var found: [LabelStudioRegion.Saying] = []
        for (key, kind) in attributes.sorted(by: { $0.key < $1.key }) {
            guard key.hasPrefix(LabelStudioFormat.typePrefix), let type = kind.text,
                LabelStudioRegion.saying.contains(type),
                case let name = String(key.dropFirst(LabelStudioFormat.typePrefix.count)),
                !name.isEmpty, let value = attributes[name]
            else { continue }
            (attributes[key], attributes[name]) = (nil, nil)
            found.append(.init(name: name, type: type, value: value))
        }
        return found
    }

    /// Writes the beginning of a result, which all results of a region have.
    private func begin(
        _ result: (id: String, type: String, control: String), _ shape: Shape,
        _ value: ByteMap<JSONValue>, _ item: ItemRecord, to writer: inout JSONWriter
    ) {
        writer.beginObject()
        writer.key("id")
        writer.string(result.id)
        writer.key("type")
        writer.string(result.type)
        writer.key("from_name")
        writer.string(result.control)
        writer.key("to_name")
        let isText = shape.value["start"] != nil && item.fields["text"]?.text != nil
        writer.string(isText ? Self.textMember : Self.member(item))
        writer.key("value")
        writer.value(.object(value))
        if let size = item.pixelSize {
            writer.key("original_width")
            writer.coordinate(size.width)
            writer.key("original_height")
            writer.coordinate(size.height)
        }
    }

    /// Writes what a region's first result has besides.
    private func finish(
        _ shape: Shape, _ label: LabelRecord, _ attributes: [String: FieldValue],
        to writer: inout JSONWriter
    ) {
        var attributes = attributes
        for name in Self.attributeMembers {
            if let value = attributes.removeValue(forKey: LabelStudioFormat.prefix + name) {
                writer.key(name: name)
                FieldValueJSON.write(value, to: &writer)
            }
        }
        if let note = attributes[LabelStudioFormat.noteAttribute]?.text {
            attributes[LabelStudioFormat.noteAttribute] = nil
            writer.key("meta")
            writer.value(.object(["text": .array([.string(note)])]))
        }
        if let confidence = label.confidence {
            writer.key("score")
            writer.coordinate(confidence)
        }
        if let parent = shape.parent {
            writer.key("parentID")
            writer.string(parent.id)
        }
        if !attributes.isEmpty || !shape.points.isEmpty || shape.parent != nil {
            // Label Studio keeps members that it does not know, and shows them nowhere.
            writer.key(name: LabelStudioSkeleton.member)
            writer.beginObject()
            if !attributes.isEmpty {
                writer.key("attributes")
                FieldValueJSON.write(fields: attributes, to: &writer)
            }
            if !shape.points.isEmpty {
                writer.key("points")
                writer.integer(shape.points.count)
            }
            if let parent = shape.parent {
                if parent.isHidden {
                    writer.key("hidden")
                    writer.bool(true)
                }
                writer.key("index")
                writer.integer(parent.index)
            }
            writer.endObject()
        }
        writer.endObject()
    }

    /// A point's place.
    static func value(
        _ point: Selector.Keypoint, _ size: LabelStudioShape.Size
    ) -> ByteMap<JSONValue> {
        [
            "x": .double(point.x / size.width * 100), "y": .double(point.y / size.height * 100),
            "width": .double(0.5),
        ]
    }

    static func shape(
        _ label: LabelRecord, _ item: ItemRecord, _ attributes: inout [String: FieldValue],
        _ report: inout ConversionReport
    ) -> Shape? {
        switch label.selector {
        case .wholeItem: return whole(label, &attributes)
        case .interval(let start, let end, let channels):
            let number = { (value: Double) in JSONValue.double(value) }
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
        if case .track(let frames) = label.selector {
            return track(frames, item, &attributes, &report)
        }
        guard let size = item.pixelSize else {
            report.skip(
                "Label Studio needs the item's width and height, which are not known",
                example: item.key)
            return nil
        }
        return flat(label.selector, of: size, attributes, item, &report)
    }

    /// What is said of the whole item: a value of the control that it stems from, else a choice.
    private static func whole(
        _ label: LabelRecord, _ attributes: inout [String: FieldValue]
    ) -> Shape {
        guard let (type, value) = said(attributes) else {
            return Shape(type: "choices", value: [:], list: "choices")
        }
        attributes[LabelStudioFormat.typeAttribute] = nil
        attributes["value"] = nil
        let member = LabelStudioRegion.member(of: type)
        return Shape(type: type, value: [member: json(value)])
    }

    /// What a control that offers no choices says of the whole item.
    static func said(_ attributes: [String: FieldValue]) -> (type: String, value: FieldValue)? {
        guard let type = attributes[LabelStudioFormat.typeAttribute]?.text,
            LabelStudioRegion.saying.contains(type), type != "choices",
            let value = attributes["value"]
        else { return nil }
        return (type, value)
    }

    private static func json(_ value: FieldValue) -> JSONValue {
        var writer = JSONWriter()
        FieldValueJSON.write(value, to: &writer)
        // What was just written is JSON.
        return (try? JSONValue(parsing: writer.bytes)) ?? .null
    }

    private static func flat(
        _ selector: Selector, of size: LabelStudioShape.Size,
        _ attributes: [String: FieldValue], _ item: ItemRecord, _ report: inout ConversionReport
    ) -> Shape? {
        let x = { (value: Double) in JSONValue.double(value / size.width * 100) }
        let y = { (value: Double) in JSONValue.double(value / size.height * 100) }
        switch selector {
        case .box, .rotatedBox:
            guard let value = rectangle(selector, size) else { return nil }
            return Shape(type: "rectanglelabels", value: value, list: "rectanglelabels")
        case .ellipse(let box):
            return Shape(
                type: "ellipselabels",
                value: [
                    "x": x(box.centerX), "y": y(box.centerY), "radiusX": x(box.width / 2),
                    "radiusY": y(box.height / 2), "rotation": .double(box.angle * 180 / .pi),
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
        case .keypoints(let points) where points.count == 1 && points[0].visibility == .visible:
            return Shape(
                type: "keypointlabels", value: value(points[0], size), list: "keypointlabels")
        case .keypoints(let points) where points.count <= Int(LabelStudioSkeleton.pointsMax):
            return skeleton(points, ObjectAttribute.box(attributes[ObjectAttribute.box]), size)
        default:
            report.skip(
                "Label Studio gets no such \(selector.kindName) from here; export as jsonl",
                example: item.key)
            return nil
        }
    }

    /// A box or a turned box in percent; nil for another shape.
    private static func rectangle(
        _ selector: Selector, _ size: LabelStudioShape.Size
    ) -> ByteMap<JSONValue>? {
        let x = { (value: Double) in JSONValue.double(value / size.width * 100) }
        let y = { (value: Double) in JSONValue.double(value / size.height * 100) }
        switch selector {
        case .box(let box):
            return [
                "x": x(box.x), "y": y(box.y), "width": x(box.width), "height": y(box.height),
                "rotation": .integer(0),
            ]
        case .rotatedBox(let box):
            let corners = Geometry.corners(box)
            return [
                "x": x(corners[0]), "y": y(corners[1]), "width": x(box.width),
                "height": y(box.height), "rotation": .double(box.angle * 180 / .pi),
            ]
        default: return nil
        }
    }

    /// Several points: the box around those that are there, or the one that was said, and the points below it.
    private static func skeleton(
        _ points: [Selector.Keypoint], _ box: Selector.Box?, _ size: LabelStudioShape.Size
    ) -> Shape? {
        let there = points.filter { $0.visibility != .absent }
        let around =
            box ?? Geometry.bounds([there.isEmpty ? [0, 0] : there.flatMap { [$0.x, $0.y] }])
        guard let value = rectangle(.box(around), size) else { return nil }
        var shape = Shape(type: "rectanglelabels", value: value, list: "rectanglelabels")
        (shape.points, shape.size) = (points, size)
        return shape
    }

    /// The keyframes as Label Studio has them: each is seen, and "outside" is said of the last one on which the
    /// object is.
    private static func lastSeen(
        _ frames: [Selector.Keyframe], _ item: ItemRecord, _ report: inout ConversionReport
    ) -> [Selector.Keyframe] {
        var found: [Selector.Keyframe] = []
        for frame in frames {
            guard frame.isOutside else {
                found.append(frame)
                continue
            }
            guard let last = found.last, !last.isOutside else { continue }
            if frame.time - last.time > 1 {
                report.lose(
                    "the frame before a track goes out of sight became a keyframe",
                    example: item.key)
                let share = (frame.time - 1 - last.time) / (frame.time - last.time)
                found.append(
                    .init(
                        time: frame.time - 1,
                        selector: Interpolation.selector(last.selector, frame.selector, at: share)))
            }
            found[found.count - 1].isOutside = true
        }
        return found
    }

    /// A track of boxes over the frames of a video, which count from 1.
    private static func track(
        _ frames: [Selector.Keyframe], _ item: ItemRecord,
        _ attributes: inout [String: FieldValue], _ report: inout ConversionReport
    ) -> Shape? {
        let unit = attributes.removeValue(forKey: LabelStudioFormat.unitAttribute)
        let percent = LabelStudioShape.Size(width: 100, height: 100)
        guard let size = unit == .text("percent") ? percent : item.pixelSize else {
            report.skip(
                "Label Studio needs the item's width and height, which are not known",
                example: item.key)
            return nil
        }
        var sequence: [JSONValue] = []
        for frame in lastSeen(frames, item, &report) {
            guard var value = rectangle(frame.selector, size),
                let number = Int64(exactly: frame.time),
                case let (row, isBeyond) = number.addingReportingOverflow(1), !isBeyond
            else {
                report.skip(
                    "Label Studio's tracks are boxes in whole frames; export as jsonl",
                    example: item.key)
                return nil
            }
            value["frame"] = .integer(row)
            value["enabled"] = .bool(!frame.isOutside)
            sequence.append(.object(value))
        }
        guard !sequence.isEmpty else {
            report.skip("the track is nowhere to be seen", example: item.key)
            return nil
        }
        return Shape(
            type: "videorectangle", value: ["sequence": .array(sequence)], list: "labels")
    }

    private static func brush(
        _ mask: Selector.Mask, of size: (width: Double, height: Double), _ item: ItemRecord,
        _ report: inout ConversionReport
    ) -> Shape? {
        guard Double(mask.width) == size.width, Double(mask.height) == size.height else {
            report.skip("the mask has another size than its image", example: item.key)
            return nil
        }
        guard let bytes = LabelStudioBrush.packed(mask, &report) else {
            report.skip(
                LabelStudioBrush.tooLarge,
                example: item.key)
            return nil
        }
        return Shape(
            type: "brushlabels",
            value: ["format": .string("rle"), "rle": .array(bytes.map { .integer(Int64($0)) })],
            list: "brushlabels")
    }
}
