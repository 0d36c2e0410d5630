import AnnotationModel
import LabelText

/// Reads one panoptic JSON file and the images that it names, one image at a time.
struct PanopticReader {
    let file: FormatFile
    /// The PNGs that were given, by path.
    let images: ByteMap<InputFile>
    let finder: ItemFinder

    private struct Category {
        var name: String
        var isThing: Bool?
    }

    private struct Known {
        /// True for a file of ours.
        var isOwn = false
        var keyByID: [Int64: (key: String, width: Int64?, height: Int64?)] = [:]
        var categoryByID: [Int64: Category] = [:]
    }

    func read(into sink: EventSink) throws {
        try JSONFile.scan(file.file) { scanner, path in
            var annotations: JSONScanner?
            var known = Known()
            var seen: ByteSet = []
            try scanner.beginObject()
            while try scanner.nextKey() {
                let key = scanner.key
                path = key
                guard seen.insert(key).inserted else {
                    throw JSONError(.duplicateKey(key), at: scanner.keyOffset)
                }
                switch key {
                case "info":
                    let info = try JSONValue(reading: &scanner)
                    known.isOwn = info["description"]?.string == COCOWriter.description
                case "images", "categories":
                    var number = 0
                    try scanner.beginArray()
                    while try scanner.nextElement() {
                        path = "\(key)[\(number)]"
                        number += 1
                        let json = try JSONValue(reading: &scanner)
                        if key == "images" {
                            try image(json, path, &known, into: sink)
                        } else {
                            try category(json, path, &known, into: sink)
                        }
                    }
                case "annotations":
                    annotations = scanner.resumed(at: scanner.offset)
                    try scanner.skipValue()
                default: try scanner.skipValue()
                }
            }
            guard var annotations else { throw structure("annotations", "missing") }
            var number = 0
            try annotations.beginArray()
            while try annotations.nextElement() {
                path = "annotations[\(number)]"
                number += 1
                try segments(try JSONValue(reading: &annotations), path, known, into: sink)
            }
        }
    }

    private func structure(_ path: String, _ why: String) -> FormatError {
        .structure(file: file.file.name, path: path, why: why)
    }

    private func image(
        _ json: JSONValue, _ path: String, _ known: inout Known, into sink: EventSink
    ) throws {
        guard let id = json["id"]?.integer, known.keyByID[id] == nil else {
            throw structure(path + ".id", "missing, no whole number, or that of another image")
        }
        let name = json["file_name"]?.string ?? ""
        let key = name.isEmpty ? "" : try finder.key(named: name, in: file)
        var fields: [String: FieldValue] = [:]
        for name in ["width", "height"] {
            if let pixels = json[name]?.integer, pixels > 0 { fields[name] = .integer(pixels) }
        }
        // An export gives numbers to what had none; coming back they say nothing.
        if !known.isOwn { fields[COCOAttribute.imageID] = .integer(id) }
        guard try Emit.item(key, fields, at: "\(file.file.name), \(path).file_name", into: sink)
        else { return }
        known.keyByID[id] = (key, json["width"]?.integer, json["height"]?.integer)
    }

    private func category(
        _ json: JSONValue, _ path: String, _ known: inout Known, into sink: EventSink
    ) throws {
        guard let id = json["id"]?.integer, let name = json["name"]?.string, !name.isEmpty,
            known.categoryByID[id] == nil
        else { throw structure(path, "a category needs an id of its own and a name") }
        known.categoryByID[id] = Category(
            name: name, isThing: json["isthing"]?.integer.map { $0 != 0 })
        let parent = json["supercategory"]?.string ?? ""
        let color = ClassRecord.color(of: (json["color"]?.array ?? []).map(\.integer))
        try sink(.labelClass(ClassRecord(name: name, parent: parent, color: color, number: id)))
    }

    // MARK: Segments

