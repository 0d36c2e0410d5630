import AnnotationModel
import AnnotationStore
import CompanyHome
import DatasetReading
import LogStorage
import Provenance
import SharedStore

/// What entries change of rows that are there: the labels that they add, and those that they name.
struct RowsNews {
    private let node: Node
    private let merge: Merge
    private let writer: RowsWriter
    private let rows: Int64
    private var maker: LabelRowMaker
    private var named: Set<OperationKey> = []
    private var mayNameItems = false
    /// Labels that are put anew by one statement: of so few PostgreSQL finds each by its key, and of more it would
    /// go through all rows instead.
    private static let namedPerPiece = 2_000

    /// How many labels were added, and how many were put anew.
    private(set) var (added, changed) = (0, 0)

    init(_ node: Node, _ merge: Merge, _ maker: LabelRowMaker, _ writer: RowsWriter) {
        (self.node, self.merge, self.maker, self.writer) = (node, merge, maker, writer)
        rows = maker.rows
    }

    /// Writes all that came behind some heads.
    ///
    /// - Parameters:
    ///   - piece: Labels that are held in memory at once.
    ///   - aliases: Whether items have to be looked at in any case.
    /// - Throws: ``RowsDiffer`` where a label that has to be there is not.
    mutating func write(from heads: RowsHeads, piece count: Int, aliases: Bool) throws {
        let logs = merge.state.logs.values.sorted { $0.number < $1.number }
        for log in logs where heads.applied(log.origin) < log.applied {
            try add(log, from: heads.applied(log.origin), count)
        }
        for log in logs where heads.applied(log.origin) < log.applied {
            try name(log, from: heads.applied(log.origin), heads)
        }
        try putNamed()
        if aliases || mayNameItems {
            try writer.replaceAliases(
                of: rows, try maker.aliases(node.store, merge.state.dataset))
        }
    }

    /// Puts the labels that a log's new entries have added, as they are now.
    private mutating func add(_ log: LogProgress, from: UInt64, _ count: Int) throws {
        var next = OperationKey(log: log.number, slot: Slot(entry: from, position: 0))
        var isMore = true
        while isMore {
            isMore = false
            try node.store.forEachEncodedLabel(of: log.number, log.origin, from: next) { label in
                if label.key.slot.entry >= log.applied { return false }
                if maker.isFull(count) {
                    (next, isMore) = (label.key, true)
                    return false
                }
                try maker.add(label)
                return true
            }
            added += maker.labels.count
            try writer.put(maker.words, of: rows)
            try writer.put(maker.labels)
            maker.removeAll()
        }
    }

    /// Finds the labels that a log's new entries name and that are there already.
    private mutating func name(_ log: LogProgress, from: UInt64, _ heads: RowsHeads) throws {
        let reader = try node.home.log(log.origin, merge.state.dataset)
        try reader.forEachLeaf(from: from, to: log.applied) { index, entry, leaf in
            let stored = StoredChangeset(entry, index: index, leafHash: leaf)
            guard let view = stored.content?.view else { return true }
            var cursor = view.operations
            while let operation = try? cursor.next() {
                switch operation {
                case .set(let origin, let slot, _), .review(let origin, let slot, _, _):
                    try name(view.string(origin), slot, heads)
                case .addItem(_, let fields), .setItem(_, let fields):
                    fields.forEach { code, _ in
                        let isOfContent =
                            code == Field.Known.sameAs.rawValue
                            || code == Field.Known.sha256.rawValue
                        if isOfContent { mayNameItems = true }
                    }
                case .addAnnotation, .comment, .commentItem, .governance: break
                }
            }
            if named.count >= Self.namedPerPiece { try putNamed() }
            return true
        }
    }

    private mutating func name(_ origin: String, _ slot: Slot, _ heads: RowsHeads) throws {
        guard let origin = try? Origin(origin), let number = merge.state.number(origin) else {
            return
        }
        var key = OperationKey(log: number, slot: slot)
        // A verdict on a suggestion speaks of the label that would change.
        if let suggestion = try merge.rows.suggestion(key) { key = suggestion.target }
        guard let owner = merge.state.logs[key.log],
            key.slot.entry < heads.applied(owner.origin)
        else { return }
        named.insert(key)
    }

    /// Puts the labels that were named in the place of what they were.
    private mutating func putNamed() throws {
        for key in named.sorted() {
            guard let origin = merge.state.logs[key.log]?.origin else { continue }
            try node.store.forEachEncodedLabel(of: key.log, origin, from: key) { label in
                if label.key == key { try maker.add(label) }
                return false
            }
        }
        try writer.put(maker.words, of: rows)
        guard try writer.update(maker.labels) == maker.labels.count else { throw RowsDiffer() }
        changed += maker.labels.count
        maker.removeAll()
        named.removeAll(keepingCapacity: true)
    }
}
