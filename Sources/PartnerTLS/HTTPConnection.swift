import NIOCore
import NIOHTTP1
import NIOPosix
import Signing
import Synchronization

/// One connection to a partner, carrying one exchange at a time.
struct HTTPConnection: Sendable {
    let channel: any Channel
    /// Who answered the call.
    let peer: PeerIdentity
    private let handler: NIOLoopBound<HTTPConnectionHandler>

    /// Connects, and waits for the handshake; the task's cancellation ends both.
    static func connect(
        host: String, port: Int, proxy: HTTPProxy?, context: TLSContext, origin: String,
        policy: @escaping PeerPolicy, limits: HTTPClient.Limits, group: any EventLoopGroup
    ) async throws(PartnerTLSError) -> HTTPConnection {
        let opening = Opening()
        do {
            return try await withTaskCancellationHandler {
                try await connect(
                    host: host, port: port, proxy: proxy, context: context, origin: origin,
                    policy: policy, limits: limits, group: group, opening)
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

    private static func connect(
        host: String, port: Int, proxy: HTTPProxy?, context: TLSContext, origin: String,
        policy: @escaping PeerPolicy, limits: HTTPClient.Limits, group: any EventLoopGroup,
        _ opening: Opening
    ) async throws(PartnerTLSError) -> HTTPConnection {
        let loop = group.next()
        let handshake = loop.makePromise(of: PeerIdentity.self)
        let ready = loop.makePromise(of: NIOLoopBound<HTTPConnectionHandler>.self)
        let bootstrap = ClientBootstrap(group: loop)
            .connectTimeout(.seconds(limits.connectSeconds))
            .channelInitializer { channel in
                opening.begin(channel)
                return channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if let proxy {
                        try pipeline.addHandler(
                            ProxyHandler(
                                proxy, host: host, port: port, seconds: limits.handshakeSeconds))
                    }
                    try pipeline.addHandler(
                        TLSHandler(
                            context: context, serverName: origin, policy: policy,
                            handshakeSeconds: limits.handshakeSeconds, handshake: handshake))
                    try pipeline.addHTTPClientHandlers()
                    let handler = HTTPConnectionHandler()
                    try pipeline.addHandler(handler)
                    ready.succeed(NIOLoopBound(handler, eventLoop: channel.eventLoop))
                }
            }
        let channel: any Channel
        do {
            channel = try await bootstrap.connect(
                host: proxy?.host ?? host, port: proxy?.port ?? port
            ).get()
        } catch {
            handshake.fail(PartnerTLSError.closed)
            ready.fail(PartnerTLSError.closed)
            if let proxy {
                throw .proxyRefused(
                    proxy: proxy.name, reason: NetworkReason.words(error) ?? "it failed")
            }
            throw .unreachable(
                host: host, port: port, reason: NetworkReason.words(error) ?? "it failed")
        }
        do {
            let peer = try await handshake.futureResult.get()
            let handler = try await ready.futureResult.get()
            return HTTPConnection(channel: channel, peer: peer, handler: handler)
        } catch {
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
        guard case .refuse(let refusal) = policy(peer.chain) else { return nil }
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
    private var timer: Scheduled<Void>?
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
        renewTimer(context)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if let body { context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil) }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }

    private func renewTimer(_ context: ChannelHandlerContext) {
        timer?.cancel()
        guard let seconds = exchange?.seconds else { return }
        timer = context.eventLoop.assumeIsolated().scheduleTask(in: .seconds(seconds)) {
            [weak self] in
            self?.end(.timeout(seconds: seconds))
            context.close(promise: nil)
        }
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
                timer?.cancel()
                let isReusable = exchange.allowsReuse
                if !isReusable { failure = .closed }
                exchange.finish()
                if !isReusable { context.close(promise: nil) }
            }
            if exchange.isStream { renewTimer(context) }
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
        timer?.cancel()
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
