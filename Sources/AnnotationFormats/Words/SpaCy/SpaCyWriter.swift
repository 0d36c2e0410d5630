import AnnotationModel
import LabelText

/// Writes one record an item.
enum SpaCyWriter {
    /// What a record has of one kind; its number is the place in its list.
    private enum Part: String {
        case span = "s"
        case category = "c"
        case relation = "r"
    }

    static func write(
        _ source: LabelSource, to output: any FormatOutput
    ) throws -> ConversionReport {
        var report = ConversionReport()
        var counter = ItemCounter()
        // Classes are sorted in the record, so their numbers are known only when all of an item are.
        let classes = try classNames(source)
        var written: ByteSet = []
        var offsets = LastOffsets()
        try output.begin("labels.spacy.jsonl")
        let files = ItemFiles(format: "spaCy", place: .element) { item, _ in item.key }
        try files.write(source, to: ElementOutput(output), report: &report) {
            label, item, _, report in
            guard let text = item.fields["text"]?.text else {
                report.skip("the item has no field \"text\"", example: item.key)
                return nil
            }
            guard let (part, json) = part(label, offsets.of(text, item: item.key), &report)
            else { return nil }
            var number = 0
            if part == .category {
                guard written.insert("\(item.key)\n\(label.className)").inserted else {
                    report.skip("the text has the class already", example: item.key)
                    return nil
                }
                number = (classes[item.key]?.firstIndex(of: label.className) ?? 0) + 1
            } else {
                number = counter.next(part.rawValue + item.key)
            }
            output.labelWritten(as: "\(item.key)#\(part.rawValue)\(number)")
            return Array(part.rawValue.utf8) + json
        } wrap: { item, labels in
            if labels.isEmpty, item.fields["examined"] != .bool(true) { return nil }
            guard let text = item.fields["text"]?.text else { return nil }
            return record(item, text, labels + absent(item, classes[item.key] ?? []))
        }
        try output.end()
        return report
    }

    /// The field of an item with the categories that it does not have.
    static let absentField = "cats.no"

    /// What is said of categories that the item does not have, as long as no label says otherwise.
    private static func absent(_ item: ItemRecord, _ present: [String]) -> [[UInt8]] {
        guard case .array(let names)? = item.fields[absentField] else { return [] }
        return names.compactMap(\.text).filter { name in
            !name.isEmpty && !present.contains { $0.hasSameBytes(as: name) }
        }.map { name in
            var writer = JSONWriter()
            writer.string(name)
            return Array(Part.category.rawValue.utf8) + writer.bytes + Array(":0.0".utf8)
        }
    }

    private static func classNames(_ source: LabelSource) throws -> ByteMap<[String]> {
        var names: ByteMap<ByteSet> = [:]
        try source.forEachAnnotation { label in
            guard case .wholeItem = label.selector, !label.isRetracted, !label.className.isEmpty
            else { return }
            names[label.item, default: []].insert(label.className)
        }
        return names.mapValues { $0.sorted() }
    }

