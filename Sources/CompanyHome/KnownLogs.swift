import Glibc
import LogStorage
import Synchronization

/// Logs that were opened before, so that whoever goes through many of them reads only the checkpoints that moved.
///
/// A checkpoint is replaced as a whole, so its file has another identity afterwards. A file that was made only a moment
/// before it was looked at is not kept: within one tick of the file system's clock a second one may look the same.
final class KnownLogs: Sendable {
    /// What tells a file from one that took its place.
    private struct Identity: Equatable {
        let device: dev_t
        let number: ino_t
        let bytes: off_t
        let seconds: Int
        let nanoseconds: Int

        /// - Returns: Nil where there is no such file.
        init?(_ path: String) {
            var status = stat()
            guard stat(path, &status) == 0 else { return nil }
            (device, number, bytes) = (status.st_dev, status.st_ino, status.st_size)
            (seconds, nanoseconds) = (status.st_ctim.tv_sec, status.st_ctim.tv_nsec)
        }

        /// Whether the file's time is so long ago that a later change has another one.
        var isSettled: Bool {
            var now = timespec()
            clock_gettime(CLOCK_REALTIME, &now)
            return now.tv_sec - seconds > KnownLogs.settlingSeconds
        }
    }

    private struct Known {
        let identity: Identity
        let reader: LogReader
    }

    /// Beyond any file system's tick: FAT has two seconds.
    private static let settlingSeconds = 2
    /// Some 10 MB of checkpoints.
    private static let countMax = 32_768

    private let logs = Mutex<[String: Known]>([:])

    /// Opens a log, or hands out what is known of it where its checkpoint is the same file.
    func log(in folder: String, of origin: String) throws(LogStorageError) -> LogReader {
        let identity = Identity(folder + "/checkpoint")
        if let identity, let known = logs.withLock({ $0[origin] }), known.identity == identity {
            return known.reader
        }
        let reader = try LogReader(directory: folder, of: origin)
        logs.withLock { logs in
            logs[origin] = nil
            guard let identity, identity.isSettled else { return }
            if logs.count >= Self.countMax { logs.removeAll() }
            logs[origin] = Known(identity: identity, reader: reader)
        }
        return reader
    }
}
