import AnnotationModel

/// Reads the tasks of one file, one task in memory at a time.
struct LabelStudioReader {
    let file: FormatFile

    /// What the regions of a task refer to.
    private struct Task {
        var id: String
        var key: String
        var offsets: TextOffsets?
    }

    func read(into sink: EventSink) throws {
        try JSONFile.scan(file.file) { scanner, path in
            var index = 0
            try scanner.beginArray()
            while try scanner.nextElement() {
                path = "[\(index)]"
                try readTask(try JSONValue(reading: &scanner), path, index, into: sink)
                index += 1
            }
        }
    }

    private func readTask(
        _ json: JSONValue, _ path: String, _ index: Int, into sink: EventSink
    ) throws {
        let place = "\(file.file.name), \(path)"
        guard case .object(let data)? = json["data"] else {
            return try sink(
                .skipped(where: place + ".data", why: "missing; export the tasks as JSON"))
        }
        let id = json["id"]?.plainText ?? "#\(index)"
        var task = Task(id: id, key: "task/\(id)")
        var fields: [String: FieldValue] = [:]
        if let name = LabelStudioFormat.mediaMembers.first(where: { data[$0]?.string != nil }),
            let address = data[name]?.string
        {
            task.key = Self.key(address)
        } else if let name = LabelStudioFormat.textMembers.first(where: { data[$0]?.string != nil }
        ),
            let text = data[name]?.string
        {
            task.offsets = TextOffsets(text)
            fields["mediaType"] = .text("text/plain")
            // A longer text stays in its file; the spans quote what they need.
            if text.utf8.count < FieldValue.bytesMax - 8 { fields["text"] = .text(text) }
        }
        let annotations = json["annotations"]?.array ?? json["completions"]?.array ?? []
        let regions = annotations.flatMap { $0["result"]?.array ?? [] }
        if let first = regions.first(where: { $0["original_width"] != nil }) {
            fields["width"] = first["original_width"]?.integer.map { .integer($0) }
            fields["height"] = first["original_height"]?.integer.map { .integer($0) }
        }
        let isExamined = annotations.contains {
            $0["result"]?.array?.isEmpty == true && $0["was_cancelled"]?.bool != true
        }
        if isExamined { fields["examined"] = .bool(true) }
        guard try Emit.item(task.key, fields, at: place + ".data", into: sink) else { return }
        for (index, annotation) in annotations.enumerated() {
            try readResult(
                annotation, task, "\(place).annotations[\(index)]", number: index, false, into: sink
            )
        }
        for (index, prediction) in (json["predictions"]?.array ?? []).enumerated() {
            try readResult(
                prediction, task, "\(place).predictions[\(index)]", number: index, true, into: sink)
        }
    }

    /// An address without what only the server knows.
    static func key(_ address: String) -> String {
        let text = address.hasPrefix("/data/local-files/?d=") ? address.dropFirst(21) : address[...]
        return String(text.drop { $0 == "/" })
    }

    private func readResult(
        _ json: JSONValue, _ task: Task, _ place: String, number: Int, _ isPrediction: Bool,
        into sink: EventSink
    ) throws {
        if json["was_cancelled"]?.bool == true {
            return try sink(.skipped(where: place, why: "the annotator cancelled it"))
        }
        let result = json["result"]?.array ?? []
        var pointsByParent: ByteMap<Int> = [:]
        for region in result {
            if let parent = region["parentID"]?.string { pointsByParent[parent, default: 0] += 1 }
        }
        let identity = json["id"]?.plainText ?? "#\(number)"
        let author = json["completed_by"]?.plainText ?? json["completed_by"]?["email"]?.string
        for (index, region) in result.enumerated() {
            let place = "\(place).result[\(index)]"
            guard region["type"]?.string != "relation" else {
                try sink(
                    .skipped(
                        where: place, why: "a relation joins regions by ids that end with the file")
                )
                continue
            }
            let names = Self.classNames(region)
            for (position, name) in names.enumerated() {
                try Emit.label(at: place, into: sink) { () throws(Refusal) in
                    var label = LabelRecord(
                        item: task.key, className: name, selector: .wholeItem)
                    label.selector = try selector(region, task, &label)
                    let id = region["id"]?.plainText ?? "#\(index)"
                    let kind = isPrediction ? "prediction-" : ""
                    label.externalID =
                        "\(task.id)/\(kind)\(identity)/\(id)"
                        + (names.count > 1 ? "/\(position)" : "")
                    label.author = isPrediction ? nil : author
                    setMembers(region, json, isPrediction, &label)
                    return label
                }
            }
        }
    }

