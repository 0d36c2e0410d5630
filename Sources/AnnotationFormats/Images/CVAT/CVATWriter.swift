import AnnotationModel
import LabelText

/// Writes one CVAT file: first the images with their shapes, then the tracks.
struct CVATWriter {
    let output: any FormatOutput
    var report = ConversionReport()
    private var types: ByteMap<ByteMap<String>> = [:]
    /// The attributes that change along a track: class, NUL, name.
    private var changing: ByteSet = []
    /// The attributes whose values are listed, and those with a value outside the list: class, NUL, name.
    private var listed: ByteMap<ClassAttribute> = [:]
    private var unlisted: ByteSet = []
    private var classes: [String] = []
    private var colors: ByteMap<String> = [:]
    /// The names of the points of classes that are skeletons.
    private var pointNames: ByteMap<[String]> = [:]
    var videos: ByteMap<ItemRecord> = [:]
    private var video: String?

    init(output: any FormatOutput) { self.output = output }

    mutating func write(_ source: LabelSource) throws -> ConversionReport {
        for record in source.classes {
            note(class: record.name)
            if !record.color.isEmpty { colors[record.name] = record.color }
            if Set(record.keypoints).count == record.keypoints.count, !record.keypoints.isEmpty {
                pointNames[record.name] = record.keypoints
            }
            for attribute in record.attributes {
                listed["\(record.name)\0\(attribute.name)"] = attribute
            }
        }
        var tracks: ByteMap<Int> = [:]
        try source.forEachAnnotation { label in
            note(class: label.className)
            if case .track = label.selector, !label.isRetracted {
                tracks[label.item, default: 0] += 1
            }
            for (name, value) in label.attributes { note(value, of: name, label.className) }
        }
        var tracked: ByteMap<ItemRecord> = [:]
        try source.forEachItem { if tracks[$0.key] != nil { tracked[$0.key] = $0 } }
        video = chooseVideo(tracks, tracked)
        if let video { videos[video] = tracked[video] }
        try output.begin("annotations.xml")
        try output.write(head())
        try writeImages(source)
        if let video { try writeTracks(source, video) }
        try output.write(Array("</annotations>\n".utf8))
        try output.end()
        return report
    }

    /// A file has one video; the tracks of other items are left out.
    ///
    /// It is one whose size is known, since programs ask for it, and of those the one with the most tracks.
    private mutating func chooseVideo(
        _ tracks: ByteMap<Int>, _ items: ByteMap<ItemRecord>
    ) -> String? {
        let ranked = tracks.sorted { left, right in
            let hasSize = items[left.key]?.pixelSize != nil
            if hasSize != (items[right.key]?.pixelSize != nil) { return hasSize }
            if left.value != right.value { return left.value > right.value }
            return ByteKey(left.key) < ByteKey(right.key)
        }
        var video: String?
        for key in ranked.map(\.key) {
            if let why = XMLWriter.problem(key) {
                report.leaveOut(key, why, labels: 0)
            } else if let video {
                report.leaveOut(
                    key, "its tracks have no place beside those of the video \"\(video)\"",
                    labels: 0)
            } else {
                video = key
            }
        }
        return video
    }

    private mutating func note(class name: String) {
        if !name.isEmpty, types[name] == nil {
            types[name] = [:]
            classes.append(name)
        }
    }

    private mutating func note(_ value: FieldValue, of name: String, _ className: String) {
        if name.hasPrefix(CVATFormat.changesPrefix), case .array(let changes) = value {
            for change in changes {
                if case .array(let pair) = change, pair.count == 2 {
                    let plain = String(name.dropFirst(CVATFormat.changesPrefix.count))
                    note(pair[1], of: plain, className)
                    changing.insert("\(className)\0\(plain)")
                }
            }
            return
        }
        if name.hasPrefix(CVATFormat.prefix) || name == "occluded" { return }
        let type =
            switch value {
            case .bool: "checkbox"
            case .integer, .float: "number"
            default: "text"
            }
        let known = types[className]?[name]
        types[className]?[name] = known == nil || known == type ? type : "text"
        let id = "\(className)\0\(name)"
        guard let list = listed[id] else { return }
        let fits =
            list.type == "number" ? type == "number" : list.values.contains(value.plainText)
        if !fits { unlisted.insert(id) }
    }

