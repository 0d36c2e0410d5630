import NIOCore
import NIOHTTP1
import Synchronization

/// Calls a service that is no partner, as an object store, over HTTP/1.1, and waits for each answer on the calling
/// thread.
///
/// With TLS an authority has to vouch for the host's name; without, everything goes in the clear. There are no
/// redirects and no cookies. Several threads may call at once; each uses a connection of its own, which is kept
/// for the next call. It must not be called on a thread of its event loops, which would wait for itself.
public final class ServiceClient: Sendable {
    /// Bounds of a call.
    public struct Limits: Sendable {
        /// Time to reach the address.
        public var connectSeconds: Int64 = 5
        /// Time for the TLS handshake.
        public var handshakeSeconds: Int64 = TLSHandler.handshakeSecondsDefault
        /// The longest silence once the request is sent: before the answer, and within it.
        public var silenceSeconds: Int64 = 30
        /// Time for a call with bodies of no length.
        public var wholeSeconds: Int64 = 60
        /// How fast bodies have to pass: a call takes no longer than this and ``wholeSeconds`` allow.
        public var bytesPerSecondMin = 262_144
        /// Connections that are kept without a call.
        public var idleConnectionsMax = 32

        /// The bounds that suit a store in the same region or house.
        public init() {}
    }

    private let route: HTTPConnection.Route
    private let authority: String
    private let limits: Limits
    private let group: any EventLoopGroup
    private let idle = Mutex<[HTTPConnection]>([])

    /// A client of one service; nothing is sent yet.
    ///
    /// - Parameters:
    ///   - host: the name or address to connect to, and to find in the certificate.
    ///   - authority: what the Host header says: the host, and the port where it is not the usual one.
    ///   - context: made by ``TLSContext/init(trusting:)``; nil for a connection in the clear.
    public init(
        host: String, port: Int, authority: String, context: TLSContext?, limits: Limits = Limits(),
        group: any EventLoopGroup
    ) {
        let security = context.map { context in
            HTTPConnection.Security(
                context: context, serverName: host,
                policy: { chain in
                    // The authorities have been asked already.
                    guard let leaf = chain.first else { return .refuse(.noPeerCertificate) }
                    return .accept(PeerIdentity(origin: host, certificate: leaf, chain: chain))
                }, handshakeSeconds: limits.handshakeSeconds)
        }
        route = HTTPConnection.Route(
            host: host, port: port, security: security, connectSeconds: limits.connectSeconds)
        self.authority = authority
        self.limits = limits
        self.group = group
    }

    deinit { closeIdleConnections() }

    /// Sends a request and returns the whole response, whatever its status.
    ///
    /// A request may arrive twice: where a kept connection turns out to be closed it is sent again on a new one.
    ///
    /// - Parameters:
    ///   - path: path and query, beginning with a slash, already escaped.
    ///   - headers: beyond Host and Content-Length.
    ///   - responseBytesMax: the largest body of a response.
    public func request(
        _ method: String, _ path: String, headers: [(String, String)] = [], body: [UInt8]? = nil,
        responseBytesMax: Int
    ) throws(PartnerTLSError) -> HTTPResponse {
        let head = try HTTPRequestHead(
            method, path, host: authority, headers: headers, bodyByteCount: body?.count)
        let payload = body.map { ByteBuffer(bytes: $0) }
        if let kept = idle.withLock({ $0.popLast() }) {
            do throws(PartnerTLSError) {
                return try exchange(kept, head, payload, responseBytesMax)
            } catch {
                guard error == .closed || error == .truncated else { throw error }
                // What closed one connection has closed the others, most likely.
                closeIdleConnections()
            }
        }
        let fresh = try Self.wait(for: HTTPConnection.open(route, group: group))
        return try exchange(fresh, head, payload, responseBytesMax)
    }

    /// Closes the kept connections; the client can be used on.
    public func closeIdleConnections() {
        let kept = idle.withLock { connections in
            defer { connections = [] }
            return connections
        }
        for connection in kept { connection.close() }
    }

    private func exchange(
        _ connection: HTTPConnection, _ head: HTTPRequestHead, _ body: ByteBuffer?, _ bytesMax: Int
    ) throws(PartnerTLSError) -> HTTPResponse {
        let promise = connection.channel.eventLoop.makePromise(of: HTTPResponse.self)
        let silence = limits.silenceSeconds
        let longest = max(body?.readableBytes ?? 0, bytesMax)
        let whole =
            limits.wholeSeconds + Int64(clamping: longest / max(1, limits.bytesPerSecondMin))
        connection.send(head, body: body) {
            HTTPExchange(
                .whole(promise, bytesMax: bytesMax), seconds: silence, wholeSeconds: whole)
        }
        do throws(PartnerTLSError) {
            let response = try Self.wait(for: promise.futureResult)
            keep(connection)
            return response
        } catch {
            connection.close()
            throw error
        }
    }

    private func keep(_ connection: HTTPConnection) {
        let isKept = idle.withLock { connections in
            guard connections.count < limits.idleConnectionsMax else { return false }
            connections.append(connection)
            return true
        }
        if !isKept { connection.close() }
    }

    private static func wait<Value: Sendable>(
        for future: EventLoopFuture<Value>
    ) throws(PartnerTLSError) -> Value {
        do { return try future.wait() } catch { throw PartnerTLSError(transport: error) }
    }
}