    private func setMembers(
        _ region: JSONValue, _ json: JSONValue, _ isPrediction: Bool, _ label: inout LabelRecord
    ) {
        if isPrediction {
            label.source = "model:\(json["model_version"]?.string ?? "unknown")"
        }
        let score = region["score"]?.double ?? (isPrediction ? json["score"]?.double : nil)
        if let score {
            if (0...1).contains(score) {
                label.confidence = score
            } else {
                label.attributes["ls.score"] = .float(score)
            }
        }
        if let text = region["meta"]?["text"]?.array?.compactMap(\.string), !text.isEmpty {
            label.attributes["ls.note"] = .text(text.joined(separator: "\n"))
        }
        for (member, name) in [("parentID", "ls.parent"), ("from_name", "ls.from_name")] {
            guard let text = region[member]?.string else { continue }
            let type = region["type"]?.string ?? ""
            if name != "ls.from_name" || text != LabelStudioFormat.controlName(type) {
                label.attributes[name] = .text(text)
            }
        }
        if json["ground_truth"]?.bool == true { label.attributes["ls.ground_truth"] = .bool(true) }
        for name in LabelStudioWriter.attributeMembers {
            if let value = region[name], value != .null, let field = FieldValueJSON.value(value) {
                label.attributes[LabelStudioFormat.prefix + name] = field
            }
        }
        if case .object(let members)? = region["countermark"]?["attributes"] {
            for (name, member) in members { label.attributes[name] = FieldValueJSON.value(member) }
        }
    }

    /// The classes of a region: its labels or choices, else the name of the control.
    private static func classNames(_ region: JSONValue) -> [String] {
        guard case .object(let value)? = region["value"] else { return [""] }
        for (name, member) in value.sortedByKey() {
            let isList = name.hasSuffix("labels") || name == "choices"
            if isList, let names = member.array?.compactMap(\.string), !names.isEmpty {
                return names
            }
        }
        return [region["from_name"]?.string ?? ""]
    }

    // MARK: Shapes

    private func selector(
        _ region: JSONValue, _ task: Task, _ label: inout LabelRecord
    ) throws(Refusal) -> Selector {
        guard let value = region["value"] else { throw Refusal("the value is missing") }
        let type = region["type"]?.string ?? ""
        let shape = LabelStudioShape(region: region, value: value)
        switch type {
        case "rectanglelabels", "rectangle": return try shape.rectangle()
        case "polygonlabels", "polygon": return try shape.polygon()
        case "keypointlabels", "keypoint": return try shape.keypoint()
        case "ellipselabels", "ellipse": return try shape.ellipse()
        case "brushlabels", "brush": return .mask(try LabelStudioBrush.mask(region, value))
        case "videorectangle": return try shape.track()
        case "labels" where task.offsets == nil && value["text"]?.string == nil,
            "timeserieslabels":
            guard let start = value["start"]?.double, let end = value["end"]?.double else {
                throw Refusal(
                    "start and end must be numbers; times as text are not read, use seconds or rows"
                )
            }
            let channel = value["channel"]?.plainText
            return .interval(start: start, end: end, channels: channel.map { [$0] } ?? [])
        case "labels":
            return try span(value, task)
        case "choices": return .wholeItem
        case "number", "rating", "textarea", "taxonomy", "datetime", "pairwise":
            let member = type == "textarea" ? "text" : type == "pairwise" ? "selected" : type
            if let json = value[member], let field = FieldValueJSON.value(json) {
                label.attributes["value"] = field
            }
            return .wholeItem
        default: throw Refusal("regions of type \"\(type.prefix(40))\" are not read")
        }
    }

