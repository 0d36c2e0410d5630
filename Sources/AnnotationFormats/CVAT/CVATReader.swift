import AnnotationModel

/// Reads one CVAT file, one image or track at a time.
struct CVATReader {
    private let file: FormatFile
    private let finder: ItemFinder
    /// The names and sources of a project's tasks, by id.
    private var tasks: ByteMap<[String]> = [:]
    private let skeletons = CVATSkeletons()
    /// The declared types of attributes: class, NUL, name.
    private var typeByAttribute: ByteMap<String> = [:]
    private var video: String
    private var hasVideoItem = false
    private var videoFields: [String: FieldValue] = ["timeUnit": .text("frame")]

    init(file: FormatFile, finder: ItemFinder) {
        (self.file, self.finder) = (file, finder)
        video = file.bareStem
    }

    mutating func read(_ bytes: UnsafeRawBufferPointer, into sink: EventSink) throws {
        var scanner = try XMLScanner(bytes, file: file.file.name)
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
        if let source = meta.value("source") ?? meta.first("task")?.value("source") {
            video = source
        }
        let scopes = ["task", "project", "job"].compactMap { meta.first($0) }
        for task in meta.first("project")?.first("tasks")?.children ?? [] {
            guard let id = task.value("id") else { continue }
            let source = task.value("source")
            tasks[id] = [task.value("name"), source, source.map(FileTree.stem)].compactMap { $0 }
        }
        for scope in scopes {
            if let size = scope.first("original_size") {
                for name in ["width", "height"] {
                    if let pixels = size.value(name).flatMap({ TextNumber.whole($0) }), pixels > 0 {
                        videoFields[name] = .integer(pixels)
                    }
                }
            }
            let labels = scope.first("labels")?.children ?? []
            for label in labels { skeletons.note(label) }
            for label in labels where !skeletons.isPoint(label) {
                guard let name = label.value("name") else { continue }
                for attribute in label.first("attributes")?.children ?? [] {
                    if let key = attribute.value("name") {
                        typeByAttribute["\(name)\0\(key)"] = attribute.value("input_type") ?? "text"
                    }
                }
                var record = skeletons.record(name) ?? ClassRecord(name: name)
                record.color = ClassRecord.color(of: label.value("color"))
                try sink(.labelClass(record))
            }
        }
    }

    // MARK: Images

    private func readImage(
        _ image: XMLTree, _ scanner: XMLScanner, into sink: EventSink
    ) throws {
        let place = scanner.place(image.offset)
        let name = image.attributes["name"] ?? ""
        let key =
            name.isEmpty
            ? ""
            : try finder.key(
                named: name, in: file, scopes: scopes(of: image), endings: ImageSize.endings)
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
        shape.children.compactMap { child in
            guard child.name == "attribute", let name = child.attributes["name"], !name.isEmpty
            else { return nil }
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
        if !hasVideoItem {
            hasVideoItem = true
            try Emit.item(video, videoFields, at: file.file.name, into: sink)
        }
        let id = track.attributes["id"] ?? ""
        let source = video
        try Emit.label(at: scanner.place(track.offset), into: sink) { () throws(Refusal) in
            guard !id.isEmpty else { throw Refusal("the track's id is missing") }
            var label = LabelRecord(
                item: source, className: track.attributes["label"] ?? "", selector: .wholeItem,
                externalID: "track:\(source)#\(id)")
            setMembers(track, &label)
            label.selector = .track(try keyframes(track, &label))
            return label
        }
    }

    private func keyframes(
        _ track: XMLTree, _ label: inout LabelRecord
    ) throws(Refusal) -> [Selector.Keyframe] {
        var frames: [Selector.Keyframe] = []
        var changes: ByteMap<[(frame: Int64, value: FieldValue)]> = [:]
        for (index, shape) in track.children.enumerated() {
            guard let text = shape.attributes["frame"], let frame = TextNumber.whole(text) else {
                throw Refusal("a \(shape.name) has no frame number")
            }
            let isLast = index == track.children.count - 1
            let isOutside = shape.attributes["outside"] == "1"
            if shape.name == "box", shape.attributes["keyframe"] == "0", !isLast, !isOutside {
                continue
            }
            let selector = try selector(
                shape, label.className, ItemRecord.pixelSize(videoFields))
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

/// CVAT's masks: runs along the rows of a box, zeros first.
enum CVATMask {
    static func mask(
        _ text: String, box: [Double], in size: (width: Double, height: Double)?
    ) throws(Refusal) -> Selector.Mask {
        guard let size else { throw Refusal("a mask needs the image's width and height") }
        let whole = box.compactMap { Int(exactly: $0) }
        let (width, height) = (Int(size.width), Int(size.height))
        guard whole.count == 4,
            case let (left, top, w, h) = (whole[0], whole[1], whole[2], whole[3]),
            left >= 0, top >= 0, w >= 1, h >= 1, w <= width, h <= height, left <= width - w,
            top <= height - h, width * height <= pixelsMax
        else {
            throw Refusal(
                "the mask's box leaves its image, or the image has more than \(pixelsMax) pixels")
        }
        var bits = [Bool](repeating: false, count: width * height)
        var position = 0
        var isOne = false
        for part in text.split(separator: ",") {
            guard let run = Int(XMLTree.trim(String(part))), run >= 0, run <= w * h - position
            else { throw Refusal("the mask's runs do not fit its box") }
            if isOne {
                for pixel in position..<(position + run) {
                    bits[(left + pixel % w) * height + top + pixel / w] = true
                }
            }
            position += run
            isOne.toggle()
        }
        guard position == w * h || (position < w * h && !isOne) || position > 0 else {
            throw Refusal("the mask has no runs")
        }
        guard position == w * h else {
            throw Refusal("the mask's runs cover \(position) of \(w * h) pixels")
        }
        return mask(columns: bits, width: width, height: height)
    }

    /// The most pixels of an image whose mask is turned from rows to columns in memory.
    static let pixelsMax = 1 << 27

    /// A mask from one flag a pixel, down the columns.
    static func mask(columns bits: [Bool], width: Int, height: Int) -> Selector.Mask {
        var counts: [UInt32] = []
        var last = false
        var run: UInt32 = 0
        for bit in bits {
            if bit == last {
                run += 1
            } else {
                counts.append(run)
                (last, run) = (bit, 1)
            }
        }
        counts.append(run)
        return .init(width: width, height: height, counts: counts)
    }

    /// The runs of a mask along the rows of its box; nil for an empty or too large one.
    static func runs(_ mask: Selector.Mask) -> (text: String, box: Selector.Box)? {
        let box = RunLengths.bounds(mask)
        let (left, top) = (Int(box.x), Int(box.y))
        let (width, height) = (Int(box.width), Int(box.height))
        guard width > 0, height > 0, width * height <= pixelsMax else { return nil }
        var bits = [Bool](repeating: false, count: width * height)
        var position = 0
        for (index, count) in mask.counts.enumerated() {
            let end = position + Int(count)
            if index % 2 == 1 {
                for pixel in position..<end {
                    let (x, y) = (pixel / mask.height - left, pixel % mask.height - top)
                    bits[y * width + x] = true
                }
            }
            position = end
        }
        let runs = Self.mask(columns: bits, width: height, height: width).counts
        return (runs.map(String.init).joined(separator: ", "), box)
    }
}
