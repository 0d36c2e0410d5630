import COpenSSL
import Foundation
import NIOCore
import NIOPosix
import Signing
import Testing

@testable import PartnerTLS

@Suite("Calls to services that are no partners", .timeLimit(.minutes(Patience.testMinutes)))
struct ServiceClientTests {
    private let now = Int64(time(nil))

    /// A server that is called `localhost`, asks nobody for a certificate, and the file of its authority.
    private func service(
        named name: String = "localhost", tls12Only: Bool = false
    ) async throws -> (server: TestServer, authorities: String) {
        let company = try Company("service.example", kind: .p256, issuedAt: now, nodeName: name)
        let context = try TLSContext(
            side: .server, chain: [company.node], key: company.key, peers: .none)
        if tls12Only {
            SSL_CTX_ctrl(
                context.handle, SSL_CTRL_SET_MIN_PROTO_VERSION, Int(TLS1_2_VERSION), nil)
            SSL_CTX_ctrl(
                context.handle, SSL_CTRL_SET_MAX_PROTO_VERSION, Int(TLS1_2_VERSION), nil)
        }
        let server = try await TestServer(company, pins: PinnedRoots(), context: context)
        let file = NSTemporaryDirectory() + "/authorities-\(UUID().uuidString).pem"
        try company.authority.certificate.pem.write(toFile: file, atomically: true, encoding: .utf8)
        return (server, file)
    }

    private func client(
        _ server: TestServer, host: String = "localhost", _ authorities: TLSContext.Authorities?,
        limits: ServiceClient.Limits = .patient
    ) throws -> ServiceClient {
        ServiceClient(
            host: host, port: server.port, authority: "\(host):\(server.port)",
            context: try authorities.map { try TLSContext(trusting: $0) }, limits: limits,
            group: MultiThreadedEventLoopGroup.singleton)
    }

    private func failure(_ body: () throws -> Void) -> PartnerTLSError? {
        do { try body() } catch { return error as? PartnerTLSError }
        return nil
    }

    @Test(
        "a server that an authority vouches for is called, with TLS 1.3 and 1.2",
        arguments: [false, true])
    func trusted(_ tls12Only: Bool) async throws {
        let (server, file) = try await service(tls12Only: tls12Only)
        defer { unlink(file) }
        let client = try client(server, .inFile(file))
        let body = testBytes(5_000_000)
        for _ in 0..<3 {
            let response = try client.request(
                "POST", "/echo", body: body, responseBytesMax: body.count)
            #expect(response.status == 200 && response.body == body)
        }
        try await server.stop()
    }

    @Test("a server of another name, and one that nobody vouches for, get no request")
    func untrusted() async throws {
        let (server, file) = try await service()
        let (_, other) = try await service()
        defer { for path in [file, other] { unlink(path) } }
        for (host, authorities) in [
            ("127.0.0.1", TLSContext.Authorities.inFile(file)), ("localhost", .inFile(other)),
            ("localhost", .ofSystem),
        ] {
            let client = try client(server, host: host, authorities)
            guard
                case .untrustedServer = failure({
                    _ = try client.request("GET", "/silence", responseBytesMax: 9)
                })
            else {
                Issue.record("\(host) was trusted")
                continue
            }
        }
        #expect(server.silences == 0)
        let (wrong, named) = try await service(named: "other.example")
        defer { unlink(named) }
        let client = try client(wrong, .inFile(named))
        guard
            case .untrustedServer(_, let reason) = failure({
                _ = try client.request("GET", "/silence", responseBytesMax: 9)
            })
        else { throw PartnerTLSError.closed }
        #expect(reason.lowercased() == "hostname mismatch")
        try await server.stop()
        try await wrong.stop()
    }

    @Test("a file without certificates is named")
    func unusable() throws {
        for path in ["/nowhere/ca.pem", "/dev/null"] {
            guard
                case .unusableAuthorities(path, _) = failure({
                    _ = try TLSContext(trusting: .inFile(path))
                })
            else { throw PartnerTLSError.closed }
        }
    }

