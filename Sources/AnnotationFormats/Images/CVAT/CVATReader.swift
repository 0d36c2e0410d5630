import AnnotationModel
import LabelText
import Shapes

/// Reads one CVAT file, one image or track at a time.
struct CVATReader {
    private let file: FormatFile
    private let finder: ItemFinder
    /// The names and sources of a project's tasks, by id.
    private var tasks: ByteMap<[String]> = [:]
    private let skeletons = CVATSkeletons()
    /// The declared types of attributes: class, NUL, name.
    private var typeByAttribute: ByteMap<String> = [:]
    /// What `meta` says of the videos, by the id of the task; empty for the one of the file.
    private var sources: ByteMap<CVATVideos.Source> = [:]
    private var keys: ByteMap<String> = [:]
    private let videos: CVATVideos
    /// The images that were read, by task and name.
    private var images: ByteSet = []

    init(file: FormatFile, finder: ItemFinder, videos: CVATVideos) {
        (self.file, self.finder, self.videos) = (file, finder, videos)
    }

    mutating func read(_ bytes: UnsafeRawBufferPointer, into sink: EventSink) throws {
        var scanner = try XMLScanner(bytes, file: file.file.name)
        scanner.meter = file.file.meter
        guard case .start("annotations", _)? = try scanner.next() else {
            throw scanner.error("a CVAT file begins with <annotations>")
        }
        while let event = try scanner.next() {
            guard case .start(let name, let attributes) = event else { continue }
            switch name {
            case "meta": try readMeta(try scanner.tree(name, attributes), into: sink)
            case "version":
                let version = try scanner.tree(name, attributes).trimmed
                if version != "1.1" {
                    try sink(
                        .note(
                            where: scanner.place(scanner.offset),
                            why: "version \(version.prefix(20)) is read as 1.1"))
                }
            case "image":
                try readImage(try scanner.tree(name, attributes), scanner, into: sink)
            case "track":
                try readTrack(try scanner.tree(name, attributes), scanner, into: sink)
            default: try scanner.skip()
            }
        }
        for record in skeletons.found { try sink(.labelClass(record)) }
    }

    private mutating func readMeta(_ meta: XMLTree, into sink: EventSink) throws {
        sources[""] = .init(name: meta.value("source") ?? meta.first("task")?.value("source"))
        let scopes = ["task", "project", "job"].compactMap { meta.first($0) }
        for task in meta.first("project")?.first("tasks")?.children ?? [] {
            guard let id = task.value("id") else { continue }
            let source = task.value("source")
            sources[id] = .init(name: source)
            sources[id]?.note(size: task)
            tasks[id] = [task.value("name"), source, source.map(FileTree.stem)].compactMap { $0 }
        }
        for scope in scopes {
            sources[""]?.note(size: scope)
            let labels = scope.first("labels")?.children ?? []
            var listed: ByteMap<[ClassAttribute]> = [:]
            for label in labels {
                skeletons.note(label)
                noteAttributes(label, &listed)
            }
            for label in labels where label.value("parent") == nil {
                guard let name = label.value("name") else { continue }
                var record = skeletons.record(name) ?? ClassRecord(name: name)
                record.color = ClassRecord.color(of: label.value("color"))
                record.attributes = listed[name] ?? []
                try sink(.labelClass(record))
            }
        }
    }

    /// Notes what a label declares of its attributes, or of those of a skeleton's point.
    private mutating func noteAttributes(
        _ label: XMLTree, _ listed: inout ByteMap<[ClassAttribute]>
    ) {
        guard let name = label.value("name") else { return }
        let parent = label.value("parent")
        for attribute in label.first("attributes")?.children ?? [] {
            guard let key = attribute.value("name") else { continue }
            let own = parent == nil ? key : CVATSkeletons.attribute(key, of: name)
            let type = attribute.value("input_type") ?? "text"
            typeByAttribute["\(parent ?? name)\0\(own)"] = type
            let values = (attribute.value("values") ?? "").split(whereSeparator: \.isNewline)
                .map { XMLTree.trim(String($0)) }
            guard ClassAttribute.types.contains(type), !values.isEmpty else { continue }
            listed[parent ?? name, default: []].append(
                ClassAttribute(
                    name: own, type: type, values: values,
                    usual: attribute.value("default_value") ?? "",
                    isMutable: attribute.value("mutable")?.lowercased() == "true"))
        }
    }

    // MARK: Images

