import AnnotationModel
import CanonicalCBOR
import Signing

/// An entry of a log on its way into the label set.
///
/// Only the verifier and the node's own store make one: the bytes passed every check of form, and the
/// signature held when the entry was stored.
public struct VerifiedChangeset {
    /// The local number of the log.
    public let log: Int
    /// The index in the log.
    public let index: UInt64
    /// The leaf hash.
    public let leafHash: Digest
    /// Seconds since 1970 as the signer claims.
    public let time: Int64
    /// The fingerprint of the signer's certificate; nil stands for a key without an end.
    public let signer: Digest?
    /// The payload.
    public let view: ChangesetView

    package init(
        log: Int, index: UInt64, leafHash: Digest, time: Int64, signer: Digest? = nil,
        view: ChangesetView
    ) {
        self.log = log
        self.index = index
        self.leafHash = leafHash
        self.time = time
        self.signer = signer
        self.view = view
    }
}

/// What became of an entry that was handed to the merge.
public enum MergeOutcome: Equatable, Sendable {
    /// It is part of the label set, or stands listed with the reason why not.
    case applied(NotCounted?)
    /// It cites more of a held log than is applied: hand it in again when that log has come so far.
    case waiting(log: Int, size: UInt64)
}

/// Merges the logs of one dataset into one label set (multi-value registers under causal contexts).
///
/// A write replaces exactly the writes in its causal context; concurrent writes all stay. Entries of
/// one log come in order; an entry waits until the logs that it cites, and that this node holds, have
/// been applied that far. So what was replaced is always there before its replacement, and nodes that
/// hold the same logs end with the same rows, whatever the order of arrival. The one case that order
/// could reach — an entry that cites a log not held, which arrives later — asks for a rebuild
/// (``MergeState/needsRebuild``).
public final class Merge {
    /// The state that is not rows.
    ///
    /// A merge is used by one thread at a time: its properties are read and written for each operation,
    /// where the run-time checks of exclusive access would cost more than the additions they guard.
    @exclusivity(unchecked) public var state: MergeState
    let storage: any LabelStorage
    /// Where the rows are kept.
    public var rows: any LabelStorage { storage }
    /// The root of a log at a size, as this node computed it; nil if it holds less.
    private let rootAt: (Origin, UInt64) throws -> Digest?

    @exclusivity(unchecked) var hasher = ElementHasher()
    /// What the strings of the entry being applied stand for; 0 where that was not asked yet.
    @exclusivity(unchecked) var itemIDs: [Int64] = []
    @exclusivity(unchecked) var nameIDs: [Int64] = []
    @exclusivity(unchecked) private var logNumbers: [Int] = []
    /// The context of the entry being applied.
    @exclusivity(unchecked) var context = CausalContext()
    @exclusivity(unchecked) private var run: (item: Int64, first: OperationKey, last: OperationKey)?
    @exclusivity(unchecked) private var lastItemKey: (id: Int64, key: [UInt8]) = (0, [])

    /// A merge into a storage.
    public init(
        state: MergeState, storage: any LabelStorage,
        rootAt: @escaping (Origin, UInt64) throws -> Digest?
    ) {
        self.state = state
        self.storage = storage
        self.rootAt = rootAt
    }

