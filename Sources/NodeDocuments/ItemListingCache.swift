import AnnotationStore
import Synchronization

/// Which items filters take, of a state of a dataset: a page further on asks no label again.
package final class ItemListingCache: Sendable {
    private struct Key: Hashable {
        let state: String
        let filter: ItemFilter
    }

    /// How many answers are kept.
    private static let countMax = 16
    private let known = Mutex<[(key: Key, rows: [Int64])]>([])

    /// Knows nothing yet.
    package init() {}

    func rows(
        _ state: String, _ filter: ItemFilter, _ find: () throws -> [Int64]
    ) rethrows -> [Int64] {
        let key = Key(state: state, filter: filter)
        if let rows = known.withLock({ $0.first { $0.key == key }?.rows }) { return rows }
        let rows = try find()
        known.withLock { known in
            if known.count >= Self.countMax { known.removeFirst() }
            known.append((key, rows))
        }
        return rows
    }
}
