import AnnotationModel

extension Merge {
    /// What the heads of one entry came to.
    struct HeadsTaken {
        var moved = false
        var holdFalse = false
    }

    /// Whether the heads of an entry can be judged yet.
    enum HeadsOutcome {
        case taken(HeadsTaken)
        case waiting(log: Int, size: UInt64)
    }

    /// Adds the heads of an entry to what its log has cited.
    ///
    /// A head holds if the cited log's key signed it, the key that the steward's log names within what the
    /// entry has merged of it: so the entry's own past decides, whatever else is known here. One that does not hold is
    /// dropped. A head below what was cited before adds nothing.
    func take(
        _ heads: [Head], of entry: VerifiedChangeset, into log: inout LogProgress
    ) throws -> HeadsOutcome {
        var taken = HeadsTaken()
        let owner = state.dataset.owner
        // The steward's head first: it says whose keys the author knew.
        for head in heads where head.origin == owner {
            guard log.origin != owner else {
                taken.holdFalse = true
                continue
            }
            let number = try logNumber(owner)
            // Without the steward's log nobody can tell what was cited, not even for an entry that will not count:
            // those after it go on from there.
            guard state.logs[number]?.stored ?? 0 > 0 else { return .waiting(log: number, size: 1) }
            take(head, number, named: 0, &log, &taken)
        }
        if heads.allSatisfy({ $0.origin == owner }) { return .taken(taken) }
        var named = entry.index + 1
        if log.origin != owner {
            let number = state.number(owner) ?? 0
            named = log.cited[number] ?? 0
            if let steward = state.logs[number],
                steward.applied < state.required(named, of: steward)
            {
                return .waiting(log: number, size: state.required(named, of: steward))
            }
        }
        for head in heads where head.origin != owner {
            guard head.origin != log.origin, state.membership.members[head.origin] != nil else {
                taken.holdFalse = true
                continue
            }
            take(head, try logNumber(head.origin), named: named, &log, &taken)
        }
        return .taken(taken)
    }

    private func take(
        _ head: Head, _ number: Int, named: UInt64, _ log: inout LogProgress,
        _ taken: inout HeadsTaken
    ) {
        guard let key = state.logKey(of: head.origin, named: named),
            headCheck.holds(head, of: state.dataset, key: key)
        else {
            taken.holdFalse = true
            return
        }
        guard head.merged > log.cited[number] ?? 0 else { return }
        log.cited[number] = head.merged
        taken.moved = true
    }
}