    private func head() -> [UInt8] {
        var writer = XMLWriter()
        writer.declaration()
        writer.start("annotations")
        writer.text("version", "1.1")
        writer.start("meta")
        writer.start("task")
        if let video, let size = videos[video]?.pixelSize {
            writer.start("original_size")
            writer.text("width", TextNumber.text(size.width))
            writer.text("height", TextNumber.text(size.height))
            writer.end()
        }
        writer.start("labels")
        for name in classes {
            writer.start("label")
            writer.text("name", name)
            if let color = colors[name] { writer.text("color", color) }
            if pointNames[name] != nil { writer.text("type", "skeleton") }
            writer.start("attributes")
            let all = declared(name)
            declare(all.filter { point(of: $0.name, name) == nil }, of: name, &writer)
            writer.end()
            writer.end()
            for point in pointNames[name] ?? [] {
                writer.start("label")
                writer.text("name", point)
                writer.text("type", "points")
                writer.text("parent", name)
                writer.start("attributes")
                declare(
                    all.filter { self.point(of: $0.name, name)?.point == point }, of: name,
                    &writer)
                writer.end()
                writer.end()
            }
        }
        writer.end()
        writer.end()
        if let video { writer.text("source", video) }
        writer.end()
        return writer.bytes
    }

    /// The attributes of a class: those of its labels, and those whose values are listed.
    private func declared(_ className: String) -> [(name: String, type: String)] {
        var all = types[className] ?? [:]
        let prefix = "\(className)\0"
        for (id, list) in listed where id.hasPrefix(prefix) && all[list.name] == nil {
            all[list.name] = list.type
        }
        return all.sortedByKey().map { (name: $0.key, type: $0.value) }
    }

    private func declare(
        _ attributes: [(name: String, type: String)], of className: String,
        _ writer: inout XMLWriter
    ) {
        for attribute in attributes {
            let id = "\(className)\0\(attribute.name)"
            let list = unlisted.contains(id) ? nil : listed[id]
            let isChanging = changing.contains(id) || list?.isMutable == true
            writer.start("attribute")
            writer.text("name", point(of: attribute.name, className)?.name ?? attribute.name)
            writer.text("mutable", isChanging ? "True" : "False")
            writer.text("input_type", list?.type ?? attribute.type)
            if let list {
                writer.text("default_value", list.usual)
                writer.text("values", list.values.joined(separator: "\n"))
            }
            writer.end()
        }
    }

    /// The point of a skeleton of which an attribute speaks, and what it is called there; nil for one of the whole.
    private func point(of attribute: String, _ className: String) -> (point: String, name: String)?
    {
        for point in pointNames[className] ?? [] {
            let prefix = CVATSkeletons.attribute("", of: point)
            if attribute.hasPrefix(prefix), attribute.utf8.count > prefix.utf8.count {
                return (point, String(attribute.dropFirst(prefix.count)))
            }
        }
        return nil
    }

    // MARK: Images

    private mutating func writeImages(_ source: LabelSource) throws {
        let isVideo = { [video] (key: String) in video?.hasSameBytes(as: key) == true }
        let files = ItemFiles(
            format: "CVAT", place: .element, refusal: XMLWriter.problem
        ) { item, _ in isVideo(item.key) ? nil : item.key }
        let parts = ElementOutput(output)
        let output = output
        var own = ConversionReport()
        let images = LabelSource(
            forEachItem: source.forEachItem,
            forEachAnnotation: { body in
                try source.forEachAnnotation { label in
                    // Tracks follow the images.
                    if !isVideo(label.item) { try body(label) }
                }
            })
        var id = 0
        try files.write(images, to: parts, report: &own) { label, item, number, report in
            guard let bytes = shape(label, &report) else { return nil }
            output.labelWritten(as: "image:\(item.key)#\(number)")
            return bytes
        } wrap: { item, labels in
            if labels.isEmpty, item.fields["examined"] != .bool(true) { return nil }
            var attributes = [("id", String(id)), ("name", item.key)]
            id += 1
            if let split = item.fields["split"]?.text { attributes.append(("subset", split)) }
            if let size = item.pixelSize {
                attributes.append(("width", TextNumber.text(size.width)))
                attributes.append(("height", TextNumber.text(size.height)))
            }
            var writer = XMLWriter()
            writer.start("image", attributes)
            let head = writer.bytes
            writer.removeAll()
            writer.end()
            return head + labels.joined() + writer.bytes
        }
        report.add(own)
    }

    private func shape(_ label: LabelRecord, _ report: inout ConversionReport) -> [UInt8]? {
        var attributes = label.attributes
        guard
            case (var name, var members)? = Self.shape(
                label.selector, item: label.item, report: &report)
        else { return nil }
        if isSkeleton(label.selector, label.className) { (name, members) = ("skeleton", []) }
        guard !label.className.isEmpty else {
            report.skip("a label without class has no place in CVAT", example: label.item)
            return nil
        }
        members.insert(("label", label.className), at: 0)
        if name != "tag" {
            let isOccluded = attributes.removeValue(forKey: "cvat.occluded") == .bool(true)
            members.append(("occluded", isOccluded ? "1" : "0"))
        }
        Self.takeMembers(&attributes, into: &members)
        if label.confidence != nil {
            report.lose("the confidence has no place in CVAT", example: label.item)
        }
        var writer = XMLWriter()
        writer.start(name, members)
        if name == "skeleton" {
            writePoints(label, &attributes, &writer, &report)
        }
        write(attributes, label, &writer, &report)
        writer.end()
        return writer.bytes
    }

