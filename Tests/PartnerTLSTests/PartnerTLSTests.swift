import Foundation
import NIOCore
import NIOPosix
import PartnerTLS
import Signing
import Synchronization
import Testing

@Suite("Connections between partners", .timeLimit(.minutes(Patience.testMinutes)))
struct PartnerTLSTests {
    /// Acme serves, Borealis calls, and both have pinned each other.
    private func partners(
        kind: KeyKind = .ed25519, limits: HTTPClient.Limits = .patient
    ) async throws -> (server: TestServer, client: HTTPClient) {
        let acme = try Company("acme.example", kind: kind)
        let borealis = try Company("borealis.example", kind: kind)
        let server = try await TestServer(
            acme, pins: PinnedRoots(["borealis.example": borealis.roots]))
        let client = try borealis.client(
            of: server, expecting: "acme.example", roots: acme.roots, limits: limits)
        return (server, client)
    }

    @Test(
        "Partners who pinned each other talk, and each knows who the other is",
        arguments: KeyKind.allCases)
    func rightPartner(kind: KeyKind) async throws {
        let (server, client) = try await partners(kind: kind)
        let response = try await client.request("GET", "/who")
        #expect(response.status == 200)
        #expect(response.body == Array("borealis.example".utf8))
        #expect(response.header("Content-Length") == "16")
        try await server.stop()
    }

    @Test("Two hundred requests share one connection")
    func manyRequests() async throws {
        let (server, client) = try await partners()
        for number in 0..<200 {
            let body = Array("request \(number)".utf8)
            let response = try await client.request("POST", "/echo", body: body)
            #expect(response.body == body)
        }
        try await server.stop()
    }

    @Test("Twenty megabytes pass whole in both directions")
    func bigBodies() async throws {
        let (server, client) = try await partners()
        let body = testBytes(20_000_000)
        let response = try await client.request("POST", "/echo", body: body)
        #expect(response.body == body)
        try await server.stop()
    }

    @Test("Several tasks may call at once")
    func concurrency() async throws {
        let (server, client) = try await partners()
        try await withThrowingTaskGroup(of: Int.self) { group in
            for count in 0..<40 {
                group.addTask { try await client.request("GET", "/bytes/\(count)").body.count }
            }
            var total = 0
            for try await count in group { total += count }
            #expect(total == (0..<40).reduce(0, +))
        }
        try await server.stop()
    }

