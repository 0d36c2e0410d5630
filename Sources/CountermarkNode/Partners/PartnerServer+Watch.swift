import CompanyHome
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import PartnerNet
import ServiceLifecycle

extension PartnerServer {
    /// How often a silent stream says that it lives.
    static let watchHeartbeat = Duration.seconds(20)

    /// Tells of each log whenever it moves, as long as the caller is trusted.
    func watch() throws -> Response {
        let caller = try caller()
        let hold = try desk.holdWatch(for: caller)
        let failure = note(of: caller)
        return Response(
            status: .ok, headers: [.contentType: "application/x-ndjson"],
            body: .init { writer in
                defer { withExtendedLifetime(hold) {} }
                var known: [String: LogOffer] = [:]
                var seen: OfferBook.Seen?
                var silent = ContinuousClock.now
                let book = try desk.offers(watcher)
                // A node that is told to end ends its endless answers first. There is at least one turn a
                // second, in which also trust that ended shows.
                for await _ in watcher.changes().cancelOnGracefulShutdown() {
                    try requireTrust()
                    let news = try await book.news(for: caller, since: seen, onFailure: failure)
                    let offers = news?.offers ?? []
                    for (plain, told) in zip(offers, known.isEmpty ? LogOffer.told(offers) : offers)
                    where known[plain.origin] != plain {
                        var offer = told
                        if let from = known[plain.origin]?.size, from < plain.size {
                            // Without its entries it says as much: whoever wants them fetches them.
                            let whole = try? await book.run { try $0.inline(plain, from: from) }
                            offer = whole ?? plain
                        }
                        known[plain.origin] = plain
                        try requireTrust()
                        try await writer.write(
                            ByteBuffer(bytes: try JSONEncoder().encode(offer) + [0x0a]))
                        silent = .now
                    }
                    seen = news?.seen ?? seen
                    if ContinuousClock.now - silent > Self.watchHeartbeat {
                        try await writer.write(ByteBuffer(bytes: [0x0a]))
                        silent = .now
                    }
                }
                try await writer.finish(nil)
            })
    }
}
