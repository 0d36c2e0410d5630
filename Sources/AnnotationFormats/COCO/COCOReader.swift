import AnnotationModel

/// Reads one COCO file from its bytes.
///
/// A file may hold its annotations before its images. Then the annotations are passed over, which is
/// quick, and read when the rest is known; memory holds the images and classes, never the annotations.
struct COCOReader {
    private let bytes: UnsafeRawBufferPointer
    private let file: String
    private(set) var context: COCOContext
    private let hasContext: Bool
    private var ids = IdentifierSet()
    /// External ids that an earlier export noted; they must not meet another annotation's id.
    private var notedIDs: Set<String> = []
    /// Boxes with a known image, those that leave it, and those that look like two corners.
    private var boxes = (known: 0, outside: 0, corners: 0)

    /// A reader; `context` is that of the file before, for results files.
    init(bytes: UnsafeRawBufferPointer, file: String, context: COCOContext?) {
        (self.bytes, self.file) = (bytes, file)
        self.context = context ?? COCOContext()
        hasContext = context != nil
    }

    mutating func read(into sink: (FormatEvent) throws -> Void) throws {
        var path = ""
        do {
            var scanner = try JSONScanner(bytes)
            if try scanner.peek() == .array {
                guard hasContext else {
                    throw FormatError.structure(
                        file: file, path: "",
                        why: "a results file names no images; give the file that has them before it"
                    )
                }
                try readAnnotations(&scanner, name: "", path: &path, into: sink)
            } else {
                context = COCOContext()
                try readObject(&scanner, path: &path, into: sink)
            }
            path = ""
            try scanner.finish()
        } catch let error as JSONError {
            throw FormatError.json(
                file: file, position: TextPosition(of: error.offset, in: bytes), path: path,
                reason: error.reason)
        }
        try noteBoxes(into: sink)
    }

    private mutating func readObject(
        _ scanner: inout JSONScanner, path: inout String, into sink: (FormatEvent) throws -> Void
    ) throws {
        var seen: Set<String> = []
        var annotations: JSONScanner?
        try scanner.beginObject()
        while try scanner.nextKey() {
            let key = scanner.key
            path = key
            guard seen.insert(key).inserted else {
                throw JSONError(.duplicateKey(key), at: scanner.keyOffset)
            }
            switch key {
            case "images": try readImages(&scanner, path: &path, into: sink)
            case "categories": try readCategories(&scanner, path: &path, into: sink)
            case "annotations" where seen.isSuperset(of: ["images", "categories"]):
                try readAnnotations(&scanner, name: key, path: &path, into: sink)
            case "annotations":
                annotations = scanner.resumed(at: scanner.offset)
                try scanner.skipValue()
            default: try scanner.skipValue()
            }
        }
        guard seen.contains("images") else {
            throw FormatError.structure(
                file: file, path: "images",
                why: "missing; a COCO file is an object with images, categories and annotations")
        }
        if var annotations {
            try readAnnotations(&annotations, name: "annotations", path: &path, into: sink)
        }
    }

    // MARK: Images and categories

    private mutating func readImages(
        _ scanner: inout JSONScanner, path: inout String, into sink: (FormatEvent) throws -> Void
    ) throws {
        var indexByKey: [String: Int] = [:]
        try scanner.beginArray()
        while try scanner.nextElement() {
            let index = context.images.count
            path = "images[\(index)]"
            let json = try JSONValue(reading: &scanner)
            guard let id = Self.whole(json["id"]) else {
                throw FormatError.structure(
                    file: file, path: path + ".id", why: "missing or no whole number")
            }
            if let earlier = context.imageByID.updateValue(index, forKey: id) {
                throw FormatError.structure(
                    file: file, path: path + ".id",
                    why: "\(id) is also the id of images[\(earlier)]; number the images anew")
            }
            let key = json["file_name"]?.string ?? ""
            var image = COCOContext.Image(key: key)
            if let problem = ItemKey.problem(key) {
                image.problem = problem
                context.images.append(image)
                try sink(.skipped(where: "\(file), \(path).file_name", why: problem))
                continue
            }
            if let earlier = indexByKey.updateValue(index, forKey: key) {
                throw FormatError.structure(
                    file: file, path: path + ".file_name",
                    why: "images[\(earlier)] has the same name; two images must not become one")
            }
            let fields = try imageFields(json, path: path, into: sink)
            if case .integer(let width)? = fields["width"] { image.width = width }
            if case .integer(let height)? = fields["height"] { image.height = height }
            context.images.append(image)
            try sink(.item(ItemRecord(key: key, fields: fields)))
        }
    }