    @Test("silence and slowness end in time, and a cut is told from an end")
    func limits() async throws {
        let (server, file) = try await service()
        defer { unlink(file) }
        var short = ServiceClient.Limits.patient
        short.silenceSeconds = 1
        let silent = try client(server, .inFile(file), limits: short)
        #expect(
            failure { _ = try silent.request("GET", "/silence", responseBytesMax: 100) }
                == .timeout(seconds: 1))
        short = .patient
        short.wholeSeconds = 1
        short.bytesPerSecondMin = .max
        let slow = try client(server, .inFile(file), limits: short)
        #expect(
            failure { _ = try slow.request("GET", "/ticks", responseBytesMax: 1 << 20) }
                == .timeout(seconds: 1))
        let patient = try client(server, .inFile(file))
        #expect(
            failure { _ = try patient.request("GET", "/cut", responseBytesMax: 100) } == .truncated)
        #expect(
            failure { _ = try patient.request("GET", "/close", responseBytesMax: 100) } == .closed)
        #expect(
            failure { _ = try patient.request("GET", "/bytes/101", responseBytesMax: 100) }
                == .responseTooLarge(limitBytes: 100))
        #expect(try patient.request("GET", "/bytes/100", responseBytesMax: 100).body.count == 100)
        try await server.stop()
    }

    @Test("many threads call at once, each over a connection of its own")
    func threads() async throws {
        let (server, file) = try await service()
        defer { unlink(file) }
        let client = try client(server, .inFile(file))
        DispatchQueue.concurrentPerform(iterations: 16) { number in
            for count in 0..<20 {
                let path = "/bytes/\(100 * number + count)"
                let response = try? client.request("GET", path, responseBytesMax: 10_000)
                #expect(response?.body.count == 100 * number + count)
            }
        }
        try await server.stop()
    }

    @Test("a host whose first address refuses is reached at the next, by partners as well")
    func addresses() async throws {
        let acme = try Company("acme.example")
        let borealis = try Company("borealis.example")
        let server = try await TestServer(
            acme, pins: PinnedRoots(["borealis.example": borealis.roots]))
        let pins = PinnedRoots(["acme.example": acme.roots])
        let security = HTTPConnection.Security(
            context: try borealis.context(.client), serverName: "acme.example",
            policy: pins.clientPolicy(expecting: "acme.example") { testTime },
            handshakeSeconds: Patience.seconds(300))
        let route = HTTPConnection.Route(
            host: "acme.example", port: server.port, security: security,
            connectSeconds: Patience.seconds(300), resolver: TwoAddresses())
        let connection = try await HTTPConnection.connect(
            route, group: MultiThreadedEventLoopGroup.singleton)
        #expect(connection.peer?.origin == "acme.example")
        connection.close()
        try await server.stop()
    }

    /// Knows one host: at an address where nobody listens, and at the loopback's usual one.
    private struct TwoAddresses: Resolver, Sendable {
        func initiateAQuery(host: String, port: Int) -> EventLoopFuture<[SocketAddress]> {
            let loop = MultiThreadedEventLoopGroup.singleton.next()
            return loop.makeCompletedFuture {
                try ["127.0.0.2", "127.0.0.1"].map {
                    try SocketAddress(ipAddress: $0, port: port)
                }
            }
        }

        func initiateAAAAQuery(host: String, port: Int) -> EventLoopFuture<[SocketAddress]> {
            MultiThreadedEventLoopGroup.singleton.next().makeSucceededFuture([])
        }

        func cancelQueries() {}
    }
}

extension ServiceClient.Limits {
    /// Bounds that only a hang reaches.
    static var patient: ServiceClient.Limits {
        var limits = ServiceClient.Limits()
        let seconds = Patience.seconds(300)
        limits.connectSeconds = seconds
        limits.handshakeSeconds = seconds
        limits.silenceSeconds = seconds
        limits.wholeSeconds = seconds
        return limits
    }
}
