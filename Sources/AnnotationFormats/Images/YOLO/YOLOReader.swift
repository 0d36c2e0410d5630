import AnnotationModel
import LabelText
import Shapes

/// Reads the label files of a YOLO data set.
struct YOLOReader {
    let task: YOLOFormat.Task
    let classes: YOLOClasses
    private let finder: ItemFinder
    private(set) var files = 0

    /// The most figures in a line: a polygon of eight thousand points.
    static let figuresMax = 1 << 14

    init(task: YOLOFormat.Task, classes: YOLOClasses, context: ReadContext) {
        (self.task, self.classes, finder) = (task, classes, ItemFinder(context))
    }

    private struct Image {
        var key: String
        var size: (width: Double, height: Double)?
        var isKnown = false
        /// Another known image that the file may speak of as well.
        var other: String?
        /// How a viewer turns the picture; nil or 1 for not at all.
        var orientation: Int64?
    }

    mutating func read(_ file: FormatFile, into sink: EventSink) throws {
        files += 1
        let image = try image(file)
        if let why = ItemKey.problem(image.key) {
            return try sink(.skipped(where: file.file.name, why: why))
        }
        var number = 0
        let sixth = try sixth(file)
        var pending: [(LabelRecord, String)] = []
        var skips: [(String, String)] = []
        try file.file.forEachLine { text, lines in
            let words = text.split { $0 == " " || $0 == "\t" }
            if words.isEmpty { return }
            number += 1
            do throws(Refusal) {
                guard let size = image.size else {
                    throw Refusal(
                        why:
                            "the size of \(image.key) is not known; put the picture (PNG, JPEG, GIF, WebP, BMP "
                            + "or TIFF) in its place and import again, or add it first (items add)")
                }
                if let orientation = image.orientation, orientation != 1 {
                    throw Refusal(
                        "\(image.key) is shown turned (EXIF orientation \(orientation)), and fractions do "
                            + "not say of which picture; store it upright and add it again")
                }
                var label = try label(words, size, sixth)
                label.item = image.key
                label.externalID = "\(file.stem)#\(number)"
                pending.append((label, lines.place))
            } catch {
                skips.append((lines.place, error.why))
            }
        }
        var fields = fields(of: image, file)
        if number == 0 { fields["examined"] = .bool(true) }
        // A made-up name would stand beside the picture's own once it comes.
        let isNamed = image.size != nil || image.isKnown || number == 0 || !pending.isEmpty
        guard
            try !isNamed || Emit.item(image.key, fields, at: file.file.name, into: sink)
        else { return }
        if let other = image.other {
            try sink(
                .note(
                    where: file.file.name,
                    why: "it was taken for that of \(image.key), and may be that of \(other)"))
        }
        if sixth == .unclear {
            try sink(
                .note(
                    where: file.file.name,
                    why:
                        "the sixth number of its lines is 0 or 1 without a point; it was taken as the "
                        + "confidence, and may be the id of a track"))
        }
        for (place, why) in skips { try sink(.skipped(where: place, why: why)) }
        for (label, place) in pending { try Emit.label(label, at: place, into: sink) }
    }

    private func fields(of image: Image, _ file: FormatFile) -> [String: FieldValue] {
        var fields: [String: FieldValue] = [:]
        if let size = image.size {
            fields["width"] = .integer(Int64(size.width))
            fields["height"] = .integer(Int64(size.height))
        }
        if let split = classes.splits.split(of: Self.swapped(FileTree.stem(file.file.name))) {
            fields["split"] = .text(split)
        }
        if files == 1, !classes.flips.isEmpty {
            fields[YOLOWriter.flipField] = .array(classes.flips.map { .integer($0) })
        }
        return fields
    }

    /// What the sixth number of a file's lines is.
    private enum Sixth {
        case confidence
        case track
        case unclear
    }

