import AnnotationModel
import LabelText

/// Writes one page of annotations.
enum WebAnnotationWriter {
    static func write(
        _ source: LabelSource, to output: any FormatOutput
    ) throws -> ConversionReport {
        var report = ConversionReport()
        var ids: ByteSet = []
        var items: ByteSet = []
        var number = 0
        var text = BufferedText(output)
        try output.begin("annotations.jsonld")
        try text.append(
            "{\"@context\":[\"\(WebAnnotationFormat.context)\","
                + WebAnnotationFormat.ownContext.text + "],"
                + "\"id\":\"urn:countermark:page\",\"type\":\"AnnotationPage\",\"items\":[")
        try source.forEachAnnotation { label in
            if label.isRetracted {
                return report.skip(
                    "a retracted label has no place in Web Annotation", example: label.item)
            }
            guard !label.className.isEmpty else {
                return report.skip("a label without class has no body", example: label.item)
            }
            number += 1
            var id = label.externalID ?? ""
            let isUsable = WebResource.hasScheme(id) && WebResource.isIRI(id)
            if !isUsable || ids.contains(id) { id = "urn:countermark:export:\(number)" }
            while !ids.insert(id).inserted { id += "+" }
            let json = kept(label, id, &report) ?? document(label, id: id)
            try text.append((report.annotations == 0 ? "\n" : ",\n") + json.text)
            output.labelWritten(as: id)
            items.insert(label.item)
            report.annotations += 1
        }
        try text.append("\n]}\n")
        try text.flush()
        try output.end()
        report.items = items.count
        return report
    }

    /// The document that the label came from, if the label still says the same; where it was changed, what
    /// of the document the label does not speak of.
    private static func kept(
        _ label: LabelRecord, _ id: String, _ report: inout ConversionReport
    ) -> JSONValue? {
        guard let text = label.attributes[WebAnnotationFormat.document]?.text,
            case .object(var members)? = try? JSONValue(parsing: text)
        else { return nil }
        var said = label
        said.attributes[WebAnnotationFormat.document] = nil
        let original = try? WebAnnotationReader.label(.object(members)) { _ in [:] }
        if var original {
            (original.externalID, original.provenance) = (label.externalID, label.provenance)
            if original.source == nil { original.source = label.source }
            // A place that only the item's text or size resolved is not resolved here.
            let isSame =
                original == said
                || original.attributes[WebAnnotationFormat.unresolved] != nil
                    && said.attributes[WebAnnotationFormat.unresolved] == nil
                    && resolved(original, like: said) == said
            if isSame {
                if members["id"] == nil, label.externalID == nil { return .object(members) }
                if let own = members["id"]?.string, own == id { return .object(members) }
                members["id"] = .string(id)
                return .object(members)
            }
        }
        report.lose(
            "the label was changed since it was read; body and target are written anew",
            example: label.item)
        said.attributes[WebAnnotationFormat.unresolved] = nil
        guard case .object(let anew) = document(said, id: id) else { return nil }
        for name in ["body", "bodyValue", "target", "creator"] { members[name] = nil }
        return .object(members.merging(anew))
    }

    private static func resolved(_ original: LabelRecord, like said: LabelRecord) -> LabelRecord {
        var copy = original
        copy.attributes[WebAnnotationFormat.unresolved] = nil
        copy.selector = said.selector
        return copy
    }

    /// The document of a label.
    static func document(_ label: LabelRecord, id: String?) -> JSONValue {
        var members: ByteMap<JSONValue> = [
            "type": .string("Annotation"), "motivation": .string("tagging"),
            "body": .array([
                .object([
                    "type": .string("TextualBody"), "purpose": .string("tagging"),
                    "value": .string(label.className),
                ])
            ]), "target": target(label),
        ]
        if let id { members["id"] = .string(id) }
        if let author = label.author {
            members["creator"] = .object(["type": .string("Person"), "name": .string(author)])
        }
        if let source = label.source { members["countermark:source"] = .string(source) }
        if let confidence = label.confidence {
            members["countermark:confidence"] =
                Int64(exactly: confidence).map { .integer($0) } ?? .double(confidence)
        }
        let attributes = label.attributes.filter { $0.key != WebAnnotationFormat.document }
        if !attributes.isEmpty {
            var writer = JSONWriter()
            FieldValueJSON.write(fields: attributes, to: &writer)
            members["countermark:attributes"] = try? JSONValue(parsing: writer.bytes)
        }
        return .object(members)
    }

    private static func target(_ label: LabelRecord) -> JSONValue {
        if case .targets(let targets) = label.selector, targets.count > 1,
            case .item(let first)? = targets.first?.reference, first.hasSameBytes(as: label.item),
            targets.allSatisfy({ $0.role.isEmpty })
        {
            var list: [JSONValue] = []
            for target in targets {
                guard case .item(let key) = target.reference else { break }
                list.append(resource(key, target.selector))
            }
            if list.count == targets.count { return .array(list) }
        }
        return resource(label.item, label.selector)
    }

    private static func resource(_ key: String, _ selector: Selector) -> JSONValue {
        let source = JSONValue.string(WebResource.iri(key))
        if selector == .wholeItem { return source }
        return .object([
            "source": source, "selector": .array(WebSelector.write(selector)),
        ])
    }
}
