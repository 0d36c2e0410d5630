import Glibc

/// What tells a file from one that took its place.
struct FileMark: Equatable, Sendable {
    private let device: dev_t
    private let number: ino_t
    private let bytes: off_t
    private let seconds: Int
    private let nanoseconds: Int

    /// Beyond any file system's tick: FAT has two seconds.
    private static let settlingSeconds = 2

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
        return now.tv_sec - seconds > Self.settlingSeconds
    }
}
