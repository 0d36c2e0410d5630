import AnnotationModel
import Signing

/// What the merge has to know of an entry as soon as it is stored, before it is applied: its acts.
public struct StoredEntry {
    /// The log's local number.
    public let log: Int
    /// The index in the log.
    public let index: UInt64
    /// Seconds since 1970 as the signer claims; 0 where it claims none.
    public let time: Int64
    /// The fingerprint of the signer's certificate.
    public let signer: Digest?
    /// The governance acts with their positions.
    public let acts: [(position: Int, act: GovernanceAct)]

    /// What an entry says.
    public init(
        log: Int, index: UInt64, time: Int64, signer: Digest?,
        acts: [(position: Int, act: GovernanceAct)]
    ) {
        (self.log, self.index, self.time) = (log, index, time)
        (self.signer, self.acts) = (signer, acts)
    }
}

extension Merge {
    /// Takes the acts of the next stored entry of a log; ``settle()`` makes them effective.
    ///
    /// Entries of one log come in order; logs may come in any.
    public func note(_ entry: StoredEntry) throws {
        if entry.acts.isEmpty { return }
        let noted = entry.acts.map { position, act in
            NotedAct(
                OperationKey(log: entry.log, slot: Slot(entry: entry.index, position: position)),
                act, signer: entry.signer, time: entry.time)
        }
        // Of what is too many the first says so; the others would cost everybody for ever.
        let kept = state.keep(noted, log: entry.log)
        for act in kept { try storage.insertAct(act) }
        if !kept.isEmpty { pendingActs.insert(entry.log) }
    }

    /// Takes note that more of a log is held now, all of whose acts were noted.
    public func noteStored(_ number: Int, size: UInt64) {
        guard let log = state.logs[number], size > log.stored else { return }
        // Somebody's applied entry has merged what was given up here, and it comes after all.
        let end = state.end(of: log) ?? .max
        if log.citedSize > log.stored, log.stored < end { state.askForRebuild(.member) }
        state.logs[number]?.stored = size
    }

    /// Takes note that a log signed two histories which share their first entries only.
    ///
    /// - Parameter prefix: The number of entries that they share, proven by evidence; the smallest counts.
    public func noteFork(log number: Int, prefix: UInt64) {
        guard let log = state.logs[number], prefix < log.forkedAt ?? .max else { return }
        state.logs[number]?.forkedAt = prefix
        pendingActs.insert(number)
        forked.insert(number)
    }

    /// Folds the acts that were noted, and finds out whether anything that is applied stands differently now.
    ///
    /// It is called when everything new was noted, before anything is applied.
    public func settle() throws {
        guard !pendingActs.isEmpty else { return }
        defer {
            pendingActs.removeAll()
            forked.removeAll()
        }
        let before = state.governance
        state.fold()
        let cause = pendingCause
        for log in state.logs.values.sorted(by: { $0.number < $1.number }) {
            if try stands(log, otherwiseThan: before) { return state.askForRebuild(cause) }
        }
        let (old, new) = (before.membership, state.membership)
        // Heads were judged by log keys that the steward's log names no more: its own log has been cut short.
        for (origin, member) in old.members
        where new.members[origin]?.logKeys.starts(with: member.logKeys) != true {
            return state.askForRebuild(cause)
        }
        if old.policy != new.policy || old.successors != new.successors,
            state.counts.annotations + state.counts.items > 0
        {
            state.askForRebuild(cause)
        }
    }

    private var pendingCause: MergeState.RebuildCause {
        let isStewards = pendingActs.contains { number in
            state.logs[number]?.origin == state.dataset.owner && !forked.contains(number)
        }
        return isStewards ? .steward : .member
    }

    /// True if an applied entry of a log counts otherwise than it was applied, or has merged what is not here.
    private func stands(_ log: LogProgress, otherwiseThan before: Governance) throws -> Bool {
        if log.applied < state.required(log.citedSize, of: log) { return true }
        guard let from = firstConcerned(log, before), from < log.applied else { return false }
        let signers = Dictionary(
            state.keys(of: log.number).map { ($0.value.number, $0.key) },
            uniquingKeysWith: { first, _ in first })
        var isOtherwise = false
        try storage.forEachEntry(of: log.number, from: from) { index, row in
            let why = state.standing(
                of: log, index: index, signer: signers[row.signer], time: row.time)
            let role = state.membership.role(of: log.origin, at: index)
            isOtherwise = why != row.standing || (why == nil && role != row.role)
            return !isOtherwise
        }
        return isOtherwise
    }

    /// The first entry of a log that the news can concern; nil if they concern none.
    private func firstConcerned(_ log: LogProgress, _ before: Governance) -> UInt64? {
        if state.membership.differs(from: before.membership, for: log.origin) { return 0 }
        var first = forked.contains(log.number) ? log.forkedAt : nil
        let known = before.keys[log.number] ?? [:]
        // A key that was introduced just now has signed nothing before.
        for (key, standing) in state.keys(of: log.number) {
            guard let old = known[key], old.retiredAt != standing.retiredAt else { continue }
            let index = min(old.retiredAt ?? .max, standing.retiredAt ?? .max)
            first = min(index, first ?? index)
        }
        return first
    }
}
