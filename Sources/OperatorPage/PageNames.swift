import CountermarkNode
import Synchronization

/// The names under which the page is asked for, and its origins in the sense of browsers.
final class PageNames: Sendable {
    let isEncrypted: Bool
    private let host: String
    private let others: [String]
    private let hosts = Mutex<Set<String>>([])

    /// - Parameter others: More names of this machine, without a port.
    init(host: String, others: [String], isEncrypted: Bool) {
        (self.host, self.others, self.isEncrypted) = (host, others, isEncrypted)
    }

    /// Loopback has two addresses and a name.
    static let loopback: Set<String> = ["127.0.0.1", "::1", "localhost"]

    /// Whether nobody but this machine reaches the address.
    static func isLoopback(_ host: String) -> Bool {
        loopback.contains(host.lowercased()) || host.hasPrefix("127.")
    }

    /// Learns which port it is.
    func listen(on port: Int) {
        var names = Set(others)
        names.insert(host)
        if Self.isLoopback(host) { names.formUnion(Self.loopback) }
        let usual = isEncrypted ? 443 : 80
        hosts.withLock { hosts in
            for name in names {
                let text = (name.contains(":") ? "[\(name)]" : name).lowercased()
                hosts.insert("\(text):\(port)")
                if port == usual { hosts.insert(text) }
            }
        }
    }

    private var scheme: String { isEncrypted ? "https" : "http" }

    /// Where people open the page.
    func url(_ port: Int) -> String {
        let name = others.first ?? host
        return "\(scheme)://\(name.contains(":") ? "[\(name)]" : name):\(port)/"
    }

    /// Whether the page is asked for under a name of its own.
    func holds(_ authority: String) -> Bool {
        hosts.withLock { $0.contains(authority.lowercased()) }
    }

    /// Whether a browser's origin is the page's.
    func isOrigin(_ origin: String) -> Bool {
        let start = scheme + "://"
        return origin.lowercased().hasPrefix(start) && holds(String(origin.dropFirst(start.count)))
    }
}
