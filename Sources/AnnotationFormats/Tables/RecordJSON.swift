import AnnotationModel

/// The parts of a record that JSON Lines and CSV share.
enum RecordJSON {
    /// What a class has besides its name, as an object.
    static func write(details record: ClassRecord, to writer: inout JSONWriter) {
        writer.beginObject()
        if !record.parent.isEmpty {
            writer.key("parent")
            writer.string(record.parent)
        }
        if !record.keypoints.isEmpty {
            writer.key("keypoints")
            writer.beginArray()
            for name in record.keypoints { writer.string(name) }
            writer.endArray()
        }
        if !record.skeleton.isEmpty {
            writer.key("skeleton")
            writer.beginArray()
            for joint in record.skeleton {
                writer.beginArray()
                for end in joint { writer.integer(end) }
                writer.endArray()
            }
            writer.endArray()
        }
        if !record.color.isEmpty {
            writer.key("color")
            writer.string(record.color)
        }
        if let number = record.number {
            writer.key("number")
            writer.integer(number)
        }
        writer.endObject()
    }

    /// A class from its name and ``write(details:to:)``'s object; nil where that is malformed.
    static func classRecord(name: String, details: JSONValue) -> ClassRecord? {
        guard case .object(let members) = details else { return nil }
        var record = ClassRecord(name: name)
        for (key, value) in members {
            switch (key, value) {
            case ("parent", .string(let parent)): record.parent = parent
            case ("color", .string(let color)) where LabelSchema.isColor(color):
                record.color = color.lowercased()
            case ("number", .integer(let number)): record.number = number
            case ("keypoints", .array(let names)):
                record.keypoints = names.compactMap(\.string)
                if record.keypoints.count != names.count { return nil }
            case ("skeleton", .array(let joints)):
                for joint in joints {
                    let ends = (joint.array ?? [.null]).compactMap(\.integer)
                    guard ends.count == 2 else { return nil }
                    record.skeleton.append(ends)
                }
            default: return nil
            }
        }
        return record
    }

    /// Fields from an object; nil for anything else or for a value that the model does not have.
    static func fields(_ json: JSONValue) -> [String: FieldValue]? {
        guard case .object(let members) = json else { return nil }
        var fields: [String: FieldValue] = [:]
        for (name, member) in members {
            guard let value = FieldValueJSON.value(member) else { return nil }
            fields[name] = value
        }
        return fields
    }

    static let activeName = "active"
    static let retractedName = "retracted"

    /// Whether a status means retracted; nil for an unknown one.
    static func isRetracted(_ status: String) -> Bool? {
        switch status {
        case activeName: false
        case retractedName: true
        default: nil
        }
    }
}