    /// Ids of tracks are whole numbers; where they are 0 and 1 only, they may be confidences as well.
    private func sixth(_ file: FormatFile) throws -> Sixth {
        guard task == .detect || task == .segment else { return .confidence }
        var (count, isWhole, hasMore) = (0, true, false)
        try file.file.forEachLine { text, _ in
            let words = text.split { $0 == " " || $0 == "\t" }
            guard words.count == 6, isWhole else { return }
            count += 1
            isWhole = words[5].utf8.allSatisfy { (0x30...0x39).contains($0) }
            if isWhole, Int(words[5]) ?? 2 > 1 { hasMore = true }
        }
        if count == 0 || !isWhole { return .confidence }
        return hasMore ? .track : .unclear
    }

    // MARK: The image

    /// The image that a label file speaks of: a known item, else a file beside, else a guess.
    private func image(_ file: FormatFile) throws -> Image {
        let full = file.file.isOnDisk ? FileTree.stem(file.file.name) : ""
        var stem = file.stem
        // A folder of labels that is given by itself is called after its place in the data set.
        let root = file.file.isOnDisk ? file.file.name.dropLast(file.path.count) : ""
        if FileSystem.lastComponent(String(root)) == "labels",
            !stem.split(separator: "/").dropLast().contains("labels")
        {
            stem = "labels/" + stem
        }
        let keys = [Self.swapped(stem), stem]
        if let key = try finder.key(
            file, byEnding: true,
            {
                let names = Self.names($0)
                return ItemFinder.with(ImageHead.endings, names) + names
            })
        {
            let fields = try finder.fields(key)
            let other = try ItemFinder.with(ImageHead.endings, [FileTree.stem(key)])
                .first { try $0 != key && finder.isRegistered($0) }
            return Image(
                key: key, size: ItemRecord.pixelSize(fields), isKnown: true, other: other,
                orientation: fields["orientation"]?.numberValue.flatMap { Int64(exactly: $0) })
        }
        if !full.isEmpty {
            for (key, path) in [(keys[0], Self.swapped(full)), (stem, full)] {
                for ending in ImageHead.endings where FileSystem.exists("\(path).\(ending)") {
                    let head = ImageHead(path: "\(path).\(ending)")
                    return Image(
                        key: "\(key).\(ending)",
                        size: head.map { (Double($0.width), Double($0.height)) },
                        orientation: head?.orientation.map(Int64.init))
                }
            }
        }
        return Image(key: keys[0] + ".jpg")
    }

    /// What an image may be called whose labels lie at a path: among the images, beside the labels, or beside
    /// their folder.
    private static func names(_ path: String) -> [String] {
        let stem = FileTree.stem(path)
        let outside = ItemFinder.exchanged(stem, { $0 == "labels" || $0 == "Annotations" }, for: "")
        return [swapped(stem), stem, outside[1]]
    }

    /// The path with its last component `labels` or `Annotations` replaced by where images lie.
    private static func swapped(_ path: String) -> String {
        var parts = path.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        if let index = parts.dropLast().lastIndex(where: { $0 == "labels" || $0 == "Annotations" })
        {
            parts[index] = parts[index] == "labels" ? "images" : "Images"
        }
        return parts.joined(separator: "/")
    }

    // MARK: A line

    private func label(
        _ words: [Substring], _ size: (width: Double, height: Double), _ sixth: Sixth
    ) throws(Refusal) -> LabelRecord {
        var words = words[...]
        var track: Int64?
        if sixth == .track, words.count == 6, let last = words.popLast() {
            guard let id = Int64(last) else { throw Refusal("the id of the track is too large") }
            track = id
        }
        guard words.count <= Self.figuresMax else {
            throw Refusal(why: "more than \(Self.figuresMax) figures in a line")
        }
        guard let index = TextNumber.whole(words[0]) else {
            throw Refusal(why: "the class must be a whole number")
        }
        guard classes.names.indices.contains(Int(clamping: index)) else {
            throw Refusal(
                why: "the class \(index) has no name, there are \(classes.names.count) names")
        }
        var figures: [Double] = []
        for word in words.dropFirst() {
            guard let figure = TextNumber.double(word) else {
                throw Refusal(why: "\"\(word.prefix(20))\" is no number")
            }
            // Half an image outside is a mark of pixels written as fractions, not of a wide box.
            guard (-1...2).contains(figure) else {
                throw Refusal(
                    why: "\(figure) is no fraction of the image; divide pixels by the image's size")
            }
            figures.append(figure)
        }
        var label = LabelRecord(
            item: "", className: classes.names[Int(index)], selector: .wholeItem)
        label.selector = try selector(&figures, size, &label)
        if let track { label.attributes["track"] = .integer(track) }
        return label
    }

