import AnnotationModel
import Signing

/// What the merge has to know of an entry as soon as it is stored, before it is applied: what it says about
/// the dataset, about keys, and about other logs.
public struct StoredEntry {
    /// The log's local number.
    public let log: Int
    /// The index in the log.
    public let index: UInt64
    /// Seconds since 1970 as the signer claims; 0 where it claims none.
    public let time: Int64
    /// The fingerprint of the signer's certificate.
    public let signer: Digest?
    /// The heads that the entry cites.
    public let heads: [Head]
    /// The governance acts with their positions.
    public let acts: [(position: Int, act: GovernanceAct)]

    /// What an entry says.
    public init(
        log: Int, index: UInt64, time: Int64, signer: Digest?, heads: [Head],
        acts: [(position: Int, act: GovernanceAct)]
    ) {
        (self.log, self.index, self.time, self.signer) = (log, index, time, signer)
        (self.heads, self.acts) = (heads, acts)
    }
}

extension Merge {
    /// Takes the acts of the next stored entry of a log.
    ///
    /// Entries of one log come in order, and the steward's log before the others: whether an act about a
    /// log counts is decided by what the steward has said. All new entries' acts come before any of their
    /// ``noteCitations(_:)``.
    public func note(_ entry: StoredEntry) throws {
        guard let log = state.logs[entry.log] else { throw ProvenanceError.unknownLog(entry.log) }
        let isStewards = log.origin == state.dataset.owner
        for (_, act) in entry.acts { state.introduce(act, log: entry.log) }
        let isEffective = isCounted(entry, isAct: true)
        for (position, act) in entry.acts {
            let slot = Slot(entry: entry.index, position: position)
            try storage.insertAct(
                OperationKey(log: entry.log, slot: slot), act, isEffective: isEffective)
            if isEffective { state.keep(act, log: entry.log) }
        }
        if isStewards {
            state.govern(isEffective ? entry.acts.map(\.act) : [], entry: entry.index)
        }
    }

    /// Takes the heads and the time of a stored entry: they say how old the entries are that it cites.
    public func noteCitations(_ entry: StoredEntry) {
        guard let log = state.logs[entry.log], isCounted(entry, isAct: false) else { return }
        let isStewards = log.origin == state.dataset.owner
        for head in entry.heads where head.origin != log.origin {
            state.noteCitation(
                of: logNumber(head.origin), size: head.size, time: entry.time,
                isStewards: isStewards)
        }
        if isStewards { state.noteTime(entry.time) }
    }

    private func isCounted(_ entry: StoredEntry, isAct: Bool) -> Bool {
        guard let log = state.logs[entry.log] else { return false }
        return state.standing(
            of: log, index: entry.index, signer: entry.signer, time: entry.time, isAct: isAct)
            == nil
    }
}
