import AnnotationModel
import LabelText
import Shapes

extension LabelMeFormat {
    /// Writes items and annotations.
    public func write(
        _ source: LabelSource, to output: any FormatOutput, options: WriteOptions
    ) throws -> ConversionReport {
        var report = ConversionReport()
        let files = ItemFiles(format: "LabelMe", ending: "json")
        var flags: ByteMap<[String]> = [:]
        try files.write(source, to: output, report: &report) { label, item, number, report in
            let stem = FileTree.stem(item.key)
            if label.selector == .wholeItem, !label.className.isEmpty {
                let known = flags[item.key] ?? []
                if known.contains(where: { $0.hasSameBytes(as: label.className) }) {
                    report.skip("LabelMe has each flag of a picture once", example: item.key)
                    return nil
                }
                flags[item.key] = known + [label.className]
                if !label.attributes.isEmpty || label.confidence != nil {
                    report.lose(
                        "a flag has neither attributes nor a confidence", example: item.key)
                }
                output.labelWritten(as: Self.flagID(stem, label.className))
                return []
            }
            guard let bytes = Self.shape(label, item, &report) else { return nil }
            output.labelWritten(as: "\(stem)#\(number - (flags[item.key] ?? []).count)")
            return bytes
        } wrap: { item, labels in
            if labels.isEmpty, item.fields["examined"] != .bool(true) { return nil }
            defer { flags[item.key] = nil }
            return Self.file(item, flags[item.key] ?? [], labels.filter { !$0.isEmpty })
        }
        return report
    }

    private static func file(
        _ item: ItemRecord, _ flags: [String], _ shapes: [[UInt8]]
    ) -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("version")
        writer.string("5.5.0")
        writer.key("flags")
        var all: ByteMap<JSONValue> = [:]
        for (name, value) in item.fields where name.hasPrefix(flagAttribute) {
            all[String(name.dropFirst(flagAttribute.count))] = .bool(value == .bool(true))
        }
        for name in flags { all[name] = .bool(true) }
        writer.value(.object(all))
        writer.key("shapes")
        let head = writer.bytes + Array("[".utf8) + shapes.joined(separator: Array(",\n".utf8))
        writer = JSONWriter()
        writer.beginObject()
        writer.key("imagePath")
        writer.string(FileSystem.lastComponent(item.key))
        writer.key("imageData")
        writer.null()
        for (key, name) in [("imageHeight", "height"), ("imageWidth", "width")] {
            writer.key(name: key)
            if case .integer(let pixels)? = item.fields[name] {
                writer.integer(pixels)
            } else {
                writer.null()
            }
        }
        write(KeptMember.members(of: item.fields, prefix: prefix, except: fileMembers), to: &writer)
        writer.endObject()
        return head + Array("],".utf8) + writer.bytes.dropFirst() + Array("\n".utf8)
    }

    /// Writes members of others; flags have a place of their own.
    private static func write(
        _ members: [(name: String, field: String, value: FieldValue)], to writer: inout JSONWriter
    ) {
        for member in members where !member.field.hasPrefix(flagAttribute) {
            writer.key(name: member.name)
            FieldValueJSON.write(member.value, to: &writer)
        }
    }

    private static func shape(
        _ label: LabelRecord, _ item: ItemRecord, _ report: inout ConversionReport
    ) -> [UInt8]? {
        var mask: String?
        if case .mask(let bitmap) = label.selector {
            guard let text = LabelMeMask.write(bitmap, in: item, &report) else { return nil }
            mask = text
        }
        guard let (type, points) = points(label, &report) else { return nil }
        guard !label.className.isEmpty, points.allSatisfy(\.isFinite) else {
            report.skip("no class, or a number that is not finite", example: label.item)
            return nil
        }
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("label")
        writer.string(label.className)
        writer.key("points")
        writer.beginArray()
        for index in stride(from: 0, to: points.count - 1, by: 2) {
            writer.coordinates([points[index], points[index + 1]])
        }
        writer.endArray()
        var attributes = label.attributes
        writer.key("group_id")
        let group = attributes.removeValue(forKey: groupAttribute)
        FieldValueJSON.write(group ?? .null, to: &writer)
        writer.key("description")
        writer.string(attributes.removeValue(forKey: descriptionAttribute)?.text ?? "")
        writer.key("shape_type")
        writer.string(type)
        if let mask {
            writer.key("mask")
            writer.string(mask)
        }
        let kept = KeptMember.members(
            of: attributes, prefix: prefix,
            except: ByteSet(shapeMembers.filter { $0 != "score" })
        ).filter { !$0.field.hasPrefix(flagAttribute) }
        for member in kept { attributes[member.field] = nil }
        writer.key("flags")
        writer.beginObject()
        for (name, value) in attributes.sorted(by: { $0.key < $1.key }) {
            guard name.hasPrefix(flagAttribute), case .bool(let flag) = value else {
                report.lose(
                    "LabelMe has no attributes; write a sidecar to keep them", example: label.item)
                continue
            }
            writer.key(name: String(name.dropFirst(flagAttribute.count)))
            writer.bool(flag)
        }
        writer.endObject()
        write(kept, to: &writer)
        writer.endObject()
        if label.confidence != nil {
            report.lose("the confidence has no place in LabelMe", example: label.item)
        }
        return writer.bytes
    }

    private static func points(
        _ label: LabelRecord, _ report: inout ConversionReport
    ) -> (type: String, points: [Double])? {
        switch label.selector {
        case .box(let box):
            return ("rectangle", [box.x, box.y, box.x + box.width, box.y + box.height])
        case .rotatedBox(let box):
            report.lose("turned boxes were written as polygons", example: label.item)
            return ("polygon", Geometry.corners(box))
        case .polygon(let parts) where parts.count == 1 && parts[0].count == 1:
            return ("polygon", parts[0][0])
        case .polyline(let points): return ("linestrip", points)
        case .mask(let mask):
            // The last pixel, not the edge behind it.
            let box = RunLengths.bounds(mask)
            return ("mask", [box.x, box.y, box.x + box.width - 1, box.y + box.height - 1])
        case .ellipse(let ellipse) where ellipse.width == ellipse.height:
            return (
                "circle",
                [
                    ellipse.centerX, ellipse.centerY, ellipse.centerX + ellipse.width / 2,
                    ellipse.centerY,
                ]
            )
        case .keypoints(let points):
            if points.contains(where: { $0.visibility != .visible }) {
                report.lose("whether a point can be seen has no place", example: label.item)
            }
            let seen = points.filter { $0.visibility != .absent }
            if seen.isEmpty { break }
            return (seen.count == 1 ? "point" : "points", seen.flatMap { [$0.x, $0.y] })
        default: break
        }
        report.skip(
            "LabelMe has no such \(label.selector.kindName); export as coco or jsonl",
            example: label.item)
        return nil
    }
}
