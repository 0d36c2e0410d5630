import AnnotationModel
import AnnotationStore
import CompanyHome
import DatasetReading
import Foundation
import LogStorage
import PlainErrors
import Provenance
import Replication
import Signing
import TransparencyLog

extension Node {
    /// A dataset as it is merged here.
    public func merged(_ dataset: DatasetID) -> MergedDataset {
        MergedDataset(dataset, home, store)
    }

    /// Runs `body` on a dataset's merged state, which it must leave as it is.
    public func read<R>(_ dataset: DatasetID, _ body: (Merge) throws -> R) throws -> R {
        try merged(dataset).read(body)
    }

    /// A dataset's merged state, without its labels: costs next to nothing where nobody has written since.
    public func mergedState(_ dataset: DatasetID) throws -> MergeState {
        try merged(dataset).state()
    }

    /// Bytes of entries that are applied in one transaction: some seventy thousand labels.
    private static let bytesPerTransaction = 2 << 20
    /// Other processes that write wait for a transaction to end; entries of edits cost more than their bytes say.
    private static let millisecondsPerTransaction: Int64 = 300
    /// After a rebuild that a member asked for, the label set is left alone for so many times as long as it took:
    /// whoever asks again and again takes a tenth of a core.
    private static let restAfterRebuild: Int64 = 9
    /// What takes less than this is not worth waiting for.
    private static let rebuildIsShortMilliseconds: Int64 = 50

    /// Merges what the logs hold and the label table does not.
    ///
    /// A log that cannot be read is left as it is, listed in ``unreadableLogs``, and keeps no other back.
    public func catchUp(_ dataset: DatasetID) throws {
        defer { newest = nil }
        let readers = try readers(of: dataset)
        if readers.isEmpty { return }
        let forks = try forksToMerge(dataset, readers)
        if try isCurrent(dataset, readers, forks) { return }
        let mayRebuild = try hasRested(dataset)
        var isDamaged = false
        let isWatched = onProgress != nil
        var start: MergeMark?
        while true {
            let step = try mergeStep(dataset) { merge -> CatchUp in
                try MergeDriver(merge).note(held(readers, dataset), forks: forks)
                if let cause = merge.state.needsRebuild, mayRebuild || cause > .member, !isDamaged {
                    return .rebuild
                }
                let before = isWatched ? MergeMark(merge.state) : nil
                let isMore = try applySome(merge, readers, isNew: true)
                if isWatched {
                    start = start ?? before
                    onProgress?(MergeMark(merge.state).progress(since: start, isMore: isMore))
                }
                return isMore ? .goOn : .done
            }
            switch step {
            case .goOn: try interruption?.check("before all was merged")
            case .done: return
            case .rebuild:
                // What was merged from a log before it was damaged stays until the log is whole again.
                do throws(LogStorageError) { try requireWholeLogs(dataset) } catch {
                    isDamaged = true
                    continue
                }
                if try makeAnew(dataset, isPatient: false) { return try catchUp(dataset) }
                // Somebody else makes it anew, or writes: until then it goes on as it is.
                isDamaged = true
            }
        }
    }

    /// The forks to go by: what the logs held at given heads does not depend on what was proven of them since.
    private func forksToMerge(
        _ dataset: DatasetID, _ readers: [Origin: LogReader]
    ) throws -> [Origin: UInt64] {
        guard heads == nil else { return [:] }
        let forks = try forks()
        return Dictionary(
            uniqueKeysWithValues: readers.keys.compactMap { origin in
                forks.prefix(of: "\(origin)/\(dataset)").map { (origin, $0) }
            })
    }

    /// The logs as a merge reads them; damage that is met ends a log, and is listed.
    private func held(
        _ readers: [Origin: LogReader], _ dataset: DatasetID
    ) -> [Origin: any HeldEntries] {
        Dictionary(
            uniqueKeysWithValues: readers.map { origin, reader in
                let name = "\(origin)/\(dataset)"
                let piece = newest?.log == name ? newest?.piece : nil
                let log = HeldLog(reader, piece) { [unowned self] error in
                    unreadableLogs[name] = PlainError.line(error)
                }
                return (origin, log)
            })
    }

    private enum CatchUp {
        case goOn, done, rebuild
    }

    /// One transaction of a merge.
    ///
    /// Where it needs a label from an entry that is damaged, nothing of it counts, and the rest waits until the log is
    /// repaired.
    private func mergeStep(
        _ dataset: DatasetID, _ body: (Merge) throws -> CatchUp
    ) throws -> CatchUp {
        do {
            return try store.merge(dataset, body)
        } catch let error as AnnotationStoreError {
            guard case .unreadableEntry(let log, _, _) = error else { throw error }
            unreadableLogs[log] = PlainError.line(error)
            return .done
        }
    }

