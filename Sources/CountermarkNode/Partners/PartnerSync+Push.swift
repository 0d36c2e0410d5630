import AnnotationModel
import CompanyHome
import DatasetReading
import Foundation
import LogStorage
import PartnerNet
import PartnerTLS
import PlainErrors
import Replication
import TransparencyLog

extension PartnerSync {
    /// What may be given to a partner.
    func offered(_ contact: inout SyncContact) async throws -> SyncMachine.Outcome {
        let org = contact.org
        let (ours, offers, failures) = try await node.run { node in
            var failures: [String] = []
            let ours = try node.offers(to: org) {
                failures.append("\($0): \(PlainError.line($1))")
            }
            let forks = try node.forks()
            let offers = try ours.map { offer in
                SyncMachine.Offer(
                    log: offer.origin, size: offer.size,
                    bounds: try node.bounds(of: offer.origin).map(\.size),
                    forkedAt: forks.prefix(of: offer.origin))
            }
            return (ours, offers, failures)
        }
        for failure in failures {
            contact.report.fail(
                NodeError(
                    .cannotOffer, "cannot offer \(failure)", hint: "run countermark verify"))
        }
        contact.ours = ours
        return .offered(offers)
    }

    /// Gives a partner entries of a log under the checkpoint at `size`.
    func push(
        _ offer: LogOffer, _ from: UInt64, _ size: UInt64, _ contact: inout SyncContact
    ) async throws -> SyncMachine.Outcome {
        let (reader, note) = try await node.run { node in
            let reader = try node.reader(of: offer.origin)
            return (reader, try node.note(of: offer, at: size, reader))
        }
        guard
            try await send(reader, offer.origin, from: from, upTo: size, note, contact.client)
        else { return .stopped }
        contact.report.pushed += size - from
        let (member, dataset) = try Node.parts(of: offer.origin)
        if size == offer.size, member == home.origin {
            try await node.run { _ = try $0.noteShown(reader.checkpoint, dataset) }
        }
        return .done
    }

    /// Where the steward has cut this organisation, brings what it wrote before, and says so.
    func bringRest(_ end: EndedMembership, _ contact: inout SyncContact) async throws {
        let dataset = try DatasetID(end.dataset)
        let log = "\(home.origin)/\(dataset)"
        guard contact.only == nil || contact.only == dataset,
            try home.members(of: dataset).contains(home.origin)
        else { return }
        if contact.report.state == "ok" { contact.report.state = "cut" }
        contact.report.notes.append(
            "\(dataset): the steward has cut this organisation at entry \(end.index); "
                + "what it writes from there on does not count")
        let reader = try await node.run { try $0.reader(of: log) }
        guard reader.size > end.size else { return }
        if try await send(
            reader, log, from: end.size, upTo: reader.size, reader.checkpoint, contact.client)
        {
            contact.report.pushed += reader.size - end.size
        }
    }

    /// Pushes a log's entries from an index up to a checkpoint, in parts; false if the partner has others meanwhile.
    private func send(
        _ reader: LogReader, _ log: String, from: UInt64, upTo size: UInt64, _ note: [UInt8],
        _ client: HTTPClient
    ) async throws -> Bool {
        var next = from
        var sent = 0
        while next < size {
            let start = next
            let (body, end) = try await node.run { _ -> ([UInt8], UInt64) in
                var body = start == from ? Push.head(note) : []
                var end = start
                try reader.forEachEntry(from: start, to: size) { index, entry in
                    try EntryBundle.append(entry, to: &body)
                    end = index + 1
                    return body.count < PartnerLimits.pushPartBytesSent
                }
                return (body, end)
            }
            tell(.sending, from: from, at: start, of: size)
            next = end
            let more = next < size ? "&more=1" : ""
            let response = try await call(
                client, "POST", "/v1/logs/\(log)/entries?from=\(from)&at=\(sent)\(more)",
                body: body)
            sent += body.count
            switch response.status {
            case 200, 202:
                tell(.sending, from: from, at: next, of: size)
            // Another partner has brought the same entries meanwhile: the next sync settles it.
            case 409: return false
            // The partner may not read this log, or not any more.
            case 404: return false
            default:
                throw NodeError(
                    .pushRefused,
                    "\(client.origin) refused \(log): \(PartnerAnswer.words(response))",
                    hint: "its log has more")
            }
        }
        return true
    }
}

extension Node {
    /// The checkpoint under which the entries of an offer are given up to a size: a transfer stops where the log's
    /// readers change.
    fileprivate func note(
        of offer: LogOffer, at size: UInt64, _ reader: LogReader
    ) throws -> [UInt8] {
        if size == offer.size {
            return reader.size == size ? reader.checkpoint : Array(offer.checkpoint.utf8)
        }
        guard let bound = try bounds(of: offer.origin).first(where: { $0.size == size }) else {
            throw NodeError(
                .cannotOffer, "cannot offer \(offer.origin): it has no checkpoint at \(size)",
                hint: "run countermark verify")
        }
        return bound.note
    }
}
