import AnnotationFormats
import AnnotationModel
import AnnotationStore
import CountermarkNode
import Foundation
import LabelSchema
import LogStorage
import Provenance
import Signing

/// Everything the logs say about one label or item, for `show`.
struct LabelStory {
    let document: [String: Any]
    let lines: [String]
}

extension Node {
    /// One write of a field as the log holds it.
    private struct Write {
        let field: String
        let value: Any
        let operation: OperationID
        let author: String
        let time: Int64
        /// What a verdict or comment speaks of; nil for other writes.
        var target: OperationID?
    }

    /// Reads the changeset that holds an operation.
    private func changeset<R>(
        of id: OperationID, _ dataset: DatasetID,
        _ body: (COSESign1, ChangesetView, OperationView) throws -> R?
    ) throws -> R? {
        let reader = try home.log(id.origin, dataset)
        let entry = try reader.entry(at: id.slot.entry)
        return try entry.withUnsafeBytes { bytes in
            let statement = try COSESign1.parse(bytes)
            let view = try ChangesetView(statement.payload(in: bytes))
            var cursor = view.operations
            while let operation = try cursor.next() {
                if cursor.position == id.slot.position {
                    return try body(statement, view, operation)
                }
            }
            return nil
        }
    }

    /// What an operation writes; an accepted suggestion's values are written by the acceptance.
    private func writes(
        _ id: OperationID, _ dataset: DatasetID, suggestions: Set<OperationID>
    ) throws -> [Write] {
        var accepted: OperationID?
        if !suggestions.isEmpty {
            accepted = try changeset(of: id, dataset) { _, view, operation -> OperationID? in
                guard case .review(let origin, let slot, .accept, _) = operation else {
                    return nil
                }
                let target = OperationID(origin: try Origin(view.string(origin)), slot: slot)
                return suggestions.contains(target) ? target : nil
            }
        }
        let plain = try writes(id, dataset)
        guard let accepted, let first = plain.first else { return plain }
        return plain
            + (try writes(accepted, dataset)).map { write in
                Write(
                    field: write.field, value: write.value, operation: id, author: first.author,
                    time: first.time)
            }
    }

    private func writes(_ id: OperationID, _ dataset: DatasetID) throws -> [Write] {
        try changeset(of: id, dataset) { statement, view, operation in
            let author = view.author.map { view.string($0) } ?? ""
            func write(_ field: String, _ value: Any) -> Write {
                Write(
                    field: field, value: value, operation: id, author: author,
                    time: statement.issuedAt ?? 0)
            }
            func selector(_ bytes: UnsafeRawBufferPointer) throws -> Any {
                Output.selector(try Selector(decoding: bytes))
            }
            func pairs(_ fields: FieldPairs, isBase: Bool) throws -> [Write] {
                var writes: [Write] = []
                try fields.forEach { code, value in
                    guard let field = view.field(code) else { return }
                    switch field {
                    case .known(.className) where !isBase:
                        let index = try FieldValue(decoding: value).numberValue ?? 0
                        writes.append(write(field.name, view.string(Int(index))))
                    case .known(.selector) where !isBase:
                        writes.append(write(field.name, try selector(value)))
                    case .known(.examined):
                        let name = Field.examined(by: id.origin)
                        writes.append(write(name, Output.json(try FieldValue(decoding: value))))
                    default:
                        writes.append(
                            write(field.name, Output.json(try FieldValue(decoding: value))))
                    }
                }
                return writes
            }
            switch operation {
            case .addAnnotation(_, let name, let shape, let fields):
                return [write("class", view.string(name)), write("selector", try selector(shape))]
                    + (try pairs(fields, isBase: true))
            case .set(_, _, let fields): return try pairs(fields, isBase: false)
            case .review(let origin, let slot, let verdict, let reason):
                let why = reason.map { String(decoding: $0, as: UTF8.self) } ?? ""
                var verdict = write("review", ["verdict": verdict.name, "reason": why])
                verdict.target = OperationID(origin: try Origin(view.string(origin)), slot: slot)
                return [verdict]
            case .addItem(_, let fields), .setItem(_, let fields):
                return try pairs(fields, isBase: true)
            case .comment(_, _, let text), .commentItem(_, let text):
                return [write("comment", String(decoding: text, as: UTF8.self))]
            default: return []
            }
        } ?? []
    }

