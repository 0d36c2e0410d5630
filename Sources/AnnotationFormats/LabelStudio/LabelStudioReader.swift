import AnnotationModel

/// Reads the tasks of one file, one task in memory at a time.
struct LabelStudioReader {
    let file: FormatFile

    let finder: ItemFinder

    /// What the regions of a task refer to.
    private struct Task {
        var id: String
        /// The items: one, but where the task shows a list of pages.
        var keys: [String]
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
        var task = Task(id: id, keys: ["task/\(id)"])
        var fields: [String: FieldValue] = [:]
        let annotations = json["annotations"]?.array ?? json["completions"]?.array ?? []
        let regions = annotations.flatMap { $0["result"]?.array ?? [] }
        let predicted = (json["predictions"]?.array ?? []).flatMap { $0["result"]?.array ?? [] }
        if let addresses = LabelStudioTask.addresses(data, regions + predicted) {
            task.keys = try addresses.map {
                try finder.key(named: Self.key($0), in: file, endings: ImageSize.endings)
            }
        } else if let text = LabelStudioTask.text(data, regions + predicted) {
            task.offsets = TextOffsets(text)
            fields["mediaType"] = .text("text/plain")
            // A longer text stays in its file; the spans quote what they need.
            if text.utf8.count < FieldValue.bytesMax - 8 { fields["text"] = .text(text) }
        }
        let isExamined = annotations.contains {
            $0["result"]?.array?.isEmpty == true && $0["was_cancelled"]?.bool != true
        }
        if isExamined { fields["examined"] = .bool(true) }
        for (page, key) in task.keys.enumerated() {
            var fields = fields
            let own = regions.first {
                $0["original_width"] != nil && ($0["item_index"]?.integer ?? 0) == page
            }
            if let own {
                fields["width"] = own["original_width"]?.integer.map { .integer($0) }
                fields["height"] = own["original_height"]?.integer.map { .integer($0) }
            }
            guard try Emit.item(key, fields, at: place + ".data", into: sink) else { return }
        }
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
        let identity = json["id"]?.plainText ?? "#\(number)"
        let author = json["completed_by"]?.plainText ?? json["completed_by"]?["email"]?.string
        for group in LabelStudioRegion.groups(json["result"]?.array ?? []) {
            let region = group.shape
            let place = "\(place).result[\(group.index)]"
            guard region["type"]?.string != "relation" else {
                try sink(
                    .skipped(
                        where: place, why: "a relation joins regions by ids that end with the file")
                )
                continue
            }
            let names = group.classNames
            for (position, name) in names.enumerated() {
                try Emit.label(at: place, into: sink) { () throws(Refusal) in
                    let page = region["item_index"]?.integer ?? 0
                    guard let item = Int(exactly: page), task.keys.indices.contains(item) else {
                        throw Refusal("item_index \(page) names no page of the task")
                    }
                    var label = LabelRecord(
                        item: task.keys[item], className: name, selector: .wholeItem)
                    label.selector = try selector(region, task, &label)
                    let id = region["id"]?.plainText ?? "#\(group.index)"
                    let kind = isPrediction ? "prediction-" : ""
                    label.externalID =
                        "\(task.id)/\(kind)\(identity)/\(id)"
                        + (names.count > 1 ? "/\(position)" : "")
                    label.author = isPrediction ? nil : author
                    setMembers(region, json, isPrediction, &label)
                    for (name, value) in group.members where label.attributes[name] == nil {
                        label.attributes[name] = value
                    }
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
        case "labels" where LabelStudioRegion.isShape(value):
            if value["points"] != nil { return try shape.polygon() }
            if value["radiusX"] != nil { return try shape.ellipse() }
            if value["rle"] != nil { return .mask(try LabelStudioBrush.mask(region, value)) }
            return try value["height"] == nil ? shape.keypoint() : shape.rectangle()
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