    private static func record(
        _ item: ItemRecord, _ text: String, _ labels: [[UInt8]]
    ) -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("text")
        writer.string(text)
        var bytes = writer.bytes
        for (part, name, ends) in [
            (Part.span, "spans", "[]"), (.category, "cats", "{}"), (.relation, "relations", "[]"),
        ] {
            let mark = Array(part.rawValue.utf8)
            let own = labels.filter { $0.starts(with: mark) }.map { Array($0.dropFirst()) }
            if own.isEmpty, part != .span { continue }
            let sorted =
                part == .category
                ? own.sorted { $0.lexicographicallyPrecedes($1) } : own
            bytes += Array(",\"\(name)\":\(ends.prefix(1))".utf8)
            bytes += sorted.joined(separator: Array(",".utf8))
            bytes += Array(ends.suffix(1).utf8)
        }
        var meta = JSONWriter()
        meta.beginObject()
        meta.key("item")
        meta.string(item.key)
        let kept = KeptMember.members(
            of: item.fields, prefix: SpaCyMember.metaPrefix, except: ["item"])
        for member in kept {
            meta.key(name: member.name)
            FieldValueJSON.write(member.value, to: &meta)
        }
        meta.endObject()
        let others = KeptMember.members(
            of: item.fields, prefix: SpaCyMember.prefix, except: SpaCyMember.ofRecord)
        for member in others where !member.field.hasPrefix(SpaCyMember.metaPrefix) {
            meta.key(name: member.name)
            FieldValueJSON.write(member.value, to: &meta)
        }
        return bytes + Array(",\"meta\":".utf8) + meta.bytes + Array("}\n".utf8)
    }

    private static func part(
        _ label: LabelRecord, _ offsets: TextOffsets, _ report: inout ConversionReport
    ) -> (Part, [UInt8])? {
        guard !label.className.isEmpty else {
            report.skip("a label without class has no place in spaCy", example: label.item)
            return nil
        }
        var writer = JSONWriter()
        switch label.selector {
        case .textSpan(let start, let end, _):
            guard let members = span(start, end, offsets) else { break }
            writer.beginObject()
            for (name, value) in members.sortedByKey() {
                writer.key(name: name)
                writer.value(value)
            }
            finish(label, &writer, &report)
            return (.span, writer.bytes)
        case .wholeItem:
            if label.confidence == 0 {
                report.skip("a class of confidence 0 would say \"not this\"", example: label.item)
                return nil
            }
            report.loseMembers(of: label, in: "spaCy's classes", keepsConfidence: true)
            writer.string(label.className)
            let figure = JSONValue.double(label.confidence ?? 1).text
            return (.category, writer.bytes + Array((":" + figure).utf8))
        case .relation(_, let from, let to) where from.count == 1 && to.count == 1:
            guard case .textSpan(let start, let end, _) = from[0].selector,
                case .textSpan(let first, let last, _) = to[0].selector,
                let head = span(start, end, offsets), let child = span(first, last, offsets)
            else { break }
            if !from[0].role.isEmpty || !to[0].role.isEmpty {
                report.lose("roles have no place in spaCy's relations", example: label.item)
            }
            writer.beginObject()
            writer.key("head_span")
            writer.value(.object(head))
            writer.key("child_span")
            writer.value(.object(child))
            finish(label, &writer, &report)
            return (.relation, writer.bytes)
        default: break
        }
        report.skip(
            "spaCy has spans within the text, relations of two spans and classes, this is a "
                + label.selector.kindName, example: label.item)
        return nil
    }

    private static func span(
        _ start: Int64, _ end: Int64, _ offsets: TextOffsets
    ) -> ByteMap<JSONValue>? {
        guard let first = Int(exactly: start), let last = Int(exactly: end),
            let quote = offsets.quote(first, last)
        else { return nil }
        return ["start": .integer(start), "end": .integer(end), "text": .string(quote)]
    }

    private static func finish(
        _ label: LabelRecord, _ writer: inout JSONWriter, _ report: inout ConversionReport
    ) {
        report.loseMembers(
            of: label, in: "spaCy", except: ByteSet(label.attributes.keys), keepsConfidence: true)
        writer.key("label")
        writer.string(label.className)
        var attributes = label.attributes
        let own = KeptMember.members(
            of: attributes, prefix: SpaCyMember.prefix, except: SpaCyMember.ofLabel)
        for member in own {
            attributes[member.field] = nil
            writer.key(name: member.name)
            FieldValueJSON.write(member.value, to: &writer)
        }
        if !attributes.isEmpty {
            writer.key("attributes")
            FieldValueJSON.write(fields: attributes, to: &writer)
        }
        if let confidence = label.confidence {
            writer.key("score")
            writer.coordinate(confidence)
        }
        writer.endObject()
    }
}
