import AnnotationModel
import LabelText
import Shapes

/// Reads one file.
struct DatumaroReader {
    let file: FormatFile
    private let finder: ItemFinder
    private let lost = LostMembers()
    /// The places of the items that were read, by id.
    private var places: ByteMap<String> = [:]
    private var names: [String] = []
    /// The names of the points of classes, by their index.
    private var points: [Int: [String]] = [:]

    init(file: FormatFile, finder: ItemFinder) { (self.file, self.finder) = (file, finder) }

    mutating func read(into sink: EventSink) throws {
        try JSONFile.scan(file.file) { scanner, path in
            var items: JSONScanner?
            var seen: ByteSet = []
            try scanner.beginObject()
            while try scanner.nextKey() {
                let key = scanner.key
                path = key
                guard seen.insert(key).inserted else {
                    throw JSONError(.duplicateKey(key), at: scanner.keyOffset)
                }
                switch key {
                case "categories":
                    try readCategories(try JSONValue(reading: &scanner), into: sink)
                case "items" where seen.contains("categories"):
                    try readItems(&scanner, &path, into: sink)
                case "items":
                    items = scanner.resumed(at: scanner.offset)
                    try scanner.skipValue()
                default: try scanner.skipValue()
                }
            }
            guard seen.contains("items") else {
                throw FormatError.structure(
                    file: file.file.name, path: "items",
                    why: "missing; a Datumaro file is an object with categories and items")
            }
            if var items { try readItems(&items, &path, into: sink) }
        }
        try lost.tell(file.file.name, into: sink)
    }

    private mutating func readCategories(_ json: JSONValue, into sink: EventSink) throws {
        var keypoints: [Int: (names: [String], joints: [[Int64]])] = [:]
        for entry in json["points"]?["items"]?.array ?? [] {
            guard let id = entry["label_id"]?.integer, (0...65_535).contains(id) else { continue }
            keypoints[Int(id)] = (
                (entry["labels"]?.array ?? []).compactMap(\.string),
                (entry["joints"]?.array ?? []).map { ($0.array ?? []).compactMap(\.integer) }
                    .filter { $0.count == 2 }
            )
        }
        var colors: [Int64: String] = [:]
        for entry in json["mask"]?["colormap"]?.array ?? [] {
            guard let id = entry["label_id"]?.integer else { continue }
            colors[id] = ClassRecord.color(of: ["r", "g", "b"].map { entry[$0]?.integer })
        }
        points = keypoints.mapValues(\.names)
        let labels = json["label"]?["labels"]?.array ?? []
        var skeletons: ByteMap<[String]> = [:]
        for (index, entry) in labels.enumerated() {
            if let name = entry["name"]?.string { skeletons[name] = keypoints[index]?.names }
        }
        for (index, entry) in labels.enumerated() {
            guard let name = entry["name"]?.string, !name.isEmpty,
                name.utf8.count <= RecordRule.nameBytesMax
            else {
                throw FormatError.structure(
                    file: file.file.name, path: "categories.label.labels[\(index)].name",
                    why: "must be a text of 1...\(RecordRule.nameBytesMax) bytes")
            }
            names.append(name)
            // A point of a skeleton has a label below that of the whole, and is no class.
            if let parent = entry["parent"]?.string, skeletons[parent]?.contains(name) == true {
                continue
            }
            try sink(
                .labelClass(
                    ClassRecord(
                        name: name, parent: entry["parent"]?.string ?? "",
                        keypoints: keypoints[index]?.names ?? [],
                        skeleton: keypoints[index]?.joints ?? [],
                        color: colors[Int64(index)] ?? "")))
        }
    }

    private mutating func readItems(
        _ scanner: inout JSONScanner, _ path: inout String, into sink: EventSink
    ) throws {
        var index = 0
        try scanner.beginArray()
        while try scanner.nextElement() {
            path = "items[\(index)]"
            index += 1
            try readItem(try JSONValue(reading: &scanner), path, into: sink)
        }
    }