    private func span(_ value: JSONValue, _ task: Task) throws(Refusal) -> Selector {
        guard let start = value["start"]?.integer, let end = value["end"]?.integer, start >= 0,
            end >= start, let first = Int(exactly: start), let last = Int(exactly: end)
        else { throw Refusal("start and end must be whole numbers in ascending order") }
        guard let offsets = task.offsets else {
            throw Refusal("the task holds no text that the span could be checked against")
        }
        let quote = value["text"]?.string
        if let quote {
            guard let found = offsets.range(first, last, quote: quote, unit: .scalars) else {
                throw Refusal(
                    "the quoted text does not stand at \(start)...\(end), in no unit; the text was "
                        + "changed after it was labelled")
            }
            return .textSpan(start: Int64(found.start), end: Int64(found.end), quote: quote)
        }
        guard let scalars = offsets.range(first, last, unit: .scalars),
            let wide = offsets.range(first, last, unit: .utf16), wide == scalars
        else {
            throw Refusal(
                "no quoted text, and the unit of the offsets decides which text is meant; export again"
            )
        }
        return .textSpan(
            start: start, end: end, quote: offsets.quote(scalars.start, scalars.end))
    }
}

/// The flat shapes of a region, in percent of the image.
struct LabelStudioShape {
    let region: JSONValue
    let value: JSONValue

    private func size() throws(Refusal) -> (width: Double, height: Double) {
        guard let width = region["original_width"]?.double, width > 0, width < 0x1p31,
            let height = region["original_height"]?.double, height > 0, height < 0x1p31
        else {
            throw Refusal(
                "original_width and original_height are missing; percent say nothing then")
        }
        return (width, height)
    }

    private func number(_ name: String, _ json: JSONValue? = nil) throws(Refusal) -> Double {
        guard let value = (json ?? value)[name]?.double else {
            throw Refusal("\(name) is missing or no number")
        }
        return value
    }

    func rectangle() throws(Refusal) -> Selector { try rectangle(value, try size()) }

    private func rectangle(
        _ value: JSONValue, _ size: (width: Double, height: Double)
    ) throws(Refusal) -> Selector {
        let x = try number("x", value) / 100 * size.width
        let y = try number("y", value) / 100 * size.height
        let width = try number("width", value) / 100 * size.width
        let height = try number("height", value) / 100 * size.height
        guard width >= 0, height >= 0 else { throw Refusal("the rectangle has a negative size") }
        let degrees = value["rotation"]?.double ?? 0
        if degrees == 0 { return .box(.init(x: x, y: y, width: width, height: height)) }
        // The angle is about the top left corner; the centre moves on a circle around it.
        let angle = degrees * .pi / 180
        let (sine, cosine) = (Trigonometry.sine(angle), Trigonometry.cosine(angle))
        return .rotatedBox(
            .init(
                centerX: x + width / 2 * cosine - height / 2 * sine,
                centerY: y + width / 2 * sine + height / 2 * cosine, width: width, height: height,
                angle: angle))
    }

    func polygon() throws(Refusal) -> Selector {
        let size = try size()
        var ring: [Double] = []
        for point in value["points"]?.array ?? [.null] {
            guard let pair = point.doubles, pair.count == 2 else {
                throw Refusal("the points must be [x, y] pairs")
            }
            ring += [pair[0] / 100 * size.width, pair[1] / 100 * size.height]
        }
        Geometry.open(&ring)
        return .polygon([[ring]])
    }

    func keypoint() throws(Refusal) -> Selector {
        let size = try size()
        return .keypoints([
            .init(
                x: try number("x") / 100 * size.width, y: try number("y") / 100 * size.height,
                visibility: .visible)
        ])
    }

    func ellipse() throws(Refusal) -> Selector {
        let size = try size()
        return .ellipse(
            .init(
                centerX: try number("x") / 100 * size.width,
                centerY: try number("y") / 100 * size.height,
                width: try number("radiusX") / 50 * size.width,
                height: try number("radiusY") / 50 * size.height,
                angle: (value["rotation"]?.double ?? 0) * .pi / 180))
    }

    func track() throws(Refusal) -> Selector {
        // Without a size the numbers stay percent, which is said by a size of 100.
        let size = (try? size()) ?? (width: 100, height: 100)
        var frames: [Selector.Keyframe] = []
        for entry in value["sequence"]?.array ?? [] {
            let frame = try number("frame", entry)
            frames.append(
                .init(
                    time: frame - 1, selector: try rectangle(entry, size),
                    isOutside: entry["enabled"]?.bool == false))
        }
        return .track(frames)
    }
}
