import AnnotationModel
import CanonicalCBOR
import Signing

/// Merges the logs of one dataset into one label set (multi-value registers under causal contexts).
///
/// A write replaces exactly the writes in its causal context; concurrent writes all stay. Entries of
/// one log come in order; an entry waits until the logs that it has merged have been applied that far. So what was
/// replaced is always there before its replacement, and nodes that hold the same logs end with the same rows,
/// whatever the order of arrival. All decisions are made pair by pair: that one write replaces another follows
/// from the context of the one alone, whatever a third entry says.
///
/// The merge is total: an entry or an operation that cannot be applied is listed with the reason and changes
/// nothing; only a failing storage ends it.
///
/// ``MergeDriver`` drives it; ``flush()`` ends each batch.
public final class Merge {
    /// The state that is not rows.
    ///
    /// A merge is used by one thread at a time: its properties are read and written for each operation,
    /// where the run-time checks of exclusive access would cost more than the additions they guard.
    @exclusivity(unchecked) public var state: MergeState
    let storage: any LabelStorage
    /// Where the rows are kept; what the present batch has changed is there after ``flush()``.
    public var rows: any LabelStorage { storage }

    @exclusivity(unchecked) var hasher = ElementHasher()
    /// What the batch changes, by target.
    @exclusivity(unchecked) var open: [Int64: OpenTarget] = [:]
    /// How many writes they had when they were opened, and got since.
    @exclusivity(unchecked) var openWrites = 0
    /// What the strings of the entry being applied stand for; 0 where that was not asked yet.
    @exclusivity(unchecked) var itemIDs: [Int64] = []
    @exclusivity(unchecked) var nameIDs: [Int64] = []
    /// Whether the log may use a string as an attribute's name.
    @exclusivity(unchecked) var attributes: [AttributeUse] = []
    @exclusivity(unchecked) private var logNumbers: [Int] = []
    /// By the logs' numbers, which keep their logs.
    @exclusivity(unchecked) var tags: [LogTag?] = []
    /// The register of its author's verdicts; nil until it is asked for.
    @exclusivity(unchecked) var verdicts: Int64?
    /// The context of the entry being applied.
    @exclusivity(unchecked) var context = CausalContext()
    /// The annotations that it has added so far.
    @exclusivity(unchecked) var addedLabels = 0
    /// Between which positions it has added annotations of the item that a string names.
    @exclusivity(unchecked) var runs: [ClosedRange<Int>?] = []
    @exclusivity(unchecked) var lastItemKey: (id: Int64, key: [UInt8]) = (0, [])
    let headCheck = HeadCheck()
    /// Logs with acts that ``settle()`` has to fold, and those whose fork became known.
    var pendingActs: Set<Int> = []
    var forked: Set<Int> = []

    enum AttributeUse {
        case unknown, allowed, beyond
    }

    /// The most targets that are kept in memory before they are written back: what fits into a processor's cache.
    private static let openTargetsMax = 512
    /// The most writes of theirs that stay from one entry to the next, some 100 bytes each.
    ///
    /// Targets with many are not loaded again for each entry that writes to them, so they stay longer.
    private static let openWritesMax = 65_536

    /// A merge into a storage.
    public init(state: MergeState, storage: any LabelStorage) {
        self.state = state
        self.storage = storage
    }

    /// Applies the next entry of a log.
    ///
    /// - Throws: What the storage throws; the caller then drops the whole batch.
    public func apply(_ entry: VerifiedChangeset) throws -> MergeOutcome {
        guard var log = state.logs[entry.log], entry.index == log.applied else {
            return .waiting(log: entry.log, size: entry.index)
        }
        var why = state.standing(
            of: log, index: entry.index, signer: entry.signer, time: entry.time)
        let heads: HeadsTaken
        switch try take(entry.view.heads, of: entry, into: &log) {
        case .taken(let taken): heads = taken
        case .waiting(let number, let size): return .waiting(log: number, size: size)
        }
        if why == nil, heads.holdFalse { why = .falseHead }
        // What does not count waits for nothing.
        if why == nil {
            for (number, size) in log.cited {
                guard let cited = state.logs[number] else { continue }
                let required = state.required(size, of: cited)
                if cited.applied < required { return .waiting(log: number, size: required) }
            }
            for (number, size) in log.cited where size > state.logs[number]?.citedSize ?? .max {
                state.logs[number]?.citedSize = size
            }
            log.latestTime = max(log.latestTime, entry.time)
        }
        context = log.context
        context[entry.log] = entry.index
        if heads.moved { try storage.insertContext(entryKey(entry), log.context) }
        let height = context.parts.reduce(Int64(1)) { $0 &+ Int64(clamping: $1.size) }
        advance(log)
        addedLabels = 0
        if why == nil {
            storage.begin(entry: entryKey(entry))
            try applyOperations(of: entry, log: log)
        } else {
            state.counts.quarantined += 1
            try touchTargets(of: entry)
        }
        try insert(
            EntryRow(
                leafHash: entry.leafHash, height: height, time: entry.time,
                operationCount: entry.view.operationCount, labelCount: addedLabels, notCounted: why,
                signer: entry.signer.flatMap { state.keys(of: entry.log)[$0]?.number } ?? 0,
                role: state.membership.role(of: log.origin, at: entry.index)),
            log: entry.log, index: entry.index)
        // Never within an entry: one that goes round among labels with many writes would have them loaded for
        // each operation.
        if openWrites > Self.openWritesMax {
            try writeBack(keepingLarge: false)
        } else if open.count > Self.openTargetsMax {
            try writeBack(keepingLarge: true)
        }
        return .applied(why)
    }

