import AnnotationModel
import LabelText
import Shapes

/// Pascal VOC: one XML file an image, boxes only.
///
/// In the original data pixels are numbered from 1 and both ends belong to the box. Inside, the box of
/// `xmin`…`xmax` therefore begins at `xmin - 1` and is `xmax - xmin + 1` wide. Many programs write
/// numbers from 0 with an exclusive end instead; read those as `voc-zero`, which takes the numbers as
/// they are. The file cannot say which it is, so nothing is guessed; a note is given where the numbers
/// contradict the choice.
///
/// The item is what the `filename` means beside the file, see `ItemFinder`. `difficult`, `truncated`, `occluded`,
/// `pose`, `actions` and `attributes` become attributes, a `part` a label of its own with the attribute
/// `voc.partOf`. The external id is the path of the file without its ending, `#`, and the number of the object.
public struct VOCFormat: AnnotationFormat {
    /// True for files whose pixels count from 0 with an exclusive end.
    public let isZeroBased: Bool
    /// The name on the command line.
    public var name: String { isZeroBased ? "voc-zero" : "voc" }
    /// What a user should know before choosing it.
    public var summary: String {
        isZeroBased
            ? "Pascal VOC XML with pixels from 0, as many labelling programs write it; boxes"
            : "Pascal VOC XML with pixels from 1, both ends inclusive, as defined; boxes"
    }
    /// The name of the output file where the user gives none; nil for a folder.
    public let defaultFileName: String? = nil

    /// The format with either way of counting.
    public init(isZeroBased: Bool = false) { self.isZeroBased = isZeroBased }

    /// Reads files and hands over what they hold.
    public func read(
        _ files: [InputFile], context: ReadContext, into sink: (FormatEvent) throws -> Void
    ) throws {
        let finder = ItemFinder(context)
        var count = 0
        try FileTree.forEach(
            files, where: { FileTree.ending($0) == "xml" }, into: sink
        ) { file, sink in
            count += 1
            try read(file, finder, into: sink)
        }
        if count == 0 {
            throw FormatError.noInput(format: name, wants: "give .xml files or their folder")
        }
    }

    private func read(_ file: FormatFile, _ finder: ItemFinder, into sink: EventSink) throws {
        try file.file.withXML { bytes in
            var scanner = try XMLScanner(bytes, file: file.file.name)
            guard case .start("annotation", let attributes)? = try scanner.next() else {
                throw scanner.error("a VOC file begins with <annotation>")
            }
            let tree = try scanner.tree("annotation", attributes)
            _ = try scanner.next()
            var reader = VOCReader(format: self, file: file, scanner: scanner)
            try reader.read(tree, finder, into: sink)
        }
    }

    /// Writes items and annotations.
    public func write(
        _ source: LabelSource, to output: any FormatOutput, options: WriteOptions
    ) throws -> ConversionReport {
        var report = ConversionReport()
        let files = ItemFiles(
            format: "VOC", folder: "Annotations/", ending: "xml", refusal: XMLWriter.problem)
        let objects = VOCObjects()
        try files.write(source, to: output, report: &report) { label, item, _, report in
            let stem = "Annotations/\(FileTree.stem(item.key))"
            guard let number = VOCWriter.add(label, to: objects, stem, self, &report) else {
                return nil
            }
            output.labelWritten(as: "\(stem)#\(number)")
            return []
        } wrap: { item, labels in
            let objects = objects.take(item.key)
            if labels.isEmpty, item.fields["examined"] != .bool(true) { return nil }
            return VOCWriter.file(item, objects)
        }
        return report
    }
}

/// The names of attributes that hold what VOC calls otherwise.
enum VOCAttribute {
    static let flags = ["difficult", "truncated", "occluded"]
    static let pose = "pose"
    static let action = "action."
    /// Where in the picture the action is, in pixels.
    static let point = "voc.point"
    static let partOf = "voc.partOf"

    /// The action of which an attribute speaks, where XML can have an element of that name.
    static func action(_ attribute: String) -> String? {
        guard attribute.hasPrefix(action) else { return nil }
        let name = attribute.dropFirst(action.count)
        let isPlain = { (byte: UInt8) in
            (0x61...0x7a).contains(byte | 0x20) || byte == UInt8(ascii: "_")
        }
        guard let first = name.utf8.first, isPlain(first),
            name.utf8.allSatisfy({ isPlain($0) || (0x30...0x39).contains($0) })
        else { return nil }
        return String(name)
    }
}

/// Makes labels of one file's tree.
private struct VOCReader {
    let format: VOCFormat
    let file: FormatFile
    let scanner: XMLScanner
    private var number = 0
    private var contradictions = 0

    init(format: VOCFormat, file: FormatFile, scanner: XMLScanner) {
        (self.format, self.file, self.scanner) = (format, file, scanner)
    }

