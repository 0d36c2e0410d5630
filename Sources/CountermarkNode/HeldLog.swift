import LogStorage
import Provenance

/// A log's folder as a merge reads it; its newest entries may be at hand.
struct HeldLog: HeldEntries {
    private let reader: LogReader
    private let piece: HeldPiece?
    private let tellDamage: (LogStorageError) -> Void

    init(
        _ reader: LogReader, _ piece: HeldPiece?, _ tellDamage: @escaping (LogStorageError) -> Void
    ) {
        (self.reader, self.piece, self.tellDamage) = (reader, piece, tellDamage)
    }

    var size: UInt64 { reader.size }

    func forEachStored(
        from: UInt64, to: UInt64, _ body: (StoredChangeset) throws -> Bool
    ) throws {
        guard let piece, piece.first < to, piece.end > from else {
            return try forEachOnDisk(from: from, to: to, body)
        }
        // Where the walk has come to without being stopped, or damage ending it.
        var next = from
        if from < piece.first {
            try forEachOnDisk(from: from, to: piece.first) { entry in
                guard try body(entry) else { return false }
                next = entry.index + 1
                return true
            }
        }
        let end = min(to, piece.end)
        guard next >= piece.first, try piece.forEachStored(from: next, to: end, body), end < to
        else { return }
        try forEachOnDisk(from: end, to: to, body)
    }

    private func forEachOnDisk(
        from: UInt64, to: UInt64, _ body: (StoredChangeset) throws -> Bool
    ) throws {
        var failure: (any Error)?
        do {
            try reader.forEachLeaf(from: from, to: to) { index, entry, leaf in
                do {
                    return try body(StoredChangeset(entry, index: index, leafHash: leaf))
                } catch {
                    failure = error
                    return false
                }
            }
        } catch let error as LogStorageError {
            tellDamage(error)
        }
        if let failure { throw failure }
    }
}
