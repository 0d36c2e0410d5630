import Glibc
import Signing
import TransparencyLog

/// Checks one log's folder from the bytes: every tile of every level against the entries, and the root
/// against the checkpoint.
public enum LogCheck {
    /// Something that is wrong, with its place.
    public struct Problem: Sendable, Equatable {
        /// The entry, where one can be named.
        public let entry: UInt64?
        /// The file and what is wrong with it.
        public let what: String
    }

    /// The most problems that are listed.
    static let problemsMax = 1_000

    /// Goes through a folder.
    ///
    /// - Parameter onBundle: Hears how many entries each bundle has that was gone through; what it throws ends
    ///   the check.
    /// - Returns: The problems; none for a log that is whole.
    public static func run(
        directory: String, onBundle: (_ entries: Int) throws -> Void = { _ in }
    ) throws -> [Problem] {
        var problems: [Problem] = []
        let reader: LogReader
        do {
            reader = try LogReader(directory: directory)
        } catch {
            if error.isOfSystem { throw error }
            return [Problem(entry: nil, what: "\(error)")]
        }
        var hasher = TreeHasher()
        var leaves: [Digest] = []
        var range = CompactRange()
        for bundle in 0..<((reader.size + 255) / 256) {
            try checkBundle(reader, bundle, &hasher, &leaves, &problems)
            try onBundle(Int(min(256, reader.size - bundle * 256)))
            if problems.count >= problemsMax { return problems }
        }
        for leaf in leaves { range.append(leaf, &hasher) }
        try checkLevels(reader, leaves, &hasher, &problems)
        if problems.isEmpty, range.root(&hasher) != reader.statedRoot {
            problems.append(
                Problem(
                    entry: nil,
                    what: "\(directory)/checkpoint states another root than the entries have"))
        }
        return problems
    }

    /// Compares a bundle's entries with the hashes of the tile beside it.
    private static func checkBundle(
        _ reader: LogReader, _ index: UInt64, _ hasher: inout TreeHasher, _ leaves: inout [Digest],
        _ problems: inout [Problem]
    ) throws {
        let first = index * 256
        let width = Int(min(256, reader.size - first))
        let bundle = Tile(.entries, index: index, width: width)
        let tile = Tile(.hashes(level: 0), index: index, width: width)
        let hashes = try LogStorageError.unlessDamaged { try reader.hashes(tile) }
        if hashes == nil {
            problems.append(Problem(entry: first, what: "\(reader.path(tile)) is cut or missing"))
        }
        var found: [Digest] = []
        do {
            let bytes = try reader.bytes(bundle)
            try bytes.withUnsafeBytes { buffer in
                try EntryBundle.forEachEntry(buffer) { position, entry in
                    if position < width { found.append(hasher.leaf(entry)) }
                }
            }
        } catch let error as LogStorageError where error.isOfSystem {
            throw error
        } catch {
            // Bytes that are left over lie behind the last entry: the first one of the next bundle may be whole.
            let place = UInt64(min(found.count, width - 1))
            problems.append(
                Problem(entry: first + place, what: "\(reader.path(bundle)): \(error)"))
        }
        if found.count < width, problems.isEmpty {
            problems.append(
                Problem(entry: first + UInt64(found.count), what: "\(reader.path(bundle)) is cut"))
        }
        for (position, leaf) in found.enumerated() where hashes?.indices.contains(position) == true
        {
            if hashes?[position] != leaf {
                problems.append(
                    Problem(
                        entry: first + UInt64(position),
                        what: "\(reader.path(bundle)) and \(reader.path(tile)) disagree"))
            }
        }
        leaves += found
    }

    /// Compares the tiles above the leaves with the hashes that the level below makes.
    private static func checkLevels(
        _ reader: LogReader, _ leaves: [Digest], _ hasher: inout TreeHasher,
        _ problems: inout [Problem]
    ) throws {
        var below = leaves
        for level in 1..<8 where below.count >= 256 {
            var hashes: [Digest] = []
            for start in stride(from: 0, to: below.count / 256 * 256, by: 256) {
                var full = CompactRange()
                for hash in below[start..<start + 256] { full.append(hash, &hasher) }
                hashes.append(full.root(&hasher))
            }
            for start in stride(from: 0, to: hashes.count, by: 256) {
                let width = min(256, hashes.count - start)
                let tile = Tile(.hashes(level: level), index: UInt64(start / 256), width: width)
                let found = try LogStorageError.unlessDamaged { try reader.hashes(tile) }
                if found != Array(hashes[start..<start + width]) {
                    problems.append(
                        Problem(entry: nil, what: "\(reader.path(tile)) is not what is below it"))
                }
            }
            below = hashes
        }
    }
}
