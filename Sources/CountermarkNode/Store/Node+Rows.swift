import AnnotationModel
import AnnotationStore
import CompanyHome
import DatasetReading
import Foundation
import PlainErrors
import Provenance
import SharedStore
import Signing

/// The labels as rows of the company's database, for analysts.
///
/// They follow from the logs as the node's own table does, and any node of the company brings them forward: it adds
/// what new entries add and puts what they name anew, all in one transaction that moves the dataset's state from the
/// one that was seen. Where earlier entries count otherwise than when the rows were made, other rows are filled beside
/// those that are shown, in pieces, and take their place when they are whole.
extension Node {
    /// What stands for all datasets that are not named.
    static let allRows = "*"

    /// The rows; nil where the home has no store, or one without tables.
    var labelRows: LabelRows? { get throws { try home.sharedLogs()?.labelRows } }

    /// - Throws: ``NodeError`` where there is no database.
    func requireRows() throws -> LabelRows {
        if let rows = try labelRows { return rows }
        throw NodeError(
            .noStore, "the logs of \(home.path) lie in its own folder, and rows need a PostgreSQL",
            hint:
                "run countermark store move --to postgresql://… first; countermark export --format sqlite "
                + "writes tables into a file; nothing was changed")
    }

    // MARK: Wishes

    /// Asks that the company's database holds labels as rows, or no more.
    ///
    /// Every node of the company goes by it; ``moveRows(_:)`` does it.
    ///
    /// - Parameter datasets: None for all, also those to come.
    /// - Returns: Whether that was asked otherwise before.
    /// - Throws: ``NodeError`` where the home has no store, `SharedStoreError`.
    public func askForRows(_ isWanted: Bool, of datasets: [DatasetID]) throws -> Bool {
        let rows = try requireRows()
        for dataset in datasets { try require(dataset) }
        if isWanted {
            try rows.makeTables()
            try rows.requireTransactions()
        } else if try !rows.areThere() {
            return false
        }
        let before = try rows.wishes()
        try rows.wish(isWanted, for: datasets.map(\.description))
        return try rows.wishes() != before
    }

    static func isWanted(_ dataset: String, _ wishes: [String: Bool]) -> Bool {
        wishes[dataset] ?? wishes[allRows] ?? false
    }

    // MARK: Moving

    /// What a round has done.
    public struct RowsRound: Sendable {
        /// Whether there is more to do at once.
        public var isMore = false
        /// Whether anything was changed.
        public var hasMoved = false
        /// Datasets whose rows wait for something, with what.
        public var waiting: [String: String] = [:]
        /// Entries of each dataset's logs that the rows which are shown are not made of, before this round.
        public var behind: [String: UInt64] = [:]
        /// Labels that were put, anew or for the first time.
        public var written = 0
    }

    /// Brings the rows of all datasets forward, by a piece each: nobody waits long for it to end.
    ///
    /// - Throws: `SharedStoreError`. What concerns one dataset stands in the answer, and keeps no other back.
    public func moveRows() throws -> RowsRound {
        var round = RowsRound()
        guard let rows = try labelRows, try rows.areThere(renewed: tellOfRenewal) else {
            return round
        }
        let wishes = try rows.wishes()
        let states = Dictionary(
            try rows.states().map { ($0.dataset, $0) }, uniquingKeysWith: { $1 })
        let here = try home.datasets()
        for dataset in here {
            let name = dataset.description
            do {
                let step =
                    Self.isWanted(name, wishes)
                    ? try moveRows(dataset, rows, states[name], behind: &round.behind[name])
                    : try drop(states[name], rows)
                round.take(step, name)
            } catch let error as SharedStoreError {
                throw error
            } catch let error as NodeError where error.code == .interrupted {
                throw error
            } catch {
                round.waiting[name] = PlainError.line(error)
            }
        }
        let names = Set(here.map(\.description))
        for (name, state) in states where !names.contains(name) && !Self.isWanted(name, wishes) {
            round.take(try drop(state, rows), name)
        }
        if try rows.removeSomeOld() { (round.isMore, round.hasMoved) = (true, true) }
        return round
    }

    /// Brings the rows of all datasets forward until there is nothing left to do.
    ///
    /// - Returns: The last round, and whether any has changed something.
    /// - Throws: `SharedStoreError`, ``NodeError`` of the code `interrupted`: what is there then stays.
    public func moveAllRows() throws -> RowsRound {
        var (hasMoved, written) = (false, 0)
        while true {
            var round = try moveRows()
            (hasMoved, written) = (hasMoved || round.hasMoved, written + round.written)
            (round.hasMoved, round.written) = (hasMoved, written)
            if !round.isMore { return round }
            try interruption?.check("before all rows were there; what is there stays")
            // Another node is at it.
            if !round.hasMoved { usleep(Self.rowsPauseMicroseconds) }
        }
    }

