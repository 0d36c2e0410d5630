import AnnotationModel
import LabelText
import Shapes

/// KITTI object labels: one text file an image, fifteen columns an object, sixteen with a score.
///
/// An object with a position in space is a cuboid in the rectified camera frame (x right, y down, z
/// forward), which the attribute `frame` says; the file gives the centre of its bottom face and the size as
/// height, width, length, inside are the geometric centre and length, width, height. Its box in the image is
/// the attribute `kitti.box` as left, top, right, bottom. An object without position, and `DontCare`, is a
/// box. `truncated`, `occluded` and `alpha` are attributes; the angle as it was written is
/// `kitti.rotation_y`. Box edges are taken as they stand. The item is the known
/// image in `image_2` or beside the folder of labels, else `image_2/ID.png` or the path of the image found on
/// disk; the external id the path of the label file without its ending, `#`, and the line.
public struct KITTIFormat: AnnotationFormat {
    /// The name on the command line.
    public let name = "kitti"
    /// What a user should know before choosing it.
    public let summary = "KITTI label_2 text; boxes, and cuboids in the camera frame"
    /// The name of the output file where the user gives none; nil for a folder.
    public let defaultFileName: String? = nil

    static let frame = "kitti.camera"
    static let boxAttribute = "kitti.box"
    static let angleAttribute = "kitti.rotation_y"

    /// The format.
    public init() {}

    /// Reads files; `context` knows the images.
    public func read(
        _ files: [InputFile], context: ReadContext, into sink: (FormatEvent) throws -> Void
    ) throws {
        let finder = ItemFinder(context)
        var count = 0
        let isLabel = { (path: String) in
            let folder = FileSystem.lastComponent(FileSystem.parent(path))
            return FileTree.ending(path) == "txt" && folder != "calib" && folder != "oxts"
                && !FileTree.isList(path)
        }
        try FileTree.forEach(files, where: isLabel, into: sink) { file, sink in
            count += 1
            try Self.read(file, finder, into: sink)
        }
        if count == 0 {
            throw FormatError.noInput(format: name, wants: "give label_2 or its .txt files")
        }
    }

    private static func read(
        _ file: FormatFile, _ finder: ItemFinder, into sink: EventSink
    ) throws {
        let known = try finder.key(file, byEnding: true) { path in
            let names = imageNames(FileTree.stem(path))
            return ItemFinder.with(ImageHead.endings, names) + names
        }
        let key = known ?? imageKey(file)
        // A file without a line says that somebody looked and found nothing.
        let isEmpty = try file.file.withBytes { $0.allSatisfy { $0 <= UInt8(ascii: " ") } }
        let fields: [String: FieldValue] = isEmpty ? ["examined": .bool(true)] : [:]
        guard try Emit.item(key, fields, at: file.file.name, into: sink) else { return }
        try file.file.forEachLine { text, lines in
            let words = text.split { $0 == " " || $0 == "\t" }
            if words.isEmpty { return }
            try Emit.label(at: lines.place, into: sink) { () throws(Refusal) in
                var label = try label(words)
                label.item = key
                label.externalID = "\(file.stem)#\(lines.line)"
                return label
            }
        }
    }

    private static func imageNames(_ stem: String) -> [String] {
        // The labels of another camera are those of its own images.
        let folder = stem.split(separator: "/").dropLast().last { $0.hasPrefix("label_") }
        let camera = folder?.dropFirst("label_".count) ?? "2"
        let isNumber = camera.allSatisfy(\.isNumber) && !camera.isEmpty
        return ItemFinder.exchanged(
            stem, { $0.hasPrefix("label") }, for: "image_\(isNumber ? camera : "2")")
    }

    private static func imageKey(_ file: FormatFile) -> String {
        let key = imageNames(file.stem)[0]
        if file.file.isOnDisk {
            let root = String(file.file.name.dropLast(file.path.count))
            for ending in ["png", "jpg"] where FileSystem.exists("\(root)\(key).\(ending)") {
                return "\(key).\(ending)"
            }
        }
        return key + ".png"
    }

    private static func label(_ words: [Substring]) throws(Refusal) -> LabelRecord {
        guard words.count == 15 || words.count == 16 else {
            throw Refusal("\(words.count) columns instead of 15, or 16 with a score")
        }
        var v: [Double] = []
        for word in words.dropFirst() {
            guard let number = TextNumber.double(word) else {
                throw Refusal("\"\(word.prefix(20))\" is no number")
            }
            v.append(number)
        }
        var label = LabelRecord(item: "", className: String(words[0]), selector: .wholeItem)
        if v[0] >= 0 { label.attributes["truncated"] = .float(v[0]) }
        if v[1] >= 0, let level = Int64(exactly: v[1]) {
            label.attributes["occluded"] = .integer(level)
        }
        if v[2] > -10 { label.attributes["alpha"] = .float(v[2]) }
        if v.count == 15 {
            if (0...1).contains(v[14]) {
                label.confidence = v[14]
            } else {
                label.attributes["kitti.score"] = .float(v[14])
            }
        }
        let (height, width, length) = (v[7], v[8], v[9])
        guard height > 0, width > 0, length > 0, v[10] > -999 else {
            label.selector = .box(
                .init(x: v[3], y: v[4], width: v[5] - v[3], height: v[6] - v[4]))
            return label
        }
        label.selector = .cuboid(
            .init(
                center: [v[10], v[11] - height / 2, v[12]], size: [length, width, height],
                rotation: CameraRotation.quaternion(v[13])))
        label.attributes["frame"] = .text(frame)
        label.attributes[boxAttribute] = .array(v[3...6].map { .float($0) })
        label.attributes[angleAttribute] = .float(v[13])
        return label
    }