    private func imageFields(
        _ json: JSONValue, path: String, into sink: (FormatEvent) throws -> Void
    ) throws -> [String: FieldValue] {
        var fields: [String: FieldValue] = [:]
        if let noted = json["countermark"]?["fields"], let values = RecordJSON.fields(noted),
            RecordRule.problem(fields: values) == nil
        {
            fields = values
        }
        for name in ["width", "height"] {
            guard let value = json[name], value != .null else { continue }
            if let pixels = Self.whole(value), pixels > 0 {
                fields[name] = .integer(pixels)
            } else {
                try sink(
                    .note(
                        where: "\(file), \(path).\(name)",
                        why: "no whole number of pixels; the image is taken without it"))
            }
        }
        return fields
    }

    private mutating func readCategories(
        _ scanner: inout JSONScanner, path: inout String, into sink: (FormatEvent) throws -> Void
    ) throws {
        try scanner.beginArray()
        while try scanner.nextElement() {
            let index = context.classes.count
            path = "categories[\(index)]"
            let json = try JSONValue(reading: &scanner)
            guard let id = Self.whole(json["id"]) else {
                throw FormatError.structure(
                    file: file, path: path + ".id", why: "missing or no whole number")
            }
            if let earlier = context.classByID.updateValue(index, forKey: id) {
                throw FormatError.structure(
                    file: file, path: path + ".id",
                    why: "\(id) is also the id of categories[\(earlier)]; number them anew")
            }
            guard let name = json["name"]?.string, !name.isEmpty,
                name.utf8.count <= RecordRule.nameBytesMax
            else {
                throw FormatError.structure(
                    file: file, path: path + ".name",
                    why: "must be a text of 1...\(RecordRule.nameBytesMax) bytes")
            }
            let record = ClassRecord(
                name: name, parent: json["supercategory"]?.string ?? "",
                keypoints: json["keypoints"]?.array?.compactMap(\.string) ?? [],
                skeleton: json["skeleton"]?.array?.map { ($0.array ?? []).compactMap(\.integer) }
                    .filter { $0.count == 2 } ?? [])
            context.classes.append(record)
            try sink(.labelClass(record))
        }
    }

    /// A whole number, also one that was written as `12.0`.
    private static func whole(_ json: JSONValue?) -> Int64? {
        switch json {
        case .integer(let value)?: value
        case .double(let value)?: value.magnitude < 0x1p53 ? Int64(exactly: value) : nil
        default: nil
        }
    }

    // MARK: Annotations

    private mutating func readAnnotations(
        _ scanner: inout JSONScanner, name: String, path: inout String,
        into sink: (FormatEvent) throws -> Void
    ) throws {
        var index = -1
        try scanner.beginArray()
        while try scanner.nextElement() {
            index += 1
            let before = scanner
            var raw = COCOAnnotation()
            do throws(JSONError) {
                try raw.read(&scanner)
            } catch {
                path = "\(name)[\(index)]\(raw.memberName.isEmpty ? "" : ".")\(raw.memberName)"
                // Well-formed, only not what the format asks for: that costs one annotation.
                guard case .wrongKind = error.reason else { throw error }
                scanner = before
                try scanner.skipValue()
                let place = TextPosition(of: error.offset, in: bytes)
                try sink(.skipped(where: "\(file), \(path), \(place)", why: "\(error.reason)"))
                continue
            }
            var label = LabelRecord(item: "", className: "", selector: .wholeItem)
            var lost: [COCOAnnotation.Problem] = []
            if let problem = resolve(&raw, index: index, into: &label, losing: &lost) {
                let member = problem.member.isEmpty ? "" : ".\(problem.member)"
                try sink(.skipped(where: "\(file), \(name)[\(index)]\(member)", why: problem.why))
                continue
            }
            try sink(.annotation(label))
            for part in lost {
                try sink(.note(where: "\(file), \(name)[\(index)].\(part.member)", why: part.why))
            }
        }
    }

