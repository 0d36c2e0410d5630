import Glibc

/// Where the node's log lines go: standard error, each line by itself and inert.
///
/// Paths, names and errors in log lines come from partners, in the message and in the fields beside it; here
/// is the one place that all of them pass.
public struct InertLogStream: TextOutputStream, Sendable {
    private let descriptor: Int32

    /// The stream; standard error if nothing else is named.
    public init(descriptor: Int32 = STDERR_FILENO) { self.descriptor = descriptor }

    /// Writes what is one line, whatever stands in it.
    public func write(_ text: String) {
        let line = text.utf8.last == UInt8(ascii: "\n") ? String(text.utf8.dropLast()) : text
        var rest = Array((InertText.line(line ?? text) + "\n").utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }
}