    /// Opens a dataset's logs; those that cannot be read, or hold less than was merged, are listed.
    private func readers(of dataset: DatasetID) throws -> [Origin: LogReader] {
        var readers: [Origin: LogReader] = [:]
        for name in unreadableLogs.keys where name.hasSuffix("/\(dataset)") {
            unreadableLogs[name] = nil
        }
        for member in try home.members(of: dataset) {
            do {
                if let heads {
                    guard let size = heads[member] else { continue }
                    readers[member] = try home.log(member, dataset).upTo(size)
                } else {
                    readers[member] = try home.log(member, dataset)
                }
            } catch {
                unreadableLogs["\(member)/\(dataset)"] = PlainError.line(error)
            }
        }
        for (name, error) in try shortLogs(dataset, readers)
        where unreadableLogs[name] == nil {
            unreadableLogs[name] = PlainError.line(error)
        }
        return readers
    }

    /// The logs of which less is here than was merged: their checkpoint is gone, or older than it was.
    ///
    /// - Parameter readers: The logs that were just opened.
    func shortLogs(
        _ dataset: DatasetID, _ readers: [Origin: LogReader] = [:]
    ) throws -> [(log: String, error: LogStorageError)] {
        try read(dataset) { $0.state.logs.values.sorted { $0.origin < $1.origin } }
            .compactMap { log in
                let folder = home.logFolder(log.origin, dataset)
                // At given heads less is looked at than is held.
                let reader = heads == nil ? readers[log.origin] : nil
                let name = "\(log.origin)/\(dataset)"
                let held: UInt64
                do {
                    held = try reader?.size ?? home.log(log.origin, dataset).size
                } catch let error as LogStorageError {
                    // What cannot be opened just now is not less than it was.
                    if error.isOfSystem { return (name, error) }
                    held = 0
                }
                guard log.stored > held else { return nil }
                return (
                    name,
                    .damaged(
                        path: folder + "/checkpoint",
                        why: "\(log.stored) entries were here, and it covers \(held)")
                )
            }
    }

    /// Goes through all entries of a dataset's logs.
    ///
    /// - Throws: ``LogStorageError`` for the first log that is not whole, or holds less than was merged.
    func requireWholeLogs(_ dataset: DatasetID) throws(LogStorageError) {
        do {
            if let short = try shortLogs(dataset).first { throw short.error }
            for member in try home.members(of: dataset) {
                let reader = try home.log(member, dataset)
                try reader.forEachEntry(from: 0, to: reader.size) { _, _ in true }
            }
        } catch let error as LogStorageError {
            throw error
        } catch {
            throw .damaged(path: home.path + "/state.sqlite", why: PlainError.line(error))
        }
    }

    private func isCurrent(
        _ dataset: DatasetID, _ readers: [Origin: LogReader], _ forks: [Origin: UInt64]
    ) throws -> Bool {
        let state = try mergedState(dataset)
        if let cause = state.needsRebuild {
            if cause > .member { return false }
            if try hasRested(dataset) { return false }
        }
        return readers.allSatisfy { origin, reader in
            let log = state.progress(origin)
            guard forks[origin] == log?.forkedAt else { return false }
            return log?.stored == reader.size && log?.applied == reader.size
        }
    }

    /// True if a member may have the label set made anew: long enough has passed since that was done last.
    private func hasRested(_ dataset: DatasetID) throws -> Bool {
        guard let last = try store.lastRebuild(dataset),
            last.took >= Self.rebuildIsShortMilliseconds
        else { return true }
        let passed = now() * 1_000 - last.ended
        // A clock that was set back must not put it off for ever.
        return passed < 0 || passed >= Self.restAfterRebuild * last.took
    }

    /// Throws the label table's rows of a dataset away and merges its logs from the first entry on.
    ///
    /// - Throws: ``LogStorageError`` where a log is damaged: the table then stays as it is.
    public func rebuild(_ dataset: DatasetID) throws {
        if let why = store.whyCopied {
            throw NodeError(
                .notWritable, "\(why): the label table there stays as it is",
                hint: "make the disk writable, or free some of it; nothing was changed")
        }
        try requireWholeLogs(dataset)
        try makeAnew(dataset, isPatient: true)
        try catchUp(dataset)
    }