    private mutating func readImage(
        _ image: XMLTree, _ scanner: XMLScanner, into sink: EventSink
    ) throws {
        let place = scanner.place(image.offset)
        let name = image.attributes["name"] ?? ""
        guard images.insert("\(image.attributes["task_id"] ?? "")\0\(name)").inserted else {
            throw scanner.error(
                "a second image \"\(name.prefix(120))\"; two images must not become one",
                at: image.offset)
        }
        let key =
            name.isEmpty
            ? ""
            : try finder.key(
                named: name, in: file, scopes: scopes(of: image), endings: ImageHead.endings)
        var fields: [String: FieldValue] = [:]
        for name in ["width", "height"] {
            if let pixels = image.attributes[name].flatMap({ TextNumber.whole($0) }), pixels > 0 {
                fields[name] = .integer(pixels)
            }
        }
        if let subset = image.attributes["subset"] { fields["split"] = .text(subset) }
        if image.children.isEmpty { fields["examined"] = .bool(true) }
        guard try Emit.item(key, fields, at: place, into: sink) else { return }
        for (index, shape) in image.children.enumerated() {
            try Emit.label(at: scanner.place(shape.offset), into: sink) { () throws(Refusal) in
                var label = LabelRecord(
                    item: key, className: shape.attributes["label"] ?? "", selector: .wholeItem,
                    externalID: "image:\(key)#\(index + 1)")
                label.selector = try selector(
                    shape, label.className, ItemRecord.pixelSize(fields))
                setMembers(shape, &label)
                for (name, value) in attributes(shape, label.className) {
                    label.attributes[name] = value
                }
                return label
            }
        }
    }

    /// What stands for the task of an image: names of frames are unique within one.
    private func scopes(of image: XMLTree) -> [String] {
        guard let task = image.attributes["task_id"] else { return [] }
        return ["task \(task)"] + (tasks[task] ?? [])
            + [image.attributes["subset"]].compactMap { $0 }
    }

    private func setMembers(_ shape: XMLTree, _ label: inout LabelRecord) {
        if shape.attributes["occluded"] == "1" {
            label.attributes["cvat.occluded"] = .bool(true)
        }
        for name in CVATFormat.members {
            guard let text = shape.attributes[name], text != "0", text != "manual", !text.isEmpty
            else { continue }
            label.attributes[CVATFormat.prefix + name] =
                TextNumber.whole(text).map { .integer($0) } ?? .text(text)
        }
    }

    /// The attributes of a shape in the types that the file declares.
    private func attributes(_ shape: XMLTree, _ className: String) -> [(String, FieldValue)] {
        let points = shape.name == "skeleton" ? shape.children.filter { $0.name == "points" } : []
        let own = shape.children.map { (point: String?.none, child: $0) }
        let all = points.reduce(own) { all, point in
            all + point.children.map { (point.attributes["label"] ?? "", $0) }
        }
        return all.compactMap { point, child in
            guard child.name == "attribute", let plain = child.attributes["name"], !plain.isEmpty
            else { return nil }
            let name = point.map { CVATSkeletons.attribute(plain, of: $0) } ?? plain
            let text = child.text
            switch typeByAttribute["\(className)\0\(name)"] {
            case "checkbox" where text == "true" || text == "false":
                return (name, .bool(text == "true"))
            case "number":
                if let whole = Int64(text) { return (name, .integer(whole)) }
                if let number = TextNumber.double(text) { return (name, .float(number)) }
                return (name, .text(text))
            default: return (name, .text(text))
            }
        }
    }

    // MARK: Shapes

    private func selector(
        _ shape: XMLTree, _ className: String, _ size: (width: Double, height: Double)?
    ) throws(Refusal) -> Selector {
        func numbers(_ names: String...) throws(Refusal) -> [Double] {
            var values: [Double] = []
            for name in names {
                guard let value = shape.attribute(name) else {
                    throw Refusal("the \(shape.name)'s \(name) is missing or no number")
                }
                values.append(value)
            }
            return values
        }
        func points() throws(Refusal) -> [Double] {
            guard let flat = shape.attributes["points"].flatMap(CVATPoints.read) else {
                throw Refusal("the points must be written x,y;x,y")
            }
            return flat
        }
        let angle = (shape.attribute("rotation") ?? 0) * .pi / 180
        switch shape.name {
        case "tag": return .wholeItem
        case "box":
            let v = try numbers("xtl", "ytl", "xbr", "ybr")
            let (width, height) = (v[2] - v[0], v[3] - v[1])
            if angle == 0 { return .box(.init(x: v[0], y: v[1], width: width, height: height)) }
            return .rotatedBox(
                .init(
                    centerX: (v[0] + v[2]) / 2, centerY: (v[1] + v[3]) / 2, width: width,
                    height: height, angle: angle))
        case "polygon":
            var ring = try points()
            Geometry.open(&ring)
            return .polygon([[ring]])
        case "polyline": return .polyline(try points())
        case "points":
            let flat = try points()
            return .keypoints(
                stride(from: 0, to: flat.count, by: 2).map {
                    .init(x: flat[$0], y: flat[$0 + 1], visibility: .visible)
                })
        case "ellipse":
            let v = try numbers("cx", "cy", "rx", "ry")
            return .ellipse(
                .init(
                    centerX: v[0], centerY: v[1], width: 2 * v[2], height: 2 * v[3], angle: angle))
        case "skeleton": return .keypoints(try skeletons.points(shape, className))
        case "mask":
            let v = try numbers("left", "top", "width", "height")
            return .mask(try CVATMask.mask(shape.attributes["rle"] ?? "", box: v, in: size))
        case "cuboid":
            throw Refusal("a projected cuboid has no place in the model; export its 3-D form")
        default: throw Refusal("no shape is called \"\(shape.name.prefix(40))\"")
        }
    }

