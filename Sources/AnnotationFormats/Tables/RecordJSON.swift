import AnnotationModel
import LabelSchema
import LabelText

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
        if !record.otherNumbers.isEmpty {
            writer.key("otherNumbers")
            writer.beginArray()
            for number in record.otherNumbers { writer.integer(number) }
            writer.endArray()
        }
        if !record.attributes.isEmpty {
            writer.key("attributes")
            writer.value(.array(record.attributes.map(json)))
        }
        writer.endObject()
    }

    private static func json(_ attribute: ClassAttribute) -> JSONValue {
        var members: ByteMap<JSONValue> = [
            "name": .string(attribute.name), "type": .string(attribute.type),
            "values": .array(attribute.values.map { .string($0) }),
        ]
        if !attribute.usual.isEmpty { members["default"] = .string(attribute.usual) }
        if attribute.isMutable { members["mutable"] = .bool(true) }
        return .object(members)
    }

    private static func attribute(_ json: JSONValue) -> ClassAttribute? {
        guard let name = json["name"]?.string, !name.isEmpty, let type = json["type"]?.string,
            ClassAttribute.types.contains(type), let list = json["values"]?.array
        else { return nil }
        let values = list.compactMap(\.string)
        guard values.count == list.count else { return nil }
        return ClassAttribute(
            name: name, type: type, values: values, usual: json["default"]?.string ?? "",
            isMutable: json["mutable"] == .bool(true))
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
            case ("otherNumbers", .array(let numbers)):
                record.otherNumbers = numbers.compactMap(\.integer)
                if record.otherNumbers.count != numbers.count { return nil }
            case ("attributes", .array(let list)):
                record.attributes = list.compactMap(attribute)
                if record.attributes.count != list.count { return nil }
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
