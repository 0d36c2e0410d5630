import AnnotationModel
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import PartnerTLS
import Signing

/// Serves HTTP/1.1 to partners: mutual TLS below, Hummingbird's HTTP above.
///
/// A connection whose peer is refused during the handshake never reaches the router. For all others
/// ``peer`` says, within every request, who is asking.
public struct PartnerChannel: HTTPChannelHandler {
    /// The partner whose request the current task answers; nil outside of requests.
    @TaskLocal public static var peer: PeerIdentity?
    /// The address that the current task's request came from, without the port.
    @TaskLocal public static var address: String?

    /// Whether the current task's connection is one too many: whoever asks is told so.
    @TaskLocal package static var isTooMany = false

    /// Connections of strangers at one time, and how long one may last: time for one small call.
    static let strangersMax = 16
    static let strangerSeconds: Int64 = 20

    /// A connection that is set up and whose handshake may still be going on.
    public struct Value: ServerChildChannelValue {
        /// The connection's channel.
        public let channel: any Channel
        fileprivate let handshake: EventLoopFuture<PeerIdentity>
        /// What there is only for peers that were let in.
        fileprivate let http: EventLoopFuture<HTTP1Channel.Value>
        fileprivate let number: UInt64
    }

    /// What answers requests.
    public var responder: Responder { http.responder }

    private let http: HTTP1Channel
    private let context: @Sendable () -> TLSContext
    private let policy: PeerPolicy
    private let handshakeSeconds: Int64
    private let room: ConnectionRoom
    private let gate: ConnectionGate.Limits
    private let onLimit: @Sendable (String, String?) -> Void
    private let onRefusal: @Sendable (any Error, SocketAddress?) -> Void

    /// A channel type for Hummingbird's server.
    ///
    /// - Parameters:
    ///   - responder: what answers requests.
    ///   - context: a server's side of TLS, asked for at each new connection.
    ///   - policy: judges the certificates of callers.
    ///   - handshakeSeconds: the time for the handshake.
    ///   - onRefusal: learns why a connection came to nothing, for counting and logging.
    public init(
        responder: @escaping Responder,
        context: @autoclosure @escaping @Sendable () -> TLSContext,
        policy: @escaping PeerPolicy, handshakeSeconds: Int64 = 10,
        onRefusal: @escaping @Sendable (any Error, SocketAddress?) -> Void = { _, _ in }
    ) {
        self.init(
            responder: responder, context: context, policy: policy,
            handshakeSeconds: handshakeSeconds, room: ConnectionRoom(),
            gate: ConnectionGate.Limits(), onLimit: { _, _ in }, onRefusal: onRefusal)
    }

    /// The same with limits of the caller's choice.
    ///
    /// - Parameter onLimit: Learns which limit a connection has reached, and of which partner it is.
    package init(
        responder: @escaping Responder, context: @escaping @Sendable () -> TLSContext,
        policy: @escaping PeerPolicy, handshakeSeconds: Int64, room: ConnectionRoom,
        gate: ConnectionGate.Limits, onLimit: @escaping @Sendable (String, String?) -> Void,
        onRefusal: @escaping @Sendable (any Error, SocketAddress?) -> Void
    ) {
        let heads = HTTP1Channel.Configuration.DecoderConfiguration(
            maxHeaderFieldSize: PartnerLimits.headBytes,
            maxHeaderListSize: PartnerLimits.headBytes,
            maxHeaderFieldCount: PartnerLimits.headFields)
        http = HTTP1Channel(
            responder: responder, configuration: .init(httpDecoderConfiguration: heads))
        self.context = context
        self.policy = policy
        self.handshakeSeconds = handshakeSeconds
        self.room = room
        self.gate = gate
        self.onLimit = onLimit
        self.onRefusal = onRefusal
    }

