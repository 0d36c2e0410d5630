import AnnotationModel
import LabelText

/// COCO panoptic: a JSON file, and an image of segment numbers for each image.
///
/// Each segment is a mask, whose class is the category's. `isthing` and `iscrowd` are the attributes `coco.isthing`
/// and `coco.iscrowd`; area and box are computed anew. The PNG is looked for in the folder called like the
/// JSON file, then beside the JSON. Pixels of no segment, and segments without pixels, are told. The
/// item's key is the image's `file_name`; the external id that key, `#`, and the segment's number.
///
/// Written are masks, and polygons as the pixels whose centres they cover. A pixel has one segment: the label
/// that came first has it.
public struct PanopticFormat: AnnotationFormat {
    /// The name on the command line.
    public let name = "coco-panoptic"
    /// What a user should know before choosing it.
    public let summary = "COCO panoptic JSON with PNGs of segments; one mask a segment"
    /// The name of the output file where the user gives none; nil for a folder.
    public let defaultFileName: String? = nil

    static let isThing = "coco.isthing"
    /// Segment numbers have 24 bits.
    static let numberMax: Int64 = 0xff_ffff

    /// The format.
    public init() {}

    /// Reads files and hands over what they hold.
    public func read(
        _ files: [InputFile], context: ReadContext, into sink: (FormatEvent) throws -> Void
    ) throws {
        var images: ByteMap<InputFile> = [:]
        try FileTree.forEach(files, where: { FileTree.ending($0) == "png" }) { file in
            images[file.path] = file.file
        }
        let finder = ItemFinder(context)
        var count = 0
        try FileTree.forEach(
            files, where: { FileTree.ending($0) == "json" }, into: sink
        ) { file, sink in
            count += 1
            try PanopticReader(file: file, images: images, finder: finder).read(into: sink)
        }
        if count == 0 {
            throw FormatError.noInput(format: name, wants: "give panoptic_….json with its PNGs")
        }
    }

    /// Writes items and annotations.
    public func write(
        _ source: LabelSource, to output: any FormatOutput, options: WriteOptions
    ) throws -> ConversionReport {
        try PanopticWriter(output: output).write(source)
    }
}