    private mutating func readItem(_ json: JSONValue, _ path: String, into sink: EventSink) throws {
        let place = "\(file.file.name), \(path)"
        guard let id = json["id"]?.plainText else {
            return try sink(.skipped(where: place + ".id", why: "missing; name the item"))
        }
        if let earlier = places.updateValue(path, forKey: id) {
            throw FormatError.structure(
                file: file.file.name, path: path + ".id",
                why: "\(earlier) has the same id; two items must not become one")
        }
        let subset = file.bareStem
        let media = json["image"] ?? json["point_cloud"] ?? json["media"]
        let named = media?["path"]?.string ?? ""
        let key = try finder.key(
            named: named.isEmpty ? id : named, in: file, scopes: [subset],
            endings: named.isEmpty ? ImageHead.endings : [])
        var fields: [String: FieldValue] = ["split": .text(subset)]
        if let size = media?["size"]?.array?.compactMap(\.integer), size.count == 2, size[0] > 0,
            size[1] > 0
        {
            (fields["height"], fields["width"]) = (.integer(size[0]), .integer(size[1]))
        }
        let frame = json["attr"]?["frame"]?.integer
        if let frame { fields["frame"] = .integer(frame) }
        KeptMember.add(
            json["attr"], except: frame == nil ? [] : ["frame"],
            prefix: DatumaroFormat.itemPrefix, to: &fields, lost)
        lost.count(json, except: DatumaroFormat.itemMembers, below: "items.")
        let annotations = json["annotations"]?.array ?? []
        if annotations.isEmpty { fields["examined"] = .bool(true) }
        guard try Emit.item(key, fields, at: place, into: sink) else { return }
        for (index, annotation) in annotations.enumerated() {
            let place = "\(place).annotations[\(index)]"
            try Emit.label(at: place, into: sink) { () throws(Refusal) in
                var label = try label(annotation)
                label.item = key
                label.externalID = "\(subset)/\(id)#\(index + 1)"
                return label
            }
        }
    }

    private func label(_ json: JSONValue) throws(Refusal) -> LabelRecord {
        var label = LabelRecord(item: "", className: "", selector: .wholeItem)
        if let index = json["label_id"]?.integer { label.className = try name(index) }
        if case .object(let members)? = json["attributes"] {
            for (name, member) in members where member != .null {
                guard let value = FieldValueJSON.value(member) else {
                    throw Refusal(why: "the attribute \(name.prefix(40)) is nested too deeply")
                }
                label.attributes[name] = value
            }
        }
        if let score = label.attributes["score"]?.number, (0...1).contains(score) {
            label.confidence = score
            label.attributes["score"] = nil
        }
        for (member, name) in [
            ("group", DatumaroFormat.groupAttribute), ("z_order", DatumaroFormat.orderAttribute),
        ] {
            if let value = json[member]?.integer, value != 0 {
                label.attributes[name] = .integer(value)
            }
        }
        label.selector = try selector(json, &label)
        if label.className.isEmpty, label.attributes["caption"] == nil {
            throw Refusal(why: "label_id is missing; say the class")
        }
        return label
    }

    private func name(_ index: Int64) throws(Refusal) -> String {
        guard names.indices.contains(Int(clamping: index)) else {
            throw Refusal(why: "no label has the index \(index), there are \(names.count)")
        }
        return names[Int(index)]
    }

    /// The points of a skeleton in the order of its class; what it lacks is absent.
    private func skeleton(
        _ json: JSONValue, _ label: inout LabelRecord
    ) throws(Refusal) -> [Selector.Keypoint] {
        let order = json["label_id"]?.integer.flatMap { points[Int(clamping: $0)] } ?? []
        var found: [(name: String, point: Selector.Keypoint)] = []
        for element in json["elements"]?.array ?? [] {
            guard let place = element["points"]?.doubles, place.count == 2 else {
                throw Refusal(why: "an element of the skeleton is no point")
            }
            let name = try element["label_id"]?.integer.map(name) ?? ""
            guard order.isEmpty || order.contains(name) else {
                throw Refusal(
                    why: "the skeleton has no point \"\(name.prefix(40))\" in categories.points")
            }
            if !order.isEmpty, found.contains(where: { $0.name == name }) {
                throw Refusal(why: "the skeleton has the point \"\(name.prefix(40))\" twice")
            }
            let flag = element["visibility"]?.array?.first?.double ?? 2
            found.append(
                (name, .init(x: place[0], y: place[1], visibility: try Self.visibility(flag))))
            guard case .object(let members)? = element["attributes"] else { continue }
            for (key, member) in members where member != .null {
                label.attributes[CVATSkeletons.attribute(key, of: name)] = FieldValueJSON.value(
                    member)
            }
        }
        guard !found.isEmpty else { throw Refusal(why: "the skeleton has no elements") }
        label.attributes[DatumaroFormat.skeletonAttribute] = .bool(true)
        if order.isEmpty { return found.map(\.point) }
        return order.map { name in
            found.first { $0.name == name }?.point ?? .init(x: 0, y: 0, visibility: .absent)
        }
    }