    /// Merges a dataset's logs from the first entry on into rows that then take the place of those that are there.
    ///
    /// Until then all other processes read these.
    ///
    /// - Parameter isPatient: Whether to wait for whoever makes the same rows anew or writes to the own log.
    /// - Returns: False if it was not waited for.
    @discardableResult
    func makeAnew(_ dataset: DatasetID, isPatient: Bool) throws -> Bool {
        let patience = isPatient ? Home.lockTimeoutSeconds : 0
        do {
            guard let path = store.rebuildLock else {
                try mergeAnew(dataset, patience)
                return true
            }
            return try FileLock.holding(path, timeoutSeconds: patience) {
                // What others write meanwhile is not for nothing; but who writes now may do so for long.
                if !isPatient { try whileNobodyWrites(dataset, patience) {} }
                try mergeAnew(dataset, max(patience, Self.swapTimeoutSeconds))
                return true
            }
        } catch LogStorageError.locked where !isPatient {
            return false
        }
    }

    /// How long whoever made a label table anew waits to put it in its place.
    private static let swapTimeoutSeconds = 3.0
    /// How often it looks for what others have merged meanwhile; a round takes some of what they add in the time.
    private static let swapAttempts = 1_000

    private func mergeAnew(_ dataset: DatasetID, _ patience: Double) throws {
        let started = ContinuousClock.now
        try store.beginAnew(dataset)
        let start = MergeMark(MergeState(dataset: dataset, reader: home.origin))
        var isComplete = false
        while !isComplete {
            isComplete = try !mergeSomeAnew(dataset, start)
            try interruption?.check("before all was merged anew")
        }
        // Whoever writes has read what it goes by: the rows' numbers change only when nobody does.
        try whileNobodyWrites(dataset, patience) {
            for _ in 0..<Self.swapAttempts {
                if try mergeSomeAnew(dataset, start, isLast: true) { return }
            }
            throw LogStorageError.locked(path: home.path, seconds: patience)
        }
        let took = (ContinuousClock.now - started) / .milliseconds(1)
        try store.noteRebuild(dataset, ended: now() * 1_000, took: Int64(took))
        try store.endAnew(dataset)
    }

    /// Merges a transaction's worth of entries into the new rows.
    ///
    /// - Returns: Whether there was more; with `isLast`, whether the rows are in place.
    private func mergeSomeAnew(
        _ dataset: DatasetID, _ start: MergeMark, isLast: Bool = false
    ) throws -> Bool {
        let readers = try readers(of: dataset)
        let forks = try forksToMerge(dataset, readers)
        var isMore = false
        let isInPlace = try store.mergeAnew(dataset) { merge, current in
            try MergeDriver(merge).note(held(readers, dataset), forks: forks)
            isMore = try applySome(merge, readers, isNew: false)
            onProgress?(MergeMark(merge.state).progress(since: start, isMore: isMore))
            guard isLast, !isMore else { return false }
            // What somebody has been shown stays, as long as its log has it.
            return current.allSatisfy { log in
                let here = merge.state.progress(log.origin)?.applied ?? 0
                return here >= log.applied || readers[log.origin].map { $0.size <= here } ?? true
            }
        }
        return isLast ? isInPlace : isMore
    }

    /// Runs `body` while no other process writes to the own log.
    private func whileNobodyWrites(
        _ dataset: DatasetID, _ patience: Double, _ body: () throws -> Void
    ) throws {
        let folder = home.logFolder(home.origin, dataset)
        guard !isWriting, store.rebuildLock != nil, try DurableFile.isThere(folder) else {
            return try body()
        }
        try FileLock.holding(LogWriter.lockPath(folder), timeoutSeconds: patience, body)
    }

    /// Applies up to a transaction's worth of entries; false if nothing was left to apply.
    ///
    /// - Parameter isNew: Whether they were not merged before.
    private func applySome(
        _ merge: Merge, _ readers: [Origin: LogReader], isNew: Bool
    ) throws -> Bool {
        var budget = Self.bytesPerTransaction
        let end = ContinuousClock.now + .milliseconds(Self.millisecondsPerTransaction)
        let dataset = merge.state.dataset
        // A log that is looked at as it was says nothing new of what others know.
        let isWhole = heads == nil
        let ownSize = readers[home.origin]?.size ?? 0
        return try MergeDriver(merge).apply(held(readers, dataset), now: now()) { entry in
            for head in entry.view.heads where isWhole && head.origin == home.origin {
                try noteCited(head, dataset, held: ownSize)
            }
        } didApply: { entry in
            if isNew, isWhole, entry.time > 0, merge.state.logs[entry.log]?.origin != home.origin {
                meter?.notePropagation(Date().timeIntervalSince1970 - Double(entry.time))
            }
            for head in entry.view.heads where isWhole {
                guard let reader = readers[head.origin],
                    let key = merge.state.number(head.origin).flatMap({ merge.state.logKeys[$0] })
                else { continue }
                try compare(head, with: reader, dataset, key: key)
            }
        } goesOn: { byteCount in
            budget -= byteCount
            return budget > 0 && ContinuousClock.now < end
        }
    }
}
