import AnnotationModel
import LabelText

/// Reads one record.
struct SpaCyReader {
    let place: String
    /// The key of a record that names no item; asked for only then.
    let fallbackKey: () throws -> String
    let context: ReadContext
    /// What has no place, which the caller tells.
    let lost: LostMembers

    private struct Span {
        var start, end: Int64
        var selector: Selector
    }

    func read(_ json: JSONValue, into sink: EventSink) throws {
        var record = json
        if let pair = json.array {
            guard pair.count == 2, pair[0].string != nil, case .object(var members) = pair[1] else {
                return try sink(.skipped(where: place, why: "a pair is: text, object"))
            }
            members["text"] = pair[0]
            record = .object(members)
        }
        guard let text = record["text"]?.string ?? record["data"]?.string else {
            return try sink(.skipped(where: "\(place), text", why: "missing; a record has a text"))
        }
        if let answer = record["answer"]?.string, answer != "accept" {
            return try sink(.skipped(where: place, why: "the annotator's answer was \(answer)"))
        }
        let key = try record["meta"]?["item"]?.string ?? record["id"]?.plainText ?? fallbackKey()
        let document = TextDocument(text)
        if let known = try context.itemFields(key)?["text"]?.text,
            !known.unicodeScalars.elementsEqual(text.unicodeScalars)
        {
            return try sink(
                .skipped(
                    where: "\(place), text",
                    why: "another text than that of the item; spans would move"))
        }
        var fields = document.fields
        let lists = ["spans", "entities", "label", "labels", "relations", "cats"]
        let isLabelled = lists.contains { name in
            switch record[name] {
            case .array(let list)?: !list.isEmpty
            case .object(let members)?: !members.isEmpty
            default: false
            }
        }
        let absent = Self.absent(record)
        if !absent.isEmpty { fields[SpaCyWriter.absentField] = .array(absent.map { .text($0) }) }
        if !isLabelled { fields["examined"] = .bool(true) }
        KeptMember.add(
            record, except: SpaCyMember.ofRecord, prefix: SpaCyMember.prefix, to: &fields, lost)
        KeptMember.add(
            record["meta"], except: ["item"], prefix: SpaCyMember.metaPrefix, to: &fields, lost)
        lost.count(record["tokens"] == nil ? nil : .object(["tokens": .bool(true)]), except: [])
        guard try Emit.item(key, fields, at: place, into: sink) else { return }
        let author = record["_annotator_id"]?.string ?? record["annotator"]?.string
        var spans: ByteMap<Span> = [:]
        try readSpans(record, key, author, document, &spans, into: sink)
        try readClasses(record, key, author, into: sink)
        try readRelations(record, key, author, document, spans, into: sink)
    }

    private func readSpans(
        _ record: JSONValue, _ key: String, _ author: String?, _ document: TextDocument,
        _ spans: inout ByteMap<Span>, into sink: EventSink
    ) throws {
        var number = 0
        for name in ["spans", "entities", "label"] {
            for (index, json) in (record[name]?.array ?? []).enumerated() {
                if name == "label", json.string != nil { continue }
                number += 1
                // Doccano numbers its entities once and for all; all else is a place in a list.
                let id =
                    json["id"]?.plainText.map { "\(key)#id/\($0)" } ?? "\(key)#s\(number)"
                try Emit.label(at: "\(place), \(name)[\(index)]", into: sink) {
                    () throws(Refusal) in
                    let (label, span) = try span(json, key, document)
                    var identified = label
                    (identified.externalID, identified.author) = (id, author)
                    spans[json["id"]?.plainText ?? "#\(number)"] = span
                    return identified
                }
            }
        }
    }

    private func span(
        _ json: JSONValue, _ key: String, _ document: TextDocument
    ) throws(Refusal) -> (LabelRecord, Span) {
        let parts = json.array
        let start = parts?.first?.integer ?? json["start"]?.integer ?? json["start_offset"]?.integer
        let end =
            parts?.dropFirst().first?.integer ?? json["end"]?.integer ?? json["end_offset"]?.integer
        let name = parts?.dropFirst(2).first?.string ?? json["label"]?.string
        guard let start, let end, let name, !name.isEmpty else {
            throw Refusal("a span has a start, an end and a label")
        }
        let quote = json["text"]?.string ?? json["quote"]?.string
        let selector = try document.span(start, end, quote: quote).selector
        var label = LabelRecord(item: key, className: name, selector: selector)
        try setMembers(json, &label)
        return (label, Span(start: start, end: end, selector: selector))
    }

