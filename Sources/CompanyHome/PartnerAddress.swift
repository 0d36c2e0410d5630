import Foundation
import Glibc
import PartnerTLS
import PlainErrors

/// Where a node is dialled or listens: a name or an address, and a port.
///
/// IPv6 addresses stand in brackets wherever a port follows, as URLs have it, and without them everywhere else; both
/// are taken where both can be meant. A zone (`fe80::1%eth0`) is part of the address.
public struct PartnerAddress: Equatable, Sendable {
    /// The name or address, without brackets.
    public let host: String
    /// The port.
    public let port: Int

    /// The port of https.
    private static let defaultPort = 443
    /// The largest port.
    private static let portMax = 65_535

    /// `HOST:PORT`, `[ADDRESS]:PORT`, or an IPv6 address and a port.
    public init?(listening text: String) {
        guard let colon = text.lastIndex(of: ":"),
            let port = PlainNumber.parse(text[text.index(after: colon)...], upTo: Self.portMax),
            let host = Self.host(String(text[..<colon]))
        else { return nil }
        self.init(host: host, port: port)
    }

    /// `https://HOST[:PORT]`, without anything behind it.
    public init?(url text: String) {
        guard let start = text.range(of: "https://", options: [.anchored, .caseInsensitive]) else {
            return nil
        }
        var rest = text[start.upperBound...]
        if rest.hasSuffix("/") { rest = rest.dropLast() }
        guard !rest.isEmpty, !rest.contains(where: { "/?#@ ".contains($0) || $0.isNewline }) else {
            return nil
        }
        // An address without brackets cannot have a port beside it.
        if Self.isIPv6(String(rest)) {
            self.init(host: String(rest), port: Self.defaultPort)
            return
        }
        let afterHost = rest.lastIndex(of: "]").map { rest.index(after: $0) } ?? rest.startIndex
        guard let colon = rest[afterHost...].lastIndex(of: ":") else {
            guard let host = Self.host(String(rest)) else { return nil }
            self.init(host: host, port: Self.defaultPort)
            return
        }
        guard
            let port = PlainNumber.parse(rest[rest.index(after: colon)...], upTo: Self.portMax),
            port > 0, let host = Self.host(String(rest[..<colon]))
        else { return nil }
        self.init(host: host, port: port)
    }

    /// The address in a text that somebody gave.
    ///
    /// - Throws: ``NodeError`` for anything but `https://HOST[:PORT]`.
    package static func required(_ url: String) throws -> PartnerAddress {
        if let address = PartnerAddress(url: url) { return address }
        throw NodeError(
            .badUrl, "\(url.prefix(200)) is no address of a node",
            hint:
                "use https://HOST:PORT, with an IPv6 address in brackets and nothing behind the port"
        )
    }

    private init(host: String, port: Int) { (self.host, self.port) = (host, port) }

    /// As a URL has it.
    public var url: String { "https://" + Self.text(host, port) }

    /// A host and a port as they are typed.
    package static func text(_ host: String, _ port: Int) -> String {
        "\(isIPv6(host) ? "[\(host)]" : host):\(port)"
    }

    /// A host without its brackets; nil for what is none.
    private static func host(_ text: String) -> String? {
        if text.hasPrefix("["), text.hasSuffix("]") {
            // RFC 6874 writes the zone's percent sign as %25.
            let inner = text.dropFirst().dropLast().replacingOccurrences(of: "%25", with: "%")
            return isIPv6(inner) ? inner : nil
        }
        guard !text.isEmpty, !text.contains(where: { "[]%/ ".contains($0) }) || isIPv6(text) else {
            return nil
        }
        // What has a colon and is no address is neither.
        return text.contains(":") && !isIPv6(text) ? nil : text
    }

    /// Whether it is an IPv6 address, with or without a zone.
    static func isIPv6(_ text: String) -> Bool {
        let parts = text.split(separator: "%", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = parts.first, first.contains(":"), parts.last?.isEmpty == false else {
            return false
        }
        // Of bytes: which module `in6_addr` comes from depends on what is compiled beside this file.
        var address = [UInt8](repeating: 0, count: 16)
        return inet_pton(AF_INET6, String(first), &address) == 1
    }
}
