import AnnotationModel
import AnnotationStore
import Provenance
import Signing

@testable import Laws

/// A node that merges into the tables of SQLite as entries arrive, and finds untouched labels in its logs.
final class TableNode {
    private let history: History
    private let store: LabelStore
    private var held: [Origin: UInt64] = [:]
    private var forks: [Origin: UInt64] = [:]

    init(_ history: History, reader: Origin? = nil) throws {
        self.history = history
        store = try LabelStore(
            path: ":memory:", reader: reader, source: try HistoryEntries(history))
    }

    /// Receives a log up to a size, and applies all that can be.
    func receive(_ origin: Origin, upTo size: UInt64) throws {
        held[origin] = max(size, held[origin] ?? 0)
        try settle()
    }

    /// Learns that a log forked.
    func learn(fork origin: Origin, prefix: UInt64) throws {
        forks[origin] = min(prefix, forks[origin] ?? prefix)
        try settle()
    }

    private func settle() throws {
        let isDone = try store.merge(history.dataset) { try self.merge(into: $0) }
        if isDone { return }
        try store.beginAnew(history.dataset)
        let isWhole = try store.mergeAnew(history.dataset) { merge, _ in
            try self.merge(into: merge)
        }
        try require(isWhole, "a rebuild asks for a rebuild")
        try store.endAnew(history.dataset)
    }

    private func merge(into merge: Merge) throws -> Bool {
        let logs: [Origin: any HeldEntries] = held.reduce(into: [:]) {
            $0[$1.key] = history.log($1.key, upTo: $1.value)
        }
        let driver = MergeDriver(merge)
        try driver.note(logs, forks: forks)
        if merge.state.needsRebuild != nil { return false }
        _ = try driver.apply(logs, now: 0)
        return true
    }

    /// The merged state.
    func state() throws -> MergeState { try store.merge(history.dataset) { $0.state } }

    /// The sum over all rows, made anew.
    func recomputedSum() throws -> StateSum {
        try store.recomputedSum(history.dataset) { body in
            try store.merge(history.dataset) { try body($0) }
        }
    }

    /// A label in words, by its id.
    func labels(of item: String? = nil) throws -> [String: String] {
        var filter = LabelFilter()
        filter.items = item.map { [$0] } ?? []
        var found: [String: String] = [:]
        try store.forEachLabel(try state().logs.mapValues(\.origin), filter: filter) { label in
            found["\(label.id)"] = Self.words(
                item: label.item, className: label.className,
                selector: label.selector.encoded, isRetracted: label.isRetracted,
                flags: label.flags.rawValue & 3, source: label.source, author: label.author,
                fields: label.fields.mapValues { "\($0)" })
        }
        return found
    }

    /// What two nodes' labels are compared by.
    static func words(
        item: String, className: String, selector: [UInt8], isRetracted: Bool, flags: Int,
        source: String?, author: String?, fields: [String: String]
    ) -> String {
        let fields = fields.sorted { $0.key < $1.key }.map { "\($0)=\($1)" }
        return "\(item) \(className) \(selector) \(isRetracted) \(flags) \(source ?? "-") "
            + "\(author ?? "-") \(fields)"
    }
}

/// The entries of a history in envelopes, as a home's logs have them.
private final class HistoryEntries: EntrySource {
    private let history: History
    private let key: SigningKey

    init(_ history: History) throws {
        self.history = history
        key = try CompanyPool.key(1)
    }

    func entry(
        of log: Origin, in dataset: DatasetID, at index: UInt64, leaf: Digest?
    ) throws -> [UInt8] {
        guard let entry = history.logs[log]?[Int(index)], leaf ?? entry.leafHash == entry.leafHash
        else { throw LawFailure("another entry \(index) of \(log)") }
        let header = COSEHeader(
            contentType: Changeset.contentType, issuer: log.description,
            subject: dataset.description, issuedAt: entry.time,
            certificateThumbprint: entry.signer)
        return try COSESign1.sign(payload: entry.payload, header: header, key: key)
    }
}