    /// Makes a label of an annotation; returns why that is not possible.
    private mutating func resolve(
        _ raw: inout COCOAnnotation, index: Int, into label: inout LabelRecord,
        losing lost: inout [COCOAnnotation.Problem]
    ) -> COCOAnnotation.Problem? {
        if let problem = raw.problem { return problem }
        guard let imageID = raw.imageID else {
            return .init(member: "image_id", why: "missing; say which image it belongs to")
        }
        guard let imageIndex = context.imageByID[imageID] else {
            return .init(member: "image_id", why: "no image has the id \(imageID)")
        }
        let image = context.images[imageIndex]
        if image.problem != nil {
            return .init(member: "image_id", why: "the image \(imageID) was skipped")
        }
        label.item = image.key
        if let problem = setClass(raw, &label) { return problem }
        if let problem = setSelector(raw, image, &label) { return problem }
        if raw.isCrowd { label.attributes[COCOAttribute.isCrowd] = .bool(true) }
        if let score = raw.score {
            if (0...1).contains(score) {
                label.confidence = score
            } else {
                label.attributes[COCOAttribute.score] = .float(score)
            }
        }
        if raw.attributes != nil || !raw.others.isEmpty {
            setAttributes(raw, &label, losing: &lost)
        }
        if let problem = setIdentity(raw, index: index, &label) { return problem }
        if let why = RecordRule.problem(label) { return .init(member: "", why: why) }
        return nil
    }

    private func setClass(
        _ raw: COCOAnnotation, _ label: inout LabelRecord
    ) -> COCOAnnotation.Problem? {
        if let categoryID = raw.categoryID, let index = context.classByID[categoryID] {
            label.className = context.classes[index].name
            return nil
        }
        // A caption has no class.
        if raw.others.contains(where: { $0.name == "caption" }) { return nil }
        guard let categoryID = raw.categoryID else {
            return .init(member: "category_id", why: "missing; say which category it is")
        }
        return .init(member: "category_id", why: "no category has the id \(categoryID)")
    }

    private mutating func setSelector(
        _ raw: COCOAnnotation, _ image: COCOContext.Image, _ label: inout LabelRecord
    ) -> COCOAnnotation.Problem? {
        var bounds: Selector.Box?
        switch raw.segmentation {
        case .polygons(let rings)?:
            label.selector = .polygon(rings.map { [$0] })
            bounds = Geometry.bounds(rings)
        case .runs(let height, let width, let runs)?:
            if let imageHeight = image.height, let imageWidth = image.width,
                height != imageHeight || width != imageWidth
            {
                return .init(
                    member: "segmentation.size",
                    why: "[\(height), \(width)] is not the image's [height, width] of "
                        + "[\(imageHeight), \(imageWidth)]")
            }
            do throws(RunLengths.Problem) {
                let mask = try RunLengths.mask(height: height, width: width, runs: runs)
                label.selector = .mask(mask)
                bounds = RunLengths.bounds(mask)
            } catch {
                return .init(member: "segmentation.counts", why: error.why)
            }
        case nil: break
        }
        if !raw.keypoints.isEmpty {
            if let problem = setKeypoints(raw, &label, &bounds) { return problem }
        }
        guard let box = raw.bbox else { return sizeProblem(label) }
        if case .wholeItem = label.selector {
            label.selector = .box(box)
            count(box, image)
        } else if let bounds, !Geometry.agree(bounds, box) {
            label.attributes[COCOAttribute.bbox] = .array(
                [box.x, box.y, box.width, box.height].map { .float($0) })
        }
        return sizeProblem(label)
    }

    private func sizeProblem(_ label: LabelRecord) -> COCOAnnotation.Problem? {
        RecordRule.sizeProblem(label.selector).map { .init(member: "segmentation", why: $0) }
    }