    /// Takes the place of the next entry of a log for one that cannot be read: it counts for nothing, and the log
    /// goes on.
    public func applyUnreadable(_ number: Int, index: UInt64, leafHash: Digest) throws {
        guard let log = state.logs[number], index == log.applied else { return }
        let why = state.standing(of: log, index: index, signer: nil, time: 0)
        advance(log)
        try insert(
            EntryRow(
                leafHash: leafHash, height: 0, time: 0, operationCount: 0,
                notCounted: why ?? .unreadable, signer: 0,
                role: state.membership.role(of: log.origin, at: index)),
            log: number, index: index)
        state.counts.quarantined += 1
    }

    private func advance(_ log: LogProgress) {
        var log = log
        // `citedSize` was raised in the state, not in the copy.
        log.citedSize = state.logs[log.number]?.citedSize ?? log.citedSize
        log.applied += 1
        log.waiting = nil
        state.logs[log.number] = log
    }

    private func insert(_ row: EntryRow, log: Int, index: UInt64) throws {
        let key = OperationKey(log: log, slot: Slot(entry: index, position: 0))
        try storage.insertEntry(key.entryKey, row)
        if row.labelCount > 0 { state.sum.add(try element(ofEntry: key, row.leafHash)) }
    }

    private func entryKey(_ entry: VerifiedChangeset) -> Int64 {
        OperationKey(log: entry.log, slot: Slot(entry: entry.index, position: 0)).entryKey
    }

    // MARK: Logs

    /// The local number of an organisation's log, given one if it is new.
    ///
    /// - Throws: What ``numberForNewLog`` throws.
    public func logNumber(_ origin: Origin) throws -> Int {
        if let number = state.number(origin) { return number }
        let number = try numberForNewLog?(origin) ?? (state.logs.keys.max() ?? 0) + 1
        state.add(LogProgress(number: number, origin: origin))
        return number
    }

    /// Gives a log its number; a storage that keeps several datasets sets this.
    public var numberForNewLog: ((Origin) throws -> Int)?

    // MARK: Operations

    private func applyOperations(of entry: VerifiedChangeset, log: LogProgress) throws {
        let view = entry.view
        startAnew(&itemIDs, 0, view.stringCount)
        startAnew(&nameIDs, 0, view.stringCount)
        startAnew(&attributes, .unknown, view.stringCount)
        startAnew(&logNumbers, 0, view.stringCount)
        startAnew(&runs, nil, view.stringCount)
        verdicts = nil
        let source = try view.source.map { try nameID($0, view) } ?? 0
        let author = try view.author.map { try nameID($0, view) } ?? 0
        var scope = OperationScope(
            key: OperationKey(log: entry.log, slot: Slot(entry: entry.index, position: 0)),
            log: log, role: state.membership.role(of: log.origin, at: entry.index) ?? .reader,
            view: view, source: source, author: author)
        var cursor = view.checkedOperations
        var counted = 0
        while let operation = try? cursor.next() {
            scope.key = OperationKey(
                log: entry.log, slot: Slot(entry: entry.index, position: cursor.position))
            if let why = try outcome(of: operation, in: scope) {
                try storage.quarantine(scope.key, why)
                if case .addAnnotation = operation {
                    state.sum.add(try element(notAdded: scope.key))
                }
                state.counts.quarantined += 1
            } else {
                counted += 1
            }
        }
        try insertRuns(scope)
        state.counts.operations += counted
    }

    /// Applies one operation, whatever it says.
    ///
    /// - Returns: Why it does not count; nil if it does.
    /// - Throws: What the storage throws, and nothing else.
    private func outcome(
        of operation: OperationView, in scope: OperationScope
    ) throws -> NotCounted? {
        do {
            return try apply(operation, in: scope)
        } catch let refused as Refused {
            return refused.why
        } catch is AnnotationModelError {
            return .unreadable
        } catch is CBORError {
            return .unreadable
        }
    }

    /// Why an operation is not applied, thrown from where its fields are read.
    struct Refused: Error {
        let why: NotCounted
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
                guard try hasAnnotation(target) else { return .unknownTarget }
                try storage.touch(target.packed, scope.key)
                return nil
            }
        case .commentItem(let item, _):
            try storage.touch(-(try itemID(item, scope.view)), scope.key)
            return nil
        case .governance(let act):
            if state.governance.isBeyondLimits(act, at: scope.key) { return .tooMany }
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
        var cursor = entry.view.checkedOperations
        while let operation = try? cursor.next() {
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
}