    private static let rowsPauseMicroseconds: UInt32 = 50_000

    private func tellOfRenewal() {
        warn("the rows in the store are of an older version of its tables, and are made anew")
    }

    fileprivate enum RowsStep {
        /// There is nothing to do.
        case current
        /// Something was done, and there may be more: so many labels were put.
        case moved(labels: Int)
        /// Somebody else has done something.
        case again
        /// It waits for something.
        case waits(String)
    }

    private func drop(_ seen: RowsState?, _ rows: LabelRows) throws -> RowsStep {
        guard let seen, seen.shown != nil || seen.filling != nil || seen.why != nil else {
            return .current
        }
        return try rows.change(from: seen) { _ in seen.without(nil) } ? .moved(labels: 0) : .again
    }

    private func moveRows(
        _ dataset: DatasetID, _ rows: LabelRows, _ seen: RowsState?, behind: inout UInt64?
    ) throws -> RowsStep {
        try catchUp(dataset)
        let state = try mergedState(dataset)
        behind = RowsHeads.behind(seen?.heads, state)
        guard let seen else {
            try rows.begin(dataset.description)
            return .again
        }
        let mappings = try schema(of: dataset).mappings
        let isFilling = seen.filling != nil
        let heads = RowsHeads(isFilling ? seen.target : seen.heads)
        let order = heads?.order(state, mappings: mappings)
        if case .behind(let log)? = order { return .waits("this node has less of \(log)") }
        if state.needsRebuild != nil { return .waits("the label set has to be made anew first") }
        if state.membership.isBlind {
            let why = "the dataset is blind"
            if seen.why == why, seen.shown == nil, !isFilling { return .waits(why) }
            var next = seen.without(why)
            // Who does not know of it yet is behind.
            next.heads = try RowsHeads(state, mappings: mappings).text
            return try rows.change(from: seen) { _ in next } ? .moved(labels: 0) : .again
        }
        switch (heads, order) {
        case (let heads?, .same?), (let heads?, .after?):
            if isFilling, RowsFill(seen.done) != nil {
                return try fill(dataset, rows, seen, heads)
            }
            if !isFilling, seen.shown != nil {
                return order == .same ? .current : try update(dataset, rows, seen, from: heads)
            }
        default: break
        }
        try rows.requireTransactions()
        var next = seen
        (next.filling, next.filled) = (Int64.random(in: 1 ... .max), 0)
        next.target = try RowsHeads(state, mappings: mappings).text
        (next.done, next.why) = (try RowsFill().text, nil)
        return try rows.change(from: seen) { _ in next } ? .moved(labels: 0) : .again
    }

    /// What is read of a dataset in one transaction, and goes by one state.
    private struct RowsReading {
        let merge: Merge
        let mappings: [String: String]
        let signers: Signers

        /// What makes rows of it.
        func maker(of rows: Int64, _ heads: RowsHeads) -> LabelRowMaker {
            LabelRowMaker(rows: rows, heads: heads, mappings: mappings, signers: signers)
        }
    }

    /// Reads a dataset's labels of one state.
    ///
    /// - Returns: Nil where somebody has written at this moment.
    private func reading<R>(
        _ dataset: DatasetID, _ body: (RowsReading) throws -> R
    ) throws -> R? {
        let signers = try Signers(merged(dataset))
        let before = try mergedState(dataset)
        let mappings = try schema(of: dataset).mappings
        return try read(dataset) { merge -> R? in
            let state = merge.state
            guard state.mark == before.mark, state.needsRebuild == nil,
                !state.membership.isBlind
            else { return nil }
            return try body(RowsReading(merge: merge, mappings: mappings, signers: signers))
        }
    }

    // MARK: Filling