    private func setKeypoints(
        _ raw: COCOAnnotation, _ label: inout LabelRecord, _ bounds: inout Selector.Box?
    ) -> COCOAnnotation.Problem? {
        let numbers = raw.keypoints
        guard numbers.count % 3 == 0 else {
            return .init(
                member: "keypoints",
                why: "holds \(numbers.count) numbers; each point has an x, a y and a flag")
        }
        if let id = raw.categoryID, let index = context.classByID[id],
            case let names = context.classes[index].keypoints, !names.isEmpty,
            names.count != numbers.count / 3
        {
            return .init(
                member: "keypoints",
                why: "holds \(numbers.count / 3) points, the category has \(names.count) names")
        }
        var points: [Selector.Keypoint] = []
        for start in stride(from: 0, to: numbers.count, by: 3) {
            guard let flag = UInt8(exactly: numbers[start + 2]),
                let visibility = Selector.Keypoint.Visibility(rawValue: flag)
            else {
                return .init(
                    member: "keypoints[\(start + 2)]", why: "a point's flag must be 0, 1 or 2")
            }
            points.append(.init(x: numbers[start], y: numbers[start + 1], visibility: visibility))
        }
        if raw.segmentation != nil {
            label.attributes[COCOAttribute.keypoints] = .array(numbers.map { .float($0) })
        } else if points.contains(where: { $0.visibility != .absent }) {
            label.selector = .keypoints(points)
            bounds = Geometry.bounds(
                points.lazy.filter { $0.visibility != .absent }.map { [$0.x, $0.y] })
        }
        return nil
    }

    private func setAttributes(
        _ raw: COCOAnnotation, _ label: inout LabelRecord,
        losing lost: inout [COCOAnnotation.Problem]
    ) {
        var values: [(place: String, name: String, json: JSONValue)] = []
        if case .object(let members)? = raw.attributes {
            for (name, json) in members { values.append(("attributes.\(name)", name, json)) }
        } else if raw.attributes != nil {
            lost.append(.init(member: "attributes", why: "no object; left out"))
        }
        for (name, json) in raw.others where json != .null {
            values.append((name, COCOAttribute.prefix + name, json))
        }
        for (place, name, json) in values {
            if let value = FieldValueJSON.value(json),
                RecordRule.problem(fields: [name: value]) == nil
            {
                label.attributes[name] = value
            } else {
                lost.append(
                    .init(
                        member: String(place.prefix(80)),
                        why: "too large or nested too deeply for an attribute; left out"))
            }
        }
    }

    private mutating func setIdentity(
        _ raw: COCOAnnotation, index: Int, _ label: inout LabelRecord
    ) -> COCOAnnotation.Problem? {
        if let id = raw.id, !ids.insert(id) {
            return .init(member: "id", why: "\(id) is used by an earlier annotation too")
        }
        let plain = raw.id.map { String($0) } ?? "#\(index)"
        guard let noted = raw.countermark else {
            label.externalID = plain
            if notedIDs.contains(plain) {
                return .init(member: "id", why: "\(plain) is an earlier annotation's external id")
            }
            return nil
        }
        label.author = noted["author"]?.string
        label.source = noted["source"]?.string
        label.externalID = noted["externalID"]?.string ?? plain
        if let id = noted["id"]?.string, let org = noted["org"]?.string {
            label.provenance = .init(
                id: id, org: org, isContested: noted["contested"] == .bool(true))
        }
        if let external = noted["externalID"]?.string, !notedIDs.insert(external).inserted {
            return .init(
                member: "countermark.externalID", why: "\"\(external.prefix(40))\" occurs twice")
        }
        return nil
    }

    // MARK: Boxes that look wrong

    private mutating func count(_ box: Selector.Box, _ image: COCOContext.Image) {
        guard let width = image.width, let height = image.height else { return }
        let (imageWidth, imageHeight) = (Double(width), Double(height))
        boxes.known += 1
        let right = box.x + box.width
        let bottom = box.y + box.height
        if box.x < 0 || box.y < 0 || right > imageWidth || bottom > imageHeight {
            boxes.outside += 1
        }
        // Two corners taken for corner and size: the "size" lies inside the image, the sum does not.
        if right > imageWidth || bottom > imageHeight, box.width <= imageWidth,
            box.height <= imageHeight, box.width > box.x, box.height > box.y
        {
            boxes.corners += 1
        }
    }

    private func noteBoxes(into sink: (FormatEvent) throws -> Void) throws {
        if boxes.known >= 4, 2 * boxes.corners > boxes.known {
            try sink(
                .note(
                    where: file,
                    why: "\(boxes.corners) of \(boxes.known) boxes look like x1, y1, x2, y2 "
                        + "instead of x, y, width, height; check before you go on"))
        } else if boxes.outside > 0 {
            try sink(
                .note(
                    where: file,
                    why:
                        "\(boxes.outside) of \(boxes.known) boxes leave their image; kept as they are"
                ))
        }
    }
}
