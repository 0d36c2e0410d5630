import AnnotationModel
import LabelText
import Shapes

/// Writes the label files of a YOLO data set.
struct YOLOWriter {
    /// The box around an object with keypoints, as x, y, width, height in pixels.
    static let boxAttribute = ObjectAttribute.box
    /// What it was called before other formats had it too.
    static let oldBoxAttribute = "yolo.box"

    /// The field of an item that holds `flip_idx` of the pictures that came with it.
    static let flipField = "yolo.flip_idx"

    private let task: YOLOFormat.Task
    private let output: any FormatOutput
    private var report = ConversionReport()
    private var names: [String] = []
    private var indexByName: ByteMap<Int> = [:]
    /// The number of keypoints that the first label had; all must have as many.
    private var keypointCount: Int?
    private var splits = YOLOSplitWriter()

    init(task: YOLOFormat.Task, output: any FormatOutput) {
        (self.task, self.output) = (task, output)
    }

    mutating func write(_ source: LabelSource) throws -> ConversionReport {
        for record in source.classes { _ = index(of: record.name) }
        let files = ItemFiles(
            format: "YOLO", reserved: ["data.yaml"], endings: ImageHead.endings
        ) { item, report in
            if case .text(let type)? = item.fields["mediaType"], !type.hasPrefix("image/") {
                report.skip("YOLO has images only, this is \(type)", example: item.key)
                return nil
            }
            return Self.path(item.key)
        }
        var report = report
        try files.write(source, to: output, report: &report) { label, item, number, report in
            guard let text = line(label, item, &report) else { return nil }
            output.labelWritten(as: "\(FileTree.stem(Self.path(item.key)))#\(number)")
            return Array(text.utf8)
        } wrap: { item, labels in
            if labels.isEmpty, item.fields["examined"] != .bool(true) { return nil }
            splits.add(Self.imagePath(item.key), split: item.fields["split"]?.text)
            return Array(labels.joined())
        }
        try writeClasses(flips: task == .pose ? try flips(source) : nil, &report)
        return report
    }

    /// `images/a.jpg` becomes `labels/a.txt`, another key is put below `labels`.
    private static func path(_ key: String) -> String {
        var parts = FileTree.stem(key).split(separator: "/").map(String.init)
        if let index = parts.dropLast().lastIndex(of: "images") {
            parts[index] = "labels"
        } else {
            parts.insert("labels", at: 0)
        }
        return parts.joined(separator: "/") + ".txt"
    }

    /// Where the picture lies from which programs come to the labels.
    private static func imagePath(_ key: String) -> String {
        key.split(separator: "/").dropLast().contains("images") ? key : "images/" + key
    }

    /// The `flip_idx` that was read for as many points as the labels have.
    private func flips(_ source: LabelSource) throws -> [Int64]? {
        guard let keypointCount else { return nil }
        var found: [Int64]?
        try source.forEachItem { item in
            guard found == nil, case .array(let values)? = item.fields[Self.flipField] else {
                return
            }
            let numbers = values.compactMap { value in
                if case .integer(let number) = value { number } else { nil }
            }
            if numbers.count == keypointCount { found = numbers }
        }
        return found
    }

    private mutating func index(of name: String) -> Int {
        if let index = indexByName[name] { return index }
        indexByName[name] = names.count
        names.append(name)
        return names.count - 1
    }

    private func writeClasses(flips: [Int64]?, _ report: inout ConversionReport) throws {
        let (places, lists) = splits.lines()
        var text = "path: .\n" + places
        if let note = splits.note { report.note(note) }
        if let keypointCount { text += "kpt_shape: [\(keypointCount), 3]\n" }
        if let flips {
            text += "flip_idx: [\(flips.map(String.init).joined(separator: ", "))]\n"
        }
        text += "names:\n"
        for (index, name) in names.enumerated() {
            text += "  \(index): \(YAMLText.quoted(name))\n"
        }
        let files =
            [("data.yaml", text)]
            + lists.map { ($0.name, $0.images.map { "./\($0)\n" }.joined()) }
        for (name, text) in files {
            try output.begin(name)
            try output.write(Array(text.utf8))
            try output.end()
        }
    }

    // MARK: A line