    mutating func read(_ tree: XMLTree, _ finder: ItemFinder, into sink: EventSink) throws {
        guard let name = tree.value("filename") else {
            return try sink(
                .skipped(where: file.file.name, why: "<filename> is missing; name the image"))
        }
        let key = try finder.key(
            named: name, in: file, rule: .besideFile, endings: ImageSize.endings)
        let objects = tree.children.filter { $0.name == "object" }
        var fields: [String: FieldValue] = [:]
        for name in ["width", "height"] {
            guard let text = tree.first("size")?.value(name) else { continue }
            if let pixels = TextNumber.whole(text), pixels > 0 {
                fields[name] = .integer(pixels)
            }
        }
        if objects.isEmpty { fields["examined"] = .bool(true) }
        guard try Emit.item(key, fields, at: file.file.name, into: sink) else { return }
        let size = ItemRecord.pixelSize(fields)
        for object in objects {
            number += 1
            let id = "\(file.stem)#\(number)"
            try emit(object, item: key, id: id, partOf: nil, size, into: sink)
            for (index, part) in object.children.filter({ $0.name == "part" }).enumerated() {
                try emit(
                    part, item: key, id: "\(id).\(index + 1)", partOf: id, size, into: sink)
            }
        }
        if contradictions > 0 {
            try sink(
                .note(
                    where: file.file.name,
                    why: format.isZeroBased
                        ? "\(contradictions) boxes end beyond the image; is it plain voc?"
                        : "\(contradictions) boxes have a corner at 0, which pixels counted from 1 "
                            + "do not have; is it voc-zero?"))
        }
    }

    private mutating func emit(
        _ object: XMLTree, item: String, id: String, partOf: String?,
        _ size: (width: Double, height: Double)?, into sink: EventSink
    ) throws {
        let place = scanner.place(object.offset)
        guard let name = object.value("name") else {
            return try sink(.skipped(where: place, why: "<name> is missing; say the class"))
        }
        let corners = ["xmin", "ymin", "xmax", "ymax"].map { object.first("bndbox")?.number($0) }
        guard let left = corners[0], let top = corners[1], let right = corners[2],
            let bottom = corners[3]
        else {
            return try sink(
                .skipped(where: place, why: "<bndbox> needs four numbers: xmin, ymin, xmax, ymax"))
        }
        let shift: Double = format.isZeroBased ? 0 : 1
        if format.isZeroBased {
            if let size, right > size.width || bottom > size.height { contradictions += 1 }
        } else if left == 0 || top == 0 {
            contradictions += 1
        }
        var label = LabelRecord(
            item: item, className: name,
            selector: .box(
                .init(
                    x: left - shift, y: top - shift, width: right - left + shift,
                    height: bottom - top + shift)), externalID: id)
        setOutline(object, shift, &label)
        if let partOf { label.attributes[VOCAttribute.partOf] = .text(partOf) }
        setAttributes(object, &label)
        try Emit.label(label, at: place, into: sink)
    }

    /// The outline beside a box, as projects of outlines have it, and what else is said of the object.
    private func setOutline(_ object: XMLTree, _ shift: Double, _ label: inout LabelRecord) {
        var ring: [Double] = []
        if let polygon = object.first("polygon") {
            while let x = polygon.number("x\(ring.count / 2 + 1)"),
                let y = polygon.number("y\(ring.count / 2 + 1)")
            {
                ring += [x - shift, y - shift]
            }
            Geometry.open(&ring)
        }
        if ring.count >= 6, case .box(let box) = label.selector {
            label.selector = .polygon([[ring]])
            if !Geometry.agree(Geometry.bounds([ring]), box) {
                label.attributes[ObjectAttribute.box] = .array(
                    [box.x, box.y, box.width, box.height].map { .float($0) })
            }
        }
        if let score = object.number("confidence"), (0...1).contains(score) {
            label.confidence = score
        }
        if let point = object.first("point"), let x = point.number("x"), let y = point.number("y") {
            label.attributes[VOCAttribute.point] = .array([.float(x - shift), .float(y - shift)])
        }
    }

    private func setAttributes(_ object: XMLTree, _ label: inout LabelRecord) {
        let flag = { (text: String) in
            text == "1" || text.lowercased() == "true" || text.lowercased() == "yes"
        }
        for name in VOCAttribute.flags {
            if let text = object.value(name) { label.attributes[name] = .bool(flag(text)) }
        }
        if let pose = object.value(VOCAttribute.pose) {
            label.attributes[VOCAttribute.pose] = .text(pose)
        }
        for action in object.first("actions")?.children ?? [] {
            label.attributes[VOCAttribute.action + action.name] = .bool(flag(action.trimmed))
        }
        for attribute in object.first("attributes")?.children ?? [] {
            guard attribute.name == "attribute", let name = attribute.value("name") else {
                continue
            }
            label.attributes[name] = .text(attribute.first("value")?.text ?? "")
        }
    }
}

