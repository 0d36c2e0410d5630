import NIOCore
import NIOHTTP1
import NIOPosix
import PartnerTLS
import Signing
import Synchronization

/// The moment that certificates of these tests are judged at.
let testTime: Int64 = 1_767_225_600

/// Bytes without a short period, made quickly even in a debug build.
func testBytes(_ count: Int) -> [UInt8] {
    var bytes: [UInt8] = (0..<251).map { UInt8($0) }
    while bytes.count < count { bytes += bytes + [UInt8(truncatingIfNeeded: bytes.count)] }
    return Array(bytes.prefix(count))
}

/// A company with its own root and a node certificate.
struct Company: Sendable {
    let origin: String
    let authority: CertificateAuthority
    let key: SigningKey
    let node: Certificate

    init(
        _ origin: String, kind: KeyKind = .ed25519, issuedAt time: Int64 = testTime,
        nodeName: String? = nil
    ) throws {
        self.origin = origin
        authority = try CertificateAuthority.create(origin: origin, kind: kind, at: time)
        key = try SigningKey.generate(kind)
        node = try authority.issueNode(
            origin: nodeName ?? origin, key: key.verificationKey, at: time)
    }

    var roots: [Certificate] { [authority.certificate] }

    func context(_ side: TLSContext.Side) throws -> TLSContext {
        try TLSContext(side: side, chain: [node], key: key)
    }
}

/// A small HTTP server behind the TLS handler, on a loopback socket.
final class TestServer: Sendable {
    let channel: any Channel
    let pins: PinnedRoots
    /// Failed handshakes, in their order.
    let refusals: AsyncStream<PartnerTLSError>
    private let refusalsIn: AsyncStream<PartnerTLSError>.Continuation
    private let silent = SilenceCount()
    /// Requests that will never be answered.
    var silences: Int { silent.count.withLock { $0 } }
    var port: Int { channel.localAddress?.port ?? 0 }

    init(
        _ company: Company, pins: PinnedRoots, context: TLSContext? = nil,
        handshakeSeconds: Int64 = Patience.seconds(300)
    ) async throws {
        self.pins = pins
        let context = try context ?? company.context(.server)
        let (refusals, refusalsIn) = AsyncStream<PartnerTLSError>.makeStream()
        self.refusals = refusals
        self.refusalsIn = refusalsIn
        let silent = silent
        channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(ChannelOptions.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(ChannelOptions.allowRemoteHalfClosure, value: true)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let handshake = channel.eventLoop.makePromise(of: PeerIdentity.self)
                    handshake.futureResult.whenFailure { error in
                        if let error = error as? PartnerTLSError { refusalsIn.yield(error) }
                    }
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHandler(
                        TLSHandler(
                            context: context, policy: pins.serverPolicy { testTime },
                            handshakeSeconds: handshakeSeconds, handshake: handshake))
                    try pipeline.configureHTTPServerPipeline(withErrorHandling: false)
                    try pipeline.addHandler(TestResponder(handshake.futureResult, silent))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
    }

    func nextRefusal() async -> PartnerTLSError? {
        var iterator = refusals.makeAsyncIterator()
        return await iterator.next()
    }

    func stop() async throws { try await channel.close() }
}

/// Counts the requests that a server lets wait.
private final class SilenceCount: Sendable {
    let count = Mutex(0)
}

/// Answers requests: an echo, bytes of a wanted size, lines over time, and broken responses.
private final class TestResponder: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let peer: EventLoopFuture<PeerIdentity>
    private let silent: SilenceCount
    private var head: HTTPRequestHead?
    private var body = ByteBuffer()

