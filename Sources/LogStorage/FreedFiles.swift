import Dispatch
import Glibc
import Synchronization

/// Files that have lost their names and are still open, until another thread closes them.
///
/// With the last close a file system frees their blocks, and on a disk that is mounted with `discard` that takes up to
/// milliseconds, which nobody who holds a log's lock or waits for an acknowledgement has to spend.
enum FreedFiles {
    private static let queue = DispatchQueue(label: "countermark.freed", qos: .utility)
    private static let waiting = Atomic(0)
    /// Beyond so many open files whoever comes with one frees it himself.
    private static let waitingMax = 64

    /// Runs `body`, which takes a file's name away, and lets its blocks be freed afterwards.
    static func freeingLater<R>(
        _ path: String, _ body: () throws(LogStorageError) -> R
    ) throws(LogStorageError) -> R {
        // It may not be there, and then there is nothing to free; a pipe must not keep the process.
        let file = Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW)
        defer { if file >= 0 { close(file) } }
        return try body()
    }

    private static func close(_ file: Int32) {
        guard waiting.add(1, ordering: .relaxed).newValue <= waitingMax else {
            waiting.subtract(1, ordering: .relaxed)
            Glibc.close(file)
            return
        }
        queue.async {
            Glibc.close(file)
            waiting.subtract(1, ordering: .relaxed)
        }
    }
}
