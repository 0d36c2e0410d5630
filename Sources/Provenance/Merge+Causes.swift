import AnnotationModel

extension Merge {
    /// True if the entry of one operation had merged another operation.
    public func knows(_ operation: OperationKey, _ other: OperationKey) throws -> Bool {
        if operation.log == other.log { return other.packed < operation.packed }
        return try storage.context(operation.entryKey)[other.log] > other.slot.entry
    }

    /// The writes of one field that no other of them replaces.
    public func surviving(_ writes: some Sequence<OperationKey>) throws -> [OperationKey] {
        // In one log each replaces those before it.
        let last = Dictionary(writes.map { ($0.log, $0) }, uniquingKeysWith: max).values
        return try last.filter { write in try !last.contains { try knows($0, write) } }.sorted()
    }

    /// The writes of one field that stood when an operation wrote it, in its entry's eyes: those it replaces.
    ///
    /// - Parameter writes: Those that count, in any order.
    public func replaced(
        byEach operations: some Sequence<OperationKey>, of writes: [OperationKey]
    ) throws -> [OperationKey: [OperationKey]] {
        let byLog = Dictionary(grouping: writes, by: \.log).mapValues { $0.sorted() }
        var contexts: [Int64: CausalContext] = [:]
        var found: [OperationKey: [OperationKey]] = [:]
        for operation in operations {
            let context = try contexts[operation.entryKey] ?? storage.context(operation.entryKey)
            contexts[operation.entryKey] = context
            // In one log each replaces those before it: of each the last one that was known.
            let last = byLog.compactMap { log, writes in
                Self.last(of: writes) {
                    log == operation.log
                        ? $0.packed < operation.packed : $0.slot.entry < context[log]
                }
            }
            found[operation] = try surviving(last)
        }
        return found
    }

    /// The last of ascending writes that are known, all of which stand before those that are not.
    private static func last(
        of writes: [OperationKey], _ isKnown: (OperationKey) -> Bool
    ) -> OperationKey? {
        var (low, high) = (0, writes.count)
        while low < high {
            let middle = (low + high) / 2
            if isKnown(writes[middle]) { low = middle + 1 } else { high = middle }
        }
        return low == 0 ? nil : writes[low - 1]
    }

    /// Which of the surviving writes of a field is shown: the policy's choice, then the larger causal
    /// height, then the smaller leaf hash.
    ///
    /// Wall clocks never decide.
    ///
    /// - Parameter owner: The log that added the annotation.
    /// - Returns: Nil if there is none.
    public func shown(_ writes: [OperationKey], owner: Int?) throws -> OperationKey? {
        guard writes.count > 1 else { return writes.first }
        var best: (write: OperationKey, rank: Int, entry: EntryRow)?
        for write in writes {
            guard let entry = try storage.entry(write.entryKey) else { continue }
            let rank = rank(write, owner: owner)
            if let current = best {
                let isBetter =
                    rank != current.rank
                    ? rank > current.rank
                    : entry.height != current.entry.height
                        ? entry.height > current.entry.height
                        : entry.leafHash < current.entry.leafHash
                if !isBetter { continue }
            }
            best = (write, rank, entry)
        }
        return best?.write
    }
}
