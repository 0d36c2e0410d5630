import Glibc
import Signing
import TransparencyLog

/// What this home's witness has cosigned of each log, durable before anybody is answered.
///
/// A file for each log holds the last checkpoint with the log's signature and the witness's own, so that
/// monitors can be shown it. Losing it would let the witness sign a second history: a damaged file is
/// an error and never a fresh start.
public struct WitnessRegister: Sendable {
    private let folder: String
    private let shared: (any SharedWitness)?

    /// How often another node of the company may be faster.
    private static let attempts = 100

    /// The register in a folder, which is made by the first cosignature.
    ///
    /// - Parameter shared: What decides where several nodes have this witness's key; the folder is then a copy.
    public init(folder: String, shared: (any SharedWitness)? = nil) {
        (self.folder, self.shared) = (folder, shared)
    }

    private func path(_ log: String) -> String {
        folder + "/" + String(log.map { $0 == "/" ? "_" : $0 })
    }

    /// The last checkpoint of a log that was cosigned, with both signatures; nil if none was.
    public func latest(of log: String) throws(LogStorageError) -> [UInt8]? {
        let path = path(log)
        guard let file = try DurableFile.openToRead(path) else { return nil }
        defer { close(file) }
        return try DurableFile.read(file, path, max: SignedNote.bytesMax + 1)
    }

    /// Compares with what was cosigned last and stores the next, as one step under a lock.
    ///
    /// - Parameters:
    ///   - log: the log's name.
    ///   - decide: answers with the checkpoint that is cosigned now, both signatures included, and with
    ///     what it wants returned; if it throws, nothing has changed.
    /// - Returns: What `decide` returned; its checkpoint is durable by then.
    public func cosign<R>(
        _ log: String, lockTimeoutSeconds: Double,
        _ decide: (WitnessedTree) throws -> (note: [UInt8], result: R)
    ) throws -> R {
        let path = path(log)
        return try FileLock.holding(path + ".lock", timeoutSeconds: lockTimeoutSeconds) {
            if let shared { return try cosign(log, path, shared, decide) }
            let (note, result) = try decide(try tree(log, path))
            try DurableFile.replace(path, with: note)
            return result
        }
    }

    /// The same with the row that all nodes of the company move.
    private func cosign<R>(
        _ log: String, _ path: String, _ shared: any SharedWitness,
        _ decide: (WitnessedTree) throws -> (note: [UInt8], result: R)
    ) throws -> R {
        for _ in 0..<Self.attempts {
            var known = try tree(log, path)
            let latest = try shared.latest(of: log)
            let there = try latest.map { try Self.tree(log, $0, path) }
            if let latest, let there, there.size >= known.size {
                if there != known { try DurableFile.replace(path, with: latest) }
                known = there
            }
            let (note, result) = try decide(known)
            let size = try Self.tree(log, note, path).size
            // What is not in the row has not been said.
            if try shared.move(log, from: there?.size, to: size, note: note) {
                try DurableFile.replace(path, with: note)
                return result
            }
        }
        throw LogStorageError.locked(path: path, seconds: 0)
    }

    private func tree(_ log: String, _ path: String) throws(LogStorageError) -> WitnessedTree {
        guard let note = try latest(of: log) else { return .none }
        return try Self.tree(log, note, path)
    }

    private static func tree(
        _ log: String, _ note: [UInt8], _ path: String
    ) throws(LogStorageError) -> WitnessedTree {
        do throws(TransparencyLogError) {
            let checkpoint = try Checkpoint(text: try SignedNote(note).text)
            guard checkpoint.origin == log else {
                throw .otherOrigin(expected: log, found: checkpoint.origin)
            }
            return WitnessedTree(size: checkpoint.size, root: checkpoint.root)
        } catch {
            throw .format(error, path: path)
        }
    }
}

/// The row of each log through which the nodes of one company agree on what their witness has cosigned last.
public protocol SharedWitness: Sendable {
    /// The checkpoint that was cosigned last, with both signatures; nil if none was.
    func latest(of log: String) throws -> [UInt8]?
    /// Puts a checkpoint in the place of the one of another size.
    ///
    /// - Parameter old: The size that has to be there; nil for no row.
    /// - Returns: False, and nothing has changed, where another size is there.
    func move(_ log: String, from old: UInt64?, to size: UInt64, note: [UInt8]) throws -> Bool
}
