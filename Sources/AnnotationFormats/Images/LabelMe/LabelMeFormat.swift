import AnnotationModel
import LabelText
import Shapes

/// LabelMe JSON: one file an image, shapes in pixels.
///
/// The item's key is `imagePath` as seen from the file's own folder. A rectangle is two opposite corners
/// in any order and becomes a box, a circle an ellipse, a line or linestrip a polyline, a point or a list
/// of points keypoints. `group_id`, `description` and `flags` are attributes `labelme.group_id`,
/// `labelme.description`, `labelme.flag.NAME`. A flag of the picture that is set is a label of the whole item, one
/// that is not set a field `labelme.flag.NAME` of the item. Members that LabelMe does not have are kept as
/// `labelme.NAME`, of a shape as attributes, of the file as fields of the item. The image in `imageData` is passed
/// over. A `mask` is a PNG inside the JSON that fills the box of its two points (``LabelMeMask``). The external id is
/// the path of the file
/// without its ending, `#`, and the number of the shape.
public struct LabelMeFormat: AnnotationFormat {
    /// The name on the command line.
    public let name = "labelme"
    /// What a user should know before choosing it.
    public let summary =
        "LabelMe JSON, one file an image; boxes, polygons, masks, lines, circles, points, flags"
    /// The name of the output file where the user gives none; nil for a folder.
    public let defaultFileName: String? = nil

    static let groupAttribute = "labelme.group_id"
    static let descriptionAttribute = "labelme.description"
    static let flagAttribute = "labelme.flag."
    static let prefix = "labelme."
    /// The members of a shape that are read.
    static let shapeMembers: ByteSet = [
        "label", "points", "group_id", "description", "shape_type", "flags", "mask", "score",
        "difficult", "attributes",
    ]
    /// The members of a file that are read, or that are no one's labels.
    static let fileMembers: ByteSet = [
        "version", "flags", "shapes", "imagePath", "imageData", "imageHeight", "imageWidth",
    ]

    /// The format.
    public init() {}

    /// Reads files; `context` knows the images.
    public func read(
        _ files: [InputFile], context: ReadContext, into sink: (FormatEvent) throws -> Void
    ) throws {
        let finder = ItemFinder(context)
        var count = 0
        try FileTree.forEach(files, where: { FileTree.ending($0) == "json" }, into: sink) {
            file, sink in
            count += 1
            try Self.read(file, finder, into: sink)
        }
        if count == 0 {
            throw FormatError.noInput(format: name, wants: "give .json files or their folder")
        }
    }

    /// One file; long, since each member of the document is a case.
    private static func read(
        _ file: FormatFile, _ finder: ItemFinder, into sink: EventSink
    ) throws {
        try JSONFile.scan(file.file) { scanner, path in
            var fields: [String: FieldValue] = [:]
            var imagePath: String?
            var shapes: JSONScanner?
            var flags: [String] = []
            var seen: ByteSet = []
            let lost = LostMembers()
            try scanner.beginObject()
            while try scanner.nextKey() {
                let key = scanner.key
                path = key
                guard seen.insert(key).inserted else {
                    throw JSONError(.duplicateKey(key), at: scanner.keyOffset)
                }
                switch key {
                case "imagePath": imagePath = try scanner.string()
                case "imageWidth", "imageHeight":
                    let pixels = try JSONValue(reading: &scanner).integer ?? 0
                    if pixels > 0 {
                        fields[key == "imageWidth" ? "width" : "height"] = .integer(pixels)
                    }
                case "flags":
                    guard case .object(let all) = try JSONValue(reading: &scanner) else { break }
                    flags = all.filter { $0.value == .bool(true) }.map(\.key).sortedByBytes()
                    for (name, flag) in all where flag == .bool(false) {
                        fields[flagAttribute + name] = .bool(false)
                    }
                case "shapes":
                    shapes = scanner.resumed(at: scanner.offset)
                    try scanner.skipValue()
                case "version", "imageData": try scanner.skipValue()
                default:
                    KeptMember.add(
                        .object([key: try JSONValue(reading: &scanner)]), except: [],
                        prefix: prefix, to: &fields, lost)
                }
            }
            guard var shapes, let imagePath else {
                throw FormatError.structure(
                    file: file.file.name, path: shapes == nil ? "shapes" : "imagePath",
                    why: "missing; a LabelMe file has shapes and imagePath")
            }
            let image = finder.stripped(imagePath)
            let isOwn = { (path: String) in path.hasSameBytes(as: file.path) }
            let known = try finder.key(file, byEnding: true, mayBeShorter: true) { path in
                [FileTree.resolved(image, in: FileSystem.parent(path))].compactMap { $0 }
                    + (isOwn(path) ? ItemName.spellings(image) : [])
            }
            guard let key = known ?? FileTree.resolved(image, in: file.parent) else {
                return try sink(
                    .skipped(
                        where: "\(file.file.name), imagePath",
                        why: "the image lies outside of the folder; give the folder that holds both"
                    ))
            }
            var isEmpty = shapes
            try isEmpty.beginArray()
            if try !isEmpty.nextElement(), flags.isEmpty { fields["examined"] = .bool(true) }
            guard try Emit.item(key, fields, at: file.file.name, into: sink) else { return }
            let size = try finder.fields(key).merging(fields) { $1 }
            var number = 0
            try shapes.beginArray()
            while try shapes.nextElement() {
                path = "shapes[\(number)]"
                number += 1
                let shape = try JSONValue(reading: &shapes)
                let place = "\(file.file.name), \(path)"
                try Emit.label(at: place, into: sink) { () throws(Refusal) in
                    var label = try label(shape, ItemRecord.pixelSize(size), lost)
                    label.item = key
                    label.externalID = "\(file.stem)#\(number)"
                    return label
                }
            }
            try lost.tell(file.file.name, into: sink)
            for flag in flags {
                try Emit.label(at: "\(file.file.name), flags", into: sink) { () throws(Refusal) in
                    LabelRecord(
                        item: key, className: flag, selector: .wholeItem,
                        externalID: flagID(file.stem, flag))
                }
            }
        }
    }

