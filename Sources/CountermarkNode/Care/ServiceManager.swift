import Foundation
import Glibc
import LogStorage
import Logging
import PlainErrors
import Synchronization

/// The service manager that started this process, systemd for instance, and waits to hear how it does.
///
/// Each notice is one datagram of lines as `sd_notify(3)` has them, to the socket that `NOTIFY_SOCKET` names. What
/// cannot be told is said once in the log and stops nothing.
public final class ServiceManager: Sendable {
    /// How often it wants a sign of life: half of what it waits; nil if it wants none.
    let lifeInterval: Duration?

    private let address: sockaddr_un
    private let addressLength: socklen_t
    private let logger: Logger
    private let hasFailed = Mutex(false)

    /// How long a manager whose queue is full is waited for.
    private static let patience = timeval(tv_sec: 1, tv_usec: 0)
    /// The bytes of a status line: managers cut what is longer.
    private static let statusBytesMax = 1024

    private init(
        _ address: sockaddr_un, _ addressLength: socklen_t, lifeInterval: Duration?, logger: Logger
    ) {
        (self.address, self.addressLength) = (address, addressLength)
        (self.lifeInterval, self.logger) = (lifeInterval, logger)
    }

    /// The manager that an environment names.
    ///
    /// - Returns: nil where there is none, or where its address is no path and no abstract name (`@…`), which the log
    ///   says.
    public static func named(
        in environment: [String: String], logger: Logger
    ) -> ServiceManager? {
        guard let name = environment["NOTIFY_SOCKET"], !name.isEmpty else { return nil }
        guard let (address, length) = address(name) else {
            logger.error(
                "cannot tell the service manager",
                metadata: ["error": "NOTIFY_SOCKET is no socket's path: \(InertText.line(name))"])
            return nil
        }
        return ServiceManager(
            address, length, lifeInterval: lifeInterval(environment), logger: logger)
    }

    private static func address(_ name: String) -> (sockaddr_un, socklen_t)? {
        var bytes = Array(name.utf8)
        guard bytes.count > 1, bytes[0] == UInt8(ascii: "/") || bytes[0] == UInt8(ascii: "@") else {
            return nil
        }
        // An abstract name begins with a zero and ends with the address; a path ends with a zero.
        if bytes[0] == UInt8(ascii: "@") { bytes[0] = 0 } else { bytes.append(0) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let isWhole = withUnsafeMutableBytes(of: &address.sun_path) { path in
            guard bytes.count <= path.count else { return false }
            path.copyBytes(from: bytes)
            return true
        }
        guard isWhole, let start = MemoryLayout<sockaddr_un>.offset(of: \.sun_path) else {
            return nil
        }
        return (address, socklen_t(start + bytes.count))
    }

    private static func lifeInterval(_ environment: [String: String]) -> Duration? {
        guard let text = environment["WATCHDOG_USEC"], let microseconds = Int64(text),
            microseconds > 1
        else { return nil }
        // Another process of the same service may be the one that is watched.
        if let process = environment["WATCHDOG_PID"], process != "\(getpid())" { return nil }
        return .microseconds(microseconds / 2)
    }

    // MARK: Telling

    /// The node answers wherever it was told to.
    func ready(_ status: String) { tell("READY=1\n\(Self.line(status))") }

    /// How the node does, in one line.
    func status(_ status: String) { tell(Self.line(status)) }

    /// The node ends.
    func stopping() { tell("STOPPING=1") }

    /// Gives signs of life until the task is cancelled, which show that tasks get their turn.
    ///
    /// Work on a home is no part of it, since the work on a large one rightly takes longer than anybody waits.
    func live() async {
        guard let lifeInterval else { return }
        while !Task.isCancelled {
            tell("WATCHDOG=1")
            try? await Task.sleep(for: lifeInterval)
        }
    }

    private static func line(_ status: String) -> String {
        var line = "STATUS=" + InertText.line(status)
        while line.utf8.count > statusBytesMax { line.removeLast() }
        return line
    }

    private func tell(_ notice: String) {
        let failure = send(Array(notice.utf8))
        guard failure != 0 else { return }
        let isFirst = hasFailed.withLock { hasFailed in
            defer { hasFailed = true }
            return !hasFailed
        }
        guard isFirst else { return }
        logger.error(
            "cannot tell the service manager",
            metadata: ["error": "\(SystemReason.words(failure))"])
    }

    /// - Returns: The number of the error; 0 if all went out.
    private func send(_ bytes: [UInt8]) -> Int32 {
        let kind = Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let file = socket(AF_UNIX, kind, 0)
        guard file >= 0 else { return errno }
        defer { close(file) }
        var patience = Self.patience
        setsockopt(
            file, SOL_SOCKET, SO_SNDTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        let sent = withUnsafePointer(to: address) { address in
            address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                sendto(file, bytes, bytes.count, Int32(MSG_NOSIGNAL), $0, addressLength)
            }
        }
        // A datagram goes as a whole.
        return sent < 0 ? errno : 0
    }
}
