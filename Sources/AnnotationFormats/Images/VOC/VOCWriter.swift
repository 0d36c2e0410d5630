import AnnotationModel
import LabelText
import Shapes

/// Writes one file.
enum VOCWriter {
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
        if !XMLTree.trim(label.className).hasSameBytes(as: label.className) {
            report.lose(
                "blanks around a class are no part of it in VOC, so it is another class when read back",
                example: label.item)
        }
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
        let elements = VOCAttribute.elements(of: label.attributes, except: VOCAttribute.ofObject)
        for (name, value) in label.attributes.sorted(by: { $0.key < $1.key }) {
            if let element = elements.first(where: { $0.field == name }) {
                writer.text(element.name, element.text)
            } else if case .bool(let flag) = value, let action = VOCAttribute.action(name) {
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
        for element in VOCAttribute.elements(of: item.fields, except: VOCAttribute.ofFile) {
            writer.text(element.name, element.text)
        }
        let head = writer.bytes
        writer.removeAll()
        writer.end()
        return head + objects.joined() + writer.bytes
    }
}
