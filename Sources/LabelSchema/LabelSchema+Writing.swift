import AnnotationModel
import LabelText

extension LabelSchema {
    /// The schema as it goes into the log: one line, members in a fixed order, nothing that says nothing.
    ///
    /// Two schemas that say the same have the same text, and reading it gives the same schema.
    public var text: String { written(inLines: false) }

    /// The same text with one class, attribute or mapping a line, for people.
    public var textInLines: String { written(inLines: true) }

    private func written(inLines: Bool) -> String {
        if self == LabelSchema() { return "{}" }
        var writer = SchemaWriter(inLines: inLines)
        writer.write(self)
        return String(decoding: writer.json.bytes, as: UTF8.self)
    }
}

/// Writes the parts of a schema.
package struct SchemaWriter {
    package var json = JSONWriter()
    package let inLines: Bool

    package init(inLines: Bool) { self.inLines = inLines }

    package mutating func write(_ schema: LabelSchema) {
        json.beginObject()
        json.key("schemaVersion")
        json.integer(LabelSchema.version)
        text("title", schema.title)
        if let classes = schema.classes {
            line()
            json.key("classes")
            list(classes) { $0.write($1) }
        }
        if let attributes = schema.attributes {
            line()
            json.key("attributes")
            list(attributes) { $0.write($1) }
        }
        if schema.allowsOtherAttributes { flag("additionalAttributes") }
        if !schema.selectors.isEmpty {
            line()
            json.key("selectors")
            json.beginObject()
            for rule in schema.selectors {
                line()
                json.key(name: rule.mediaType)
                names(rule.selectors.map(\.rawValue))
            }
            json.endObject()
        }
        if !schema.mappings.isEmpty {
            line()
            json.key("mappings")
            json.beginObject()
            for (old, new) in schema.mappings.sorted(by: { $0.key < $1.key }) {
                line()
                json.key(name: old)
                json.string(new)
            }
            json.endObject()
        }
        json.endObject()
    }

    private mutating func write(_ entry: LabelClass) {
        if entry == LabelClass(name: entry.name) { return json.string(entry.name) }
        json.beginObject()
        text("name", entry.name)
        text("parent", entry.parent)
        if entry.isAbstract { flag("abstract") }
        names("synonyms", entry.synonyms)
        text("color", entry.color)
        text("description", entry.description)
        names("keypoints", entry.keypoints)
        if !entry.skeleton.isEmpty {
            json.key("skeleton")
            json.value(.array(entry.skeleton.map { .array($0.map { .integer($0) }) }))
        }
        if let kinds = entry.selectors { names("selectors", kinds.map(\.rawValue)) }
        if let attributes = entry.attributes {
            json.key("attributes")
            json.beginArray()
            for attribute in attributes { write(attribute) }
            json.endArray()
        }
        json.endObject()
    }

    private mutating func write(_ attribute: AttributeDefinition) {
        json.beginObject()
        text("name", attribute.name)
        text("type", attribute.type.rawValue)
        text("unit", attribute.unit)
        value("minimum", attribute.minimum)
        value("maximum", attribute.maximum)
        if let permitted = attribute.permitted {
            json.key("enum")
            json.beginArray()
            for value in permitted { FieldValueJSON.write(value, to: &json) }
            json.endArray()
        }
        if attribute.isRequired { flag("required") }
        text("description", attribute.description)
        if let classes = attribute.classes {
            json.key("classes")
            names(classes)
        }
        json.endObject()
    }

    // MARK: Members

    private mutating func line() {
        if inLines { json.lineBreak() }
    }

    private mutating func list<Element>(
        _ elements: [Element], _ body: (inout SchemaWriter, Element) -> Void
    ) {
        json.beginArray()
        for element in elements {
            line()
            body(&self, element)
        }
        json.endArray()
    }

    private mutating func text(_ name: StaticString, _ value: String) {
        if value.isEmpty { return }
        json.key(name)
        json.string(value)
    }

    private mutating func flag(_ name: StaticString) {
        json.key(name)
        json.bool(true)
    }

    private mutating func value(_ name: StaticString, _ value: FieldValue?) {
        guard let value else { return }
        json.key(name)
        FieldValueJSON.write(value, to: &json)
    }

    private mutating func names(_ name: StaticString, _ values: [String]) {
        if values.isEmpty { return }
        json.key(name)
        names(values)
    }

    private mutating func names(_ values: [String]) {
        json.beginArray()
        for value in values { json.string(value) }
        json.endArray()
    }
}
