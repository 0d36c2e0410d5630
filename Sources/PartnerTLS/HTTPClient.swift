import NIOCore
import NIOHTTP1
import Signing
import Synchronization

/// Calls one partner over HTTP/1.1 and mutual TLS, keeping connections for the next call.
///
/// Every connection is made only to the organisation that the policy lets in; there are no redirects
/// and no cookies. A proxy, if there is one, only passes bytes on: TLS goes through it from end to end. Several
/// tasks may call at once; each uses a connection of its own.
public final class HTTPClient: Sendable {
    /// Bounds of a call.
    public struct Limits: Sendable {
        /// Time to reach the partner's address.
        public var connectSeconds: Int64 = 10
        /// Time for the TLS handshake.
        public var handshakeSeconds: Int64 = TLSHandler.handshakeSecondsDefault
        /// Time from sending a request to having its whole response.
        public var responseSeconds: Int64 = 60
        /// Longest silence on a stream.
        public var streamSilenceSeconds: Int64 = 90
        /// Largest response body.
        public var responseBytesMax = 64 << 20
        /// Longest line of a stream.
        public var lineBytesMax = 65_536
        /// Bytes of lines that may wait to be taken.
        public var streamBytesMax = 8 << 20
        /// Connections that are kept without a call.
        public var idleConnectionsMax = 4

        /// The bounds that suit partners on the internet.
        public init() {}
    }

    /// Lines of a stream that may wait to be taken: a watch begins with one for each log.
    ///
    /// What they take is bounded by their bytes.
    static let streamLinesMax = 32_768

    /// The organisation that is called.
    public let origin: String
    private let host: String
    private let port: Int
    private let context: @Sendable () -> TLSContext
    private let policy: PeerPolicy
    private let limits: Limits
    private let group: any EventLoopGroup
    private let idle = Mutex<[HTTPConnection]>([])
    private let peer = Mutex<PeerIdentity?>(nil)
    private let proxy: HTTPProxy?

    /// A client of one partner; nothing is sent yet.
    ///
    /// - Parameters:
    ///   - host: the name or address to connect to.
    ///   - origin: the organisation that must answer.
    ///   - context: a client's side of TLS, asked for at each new connection.
    ///   - policy: usually ``PinnedRoots/clientPolicy(expecting:now:)`` for that origin.
    ///   - proxy: an HTTP proxy that makes the connection; nil for a direct one.
    public init(
        host: String, port: Int, origin: String,
        context: @autoclosure @escaping @Sendable () -> TLSContext, policy: @escaping PeerPolicy,
        limits: Limits = Limits(), group: any EventLoopGroup, proxy: HTTPProxy? = nil
    ) {
        self.proxy = proxy
        self.host = host
        self.port = port
        self.origin = origin
        self.context = context
        self.policy = policy
        self.limits = limits
        self.group = group
    }

    deinit { for connection in idle.withLock({ $0 }) { connection.close() } }

    /// Sends a request and returns the whole response, whatever its status.
    ///
    /// - Parameters:
    ///   - path: path and query, beginning with a slash, already escaped.
    ///   - headers: beyond Host and Content-Length; for instance Range.
    ///   - mayRepeat: whether the request may be sent twice where a kept connection turns out to be
    ///     closed; nil for GET and HEAD only.
    public func request(
        _ method: String, _ path: String, headers: [(String, String)] = [], body: [UInt8]? = nil,
        responseBytesMax: Int? = nil, mayRepeat: Bool? = nil
    ) async throws(PartnerTLSError) -> HTTPResponse {
        let head = try HTTPRequestHead(
            method, path, host: origin, headers: headers, bodyByteCount: body?.count)
        let payload = body.map { ByteBuffer(bytes: $0) }
        let bytesMax = responseBytesMax ?? limits.responseBytesMax
        if let kept = await takeIdle() {
            do throws(PartnerTLSError) {
                return try await exchange(kept, head, payload, bytesMax)
            } catch {
                // A server closes a quiet connection at any time, also while a request is on its way.
                let isStale = error == .closed || error == .truncated
                guard isStale, mayRepeat ?? (method == "GET" || method == "HEAD") else {
                    throw error
                }
            }
        }
        return try await exchange(try await connect(), head, payload, bytesMax)
    }

    /// Sends a GET whose response goes on for long, and yields its body line by line.
    ///
    /// The stream ends when the partner ends it, and throws where the connection fails, the partner
    /// is silent for too long, or is not trusted any more when a line comes. Dropping the stream closes the connection.
    public func lines(
        _ path: String, headers: [(String, String)] = []
    ) async throws(PartnerTLSError) -> AsyncThrowingStream<[UInt8], any Error> {
        let head = try HTTPRequestHead(
            "GET", path, host: origin, headers: headers, bodyByteCount: nil)
        let connection = try await connect()
        let (stream, continuation) = AsyncThrowingStream<[UInt8], any Error>.makeStream(
            bufferingPolicy: .bufferingOldest(Self.streamLinesMax))
        continuation.onTermination = { _ in connection.close() }
        let (limits, policy) = (limits, policy)
        connection.send(head, body: nil) {
            let sink = LineSink(
                continuation, lineBytesMax: limits.lineBytesMax,
                waitingBytesMax: limits.streamBytesMax
            ) { connection.whyEnded(policy) }
            return HTTPExchange(.lines(sink), seconds: limits.streamSilenceSeconds)
        }
        return stream
    }

    /// Closes the kept connections; the client can be used on.
    public func closeIdleConnections() {
        let kept = idle.withLock { connections in
            defer { connections = [] }
            return connections
        }
        for connection in kept { connection.close() }
    }

    /// The certificates that whoever answered last has shown, its own first.
    public var peerChain: [Certificate] { peer.withLock { $0?.chain ?? [] } }

    private func connect() async throws(PartnerTLSError) -> HTTPConnection {
        let security = HTTPConnection.Security(
            context: context(), serverName: origin, policy: policy,
            handshakeSeconds: limits.handshakeSeconds)
        let route = HTTPConnection.Route(
            host: host, port: port, proxy: proxy, security: security,
            connectSeconds: limits.connectSeconds)
        let connection = try await HTTPConnection.connect(route, group: group)
        peer.withLock { $0 = connection.peer }
        return connection
    }

    private func takeIdle() async -> HTTPConnection? {
        while let connection = idle.withLock({ $0.popLast() }) {
            // Who was let in once is judged again: the partner's root may have been taken back.
            if await connection.isIdle, connection.whyEnded(policy) == nil { return connection }
            connection.close()
        }
        return nil
    }

    private func keep(_ connection: HTTPConnection) {
        let isKept = idle.withLock { connections in
            guard connections.count < limits.idleConnectionsMax else { return false }
            connections.append(connection)
            return true
        }
        if !isKept { connection.close() }
    }

    private func exchange(
        _ connection: HTTPConnection, _ head: HTTPRequestHead, _ body: ByteBuffer?, _ bytesMax: Int
    ) async throws(PartnerTLSError) -> HTTPResponse {
        let promise = connection.channel.eventLoop.makePromise(of: HTTPResponse.self)
        let seconds = limits.responseSeconds
        connection.send(head, body: body) {
            HTTPExchange(.whole(promise, bytesMax: bytesMax), seconds: seconds)
        }
        do {
            let response = try await withTaskCancellationHandler {
                try await promise.futureResult.get()
            } onCancel: {
                connection.close()
            }
            keep(connection)
            return response
        } catch {
            connection.close()
            throw Task.isCancelled ? .cancelled : PartnerTLSError(transport: error)
        }
    }
}