    /// Puts TLS into a new connection's pipeline, and HTTP with its limits once the peer is let in: who knocks
    /// costs little.
    public func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        let handshake = channel.eventLoop.makePromise(of: PeerIdentity.self)
        let number = room.enter(channel, address: channel.remoteAddress?.ipAddress ?? "?")
        channel.closeFuture.whenComplete { [room] _ in room.leave(number) }
        let setUp = handshake.futureResult.flatMap { [http] _ in
            // On the event loop and at once, before the first bytes behind the handshake are passed on.
            http.setup(channel: channel, logger: logger)
        }.flatMapThrowing { [gate, onLimit] value in
            let pipeline = channel.pipeline.syncOperations
            let parser = try pipeline.handler(type: ByteToMessageHandler<HTTPRequestDecoder>.self)
            let peer = handshake.futureResult
            let guarding = ConnectionGate(gate) { code in
                peer.whenSuccess { onLimit(code, $0.isStranger ? nil : $0.origin) }
            }
            try pipeline.addHandler(guarding, position: .after(parser))
            return value
        }
        return channel.eventLoop.makeCompletedFuture {
            try channel.pipeline.syncOperations.addHandler(
                TLSHandler(
                    context: context(), policy: policy, handshakeSeconds: handshakeSeconds,
                    handshake: handshake))
            return Value(
                channel: channel, handshake: handshake.futureResult, http: setUp, number: number)
        }
    }

    /// Waits for the handshake, then answers the connection's requests.
    public func handle(value: Value, logger: Logger) async {
        let address = value.channel.remoteAddress
        let peer: PeerIdentity
        let connection: HTTP1Channel.Value
        do {
            peer = try await value.handshake.get()
            connection = try await value.http.get()
        } catch {
            onRefusal(error, address)
            return
        }
        let origin = try? Origin(peer.origin)
        let welcome =
            peer.isStranger || origin != nil
            ? room.introduce(value.number, as: origin, address: address?.ipAddress ?? "?")
            : .closed
        if welcome != .served { onLimit("too-many-connections", peer.origin) }
        guard welcome != .closed else {
            // The channel's two ends have to be taken up before they can be given back.
            try? await connection.executeThenClose { _, _ in }
            return
        }
        var logger = logger
        logger[metadataKey: "partner"] = "\(peer.origin)"
        let seconds = peer.isStranger ? Self.strangerSeconds : PartnerLimits.lingerSeconds
        let end = peer.isStranger || welcome == .told ? closeSoon(value.channel, seconds) : nil
        defer { end?.cancel() }
        await Self.$peer.withValue(peer) { [logger] in
            await Self.$isTooMany.withValue(welcome == .told) {
                await Self.$address.withValue(address?.ipAddress) {
                    await http.handle(value: connection, logger: logger)
                }
            }
        }
    }
}

extension PartnerChannel {
    private func closeSoon(_ channel: any Channel, _ seconds: Int64) -> Scheduled<Void> {
        channel.eventLoop.scheduleTask(in: .seconds(seconds)) { channel.close(promise: nil) }
    }
}

extension HTTPServerBuilder {
    /// A server for partners, to be handed to Hummingbird's `Application`.
    public static func partners(
        context: @autoclosure @escaping @Sendable () -> TLSContext,
        policy: @escaping PeerPolicy, handshakeSeconds: Int64 = 10,
        onRefusal: @escaping @Sendable (any Error, SocketAddress?) -> Void = { _, _ in }
    ) -> HTTPServerBuilder {
        .init { responder in
            PartnerChannel(
                responder: responder, context: context(), policy: policy,
                handshakeSeconds: handshakeSeconds, onRefusal: onRefusal)
        }
    }

    /// The same with limits of the caller's choice.
    package static func partners(
        context: @autoclosure @escaping @Sendable () -> TLSContext,
        policy: @escaping PeerPolicy, room: ConnectionRoom,
        gate: ConnectionGate.Limits = ConnectionGate.Limits(),
        onLimit: @escaping @Sendable (String, String?) -> Void,
        onRefusal: @escaping @Sendable (any Error, SocketAddress?) -> Void
    ) -> HTTPServerBuilder {
        .init { responder in
            PartnerChannel(
                responder: responder, context: context, policy: policy,
                handshakeSeconds: PartnerLimits.handshakeSeconds, room: room, gate: gate,
                onLimit: onLimit, onRefusal: onRefusal)
        }
    }
}