    /// All that the logs say of a label, each write with whether it still stands.
    ///
    /// - Parameter shows: Which fields to tell of.
    func story(
        of label: LabelView, _ dataset: DatasetID, shows: (String) -> Bool = { _ in true }
    ) throws -> LabelStory {
        let status = label.isRetracted ? "retracted" : "active"
        let witnessing = try witnessing(of: label.id.origin, dataset)
        let seen = witnessing.seen(label.id.slot.entry)
        let witnessed: [String: Any] = [
            "met": witnessing.isMet(label.id.slot.entry) ?? NSNull() as Any,
            "required": witnessing.required ?? NSNull() as Any,
            "by": seen.map {
                ["org": $0.org, "time": $0.time, "size": $0.size] as [String: Any]
            },
        ]
        let judging = try judging(dataset)
        let outside = try judging.problems(of: label)
        let className = judging.schema.className(label.className)
        let notes =
            (className == label.className ? [] : ["  now \(className)"])
            + (seen.isEmpty ? [] : ["  seen by " + seen.map(\.org).joined(separator: ", ")])
        return try story(
            [
                "id": label.id.description, "dataset": dataset.description,
                "item": label.item, "status": status,
                "witnessed": witnessed, "class": className, "classAsWritten": label.className,
                "outsideSchema": outside?.map(\.description) ?? NSNull() as Any,
            ],
            ["\(label.id)  \(label.item)  \(status)" + notes.joined()]
                + (outside ?? []).map { "  outside the schema: \($0)" }, target: label.key.packed,
            from: [label.id], dataset, shows: shows
        ) { resolved($0, label) }
    }

    /// All that the logs say of an item; nil if the dataset has none with this key.
    ///
    /// - Parameter shows: Which fields to tell of.
    func story(
        ofItem key: String, _ dataset: DatasetID, shows: (String) -> Bool = { _ in true }
    ) throws -> LabelStory? {
        try catchUp(dataset)
        guard let item = try store.item(dataset, key: key) else { return nil }
        var filter = LabelFilter()
        let same = SameItems(store, dataset)
        let (names, twins) = (try same.names(of: key), try same.twins(of: key))
        filter.items = names
        let labels = try store.labels(try logNames(dataset), filter: filter, limit: 1_000)
        let origin = item.record.fields[ProcessingStage.clean.field.name]
            .flatMap { StageState(of: .clean, $0)?.from }
        let derived = try store.items(cleanedFrom: key, dataset, limit: 1_000)
        return try story(
            [
                "id": key, "dataset": dataset.description, "item": names.first ?? key,
                "names": names, "sameContent": twins, "status": "active",
                "derivedItems": derived,
                "derivedFrom": origin ?? NSNull() as Any,
                "annotations": labels.map(\.id.description),
            ],
            [
                "\(key)  \(labels.count) annotations" + (origin.map { "  made from \($0)" } ?? "")
                    + (derived.isEmpty ? "" : "  cleaned: " + derived.joined(separator: ", "))
            ] + Self.lines(names: names, twins: twins, dataset),
            target: item.target, from: [], dataset, shows: shows
        ) { item.record.fields[$0].map { Output.json($0) } ?? NSNull() }
    }

    private static func lines(names: [String], twins: [String], _ dataset: DatasetID) -> [String] {
        var lines: [String] = []
        if names.count > 1 { lines.append("  one item: " + names.joined(separator: ", ")) }
        if let first = twins.first, let name = names.first {
            lines.append(
                "  other items have the same bytes: " + twins.joined(separator: ", ")
                    + "; `countermark items same \(dataset) \(first) \(name)` says that they are one"
            )
        }
        return lines
    }