    // MARK: Tracks

    private mutating func readTrack(
        _ track: XMLTree, _ scanner: XMLScanner, into sink: EventSink
    ) throws {
        let task = track.attributes["task_id"] ?? ""
        let fields = (sources[task] ?? sources[""])?.fields ?? CVATVideos.Source().fields
        let source = try videoKey(task, fields, into: sink)
        let id = track.attributes["id"] ?? ""
        var lost: [(place: String, why: String)] = []
        try Emit.label(at: scanner.place(track.offset), into: sink) { () throws(Refusal) in
            guard !id.isEmpty else { throw Refusal("the track's id is missing") }
            var label = LabelRecord(
                item: source, className: track.attributes["label"] ?? "", selector: .wholeItem,
                externalID: "track:\(source)#\(id)")
            setMembers(track, &label)
            label.selector = .track(
                try keyframes(track, ItemRecord.pixelSize(fields), &label) { shape, why in
                    lost.append((scanner.place(shape.offset), why))
                })
            return label
        }
        for shape in lost { try sink(.skipped(where: shape.place, why: shape.why)) }
    }

    /// The item of a task's tracks, which is handed over when it is met first.
    private mutating func videoKey(
        _ task: String, _ fields: [String: FieldValue], into sink: EventSink
    ) throws -> String {
        if let known = keys[task] { return known }
        let key: String
        let own = sources[task]
        if let name = own?.name ?? (own == nil ? sources[""]?.name : nil) {
            let scopes = task.isEmpty ? [] : ["task \(task)"] + (tasks[task] ?? [])
            key = try finder.key(
                named: name, in: file, scopes: scopes, endings: MediaItems.videoEndings)
        } else {
            // Nothing in the file says what was labelled, and all such files are called alike.
            key = task.isEmpty ? file.stem : tasks[task]?.first ?? "\(file.stem) task \(task)"
            try videos.claim(key, for: file)
        }
        keys[task] = key
        try Emit.item(key, fields, at: file.file.name, into: sink)
        return key
    }

    /// The shapes of a track by their frames; a shape that cannot be read costs itself, unless it is the last one.
    private func shapes(
        _ track: XMLTree, _ size: (width: Double, height: Double)?, _ className: String,
        _ leaveOut: (XMLTree, String) -> Void
    ) throws(Refusal) -> [(frame: Int64, shape: XMLTree, selector: Selector)] {
        var found: [(frame: Int64, shape: XMLTree, selector: Selector)] = []
        for shape in track.children {
            do throws(Refusal) {
                guard let text = shape.attributes["frame"], let frame = TextNumber.whole(text)
                else { throw Refusal("a \(shape.name) has no frame number") }
                let selector = try selector(shape, className, size)
                do { try selector.validate() } catch { throw Refusal("\(error)") }
                found.append((frame, shape, selector))
            } catch {
                if track.children.count == 1 { throw error }
                leaveOut(shape, error.why + "; the frame was left out")
            }
        }
        // What is in order stays as it is.
        let sorted = found.enumerated().sorted {
            ($0.element.frame, $0.offset) < ($1.element.frame, $1.offset)
        }
        found = []
        for (_, entry) in sorted {
            if found.last?.frame == entry.frame {
                leaveOut(
                    entry.shape,
                    "the track has the frame \(entry.frame) twice; this one was left out")
            } else {
                found.append(entry)
            }
        }
        return found
    }

    private func keyframes(
        _ track: XMLTree, _ size: (width: Double, height: Double)?, _ label: inout LabelRecord,
        _ leaveOut: (XMLTree, String) -> Void
    ) throws(Refusal) -> [Selector.Keyframe] {
        var frames: [Selector.Keyframe] = []
        var changes: ByteMap<[(frame: Int64, value: FieldValue)]> = [:]
        let shapes = try shapes(track, size, label.className, leaveOut)
        for (index, (frame, shape, selector)) in shapes.enumerated() {
            let isLast = index == shapes.count - 1
            let isOutside = shape.attributes["outside"] == "1"
            if shape.name == "box", shape.attributes["keyframe"] == "0", !isLast, !isOutside {
                continue
            }
            frames.append(
                .init(time: Double(frame), selector: selector, isOutside: isOutside))
            var values = attributes(shape, label.className)
            values.append(("cvat.occluded", .bool(shape.attributes["occluded"] == "1")))
            for (name, value) in values where changes[name]?.last?.value != value {
                changes[name, default: []].append((frame, value))
            }
        }
        let first = Int64(frames.first?.time ?? 0)
        for (name, list) in changes {
            if name == "cvat.occluded", list.count == 1, list[0].value == .bool(false) { continue }
            if list.count == 1, list[0].frame == first {
                label.attributes[name] = list[0].value
            } else {
                let plain =
                    name.hasPrefix(CVATFormat.prefix)
                    ? String(name.dropFirst(CVATFormat.prefix.count)) : name
                label.attributes[CVATFormat.changesPrefix + plain] = .array(
                    list.map { .array([.integer($0.frame), $0.value]) })
            }
        }
        return frames
    }
}
