import AnnotationModel
import LabelText

extension CVATWriter {
    mutating func writeTracks(_ source: LabelSource, _ video: String) throws {
        var id = 0
        if videos[video] != nil { report.items += 1 }
        try source.forEachAnnotation { label in
            guard label.item.hasSameBytes(as: video) else { return }
            if label.isRetracted {
                return report.skip("a retracted label has no place in CVAT", example: label.item)
            }
            guard case .track(let frames) = label.selector else {
                return report.skip(
                    "a video has tracks in CVAT; this is a \(label.selector.kindName)",
                    example: label.item)
            }
            guard let bytes = track(label, frames, id: id) else { return }
            try output.write(bytes)
            output.labelWritten(as: "track:\(video)#\(id)")
            id += 1
            report.annotations += 1
        }
    }

    /// A track; long, since every keyframe is written with all that CVAT asks of one.
    private mutating func track(
        _ label: LabelRecord, _ frames: [Selector.Keyframe], id: Int
    ) -> [UInt8]? {
        guard !label.className.isEmpty else {
            report.skip("a label without class has no place in CVAT", example: label.item)
            return nil
        }
        var attributes = label.attributes
        var members = [("id", String(id)), ("label", label.className)]
        Self.takeMembers(&attributes, into: &members)
        var changes: ByteMap<[Int64: FieldValue]> = [:]
        for (name, value) in attributes where name.hasPrefix(CVATFormat.changesPrefix) {
            guard case .array(let list) = value else { continue }
            let plain = String(name.dropFirst(CVATFormat.changesPrefix.count))
            for element in list {
                if case .array(let pair) = element, pair.count == 2,
                    case .integer(let frame) = pair[0]
                {
                    changes[plain, default: [:]][frame] = pair[1]
                }
            }
            attributes[name] = nil
        }
        var isOccluded = attributes.removeValue(forKey: "cvat.occluded") == .bool(true)
        var current = attributes
        var writer = XMLWriter()
        writer.start("track", members)
        for frame in frames {
            guard let number = Int64(exactly: frame.time) else {
                report.skip(
                    "CVAT counts frames, this track has times between them", example: label.item)
                return nil
            }
            guard
                case (var name, var shape)? = Self.shape(
                    frame.selector, item: label.item, report: &report)
            else { return nil }
            if isSkeleton(frame.selector, label.className) { (name, shape) = ("skeleton", []) }
            for (name, values) in changes {
                guard let value = values[number] else { continue }
                if name == "occluded" {
                    isOccluded = value == .bool(true)
                } else {
                    current[name] = value
                }
            }
            var members = [
                ("frame", String(number)), ("outside", frame.isOutside ? "1" : "0"),
                ("occluded", isOccluded ? "1" : "0"), ("keyframe", "1"),
            ]
            members += shape
            guard name != "tag" else {
                report.skip("CVAT has no track of this kind here", example: label.item)
                return nil
            }
            writer.start(name, members)
            var (own, shown) = (current, label)
            shown.selector = frame.selector
            if name == "skeleton" { writePoints(shown, &own, &writer, &report) }
            write(own, label, &writer, &report)
            writer.end()
        }
        writer.end()
        if label.confidence != nil {
            report.lose("the confidence has no place in CVAT", example: label.item)
        }
        return writer.bytes
    }
}
