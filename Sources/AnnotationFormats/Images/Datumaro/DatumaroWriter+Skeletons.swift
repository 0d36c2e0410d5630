import AnnotationModel
import LabelText

extension DatumaroWriter {
    /// Writes points as the skeleton that they were; false where they were none, or their class names other points.
    func writeSkeleton(
        _ label: LabelRecord, _ points: [Selector.Keypoint],
        _ attributes: inout [String: FieldValue], _ writer: inout JSONWriter
    ) -> Bool {
        guard attributes[DatumaroFormat.skeletonAttribute] == .bool(true),
            let first = firstPoint[label.className],
            let names = records.first(where: { $0.name == label.className })?.keypoints,
            names.count == points.count
        else { return false }
        attributes[DatumaroFormat.skeletonAttribute] = nil
        writer.string("skeleton")
        writer.key("elements")
        writer.beginArray()
        for (index, point) in points.enumerated() {
            let prefix = CVATSkeletons.attribute("", of: names[index])
            var own: [String: FieldValue] = [:]
            for (key, value) in attributes
            where key.hasPrefix(prefix) && key.utf8.count > prefix.utf8.count {
                own[String(key.dropFirst(prefix.count))] = value
                attributes[key] = nil
            }
            writer.beginObject()
            writer.key("type")
            writer.string("points")
            writer.key("label_id")
            writer.integer(first + index)
            writer.key("group")
            writer.integer(0)
            writer.key("z_order")
            writer.integer(0)
            writer.key("points")
            writer.coordinates([point.x, point.y])
            writer.key("visibility")
            writer.coordinates([Double(point.visibility.rawValue)])
            writer.key("attributes")
            FieldValueJSON.write(fields: own, to: &writer)
            writer.endObject()
        }
        writer.endArray()
        return true
    }
}
