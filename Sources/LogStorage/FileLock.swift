import Glibc

/// A lock between processes, by `flock` on a file of its own.
public struct FileLock: ~Copyable {
    private let file: Int32

    /// Takes the lock; it goes with ``release()``, or with the process.
    ///
    /// - Throws: ``LogStorageError/locked(path:seconds:)`` if somebody else keeps it.
    public static func take(
        _ path: String, timeoutSeconds: Double
    ) throws(LogStorageError) -> FileLock {
        let file = try DurableFile.open(path).file
        var waited = 0.0
        while flock(file, LOCK_EX | LOCK_NB) != 0 {
            guard errno == EWOULDBLOCK || errno == EINTR else {
                let error = LogStorageError.last("flock", path)
                close(file)
                throw error
            }
            guard waited < timeoutSeconds else {
                close(file)
                throw .locked(path: path, seconds: timeoutSeconds)
            }
            usleep(2_000)
            waited += 0.002
        }
        return FileLock(file: file)
    }

    private init(file: Int32) { self.file = file }

    deinit { close(file) }

    /// Gives the lock back.
    public consuming func release() {}

    /// Runs `body` while nobody else holds the lock.
    ///
    /// - Throws: ``LogStorageError/locked(path:seconds:)`` if somebody else keeps it, or what `body` throws.
    public static func holding<R>(
        _ path: String, timeoutSeconds: Double, _ body: () throws -> R
    ) throws -> R {
        let lock = try take(path, timeoutSeconds: timeoutSeconds)
        let result = try body()
        lock.release()
        return result
    }
}
