import AnnotationModel
import CompanyHome
import Foundation
import Logging
import PartnerNet
import PartnerTLS
import PlainErrors
import TransparencyLog

/// Partners are each other's witnesses: at every sync both cosign what they have verified.
extension PartnerSync {
    /// The least time between two exchanges of cosignatures with one partner.
    static let cosigningPause = Duration.seconds(1)

    /// Takes the partner's cosignatures, cosigns its logs, has its witness cosign ours, and hands over the rest.
    ///
    /// What fails is noted: the entries are synced whether or not anybody cosigns them.
    func exchangeCosignatures(
        _ cosigner: SharedNode, _ org: Origin, _ client: HTTPClient, _ report: inout SyncReport
    ) async {
        do {
            _ = try await exchange(
                each: try await list(client).logs, org, cosigner, client, &report)
        } catch {
            report.notes.append("cosignatures were not exchanged: \(PlainError.line(error))")
        }
    }

    /// The same of some logs.
    ///
    /// - Returns: Those of which it failed.
    private func exchange(
        each offers: [LogOffer], _ org: Origin, _ cosigner: SharedNode, _ client: HTTPClient,
        _ report: inout SyncReport
    ) async throws -> [String] {
        var failed: [String] = []
        for offer in offers {
            do {
                report.cosigned += try await exchange([offer], org, cosigner, client)
            } catch  where !Self.endsContact(error) {
                failed.append(offer.origin)
                report.notes.append(
                    "cosignatures of \(offer.origin.prefix(600)) were not exchanged: "
                        + PlainError.line(error))
            }
        }
        return failed
    }

    /// - Returns: How many of our checkpoints the partner's witness cosigned.
    private func exchange(
        _ offers: [LogOffer], _ org: Origin, _ cosigner: SharedNode, _ client: HTTPClient
    ) async throws -> Int {
        var cosigned = 0
        for step in try await cosigner.run({ try $0.planCosigning(offers, with: org) }) {
            if let note = step.handOver { try await handOver(note, client) }
            guard let request = step.request else { continue }
            if try await ask(request, step.log, org, cosigner, client) { cosigned += 1 }
        }
        return cosigned
    }

    private func handOver(_ note: [UInt8], _ client: HTTPClient) async throws {
        let response = try await call(client, "POST", "/v1/cosignatures", body: note)
        guard response.status == 200 else {
            throw Self.refused(client, "/v1/cosignatures", response)
        }
    }

    /// Asks the partner's witness about a checkpoint; where it has cosigned another size last, once more.
    ///
    /// - Returns: False where it has cosigned more than is held here.
    private func ask(
        _ first: AddCheckpointRequest, _ log: String, _ org: Origin, _ cosigner: SharedNode,
        _ client: HTTPClient
    ) async throws -> Bool {
        var request = first
        var response = try await call(client, "POST", "/v1/add-checkpoint", body: request.body)
        if response.status == 409 {
            let text = String(decoding: response.body, as: UTF8.self)
            guard let size = PlainNumber.parse(text.dropLast(), upTo: PartnerLimits.logEntries)
            else {
                throw Self.refused(client, "/v1/add-checkpoint", response)
            }
            guard let next = try await cosigner.run({ try $0.request(log, from: org, since: size) })
            else { return false }
            request = next
            response = try await call(client, "POST", "/v1/add-checkpoint", body: request.body)
        }
        // Somebody else's request came between the two: the next exchange settles it.
        if response.status == 409 { return false }
        guard response.status == 200 else {
            throw Self.refused(client, "/v1/add-checkpoint", response)
        }
        let (sent, body) = (request, response.body)
        return try await cosigner.run { try $0.take(cosignatures: sent.note + body) }
    }

    private static func refused(
        _ client: HTTPClient, _ path: String, _ response: PartnerTLS.HTTPResponse
    ) -> NodeError {
        NodeError(
            .notCosigned, kind: .network,
            "\(client.origin) did not take \(path): \(PartnerAnswer.words(response))",
            hint: "see its log; the entries were synced")
    }

    /// Exchanges cosignatures of what moved on either side, behind the entries.
    func followCosignatures(
        _ partner: Home.Partner, _ client: HTTPClient, _ cosigner: SharedNode,
        _ theirs: FollowedPartner, _ nudges: AsyncStream<Void>, _ logger: Logger
    ) async {
        guard let org = try? Origin(partner.org) else { return }
        for await _ in nudges {
            var report = SyncReport(org: partner.org)
            let moved = theirs.takeMoved()
            do {
                // They come along with whatever moves next.
                theirs.moved(try await exchange(each: moved, org, cosigner, client, &report))
            } catch {
                theirs.moved(moved.map(\.origin))
                report.notes.append("cosignatures were not exchanged: \(PlainError.line(error))")
            }
            for note in report.notes {
                logger.warning("\(note)", metadata: ["partner": "\(partner.org)"])
            }
            try? await Task.sleep(for: Self.cosigningPause)
        }
    }

    /// Nudges whenever what is offered to the partner has changed.
    func watchOwn(
        _ partner: Home.Partner, _ offers: SharedOffers, _ watcher: HomeWatcher,
        _ theirs: FollowedPartner, _ nudge: AsyncStream<Void>.Continuation, _ logger: Logger
    ) async {
        guard let org = try? Origin(partner.org) else { return }
        var known: [LogOffer] = []
        var seen: OfferBook.Seen?
        for await _ in watcher.changes() {
            do {
                guard let news = try await offers.news(for: org, since: seen) else { continue }
                seen = news.seen
                if news.offers == known { continue }
                theirs.moved(Set(news.offers).subtracting(known).map(\.origin))
                known = news.offers
                nudge.yield()
            } catch {
                logger.warning(
                    "cannot read the logs", metadata: ["error": "\(PlainError.line(error))"])
            }
        }
    }
}
