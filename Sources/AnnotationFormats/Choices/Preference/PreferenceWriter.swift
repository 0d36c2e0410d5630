import AnnotationModel
import LabelText

/// Writes one record a label, in the order of the labels.
///
/// The prompts of all items that have one are held, because labels come in another order.
struct PreferenceWriter {
    let kind: PreferenceFormat.Kind
    /// Attributes that trainers look for beside the responses, and nowhere else.
    private static let columns = [
        "margin", "score_chosen", "score_rejected", "history", "images", "videos", "audios",
    ]

    func write(
        _ source: LabelSource, to output: any FormatOutput
    ) throws -> ConversionReport {
        var report = ConversionReport()
        var items: ByteMap<ItemRecord> = [:]
        let names = ["prompt", "input", "system", "tools"]
        try source.forEachItem { item in
            let kept = item.fields.filter { names.contains($0.key) }
            if kept["prompt"] != nil { items[item.key] = ItemRecord(key: item.key, fields: kept) }
        }
        var counter = ItemCounter()
        var written: ByteSet = []
        var buffer = BufferedJSON(output)
        try output.begin("\(kind.rawValue).jsonl")
        try source.forEachAnnotation { label in
            guard let members = members(label, items[label.item], &report) else { return }
            buffer.writer.value(.object(members))
            buffer.writer.newline()
            output.labelWritten(as: "\(label.item)#\(counter.next(label.item))")
            written.insert(label.item)
            report.annotations += 1
            try buffer.flushIfLarge()
        }
        try buffer.flush()
        try output.end()
        report.items = written.count
        return report
    }

    private func members(
        _ label: LabelRecord, _ item: ItemRecord?, _ report: inout ConversionReport
    ) -> ByteMap<JSONValue>? {
        if label.isRetracted {
            report.skip("a retracted label has no place in \(kind.rawValue)", example: label.item)
            return nil
        }
        guard case .preference(let groups) = label.selector else {
            report.skip(
                "\(kind.rawValue) has judgements of responses only, this is a "
                    + label.selector.kindName, example: label.item)
            return nil
        }
        guard let item, let prompt = item.fields["prompt"] else {
            report.skip("the item has no field \"prompt\"", example: label.item)
            return nil
        }
        var attributes = label.attributes
        var members: ByteMap<JSONValue> = ["item": .string(label.item)]
        let question = json(prompt)
        guard let usual = respond(label, groups, to: question, &attributes, &members) else {
            report.skip(refusal, example: label.item)
            return nil
        }
        if members["messages"] == nil {
            members[kind == .answers ? "instruction" : "prompt"] = question
        }
        for name in ["system", "tools", "input"] {
            guard let value = item.fields[name] else { continue }
            if name == "input", members["output"] == nil {
                report.lose("an item's \"input\" goes with answers only", example: label.item)
            } else {
                members[name] = json(value)
            }
        }
        if label.className != usual { members["class"] = .string(label.className) }
        if let author = label.author { members["rater"] = .string(author) }
        if let confidence = label.confidence { members["confidence"] = .double(confidence) }
        // Readers of answers index it, also where there is none.
        if kind == .answers, members["input"] == nil { members["input"] = .string("") }
        for name in Self.columns {
            guard let value = attributes[name], value != .null else { continue }
            members[name] = json(value)
            attributes[name] = nil
        }
        if !attributes.isEmpty { members["attributes"] = json(.map(attributes)) }
        return members
    }

    private var refusal: String {
        switch kind {
        case .all: "a preference of an unknown shape"
        case .pairs: "dpo has one chosen and one rejected response, no ties; export as preference"
        case .judgements: "kto has single responses judged desirable or undesirable"
        case .answers:
            "alpaca has single answers to a text, without judgement; export as preference"
        }
    }

    /// Adds the responses; returns the class that a reader gives to the record, or nil for a shape that
    /// the kind does not write.
    private func respond(
        _ label: LabelRecord, _ groups: [[String]], to prompt: JSONValue,
        _ attributes: inout [String: FieldValue], _ members: inout ByteMap<JSONValue>
    ) -> String? {
        let said = { (text: String) in Self.continuation(text, of: prompt) }
        let single = groups.count == 1 && groups[0].count == 1 ? groups[0][0] : nil
        let verdicts = [PreferenceClass.desirable: true, PreferenceClass.undesirable: false]
        if let single {
            if let verdict = verdicts[label.className] {
                guard kind == .all || kind == .judgements else { return nil }
                members["completion"] = said(single)
                members["label"] = .bool(verdict)
                return label.className
            }
            guard kind == .all || kind == .answers, kind == .all || !isRated(label) else {
                return nil
            }
            if isRated(label) {
                members["completion"] = said(single)
                members["ratings"] = ratings(&attributes)
                return PreferenceClass.rating
            }
            // An answer is what "output" says; a conversation goes on with it.
            if let messages = prompt.array {
                guard kind == .all else { return nil }
                let last = said(single)
                if let message = last.array, message.count == 1 {
                    members["messages"] = .array(messages + message)
                } else {
                    members["completion"] = last
                }
            } else {
                members["output"] = .string(single)
            }
            return PreferenceClass.answer
        }
        if groups.count == 2, groups.allSatisfy({ $0.count == 1 }),
            label.className != PreferenceClass.ranking
        {
            guard kind == .all || kind == .pairs else { return nil }
            members["chosen"] = said(groups[0][0])
            members["rejected"] = said(groups[1][0])
            return PreferenceClass.pair
        }
        guard kind == .all else { return nil }
        var (responses, ranks): ([JSONValue], [JSONValue]) = ([], [])
        for (index, group) in groups.enumerated() {
            for response in group {
                responses.append(said(response))
                ranks.append(.integer(Int64(index + 1)))
            }
        }
        members["responses"] = .array(responses)
        members["ranking"] = .array(ranks)
        return PreferenceClass.ranking
    }

    /// A response in the shape of its prompt: trainers take a text after a text, and messages after messages
    /// with the same members.
    private static func continuation(_ text: String, of prompt: JSONValue) -> JSONValue {
        // Several messages are a conversation, whatever their prompt is.
        if text.first == "[", let several = try? JSONValue(parsing: text),
            (try? PreferenceRecord.response(several)) == text
        {
            return several
        }
        guard let first = prompt.array?.first else { return .string(text) }
        let isShareGPT = first["role"] == nil
        return .array([
            .object([
                isShareGPT ? "from" : "role": .string(isShareGPT ? "gpt" : "assistant"),
                isShareGPT ? "value" : "content": .string(text),
            ])
        ])
    }

    private func isRated(_ label: LabelRecord) -> Bool {
        label.className == PreferenceClass.rating
            && label.attributes.contains { $0.key.hasPrefix("rating.") && $0.value.number != nil }
    }

    private func ratings(_ attributes: inout [String: FieldValue]) -> JSONValue {
        var ratings: ByteMap<JSONValue> = [:]
        for (name, value) in attributes where name.hasPrefix("rating.") && value.number != nil {
            ratings[String(name.dropFirst(7))] = json(value)
            attributes[name] = nil
        }
        return .object(ratings)
    }

    private func json(_ value: FieldValue) -> JSONValue {
        switch value {
        case .null: return .null
        case .bool(let value): return .bool(value)
        case .integer(let value): return .integer(value)
        case .float(let value): return .double(value)
        case .text(let value): return .string(value)
        case .array(let list): return .array(list.map(json))
        case .bytes, .map:
            var writer = JSONWriter()
            FieldValueJSON.write(value, to: &writer)
            return (try? JSONValue(parsing: writer.bytes)) ?? .null
        }
    }
}