    private static func visibility(
        _ flag: Double
    ) throws(Refusal) -> Selector.Keypoint.Visibility {
        guard let flag = UInt8(exactly: flag),
            let visibility = Selector.Keypoint.Visibility(rawValue: flag)
        else { throw Refusal(why: "a visibility must be 0, 1 or 2") }
        return visibility
    }

    /// The selector of an annotation; long, since each type of Datumaro is a case.
    private func selector(
        _ json: JSONValue, _ label: inout LabelRecord
    ) throws(Refusal) -> Selector {
        func numbers(_ name: String, _ count: Int? = nil) throws(Refusal) -> [Double] {
            guard let numbers = json[name]?.doubles, count == nil || numbers.count == count else {
                throw Refusal(
                    why: "\(name) must be a list of \(count.map(String.init) ?? "") numbers")
            }
            return numbers
        }
        func number(_ name: String) throws(Refusal) -> Double {
            guard let value = json[name]?.double else { throw Refusal(why: "\(name) is missing") }
            return value
        }
        switch json["type"]?.string ?? "" {
        case "label": return .wholeItem
        case "caption":
            label.attributes["caption"] = .text(json["caption"]?.string ?? "")
            return .wholeItem
        case "bbox":
            let box = try numbers("bbox", 4)
            return .box(.init(x: box[0], y: box[1], width: box[2], height: box[3]))
        case "polygon":
            var ring = try numbers("points")
            Geometry.open(&ring)
            return .polygon([[ring]])
        case "polyline": return .polyline(try numbers("points"))
        case "points":
            let flat = try numbers("points")
            let flags = try json["visibility"] == nil ? [] : numbers("visibility")
            guard flat.count % 2 == 0, flags.isEmpty || flags.count == flat.count / 2 else {
                throw Refusal(why: "points and visibility do not match")
            }
            var points: [Selector.Keypoint] = []
            for index in 0..<flat.count / 2 {
                let visibility = try Self.visibility(flags.isEmpty ? 2 : flags[index])
                points.append(
                    .init(x: flat[2 * index], y: flat[2 * index + 1], visibility: visibility))
            }
            return .keypoints(points)
        case "skeleton": return .keypoints(try skeleton(json, &label))
        case "mask": return .mask(try mask(json["rle"] ?? .null))
        case "ellipse":
            // Written as the corners of its box.
            let box = try numbers("points", 4)
            return .ellipse(
                .init(
                    centerX: (box[0] + box[2]) / 2, centerY: (box[1] + box[3]) / 2,
                    width: box[2] - box[0], height: box[3] - box[1], angle: 0))
        case "rotated_bbox":
            return .rotatedBox(
                .init(
                    centerX: try number("cx"), centerY: try number("cy"), width: try number("w"),
                    height: try number("h"), angle: try number("r") * .pi / 180))
        case "cuboid_3d":
            let angles = try numbers("rotation", 3)
            label.attributes[DatumaroFormat.rotationAttribute] = .array(angles.map { .float($0) })
            return .cuboid(
                .init(
                    center: try numbers("position", 3), size: try numbers("scale", 3),
                    rotation: Rotation.quaternion(euler: angles)))
        case let type: throw Refusal(why: "annotations of type \"\(type.prefix(40))\" are not read")
        }
    }

    private func mask(_ json: JSONValue) throws(Refusal) -> Selector.Mask {
        guard let size = json["size"]?.array?.compactMap(\.integer), size.count == 2 else {
            throw Refusal(why: "rle.size must be [height, width]")
        }
        do throws(RunLengths.Problem) {
            let runs: [Int64]
            if let text = json["counts"]?.string {
                runs = try RunLengths.decompress(text: text)
            } else {
                runs = (json["counts"]?.array ?? []).compactMap(\.integer)
            }
            return try RunLengths.mask(height: size[0], width: size[1], runs: runs)
        } catch {
            throw Refusal(why: error.why)
        }
    }
}
