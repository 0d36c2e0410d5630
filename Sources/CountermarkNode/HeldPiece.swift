import AnnotationModel
import Dispatch
import Foundation
import LogStorage
import Provenance
import Signing
import Synchronization

/// The newest entries of a log, as they lie in memory when the log takes them: whoever merges them then reads them
/// neither from the disk nor a second time.
///
/// Their bytes stay where they are as long as this value does.
final class HeldPiece {
    /// The index of the first entry.
    let first: UInt64
    private let memory: UnsafeMutableRawBufferPointer
    private let ends: [Int]
    private let leaves: [Digest]
    /// What the entries say, where that was read already.
    private var contents: [StoredChangeset.Content?]

    /// Entries that a log takes from one index on.
    init(_ batch: EntryBatch, from first: UInt64) {
        self.first = first
        memory = .allocate(byteCount: batch.bytes.count, alignment: 1)
        memory.copyBytes(from: batch.bytes)
        (ends, leaves) = (batch.ends, batch.leaves)
        contents = Array(repeating: nil, count: batch.count)
    }

    deinit { memory.deallocate() }

    /// The index behind the last entry.
    var end: UInt64 { first + UInt64(leaves.count) }

    /// Calls `body` with the entries from one index to another (exclusive), all of which are here.
    ///
    /// - Parameter body: Returns false to stop.
    /// - Returns: False if it was stopped.
    func forEachStored(
        from: UInt64, to: UInt64, _ body: (StoredChangeset) throws -> Bool
    ) rethrows -> Bool {
        for index in from..<to where try !body(stored(Int(index - first))) { return false }
        return true
    }

    /// The last entry; nil where there is none.
    var last: StoredChangeset? { leaves.isEmpty ? nil : stored(leaves.count - 1) }

    private func stored(_ position: Int) -> StoredChangeset {
        let index = first + UInt64(position)
        let entry = entry(position)
        if let content = contents[position] {
            return StoredChangeset(
                content, index: index, leafHash: leaves[position], byteCount: entry.count)
        }
        let stored = StoredChangeset(entry, index: index, leafHash: leaves[position])
        contents[position] = stored.content
        return stored
    }

    private func entry(_ position: Int) -> UnsafeRawBufferPointer {
        Self.entry(position, UnsafeRawBufferPointer(memory), ends)
    }

    /// An entry without the two bytes that say how long it is.
    private static func entry(
        _ position: Int, _ memory: UnsafeRawBufferPointer, _ ends: [Int]
    ) -> UnsafeRawBufferPointer {
        let start = position == 0 ? 0 : ends[position - 1]
        return UnsafeRawBufferPointer(rebasing: memory[start + 2..<ends[position]])
    }

    // MARK: Verifying

    /// Verifies the entries, on all cores once the log's key is known.
    ///
    /// - Returns: The number of operations in them.
    /// - Throws: ``ProvenanceError/refused(log:index:_:)`` for the first that does not hold.
    func verify(_ verifier: inout LogVerifier) throws -> Int {
        if verifier.logKey != nil, leaves.count > 1, let count = verifyAtOnce(verifier) {
            return count
        }
        // In order: an entry may bring the key that a later one is signed with, and the first that does not hold
        // is named.
        let cose = COSEVerifier()
        var count = 0
        for position in leaves.indices {
            let verified = try verifier.verify(
                entry(position), index: first + UInt64(position), with: cose)
            contents[position] = verified.content
            count += verified.operationCount
        }
        return count
    }

    /// Verifies the entries in any order; nil where one does not hold, or they have to be verified in theirs.
    private func verifyAtOnce(_ known: LogVerifier) -> Int? {
        let cores = ProcessInfo.processInfo.activeProcessorCount
        let found = Mutex<(operations: Int, mustBeInOrder: Bool)>((0, false))
        let (ends, first) = (ends, first)
        // Each position is one core's alone, and nobody else reads before all are done.
        nonisolated(unsafe) let memory = UnsafeRawBufferPointer(memory)
        contents.withUnsafeMutableBufferPointer { slots in
            nonisolated(unsafe) let slots = slots
            DispatchQueue.concurrentPerform(iterations: cores) { core in
                var own = known
                let cose = COSEVerifier()
                for position in stride(from: core, to: ends.count, by: cores) {
                    let verified = try? own.verify(
                        Self.entry(position, memory, ends), index: first + UInt64(position),
                        with: cose)
                    slots[position] = verified?.content
                    found.withLock {
                        $0.operations += verified?.operationCount ?? 0
                        if verified?.introducesKey ?? true { $0.mustBeInOrder = true }
                    }
                    if verified?.introducesKey ?? true { break }
                }
            }
        }
        let result = found.withLock { $0 }
        return result.mustBeInOrder ? nil : result.operations
    }
}
