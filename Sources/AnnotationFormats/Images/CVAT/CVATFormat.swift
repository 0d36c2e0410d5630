import AnnotationModel
import LabelText

/// CVAT XML 1.1: images with shapes, and videos with tracks, in one file.
///
/// The item of an image is its `name`; that of a track the `source` of the file's `meta`, and the track's
/// times are frame numbers of that video (the item's field `timeUnit` is `frame`). Angles are degrees in the
/// file, radians inside, clockwise about the centre in both. Boxes of tracks move in straight lines between
/// keyframes, so interpolated frames (`keyframe="0"`) of boxes are passed over; of other shapes they are kept.
/// Points are keypoints, a skeleton its points in the order of the file, a tag speaks of the whole image; a
/// projected `cuboid` is skipped. Attributes take the type that `meta` declares. `occluded`, `z_order`,
/// `group_id` and `source` are attributes `cvat.occluded`… What changes along a track is the attribute
/// `cvat.changes.NAME`, a list of frame and value. The external id is `image:`, the image's name, `#`, and the
/// number of the shape, or `track:`, the source, `#`, and the track's id.
public struct CVATFormat: AnnotationFormat {
    /// The name on the command line.
    public let name = "cvat"
    /// What a user should know before choosing it.
    public let summary = "CVAT XML 1.1; all flat shapes of images, and tracks of videos"
    /// The name of the output file where the user gives none; nil for a folder.
    public let defaultFileName: String? = "annotations.xml"

    static let prefix = "cvat."
    static let changesPrefix = "cvat.changes."
    /// The members of shapes that are attributes here.
    static let members = ["z_order", "group_id", "source"]

    /// The format.
    public init() {}

    /// Reads files and hands over what they hold.
    public func read(
        _ files: [InputFile], context: ReadContext, into sink: (FormatEvent) throws -> Void
    ) throws {
        let finder = ItemFinder(context)
        let videos = CVATVideos()
        var count = 0
        try FileTree.forEach(
            files, where: { FileTree.ending($0) == "xml" }, into: sink
        ) { file, sink in
            count += 1
            try file.file.withXML { bytes in
                var reader = CVATReader(file: file, finder: finder, videos: videos)
                try reader.read(bytes, into: sink)
            }
        }
        if count == 0 { throw FormatError.noInput(format: name, wants: "give annotations.xml") }
    }

    /// Writes items and annotations.
    public func write(
        _ source: LabelSource, to output: any FormatOutput, options: WriteOptions
    ) throws -> ConversionReport {
        var writer = CVATWriter(output: output)
        return try writer.write(source)
    }
}

/// Points as CVAT writes them: `x,y;x,y`.
enum CVATPoints {
    static func read(_ text: String) -> [Double]? {
        var flat: [Double] = []
        for pair in text.split(separator: ";") {
            let parts = pair.split(separator: ",")
            guard parts.count == 2, let x = TextNumber.double(XMLTree.trim(String(parts[0]))),
                let y = TextNumber.double(XMLTree.trim(String(parts[1])))
            else { return nil }
            flat += [x, y]
        }
        return flat
    }

    static func text(_ flat: [Double]) -> String {
        stride(from: 0, to: flat.count - 1, by: 2).map {
            TextNumber.text(flat[$0]) + "," + TextNumber.text(flat[$0 + 1])
        }.joined(separator: ";")
    }
}
