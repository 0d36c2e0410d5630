import AnnotationModel
import LabelText

/// Datumaro JSON: one file a subset, items with their annotations.
///
/// The item's key is the path of its image or point cloud, or its id where there is none; the subset (the
/// name of the file) is the field `split`. `bbox`, `polygon`, `polyline`, `points`, `mask`, `ellipse`,
/// `rotated_bbox`, `cuboid_3d`, `skeleton`, `label` and `caption` are read and written; a group other than 0 is the
/// attribute `datumaro.group`, `z_order` other than 0 `datumaro.z_order`, the attribute `score` within
/// 0...1 the confidence. Rotations of cuboids are Euler angles applied about x, then y, then z; the triple
/// that was read is kept as `datumaro.rotation`. Numbers are written with all digits, where Datumaro
/// itself rounds to two decimals. The external id is subset, `/`, item id, `#` and the number of the
/// annotation.
public struct DatumaroFormat: AnnotationFormat {
    /// The name on the command line.
    public let name = "datumaro"
    /// What a user should know before choosing it.
    public let summary =
        "Datumaro JSON; boxes, polygons, lines, points, masks, cuboids of all items"
    /// The name of the output file where the user gives none; nil for a folder.
    public let defaultFileName: String? = nil

    /// Begins the fields of items that hold what `attr` says.
    static let itemPrefix = "datumaro.attr."
    /// The members of items that are read.
    static let itemMembers: ByteSet = [
        "id", "attr", "image", "point_cloud", "media", "annotations",
    ]
    static let groupAttribute = "datumaro.group"
    static let orderAttribute = "datumaro.z_order"
    static let rotationAttribute = "datumaro.rotation"
    /// True for points that were a skeleton: not every version of Datumaro reads these.
    static let skeletonAttribute = "datumaro.skeleton"

    /// The format.
    public init() {}

    /// Reads files and hands over what they hold.
    public func read(
        _ files: [InputFile], context: ReadContext, into sink: (FormatEvent) throws -> Void
    ) throws {
        let finder = ItemFinder(context)
        var count = 0
        try FileTree.forEach(
            files, where: { FileTree.ending($0) == "json" }, into: sink
        ) { file, sink in
            count += 1
            var reader = DatumaroReader(file: file, finder: finder)
            try reader.read(into: sink)
        }
        if count == 0 {
            throw FormatError.noInput(format: name, wants: "give annotations/*.json or its folder")
        }
    }

    /// Writes items and annotations.
    public func write(
        _ source: LabelSource, to output: any FormatOutput, options: WriteOptions
    ) throws -> ConversionReport {
        var writer = DatumaroWriter(output: output)
        return try writer.write(source)
    }
}
