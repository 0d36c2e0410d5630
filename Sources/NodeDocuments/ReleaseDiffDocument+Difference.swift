import CountermarkNode
import LabelDocuments

extension ReleaseDiffDocument {
    /// What changed from one release to another.
    package init(_ difference: ReleaseDifference, from: String, to: String) {
        func count(_ kind: ReleaseDifference.Change.Kind) -> Count {
            let found = difference.counts[kind] ?? (0, 0)
            return Count(labels: found.labels, items: found.items)
        }
        let (added, removed, changed) = (count(.added), count(.removed), count(.changed))
        let all = [added, removed, changed].map { $0.labels + $0.items }.reduce(0, +)
        self.init(
            from: from, to: to, added: added, removed: removed, changed: changed,
            changes: difference.changes.map {
                Change(kind: $0.kind.rawValue, id: $0.name, isItem: $0.isItem)
            }, complete: difference.changes.count == all)
    }

    /// A line for each change, and how many there are.
    package var lines: [String] {
        changes.map { "\($0.kind)  \($0.isItem ? "item " : "")\($0.id)" } + [
            "from \(from) to \(to): \(added.labels) labels added, \(removed.labels) removed, "
                + "\(changed.labels) changed; \(added.items) items added, \(removed.items) removed, "
                + "\(changed.items) changed" + (complete ? "" : "; only the first are named")
        ]
    }
}
