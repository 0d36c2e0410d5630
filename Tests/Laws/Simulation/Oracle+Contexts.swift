import AnnotationModel
import Provenance

extension Oracle {
    /// What becomes of an entry: why it does not count, and what of the other logs its author had merged.
    struct Verdict {
        let objection: NotCounted?
        let merged: [Origin: Int]
    }

    /// Each log's entries as far as they can be applied.
    func judge() -> [Origin: [Verdict]] {
        var judged: [Origin: [Verdict]] = logs.mapValues { _ in [] }
        var moved = true
        while moved {
            moved = false
            for (origin, entries) in logs.sorted(by: { $0.key < $1.key }) {
                while let done = judged[origin]?.count, done < entries.count,
                    let verdict = next(origin, done, entries[done], judged)
                {
                    judged[origin]?.append(verdict)
                    moved = true
                }
            }
        }
        return judged
    }

    /// The verdict on a log's next entry; nil while it waits.
    private func next(
        _ origin: Origin, _ index: Int, _ entry: Written, _ judged: [Origin: [Verdict]]
    ) -> Verdict? {
        func isApplied(_ log: Origin, _ size: Int) -> Bool {
            judged[log]?.count ?? 0 >= min(size, ends[log] ?? size)
        }
        var merged = judged[origin]?.last?.merged ?? [:]
        let (steward, others) = (
            entry.heads.filter { $0.head.origin == self.steward },
            entry.heads.filter { $0.head.origin != self.steward }
        )
        // Whoever does not hold the steward's log knows nobody's key.
        if !steward.isEmpty, logs[self.steward]?.isEmpty != false { return nil }
        var isFalse = false
        for one in steward {
            isFalse = !take(one, world.companies[0].logKeyBytes, &merged) || isFalse
        }
        var known = index + 1
        if origin != self.steward, !others.isEmpty {
            known = merged[self.steward] ?? 0
            if !isApplied(self.steward, known) { return nil }
        }
        for one in others {
            let key = named[one.head.origin]?.last { $0.entry < known }?.key
            isFalse = !take(one, key, &merged) || isFalse
        }
        let why = objection(origin, index, entry) ?? (isFalse ? .falseHead : nil)
        if why == nil {
            for (log, size) in merged {
                let held = logs[log]?.count ?? 0
                let reach = size > held && isKept(log) ? held : size
                if !isApplied(log, reach) { return nil }
            }
        }
        return Verdict(objection: why, merged: merged)
    }

    /// Adds what a head says, if it is from the hand that has to have signed it.
    private func take(_ one: Cited, _ key: [UInt8]?, _ merged: inout [Origin: Int]) -> Bool {
        guard let key, one.signer == key else { return false }
        let before = merged[one.head.origin] ?? 0
        merged[one.head.origin] = max(before, Int(one.head.merged))
        return true
    }
}