    /// Puts the next piece into rows that are being filled; the last one lets them be shown.
    private func fill(
        _ dataset: DatasetID, _ rows: LabelRows, _ seen: RowsState, _ target: RowsHeads
    ) throws -> RowsStep {
        guard let number = seen.filling, var fill = RowsFill(seen.done) else { return .again }
        let open = target.logs.filter { fill.done[$0.key] ?? 0 < $0.value.applied }
        guard let name = open.keys.min() else {
            return try update(dataset, rows, seen, from: target)
        }
        try rows.requireTransactions()
        var maker: LabelRowMaker?
        let origin = try Origin(name)
        let waits = try reading(dataset) { reading -> RowsStep? in
            let state = reading.merge.state
            if let log = fill.isAhead(of: state) { return .waits("this node has less of \(log)") }
            guard target.order(state, mappings: reading.mappings) != .otherwise,
                let log = state.number(origin)
            else { return .again }
            fill.reach(state)
            var made = reading.maker(of: number, target)
            fill.done[name] = try collect(
                log: log, origin, from: fill.done[name] ?? 0, to: target.applied(origin), &made)
            maker = made
            return nil
        }
        guard let waits, let maker else { return waits.flatMap { $0 } ?? .again }
        if let waits { return waits }
        var next = seen
        next.done = try fill.text
        next.filled += Int64(maker.labels.count)
        next.filling = number
        onProgress?(
            WorkProgress(
                .writing, labels: Int(next.filled),
                fraction: min(
                    1,
                    Double(next.filled)
                        / Double(max(1, try mergedState(dataset).counts.annotations)))))
        let isDone = try rows.change(from: seen) { writer in
            try writer.put(maker.words, of: number)
            try writer.put(maker.labels)
            return next
        }
        try interruption?.check("before all rows were there; what is there stays")
        return isDone ? .moved(labels: maker.labels.count) : .again
    }

    /// Collects rows of whole entries until there are enough.
    ///
    /// - Returns: The entry to go on with.
    private func collect(
        log number: Int, _ origin: Origin, from: UInt64, to end: UInt64,
        _ maker: inout LabelRowMaker
    ) throws -> UInt64 {
        let first = OperationKey(log: number, slot: Slot(entry: from, position: 0))
        var last: UInt64?
        var next: UInt64?
        try store.forEachEncodedLabel(of: number, origin, from: first) { label in
            let entry = label.key.slot.entry
            if entry >= end { return false }
            if entry != last, maker.isFull(rowsPerPiece) {
                next = entry
                return false
            }
            last = entry
            try maker.add(label)
            return true
        }
        return next ?? end
    }

    // MARK: Updating

    /// Brings rows from the heads that they are made of to those of now, and shows them.
    private func update(
        _ dataset: DatasetID, _ rows: LabelRows, _ seen: RowsState, from heads: RowsHeads
    ) throws -> RowsStep {
        guard let number = seen.filling ?? seen.shown else { return .again }
        let isFirst = seen.filling != nil
        try rows.requireTransactions()
        do {
            let step = try reading(dataset) { reading -> RowsStep in
                let state = reading.merge.state
                if isFirst, let log = RowsFill(seen.done)?.isAhead(of: state) {
                    return .waits("this node has less of \(log)")
                }
                switch heads.order(state, mappings: reading.mappings) {
                case .behind(let log): return .waits("this node has less of \(log)")
                case .otherwise: return .again
                case .same, .after: break
                }
                let now = RowsHeads(state, mappings: reading.mappings, after: heads)
                var written = 0
                let isDone = try rows.change(from: seen) { writer in
                    var news = RowsNews(
                        self, reading.merge, reading.maker(of: number, now), writer)
                    try news.write(from: heads, piece: rowsPerPiece, aliases: isFirst)
                    written = news.added + news.changed
                    var next = RowsState(seen.dataset, version: seen.version)
                    next.shown = number
                    next.heads = try now.text
                    next.digest = state.digest.hex
                    next.labels = (isFirst ? seen.filled : seen.labels) + Int64(news.added)
                    guard next.labels == state.counts.annotations else { throw RowsDiffer() }
                    return next
                }
                return isDone ? .moved(labels: written) : .again
            }
            return step ?? .again
        } catch is RowsDiffer {
            return try beginAnew(dataset, rows, seen)
        }
    }

    /// Begins other rows where those that are there are not what they should be.
    private func beginAnew(
        _ dataset: DatasetID, _ rows: LabelRows, _ seen: RowsState
    ) throws -> RowsStep {
        warn("the rows of \(dataset) in the store are not what was put there, and are made anew")
        var next = seen
        // Whoever moves them next begins with the heads of then.
        (next.filling, next.target, next.done, next.filled) = (nil, nil, nil, 0)
        if seen.filling == nil { (next.shown, next.heads, next.digest) = (nil, nil, nil) }
        let isDone = try rows.change(from: seen) { _ in next }
        // Whatever spoils rows while they are filled would do so again at once.
        return seen.filling != nil
            ? .waits("what was filled was not whole") : isDone ? .moved(labels: 0) : .again
    }
}

/// That rows are not what they should be: somebody else has changed them.
struct RowsDiffer: Error {}

extension Node.RowsRound {
    fileprivate mutating func take(_ step: Node.RowsStep, _ name: String) {
        switch step {
        case .current: break
        case .moved(let labels):
            (isMore, hasMoved) = (true, true)
            written += labels
        case .again: isMore = true
        case .waits(let why): waiting[name] = why
        }
    }
}
