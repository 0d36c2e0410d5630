import AnnotationModel

/// The order in which a merge gets what a node holds: forks first, then what arrived, then what that changes, then
/// entry after entry until nothing moves.
///
/// It is the only one: nodes, the simulation and the laws run it.
public struct MergeDriver {
    private let merge: Merge

    /// A driver of a merge.
    public init(_ merge: Merge) { self.merge = merge }

    /// Takes note of all that is held and was not noted, and finds out what it changes.
    ///
    /// Afterwards ``MergeState/needsRebuild`` says whether the label set has to be made anew.
    ///
    /// - Parameter forks: For logs that signed two histories, the number of entries that these share.
    /// - Throws: What the storage throws.
    public func note(_ logs: [Origin: any HeldEntries], forks: [Origin: UInt64]) throws {
        // Before the logs: what is forked is then never applied.
        for (origin, prefix) in forks.sorted(by: { $0.key < $1.key }) {
            merge.noteFork(log: try merge.logNumber(origin), prefix: prefix)
        }
        for (origin, log) in logs.sorted(by: { $0.key < $1.key }) {
            let number = try merge.logNumber(origin)
            let held = merge.state.logs[number]?.stored ?? 0
            if log.size <= held { continue }
            var noted = held
            try log.forEachStored(from: held, to: log.size) { entry in
                // An entry that cannot be read has no acts; it is listed when its turn comes.
                if let content = entry.content, let acts = try? content.acts() {
                    try merge.note(
                        StoredEntry(
                            log: number, index: entry.index, time: content.time,
                            signer: content.signer, acts: acts))
                }
                noted = entry.index + 1
                return true
            }
            // What lies before damage is as good as ever, and is not noted twice.
            if noted > held { merge.noteStored(number, size: noted) }
        }
        try merge.settle()
    }

    /// Applies entries in their order until all wait or are applied.
    ///
    /// - Parameters:
    ///   - now: Seconds since 1970, for since when an entry waits.
    ///   - willApply: Hears of each entry that can be read, before it is applied.
    ///   - didApply: Hears of it afterwards.
    ///   - goesOn: Asked after each entry with its length in bytes.
    /// - Returns: Whether `goesOn` ended it.
    /// - Throws: What the storage and the closures throw.
    public func apply(
        _ logs: [Origin: any HeldEntries], now: Int64,
        willApply: (VerifiedChangeset) throws -> Void = { _ in },
        didApply: (VerifiedChangeset) throws -> Void = { _ in },
        goesOn: (_ byteCount: Int) -> Bool = { _ in true }
    ) throws -> Bool {
        var (moved, isEnded) = (true, false)
        while moved, !isEnded {
            moved = false
            for log in merge.state.logs.values.sorted(by: { $0.number < $1.number }) {
                guard !isEnded, let held = logs[log.origin] else { continue }
                let end = min(log.stored, held.size)
                if log.applied >= end { continue }
                try held.forEachStored(from: log.applied, to: end) { entry in
                    guard try apply(entry, of: log.number, now, willApply, didApply) else {
                        return false
                    }
                    moved = true
                    isEnded = !goesOn(entry.byteCount)
                    return !isEnded
                }
            }
        }
        return isEnded
    }

    /// - Returns: False if it waits for another log.
    private func apply(
        _ entry: StoredChangeset, of log: Int, _ now: Int64,
        _ willApply: (VerifiedChangeset) throws -> Void,
        _ didApply: (VerifiedChangeset) throws -> Void
    ) throws -> Bool {
        guard let content = entry.content else {
            try merge.applyUnreadable(log, index: entry.index, leafHash: entry.leafHash)
            return true
        }
        let changeset = VerifiedChangeset(
            log: log, index: entry.index, leafHash: entry.leafHash, time: content.time,
            signer: content.signer, view: content.view)
        try willApply(changeset)
        switch try merge.apply(changeset) {
        case .applied:
            try didApply(changeset)
            return true
        case .waiting(let other, let size):
            merge.state.noteWait(of: log, for: other, size: size, at: now)
            return false
        }
    }
}