    private func selector(
        _ figures: inout [Double], _ size: (width: Double, height: Double),
        _ label: inout LabelRecord
    ) throws(Refusal) -> Selector {
        let points = { (values: ArraySlice<Double>) in
            values.enumerated().map {
                $0.offset % 2 == 0 ? $0.element * size.width : $0.element * size.height
            }
        }
        switch task {
        case .detect, .segment:
            if figures.count == 4 { return .box(try box(figures, size)) }
            if figures.count == 5 {
                guard (0...1).contains(figures[4]) else {
                    throw Refusal(why: "the confidence is not within 0...1")
                }
                label.confidence = figures[4]
                return .box(try box(figures, size))
            }
            guard figures.count >= 6, figures.count % 2 == 0 else {
                throw Refusal(
                    why: "\(figures.count) figures after the class; a box has 4, a polygon an even "
                        + "number from 6 on")
            }
            guard task == .segment else {
                throw Refusal(why: "a line of another task; read it as yolo-seg, -pose or -obb")
            }
            return .polygon([[points(figures[...])]])
        case .orientedBox:
            if figures.count == 9 {
                label.confidence = (0...1).contains(figures[8]) ? figures[8] : nil
                figures.removeLast()
            }
            guard figures.count == 8 else {
                throw Refusal(why: "\(figures.count) figures after the class instead of 8")
            }
            let corners = points(figures[...])
            return Geometry.rotatedBox(corners: corners).map { .rotatedBox($0) }
                ?? .polygon([[corners]])
        case .pose: return try pose(figures, size, &label)
        }
    }

    private func box(
        _ figures: [Double], _ size: (width: Double, height: Double)
    ) throws(Refusal) -> Selector.Box {
        let (width, height) = (figures[2] * size.width, figures[3] * size.height)
        guard width >= 0, height >= 0 else { throw Refusal(why: "the box has a negative size") }
        return .init(
            x: figures[0] * size.width - width / 2, y: figures[1] * size.height - height / 2,
            width: width, height: height)
    }

    private func pose(
        _ figures: [Double], _ size: (width: Double, height: Double), _ label: inout LabelRecord
    ) throws(Refusal) -> Selector {
        guard let shape = classes.keypointShape else {
            throw Refusal(why: "data.yaml has no kpt_shape, which says how points are written")
        }
        guard figures.count == 4 + shape.count * shape.figures else {
            throw Refusal(
                why: "\(figures.count) figures after the class instead of "
                    + "\(4 + shape.count * shape.figures)")
        }
        var points: [Selector.Keypoint] = []
        for index in 0..<shape.count {
            let start = 4 + index * shape.figures
            var visibility = Selector.Keypoint.Visibility.visible
            if shape.figures == 3 {
                guard let flag = UInt8(exactly: figures[start + 2]),
                    let known = Selector.Keypoint.Visibility(rawValue: flag)
                else { throw Refusal(why: "a point's flag must be 0, 1 or 2") }
                visibility = known
            } else if figures[start] == 0, figures[start + 1] == 0 {
                visibility = .absent
            }
            points.append(
                .init(
                    x: figures[start] * size.width, y: figures[start + 1] * size.height,
                    visibility: visibility))
        }
        let box = try box(figures, size)
        label.attributes[YOLOWriter.boxAttribute] = .array(
            [box.x, box.y, box.width, box.height].map { .float($0) })
        return .keypoints(points)
    }
}
