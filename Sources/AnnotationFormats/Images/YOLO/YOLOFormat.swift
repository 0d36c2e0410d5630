import AnnotationModel
import LabelText

/// YOLO text files: one file an image, one object a line, fractions of the image's size.
///
/// The class names come from `data.yaml`, `*.names` or `classes.txt` in the folder, the image's size from
/// the item's `width` and `height`, else from the image where it lies beside. Labels of an image of
/// unknown size are skipped: fractions say nothing then. The item's key is the path of the label file
/// with the last `labels` replaced by `images` and the ending of the image that is there. The external
/// id is the path of the label file without its ending, `#`, and the number of the object. An empty
/// file says "examined, nothing found". What `train`, `val` and `test` of `data.yaml` say of a picture, be it by
/// folders or by lists, is the item's field `split`; `flip_idx` is kept with the first item, like the list of classes.
///
/// Fractions are computed with all digits of a double, yet a box comes back to within a few units in the
/// last place, not always bit by bit.
public struct YOLOFormat: AnnotationFormat {
    /// What a line describes.
    public enum Task: String, Sendable, CaseIterable {
        /// `class cx cy w h [confidence]`.
        case detect = "yolo"
        /// `class x1 y1 x2 y2 …`; a line of five figures is read as a box, and a box written as a polygon.
        case segment = "yolo-seg"
        /// `class cx cy w h`, then x, y and perhaps a flag for each point.
        case pose = "yolo-pose"
        /// `class` and the four corners of a turned box.
        case orientedBox = "yolo-obb"
    }

    /// What a line describes.
    public let task: Task
    /// The name on the command line.
    public var name: String { task.rawValue }
    /// What a user should know before choosing it.
    public var summary: String {
        switch task {
        case .detect: "YOLO text, boxes; needs class names and image sizes"
        case .segment: "YOLO text, one polygon a line without holes; needs class names and sizes"
        case .pose: "YOLO text, boxes with keypoints; needs class names and image sizes"
        case .orientedBox: "YOLO text, turned boxes as four corners; needs class names and sizes"
        }
    }
    /// The name of the output file where the user gives none; nil for a folder.
    public let defaultFileName: String? = nil

    /// The format for a task.
    public init(_ task: Task = .detect) { self.task = task }

    /// Reads files; `context` knows the sizes of the images.
    public func read(
        _ files: [InputFile], context: ReadContext, into sink: (FormatEvent) throws -> Void
    ) throws {
        let classes = try Self.classes(files)
        if !classes.others.isEmpty {
            let names = classes.others.prefix(8).joined(separator: ", ")
            try sink(
                .note(
                    where: "data.yaml",
                    why: "\(names) \(classes.others.count == 1 ? "has" : "have") no place and "
                        + "\(classes.others.count == 1 ? "was" : "were") left out"))
        }
        var reader = YOLOReader(task: task, classes: classes, context: context)
        for name in reader.classes.names { try sink(.labelClass(ClassRecord(name: name))) }
        let isLabelFile = { (path: String) in
            path.lowercased().hasSuffix(".txt") && !FileTree.isList(path)
                && !classes.splits.isList(path)
        }
        try FileTree.forEach(files, where: isLabelFile, into: sink) { file, sink in
            try reader.read(file, into: sink)
        }
        guard reader.files > 0 else {
            throw FormatError.noInput(
                format: name, wants: "give the folder that holds data.yaml and the labels")
        }
    }

    private static func classes(_ files: [InputFile]) throws -> YOLOClasses {
        var found: (classes: YOLOClasses, path: String)?
        try FileTree.forEach(files, where: YOLOClasses.isClassFile) { file in
            guard let classes = try YOLOClasses.read(file) else { return }
            if let found, found.classes.names != classes.names {
                throw FormatError.structure(
                    file: file.file.name, path: "names",
                    why: "other classes than in \(found.path); give one data set at a time")
            }
            if found?.classes.keypointShape == nil { found = (classes, file.file.name) }
        }
        guard var found else {
            throw FormatError.noInput(
                format: "yolo", wants: "no data.yaml, obj.names or classes.txt names the classes")
        }
        let splits = found.classes.splits
        let isPictureList = { (path: String) in
            splits.isList(path)
                || YOLOSplits.name(of: FileTree.stem(FileSystem.lastComponent(path))) != nil
                    && FileTree.isList(path)
        }
        try FileTree.forEach(files, where: isPictureList) { try found.classes.splits.add(list: $0) }
        return found.classes
    }

    /// Writes items and annotations.
    public func write(
        _ source: LabelSource, to output: any FormatOutput, options: WriteOptions
    ) throws -> ConversionReport {
        var writer = YOLOWriter(task: task, output: output)
        return try writer.write(source)
    }
}
