import AnnotationModel
import LabelText

/// Reads the tasks of one file, one task in memory at a time.
struct LabelStudioReader {
    let file: FormatFile

    let finder: ItemFinder
    /// Regions that nobody has given a label.
    private var unlabelled = 0
    /// Tracks whose numbers are parts of pictures of an unknown size.
    private var percent = 0
    private let lost = LostMembers()
    /// The sizes that the regions of the task tell, by item.
    private var sizes: ByteMap<LabelStudioShape.Size> = [:]

    init(file: FormatFile, finder: ItemFinder) { (self.file, self.finder) = (file, finder) }

    mutating func read(into sink: EventSink) throws {
        try JSONFile.scan(file.file) { scanner, path in
            var index = 0
            try scanner.beginArray()
            while try scanner.nextElement() {
                path = "[\(index)]"
                try readTask(try JSONValue(reading: &scanner), path, index, into: sink)
                index += 1
            }
        }
        try lost.tell(file.file.name, into: sink)
        if percent > 0 {
            try sink(
                .note(
                    where: file.file.name,
                    why:
                        "\(percent) tracks are in percent, since no size of the video is known; give the items width "
                        + "and height first, or other formats take them for pixels"))
        }
        guard unlabelled > 0 else { return }
        try sink(
            .note(
                where: file.file.name,
                why: "\(unlabelled) regions have no label; they are called like their controls"))
    }

    private mutating func readTask(
        _ json: JSONValue, _ path: String, _ index: Int, into sink: EventSink
    ) throws {
        let place = "\(file.file.name), \(path)"
        guard case .object(let data)? = json["data"] else {
            return try sink(
                .skipped(where: place + ".data", why: "missing; export the tasks as JSON"))
        }
        let annotations = json["annotations"]?.array ?? json["completions"]?.array ?? []
        let predictions = json["predictions"]?.array ?? []
        let regions = (annotations + predictions).flatMap { $0["result"]?.array ?? [] }
        var task = LabelStudioTask(
            id: json["id"]?.plainText ?? "#\(index)", data, regions, in: file, finder)
        let isExamined = annotations.contains {
            $0["result"]?.array?.isEmpty == true && $0["was_cancelled"]?.bool != true
        }
        lost.count(json, except: LabelStudioFormat.taskMembers)
        for annotation in annotations + predictions {
            lost.count(annotation, except: LabelStudioFormat.annotationMembers)
        }
        for region in regions where region["type"]?.string != "relation" {
            lost.count(region, except: LabelStudioFormat.regionMembers, below: "result.")
        }
        let names = Self.names(of: task, regions)
        let isWhole = try readItems(
            &task, names, regions, isExamined, more(json, data, names), place, into: sink)
        guard isWhole else { return }
        for (index, annotation) in annotations.enumerated() {
            try readResult(
                annotation, &task, "\(place).annotations[\(index)]", number: index, false,
                into: sink)
        }
        for (index, prediction) in predictions.enumerated() {
            try readResult(
                prediction, &task, "\(place).predictions[\(index)]", number: index, true, into: sink
            )
        }
        for (index, draft) in (json["drafts"]?.array ?? []).enumerated()
        where draft["result"]?.array?.isEmpty == false {
            try sink(
                .skipped(
                    where: "\(place).drafts[\(index)]",
                    why: "a draft that nobody submitted; submit it, and export again"))
        }
    }

    /// The members of the data that become items: those that the regions are drawn on, or the one that the task shows.
    private static func names(of task: LabelStudioTask, _ regions: [JSONValue]) -> [String] {
        if regions.isEmpty { return [task.primary] }
        var names: [String] = []
        for region in regions where region["type"]?.string != "relation" {
            guard let name = try? task.name(of: region) else { continue }
            if !names.contains(where: { $0.hasSameBytes(as: name) }) { names.append(name) }
        }
        return names
    }

    /// What the task says besides its items.
    private func more(
        _ json: JSONValue, _ data: ByteMap<JSONValue>, _ names: [String]
    ) -> [String: FieldValue] {
        var fields: [String: FieldValue] = [:]
        KeptMember.add(
            .object(data), except: ByteSet(names + [LabelStudioSkeleton.member]),
            prefix: LabelStudioFormat.dataPrefix,
            to: &fields, lost)
        KeptMember.add(
            json["meta"], except: [], prefix: LabelStudioFormat.metaPrefix, to: &fields, lost)
        return fields
    }