    private func setMembers(_ json: JSONValue, _ label: inout LabelRecord) throws(Refusal) {
        if let members = json["attributes"] {
            guard let fields = RecordJSON.fields(members) else {
                throw Refusal("\"attributes\" must be an object of plain values")
            }
            label.attributes = fields
        }
        if let score = json["score"], score != .null {
            guard let value = score.double else { throw Refusal("\"score\" must be a number") }
            label.confidence = value
        }
        KeptMember.add(
            json, except: SpaCyMember.ofLabel, prefix: SpaCyMember.prefix, to: &label.attributes,
            lost)
    }

    private static func isAbsent(_ value: JSONValue) -> Bool {
        value == .bool(false) || value.double == 0
    }

    /// The categories that somebody said the text does not have, which is more than saying nothing.
    private static func absent(_ record: JSONValue) -> [String] {
        guard case .object(let cats)? = record["cats"] else { return [] }
        return cats.sortedByKey().filter { isAbsent($0.value) && !$0.key.isEmpty }.map(\.key)
    }

    private func readClasses(
        _ record: JSONValue, _ key: String, _ author: String?, into sink: EventSink
    ) throws {
        var classes: [(name: String, value: JSONValue, place: String)] = []
        if case .object(let cats)? = record["cats"] {
            classes = cats.sortedByKey().map { ($0.key, $0.value, "cats.\($0.key)") }
        }
        for list in ["label", "labels", "accept"] {
            let names =
                record[list]?.array?.compactMap(\.string)
                ?? [record[list]?.string].compactMap { $0 }
            classes += names.map { ($0, .integer(1), list) }
        }
        classes.removeAll { Self.isAbsent($0.value) }
        for (index, entry) in classes.enumerated() {
            try Emit.label(at: "\(place), \(entry.place)", into: sink) { () throws(Refusal) in
                guard !entry.name.isEmpty else { throw Refusal("a class has a name") }
                var label = LabelRecord(item: key, className: entry.name, selector: .wholeItem)
                label.externalID = "\(key)#c\(index + 1)"
                label.author = author
                guard entry.value != .bool(true) else { return label }
                guard let figure = entry.value.double else {
                    throw Refusal("the figure of a class is a number within 0...1")
                }
                if figure != 1 { label.confidence = figure }
                return label
            }
        }
    }

    private func readRelations(
        _ record: JSONValue, _ key: String, _ author: String?, _ document: TextDocument,
        _ spans: ByteMap<Span>, into sink: EventSink
    ) throws {
        for (index, json) in (record["relations"]?.array ?? []).enumerated() {
            try Emit.label(at: "\(place), relations[\(index)]", into: sink) { () throws(Refusal) in
                guard let name = json["label"]?.string ?? json["type"]?.string, !name.isEmpty else {
                    throw Refusal("a relation has a label")
                }
                var ends: [Selector] = []
                for (inline, reference) in [("head_span", "from_id"), ("child_span", "to_id")] {
                    if let start = json[inline]?["start"]?.integer,
                        let end = json[inline]?["end"]?.integer
                    {
                        ends.append(try document.span(start, end).selector)
                    } else if let id = json[reference]?.plainText, let span = spans[id] {
                        ends.append(span.selector)
                    } else {
                        throw Refusal("\(inline) or \(reference) names no span of the record")
                    }
                }
                var label = LabelRecord(
                    item: key, className: name,
                    selector: .relation(
                        kind: name, from: [.init(.item(key), selector: ends[0])],
                        to: [.init(.item(key), selector: ends[1])]),
                    externalID: json["id"]?.plainText.map { "\(key)#relation/\($0)" }
                        ?? "\(key)#r\(index + 1)", author: author)
                try setMembers(json, &label)
                return label
            }
        }
    }
}
