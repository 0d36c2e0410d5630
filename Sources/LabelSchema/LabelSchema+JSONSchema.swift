import AnnotationModel
import LabelText

extension LabelSchema {
    /// A JSON Schema (draft 2020-12) for the class and the attributes of a label as jsonl files write it.
    ///
    /// `$defs` has one schema of attributes a class; the whole picks the one that a label's class asks for.
    /// A name that is mapped to a class asks for what that class does.
    public var jsonSchemaText: String {
        var writer = JSONWriter()
        writer.value(jsonSchema)
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    private var jsonSchema: JSONValue {
        var document: ByteMap<JSONValue> = [
            "$schema": .string("https://json-schema.org/draft/2020-12/schema"),
            "type": .string("object"), "required": .array([.string("class")]),
        ]
        if !title.isEmpty { document["title"] = .string(title) }
        let judge = LabelJudge(self)
        guard let classes else {
            let attributes = object(judge.attributes(of: ""))
            var properties: ByteMap<JSONValue> = ["class": Self.typed("string")]
            properties["attributes"] = attributes.schema
            document["properties"] = .object(properties)
            if attributes.isRequired {
                document["required"] = .array([.string("class"), .string("attributes")])
            }
            return .object(document)
        }
        let usable = classes.filter { !$0.isAbstract }
        let oldNames = Dictionary(grouping: mappings.keys.sorted()) { resolved($0) }
        var definitions: ByteMap<JSONValue> = [:]
        var cases: [JSONValue] = []
        var names: [JSONValue] = []
        for entry in usable {
            let all = ([entry.name] + (oldNames[entry.name] ?? [])).map { JSONValue.string($0) }
            let attributes = object(judge.attributes(of: entry.name), entry.description)
            definitions[entry.name] = attributes.schema
            names += all
            cases.append(Self.choice(entry.name, all, isRequired: attributes.isRequired))
        }
        document["properties"] = .object([
            "class": .object(["enum": .array(names)]), "attributes": Self.typed("object"),
        ])
        if !cases.isEmpty { document["allOf"] = .array(cases) }
        document["$defs"] = .object(definitions)
        return .object(document)
    }

    private static func typed(_ type: String) -> JSONValue { .object(["type": .string(type)]) }

    /// If a label has one of the names, then its attributes are the class's.
    private static func choice(
        _ name: String, _ all: [JSONValue], isRequired: Bool
    ) -> JSONValue {
        var then: ByteMap<JSONValue> = [
            "properties": .object([
                "attributes": .object(["$ref": .string("#/$defs/" + pointer(name))])
            ])
        ]
        if isRequired { then["required"] = .array([.string("attributes")]) }
        return .object([
            "if": .object(["properties": .object(["class": .object(["enum": .array(all)])])]),
            "then": .object(then),
        ])
    }

    /// A name as a part of a JSON pointer (RFC 6901) in a URI's fragment (RFC 3986 §3.5).
    private static func pointer(_ name: String) -> String {
        var text = ""
        for byte in name.utf8 {
            switch byte {
            case UInt8(ascii: "~"): text += "~0"
            case UInt8(ascii: "/"): text += "~1"
            case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, UInt8(ascii: "-"), UInt8(ascii: "."),
                UInt8(ascii: "_"):
                text.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                text += "%" + (digits.count == 1 ? "0" : "") + digits
            }
        }
        return text
    }

    private func object(
        _ attributes: [String: AttributeDefinition], _ description: String = ""
    ) -> (schema: JSONValue, isRequired: Bool) {
        var members: ByteMap<JSONValue> = ["type": .string("object")]
        if !description.isEmpty { members["description"] = .string(description) }
        members["properties"] = .object(
            ByteMap<JSONValue>(
                attributes.map { ($0.key, $0.value.jsonSchema) },
                uniquingKeysWith: { old, _ in old }))
        let required = attributes.values.filter(\.isRequired).map(\.name).sorted()
        if !required.isEmpty { members["required"] = .array(required.map { .string($0) }) }
        if restrictsAttributes, !allowsOtherAttributes {
            members["additionalProperties"] = .bool(false)
        }
        return (.object(members), !required.isEmpty)
    }
}

extension AttributeDefinition {
    /// The schema of the attribute's value; the unit, which JSON Schema lacks, is `x-unit`.
    fileprivate var jsonSchema: JSONValue {
        var members: ByteMap<JSONValue> = [:]
        switch type {
        case .bool: members["type"] = .string("boolean")
        case .integer: members["type"] = .string("integer")
        case .float: members["type"] = .string("number")
        case .text: members["type"] = .string("string")
        }
        members["minimum"] = minimum.map(\.jsonValue)
        members["maximum"] = maximum.map(\.jsonValue)
        members["enum"] = permitted.map { .array($0.map(\.jsonValue)) }
        if !unit.isEmpty { members["x-unit"] = .string(unit) }
        if !description.isEmpty { members["description"] = .string(description) }
        return .object(members)
    }
}

extension FieldValue {
    /// A value of an attribute; a schema has no lists and no maps.
    fileprivate var jsonValue: JSONValue {
        switch self {
        case .integer(let value): .integer(value)
        case .float(let value): .double(value)
        case .text(let value): .string(value)
        case .bool(let value): .bool(value)
        case .null, .bytes, .array, .map: .null
        }
    }
}
