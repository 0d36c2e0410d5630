import AnnotationModel
import LabelText

/// MOTChallenge text: `frame, id, left, top, width, height, conf, class, visibility`.
///
/// Frames and pixels are numbered from 1 in the file; inside, the first frame is 0, as everywhere, and boxes begin at
/// `left - 1`, `top - 1`. Each id is one track over frame numbers, whose item is the sequence's folder; a row
/// with the id -1 is a track of one frame. Frames without a row say that the object is out of sight. The id is
/// the attribute `mot.id`. A `conf` of 0, "not to be scored", is the attribute `mot.ignored`; one between 0 and 1
/// the confidence, another `mot.confidence`. `class` counts from 1 into `labels.txt` beside the file, else into
/// the names of MOT16; rows of ten columns have a place in the world instead, `mot.position`. `visibility` is
/// `mot.visibility`. What differs from frame to frame is a list with one number a frame, `mot.confidences` or
/// `mot.visibilities`. `seqinfo.ini` beside gives the size and the frame rate. One file's rows are held in
/// memory, since a track's rows lie far apart. The external id is the path of the file without its ending, `#`,
/// and the id; for rows without one, `#FRAME/` and their number in that frame.
public struct MOTFormat: AnnotationFormat {
    /// The name on the command line.
    public let name = "mot"
    /// What a user should know before choosing it.
    public let summary = "MOTChallenge gt.txt; tracks of boxes over the frames of a sequence"
    /// The name of the output file where the user gives none; nil for a folder.
    public let defaultFileName: String? = nil

    static let classNames = [
        "Pedestrian", "Person on vehicle", "Car", "Bicycle", "Motorbike", "Non motorized vehicle",
        "Static person", "Distractor", "Occluder", "Occluder on the ground", "Occluder full",
        "Reflection", "Crowd",
    ]
    static let rowsMax = 1 << 24
    /// The longest list of numbers that a field holds: nine bytes each.
    static let listMax = FieldValue.bytesMax / 9 - 8

    /// The format.
    public init() {}

    /// Reads files; `context` knows the sequences.
    public func read(
        _ files: [InputFile], context: ReadContext, into sink: (FormatEvent) throws -> Void
    ) throws {
        let finder = ItemFinder(context)
        var namesByFolder: ByteMap<[String]> = [:]
        var fieldsByFolder: ByteMap<[String: FieldValue]> = [:]
        let isBeside = { (path: String) in
            ["labels.txt", "seqinfo.ini"].contains(FileSystem.lastComponent(path))
        }
        try FileTree.forEach(files, where: isBeside) { file in
            let lines = try file.file.smallText(bytesMax: 1 << 20).split { $0.isNewline }
                .map { XMLTree.trim(String($0)) }
            if FileTree.ending(file.path) == "txt" {
                namesByFolder[file.parent] = lines
            } else {
                fieldsByFolder[file.parent] = Self.sequenceFields(lines)
            }
        }
        var count = 0
        let isLabel = { (path: String) in
            FileTree.ending(path) == "txt" && FileSystem.lastComponent(path) != "labels.txt"
        }
        try FileTree.forEach(files, where: isLabel, into: sink) { file, sink in
            count += 1
            let reader = MOTReader(
                file: file, names: namesByFolder[file.parent] ?? Self.classNames,
                fields: fieldsByFolder[FileSystem.parent(file.parent)] ?? [:], finder: finder)
            try reader.read(into: sink)
        }
        if count == 0 {
            throw FormatError.noInput(format: name, wants: "give gt.txt or its folder")
        }
    }

    /// The size and frame rate of a sequence; lines that say nothing usable are passed over.
    private static func sequenceFields(_ lines: [String]) -> [String: FieldValue] {
        var fields: [String: FieldValue] = [:]
        for line in lines {
            let parts = line.split(separator: "=", maxSplits: 1).map { XMLTree.trim(String($0)) }
            guard parts.count == 2, let number = TextNumber.double(parts[1]), number > 0 else {
                continue
            }
            switch (parts[0], TextNumber.whole(parts[1])) {
            case ("imWidth", let pixels?): fields["width"] = .integer(pixels)
            case ("imHeight", let pixels?): fields["height"] = .integer(pixels)
            case ("frameRate", _): fields["frameRate"] = .float(number)
            default: continue
            }
        }
        return fields
    }

    /// Writes items and annotations.
    public func write(
        _ source: LabelSource, to output: any FormatOutput, options: WriteOptions
    ) throws -> ConversionReport {
        var writer = MOTWriter(output: output)
        return try writer.write(source)
    }
}
