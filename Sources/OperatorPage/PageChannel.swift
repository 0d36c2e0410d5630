import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import PartnerTLS
import Signing

/// Serves HTTP/1.1 to browsers over TLS 1.3; who has a certificate of the company may show it.
struct PageChannel: HTTPChannelHandler {
    /// A connection whose handshake may still be going on.
    struct Value: ServerChildChannelValue {
        let channel: any Channel
        fileprivate let handshake: EventLoopFuture<PeerIdentity>
        fileprivate let http: HTTP1Channel.Value
    }

    /// How long a handshake may take.
    private static let handshakeSeconds: Int64 = 10

    var responder: Responder { http.responder }
    private let http: HTTP1Channel
    private let context: TLSContext
    private let certificates: PageCertificates

    /// Who asks, as far as a certificate says; nil where there is no TLS.
    @TaskLocal static var peer: PeerIdentity?

    init(
        responder: @escaping Responder, configuration: HTTP1Channel.Configuration,
        context: TLSContext, certificates: PageCertificates
    ) {
        http = HTTP1Channel(responder: responder, configuration: configuration)
        (self.context, self.certificates) = (context, certificates)
    }

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        let handshake = channel.eventLoop.makePromise(of: PeerIdentity.self)
        return channel.eventLoop.makeCompletedFuture {
            try channel.pipeline.syncOperations.addHandler(
                TLSHandler(
                    context: context, policy: certificates.policy,
                    handshakeSeconds: Self.handshakeSeconds, handshake: handshake))
        }.flatMap { [http] in
            http.setup(channel: channel, logger: logger)
        }.map { Value(channel: channel, handshake: handshake.futureResult, http: $0) }
    }

    func handle(value: Value, logger: Logger) async {
        let peer: PeerIdentity
        do {
            peer = try await value.handshake.get()
        } catch {
            // The channel's two ends have to be taken up before they can be given back.
            try? await value.http.executeThenClose { _, _ in }
            return
        }
        await Self.$peer.withValue(peer) {
            await http.handle(value: value.http, logger: logger)
        }
    }
}
