import AnnotationModel
import Provenance
import Signing
import TransparencyLog

/// A log in memory: entries, their tree at every size, and the newest checkpoint.
struct HeldLog: HeldEntries, Sendable {
    private(set) var entries: [[UInt8]] = []
    private(set) var leaves: [Digest] = []
    private var roots: [Digest] = []
    private var edge = CompactRange()
    /// The newest checkpoint, a signed note; empty before the first.
    var note: [UInt8] = []
    /// The first checkpoints that cover an act about the log's audience, by their sizes: whom it excludes is served
    /// up to there.
    var bounds: [UInt64: [UInt8]] = [:]

    var size: UInt64 { UInt64(entries.count) }

    mutating func append(_ entry: [UInt8]) {
        var hasher = TreeHasher()
        let leaf = entry.withUnsafeBytes { hasher.leaf($0) }
        entries.append(entry)
        leaves.append(leaf)
        edge.append(leaf, &hasher)
        roots.append(edge.root(&hasher))
    }

    func forEachStored(
        from: UInt64, to: UInt64, _ body: (StoredChangeset) throws -> Bool
    ) throws {
        for index in from..<max(from, to) {
            let leaf = leaves[Int(index)]
            let goesOn = try entries[Int(index)].withUnsafeBytes {
                try body(StoredChangeset($0, index: index, leafHash: leaf))
            }
            if !goesOn { return }
        }
    }

    /// The root at a size; nil beyond the end.
    func root(at size: UInt64) -> Digest? {
        if size == 0 { return TreeHasher.emptyRoot }
        return size <= self.size ? roots[Int(size) - 1] : nil
    }

    func subtree(_ range: Range<UInt64>) -> Digest {
        var hasher = TreeHasher()
        return hasher.root(leaves[Int(range.lowerBound)..<Int(range.upperBound)])
    }

    /// The first entries, without a checkpoint.
    func prefix(_ size: UInt64) -> HeldLog {
        var log = HeldLog()
        for entry in entries.prefix(Int(size)) { log.append(entry) }
        log.bounds = bounds.filter { $0.key <= size }
        return log
    }

    /// How many entries two logs share from the beginning.
    func shared(with other: HeldLog) -> UInt64 {
        UInt64(zip(leaves, other.leaves).prefix { $0 == $1 }.count)
    }
}

/// True if an entry changes who may read its log.
func changesReaders(_ entry: [UInt8]) throws -> Bool {
    try entry.withUnsafeBytes { bytes in
        let statement = try COSESign1.parse(bytes)
        return try ChangesetView(statement.payload(in: bytes)).acts().contains {
            if case .setAudience = $0.act { true } else { false }
        }
    }
}