    /// Hands over the items of a task.
    private mutating func readItems(
        _ task: inout LabelStudioTask, _ names: [String], _ regions: [JSONValue],
        _ isExamined: Bool, _ more: [String: FieldValue], _ place: String, into sink: EventSink
    ) throws -> Bool {
        self.sizes = [:]
        var sizes: ByteMap<JSONValue> = [:]
        for region in regions where region["type"]?.string != "relation" {
            guard let name = try? task.name(of: region) else { continue }
            let page = "\(name)#\(region["item_index"]?.integer ?? 0)"
            if sizes[page] == nil, region["original_width"] != nil { sizes[page] = region }
        }
        for name in names {
            let shown = try task.shown(name)
            for (page, key) in shown.keys.enumerated() {
                var fields = more
                if let text = shown.text {
                    fields["mediaType"] = .text("text/plain")
                    // A longer text stays in its file; the spans quote what they need.
                    if text.utf8.count < FieldValue.bytesMax - 8 { fields["text"] = .text(text) }
                }
                if isExamined { fields["examined"] = .bool(true) }
                if let own = sizes["\(name)#\(page)"] {
                    if let width = own["original_width"]?.double,
                        let height = own["original_height"]?.double, width > 0, height > 0
                    {
                        self.sizes[key] = (width, height)
                    }
                    fields["width"] = own["original_width"]?.integer.map { .integer($0) }
                    fields["height"] = own["original_height"]?.integer.map { .integer($0) }
                }
                guard try Emit.item(key, fields, at: place + ".data", into: sink) else {
                    return false
                }
            }
        }
        return true
    }

    /// An address without what only the server knows.
    static func key(_ address: String) -> String {
        let text = address.hasPrefix("/data/local-files/?d=") ? address.dropFirst(21) : address[...]
        return String(text.drop { $0 == "/" })
    }

    private mutating func readResult(
        _ json: JSONValue, _ task: inout LabelStudioTask, _ place: String, number: Int,
        _ isPrediction: Bool, into sink: EventSink
    ) throws {
        if json["was_cancelled"]?.bool == true {
            return try sink(.skipped(where: place, why: "the annotator cancelled it"))
        }
        let groups = LabelStudioRegion.groups(json["result"]?.array ?? [])
        let skeletons = LabelStudioSkeleton(groups)
        var lostFrames: [(place: String, why: String)] = []
        for group in groups where !skeletons.isPoint(group.shape) {
            let place = "\(place).result[\(group.index)]"
            guard group.shape["type"]?.string != "relation" else {
                try sink(
                    .skipped(
                        where: place, why: "a relation joins regions by ids that end with the file")
                )
                continue
            }
            let shown: LabelStudioTask.Shown
            do {
                shown = try task.shown(try task.name(of: group.shape))
            } catch let refusal as Refusal {
                try sink(.skipped(where: place, why: refusal.why))
                continue
            }
            if group.isUnlabelled { unlabelled += 1 }
            let names = group.classNames
            var isPercent = false
            defer { if isPercent { percent += 1 } }
            for (position, name) in names.enumerated() {
                var lost: [String] = []
                defer { if position == 0 { lostFrames += lost.map { (place, $0) } } }
                try Emit.label(at: place, into: sink) { () throws(Refusal) in
                    var label = try label(group, name, shown, skeletons, &lost)
                    let id = group.shape["id"]?.plainText ?? "#\(group.index)"
                    label.externalID =
                        "\(task.id)/\(isPrediction ? "prediction-" : "")"
                        + "\(json["id"]?.plainText ?? "#\(number)")/\(id)"
                        + (names.count > 1 ? "/\(position)" : "")
                    setMembers(group.shape, json, isPrediction, &label)
                    if label.attributes[LabelStudioFormat.unitAttribute] != nil { isPercent = true }
                    set(group.sayings, group.labelControl, &label)
                    return label
                }
            }
        }
        for (place, why) in lostFrames { try sink(.skipped(where: place, why: why)) }
    }

    private func set(
        _ sayings: [LabelStudioRegion.Saying], _ control: String?, _ label: inout LabelRecord
    ) {
        if let control, !control.isEmpty {
            label.attributes[LabelStudioFormat.labelsAttribute] = .text(control)
        }
        for saying in sayings where label.attributes[saying.name] == nil {
            label.attributes[saying.name] = saying.value
            label.attributes[LabelStudioFormat.typePrefix + saying.name] = .text(saying.type)
        }
    }

    private func label(
        _ group: LabelStudioRegion, _ name: String, _ shown: LabelStudioTask.Shown,
        _ skeletons: LabelStudioSkeleton, _ lost: inout [String]
    ) throws(Refusal) -> LabelRecord {
        let page = group.shape["item_index"]?.integer ?? 0
        guard let item = Int(exactly: page), shown.keys.indices.contains(item) else {
            throw Refusal("item_index \(page) names no page of the task")
        }
        var label = LabelRecord(item: shown.keys[item], className: name, selector: .wholeItem)
        let known =
            (try? finder.fields(shown.keys[item])).flatMap(ItemRecord.pixelSize)
            ?? sizes[shown.keys[item]]
        if let points = try skeletons.points(of: group.shape, known) {
            label.selector = .keypoints(points)
        } else {
            label.selector = try selector(group.shape, shown, known, &label, &lost)
        }
        return label
    }

