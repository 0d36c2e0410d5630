import NIOPosix
import PartnerTLS
import Signing
import Synchronization
import Testing

@Suite("Trust that is taken back", .timeLimit(.minutes(2)))
struct TrustEndsTests {
    private static let day: Int64 = 86_400

    /// A way in which trust ends: what is done to the pins, and to the clock.
    private struct Ending: CustomTestStringConvertible, Sendable {
        let testDescription: String
        var seconds: Int64 = 0
        let change: @Sendable (PinnedRoots, Company) throws -> Void

        init(
            _ name: String, seconds: Int64 = 0,
            _ change: @escaping @Sendable (PinnedRoots, Company) throws -> Void = { _, _ in }
        ) {
            (testDescription, self.seconds, self.change) = (name, seconds, change)
        }
    }

    private static let endings = [
        Ending("the partner is removed") { pins, partner in pins.pin([], for: partner.origin) },
        Ending("all pins are replaced") { pins, _ in pins.replace(with: [:]) },
        Ending("another root is pinned") { pins, partner in
            pins.pin(try Company(partner.origin).roots, for: partner.origin)
        },
        Ending("the certificate is revoked") { pins, partner in
            let list = try partner.authority.issueRevocationList(
                [.init(certificate: partner.node, time: testTime, isKeyCompromised: true)],
                number: 1, at: testTime)
            pins.replaceRevocationLists(with: [partner.origin: [list]])
        },
        Ending("the certificate's time is over", seconds: 900 * day),
        Ending("the certificate's time has not begun", seconds: -2 * day),
    ]

    @Test("a peer that was let in is judged anew", arguments: endings)
    private func judged(ending: Ending) throws {
        let partner = try Company("borealis.example")
        let pins = PinnedRoots([partner.origin: partner.roots])
        let decision = pins.decide([partner.node], purpose: .tlsClient, at: testTime)
        guard case .accept(let peer) = decision else {
            Issue.record("\(decision)")
            return
        }
        #expect(pins.whyEnded(peer, purpose: .tlsClient, at: testTime) == nil)
        try ending.change(pins, partner)
        #expect(pins.whyEnded(peer, purpose: .tlsClient, at: testTime + ending.seconds) != nil)
        // Other partners' pins say nothing about this one.
        pins.replace(with: [partner.origin: partner.roots, "x.example": partner.roots])
        pins.replaceRevocationLists(with: [:])
        #expect(pins.whyEnded(peer, purpose: .tlsClient, at: testTime) == nil)
    }

    @Test(
        "a dialler uses no kept connection and takes no line of a partner after it",
        arguments: endings)
    private func dialler(ending: Ending) async throws {
        let (acme, borealis) = (try Company("acme.example"), try Company("borealis.example"))
        let server = try await TestServer(
            acme, pins: PinnedRoots([borealis.origin: borealis.roots]))
        let pins = PinnedRoots([acme.origin: acme.roots])
        let shared = Shared(testTime)
        let context = try borealis.context(.client)
        let client = HTTPClient(
            host: "127.0.0.1", port: server.port, origin: acme.origin, context: context,
            policy: pins.clientPolicy(expecting: acme.origin) { shared.now },
            group: MultiThreadedEventLoopGroup.singleton)
        #expect(try await client.request("GET", "/who").status == 200)
        var lines = try await client.lines("/ticks").makeAsyncIterator()
        #expect(try await lines.next() == Array("tick".utf8))
        try ending.change(pins, acme)
        shared.advance(ending.seconds)
        await #expect(throws: PartnerTLSError.self) {
            while try await lines.next() != nil {}
        }
        await #expect(throws: PartnerTLSError.self) {
            _ = try await client.request("GET", "/who")
        }
        try await server.stop()
    }

    /// A clock that the test sets.
    private final class Shared: Sendable {
        private let time: Mutex<Int64>

        init(_ time: Int64) { self.time = Mutex(time) }

        var now: Int64 { time.withLock { $0 } }

        func advance(_ seconds: Int64) { time.withLock { $0 += seconds } }
    }
}