    @Test("Lines are streamed in their order until the partner ends them")
    func lines() async throws {
        let (server, client) = try await partners()
        var lines: [String] = []
        for try await line in try await client.lines("/lines") {
            lines.append(String(decoding: line, as: UTF8.self))
        }
        #expect(lines == (0..<100).map { "line \($0)" })
        #expect(
            await failure { _ = try await collect(client.lines("/nothing")) }
                == .refusedStream(status: 404))
        #expect(
            await failure { _ = try await collect(client.lines("/longline")) }
                == .lineTooLong(limitBytes: 65_536))
        try await server.stop()
    }

    @Test("Headers such as Range arrive; paths and headers that break requests are refused")
    func requestParts() async throws {
        let (server, client) = try await partners()
        let response = try await client.request(
            "GET", "/range", headers: [("Range", "bytes=10-19")])
        #expect(response.body == Array("bytes=10-19".utf8))
        for path in ["", "x", "/a b", "/a\r\nHost: evil", "/ü"] {
            #expect(
                await failure { _ = try await client.request("GET", path) } == .invalidPath(path))
        }
        #expect(
            await failure {
                _ = try await client.request("GET", "/", headers: [("X", "a\r\nY: b")])
            } == .invalidHeader("X"))
        try await server.stop()
    }

    @Test("A response above the limit is refused, and one that never ends runs out of time")
    func limits() async throws {
        var limits = HTTPClient.Limits.patient
        limits.responseBytesMax = 1_000
        let (server, client) = try await partners(limits: limits)
        #expect(try await client.request("GET", "/bytes/1000").body.count == 1_000)
        #expect(
            await failure { _ = try await client.request("GET", "/bytes/1001") }
                == .responseTooLarge(limitBytes: 1_000))
        try await server.stop()
        // What never ends runs out of any time: here a fast machine and a slow one come to one verdict.
        limits.responseSeconds = 1
        limits.streamSilenceSeconds = 1
        let (silent, hasty) = try await partners(limits: limits)
        #expect(
            await failure { _ = try await hasty.request("GET", "/silence") }
                == .timeout(seconds: 1))
        #expect(
            await failure { _ = try await collect(hasty.lines("/silence")) }
                == .timeout(seconds: 1))
        try await silent.stop()
    }

    @Test("A cancelled request ends at once")
    func cancellation() async throws {
        let (server, client) = try await partners()
        let task = Task { try await client.request("GET", "/silence") }
        #expect(try await Patience.until { server.silences > 0 })
        task.cancel()
        await #expect(throws: PartnerTLSError.cancelled) { try await task.value }
        try await server.stop()
    }

    // MARK: Who is let in

    @Test("A server that chains to another root than the pinned one is refused")
    func wrongRoot() async throws {
        let acme = try Company("acme.example")
        let impostor = try Company("acme.example")
        let borealis = try Company("borealis.example")
        let server = try await TestServer(
            impostor, pins: PinnedRoots(["borealis.example": borealis.roots]))
        let client = try borealis.client(of: server, expecting: "acme.example", roots: acme.roots)
        let error = await failure { _ = try await client.request("GET", "/who") }
        guard case .untrustedPeer("acme.example", .refusedPath) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        guard case .refusedByPeer = await server.nextRefusal() else {
            Issue.record("the server learns that it was refused")
            return
        }
        try await server.stop()
    }

    @Test("A client without pinned roots is refused, and hears so")
    func unknownClient() async throws {
        let acme = try Company("acme.example")
        let mallory = try Company("mallory.example")
        let server = try await TestServer(acme, pins: PinnedRoots())
        let client = try mallory.client(of: server, expecting: "acme.example", roots: acme.roots)
        let error = await failure {
            _ = try await client.request("POST", "/echo", body: [1, 2, 3])
        }
        guard case .refusedByPeer = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(await server.nextRefusal() == .unknownPeer(subject: "CN=mallory.example"))
        // Once pinned, the same client comes in, without a restart.
        server.pins.pin(mallory.roots, for: "mallory.example")
        #expect(try await client.request("GET", "/who").body == Array("mallory.example".utf8))
        server.pins.pin([], for: "mallory.example")
        client.closeIdleConnections()
        #expect(await failure { _ = try await client.request("GET", "/who") } != nil)
        try await server.stop()
    }

    @Test("A member cannot take another member's name with its own root")
    func foreignName() async throws {
        let acme = try Company("acme.example")
        let borealis = try Company("borealis.example")
        let mallory = try Company("mallory.example", nodeName: "borealis.example")
        let pins = PinnedRoots([
            "borealis.example": borealis.roots, "mallory.example": mallory.roots,
        ])
        let server = try await TestServer(acme, pins: pins)
        let client = try mallory.client(of: server, expecting: "acme.example", roots: acme.roots)
        #expect(await failure { _ = try await client.request("GET", "/who") } != nil)
        guard case .untrustedPeer("borealis.example", .refusedPath) = await server.nextRefusal()
        else {
            Issue.record("a foreign root vouched for borealis.example")
            return
        }
        try await server.stop()
    }

    @Test("A server that answers for another origin than the called one is refused")
    func wrongOrigin() async throws {
        let acme = try Company("acme.example")
        let borealis = try Company("borealis.example")
        let server = try await TestServer(
            acme, pins: PinnedRoots(["borealis.example": borealis.roots]))
        let client = try borealis.client(of: server, expecting: "cirrus.example", roots: acme.roots)
        #expect(
            await failure { _ = try await client.request("GET", "/who") }
                == .wrongPeer(subject: "CN=acme.example", expected: "cirrus.example"))
        try await server.stop()
    }

    @Test("Expired certificates are refused on both sides")
    func expired() async throws {
        let acme = try Company("acme.example")
        let stale = try Company("borealis.example", issuedAt: testTime - 800 * 86_400)
        let server = try await TestServer(
            acme, pins: PinnedRoots(["borealis.example": stale.roots]))
        let client = try stale.client(of: server, expecting: "acme.example", roots: acme.roots)
        let heard = await failure { _ = try await client.request("GET", "/who") }
        #expect(heard == .refusedByPeer(alert: "certificate expired"))
        guard case .untrustedPeer(_, .refusedPath(_, _, .expired)) = await server.nextRefusal()
        else {
            Issue.record("an expired client came in")
            return
        }
        let staleServer = try await TestServer(
            stale, pins: PinnedRoots(["acme.example": acme.roots]))
        let caller = try acme.client(
            of: staleServer, expecting: "borealis.example", roots: stale.roots)
        let error = await failure { _ = try await caller.request("GET", "/who") }
        guard case .untrustedPeer(_, .refusedPath(_, _, .expired)) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        try await server.stop()
        try await staleServer.stop()
    }

    @Test("A caller without a certificate, or with an older TLS, is refused")
    func foreignTool() async throws {
        let acme = try Company("acme.example")
        let server = try await TestServer(acme, pins: PinnedRoots())
        try await openssl("s_client", "-connect", "127.0.0.1:\(server.port)", "-tls1_3")
        #expect(await server.nextRefusal() == .noPeerCertificate)
        try await openssl("s_client", "-connect", "127.0.0.1:\(server.port)", "-tls1_2")
        guard case .protocolViolation = await server.nextRefusal() else {
            Issue.record("TLS 1.2 passed")
            return
        }
        try await server.stop()
    }

    /// Runs the openssl tool with an empty input and waits for its end.
    private func openssl(_ arguments: String...) async throws {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["openssl"] + arguments
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try await withCheckedThrowingContinuation { (done: CheckedContinuation<Void, any Error>) in
            process.terminationHandler = { _ in done.resume() }
            do { try process.run() } catch { done.resume(throwing: error) }
        }
    }

    // MARK: Broken connections

    @Test("Garbage, silence and an early end instead of a handshake are refused")
    func noHandshake() async throws {
        let acme = try Company("acme.example")
        let server = try await TestServer(acme, pins: PinnedRoots())
        let hasty = try await TestServer(acme, pins: PinnedRoots(), handshakeSeconds: 1)
        func connect(to server: TestServer) async throws -> any Channel {
            try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .connect(host: "127.0.0.1", port: server.port).get()
        }
        let garbage = try await connect(to: server)
        try await garbage.writeAndFlush(ByteBuffer(string: "GET / HTTP/1.1\r\nHost: x\r\n\r\n"))
        guard case .protocolViolation = await server.nextRefusal() else {
            Issue.record("garbage passed")
            return
        }
        let silent = try await connect(to: hasty)
        #expect(await hasty.nextRefusal() == .handshakeTimeout(seconds: 1))
        let early = try await connect(to: server)
        try await early.writeAndFlush(ByteBuffer(bytes: [0x16, 0x03, 0x01]))
        try await early.close()
        let cut = await server.nextRefusal()
        #expect(cut == .truncated)
        for channel in [garbage, silent] { try? await channel.close() }
        try await server.stop()
        try await hasty.stop()
    }

    @Test("A connection that is cut is told apart from one that ends")
    func truncation() async throws {
        let (server, client) = try await partners()
        #expect(await failure { _ = try await collect(client.lines("/cut")) } == .truncated)
        #expect(await failure { _ = try await client.request("GET", "/cut") } == .truncated)
        let ended = await failure { _ = try await client.request("GET", "/close") }
        #expect(ended == .closed)
        try await server.stop()
        #expect(await failure { _ = try await client.request("GET", "/who") } != nil)
    }

    @Test("A port where nobody listens is unreachable")
    func unreachable() async throws {
        let (server, client) = try await partners()
        try await server.stop()
        guard
            case .unreachable(let host, _, _) = await failure({
                _ = try await client.request("GET", "/who")
            })
        else {
            Issue.record("somebody answered")
            return
        }
        #expect(host == "127.0.0.1")
    }

    @Test("A handshake that a partner leaves unanswered ends with the task that waits for it")
    func cancelledHandshake() async throws {
        let accepted = Accepted()
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                accepted.count.withLock { $0 += 1 }
                return channel.eventLoop.makeSucceededVoidFuture()
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let port = try #require(server.localAddress?.port)
        let acme = try Company("acme.example")
        let context = try acme.context(.client)
        let client = HTTPClient(
            host: "127.0.0.1", port: port, origin: "acme.example", context: context,
            policy: PinnedRoots().clientPolicy(expecting: "acme.example") { testTime },
            limits: .patient, group: MultiThreadedEventLoopGroup.singleton)
        let waiting = Task { await failure { _ = try await client.request("GET", "/who") } }
        #expect(try await Patience.until { accepted.count.withLock { $0 } == 1 })
        waiting.cancel()
        #expect(await waiting.value == .cancelled)
        try await server.close()
    }

    private final class Accepted: Sendable {
        let count = Mutex(0)
    }

    private func failure(_ body: () async throws -> Void) async -> PartnerTLSError? {
        do {
            try await body()
            return nil
        } catch {
            return error as? PartnerTLSError
        }
    }

    private func collect(
        _ stream: AsyncThrowingStream<[UInt8], any Error>
    ) async throws -> [[UInt8]] {
        var lines: [[UInt8]] = []
        for try await line in stream { lines.append(line) }
        return lines
    }
}