    /// The external id of a flag of the picture.
    static func flagID(_ stem: String, _ flag: String) -> String { "\(stem)#flag/\(flag)" }

    private static func label(
        _ shape: JSONValue, _ size: (width: Double, height: Double)?, _ lost: LostMembers
    ) throws(Refusal) -> LabelRecord {
        guard let name = shape["label"]?.string, !name.isEmpty else {
            throw Refusal(why: "the label is missing; say the class")
        }
        var label = LabelRecord(
            item: "", className: name, selector: try selector(shape, size))
        if let group = shape["group_id"]?.integer {
            label.attributes[groupAttribute] = .integer(group)
        } else if let group = shape["group_id"]?.string, !group.isEmpty {
            label.attributes[groupAttribute] = .text(group)
        }
        if let text = shape["description"]?.string, !text.isEmpty {
            label.attributes[descriptionAttribute] = .text(text)
        }
        if let score = shape["score"]?.double {
            if (0...1).contains(score) {
                label.confidence = score
            } else {
                label.attributes["labelme.score"] = .float(score)
            }
        }
        if shape["difficult"]?.bool == true { label.attributes["difficult"] = .bool(true) }
        if case .object(let members)? = shape["attributes"] {
            for (name, member) in members where member != .null {
                label.attributes[name] = FieldValueJSON.value(member)
            }
        }
        if case .object(let flags)? = shape["flags"] {
            for (name, flag) in flags {
                if case .bool(let value) = flag {
                    label.attributes[flagAttribute + name] = .bool(value)
                } else {
                    lost.count("flags." + name)
                }
            }
        }
        KeptMember.add(
            shape, except: shapeMembers, prefix: prefix, to: &label.attributes, lost)
        return label
    }

    /// A turned box by its corners, in either direction; a polygon where they are no rectangle.
    private static func turned(_ corners: [Double]) -> Selector {
        let mirrored = Array(corners[..<2]) + corners[6...] + corners[4..<6] + corners[2..<4]
        return (Geometry.rotatedBox(corners: corners) ?? Geometry.rotatedBox(corners: mirrored))
            .map { .rotatedBox($0) } ?? .polygon([[corners]])
    }

    private static func selector(
        _ shape: JSONValue, _ size: (width: Double, height: Double)?
    ) throws(Refusal) -> Selector {
        var flat: [Double] = []
        for point in shape["points"]?.array ?? [.null] {
            guard let pair = point.doubles, pair.count == 2 else {
                throw Refusal(why: "the points must be [x, y] pairs")
            }
            flat += pair
        }
        func need(_ count: Int) throws(Refusal) {
            guard flat.count == 2 * count else {
                throw Refusal(why: "\(flat.count / 2) points instead of \(count)")
            }
        }
        switch shape["shape_type"]?.string ?? "polygon" {
        case "polygon":
            Geometry.open(&flat)
            guard flat.count >= 6 else { throw Refusal(why: "a polygon needs three points") }
            return .polygon([[flat]])
        case "rectangle":
            // Two opposite corners, or all four as X-AnyLabeling writes them.
            guard flat.count == 8 else {
                try need(2)
                return .box(Geometry.bounds([flat]))
            }
            let bounds = Geometry.bounds([flat])
            let isUpright = stride(from: 0, to: 8, by: 2).allSatisfy {
                (flat[$0] == bounds.x || flat[$0] == bounds.x + bounds.width)
                    && (flat[$0 + 1] == bounds.y || flat[$0 + 1] == bounds.y + bounds.height)
            }
            return isUpright ? .box(bounds) : turned(flat)
        // X-AnyLabeling's name, and LabelMe 6's.
        case "rotation", "oriented_rectangle":
            try need(4)
            return turned(flat)
        case "circle":
            try need(2)
            let (x, y) = (flat[2] - flat[0], flat[3] - flat[1])
            let diameter = 2 * (x * x + y * y).squareRoot()
            return .ellipse(
                .init(
                    centerX: flat[0], centerY: flat[1], width: diameter, height: diameter, angle: 0)
            )
        case "line", "linestrip":
            guard flat.count >= 4 else { throw Refusal(why: "a line needs two points") }
            return .polyline(flat)
        case "point", "points":
            return .keypoints(
                stride(from: 0, to: flat.count, by: 2).map {
                    .init(x: flat[$0], y: flat[$0 + 1], visibility: .visible)
                })
        case "mask":
            try need(2)
            return .mask(try LabelMeMask.read(shape["mask"]?.string, corners: flat, in: size))
        case let other: throw Refusal(why: "no shape is called \"\(other.prefix(40))\"")
        }
    }
}
