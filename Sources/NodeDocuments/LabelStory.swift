import AnnotationFormats
import AnnotationModel
import AnnotationStore
import CompanyHome
import CountermarkNode
import DatasetReading
import LabelDocuments
import LabelSchema
import LabelText
import Provenance

/// Everything the logs say about one label or item, for `show`.
package struct LabelStory {
    package let document: any Document
    package let lines: [String]
}

/// What the logs say of a label or item beside what it is.
private struct StoryBody {
    var fields: [String: FieldStory] = [:]
    var reviews: [ReviewStory] = []
    var suggestions: [SuggestionStory] = []
    var lines: [String] = []
}

extension Node {
    /// All that the logs say of a label, each write with whether it still stands.
    ///
    /// - Parameter shows: Which fields to tell of.
    package func story(
        of label: LabelView, _ dataset: DatasetID, shows: (String) -> Bool = { _ in true }
    ) throws -> LabelStory {
        let status = label.isRetracted ? "retracted" : "active"
        let witnessing = try witnessing(of: label.id.origin, dataset)
        let seen = witnessing.seen(label.id.slot.entry)
        let judging = try judging(dataset)
        let outside = try judging.problems(of: label)
        let className = judging.schema.className(label.className)
        let notes =
            (className == label.className ? [] : ["  now \(className)"])
            + (seen.isEmpty ? [] : ["  seen by " + seen.map(\.org).joined(separator: ", ")])
        let body = try body(
            label.key.packed, from: [label.id], dataset, shows: shows
        ) { Self.resolved($0, label) }
        let document = LabelStoryDocument(
            id: label.id.description, dataset: dataset.description, item: label.item,
            status: status,
            witnessed: .init(
                met: witnessing.isMet(label.id.slot.entry), required: witnessing.required,
                by: seen.map { .init(org: $0.org, time: $0.time, size: $0.size) }),
            class: className, classAsWritten: label.className,
            outsideSchema: outside?.map(\.description), fields: body.fields,
            reviews: body.reviews, suggestions: body.suggestions)
        return LabelStory(
            document: document,
            lines: ["\(label.id)  \(label.item)  \(status)" + notes.joined()]
                + (outside ?? []).map { "  outside the schema: \($0)" } + body.lines)
    }

