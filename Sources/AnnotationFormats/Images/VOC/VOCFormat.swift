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
/// `pose`, `actions` and `attributes` become attributes, other elements that hold a text `voc.NAME`, a `part` a label
/// of its own with the attribute `voc.partOf`. The external id is the path of the file without its ending, `#`, and
/// the number of the object.
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

/// Makes labels of one file's tree.
private struct VOCReader {
    let format: VOCFormat
    let file: FormatFile
    let scanner: XMLScanner
    private var number = 0
    private var contradictions = 0
    private let lost = LostMembers()

    init(format: VOCFormat, file: FormatFile, scanner: XMLScanner) {
        (self.format, self.file, self.scanner) = (format, file, scanner)
    }

    mutating func read(_ tree: XMLTree, _ finder: ItemFinder, into sink: EventSink) throws {
        guard let name = tree.value("filename") else {
            return try sink(
                .skipped(where: file.file.name, why: "<filename> is missing; name the image"))
        }
        let key = try finder.key(
            named: name, in: file, rule: .besideFile, endings: ImageHead.endings)
        let objects = tree.children.filter { $0.name == "object" }
        var fields: [String: FieldValue] = [:]
        for name in ["width", "height"] {
            guard let text = tree.first("size")?.value(name) else { continue }
            if let pixels = TextNumber.whole(text), pixels > 0 {
                fields[name] = .integer(pixels)
            }
        }
        if objects.isEmpty { fields["examined"] = .bool(true) }
        keep(tree, except: VOCAttribute.ofFile, "", &fields)
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
        try lost.tell(file.file.name, into: sink)
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

    /// Keeps the elements that hold a text; what has elements of its own has no place.
    private func keep(
        _ tree: XMLTree, except known: ByteSet, _ path: String,
        _ fields: inout [String: FieldValue]
    ) {
        for child in tree.children where !known.contains(child.name) {
            let field = VOCAttribute.prefix + child.name
            if !child.children.isEmpty {
                lost.count(path + child.name)
            } else if fields[field] == nil {
                KeptMember.add(
                    .object([child.name: .string(child.trimmed)]), except: [],
                    prefix: VOCAttribute.prefix, to: &fields, lost)
            } else {
                lost.count(path + child.name)
            }
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
        let shift: Double = format.isZeroBased ? 0 : 1
        let selector: Selector
        do throws(Refusal) {
            selector = try self.place(object, shift, size)
        } catch {
            return try sink(.skipped(where: place, why: error.why))
        }
        var label = LabelRecord(item: item, className: name, selector: selector, externalID: id)
        setOutline(object, shift, &label)
        if let partOf { label.attributes[VOCAttribute.partOf] = .text(partOf) }
        setAttributes(object, &label)
        try Emit.label(label, at: place, into: sink)
    }

    /// The box of an object; a turned one is as roLabelImg has it: its centre, its size, radians clockwise; a
    /// box beside it is the one around it.
    private mutating func place(
        _ object: XMLTree, _ shift: Double, _ size: (width: Double, height: Double)?
    ) throws(Refusal) -> Selector {
        if let turned = object.first("robndbox") {
            let numbers = ["cx", "cy", "w", "h", "angle"].compactMap { turned.number($0) }
            guard numbers.count == 5 else {
                throw Refusal("<robndbox> needs five numbers: cx, cy, w, h, angle")
            }
            return .rotatedBox(
                .init(
                    centerX: numbers[0], centerY: numbers[1], width: numbers[2],
                    height: numbers[3], angle: numbers[4]))
        }
        guard let box = object.first("bndbox") else {
            throw Refusal("<bndbox> is missing; an object of VOC has a box")
        }
        let corners = ["xmin", "ymin", "xmax", "ymax"].compactMap { box.number($0) }
        guard corners.count == 4 else {
            throw Refusal("<bndbox> needs four numbers: xmin, ymin, xmax, ymax")
        }
        if format.isZeroBased {
            if let size, corners[2] > size.width || corners[3] > size.height {
                contradictions += 1
            }
        } else if corners[0] == 0 || corners[1] == 0 {
            contradictions += 1
        }
        return .box(
            .init(
                x: corners[0] - shift, y: corners[1] - shift,
                width: corners[2] - corners[0] + shift, height: corners[3] - corners[1] + shift))
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
        keep(object, except: VOCAttribute.ofObject, "object.", &label.attributes)
    }
}
