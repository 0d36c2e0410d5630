import Glibc

/// A lock between processes, by `flock` on a file of its own.
enum FileLock {
    /// Runs `body` while nobody else holds the lock.
    ///
    /// - Throws: ``LogStorageError/locked(path:seconds:)`` if somebody else keeps it, or what `body` throws.
    static func holding<R>(
        _ path: String, timeoutSeconds: Double, _ body: () throws -> R
    ) throws -> R {
        let file = try DurableFile.open(path).file
        // The lock goes with the file's last descriptor.
        defer { close(file) }
        var waited = 0.0
        while flock(file, LOCK_EX | LOCK_NB) != 0 {
            guard errno == EWOULDBLOCK || errno == EINTR else {
                throw LogStorageError.last("flock", path)
            }
            guard waited < timeoutSeconds else {
                throw LogStorageError.locked(path: path, seconds: timeoutSeconds)
            }
            usleep(2_000)
            waited += 0.002
        }
        return try body()
    }
}
