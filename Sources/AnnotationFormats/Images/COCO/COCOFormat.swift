import AnnotationModel
import LabelText

/// COCO JSON: images, categories, and annotations that are boxes, polygons, bitmaps or keypoints.
///
/// What becomes what:
/// - A polygon segmentation is a polygon (its lists are parts of one object), a run-length
///   segmentation a mask, keypoints without segmentation keypoints, a bare bbox a box, and an
///   annotation without geometry speaks of the whole image.
/// - The annotation's id is the external id; an annotation without one has `#` and its place in the file.
/// - `attributes` are attributes; `score` within 0...1 is the confidence. What the model has no name for is
///   kept as an attribute `coco.NAME` and goes back to its place on export, `coco.caption` for one. `iscrowd`,
///   `keypoints` beside a segmentation, a `bbox` that differs from the geometry by more than a pixel, and an `area` or
///   `num_keypoints` that is not what the geometry gives are attributes of those names, in whichever format they
///   leave.
/// - Ids may be numbers or texts. An image's id is the item's field `coco.id`, a category's the number of the
///   class; both come back. Where the file has annotations, an image without one is examined and empty.
/// - On export each annotation has an object `countermark` with `id`, `org`, `author`, `source`,
///   `externalID` and `contested`, which other programs pass over and a later import reads again.
/// - An annotation that several files of one import have under one id, at one place of one image, is one label.
/// - A results file (an array of annotations) is read after the file that has its images.
public struct COCOFormat: AnnotationFormat {
    /// The name on the command line.
    public let name = "coco"
    /// What a user should know before choosing it.
    public let summary =
        "COCO JSON; boxes, polygons, masks and keypoints of images, provenance beside them"
    /// The name of the output file where the user gives none; nil for a folder.
    public let defaultFileName: String? = "coco.json"

    /// The format.
    public init() {}

    /// Whether labels in the files may name entries of logs.
    public func mayNameEntries(_ files: [InputFile]) throws -> Bool {
        try files.mayHold("countermark")
    }

    /// Reads files and hands over what they hold.
    public func read(
        _ files: [InputFile], context: ReadContext, into sink: (FormatEvent) throws -> Void
    ) throws {
        let finder = ItemFinder(context)
        var before: COCOContext?
        var count = 0
        let isWanted = { (path: String) in FileTree.ending(path) == "json" }
        let expected = try FileTree.count(files, where: isWanted, takesGiven: true)
        try FileTree.forEach(files, where: isWanted, takesGiven: true, into: sink) { file, sink in
            count += 1
            context.noteFile(count, expected)
            try file.file.withText { bytes in
                var reader = COCOReader(bytes: bytes, file: file, finder: finder, context: before)
                try reader.read(into: sink)
                before = reader.context
            }
        }
        if count == 0 {
            throw FormatError.noInput(format: name, wants: "give a COCO .json file or its folder")
        }
    }

    /// Writes items and annotations.
    public func write(
        _ source: LabelSource, to output: any FormatOutput, options: WriteOptions
    ) throws -> ConversionReport {
        var writer = COCOWriter(output: output, options: options)
        return try writer.write(source)
    }
}

/// The attributes that stand for COCO's members; those that other formats have too go by plain names.
enum COCOAttribute {
    static let prefix = "coco."
    /// The box around the object beside an outline or keypoints: x, y, width, height in pixels.
    static let bbox = ObjectAttribute.box
    static let area = "area"
    static let keypointCount = "num_keypoints"
    static let keypoints = "keypoints"
    static let isCrowd = "iscrowd"
    static let score = "coco.score"
    /// The field of an item that keeps the image's id.
    static let imageID = "coco.id"
    /// The members of images that a reader knows; the others are fields of items, under the prefix.
    static let imageMembers: ByteSet = ["id", "file_name", "width", "height", "countermark"]
    /// The fields of an item that are members of its image.
    static func ofImage(
        _ fields: [String: FieldValue]
    ) -> [(name: String, field: String, value: FieldValue)] {
        KeptMember.members(of: fields, prefix: prefix, except: imageMembers)
    }

    /// The members of categories that are kept.
    static let classMembers: ByteSet = ["id", "name", "supercategory", "keypoints", "skeleton"]

    /// Members that the writer computes; an attribute of that name cannot take their place.
    static let computed: ByteSet = [
        "id", "image_id", "category_id", "bbox", "area", "iscrowd", "segmentation", "keypoints",
        "num_keypoints", "score", "attributes", "countermark",
    ]
}

/// The names of attributes that formats of images share.
enum ObjectAttribute {
    /// The box around an object that is also said by points or an outline: x, y, width, height in pixels.
    static let box = "bbox"

    /// Gives what a file of texts holds of a shared attribute its type again.
    static func restore(_ attributes: inout [String: FieldValue]) {
        if let text = attributes[box]?.text, let json = try? JSONValue(parsing: text),
            let numbers = json.doubles, numbers.count == 4
        {
            attributes[box] = .array(numbers.map { .float($0) })
        }
        if let text = attributes[COCOAttribute.area]?.text, let area = TextNumber.double(text) {
            attributes[COCOAttribute.area] = .float(area)
        }
        if let text = attributes[COCOAttribute.keypointCount]?.text, let count = Int64(text) {
            attributes[COCOAttribute.keypointCount] = .integer(count)
        }
        if let text = attributes[COCOAttribute.isCrowd]?.text, text == "true" || text == "false" {
            attributes[COCOAttribute.isCrowd] = .bool(text == "true")
        }
    }

    /// The box that an attribute holds; nil for none.
    static func box(_ value: FieldValue?) -> Selector.Box? {
        guard case .array(let values)? = value, case let numbers = values.compactMap(\.number),
            numbers.count == 4, values.count == 4, (numbers[2] * numbers[3]).isFinite
        else { return nil }
        return .init(x: numbers[0], y: numbers[1], width: numbers[2], height: numbers[3])
    }
}

/// What a COCO file says before its annotations.
struct COCOContext {
    struct Image {
        var key: String
        var width: Int64?
        var height: Int64?
        /// Why the image was not taken.
        var problem: String?
        var isLabelled = false
    }

    var images: [Image] = []
    var classes: [ClassRecord] = []
    private var imageByID: [Int64: Int] = [:]
    private var imageByText: ByteMap<Int> = [:]
    private var classByID: [Int64: Int] = [:]
    private var classByText: ByteMap<Int> = [:]

    func imageIndex(_ id: COCOAnnotation.Identifier) -> Int? {
        id.number.flatMap { imageByID[$0] } ?? id.text.flatMap { imageByText[$0] }
    }

    func classIndex(_ id: COCOAnnotation.Identifier) -> Int? {
        id.number.flatMap { classByID[$0] } ?? id.text.flatMap { classByText[$0] }
    }

    /// Notes the id of the next image; the one that has it already.
    mutating func note(image id: COCOAnnotation.Identifier) -> Int? {
        if let number = id.number { return imageByID.updateValue(images.count, forKey: number) }
        return id.text.flatMap { imageByText.updateValue(images.count, forKey: $0) }
    }

    /// Notes the id of the next category; the one that has it already.
    mutating func note(category id: COCOAnnotation.Identifier) -> Int? {
        if let number = id.number { return classByID.updateValue(classes.count, forKey: number) }
        return id.text.flatMap { classByText.updateValue(classes.count, forKey: $0) }
    }
}
