import AnnotationModel
import CompanyHome
import Foundation
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import NIOHTTP1
import PartnerNet
import PartnerTLS
import PlainErrors
import Signing

/// Stands before all routes: who asks, whether it is trusted still, and how fast it may go on.
struct Doorkeeper: RouterMiddleware {
    typealias Context = BasicRequestContext

    let home: Home
    let desk: PartnerDesk
    let trust: TrustedPartners

    /// The one call that is open to peers whom nobody has introduced.
    static let joinPath = "/v1/join"

    func handle(
        _ request: Request, context: Context,
        next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        guard let peer = PartnerChannel.peer else { throw Self.stranger }
        do {
            if peer.isStranger {
                guard request.method == .post, request.uri.path == Self.joinPath else {
                    throw Self.stranger
                }
                return try await next(request, context)
            }
            let origin = try await admit(peer)
            // Bytes that are packed are not those that were signed.
            if let coding = request.headers[.contentEncoding], coding.lowercased() != "identity" {
                throw Refusal(
                    code: .unsupportedType,
                    message:
                        "a body in the coding \(InertText.line(String(coding.prefix(40)))) is not read",
                    hint: "send it as it is")
            }
            desk.noteContact(origin)
            return try await next(request, context)
        } catch let error as Refusal {
            throw noted(error)
        } catch let error as any HTTPResponseError {
            // What no route answers is refused in the same form as what a route refuses.
            throw error.status == .notFound ? Refusal.notFound : error
        } catch let error as HTTPParserError {
            // Whoever parses answers it, and ends the connection.
            throw error
        } catch {
            throw tell(error, request, context.logger)
        }
    }

    private static let stranger = Refusal(
        code: .noPartner, message: "no partner's certificate was shown",
        isLast: true)

    /// Takes a request of a partner, perhaps after a while.
    private func admit(_ peer: PeerIdentity) async throws -> Origin {
        try requireTrust(peer)
        let origin = try Origin(peer.origin)
        if PartnerChannel.isTooMany {
            throw Refusal(
                code: .tooManyConnections,
                message:
                    "\(origin) has more than \(PartnerLimits.connectionsPerPartner) connections",
                hint: "close some first", retryAfter: 5, isLast: true)
        }
        desk.count(origin) { $0.requests += 1 }
        try await pace(origin, cost: 1)
        return origin
    }

    /// Holds a request back until it is the partner's turn.
    ///
    /// - Parameter cost: One for a call that reads one resource.
    func pace(_ origin: Origin, cost: Double) async throws {
        guard let wait = desk.limiter.admit(origin, cost: cost) else {
            desk.limited(origin, "too-fast")
            // Whoever floods waits for its refusals.
            try await Task.sleep(for: .seconds(PartnerLimits.refusalSeconds))
            throw Refusal.busy(
                .tooFast,
                "more than \(Int(clamping: desk.limiter.perSecond)) requests a second")
        }
        if wait > .zero { try await Task.sleep(for: wait) }
    }

    /// Throws where a partner is not trusted any more, and ends its connection.
    func requireTrust(_ peer: PeerIdentity) throws(Refusal) {
        guard let reason = trust.whyEnded(peer) else { return }
        if let origin = try? Origin(peer.origin) { desk.limited(origin, "trust-ended") }
        if desk.isNews("trust \(peer.origin)") {
            desk.logger.warning(
                "ended a connection", metadata: ["partner": "\(peer.origin)", "why": "\(reason)"])
        }
        throw Refusal(
            code: .trustEnded,
            message: "\(peer.origin) is not trusted here any more",
            hint: "ask the operator of this node", isLast: true)
    }

    /// What a partner is told of an error; the operator's log gets the whole of it.
    private func tell(_ error: any Error, _ request: Request, _ logger: Logger) -> Refusal {
        if error is CancellationError || error is ConnectionGate.Ended || error is PartnerTLSError
            || error is ChannelError || error is IOError
        {
            return Refusal(
                code: .ended, message: "the request ended", isLast: true)
        }
        let told = Refusal(error).map { noted($0) }
        // A message that names a place on this machine is for its operator alone.
        if let told, !told.message.contains(home.path), !told.hint.contains(home.path) {
            return told
        }
        let partner = PartnerChannel.peer?.origin ?? "?"
        if desk.isNews("internal \(partner)") {
            logger.error(
                "could not answer a partner",
                metadata: [
                    "partner": "\(partner)", "path": "\(request.uri.path.prefix(200))",
                    "error": "\(PlainError.line(error))",
                ])
        }
        return .internalError
    }

    /// Codes of refusals that stand for a limit which is not counted where it is reached.
    private static let limits: Set<ErrorCode> = [
        .tooLarge, .spoolFull, .diskFull, .tooManyPushes, .tooManyStatements,
    ]

    /// Counts a refusal that stands for a limit.
    private func noted(_ refusal: Refusal) -> Refusal {
        if Self.limits.contains(refusal.code), let peer = PartnerChannel.peer,
            let origin = try? Origin(peer.origin)
        {
            desk.limited(origin, refusal.code.word)
        }
        return refusal
    }
}

extension Int {
    fileprivate init(clamping value: Double) { self = Int(exactly: value.rounded()) ?? .max }
}
