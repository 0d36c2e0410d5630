import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import PartnerTLS
import Signing
import Synchronization

/// Serves HTTP/1.1 to partners: mutual TLS below, Hummingbird's HTTP above.
///
/// A connection whose peer is refused during the handshake never reaches the router. For all others
/// ``peer`` says, within every request, who is asking.
public struct PartnerChannel: HTTPChannelHandler {
    /// The partner whose request the current task answers; nil outside of requests.
    @TaskLocal public static var peer: PeerIdentity?
    /// The address that the current task's request came from, without the port.
    @TaskLocal public static var address: String?

    /// Connections of strangers at one time, and how long one may last: time for one small call.
    static let strangersMax = 16
    static let strangerSeconds: Int64 = 20

    /// A connection that is set up and whose handshake may still be going on.
    public struct Value: ServerChildChannelValue {
        fileprivate let http: HTTP1Channel.Value
        fileprivate let handshake: EventLoopFuture<PeerIdentity>

        /// The connection's channel.
        public var channel: any Channel { http.channel }
    }

    /// What answers requests.
    public var responder: Responder { http.responder }

    private let http: HTTP1Channel
    private let context: @Sendable () -> TLSContext
    private let strangers = StrangerCount()
    private let policy: PeerPolicy
    private let handshakeSeconds: Int64
    private let onRefusal: @Sendable (any Error, SocketAddress?) -> Void

    /// A channel type for Hummingbird's server.
    ///
    /// - Parameters:
    ///   - responder: what answers requests.
    ///   - context: a server's side of TLS, asked for at each new connection.
    ///   - policy: judges the certificates of callers.
    ///   - configuration: limits of HTTP.
    ///   - handshakeSeconds: the time for the handshake.
    ///   - onRefusal: learns why a connection came to nothing, for counting and logging.
    public init(
        responder: @escaping Responder,
        context: @autoclosure @escaping @Sendable () -> TLSContext,
        policy: @escaping PeerPolicy,
        configuration: HTTP1Channel.Configuration = .init(), handshakeSeconds: Int64 = 10,
        onRefusal: @escaping @Sendable (any Error, SocketAddress?) -> Void = { _, _ in }
    ) {
        http = HTTP1Channel(responder: responder, configuration: configuration)
        self.context = context
        self.policy = policy
        self.handshakeSeconds = handshakeSeconds
        self.onRefusal = onRefusal
    }

    /// Puts TLS and HTTP into a new connection's pipeline.
    public func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        let handshake = channel.eventLoop.makePromise(of: PeerIdentity.self)
        return channel.eventLoop.makeCompletedFuture {
            try channel.pipeline.syncOperations.addHandler(
                TLSHandler(
                    context: context(), policy: policy, handshakeSeconds: handshakeSeconds,
                    handshake: handshake))
        }.flatMap {
            http.setup(channel: channel, logger: logger)
        }.map {
            Value(http: $0, handshake: handshake.futureResult)
        }
    }

    /// Waits for the handshake, then answers the connection's requests.
    public func handle(value: Value, logger: Logger) async {
        do {
            let address = value.channel.remoteAddress
            let peer = try await value.handshake.get()
            var logger = logger
            logger[metadataKey: "partner"] = "\(peer.origin)"
            guard !peer.isStranger || strangers.enter() else {
                onRefusal(PartnerTLSError.unknownPeer(subject: peer.certificate.subject), address)
                try? await value.http.executeThenClose { _, _ in }
                return
            }
            defer { if peer.isStranger { strangers.leave() } }
            let end = peer.isStranger ? closeSoon(value.channel) : nil
            defer { end?.cancel() }
            await Self.$peer.withValue(peer) { [logger] in
                await Self.$address.withValue(address?.ipAddress) {
                    await http.handle(value: value.http, logger: logger)
                }
            }
        } catch {
            onRefusal(error, value.channel.remoteAddress)
            // The channel's two ends have to be taken up before they can be given back.
            try? await value.http.executeThenClose { _, _ in }
        }
    }
}

extension PartnerChannel {
    private func closeSoon(_ channel: any Channel) -> Scheduled<Void> {
        channel.eventLoop.scheduleTask(in: .seconds(Self.strangerSeconds)) {
            channel.close(promise: nil)
        }
    }

    /// How many strangers are connected.
    private final class StrangerCount: Sendable {
        private let count = Mutex(0)

        func enter() -> Bool {
            count.withLock { count in
                guard count < strangersMax else { return false }
                count += 1
                return true
            }
        }

        func leave() { count.withLock { $0 -= 1 } }
    }
}

extension HTTPServerBuilder {
    /// A server for partners, to be handed to Hummingbird's `Application`.
    public static func partners(
        context: @autoclosure @escaping @Sendable () -> TLSContext,
        policy: @escaping PeerPolicy,
        configuration: HTTP1Channel.Configuration = .init(), handshakeSeconds: Int64 = 10,
        onRefusal: @escaping @Sendable (any Error, SocketAddress?) -> Void = { _, _ in }
    ) -> HTTPServerBuilder {
        .init { responder in
            PartnerChannel(
                responder: responder, context: context(), policy: policy,
                configuration: configuration, handshakeSeconds: handshakeSeconds,
                onRefusal: onRefusal)
        }
    }
}