    /// Whether points have names, so that they are a skeleton even where all of them are seen.
    func isSkeleton(_ selector: Selector, _ className: String) -> Bool {
        guard case .keypoints(let points) = selector else { return false }
        return pointNames[className]?.count == points.count
    }

    func writePoints(
        _ label: LabelRecord, _ attributes: inout [String: FieldValue], _ writer: inout XMLWriter,
        _ report: inout ConversionReport
    ) {
        guard case .keypoints(let points) = label.selector else { return }
        let names = pointNames[label.className] ?? []
        for (index, point) in points.enumerated() {
            let name = names.count == points.count ? names[index] : String(index + 1)
            writer.start(
                "points",
                [
                    ("label", name),
                    ("outside", point.visibility == .absent ? "1" : "0"),
                    ("occluded", point.visibility == .hidden ? "1" : "0"),
                    ("points", CVATPoints.text([point.x, point.y])),
                ])
            let own = attributes.filter { self.point(of: $0.key, label.className)?.point == name }
            for key in own.keys { attributes[key] = nil }
            write(own, label, &writer, &report)
            writer.end()
        }
    }

    func write(
        _ attributes: [String: FieldValue], _ label: LabelRecord, _ writer: inout XMLWriter,
        _ report: inout ConversionReport
    ) {
        for (name, value) in attributes.sorted(by: { $0.key < $1.key }) {
            let type = types[label.className]?[name]
            if value.text == nil, type == nil || type == "text" {
                report.lose("some attributes became text", example: label.item)
            }
            writer.text(
                "attribute", value.plainText,
                [("name", point(of: name, label.className)?.name ?? name)])
        }
    }

    static func takeMembers(
        _ attributes: inout [String: FieldValue], into members: inout [(String, String)]
    ) {
        for name in CVATFormat.members {
            guard let value = attributes.removeValue(forKey: CVATFormat.prefix + name) else {
                continue
            }
            members.append((name, value.plainText))
        }
    }

    /// The element of a shape with its numbers; nil, and a line in the report, where there is none.
    static func shape(
        _ selector: Selector, item: String, report: inout ConversionReport
    ) -> (name: String, members: [(String, String)])? {
        let text = TextNumber.text
        func isFinite(_ values: [Double]) -> Bool {
            if values.allSatisfy(\.isFinite) { return true }
            report.skip("a number that is not finite; correct the label", example: item)
            return false
        }
        switch selector {
        case .wholeItem: return ("tag", [])
        case .box(let box):
            let values = [box.x, box.y, box.x + box.width, box.y + box.height]
            guard isFinite(values) else { return nil }
            return ("box", Array(zip(["xtl", "ytl", "xbr", "ybr"], values.map(text))))
        case .rotatedBox(let box):
            let values = [
                box.centerX - box.width / 2, box.centerY - box.height / 2,
                box.centerX + box.width / 2, box.centerY + box.height / 2, box.angle * 180 / .pi,
            ]
            guard isFinite(values) else { return nil }
            return ("box", Array(zip(["xtl", "ytl", "xbr", "ybr", "rotation"], values.map(text))))
        case .ellipse(let box):
            let values = [
                box.centerX, box.centerY, box.width / 2, box.height / 2, box.angle * 180 / .pi,
            ]
            guard isFinite(values) else { return nil }
            return ("ellipse", Array(zip(["cx", "cy", "rx", "ry", "rotation"], values.map(text))))
        case .polygon(let parts) where parts.count == 1 && parts[0].count == 1:
            guard isFinite(parts[0][0]) else { return nil }
            return ("polygon", [("points", CVATPoints.text(parts[0][0]))])
        case .polyline(let points):
            guard isFinite(points) else { return nil }
            return ("polyline", [("points", CVATPoints.text(points))])
        case .keypoints(let points):
            let flat = points.flatMap { [$0.x, $0.y] }
            guard isFinite(flat) else { return nil }
            if points.contains(where: { $0.visibility != .visible }) { return ("skeleton", []) }
            return ("points", [("points", CVATPoints.text(flat))])
        case .mask(let mask):
            guard let (runs, box) = CVATMask.runs(mask, &report) else {
                report.skip("an empty or very large mask has no place in CVAT", example: item)
                return nil
            }
            return (
                "mask",
                [
                    ("rle", runs), ("left", text(box.x)), ("top", text(box.y)),
                    ("width", text(box.width)), ("height", text(box.height)),
                ]
            )
        default:
            report.skip(
                "CVAT has no such \(selector.kindName); export as jsonl", example: item)
            return nil
        }
    }
}
