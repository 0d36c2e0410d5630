import AnnotationModel
import AnnotationStore
import CountermarkNode
import DatasetReading
import LabelDocuments
import LabelText
import PlainErrors
import Provenance

/// An item's labels as they were with less of the logs.
///
/// The entries that speak of the item are taken one by one in the order of their causal heights, so each comes after
/// all that it had seen: what is known at any moment is what a node may have held. Claimed times only order entries
/// that did not know of each other.
private struct ItemPast {
    /// The most labels of one answer, and the most writes that are read from the logs for it.
    static let labelsMax = 10_000
    static let writesMax = 20_000

    /// A label, and what was written to it where that is more than it was added with.
    struct Label {
        let view: LabelView
        let writes: [Write]

        /// The entries that speak of it.
        var entries: [Int64] {
            writes.isEmpty ? [view.key.entryKey] : writes.map(\.operation.entryKey)
        }
    }

    struct Write {
        let operation: OperationKey
        let field: String
        let value: JSONValue
    }

    let labels: [Label]
    let logs: [Int: Origin]
    let className: (String) -> String

    /// The moments, and the labels' states at them.
    func document(
        _ item: String, more: Bool, _ merge: Merge
    ) throws -> ItemPastDocument {
        var entries: [(key: Int64, row: EntryRow)] = []
        for key in Set(labels.flatMap(\.entries)) {
            guard let row = try merge.rows.entry(key) else { continue }
            entries.append((key, row))
        }
        entries.sort {
            ($0.row.height, $0.row.time, origin($0.key), $0.key)
                < ($1.row.height, $1.row.time, origin($1.key), $1.key)
        }
        var heads: [Int: UInt64] = [:]
        let moments = try entries.map { key, row in
            let (log, index) = (Int(key >> 36), UInt64(key & (1 << 36 - 1)))
            for part in try merge.rows.context(key).parts {
                heads[part.log] = max(heads[part.log] ?? 0, part.size)
            }
            heads[log] = max(heads[log] ?? 0, index + 1)
            return ItemPastDocument.Moment(
                org: origin(key), index: index, time: row.time,
                heads: heads.map { .init(org: origin(Int64($0) << 36), size: $1) }
                    .sorted { $0.org < $1.org })
        }
        let places = Dictionary(
            uniqueKeysWithValues: entries.enumerated().map { ($1.key, $0) })
        return ItemPastDocument(
            item: item, moments: moments,
            labels: try labels.map {
                .init(id: $0.view.id.description, states: try states($0, places, merge))
            }, more: more)
    }

    private func origin(_ entry: Int64) -> String { logs[Int(entry >> 36)]?.description ?? "" }

    private func states(
        _ label: Label, _ places: [Int64: Int], _ merge: Merge
    ) throws -> [ItemPastDocument.Label.State] {
        let moments = Set(label.entries.compactMap { places[$0] }).sorted()
        var found: [ItemPastDocument.Label.State] = []
        for moment in moments {
            let state: ItemPastDocument.Label.State
            if label.writes.isEmpty {
                state = .init(
                    from: moment, class: className(label.view.className),
                    selector: Output.selector(label.view.selector),
                    status: label.view.isRetracted ? "retracted" : "active",
                    contested: label.view.flags.isConflict)
            } else {
                let known = label.writes.filter {
                    places[$0.operation.entryKey].map { $0 <= moment } ?? false
                }
                state = try self.state(label, known, moment, merge)
            }
            let isSame =
                found.last.map {
                    $0.class == state.class && $0.selector == state.selector
                        && $0.status == state.status && $0.contested == state.contested
                } ?? false
            if !isSame { found.append(state) }
        }
        return found
    }

    /// What a label is where these writes of it are known.
    private func state(
        _ label: Label, _ known: [Write], _ moment: Int, _ merge: Merge
    ) throws -> ItemPastDocument.Label.State {
        var shown: [String: JSONValue] = [:]
        var standing: [Write] = []
        var isContested = false
        for (field, writes) in Dictionary(grouping: known, by: \.field) {
            let keys = Set(try merge.surviving(writes.map(\.operation)))
            let surviving = writes.filter { keys.contains($0.operation) }
            let winner = try merge.shown(surviving.map(\.operation), owner: label.view.key.log)
            shown[field] = surviving.first { $0.operation == winner }?.value
            isContested = isContested || surviving.contains { $0.value != surviving.first?.value }
            standing += surviving
        }
        let retractions = standing.filter { $0.field == "status" && $0.value == .integer(1) }
        let edits = standing.filter { $0.field != "status" }
        for retraction in retractions where !isContested {
            isContested = try edits.contains { edit in
                try !merge.knows(retraction.operation, edit.operation)
                    && !merge.knows(edit.operation, retraction.operation)
                    && edit.operation != retraction.operation
            }
        }
        return .init(
            from: moment, class: className(shown["class"]?.string ?? label.view.className),
            selector: shown["selector"] ?? Output.selector(label.view.selector),
            status: shown["status"] == .integer(1) ? "retracted" : "active",
            contested: isContested)
    }
}

extension Node {
    /// An item's labels as they were at earlier heads of the logs.
    ///
    /// - Throws: ``NodeError`` if the dataset has no such item.
    package func past(ofItem key: String, _ dataset: DatasetID) throws -> ItemPastDocument {
        try require(dataset)
        try catchUp(dataset)
        guard try store.item(dataset, key: key) != nil else {
            throw NodeError(
                .notFound, "\(dataset) has no item \(key.prefix(200))",
                hint: "see countermark list \(dataset)")
        }
        let logs = try logNames(dataset)
        let numbers = Dictionary(uniqueKeysWithValues: logs.map { ($1, $0) })
        var filter = LabelFilter()
        filter.items = try SameItems(store, dataset).names(of: key)
        let found = try store.labels(logs, filter: filter, limit: ItemPast.labelsMax + 1)
        let blindness = try blindness(dataset)
        let reasons = try NotCountedReasons(store, logs)
        var labels: [ItemPast.Label] = []
        var left = ItemPast.writesMax
        for label in found.prefix(ItemPast.labelsMax)
        where try blindness?.hides(label) != true && left > 0 {
            let touches = try store.touches(label.key.packed, logs)
            var writes: [ItemPast.Write] = []
            if !touches.isEmpty {
                let suggested = Set(try store.suggestions(label.key, logs).map(\.operation))
                let counted = ([label.id] + touches).filter {
                    reasons($0) == nil && !suggested.contains($0)
                }
                writes = try self.writes(counted, dataset, suggestions: suggested).compactMap {
                    guard $0.field != "review", $0.field != "comment",
                        let log = numbers[$0.operation.origin]
                    else { return nil }
                    let key = OperationKey(log: log, slot: $0.operation.slot)
                    return .init(operation: key, field: $0.field, value: $0.value)
                }
                left -= writes.count
            }
            labels.append(.init(view: label, writes: writes))
        }
        let schema = try judging(dataset).schema
        let past = ItemPast(labels: labels, logs: logs) { schema.className($0) }
        let more = found.count > ItemPast.labelsMax || left <= 0
        return try read(dataset) { try past.document(key, more: more, $0) }
    }
}