    /// All that the logs say of an item; nil if the dataset has none with this key.
    ///
    /// - Parameter shows: Which fields to tell of.
    package func story(
        ofItem key: String, _ dataset: DatasetID, shows: (String) -> Bool = { _ in true }
    ) throws -> LabelStory? {
        try catchUp(dataset)
        guard let item = try store.item(dataset, key: key) else { return nil }
        var filter = LabelFilter()
        let same = SameItems(store, dataset)
        let (names, twins) = (try same.names(of: key), try same.twins(of: key))
        filter.items = names
        let blindness = try blindness(dataset)
        let labels = try store.labels(try logNames(dataset), filter: filter, limit: 1_000)
            .filter { try blindness?.hides($0) != true }
        let origin = item.record.fields[ProcessingStage.clean.field.name]
            .flatMap { StageState(of: .clean, $0)?.from }
        let derived = try store.items(cleanedFrom: key, dataset, limit: 1_000)
        let body = try body(item.target, from: [], dataset, shows: shows) {
            JSONValue(item.record.fields[$0])
        }
        let document = ItemStoryDocument(
            id: key, dataset: dataset.description, item: names.first ?? key, names: names,
            sameContent: twins, derivedItems: derived, derivedFrom: origin,
            annotations: labels.map(\.id.description), fields: body.fields,
            reviews: body.reviews, suggestions: body.suggestions)
        let title =
            "\(key)  \(labels.count) annotations" + (origin.map { "  made from \($0)" } ?? "")
            + (derived.isEmpty ? "" : "  cleaned: " + derived.joined(separator: ", "))
        return LabelStory(
            document: document,
            lines: [title] + Self.lines(names: names, twins: twins, dataset) + body.lines)
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

    private func body(
        _ target: Int64, from first: [OperationID], _ dataset: DatasetID,
        shows: (String) -> Bool, value: (String) -> JSONValue
    ) throws -> StoryBody {
        let logs = try logNames(dataset)
        let surviving = try store.writes(target, logs)
        let why = try NotCountedReasons(store, logs)
        let suggestions =
            target > 0 ? try store.suggestions(OperationKey(packed: target), logs) : []
        let suggested = Dictionary(
            suggestions.map { ($0.operation, $0) }, uniquingKeysWith: { first, _ in first })
        let verdicts = Set(
            surviving.filter { $0.field.hasPrefix("\u{0}review/") }.map(\.operation))
        let operations = first + (try store.touches(target, logs))
        let all = try writes(operations, dataset, suggestions: Set(suggested.keys))
        let standingByField = Dictionary(grouping: surviving, by: \.field)
        var body = StoryBody()
        let byField = Dictionary(grouping: all, by: \.field).sorted { $0.key < $1.key }
        for (name, group) in byField where shows(name) {
            if name == "review" || name == "comment" {
                body.reviews += group.map { write in
                    let suggestion = write.target.flatMap { suggested[$0] }
                    let why = why(write.operation)
                    return ReviewStory(
                        write, kind: name, suggestion: suggestion?.operation,
                        isReplaced: name == "review"
                            && Self.isReplaced(write, suggestion, verdicts, why),
                        why)
                }
                continue
            }
            let standing = standingByField[name] ?? []
            let stands = Set(standing.map(\.operation))
            let earlier = try replaced(group.map(\.operation), logs, dataset) { why($0) == nil }
            let field = FieldStory(
                value: value(name), contested: Set(standing.map(\.encoded)).count > 1,
                writes: group.map { write in
                    let isReplaced =
                        !standing.isEmpty && !stands.contains(write.operation)
                    return .init(
                        write, isReplaced: isReplaced,
                        replaces: earlier[write.operation] ?? [], why(write.operation))
                })
            body.fields[name] = field
            body.lines += field.lines(name)
        }
        body.suggestions = suggestions.map { SuggestionStory($0) }
        body.lines += body.reviews.map(\.line) + body.suggestions.map(\.line)
        return body
    }

    /// Of the writes of one field, what each replaces.
    private func replaced(
        _ operations: [OperationID], _ logs: [Int: Origin], _ dataset: DatasetID,
        counts: (OperationID) -> Bool
    ) throws -> [OperationID: [OperationID]] {
        if operations.count < 2 { return [:] }
        let numbers = Dictionary(uniqueKeysWithValues: logs.map { ($1, $0) })
        var ids: [OperationKey: OperationID] = [:]
        for id in operations {
            if let log = numbers[id.origin] { ids[OperationKey(log: log, slot: id.slot)] = id }
        }
        let counted = ids.filter { counts($0.value) }.map(\.key)
        let found = try read(dataset) { try $0.replaced(byEach: ids.keys, of: counted) }
        return Dictionary(
            uniqueKeysWithValues: ids.map { key, id in
                (id, (found[key] ?? []).compactMap { ids[$0] })
            })
    }

    /// Whether a verdict was replaced: by a later one of its reviewer, or, on a suggestion, by a decision that holds.
    private static func isReplaced(
        _ write: LoggedWrite, _ suggestion: SuggestionView?, _ verdicts: Set<OperationID>,
        _ why: NotCounted?
    ) -> Bool {
        if why != nil { return false }
        guard let suggestion else { return !verdicts.contains(write.operation) }
        let verdict = write.value["verdict"]?.string
        switch suggestion.state {
        case .accepted: return verdict != Verdict.accept.name
        case .rejected: return verdict != Verdict.reject.name
        case .pending: return false
        }
    }

    /// What the logs say of an annotation that is stored and not counted; nil if there is none.
    package func story(ofUncounted text: String, in chosen: DatasetID? = nil) throws -> LabelStory?
    {
        guard let (id, named) = try? OperationID.parse(text) else { return nil }
        for dataset in try (named ?? chosen).map({ [$0] }) ?? home.datasets() {
            try catchUp(dataset)
            guard try home.members(of: dataset).contains(id.origin),
                let why = try NotCountedReasons(store, try logNames(dataset))(id)
            else { continue }
            let item = try changesets(of: [id], dataset) { _, _, view, operation -> String? in
                guard case .addAnnotation(let item, _, _, _) = operation else { return nil }
                return view.string(item)
            }[id]
            guard let item else { continue }
            if let blindness = try blindness(dataset), blindness.isOthers(id.origin) {
                guard try blindness.isExamined(item) else { continue }
            }
            let written = try writes([id], dataset)
            var fields: [String: FieldStory] = [:]
            for write in written {
                fields[write.field] = FieldStory(
                    value: .null, contested: false,
                    writes: [.init(write, isReplaced: false, why)])
            }
            return LabelStory(
                document: UncountedStoryDocument(
                    id: id.description, dataset: dataset.description, item: item,
                    why: why.reason, fields: fields, reviews: [], suggestions: []),
                lines: ["\(id)  \(item)  not counted: \(why.reason)"]
                    + written.map { "  \($0.field): \(Output.words($0.field, $0.value))" })
        }
        return nil
    }

    private static func resolved(_ field: String, _ label: LabelView) -> JSONValue {
        switch field {
        case "class": .string(label.className)
        case "selector": Output.selector(label.selector)
        case "status": .integer(label.isRetracted ? 1 : 0)
        default: JSONValue(label.fields[field])
        }
    }
}
