import AnnotationModel
import LabelText

/// Reads one COCO file from its bytes.
///
/// A file may hold its annotations before its images. Then the annotations are passed over, which is
/// quick, and read when the rest is known; memory holds the images and classes, never the annotations.
struct COCOReader {
    private let bytes: UnsafeRawBufferPointer
    private let source: FormatFile
    private let finder: ItemFinder
    private var file: String { source.file.name }
    var context: COCOContext
    private let hasContext: Bool
    private let lines = LineIndex()
    /// True for a file that says itself which images were examined.
    private var isOwn = false
    private var annotationCount = 0
    private let lost = LostMembers()
    var ids = IdentifierSet()
    var textIDs: ByteSet = []
    /// External ids that an earlier export noted; they must not meet another annotation's id.
    var notedIDs: ByteSet = []
    /// Boxes with a known image, those that leave it, and those that look like two corners.
    var boxes = (known: 0, outside: 0, corners: 0)

    /// A reader; `context` is that of the file before, for results files.
    init(
        bytes: UnsafeRawBufferPointer, file: FormatFile, finder: ItemFinder, context: COCOContext?
    ) {
        (self.bytes, source, self.finder) = (bytes, file, finder)
        self.context = context ?? COCOContext()
        hasContext = context != nil
    }

    mutating func read(into sink: (FormatEvent) throws -> Void) throws {
        var path = ""
        do {
            var scanner = try JSONScanner(bytes)
            scanner.keepsLargeIntegers = true
            scanner.meter = source.file.meter
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
        try lost.tell(file, into: sink)
    }

    private mutating func readObject(
        _ scanner: inout JSONScanner, path: inout String, into sink: (FormatEvent) throws -> Void
    ) throws {
        var seen: ByteSet = []
        var annotations: JSONScanner?
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
                isOwn = info["description"]?.string == COCOWriter.description
                lost.count(info, except: isOwn ? ["description"] : [], below: "info.")
            case "images": try readImages(&scanner, path: &path, into: sink)
            case "categories": try readCategories(&scanner, path: &path, into: sink)
            case "annotations" where seen.isSuperset(of: ["images", "categories"]):
                try readAnnotations(&scanner, name: key, path: &path, into: sink)
            case "annotations":
                annotations = scanner.resumed(at: scanner.offset)
                try scanner.skipValue()
            default:
                let isEmptyList = try Self.isEmptyList(scanner)
                if !isEmptyList { lost.count(key) }
                try scanner.skipValue()
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
        if !isOwn, annotationCount > 0 { try noteEmpty(into: sink) }
    }

    private static func isEmptyList(_ scanner: JSONScanner) throws(JSONError) -> Bool {
        var probe = scanner
        guard try probe.peek() == .array else { return false }
        try probe.beginArray()
        return try !probe.nextElement()
    }

    /// Where a file has annotations, somebody has looked at all of its images.
    private func noteEmpty(into sink: (FormatEvent) throws -> Void) throws {
        for image in context.images where !image.isLabelled && image.problem == nil {
            try sink(.item(ItemRecord(key: image.key, fields: ["examined": .bool(true)])))
        }
    }

    // MARK: Images and categories

    private mutating func readImages(
        _ scanner: inout JSONScanner, path: inout String, into sink: (FormatEvent) throws -> Void
    ) throws {
        var indexByKey: ByteMap<Int> = [:]
        try scanner.beginArray()
        while try scanner.nextElement() {
            let index = context.images.count
            path = "images[\(index)]"
            let json = try JSONValue(reading: &scanner)
            guard let id = Self.identifier(json["id"]) else {
                throw FormatError.structure(
                    file: file, path: path + ".id", why: "missing, or neither number nor text")
            }
            if let earlier = context.note(image: id) {
                throw FormatError.structure(
                    file: file, path: path + ".id",
                    why:
                        "\(json["id"]?.plainText ?? "") is also the id of images[\(earlier)]; number "
                        + "the images anew")
            }
            // LVIS names images by their addresses only.
            let name =
                json["file_name"]?.string
                ?? json["coco_url"]?.string.map(ItemName.relative) ?? ""
            let key = name.isEmpty ? "" : try finder.key(named: name, in: source)
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
            var fields = try imageFields(json, path: path, into: sink)
            KeptMember.add(
                json, except: COCOAttribute.imageMembers, prefix: COCOAttribute.prefix, to: &fields,
                lost)
            // An export gives numbers to what had none; coming back they say nothing.
            if !isOwn {
                fields[COCOAttribute.imageID] =
                    id.number.map { .integer($0) } ?? id.text.map { .text($0) }
            }
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
            guard let id = Self.identifier(json["id"]) else {
                throw FormatError.structure(
                    file: file, path: path + ".id", why: "missing, or neither number nor text")
            }
            if let earlier = context.note(category: id) {
                throw FormatError.structure(
                    file: file, path: path + ".id",
                    why: "\(json["id"]?.plainText ?? "") is also the id of categories[\(earlier)]; "
                        + "number them anew")
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
                    .filter { $0.count == 2 } ?? [], number: id.number)
            if let other = context.classes.first(where: { $0.name.hasSameBytes(as: name) }) {
                try sink(
                    .note(
                        where: "\(file), \(path).name",
                        why: "\"\(name.prefix(80))\" is also the name of category "
                            + "\(other.number.map(String.init) ?? "") before: both are one class here, and "
                            + "an export has one number for it; rename one of them to keep both"))
            }
            context.classes.append(record)
            lost.count(json, except: COCOAttribute.classMembers, below: "categories.")
            try sink(.labelClass(record))
        }
    }

    private static func identifier(_ json: JSONValue?) -> COCOAnnotation.Identifier? {
        if let text = json?.string { return (nil, text) }
        return whole(json).map { ($0, nil) }
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
            annotationCount += 1
            let before = scanner
            var raw = COCOAnnotation()
            do throws(JSONError) {
                try raw.read(&scanner)
            } catch {
                path = "\(name)[\(index)]\(raw.memberName.isEmpty ? "" : ".")\(raw.memberName)"
                // Well-formed, only not what the format asks for: that costs the member.
                guard case .wrongKind = error.reason else { throw error }
                (scanner, raw) = (before, COCOAnnotation())
                guard try scanner.peek() == .object else {
                    try scanner.skipValue()
                    let place = lines.position(of: error.offset, in: bytes)
                    try sink(.skipped(where: "\(file), \(path), \(place)", why: "\(error.reason)"))
                    continue
                }
                try raw.read(&scanner, isCareful: true)
            }
            var label = LabelRecord(item: "", className: "", selector: .wholeItem)
            if let problem = resolve(&raw, index: index, into: &label) {
                try sink(.skipped(where: place(problem, "\(name)[\(index)]"), why: problem.why))
                continue
            }
            try sink(.annotation(label))
            for part in raw.lost {
                try sink(
                    .note(
                        where: place(part, "\(name)[\(index)]"),
                        why: part.why + "; this was left out, the rest of the label was kept"))
            }
        }
    }

    private func place(_ problem: COCOAnnotation.Problem, _ path: String) -> String {
        let member = problem.member.isEmpty ? "" : ".\(problem.member)"
        let line = problem.offset.map { ", \(lines.position(of: $0, in: bytes))" } ?? ""
        return "\(file), \(path)\(member)\(line)"
    }

    /// Says at the end what a person should look at.
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