    private func setMembers(
        _ region: JSONValue, _ json: JSONValue, _ isPrediction: Bool, _ label: inout LabelRecord
    ) {
        label.author = json[LabelStudioSkeleton.member]?["author"]?.string
        if !isPrediction {
            label.author =
                json["completed_by"]?.plainText ?? json["completed_by"]?["email"]?.string
                ?? label.author
        }
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
            label.attributes[LabelStudioFormat.noteAttribute] = .text(text.joined(separator: "\n"))
        }
        for (member, name) in [("parentID", "ls.parent"), ("from_name", "ls.from_name")] {
            guard let text = region[member]?.string else { continue }
            let type = region["type"]?.string ?? ""
            let isControl = text.hasSameBytes(as: LabelStudioFormat.controlName(type))
            // A value of the whole item is called like its control.
            let isClass =
                text.hasSameBytes(as: label.className) && label.attributes["ls.type"] != nil
            if name != "ls.from_name" || !isControl && !isClass {
                label.attributes[name] = .text(text)
            }
        }
        if json["ground_truth"]?.bool == true { label.attributes["ls.ground_truth"] = .bool(true) }
        for name in LabelStudioWriter.attributeMembers {
            if let value = region[name], value != .null, let field = FieldValueJSON.value(value) {
                label.attributes[LabelStudioFormat.prefix + name] = field
            }
        }
        if case .object(let members)? = region[LabelStudioSkeleton.member]?["attributes"] {
            for (name, member) in members { label.attributes[name] = FieldValueJSON.value(member) }
        }
    }

    // MARK: Shapes

    private func selector(
        _ region: JSONValue, _ shown: LabelStudioTask.Shown, _ known: LabelStudioShape.Size?,
        _ label: inout LabelRecord, _ lost: inout [String]
    ) throws(Refusal) -> Selector {
        guard let value = region["value"] else { throw Refusal("the value is missing") }
        let type = region["type"]?.string ?? ""
        let shape = LabelStudioShape(region: region, value: value, known)
        switch type {
        case "rectanglelabels", "rectangle": return try shape.rectangle()
        case "polygonlabels", "polygon": return try shape.polygon()
        case "keypointlabels", "keypoint": return try shape.keypoint()
        case "ellipselabels", "ellipse": return try shape.ellipse()
        case "brushlabels", "brush": return .mask(try LabelStudioBrush.mask(region, value))
        case "videorectangle":
            if shape.isWithoutSize {
                label.attributes[LabelStudioFormat.unitAttribute] = .text("percent")
            }
            return try shape.track { lost.append($0) }
        case "labels" where LabelStudioRegion.isShape(value):
            if value["points"] != nil { return try shape.polygon() }
            if value["radiusX"] != nil { return try shape.ellipse() }
            if value["rle"] != nil { return .mask(try LabelStudioBrush.mask(region, value)) }
            return try value["height"] == nil ? shape.keypoint() : shape.rectangle()
        case "labels" where !shown.isText && value["text"]?.string == nil, "timeserieslabels":
            guard let start = value["start"]?.double, let end = value["end"]?.double else {
                throw Refusal(
                    "start and end must be numbers; times as text are not read, use seconds or rows"
                )
            }
            let channel = value["channel"]?.plainText
            return .interval(start: start, end: end, channels: channel.map { [$0] } ?? [])
        case "labels":
            return try span(value, shown)
        case "choices": return .wholeItem
        case let type where LabelStudioRegion.saying.contains(type):
            let member = LabelStudioRegion.member(of: type)
            if let json = value[member], let field = FieldValueJSON.value(json) {
                label.attributes["value"] = field
                label.attributes[LabelStudioFormat.typeAttribute] = .text(type)
            }
            return .wholeItem
        default: throw Refusal("regions of type \"\(type.prefix(40))\" are not read")
        }
    }

    private func span(
        _ value: JSONValue, _ shown: LabelStudioTask.Shown
    ) throws(Refusal) -> Selector {
        guard let start = value["start"]?.integer, let end = value["end"]?.integer, start >= 0,
            end >= start, let first = Int(exactly: start), let last = Int(exactly: end)
        else { throw Refusal("start and end must be whole numbers in ascending order") }
        guard let offsets = shown.offsets else {
            throw Refusal(
                "the task holds no text that the span could be checked against; give the item the "
                    + "field \"text\" first, or export tasks that hold their text")
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
