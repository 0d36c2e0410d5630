import AnnotationModel
import LabelText

/// Reads the annotations of one file.
struct WebAnnotationReader {
    let file: FormatFile
    let context: ReadContext
    private var number = 0
    private var items: ByteSet = []
    private var ids: ByteSet = []

    init(file: FormatFile, context: ReadContext) { (self.file, self.context) = (file, context) }

    mutating func read(_ json: JSONValue, into sink: EventSink) throws {
        if let list = json.array {
            for (index, annotation) in list.enumerated() {
                try readOne(annotation, "[\(index)]", hasContext: false, into: sink)
            }
            return
        }
        let types = WebAnnotationCheck.types(json)
        guard types.contains("AnnotationPage") || types.contains("AnnotationCollection") else {
            return try readOne(json, "", hasContext: false, into: sink)
        }
        guard WebAnnotationCheck.hasContext(json) else {
            return try skip("@context", "the context must be \(WebAnnotationFormat.context)", sink)
        }
        let isPage = types.contains("AnnotationPage")
        let page = isPage ? json : json["first"]
        if page?["items"] == nil {
            return try skip("items", "no annotations are inside; pages are not fetched", sink)
        }
        if page?["next"] != nil {
            try sink(
                .note(
                    where: "\(file.file.name), next",
                    why: "further pages are not fetched; give them as files"))
        }
        let known: ByteSet = ["@context", "id", "type", "items", "first", "next"]
        if case .object(let members) = json, !known.isSuperset(of: members.keys) {
            let unknown = members.keys.filter { !known.contains($0) }.sorted()
            try sink(
                .note(
                    where: file.file.name,
                    why:
                        "what the list itself says (\(unknown.joined(separator: ", ").prefix(200))) is not kept"
                ))
        }
        let path = isPage ? "items" : "first.items"
        for (index, annotation) in (page?["items"]?.array ?? []).enumerated() {
            try readOne(annotation, "\(path)[\(index)]", hasContext: true, into: sink)
        }
    }

    private func skip(_ path: String, _ why: String, _ sink: EventSink) throws {
        try sink(
            .skipped(where: file.file.name + (path.isEmpty ? "" : ", \(path)"), why: why))
    }

    private mutating func readOne(
        _ json: JSONValue, _ path: String, hasContext: Bool, into sink: EventSink
    ) throws {
        number += 1
        guard hasContext || WebAnnotationCheck.hasContext(json) else {
            return try skip(path, "@context must be \(WebAnnotationFormat.context)", sink)
        }
        var label: LabelRecord
        do throws(Refusal) {
            try WebAnnotationCheck.check(json)
            label = try Self.label(json) { key throws(Refusal) in
                do {
                    return try context.itemFields(key) ?? [:]
                } catch {
                    throw Refusal("the item \(key.prefix(80)) cannot be looked up: \(error)")
                }
            }
        } catch {
            return try skip(path, error.why, sink)
        }
        let id = json["id"]?.string ?? "\(file.stem)#\(number)"
        guard ids.insert(id).inserted else {
            return try skip(path, "the id \(id.prefix(80)) occurs twice", sink)
        }
        label.externalID = id
        // What a writer would say by itself need not be kept.
        if WebAnnotationWriter.document(label, id: json["id"]?.string) != json {
            label.attributes[WebAnnotationFormat.document] = .text(json.text)
        }
        let place = file.file.name + (path.isEmpty ? "" : ", \(path)")
        if items.insert(label.item).inserted {
            guard try Emit.item(label.item, at: place, into: sink) else {
                items.remove(label.item)
                return
            }
        }
        let isTaken = try Emit.label(label, at: place, into: sink)
        if isTaken, let kind = label.attributes[WebAnnotationFormat.unresolved]?.text {
            try sink(
                .note(
                    where: place,
                    why: "the place by \(kind.prefix(80)) is not understood; the label is of the "
                        + "whole item, the document is kept"))
        }
    }

    // MARK: One annotation

    /// The label that a checked document makes, without external id and document.
    static func label(
        _ json: JSONValue, fields: (String) throws(Refusal) -> [String: FieldValue]
    ) throws(Refusal) -> LabelRecord {
        var unresolved: String?
        var targets: [Selector.Target] = []
        for target in WebAnnotationCheck.list(json["target"]) {
            for part in target["items"]?.array ?? [target] {
                targets.append(try self.target(part, &unresolved, fields))
            }
        }
        guard let first = targets.first, case .item(let key) = first.reference else {
            throw Refusal("the target is empty")
        }
        var label = LabelRecord(
            item: key, className: className(json),
            selector: targets.count == 1 ? first.selector : .targets(targets))
        if let unresolved {
            label.attributes[WebAnnotationFormat.unresolved] = .text(unresolved)
        }
        let creator = WebAnnotationCheck.list(json["creator"]).first
        label.author =
            creator?.string ?? creator?["name"]?.string ?? creator?["id"]?.string
            ?? creator?["nickname"]?.string
        label.source = json["countermark:source"]?.string
        label.confidence = json["countermark:confidence"]?.double
        if let members = json["countermark:attributes"] {
            guard let own = RecordJSON.fields(members) else {
                throw Refusal("countermark:attributes must be an object of plain values")
            }
            label.attributes.merge(own) { _, new in new }
        }
        return label
    }

    private static func target(
        _ json: JSONValue, _ unresolved: inout String?,
        _ fields: (String) throws(Refusal) -> [String: FieldValue]
    ) throws(Refusal) -> Selector.Target {
        let source = json["source"]
        guard
            let iri = json.string ?? source?.string ?? source?["id"]?.string ?? json["id"]?.string
        else { throw Refusal("the target names no source") }
        let parts = iri.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
        let key = WebResource.key(String(parts[0]))
        if let problem = ItemKey.problem(key) { throw Refusal(problem) }
        let known = try fields(key)
        let selectors = WebAnnotationCheck.list(json["selector"])
        if parts.count == 2 {
            // A fragment beside selectors would have to be combined with them.
            if selectors.isEmpty,
                let selector = WebSelector.fragment(String(parts[1]), nil, known)
            {
                return .init(.item(key), selector: selector)
            }
            unresolved = "#" + parts[1]
            return .init(.item(key))
        }
        if selectors.isEmpty { return .init(.item(key)) }
        if let selector = try WebSelector.read(selectors, fields: known) {
            return .init(.item(key), selector: selector)
        }
        unresolved = WebAnnotationCheck.types(selectors[0]).first ?? "selector"
        return .init(.item(key))
    }

    private static func className(_ json: JSONValue) -> String {
        let motivations = WebAnnotationCheck.list(json["motivation"]).compactMap(\.string)
        let naming = ["tagging", "classifying"]
        let isNaming = motivations.contains(where: naming.contains)
        for body in WebAnnotationCheck.list(json["body"]) {
            let purposes = WebAnnotationCheck.list(body["purpose"]).compactMap(\.string)
            guard purposes.contains(where: naming.contains) || purposes.isEmpty && isNaming else {
                continue
            }
            let name =
                body.string ?? body["value"]?.string ?? body["source"]?.string
                ?? body["source"]?["id"]?.string ?? body["id"]?.string
            if let name, !name.isEmpty { return name }
        }
        return motivations.first { !$0.isEmpty } ?? "annotation"
    }
}
