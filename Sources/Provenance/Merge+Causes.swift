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
    public func replaced(
        by operation: OperationKey, of writes: [OperationKey]
    ) throws -> [OperationKey] {
        let context = try storage.context(operation.entryKey)
        return try surviving(
            writes.lazy.filter {
                $0.log == operation.log
                    ? $0.packed < operation.packed : $0.slot.entry < context[$0.log]
            })
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
