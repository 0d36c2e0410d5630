import NIOCore
import NIOHTTP1
import NIOPosix
import Signing
import Synchronization

/// One connection to a partner or a service, carrying one exchange at a time.
struct HTTPConnection: Sendable {
    /// Where a connection leads, and what stands upon it.
    struct Route: Sendable {
        let host: String
        let port: Int
        var proxy: HTTPProxy?
        /// Nil for a connection in the clear.
        let security: Security?
        let connectSeconds: Int64
        /// Finds the addresses of the host; the system's where it is nil.
        var resolver: (any Resolver & Sendable)?
    }

    /// What TLS is told.
    struct Security: Sendable {
        let context: TLSContext
        let serverName: String
        let policy: PeerPolicy
        let handshakeSeconds: Int64
    }

    let channel: any Channel
    /// Who answered the call; nil on a connection in the clear.
    let peer: PeerIdentity?
    private let handler: NIOLoopBound<HTTPConnectionHandler>

    /// Connects, and waits for the handshake; the task's cancellation ends both.
    static func connect(
        _ route: Route, group: any EventLoopGroup
    ) async throws(PartnerTLSError) -> HTTPConnection {
        let opening = Opening()
        do {
            return try await withTaskCancellationHandler {
                try await open(route, group: group) { opening.begin($0) }.get()
            } onCancel: {
                opening.cancel()
            }
        } catch {
            throw Task.isCancelled ? .cancelled : PartnerTLSError(transport: error)
        }
    }

    /// A connection that is being made, so that it can be given up.
    private final class Opening: Sendable {
        private let state = Mutex<(channel: (any Channel)?, isCancelled: Bool)>((nil, false))

        func begin(_ channel: any Channel) {
            let isCancelled = state.withLock { state in
                state.channel = channel
                return state.isCancelled
            }
            if isCancelled { channel.close(promise: nil) }
        }

        func cancel() {
            let channel = state.withLock { state in
                state.isCancelled = true
                return state.channel
            }
            channel?.close(promise: nil)
        }
    }

    /// Connects, and completes the handshake.
    ///
    /// - Parameter begin: Told of each attempt: a host may have several addresses.
    static func open(
        _ route: Route, group: any EventLoopGroup,
        begin: @escaping @Sendable (any Channel) -> Void = { _ in }
    ) -> EventLoopFuture<HTTPConnection> {
        // Each attempt has a handshake of its own: one that fails says nothing of the next.
        let shared = SharedAttempts()
        var bootstrap = ClientBootstrap(group: group.next())
            .connectTimeout(.seconds(route.connectSeconds))
            .channelInitializer { channel in
                begin(channel)
                return channel.eventLoop.makeCompletedFuture {
                    let connection = try prepare(channel, route)
                    shared.attempts.withLock { $0[ObjectIdentifier(channel)] = connection }
                }
            }
        if let resolver = route.resolver { bootstrap = bootstrap.resolver(resolver) }
        let (host, port) = (route.proxy?.host ?? route.host, route.proxy?.port ?? route.port)
        return bootstrap.connect(host: host, port: port)
            .flatMapErrorThrowing { error in
                let reason = NetworkReason.words(error) ?? "it failed"
                if let proxy = route.proxy {
                    throw PartnerTLSError.proxyRefused(proxy: proxy.name, reason: reason)
                }
                throw PartnerTLSError.unreachable(
                    host: route.host, port: route.port, reason: reason)
            }
            .flatMap { channel in
                shared.attempts.withLock { $0[ObjectIdentifier(channel)] }
                    ?? channel.eventLoop.makeFailedFuture(PartnerTLSError.closed)
            }
    }

    /// The attempts of one connection.
    private final class SharedAttempts: Sendable {
        let attempts = Mutex<[ObjectIdentifier: EventLoopFuture<HTTPConnection>]>([:])
    }

    /// Puts onto a channel what the route asks for; the connection is there when the handshake is over.
    private static func prepare(
        _ channel: any Channel, _ route: Route
    ) throws -> EventLoopFuture<HTTPConnection> {
        let pipeline = channel.pipeline.syncOperations
        var handshake = channel.eventLoop.makeSucceededFuture(PeerIdentity?.none)
        if let security = route.security {
            if let proxy = route.proxy {
                try pipeline.addHandler(
                    ProxyHandler(
                        proxy, host: route.host, port: route.port,
                        seconds: security.handshakeSeconds))
            }
            let peer = channel.eventLoop.makePromise(of: PeerIdentity.self)
            handshake = peer.futureResult.map { $0 }
            try pipeline.addHandler(
                TLSHandler(
                    context: security.context, serverName: security.serverName,
                    policy: security.policy, handshakeSeconds: security.handshakeSeconds,
                    handshake: peer))
        }
        try pipeline.addHTTPClientHandlers()
        let handler = HTTPConnectionHandler()
        try pipeline.addHandler(handler)
        let bound = NIOLoopBound(handler, eventLoop: channel.eventLoop)
        return handshake.map { HTTPConnection(channel: channel, peer: $0, handler: bound) }
            .flatMapErrorThrowing { error in
                channel.close(promise: nil)
                throw PartnerTLSError(transport: error)
            }
    }