    /// Applies the next entry of a log.
    ///
    /// - Throws: What the storage throws; the caller then drops the whole batch.
    public func apply(_ entry: VerifiedChangeset) throws -> MergeOutcome {
        guard var log = state.logs[entry.log], entry.index == log.applied else {
            return .waiting(log: entry.log, size: entry.index)
        }
        let moved = try takeHeads(of: entry, into: &log)
        for (number, head) in log.cited {
            guard let cited = state.logs[number], cited.stored > 0 else { continue }
            if cited.applied < head.size { return .waiting(log: number, size: head.size) }
        }
        var why = state.standing(
            of: log, index: entry.index, signer: entry.signer, time: entry.time)
        if why == nil, state.hasLapsed(log, index: entry.index, signer: entry.signer) {
            why = .expiredKey
        }
        if moved.shrinks { why = why ?? .contextShrinks }
        let entryKey = OperationKey(log: entry.log, slot: Slot(entry: entry.index, position: 0))
        var height = log.height
        if let failure = try checkHeads(of: &log, entry: entry.index, height: &height) {
            why = why ?? failure
        }
        context = log.context
        context[entry.log] = entry.index
        if moved.any { try storage.insertContext(entryKey.entryKey, log.context) }

        log.height = height + 1
        log.applied = entry.index + 1
        state.logs[entry.log] = log
        try storage.insertEntry(
            entryKey.entryKey,
            EntryRow(
                leafHash: entry.leafHash, height: log.height, time: entry.time,
                operationCount: entry.view.operationCount, notCounted: why))
        if why == nil {
            try applyOperations(of: entry, log: log)
        } else {
            state.counts.quarantined += 1
            try touchTargets(of: entry)
        }
        return .applied(why)
    }

    /// Adds the heads that moved to the log's accumulated context.
    private func takeHeads(
        of entry: VerifiedChangeset, into log: inout LogProgress
    ) throws -> (any: Bool, shrinks: Bool) {
        var shrinks = false
        for head in entry.view.heads {
            // An author has always merged its own log: a head of it says nothing, or lies.
            if head.origin == log.origin {
                shrinks = true
                continue
            }
            let number = logNumber(head.origin)
            guard var root = Digest(head.root) else { continue }
            var size = head.size
            if let end = state.end(of: number), size > end {
                // Beyond it nothing counts, whatever the author was shown, and nobody waits for it.
                (size, root) = (end, .zero)
            }
            if let before = log.cited[number] {
                if size <= before.size {
                    let isOther = root != before.root && root != .zero && before.root != .zero
                    if head.size < before.size || (size == before.size && isOther) {
                        shrinks = true
                    }
                    continue
                }
            }
            if size > 0 { log.cited[number] = .init(size: size, root: root, isChecked: false) }
        }
        return (!entry.view.heads.isEmpty, shrinks)
    }

    /// The local number of an organisation's log, given one if it is new.
    public func logNumber(_ origin: Origin) -> Int {
        if let number = state.number(origin) { return number }
        let number = numberForNewLog?(origin) ?? (state.logs.keys.max() ?? 0) + 1
        state.add(LogProgress(number: number, origin: origin))
        return number
    }

    /// Gives a log its number; a storage that keeps several datasets sets this.
    public var numberForNewLog: ((Origin) -> Int)?

    /// Compares the heads that were not yet found true with the roots and contexts of what they cite.
    private func checkHeads(
        of log: inout LogProgress, entry index: UInt64, height: inout Int64
    ) throws -> NotCounted? {
        var why: NotCounted?
        for number in log.cited.keys.sorted() {
            guard let head = log.cited[number], !head.isChecked else { continue }
            guard let cited = state.logs[number], cited.stored > 0 else {
                state.logs[number]?.wasCitedWhileAbsent = true
                continue
            }
            if head.root != .zero, try rootAt(cited.origin, head.size) != head.root {
                why = why ?? .falseHead
                continue
            }
            let last = OperationKey(log: number, slot: Slot(entry: head.size - 1, position: 0))
            if !contains(try storage.context(last.entryKey), in: log, index) {
                why = why ?? .contextGap
                continue
            }
            if let row = try storage.entry(last.entryKey) { height = max(height, row.height) }
            log.cited[number]?.isChecked = true
        }
        return why
    }

    /// True if a log's accumulated context lacks nothing of what an entry that it cites had merged.
    ///
    /// A log that it has never cited is one that its author does not hold, perhaps may not read.
    private func contains(
        _ cited: CausalContext, in log: LogProgress, _ index: UInt64
    ) -> Bool {
        cited.parts.allSatisfy { part in
            part.log == log.number
                ? part.size <= index : log.cited[part.log].map { $0.size >= part.size } ?? true
        }
    }

