import AnnotationModel
import Foundation
import LogStorage
import PartnerTLS
import Replication
import TransparencyLog

extension PartnerSync {
    /// The logs that a partner holds or could hold, and how much of each.
    static func sizes(_ offers: [LogOffer]) -> [String: UInt64] {
        Dictionary(offers.map { ($0.origin, $0.size) }, uniquingKeysWith: { first, _ in first })
    }

    /// Pushes what is longer here of the datasets that the partner shares.
    func push(
        _ theirs: inout [String: UInt64], _ partner: Home.Partner, _ client: HTTPClient,
        _ only: DatasetID?, _ report: inout SyncReport
    ) async throws {
        let shared = Set(theirs.keys.compactMap { try? Node.parts(of: $0).dataset })
        let org = try Origin(partner.org)
        let (ours, failures) = try await node.run { node in
            var failures: [String] = []
            let offers = try node.offers(to: org) {
                failures.append("\($0): \(PlainError.line($1))")
            }
            return (offers, failures)
        }
        for failure in failures {
            report.fail(
                NodeError(
                    .cannotOffer, "cannot offer \(failure)",
                    hint: "run countermark verify"))
        }
        for offer in ours where offer.size > theirs[offer.origin] ?? 0 {
            let from = theirs[offer.origin] ?? 0
            var isHeld = false
            try await attempt(&report) { report in
                let (_, dataset) = try Node.parts(of: offer.origin)
                guard shared.contains(dataset), only == nil || only == dataset else { return }
                // What is common to both histories of a forked log is the most that anybody takes.
                let forkedAt = try await self.node.run { try $0.forks().prefix(of: offer.origin) }
                if let forkedAt, from >= forkedAt { return }
                let reader = try await self.node.run { try $0.reader(of: offer.origin) }
                // Whether it takes them or has them from elsewhere, the partner holds them afterwards.
                let pieces = try await self.node.run { try $0.pieces(of: offer, from: from) }
                var next = from
                for piece in pieces {
                    guard
                        try await self.send(
                            reader, offer.origin, from: next, upTo: piece.size, piece.note, client)
                    else { break }
                    report.pushed += piece.size - next
                    next = piece.size
                }
                isHeld = true
                if next == offer.size, offer.origin == "\(self.home.origin)/\(dataset)" {
                    try await self.node.run { _ = try $0.noteShown(reader.checkpoint, dataset) }
                }
            }
            if isHeld { theirs[offer.origin] = offer.size }
        }
    }

    /// Where the steward has cut this organisation, brings what it wrote before, and says so.
    func bringRest(
        _ end: EndedMembership, _ client: HTTPClient, _ only: DatasetID?,
        _ report: inout SyncReport
    ) async throws {
        let dataset = try DatasetID(end.dataset)
        let log = "\(home.origin)/\(dataset)"
        guard only == nil || only == dataset, try home.members(of: dataset).contains(home.origin)
        else { return }
        if report.state == "ok" { report.state = "cut" }
        report.notes.append(
            "\(dataset): the steward has cut this organisation at entry \(end.index); "
                + "what it writes from there on does not count")
        let reader = try await node.run { try $0.reader(of: log) }
        guard reader.size > end.size else { return }
        if try await send(
            reader, log, from: end.size, upTo: reader.size, reader.checkpoint, client)
        {
            report.pushed += reader.size - end.size
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
    /// The checkpoints under which the entries of an offer are given, from an index on: a transfer stops where
    /// the log's readers change.
    fileprivate func pieces(
        of offer: LogOffer, from: UInt64
    ) throws -> [(size: UInt64, note: [UInt8])] {
        let reader = try reader(of: offer.origin)
        let last = reader.size == offer.size ? reader.checkpoint : Array(offer.checkpoint.utf8)
        return try bounds(of: offer.origin).filter { $0.size > from && $0.size < offer.size }
            + [(offer.size, last)]
    }
}