    /// Sends a request; its response goes to the exchange that `make` makes on the event loop.
    func send(
        _ head: HTTPRequestHead, body: ByteBuffer?, _ make: @escaping @Sendable () -> HTTPExchange
    ) {
        channel.eventLoop.execute { handler.value.start(head, body: body, make()) }
    }

    /// Why whoever answered is not let in any more; nil if it still is.
    func whyEnded(_ policy: PeerPolicy) -> PartnerTLSError? {
        guard let peer, case .refuse(let refusal) = policy(peer.chain) else { return nil }
        return refusal
    }

    /// Whether another request may be sent.
    var isIdle: Bool {
        get async { (try? await channel.eventLoop.submit { handler.value.isIdle }.get()) ?? false }
    }

    /// Closes it, saying so to the peer.
    func close() { channel.close(promise: nil) }
}

/// Sends one request at a time and collects its response.
final class HTTPConnectionHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    private var context: ChannelHandlerContext?
    private var exchange: HTTPExchange?
    /// Fires when the peer has been silent for too long.
    private var timer: Scheduled<Void>?
    /// Fires when the exchange as a whole has taken too long.
    private var deadline: Scheduled<Void>?
    private var failure: PartnerTLSError?

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        end(.closed)
    }

    /// Whether the connection is alive and carries nothing.
    var isIdle: Bool { exchange == nil && failure == nil && context?.channel.isActive == true }

    func start(_ head: HTTPRequestHead, body: ByteBuffer?, _ exchange: HTTPExchange) {
        guard let context, isIdle else { return exchange.fail(failure ?? .closed) }
        self.exchange = exchange
        var sent: EventLoopPromise<Void>?
        if let seconds = exchange.wholeSeconds {
            deadline = schedule(in: seconds, context)
            // Whoever takes a long body slowly is not silent; how long it may take is the whole's bound.
            let promise = context.eventLoop.makePromise(of: Void.self)
            promise.futureResult.assumeIsolated().whenSuccess { [weak self, weak exchange] in
                guard let self, exchange != nil, self.exchange === exchange else { return }
                renewTimer(context)
            }
            sent = promise
        } else {
            renewTimer(context)
        }
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if let body { context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil) }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: sent)
    }

    private func renewTimer(_ context: ChannelHandlerContext) {
        timer?.cancel()
        guard let seconds = exchange?.seconds else { return }
        timer = schedule(in: seconds, context)
    }

    private func schedule(
        in seconds: Int64, _ context: ChannelHandlerContext
    ) -> Scheduled<Void> {
        context.eventLoop.assumeIsolated().scheduleTask(in: .seconds(seconds)) { [weak self] in
            self?.end(.timeout(seconds: seconds))
            context.close(promise: nil)
        }
    }

    private func cancelTimers() {
        timer?.cancel()
        deadline?.cancel()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard let exchange else {
            // An answer to nothing: the next request could take it for its own.
            end(.malformedResponse(reason: "it answers no request"))
            return context.close(promise: nil)
        }
        do throws(PartnerTLSError) {
            switch unwrapInboundIn(data) {
            case .head(let head): try exchange.receive(head)
            case .body(let bytes): try exchange.receive(bytes)
            case .end:
                guard exchange.hasBegun else { return }
                self.exchange = nil
                cancelTimers()
                let isReusable = exchange.allowsReuse
                if !isReusable { failure = .closed }
                exchange.finish()
                if !isReusable { context.close(promise: nil) }
            }
            if exchange.isRenewed { renewTimer(context) }
        } catch {
            end(error)
            context.close(promise: nil)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        end(PartnerTLSError(transport: error))
        context.close(promise: nil)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let event = event as? ChannelEvent, event == .inputClosed {
            end(.closed)
            context.close(promise: nil)
        }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        end(.closed)
        context.fireChannelInactive()
    }

    private func end(_ error: PartnerTLSError) {
        cancelTimers()
        if failure == nil { failure = error }
        let ended = exchange
        exchange = nil
        ended?.fail(error)
    }
}

extension PartnerTLSError {
    /// The error of this module that stands for an error from a channel.
    init(transport error: any Error) {
        self =
            switch error {
            case let error as PartnerTLSError: error
            case is CancellationError: .cancelled
            // The end came in the middle of a response, and TLS announced it.
            case HTTPParserError.invalidEOFState: .closed
            case is HTTPParserError: .malformedResponse(reason: "it cannot be read")
            case is IOError, is ChannelError: .closed
            default: .malformedResponse(reason: NetworkReason.words(error) ?? "it cannot be read")
            }
    }
}
