import Glibc
import TransparencyLog

/// The file `cosigned` in a log's folder: the checkpoints of the log that witnesses cosigned.
///
/// Several processes may add to it; each addition replaces the file as a whole, so that readers need no
/// lock.
public enum CosignedCheckpoint {
    private static func path(_ directory: String) -> String { directory + "/cosigned" }

    /// What is known of a log; an empty set where nothing is.
    ///
    /// - Throws: ``LogStorageError/format(_:path:)`` for a damaged file.
    public static func read(directory: String) throws(LogStorageError) -> CosignatureSet {
        let path = path(directory)
        guard let file = try DurableFile.openToRead(path) else { return CosignatureSet() }
        defer { close(file) }
        let bytes = try DurableFile.read(file, path, max: CosignatureSet.bytesMax + 1)
        do throws(TransparencyLogError) {
            return try CosignatureSet(file: bytes)
        } catch {
            throw .format(error, path: path)
        }
    }

    /// What is known of a log, as far as it can be read: cosignatures say more of a log and are no part of it,
    /// and whoever made them brings them again.
    public static func readable(directory: String) -> CosignatureSet {
        (try? read(directory: directory)) ?? CosignatureSet()
    }

    /// Changes what is known of a log, under a lock, durably; what is damaged is begun anew.
    ///
    /// - Parameter change: Returns true if it has changed the set.
    /// - Returns: What `change` returned.
    @discardableResult
    public static func update(
        directory: String, lockTimeoutSeconds: Double,
        _ change: (inout CosignatureSet) throws -> Bool
    ) throws -> Bool {
        try FileLock.holding(directory + "/cosigned.lock", timeoutSeconds: lockTimeoutSeconds) {
            var set: CosignatureSet
            do throws(LogStorageError) {
                set = try read(directory: directory)
            } catch {
                // A disk that fails is not one on which something else lies.
                guard case .format = error else { throw error }
                set = CosignatureSet()
            }
            guard try change(&set) else { return false }
            try DurableFile.replace(path(directory), with: set.file)
            return true
        }
    }
}