    // MARK: Operations

    private func applyOperations(of entry: VerifiedChangeset, log: LogProgress) throws {
        let view = entry.view
        startAnew(&itemIDs, 0, view.stringCount)
        startAnew(&nameIDs, 0, view.stringCount)
        startAnew(&logNumbers, 0, view.stringCount)
        let source = try view.source.map { try nameID($0, view) } ?? 0
        let author = try view.author.map { try nameID($0, view) } ?? 0
        var scope = OperationScope(
            key: OperationKey(log: entry.log, slot: Slot(entry: entry.index, position: 0)),
            log: log, role: state.membership.role(of: log.origin, at: entry.index) ?? .reader,
            view: view, source: source, author: author,
            sourceName: source == 0 ? [] : try storage.name(source),
            authorName: author == 0 ? [] : try storage.name(author))
        var cursor = view.operations
        var counted = 0
        while let operation = try cursor.next() {
            scope.key = OperationKey(
                log: entry.log, slot: Slot(entry: entry.index, position: cursor.position))
            if let why = try apply(operation, in: scope) {
                try storage.quarantine(scope.key, why)
                state.counts.quarantined += 1
            } else {
                counted += 1
            }
        }
        try flushRun()
        state.counts.operations += counted
    }

    private func startAnew<T>(_ array: inout [T], _ value: T, _ count: Int) {
        array.removeAll(keepingCapacity: true)
        array.append(contentsOf: repeatElement(value, count: count))
    }

    /// What the operations of one entry share, and the key of the one being applied.
    struct OperationScope {
        var key: OperationKey
        let log: LogProgress
        let role: Role
        let view: ChangesetView
        let source: Int64
        let author: Int64
        let sourceName: [UInt8]
        let authorName: [UInt8]
    }

    private func apply(
        _ operation: OperationView, in scope: OperationScope
    ) throws -> NotCounted? {
        switch operation {
        case .addAnnotation(let item, let className, let selector, let fields):
            try addAnnotation(item, className, selector, fields, scope)
            return nil
        case .addItem(let item, let fields), .setItem(let item, let fields):
            try writeItem(item, fields, scope)
            return nil
        case .set(let origin, let slot, let fields):
            return try onTarget(origin, slot, scope) { target in
                if !isOwner(scope, of: target), scope.role < .reviewer {
                    return try suggest(target, fields, scope)
                }
                return try set(target, try written(fields, scope), scope)
            }
        case .review(let origin, let slot, let verdict, let reason):
            return try onTarget(origin, slot, scope) { target in
                if let suggestion = try storage.suggestion(target) {
                    return try decide(suggestion, target, verdict, scope)
                }
                return try review(target, verdict, reason, scope)
            }
        case .comment(let origin, let slot, _):
            return try onTarget(origin, slot, scope) { target in
                guard try storage.annotation(target) != nil else { return .unknownTarget }
                try storage.touch(target.packed, scope.key)
                return nil
            }
        case .commentItem(let item, _):
            try storage.touch(-(try itemID(item, scope.view)), scope.key)
            return nil
        case .governance(let act):
            return act.isStewardsAct && scope.log.origin != state.dataset.owner
                ? .stewardOnly : nil
        }
    }

    /// True if an entry's author is the organisation that added an annotation, or goes on for it.
    func isOwner(_ scope: OperationScope, of target: OperationKey) -> Bool {
        if target.log == scope.log.number { return true }
        guard let owner = state.logs[target.log]?.origin else { return false }
        return state.membership.isOwner(scope.log.origin, of: owner)
    }

