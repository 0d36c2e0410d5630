import AnnotationModel
import AnnotationStore
import Foundation
import LogStorage
import Provenance
import Replication
import Signing
import TransparencyLog

extension Node {
    /// Bytes of entries that are applied in one transaction: some seventy thousand labels.
    private static let bytesPerTransaction = 2 << 20
    /// Other processes that write wait for a transaction to end; entries of edits cost more than their bytes say.
    private static let millisecondsPerTransaction: Int64 = 300
    /// After a rebuild that a member asked for, the label set is left alone for so many times as long as it took:
    /// whoever asks again and again takes a tenth of a core.
    private static let restAfterRebuild: Int64 = 9
    /// What takes less than this is not worth waiting for.
    private static let rebuildIsShortMilliseconds: Int64 = 250

    /// Merges what the logs hold and the label table does not.
    ///
    /// A log that cannot be read is left as it is, listed in ``unreadableLogs``, and keeps no other back.
    public func catchUp(_ dataset: DatasetID) throws {
        let readers = readers(of: dataset)
        if readers.isEmpty { return }
        let forks = try forks()
        if try isCurrent(dataset, readers, forks) { return }
        let mayRebuild = try hasRested(dataset)
        while true {
            let step = try store.merge(dataset) { merge -> CatchUp in
                // Before the logs: what is forked is then never applied.
                for origin in readers.keys.sorted() {
                    guard let prefix = forks.prefix(of: "\(origin)/\(dataset)") else { continue }
                    merge.noteFork(log: try merge.logNumber(origin), prefix: prefix)
                }
                try takeNote(of: readers, merge)
                try merge.settle()
                if let cause = merge.state.needsRebuild, mayRebuild || cause > .member {
                    return .rebuild
                }
                return try applySome(merge, readers) ? .goOn : .done
            }
            switch step {
            case .goOn: continue
            case .done: return
            case .rebuild: return try rebuild(dataset)
            }
        }
    }

    private enum CatchUp {
        case goOn, done, rebuild
    }

    private func readers(of dataset: DatasetID) -> [Origin: LogReader] {
        var readers: [Origin: LogReader] = [:]
        for member in home.members(of: dataset) {
            let name = "\(member)/\(dataset)"
            do {
                readers[member] = try LogReader(directory: home.logFolder(member, dataset))
                unreadableLogs[name] = nil
            } catch {
                unreadableLogs[name] = PlainError.line(error)
            }
        }
        return readers
    }

    private func isCurrent(
        _ dataset: DatasetID, _ readers: [Origin: LogReader], _ forks: KnownForks
    ) throws -> Bool {
        let state = try read(dataset) { $0.state }
        if let cause = state.needsRebuild {
            if cause > .member { return false }
            if try hasRested(dataset) { return false }
        }
        return readers.allSatisfy { origin, reader in
            let log = state.progress(origin)
            let prefix = forks.prefix(of: "\(origin)/\(dataset)")
            guard prefix == log?.forkedAt else { return false }
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
    public func rebuild(_ dataset: DatasetID) throws {
        let started = ContinuousClock.now
        try store.clear(dataset)
        try catchUp(dataset)
        let took = (ContinuousClock.now - started) / .milliseconds(1)
        try store.noteRebuild(dataset, ended: now() * 1_000, took: Int64(took))
    }

    /// Notes how much of each log is held, and its acts.
    private func takeNote(of readers: [Origin: LogReader], _ merge: Merge) throws {
        for (origin, reader) in readers.sorted(by: { $0.key < $1.key }) {
            let number = try merge.logNumber(origin)
            let held = merge.state.logs[number]?.stored ?? 0
            if reader.size <= held { continue }
            do {
                try reader.forEachEntry(from: held, to: reader.size) { index, entry in
                    // An entry that cannot be read has no acts; it is listed when its turn comes.
                    if let entry = try? StoredEntry(entry, log: number, index: index) {
                        try merge.note(entry)
                    }
                    return true
                }
            } catch let error as LogStorageError {
                unreadableLogs["\(origin)/\(merge.state.dataset)"] = PlainError.line(error)
                continue
            }
            merge.noteStored(number, size: reader.size)
        }
    }

    /// Applies up to a transaction's worth of entries; false if nothing was left to apply.
    private func applySome(_ merge: Merge, _ readers: [Origin: LogReader]) throws -> Bool {
        var budget = Self.bytesPerTransaction
        let end = ContinuousClock.now + .milliseconds(Self.millisecondsPerTransaction)
        var hasTime: Bool { budget > 0 && ContinuousClock.now < end }
        var moved = true
        while moved, hasTime {
            moved = false
            for log in merge.state.logs.values.sorted(by: { $0.number < $1.number }) {
                guard let reader = readers[log.origin], log.applied < log.stored else { continue }
                do {
                    try reader.forEachEntry(from: log.applied, to: log.stored) { index, entry in
                        guard try apply(entry, log: log.number, index: index, merge, readers) else {
                            return false
                        }
                        moved = true
                        budget -= entry.count
                        return hasTime
                    }
                } catch let error as LogStorageError {
                    unreadableLogs["\(log.origin)/\(merge.state.dataset)"] = PlainError.line(error)
                }
            }
        }
        return !hasTime
    }

    /// Applies an entry of a log's own folder: it was verified when it was stored.
    ///
    /// - Returns: False if it waits for another log.
    private func apply(
        _ entry: UnsafeRawBufferPointer, log: Int, index: UInt64, _ merge: Merge,
        _ readers: [Origin: LogReader]
    ) throws -> Bool {
        var hasher = TreeHasher()
        let leaf = hasher.leaf(entry)
        guard let changeset = VerifiedChangeset(entry, log: log, index: index, leafHash: leaf)
        else {
            try merge.applyUnreadable(log, index: index, leafHash: leaf)
            return true
        }
        switch try merge.apply(changeset) {
        case .applied:
            for head in changeset.view.heads {
                guard let reader = readers[head.origin],
                    let key = merge.state.number(head.origin).flatMap({ merge.state.logKeys[$0] })
                else { continue }
                try compare(head, with: reader, merge.state.dataset, key: key)
            }
            return true
        case .waiting(let other, let size):
            merge.state.noteWait(of: log, for: other, size: size, at: now())
            return false
        }
    }
}

extension StoredEntry {
    init(_ entry: UnsafeRawBufferPointer, log: Int, index: UInt64) throws {
        let statement = try COSESign1.parse(entry)
        let view = try ChangesetView(statement.payload(in: entry))
        self.init(
            log: log, index: index, time: statement.issuedAt ?? 0,
            signer: statement.certificateThumbprint, acts: try view.acts())
    }
}

extension VerifiedChangeset {
    /// An entry that was stored; nil where it cannot be read.
    init?(_ entry: UnsafeRawBufferPointer, log: Int, index: UInt64, leafHash: Digest) {
        guard let statement = try? COSESign1.parse(entry),
            let view = try? ChangesetView(statement.payload(in: entry))
        else { return nil }
        self.init(
            log: log, index: index, leafHash: leafHash, time: statement.issuedAt ?? 0,
            signer: statement.certificateThumbprint, view: view)
    }
}
