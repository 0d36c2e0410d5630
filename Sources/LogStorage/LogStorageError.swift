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
    /// The disk failed at the moment of publishing: whether the new checkpoint will be found is not known.
    case unconfirmed(path: String)
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
            Self.words(call, path, code)
        case .locked(let path, let seconds):
            "another process has held \(path) for \(seconds) s: wait for it, or stop it"
        case .damaged(let path, let why):
            "\(path) is damaged: \(why); run countermark repair, which takes it from a partner"
        case .beyondEnd(let index, let size): "entry \(index) is beyond the log's \(size) entries"
        case .format(let error, let path):
            "\(path) is damaged: \(error); run countermark repair"
        case .unconfirmed(let path):
            "the disk did not confirm \(path): what this command said may be written; check the disk, "
                + "then see countermark history before you run it again"
        case .closed(let path):
            "the log \(path) was closed after its disk failed: check the disk, then run the command "
                + "again"
        }
    }

    /// The line for a file that does not lie in the home, of which its commands would find nothing.
    ///
    /// - Parameter remedy: What to do about such a file.
    public func elsewhere(_ remedy: String) -> String {
        switch self {
        case .system(_, let path, let code):
            "\(path) cannot be read: \(SystemReason.words(code)); \(remedy)"
        case .damaged(let path, let why): "\(path) is damaged: \(why); \(remedy)"
        case .format(let error, let path): "\(path) is damaged: \(error); \(remedy)"
        case .locked, .beyondEnd, .unconfirmed, .closed: description
        }
    }

    /// Whether the system refused a call for a reason of its own, as too few files or no permission: nothing is known
    /// of the file then, and the same call may succeed the next time.
    ///
    /// False where the file is not what it should be, is not there, or cannot be read on a disk that works otherwise.
    public var isOfSystem: Bool {
        switch self {
        case .system(_, _, let code):
            ![ENOENT, ENOTDIR, EISDIR, ELOOP, ENAMETOOLONG, EIO].contains(code)
        case .locked, .unconfirmed, .closed: true
        case .damaged, .beyondEnd, .format: false
        }
    }

    /// What `body` reads; nil where that is damaged or cannot be made out.
    ///
    /// - Throws: ``LogStorageError`` where the system refused it (``isOfSystem``): that is no damage.
    public static func unlessDamaged<T>(_ body: () throws -> T) throws -> T? {
        do {
            return try body()
        } catch let error as LogStorageError where error.isOfSystem {
            throw error
        } catch {
            return nil
        }
    }

    /// The file that it is about; nil for none.
    public var path: String? {
        switch self {
        case .system(_, let path, _), .locked(let path, _), .damaged(let path, _),
            .format(_, let path), .unconfirmed(let path), .closed(let path):
            path
        case .beyondEnd: nil
        }
    }

    /// What a failed system call means to whoever keeps the home, and what to do.
    private static func words(_ call: String, _ path: String, _ code: Int32) -> String {
        let reason = SystemReason.words(code)
        switch code {
        case ENOSPC, EDQUOT, EFBIG:
            return "no space left to write \(path): free some disk; nothing was acknowledged"
        case EROFS, EACCES, EPERM:
            return "\(path) cannot be written or read (\(reason)): check who owns the home and how "
                + "it is mounted"
        case ENOENT, ENOTDIR, EISDIR, ELOOP, ENAMETOOLONG:
            return "\(path) is missing or something else is in its place (\(reason)): run "
                + "countermark verify, which names what is damaged"
        case EMFILE, ENFILE, ENOMEM:
            return "the system has no more files or memory for \(path) (\(reason)): end other "
                + "programs, or raise their limits (ulimit -n)"
        default:
            return "the disk failed to \(verb(call)) \(path) (\(reason)): check the disk and its "
                + "connection, then run countermark verify"
        }
    }

    private static func verb(_ call: String) -> String {
        switch call {
        case "write", "rename", "link", "ftruncate", "mkdir": "write"
        case "fsync", "fdatasync": "keep"
        case "unlink", "rmdir": "remove"
        case "flock": "lock"
        case "open": "open"
        default: "read"
        }
    }
}