    init(_ peer: EventLoopFuture<PeerIdentity>, _ silent: SilenceCount) {
        (self.peer, self.silent) = (peer, silent)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            body.clear()
        case .body(var bytes): body.writeBuffer(&bytes)
        case .end: if let head { answer(head, context) }
        }
    }

    private func answer(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        let parts = head.uri.split(separator: "/").map(String.init)
        switch parts.first {
        case "echo": respond(body, context)
        case "who":
            peer.assumeIsolated().whenSuccess {
                self.respond(ByteBuffer(string: $0.origin), context)
            }
        case "bytes":
            let count = parts.count > 1 ? Int(parts[1]) ?? 0 : 0
            respond(ByteBuffer(repeating: 0x61, count: count), context)
        case "range":
            respond(ByteBuffer(string: head.headers.first(name: "range") ?? "none"), context)
        case "lines":
            write(.head(HTTPResponseHead(version: .http1_1, status: .ok)), context)
            for number in 0..<100 {
                write(.body(.byteBuffer(ByteBuffer(string: "line \(number)\n"))), context)
            }
            write(.end(nil), context)
        case "ticks":
            write(.head(HTTPResponseHead(version: .http1_1, status: .ok)), context)
            tick(context)
        case "longline":
            write(.head(HTTPResponseHead(version: .http1_1, status: .ok)), context)
            write(.body(.byteBuffer(ByteBuffer(repeating: 0x61, count: 100_000))), context)
        case "silence":
            write(.head(HTTPResponseHead(version: .http1_1, status: .ok)), context)
            write(.body(.byteBuffer(ByteBuffer(string: "first\n"))), context)
            silent.count.withLock { $0 += 1 }
        case "close":
            // Half a response, then the end of the connection with or without TLS saying so.
            let headers = HTTPHeaders([("content-length", "100")])
            write(
                .head(HTTPResponseHead(version: .http1_1, status: .ok, headers: headers)), context)
            write(.body(.byteBuffer(ByteBuffer(string: "half"))), context)
            context.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(50)) {
                context.close(promise: nil)
            }
        case "cut":
            write(.head(HTTPResponseHead(version: .http1_1, status: .ok)), context)
            write(.body(.byteBuffer(ByteBuffer(string: "half\n"))), context)
            context.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(50)) {
                // Straight at the socket: TLS learns nothing of it.
                _ = try? context.pipeline.syncOperations.context(handlerType: TLSHandler.self)
                    .close(promise: nil)
            }
        default:
            write(
                .head(
                    HTTPResponseHead(
                        version: .http1_1, status: .notFound,
                        headers: ["content-length": "0"])), context)
            write(.end(nil), context)
        }
        context.flush()
    }

    /// Writes a line again and again until the connection ends.
    private func tick(_ context: ChannelHandlerContext) {
        guard context.channel.isActive else { return }
        write(.body(.byteBuffer(ByteBuffer(string: "tick\n"))), context)
        context.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(50)) {
            self.tick(context)
        }
    }

    private func respond(_ body: ByteBuffer, _ context: ChannelHandlerContext) {
        let headers = HTTPHeaders([("content-length", "\(body.readableBytes)")])
        write(.head(HTTPResponseHead(version: .http1_1, status: .ok, headers: headers)), context)
        write(.body(.byteBuffer(body)), context)
        write(.end(nil), context)
        context.flush()
    }

    private func write(_ part: HTTPServerResponsePart, _ context: ChannelHandlerContext) {
        context.writeAndFlush(wrapOutboundOut(part), promise: nil)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let event = event as? ChannelEvent, event == .inputClosed { context.close(promise: nil) }
    }
}

extension Company {
    /// A client of another company's server.
    func client(
        of server: TestServer, expecting origin: String, roots: [Certificate],
        limits: HTTPClient.Limits = .patient
    ) throws -> HTTPClient {
        let pins = PinnedRoots([origin: roots])
        let context = try context(.client)
        return HTTPClient(
            host: "127.0.0.1", port: server.port, origin: origin, context: context,
            policy: pins.clientPolicy(expecting: origin) { testTime }, limits: limits,
            group: MultiThreadedEventLoopGroup.singleton)
    }
}
