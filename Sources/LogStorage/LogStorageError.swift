import Glibc
import TransparencyLog

/// Why a log's folder could not be read or written.
public enum LogStorageError: Error, Equatable, Sendable {
    /// A system call failed on a path.
    case system(call: String, path: String, errno: Int32)
    /// Another process has held the log's lock for the whole time.
    case locked(path: String, seconds: Double)
    /// The files do not hold what the checkpoint says.
    case damaged(path: String, why: String)
    /// Entries beyond the end of the log.
    case beyondEnd(index: UInt64, size: UInt64)
    /// Bytes that are not of the log's format.
    case format(TransparencyLogError, path: String)
    /// The writer was closed, or could not recover from a failed write.
    case closed(path: String)

    static func last(_ call: String, _ path: String) -> LogStorageError {
        .system(call: call, path: path, errno: Glibc.errno)
    }
}

extension LogStorageError: CustomStringConvertible {
    /// One line: what happened, to what, what to do.
    public var description: String {
        switch self {
        case .system(let call, let path, let code):
            switch code {
            case ENOSPC, EDQUOT:
                "no space left to write \(path): free some disk; nothing was acknowledged"
            case EROFS, EACCES, EPERM:
                "\(path) cannot be written or read (\(SystemReason.words(code))): "
                    + "check who owns the home and how it is mounted"
            default: "\(path) cannot be used (\(SystemReason.words(code)), at \(call))"
            }
        case .locked(let path, let seconds):
            "another process has held \(path) for \(seconds) s: wait for it, or stop it"
        case .damaged(let path, let why):
            "\(path) is damaged: \(why); run countermark verify, then take the log from a partner"
        case .beyondEnd(let index, let size): "entry \(index) is beyond the log's \(size) entries"
        case .format(let error, let path): "\(path): \(error)"
        case .closed(let path): "the log \(path) is closed"
        }
    }
}
