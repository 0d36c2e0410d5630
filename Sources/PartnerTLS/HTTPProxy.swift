import NIOCore
import Signing

/// An HTTP proxy by which partners are dialled (CONNECT, RFC 9110 section 9.3.6).
public struct HTTPProxy: Sendable, Equatable {
    /// The proxy's name or address.
    public let host: String
    /// Its port.
    public let port: Int
    /// Name and password as Basic credentials; nil without.
    let credentials: String?

    /// The proxy without its password, for messages.
    public var name: String { "\(host):\(port)" }

    /// The port of a proxy that names none, as curl has it.
    private static let defaultPort = 1_080
    /// The largest port.
    private static let portMax = 65_535

    /// Reads `http://[NAME:PASSWORD@]HOST[:PORT]`, or HOST:PORT.
    public init?(_ text: String) {
        var rest = text[...]
        if let scheme = rest.range(of: "://") {
            guard rest[..<scheme.lowerBound].lowercased() == "http" else { return nil }
            rest = rest[scheme.upperBound...]
        }
        if rest.hasSuffix("/") { rest = rest.dropLast() }
        var credentials: String?
        if let at = rest.lastIndex(of: "@") {
            guard let plain = Self.decoded(rest[..<at]) else { return nil }
            credentials = Base64.encode(plain)
            rest = rest[rest.index(after: at)...]
        }
        var host = rest
        var port = Self.defaultPort
        let end = rest.lastIndex(of: "]").map { rest.index(after: $0) } ?? rest.startIndex
        if let colon = rest[end...].lastIndex(of: ":") {
            guard
                let number = PlainNumber.parse(
                    rest[rest.index(after: colon)...], upTo: Self.portMax),
                number > 0
            else { return nil }
            (host, port) = (rest[..<colon], number)
        }
        if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
        guard !host.isEmpty, host.utf8.allSatisfy({ (0x21...0x7e).contains($0) && $0 != 0x2f })
        else { return nil }
        (self.host, self.port, self.credentials) = (String(host), port, credentials)
    }

    /// Whether NO_PROXY says that a host is dialled without a proxy: names, their endings, addresses, or `*`.
    public static func isExcepted(_ host: String, by list: String) -> Bool {
        let host = host.lowercased()
        return list.split(whereSeparator: { ", ".contains($0) }).contains { part in
            var name = part.lowercased()
            if name == "*" { return true }
            while name.hasPrefix(".") { name.removeFirst() }
            if name.hasPrefix("["), name.hasSuffix("]") {
                name = String(name.dropFirst().dropLast())
            }
            return !name.isEmpty && (host == name || host.hasSuffix("." + name))
        }
    }

    private static func decoded(_ text: Substring) -> [UInt8]? {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            let digits = String(decoding: rest.prefix(2), as: UTF8.self)
            guard digits.utf8.count == 2, let value = Hex.decode(digits)?.first else { return nil }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        return bytes
    }
}

extension Substring {
    /// Where a text stands in this one first.
    fileprivate func range(of text: String) -> Range<Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(text) {
                return start..<index(start, offsetBy: text.count)
            }
            start = index(after: start)
        }
        return nil
    }
}

/// Asks a proxy for a connection before anything else is sent, and then gets out of the way.
final class ProxyHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// The head of a proxy's answer, in bytes.
    private static let headBytesMax = 16_384

    private let proxy: HTTPProxy
    private let target: String
    private let seconds: Int64
    private var head: [UInt8] = []
    private var isDone = false
    private var timer: Scheduled<Void>?

    init(_ proxy: HTTPProxy, host: String, port: Int, seconds: Int64) {
        (self.proxy, self.seconds) = (proxy, seconds)
        target = host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }

    func channelActive(context: ChannelHandlerContext) {
        var text = "CONNECT \(target) HTTP/1.1\r\nHost: \(target)\r\n"
        if let credentials = proxy.credentials {
            text += "Proxy-Authorization: Basic \(credentials)\r\n"
        }
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: text + "\r\n")), promise: nil)
        timer = context.eventLoop.assumeIsolated().scheduleTask(in: .seconds(seconds)) {
            [weak self] in
            self?.fail("no answer in time", context)
        }
        context.read()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if isDone { return context.fireChannelRead(data) }
        head += unwrapInboundIn(data).readableBytesView
        guard let end = Self.end(of: head) else {
            if head.count > Self.headBytesMax { fail("its answer has no end", context) }
            return context.read()
        }
        let line = String(decoding: head.prefix { $0 != 0x0d && $0 != 0x0a }, as: UTF8.self)
        let words = line.split(separator: " ")
        guard words.count >= 2, words[0].hasPrefix("HTTP/1."),
            let status = PlainNumber.parse(words[1], upTo: 999)
        else {
            return fail("it does not answer as an HTTP proxy", context)
        }
        guard (200..<300).contains(status) else {
            return fail(
                status == 407
                    ? "it wants a name and a password (status 407)"
                    : "it answered with status \(status)", context)
        }
        isDone = true
        timer?.cancel()
        let rest = head[end...]
        head = []
        context.fireChannelActive()
        if !rest.isEmpty { context.fireChannelRead(wrapInboundOut(ByteBuffer(bytes: rest))) }
        context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        if !isDone { fail("it ended the connection", context) }
        context.fireChannelInactive()
    }

    private func fail(_ reason: String, _ context: ChannelHandlerContext) {
        guard !isDone else { return }
        isDone = true
        timer?.cancel()
        context.fireErrorCaught(PartnerTLSError.proxyRefused(proxy: proxy.name, reason: reason))
        context.close(promise: nil)
    }

    /// Where the head of an answer ends.
    private static func end(of bytes: [UInt8]) -> Int? {
        guard bytes.count >= 4 else { return nil }
        return (0...(bytes.count - 4)).first {
            bytes[$0] == 0x0d && bytes[$0 + 1] == 0x0a && bytes[$0 + 2] == 0x0d
                && bytes[$0 + 3] == 0x0a
        }.map { $0 + 4 }
    }
}