/// Writes one file.
private enum VOCWriter {
    /// The number that a reader will give to a label, which is added to the objects; nil where it has no place.
    static func add(
        _ label: LabelRecord, to objects: VOCObjects, _ stem: String, _ format: VOCFormat,
        _ report: inout ConversionReport
    ) -> String? {
        var label = label
        let whole = label.attributes[VOCAttribute.partOf]?.text
        guard let whole, let object = objects.number(of: whole, in: label.item) else {
            guard let body = body(label, format, &report) else { return nil }
            if whole != nil {
                report.lose(
                    "a part without the object before it was written as an object",
                    example: label.item)
            }
            return objects.add(body, id: label.externalID, to: label.item)
        }
        // A reader says by itself of which object of this file it is a part.
        if whole.hasSameBytes(as: "\(stem)#\(object)") {
            label.attributes[VOCAttribute.partOf] = nil
        }
        guard let body = body(label, format, &report) else { return nil }
        return objects.add(part: body, of: object, in: label.item)
    }

    /// What stands inside the element of an object or a part.
    private static func body(
        _ label: LabelRecord, _ format: VOCFormat, _ report: inout ConversionReport
    ) -> [UInt8]? {
        guard let box = Geometry.box(of: label) else {
            report.skip(
                "VOC has boxes only, this is a \(label.selector.kindName); export as jsonl",
                example: label.item)
            return nil
        }
        guard !label.className.isEmpty else {
            report.skip("a label without class has no place in VOC", example: label.item)
            return nil
        }
        if case .box = label.selector {
        } else {
            report.lose(
                "the box around each \(label.selector.kindName) was written", example: label.item)
        }
        let shift: Double = format.isZeroBased ? 0 : 1
        let corners = [
            box.x + shift, box.y + shift, box.x + box.width, box.y + box.height,
        ]
        guard corners.allSatisfy(\.isFinite) else {
            report.skip("a number that is not finite; correct the label", example: label.item)
            return nil
        }
        if label.confidence != nil {
            report.lose("the confidence has no place in VOC", example: label.item)
        }
        var writer = XMLWriter()
        writer.start("object")
        let start = writer.bytes.count
        writer.text("name", label.className)
        write(label, corners, shift, &writer, &report)
        return Array(writer.bytes[start...])
    }

    private static func write(
        _ label: LabelRecord, _ corners: [Double], _ shift: Double, _ writer: inout XMLWriter,
        _ report: inout ConversionReport
    ) {
        var others: [(String, String)] = []
        var actions: [(String, String)] = []
        var point: [Double]?
        for (name, value) in label.attributes.sorted(by: { $0.key < $1.key }) {
            if case .bool(let flag) = value, let action = VOCAttribute.action(name) {
                actions.append((action, flag ? "1" : "0"))
            } else if name == VOCAttribute.point, case .array(let values) = value,
                case let numbers = values.compactMap(\.number), numbers.count == 2,
                values.count == 2
            {
                point = numbers
            } else if VOCAttribute.flags.contains(name), case .bool(let flag) = value {
                writer.text(name, flag ? "1" : "0")
            } else if name == VOCAttribute.pose, case .text(let pose) = value {
                writer.text(name, pose)
            } else {
                if value.text == nil {
                    report.lose("attributes that are no text became text", example: label.item)
                }
                others.append((name, value.plainText))
            }
        }
        writer.start("bndbox")
        for (name, value) in zip(["xmin", "ymin", "xmax", "ymax"], corners) {
            writer.text(name, TextNumber.text(value))
        }
        writer.end()
        if let point {
            writer.start("point")
            for (name, value) in zip(["x", "y"], point) {
                writer.text(name, TextNumber.text(value + shift))
            }
            writer.end()
        }
        if !actions.isEmpty {
            writer.start("actions")
            for (name, flag) in actions { writer.text(name, flag) }
            writer.end()
        }
        if !others.isEmpty {
            writer.start("attributes")
            for (name, value) in others {
                writer.start("attribute")
                writer.text("name", name)
                writer.text("value", value)
                writer.end()
            }
            writer.end()
        }
    }

    static func file(_ item: ItemRecord, _ objects: [[UInt8]]) -> [UInt8] {
        var writer = XMLWriter()
        writer.declaration()
        writer.start("annotation")
        writer.text("filename", item.key)
        writer.start("size")
        writer.text("width", item.fields["width"]?.plainText ?? "0")
        writer.text("height", item.fields["height"]?.plainText ?? "0")
        writer.text("depth", item.fields["channels"]?.plainText ?? "3")
        writer.end()
        let head = writer.bytes
        writer.removeAll()
        writer.end()
        return head + objects.joined() + writer.bytes
    }
}