    /// Notes of an entry that does not count which labels and items it speaks of, so that they can show it.
    private func touchTargets(of entry: VerifiedChangeset) throws {
        var cursor = entry.view.operations
        while let operation = try cursor.next() {
            let slot = Slot(entry: entry.index, position: cursor.position)
            let key = OperationKey(log: entry.log, slot: slot)
            switch operation {
            case .set(let origin, let slot, _), .review(let origin, let slot, _, _),
                .comment(let origin, let slot, _):
                guard let origin = try? Origin(entry.view.string(origin)),
                    let number = state.number(origin)
                else { continue }
                try storage.touch(OperationKey(log: number, slot: slot).packed, key)
            case .setItem(let item, _), .commentItem(let item, _):
                if let row = try storage.item(key: entry.view.utf8(item)) {
                    try storage.touch(row.target, key)
                }
            case .addItem, .addAnnotation, .governance: continue
            }
        }
    }

    /// Finds the annotation that an operation names, within the entry's context.
    private func onTarget(
        _ origin: Int, _ slot: Slot, _ scope: OperationScope,
        _ body: (OperationKey) throws -> NotCounted?
    ) throws -> NotCounted? {
        let number = logNumber(origin, scope)
        if number == scope.log.number {
            guard slot < scope.key.slot else { return .unknownTarget }
        } else {
            guard number > 0, slot.entry < context[number] else { return .unknownTarget }
        }
        return try body(OperationKey(log: number, slot: slot))
    }

    /// The local number of the log that a string of the table names; -1 if there is none.
    private func logNumber(_ string: Int, _ scope: OperationScope) -> Int {
        if logNumbers[string] != 0 { return logNumbers[string] }
        let origin = try? Origin(scope.view.string(string))
        let number = origin.flatMap { state.number($0) } ?? -1
        logNumbers[string] = number
        return number
    }

    /// True if the write lies in the causal context of the operation being applied.
    func isCovered(_ write: OperationKey, by operation: OperationKey) -> Bool {
        write.log == operation.log
            ? write.packed < operation.packed : write.slot.entry < context[write.log]
    }

    // MARK: Names and items

    @inline(__always)
    func nameID(_ index: Int, _ view: ChangesetView) throws -> Int64 {
        if nameIDs[index] != 0 { return nameIDs[index] }
        let id = try storage.nameID(view.utf8(index))
        nameIDs[index] = id
        return id
    }

    @inline(__always)
    func itemID(_ index: Int, _ view: ChangesetView) throws -> Int64 {
        if itemIDs[index] != 0 { return itemIDs[index] }
        let key = view.utf8(index)
        let id: Int64
        if let row = try storage.item(key: key) {
            id = row.id
        } else {
            id = try addItem(key, ItemRow(id: 0, key: Array(key)))
        }
        itemIDs[index] = id
        return id
    }

    /// Adds an item that nobody spoke of before.
    func addItem(_ key: UnsafeRawBufferPointer, _ row: ItemRow) throws -> Int64 {
        state.counts.items += 1
        state.sum.add(try element(of: row))
        return try storage.insertItem(key: key, row)
    }

    /// The local id of a field as the changeset numbers it.
    func fieldID(_ code: Int, _ view: ChangesetView) throws -> Int64 {
        code < Field.attributeBase
            ? Int64(code) : try nameID(code - Field.attributeBase, view)
    }

    func itemKey(_ id: Int64) throws -> [UInt8] {
        if lastItemKey.id == id { return lastItemKey.key }
        lastItemKey = (id, try storage.item(id: id)?.key ?? [])
        return lastItemKey.key
    }

    // MARK: Runs

    @inline(__always)
    func extendRun(item: Int64, key: OperationKey) throws {
        if let run, run.item == item, run.last.packed + 1 == key.packed {
            self.run?.last = key
            return
        }
        try flushRun()
        run = (item, key, key)
    }

    private func flushRun() throws {
        guard let run else { return }
        try storage.insertRun(item: run.item, first: run.first, last: run.last)
        self.run = nil
    }
}