    private mutating func line(
        _ label: LabelRecord, _ item: ItemRecord, _ report: inout ConversionReport
    ) -> String? {
        guard let size = item.pixelSize else {
            report.skip(
                "YOLO needs the item's width and height, which are not known", example: item.key)
            return nil
        }
        guard !label.className.isEmpty, !label.className.contains(where: \.isNewline) else {
            report.skip("a label without a usable class has no place in YOLO", example: item.key)
            return nil
        }
        guard var figures = figures(label, item, &report) else { return nil }
        for index in figures.indices {
            let isFlag = task == .pose && index >= 4 && index % 3 == 0
            if isFlag { continue }
            let isX = task == .pose && index >= 4 ? index % 3 == 1 : index % 2 == 0
            figures[index] /= isX ? size.width : size.height
        }
        guard figures.allSatisfy(\.isFinite) else {
            report.skip("a number that is not finite; correct the label", example: item.key)
            return nil
        }
        guard figures.enumerated().allSatisfy({ (-1...2).contains($0.element) }) else {
            report.skip("the label lies far outside of its image", example: item.key)
            return nil
        }
        if label.attributes.contains(where: { $0.key != Self.boxAttribute }) {
            report.lose("attributes have no place in YOLO; write a sidecar", example: item.key)
        }
        if let confidence = label.confidence {
            if task == .detect {
                figures.append(confidence)
            } else {
                report.lose("the confidence has no place in this YOLO file", example: item.key)
            }
        }
        if figures.contains(where: { $0 < 0 || $0 > 1 && task != .pose }) {
            report.lose(
                "a label leaves its image and was kept as it is; some programs pass over the file",
                example: item.key)
        }
        let class_ = index(of: label.className)
        return ([String(class_)] + figures.map(TextNumber.text)).joined(separator: " ") + "\n"
    }

    /// The figures of a label in pixels.
    private mutating func figures(
        _ label: LabelRecord, _ item: ItemRecord, _ report: inout ConversionReport
    ) -> [Double]? {
        let centred = { (box: Selector.Box) in
            [box.x + box.width / 2, box.y + box.height / 2, box.width, box.height]
        }
        switch (task, label.selector) {
        case (.detect, .box(let box)): return centred(box)
        case (.segment, .polygon(let parts)) where parts.count == 1 && parts[0].count == 1:
            return parts[0][0]
        case (.orientedBox, .rotatedBox(let box)): return Geometry.corners(box)
        case (.orientedBox, .box(let box)): return Self.corners(box)
        case (.orientedBox, .polygon(let parts)):
            // Four corners that are no rectangle, as the reader takes them too.
            guard parts.count == 1, parts[0].count == 1, parts[0][0].count == 8 else {
                report.skip(
                    "yolo-obb has four corners, and no other polygon; export as yolo-seg or jsonl",
                    example: item.key)
                return nil
            }
            if Geometry.rotatedBox(corners: parts[0][0]) != nil {
                report.lose("a polygon that is a rectangle becomes a turned box", example: item.key)
            }
            return parts[0][0]
        case (.segment, .box(let box)):
            // Beside a polygon, training programs take the four figures of a box for two points.
            report.lose("boxes were written as polygons of four points", example: item.key)
            return Self.corners(box)
        case (.pose, .keypoints(let points)): return pose(points, label, item, &report)
        default: break
        }
        if task == .segment, case .polygon = label.selector {
            report.skip(
                "YOLO has no holes and no parts; export as coco or jsonl", example: item.key)
            return nil
        }
        guard task == .detect, let bounds = Geometry.box(of: label) else {
            report.skip(
                "\(task.rawValue) has no \(label.selector.kindName); export as jsonl",
                example: item.key)
            return nil
        }
        report.lose(
            "the box around each \(label.selector.kindName) was written", example: item.key)
        return centred(bounds)
    }

    /// The corners from the top left one clockwise.
    private static func corners(_ box: Selector.Box) -> [Double] {
        let (right, bottom) = (box.x + box.width, box.y + box.height)
        return [box.x, box.y, right, box.y, right, bottom, box.x, bottom]
    }

    private mutating func pose(
        _ points: [Selector.Keypoint], _ label: LabelRecord, _ item: ItemRecord,
        _ report: inout ConversionReport
    ) -> [Double]? {
        let count = keypointCount ?? points.count
        keypointCount = count
        guard points.count == count else {
            report.skip(
                "YOLO asks for \(count) keypoints in every label, this has another number",
                example: item.key)
            return nil
        }
        var box = Geometry.bounds(
            points.filter { $0.visibility != .absent }.map { [$0.x, $0.y] })
        for name in [Self.boxAttribute, Self.oldBoxAttribute, "coco.bbox"] {
            guard let kept = ObjectAttribute.box(label.attributes[name]) else { continue }
            box = kept
            break
        }
        return [box.x + box.width / 2, box.y + box.height / 2, box.width, box.height]
            + points.flatMap { [$0.x, $0.y, Double($0.visibility.rawValue)] }
    }
}