    // MARK: Writing

    /// Writes items and annotations.
    public func write(
        _ source: LabelSource, to output: any FormatOutput, options: WriteOptions
    ) throws -> ConversionReport {
        var report = ConversionReport()
        let path = { (item: ItemRecord, _: inout ConversionReport) -> String? in
            var parts = FileTree.stem(item.key).split(separator: "/").map(String.init)
            if let index = parts.dropLast().lastIndex(of: "image_2") {
                parts[index] = "label_2"
            } else {
                parts.insert("label_2", at: max(0, parts.count - 1))
            }
            return parts.joined(separator: "/") + ".txt"
        }
        try ItemFiles(format: "KITTI", endings: ImageHead.endings, path: path).write(
            source, to: output, report: &report
        ) { label, item, number, report in
            guard let line = Self.line(label, &report) else { return nil }
            var ignored = ConversionReport()
            output.labelWritten(as: "\(FileTree.stem(path(item, &ignored) ?? ""))#\(number)")
            return Array(line.utf8)
        } wrap: { item, labels in
            if labels.isEmpty, item.fields["examined"] != .bool(true) { return nil }
            return Array(labels.joined())
        }
        return report
    }

    /// A line of fifteen columns, each with its own rule: that makes it long.
    private static func line(_ label: LabelRecord, _ report: inout ConversionReport) -> String? {
        guard !label.className.isEmpty, !label.className.contains(where: \.isWhitespace) else {
            report.skip(
                "KITTI's classes are single words; rename the class", example: label.item)
            return nil
        }
        var attributes = label.attributes
        var edges = [0.0, 0, 0, 0]
        // What KITTI writes for "not known": sizes, place, angle.
        var space = [-1.0, -1, -1, -1000, -1000, -1000, -10]
        switch label.selector {
        case .box(let box): edges = [box.x, box.y, box.x + box.width, box.y + box.height]
        case .cuboid(let cuboid):
            guard attributes.removeValue(forKey: "frame") == .text(frame) else {
                report.skip(
                    "KITTI's cuboids are in the camera frame (attribute frame = \(frame)); this is not",
                    example: label.item)
                return nil
            }
            if case .array(let values)? = attributes.removeValue(forKey: boxAttribute),
                case let numbers = values.compactMap(\.number), numbers.count == 4
            {
                edges = numbers
            }
            guard var angle = CameraRotation.angle(cuboid.rotation) else {
                report.skip(
                    "KITTI's cuboids stand upright; this one is tilted", example: label.item)
                return nil
            }
            if let kept = attributes.removeValue(forKey: angleAttribute)?.number,
                Rotation.agree(CameraRotation.quaternion(kept), cuboid.rotation)
            {
                angle = kept
            }
            let (c, s) = (cuboid.center, cuboid.size)
            space = [s[2], s[1], s[0], c[0], c[1] + s[2] / 2, c[2], angle]
        default:
            report.skip(
                "KITTI has boxes and cuboids, this is a \(label.selector.kindName)",
                example: label.item)
            return nil
        }
        let take = { (name: String, missing: Double) in
            attributes.removeValue(forKey: name)?.number ?? missing
        }
        var figures = [take("truncated", -1), take("occluded", -1), take("alpha", -10)]
        figures += edges + space
        if let confidence = label.confidence {
            figures.append(confidence)
        } else if let score = attributes.removeValue(forKey: "kitti.score")?.number {
            figures.append(score)
        }
        guard figures.allSatisfy(\.isFinite) else {
            report.skip("a number that is not finite; correct the label", example: label.item)
            return nil
        }
        if !attributes.isEmpty {
            report.lose("attributes have no place in KITTI; write a sidecar", example: label.item)
        }
        return ([label.className] + figures.map(TextNumber.text)).joined(separator: " ") + "\n"
    }
}

/// The rotation of a thing that stands upright in a camera's frame (x right, y down, z forward).
///
/// At the angle 0 its length lies along the camera's x axis and its height against y; a positive angle
/// turns it about y.
enum CameraRotation {
    static func quaternion(_ angle: Double) -> [Double] {
        // The turn about y after the quarter turn about x that brings local "up" to camera "up".
        let half = 0.5.squareRoot()
        let (cosine, sine) = (Trigonometry.cosine(angle / 2), Trigonometry.sine(angle / 2))
        return [cosine * half, cosine * half, sine * half, -sine * half]
    }

    /// The angle; nil for something tilted.
    static func angle(_ q: [Double]) -> Double? {
        let (w, x, y, z) = (q[0], q[1], q[2], q[3])
        let forward = (1 - 2 * (y * y + z * z), 2 * (x * z - w * y))
        let angle = Trigonometry.angle(y: -forward.1, x: forward.0)
        return Rotation.agree(quaternion(angle), q) ? angle : nil
    }
}