    private func story(
        _ head: [String: Any], _ titles: [String], target: Int64, from first: [OperationID],
        _ dataset: DatasetID, shows: (String) -> Bool, value: (String) -> Any
    ) throws -> LabelStory {
        let logs = try logNames(dataset)
        let surviving = try store.writes(target, logs)
        let why = try reasons(logs)
        let suggestions =
            target > 0 ? try store.suggestions(OperationKey(packed: target), logs) : []
        let suggested = Set(suggestions.map(\.operation))
        let verdicts = Set(
            surviving.filter { $0.field.hasPrefix("\u{0}review/") }.map(\.operation))
        let operations = first + (try store.touches(target, logs))
        let all = try operations.flatMap { try writes($0, dataset, suggestions: suggested) }
        var fields: [String: Any] = [:]
        var reviews: [[String: Any]] = []
        var lines = titles
        let byField = Dictionary(grouping: all, by: \.field).sorted { $0.key < $1.key }
        for (name, group) in byField where shows(name) {
            let standing = surviving.filter { $0.field == name }
            let documents = group.map { write in
                let replaced =
                    !standing.isEmpty && !standing.contains { $0.operation == write.operation }
                return [
                    "value": write.value, "org": write.operation.origin.description,
                    "author": write.author, "op": write.operation.description, "time": write.time,
                    "counted": why(write.operation) == nil, "replaced": replaced,
                    "why": why(write.operation)?.reason ?? NSNull() as Any,
                ] as [String: Any]
            }
            if name == "review" || name == "comment" {
                reviews += zip(group, documents).map { write, document in
                    let suggestion = suggestions.first { $0.operation == write.target }
                    return document.merging([
                        "kind": name,
                        "suggestion": suggestion?.operation.description ?? NSNull() as Any,
                        "replaced": name == "review"
                            && isReplaced(write, suggestion, verdicts, why(write.operation)),
                    ]) { _, new in new }
                }
                continue
            }
            let isContested = Set(standing.map(\.encoded)).count > 1
            fields[name] = [
                "value": value(name), "contested": isContested, "writes": documents,
            ]
            lines.append(
                "  \(name) = \(Output.words(value(name)))\(isContested ? "  (contested)" : "")")
            for document in documents {
                lines.append(
                    "    \(document["org"] ?? "") \(document["op"] ?? "")  "
                        + Output.words(document["value"] ?? "") + Self.remarks(document))
            }
        }
        lines += reviews.map(Self.line(ofReview:))
        for suggestion in suggestions {
            let changes = suggestion.fields.sorted { $0.key < $1.key }.map { name, value in
                "\(name) = \(Output.words(Self.suggested(name, value)))"
            }
            lines.append(
                "  suggestion \(suggestion.operation) by \(suggestion.operation.origin): "
                    + changes.joined(separator: ", ") + "  (\(suggestion.state))")
        }
        let body: [String: Any] = [
            "fields": fields, "reviews": reviews,
            "suggestions": suggestions.map { suggestion in
                [
                    "op": suggestion.operation.description,
                    "org": suggestion.operation.origin.description,
                    "state": "\(suggestion.state)",
                    "fields": Dictionary(
                        uniqueKeysWithValues: suggestion.fields.map { name, value in
                            (name, Self.suggested(name, value))
                        }),
                ] as [String: Any]
            },
        ]
        return LabelStory(document: head.merging(body) { first, _ in first }, lines: lines)
    }

    /// Whether a verdict was replaced: by a later one of its reviewer, or, on a suggestion, by a decision that holds.
    private func isReplaced(
        _ write: Write, _ suggestion: SuggestionView?, _ verdicts: Set<OperationID>,
        _ why: NotCounted?
    ) -> Bool {
        if why != nil { return false }
        guard let suggestion else { return !verdicts.contains(write.operation) }
        let verdict = (write.value as? [String: Any])?["verdict"] as? String
        switch suggestion.state {
        case .accepted: return verdict != Verdict.accept.name
        case .rejected: return verdict != Verdict.reject.name
        case .pending: return false
        }
    }

