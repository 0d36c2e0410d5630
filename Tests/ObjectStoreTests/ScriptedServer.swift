import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// An HTTP server on the loopback that answers as a test says, also in ways that are no HTTP, until the process ends.
final class ScriptedServer: Sendable {
    /// A request as it came.
    struct Request: Sendable {
        let method: String
        let uri: String
        let headers: HTTPHeaders
        let body: [UInt8]

        /// The path without its query.
        var path: String { String(uri.prefix { $0 != "?" }) }

        /// A parameter of the query, as it was sent.
        func parameter(_ name: String) -> String? {
            uri.drop { $0 != "?" }.dropFirst().split(separator: "&")
                .first { $0.hasPrefix("\(name)=") }.map { String($0.dropFirst(name.count + 1)) }
        }
    }

    /// What becomes of a request.
    enum Reply: Sendable {
        case answer(Int, [(String, String)] = [], String = "")
        case bytes([UInt8])
        /// Exactly these bytes, whatever they are, and then perhaps the end.
        case raw(String, closes: Bool = false)
        /// A head, and then a byte of a body each so many milliseconds.
        case drip(milliseconds: Int64)
        case nothing
    }

    /// What has come so far.
    private final class Record: Sendable {
        let requests = Mutex<[Request]>([])
        let connections = Mutex(0)
    }

    private let channel: any Channel
    private let record = Record()

    /// The requests that came, in their order.
    var requests: [Request] { record.requests.withLock { $0 } }
    /// How many connections were made.
    var connections: Int { record.connections.withLock { $0 } }
    var port: Int { channel.localAddress?.port ?? 0 }

    init(_ script: @escaping @Sendable (Request) -> Reply) throws {
        let record = record
        channel = try ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(ChannelOptions.backlog, value: 256)
            .serverChannelOption(ChannelOptions.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    record.connections.withLock { $0 += 1 }
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHandler(ByteToMessageHandler(HTTPRequestDecoder()))
                    try pipeline.addHandler(
                        Responder { request in
                            record.requests.withLock { $0.append(request) }
                            return script(request)
                        })
                }
            }
            .bind(host: "127.0.0.1", port: 0).wait()
    }

    /// Listens no more.
    func stop() throws { try channel.close().wait() }
}

/// Carries replies out on one connection.
private final class Responder: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = ByteBuffer

    private let script: (ScriptedServer.Request) -> ScriptedServer.Reply
    private var head: HTTPRequestHead?
    private var body: [UInt8] = []

    init(_ script: @escaping (ScriptedServer.Request) -> ScriptedServer.Reply) {
        self.script = script
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): (self.head, body) = (head, [])
        case .body(let bytes): body += bytes.readableBytesView
        case .end:
            guard let head else { return }
            let request = ScriptedServer.Request(
                method: head.method.rawValue, uri: head.uri, headers: head.headers, body: body)
            reply(script(request), context)
        }
    }

    private func reply(_ reply: ScriptedServer.Reply, _ context: ChannelHandlerContext) {
        switch reply {
        case .answer(let status, let headers, let body):
            let lines = headers.map { "\($0.0): \($0.1)\r\n" }.joined()
            let length = status == 204 ? "" : "content-length: \(body.utf8.count)\r\n"
            send("HTTP/1.1 \(status) Words\r\n\(length)\(lines)\r\n\(body)", context)
        case .bytes(let bytes):
            send("HTTP/1.1 200 OK\r\ncontent-length: \(bytes.count)\r\n\r\n", context)
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: bytes)), promise: nil)
        case .raw(let text, let closes):
            send(text, context)
            if closes { context.close(promise: nil) }
        case .drip(let milliseconds):
            send("HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n", context)
            drip(milliseconds, context)
        case .nothing: break
        }
    }

    private func send(_ text: String, _ context: ChannelHandlerContext) {
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: text)), promise: nil)
    }

    private func drip(_ milliseconds: Int64, _ context: ChannelHandlerContext) {
        guard context.channel.isActive else { return }
        send("x", context)
        context.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(milliseconds)) {
            self.drip(milliseconds, context)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}
