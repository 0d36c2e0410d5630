import AnnotationModel
import LabelText

/// Label Studio JSON: tasks with annotations and predictions, each a list of regions.
///
/// The item's key is the address, without a leading slash, of the data that `to_name` names (``LabelStudioTask``), or
/// `task/ID` for a text, whose `text` field is then the text itself. Flat shapes are percent of the image;
/// they are turned into pixels before they are rotated, since a rotation is about the top left corner there.
/// Text offsets are checked against the region's quoted text and taken in the unit that fits: Unicode
/// scalars, UTF-16 units or bytes. A brush is a mask, a video rectangle a track over frame numbers, a
/// choice, number or rating speaks of the whole item. What is said of a region beside its labels (a text, choices, a
/// number) is an attribute called like its control, with the control's kind in `ls.type.NAME`. Other members of a
/// task's data and of its `meta` are fields `ls.data.NAME` and `ls.meta.NAME` of its items. `completed_by` is the
/// author; each author gets an annotation
/// of its own, and each model a prediction. A prediction has the source `model:VERSION` and its score as
/// confidence. Several keypoints are a box and the points that name it as their parent. Regions of several labels
/// become one label each. Relations join regions by ids that have no meaning outside of their annotation; they
/// are skipped, and so are cancelled annotations. The external id is task, annotation and region with slashes between.
public struct LabelStudioFormat: AnnotationFormat {
    /// The name on the command line.
    public let name = "label-studio"
    /// What a user should know before choosing it.
    public let summary = "Label Studio JSON tasks; flat shapes, masks, text spans, audio, choices"
    /// The name of the output file where the user gives none; nil for a folder.
    public let defaultFileName: String? = "label-studio.json"

    /// The members of a task's data that name a file.
    static let mediaMembers = ["image", "audio", "video", "csv", "timeseries", "pcd", "pdf", "ocr"]
    static let textMembers = ["text", "document", "dialogue"]
    /// The prefix of attributes that hold Label Studio's own members.
    static let prefix = "ls."
    /// What kind of control a value of the whole item stems from.
    static let typeAttribute = "ls.type"
    /// Begins the attributes that say of which kind the control is that an attribute is called like:
    /// `ls.type.NAME`.
    static let typePrefix = typeAttribute + "."
    /// Begin the fields of items that hold what a task's data and its `meta` say besides.
    static let dataPrefix = "ls.data."
    static let metaPrefix = "ls.meta."
    /// The members that are read.
    static let taskMembers: ByteSet = [
        "id", "data", "meta", "annotations", "completions", "predictions", "drafts",
    ]
    static let annotationMembers: ByteSet = [
        "id", "result", "completed_by", "was_cancelled", "ground_truth", "model_version", "score",
        LabelStudioSkeleton.member,
    ]
    static let regionMembers: ByteSet = [
        "id", "type", "value", "from_name", "to_name", "original_width", "original_height",
        "image_rotation", "origin", "score", "parentID", "meta", "item_index",
        LabelStudioSkeleton.member,
    ]
    /// What people noted at a region.
    static let noteAttribute = "ls.note"
    /// The control that labels a shape which another one drew.
    static let labelsAttribute = "ls.labels"
    /// `percent` where the numbers of a track are parts of a picture whose size nobody knows.
    static let unitAttribute = "ls.unit"

    /// The control that a type of region stems from where no other is known.
    ///
    /// Label Studio has controls of one type each, so that one name cannot stand for all types:
    /// `rectanglelabels` are of `rectangle`, `labels` of `label`.
    static func controlName(_ type: String) -> String {
        if type == "labels" { return "label" }
        return type.hasSuffix("labels") ? String(type.dropLast("labels".count)) : type
    }

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
            var reader = LabelStudioReader(file: file, finder: finder)
            try reader.read(into: sink)
        }
        if count == 0 { throw FormatError.noInput(format: name, wants: "give an exported .json") }
    }

    /// Writes items and annotations.
    public func write(
        _ source: LabelSource, to output: any FormatOutput, options: WriteOptions
    ) throws -> ConversionReport {
        try LabelStudioWriter(source, to: output).write()
    }
}
