import Glibc

/// Standard output, which may be a file on a full disk, or nothing at all.
///
/// What it does not take is lost with all that follows: half a document, and then its end, is worse than half of one.
struct StandardOutput {
    private static let chunkBytes = 1 << 16

    private var held: [UInt8] = []
    /// The system's error number where something was lost, until somebody was told of it.
    private var failure: Int32?
    private var isLost = false
    private let isTerminal = isatty(STDOUT_FILENO) == 1

    /// Opens what is closed of the three streams in such a way that it takes and gives nothing: else the next file that
    /// is opened, a database of the home, would be standard output.
    static func open() {
        for stream in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO]
        where fcntl(stream, F_GETFD) < 0 {
            // The lowest number that is free is this one. Writing to what is open for reading fails.
            _ = Glibc.open("/dev/null", stream == STDIN_FILENO ? O_WRONLY : O_RDONLY)
        }
    }

    /// Takes a text.
    mutating func write(_ text: String) {
        if isLost { return }
        held += text.utf8
        if isTerminal || held.count >= Self.chunkBytes { pass() }
    }

    /// Hands all over.
    ///
    /// - Returns: The system's error number where something was lost, the first time.
    mutating func flush() -> Int32? {
        pass()
        if !isLost {
            // Some file systems tell only at the end that there was no room.
            let copy = dup(STDOUT_FILENO)
            if copy >= 0, close(copy) != 0 { lose(errno) }
        }
        defer { failure = nil }
        return failure
    }

    private mutating func pass() {
        if held.isEmpty || isLost { return }
        if let code = Self.write(held[...], to: STDOUT_FILENO) { lose(code) }
        held.removeAll(keepingCapacity: true)
    }

    private mutating func lose(_ code: Int32) { (isLost, failure) = (true, code) }

    /// Writes bytes.
    ///
    /// - Returns: The system's error number; nil where all is written.
    static func write(_ bytes: ArraySlice<UInt8>, to stream: Int32) -> Int32? {
        bytes.withUnsafeBytes { buffer in
            var done = 0
            while done < buffer.count {
                let rest = UnsafeRawBufferPointer(rebasing: buffer[done...])
                let count = Glibc.write(stream, rest.baseAddress, rest.count)
                if count >= 0 {
                    done += count
                } else if errno == EAGAIN {
                    // Whoever started this may read slowly and have asked not to be waited for.
                    var wait = pollfd(fd: stream, events: Int16(POLLOUT), revents: 0)
                    poll(&wait, 1, -1)
                } else if errno != EINTR {
                    return errno
                }
            }
            return nil
        }
    }
}
