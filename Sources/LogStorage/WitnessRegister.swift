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

    /// The register in a folder, which is made by the first cosignature.
    public init(folder: String) { self.folder = folder }

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
            let (note, result) = try decide(try tree(log, path))
            try DurableFile.replace(path, with: note)
            return result
        }
    }

    private func tree(_ log: String, _ path: String) throws(LogStorageError) -> WitnessedTree {
        guard let note = try latest(of: log) else { return .none }
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
