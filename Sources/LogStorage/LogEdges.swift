import Glibc
import Signing
import Synchronization
import TransparencyLog

/// The right edge of a log as the writer that held its lock last left it.
struct LogEdge: Sendable {
    let checkpoint: [UInt8]
    let range: CompactRange
    /// The hashes of the last tile of each level, fewer than 256.
    let hashes: [[Digest]]
    /// The bytes of the last bundle.
    let bundleBytes: Int

    /// Whether a log's folder is as it was left: under the same checkpoint, and with nothing beyond it.
    ///
    /// Whoever writes begins with the last bundle, so a writer that was ended in the middle shows there.
    func isInPlace(in directory: String) -> Bool {
        let path = directory + "/checkpoint"
        guard (try? DurableFile.read(path, max: checkpoint.count + 1)) == checkpoint else {
            return false
        }
        func holds(_ kind: Tile.Kind, _ count: UInt64, bytes: Int) -> Bool {
            let width = Int(count % 256)
            if width == 0 {
                return (try? DurableFile.isThere(kind, count / 256, in: directory)) == false
            }
            var status = stat()
            let tile = Tile(kind, index: count / 256, width: width)
            return stat("\(directory)/\(tile.path)", &status) == 0
                && status.st_mode & S_IFMT == S_IFREG && Int(status.st_size) == bytes
        }
        return holds(.entries, range.size, bytes: bundleBytes)
            && hashes.enumerated().allSatisfy { level, hashes in
                let count = Tile.count(level: level, size: range.size)
                return hashes.isEmpty
                    || holds(.hashes(level: level), count, bytes: 32 * hashes.count)
            }
    }
}

extension DurableFile {
    /// Whether anything of a tile is in a log's folder, whole or partial.
    static func isThere(
        _ kind: Tile.Kind, _ index: UInt64, in directory: String
    ) throws(LogStorageError) -> Bool {
        let full = "\(directory)/\(Tile(kind, index: index).path)"
        if try isThere(full) { return true }
        return try isThere(full + ".p")
    }
}

/// The right edges of logs that one process has written to, so that it need not read and hash them again for its next
/// entry.
///
/// Other processes write to the same logs; ``LogWriter`` goes by an edge only where it finds, with the lock held, that
/// the files are as that edge left them.
public final class LogEdges: Sendable {
    private struct Key: Hashable {
        let directory: String
        let owner: [UInt8]
    }

    private let edges = Mutex<[Key: LogEdge]>([:])

    /// Some ten megabytes: an edge has at most 255 hashes for each of its levels.
    private static let countMax = 512

    /// Knows none.
    public init() {}

    /// What is known of a log; whoever asks is about to change it, so it is not known any more.
    func take(_ directory: String, _ owner: [UInt8]) -> LogEdge? {
        edges.withLock { $0.removeValue(forKey: Key(directory: directory, owner: owner)) }
    }

    func keep(_ edge: LogEdge, _ directory: String, _ owner: [UInt8]) {
        edges.withLock { edges in
            if edges.count >= Self.countMax { edges.removeAll() }
            edges[Key(directory: directory, owner: owner)] = edge
        }
    }
}
