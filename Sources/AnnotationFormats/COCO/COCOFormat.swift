import AnnotationModel

/// COCO JSON: images, categories, and annotations that are boxes, polygons, bitmaps or keypoints.
///
/// What becomes what:
/// - A polygon segmentation is a polygon (its lists are parts of one object), a run-length
///   segmentation a mask, keypoints without segmentation keypoints, a bare bbox a box, and an
///   annotation without geometry speaks of the whole image.
/// - The annotation's id is the external id; an annotation without one has `#` and its place in the file.
/// - `attributes` are attributes; `score` within 0...1 is the confidence. What the model has no name for is
///   kept as an attribute `coco.NAME` and goes back to its place on export: `coco.iscrowd`,
///   `coco.keypoints` (beside a segmentation), `coco.caption`… A bbox that differs from the geometry by
///   more than a pixel is `coco.bbox`. `area` and `num_keypoints` are computed anew.
/// - On export each annotation has an object `countermark` with `id`, `org`, `author`, `source`,
///   `externalID` and `contested`, which other programs pass over and a later import reads again.
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

    /// Reads files and hands over what they hold.
    public func read(_ files: [InputFile], into sink: (FormatEvent) throws -> Void) throws {
        if files.isEmpty {
            throw FormatError.noInput(format: name, wants: "give a COCO .json file")
        }
        var context: COCOContext?
        for file in files {
            try file.withBytes { bytes in
                var reader = COCOReader(bytes: bytes, file: file.name, context: context)
                try reader.read(into: sink)
                context = reader.context
            }
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

/// The prefix of attributes that hold COCO's own members.
enum COCOAttribute {
    static let prefix = "coco."
    static let bbox = "coco.bbox"
    static let keypoints = "coco.keypoints"
    static let isCrowd = "coco.iscrowd"
    static let score = "coco.score"

    /// Members that the writer computes; an attribute of that name cannot take their place.
    static let computed: ByteSet = [
        "id", "image_id", "category_id", "bbox", "area", "iscrowd", "segmentation", "keypoints",
        "num_keypoints", "score", "attributes", "countermark",
    ]
}

/// What a COCO file says before its annotations.
struct COCOContext {
    struct Image {
        var key: String
        var width: Int64?
        var height: Int64?
        /// Why the image was not taken.
        var problem: String?
    }

    var images: [Image] = []
    var imageByID: [Int64: Int] = [:]
    var classes: [ClassRecord] = []
    var classByID: [Int64: Int] = [:]
}