    /// The segments of an image; long, since what does not fit between picture and list is told case by case.
    private func segments(
        _ json: JSONValue, _ path: String, _ known: Known, into sink: EventSink
    ) throws {
        let place = "\(file.file.name), \(path)"
        guard let id = json["image_id"]?.integer, let image = known.keyByID[id] else {
            return try sink(.skipped(where: place, why: "image_id names no image that was taken"))
        }
        let picture: SegmentPNG.Image
        do throws(Refusal) {
            picture = try self.picture(json["file_name"]?.string ?? "")
            guard image.width ?? Int64(picture.width) == picture.width,
                image.height ?? Int64(picture.height) == picture.height
            else {
                throw Refusal(
                    "the PNG has \(picture.width) x \(picture.height) pixels, "
                        + "the image \(image.width ?? 0) x \(image.height ?? 0)"
                )
            }
        } catch {
            return try sink(.skipped(where: "\(place).file_name", why: error.why))
        }
        if json["segments_info"]?.array?.isEmpty == true {
            // Somebody has looked and found nothing.
            try sink(.item(ItemRecord(key: image.key, fields: ["examined": .bool(true)])))
        }
        var masks = Self.masks(picture)
        for (index, segment) in (json["segments_info"]?.array ?? []).enumerated() {
            try Emit.label(at: "\(place).segments_info[\(index)]", into: sink) {
                () throws(Refusal) in
                guard let id = segment["id"]?.integer, let number = UInt32(exactly: id) else {
                    throw Refusal("a segment needs a whole number as id")
                }
                guard let counts = masks.removeValue(forKey: number) else {
                    throw Refusal("the PNG has no pixel of segment \(id), or it is listed twice")
                }
                guard
                    let category = segment["category_id"]?.integer.flatMap({
                        known.categoryByID[$0]
                    })
                else { throw Refusal("category_id names no category") }
                var label = LabelRecord(
                    item: image.key, className: category.name,
                    selector: .mask(
                        .init(width: picture.width, height: picture.height, counts: counts)),
                    externalID: "\(image.key)#\(id)")
                if segment["iscrowd"]?.integer == 1 {
                    label.attributes[COCOAttribute.isCrowd] = .bool(true)
                }
                if category.isThing == false {
                    label.attributes[PanopticFormat.isThing] = .bool(false)
                }
                return label
            }
        }
        masks[0] = nil
        if let first = masks.keys.min() {
            try sink(
                .skipped(
                    where: place,
                    why:
                        "the PNG has \(masks.count) segments that segments_info does not list, the first is \(first)"
                ))
        }
    }

    private func picture(_ name: String) throws(Refusal) -> SegmentPNG.Image {
        if let why = ItemKey.problem(name) { throw Refusal(why) }
        let candidates = [FileSystem.join(file.stem, name), FileSystem.join(file.parent, name)]
        var found = candidates.lazy.compactMap { images[$0] }.first
        if found == nil, file.file.isOnDisk {
            let folder = FileSystem.parent(file.file.name)
            found = [FileSystem.join(file.bareStem, name), name]
                .map { FileSystem.join(folder, $0) }
                .first { FileSystem.exists($0) }.map { InputFile(path: $0) }
        }
        guard let found else {
            throw Refusal("the PNG \(name.prefix(80)) is not there; give it with the JSON file")
        }
        let result: Result<SegmentPNG.Image, Refusal>
        do {
            result = try found.withBytes { bytes in
                do throws(Refusal) {
                    return .success(try SegmentPNG.decode(bytes))
                } catch {
                    return .failure(error)
                }
            }
        } catch {
            throw Refusal("\(error)")
        }
        return try result.get()
    }

    /// The runs down the columns of each segment.
    private static func masks(_ picture: SegmentPNG.Image) -> [UInt32: [UInt32]] {
        var runs: [UInt32: (counts: [UInt32], end: UInt32)] = [:]
        let total = picture.width * picture.height
        var start = 0
        func number(_ place: Int) -> UInt32 {
            picture.numbers[place % picture.height * picture.width + place / picture.height]
        }
        while start < total {
            let value = number(start)
            var end = start + 1
            while end < total, number(end) == value { end += 1 }
            var entry = runs[value] ?? ([], 0)
            entry.counts.append(UInt32(start) - entry.end)
            entry.counts.append(UInt32(end - start))
            entry.end = UInt32(end)
            runs[value] = entry
            start = end
        }
        return runs.mapValues { entry in
            entry.end == UInt32(total) ? entry.counts : entry.counts + [UInt32(total) - entry.end]
        }
    }
}