    private static func line(ofReview review: [String: Any]) -> String {
        let kind = review["kind"] as? String == "review" ? "verdict" : "comment"
        let on = (review["suggestion"] as? String).map { " on suggestion \($0)" } ?? ""
        let author = review["author"] as? String ?? ""
        let who = "\(review["org"] ?? "")" + (author.isEmpty ? "" : " (\(author))")
        var text = review["value"] as? String ?? ""
        if let value = review["value"] as? [String: Any] {
            let reason = value["reason"] as? String ?? ""
            text = "\(value["verdict"] ?? "")" + (reason.isEmpty ? "" : ", because \(reason)")
        }
        return "  \(kind)\(on) by \(who): \(text)" + remarks(review)
    }

    private static func remarks(_ document: [String: Any]) -> String {
        ((document["replaced"] as? Bool) == true ? "  (replaced)" : "")
            + ((document["why"] as? String).map { "  (not counted: \($0))" } ?? "")
    }

    /// A suggested value as the field shows it: the label table keeps a selector as it was encoded.
    private static func suggested(_ field: String, _ value: FieldValue) -> Any {
        guard field == "selector", let selector = try? Selector(decoding: value.encoded) else {
            return Output.json(value)
        }
        return Output.selector(selector)
    }

    /// Why operations are not counted: by themselves, or with the whole entry.
    private func reasons(_ logs: [Int: Origin]) throws -> (OperationID) -> NotCounted? {
        var entries: [OperationID: NotCounted] = [:]
        var operations: [OperationID: NotCounted] = [:]
        for found in try store.quarantined(logs) {
            let id = OperationID(origin: found.log, slot: found.slot)
            if found.isEntry { entries[id] = found.why } else { operations[id] = found.why }
        }
        return { id in
            let entry = Slot(entry: id.slot.entry, position: 0)
            return operations[id] ?? entries[OperationID(origin: id.origin, slot: entry)]
        }
    }

    /// What the logs say of an annotation that is stored and not counted; nil if there is none.
    func story(ofUncounted text: String, in chosen: DatasetID? = nil) throws -> LabelStory? {
        guard let (id, named) = try? OperationID.parse(text) else { return nil }
        for dataset in try (named ?? chosen).map({ [$0] }) ?? home.datasets() {
            try catchUp(dataset)
            guard try home.members(of: dataset).contains(id.origin),
                let why = try reasons(try logNames(dataset))(id)
            else { continue }
            let item = try changeset(of: id, dataset) { _, view, operation -> String? in
                guard case .addAnnotation(let item, _, _, _) = operation else { return nil }
                return view.string(item)
            }
            guard let item else { continue }
            let written = try writes(id, dataset)
            var fields: [String: Any] = [:]
            for write in written {
                let document: [String: Any] = [
                    "value": write.value, "org": id.origin.description, "author": write.author,
                    "op": id.description, "time": write.time, "counted": false,
                    "replaced": false, "why": why.reason,
                ]
                fields[write.field] = [
                    "value": NSNull(), "contested": false, "writes": [document],
                ]
            }
            return LabelStory(
                document: [
                    "id": id.description, "dataset": dataset.description, "item": item,
                    "status": "not-counted",
                    "why": why.reason, "fields": fields, "reviews": [], "suggestions": [],
                ],
                lines: ["\(id)  \(item)  not counted: \(why.reason)"]
                    + written.map { "  \($0.field): \(Output.words($0.value))" })
        }
        return nil
    }

    private func resolved(_ field: String, _ label: LabelView) -> Any {
        switch field {
        case "class": return label.className
        case "selector":
            return Output.selector(label.selector)
        case "status": return label.isRetracted ? 1 : 0
        default: return Output.json(label.fields[field])
        }
    }
}
