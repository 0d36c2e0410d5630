import CountermarkNode
import Hummingbird
import Logging
import NIOCore
import NIOPosix
import PartnerTLS
import Signing
import Synchronization
import Testing

@testable import PartnerNet

@Suite("Hummingbird behind partner TLS", .timeLimit(.minutes(Patience.testMinutes)))
struct PartnerChannelTests {
    /// Runs a server of Acme's, and Borealis as its client.
    private func serve(
        pinned: Bool = true, onRefusal: @escaping @Sendable (any Error) -> Void = { _ in },
        _ body: @escaping @Sendable (HTTPClient) async throws -> Void
    ) async throws {
        let acme = try Company("acme.example")
        let borealis = try Company("borealis.example")
        let pins = PinnedRoots(pinned ? ["borealis.example": borealis.roots] : [:])
        let serverContext = try acme.context(.server)
        let clientContext = try borealis.context(.client)
        let (ports, portsIn) = AsyncStream<Int>.makeStream()
        let application = Application(
            router: Self.router(),
            server: .partners(
                context: serverContext, policy: pins.serverPolicy { testTime },
                onRefusal: { error, _ in onRefusal(error) }),
            configuration: .init(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { portsIn.yield($0.localAddress?.port ?? 0) },
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await application.runService(gracefulShutdownSignals: []) }
            var iterator = ports.makeAsyncIterator()
            let port = await iterator.next() ?? 0
            let client = HTTPClient(
                host: "127.0.0.1", port: port, origin: "acme.example",
                context: clientContext,
                policy: PinnedRoots(["acme.example": acme.roots])
                    .clientPolicy(expecting: "acme.example") { testTime },
                limits: .patient, group: MultiThreadedEventLoopGroup.singleton)
            try await body(client)
            client.closeIdleConnections()
            group.cancelAll()
        }
    }

    private static func router() -> Router<BasicRequestContext> {
        let router = Router()
        router.get("/who") { _, _ in PartnerChannel.peer?.origin ?? "nobody" }
        router.post("/echo") { request, _ -> Response in
            let body = try await request.body.collect(upTo: 30_000_000)
            return Response(status: .ok, body: .init(byteBuffer: body))
        }
        router.get("/lines") { _, _ -> Response in
            Response(
                status: .ok,
                body: .init { writer in
                    for number in 0..<50 {
                        try await writer.write(ByteBuffer(string: "line \(number)\n"))
                    }
                    try await writer.finish(nil)
                })
        }
        return router
    }

    @Test("Every request knows which partner asks, on one connection or on new ones")
    func peer() async throws {
        try await serve { client in
            for _ in 0..<200 {
                let response = try await client.request("GET", "/who")
                #expect(response.body == Array("borealis.example".utf8))
            }
            let last = try await client.request("GET", "/who", headers: [("Connection", "close")])
            #expect(last.status == 200)
            #expect(try await client.request("GET", "/who").status == 200)
            #expect(try await client.request("GET", "/missing").status == 404)
        }
        #expect(PartnerChannel.peer == nil)
    }

    @Test("Big bodies and streamed lines pass whole")
    func bodies() async throws {
        try await serve { client in
            let body = testBytes(20_000_000)
            let response = try await client.request("POST", "/echo", body: body)
            #expect(response.body == body)
            var lines: [String] = []
            for try await line in try await client.lines("/lines") {
                lines.append(String(decoding: line, as: UTF8.self))
            }
            #expect(lines == (0..<50).map { "line \($0)" })
        }
    }

    @Test("A caller without pinned roots reaches no route, and the refusal is reported")
    func refusal() async throws {
        let refusals = Mutex<[PartnerTLSError]>([])
        try await serve(
            pinned: false,
            onRefusal: { error in
                if let error = error as? PartnerTLSError { refusals.withLock { $0.append(error) } }
            },
            { client in
                await #expect(throws: PartnerTLSError.self) {
                    try await client.request("GET", "/who")
                }
            })
        #expect(refusals.withLock { $0 } == [.unknownPeer(subject: "CN=borealis.example")])
    }
}
