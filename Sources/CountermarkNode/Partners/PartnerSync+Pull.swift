import AnnotationModel
import CompanyHome
import DatasetReading
import Foundation
import LogStorage
import PartnerNet
import PartnerTLS
import PlainErrors
import Provenance
import Replication
import TransparencyLog

extension PartnerSync {
    /// What a partner's log is to the one held here; nil where nothing of it is wanted.
    func compare(
        _ offer: LogOffer, _ contact: SyncContact
    ) async throws -> SyncMachine.Comparison? {
        let (org, joining) = (contact.org, contact.joining)
        guard offer.size <= PartnerLimits.logEntries, let parts = try? Node.parts(of: offer.origin)
        else {
            throw NodeError(
                .badAnswer,
                "\(org) offers \(offer.size) entries of \(offer.origin.prefix(600))",
                hint: "no log has a name or a size like that")
        }
        let dataset = parts.dataset
        return try await node.run { node in
            if parts.member == node.home.origin {
                try node.noteShown(Array(offer.checkpoint.utf8), dataset)
            }
            guard try joining == dataset || node.home.holds(dataset) else { return nil }
            if try node.home.hasLeft(dataset) {
                guard joining == dataset else { return nil }
                try node.home.rejoin(dataset)
            }
            return try node.compare(offer, with: org)
        }
    }

    /// Fetches entries and merges them.
    ///
    /// - Parameter held: Where they go on.
    func fetch(
        _ offer: LogOffer, _ held: UInt64, _ isTakingBack: Bool, _ contact: inout SyncContact
    ) async throws -> SyncMachine.Outcome {
        let (org, client) = (contact.org, contact.client)
        let checkpoint = Array(offer.checkpoint.utf8)
        do {
            let inlined: Int? = try await node.run { node in
                guard let batch = try offer.inlined(from: held) else { return nil }
                return try node.accept(
                    offer.origin, from: held, checkpoint: checkpoint, isTakingBack: isTakingBack
                ) { try $0(batch) }
            }
            let operations: Int
            if let inlined {
                operations = inlined
            } else {
                operations = try await fetch(
                    offer, from: held, org, isTakingBack: isTakingBack, client)
            }
            contact.report.add(entries: offer.size - held, operations: operations)
        } catch let error as NodeError where error.code == .wrongPosition {
            // Another process of this home was quicker: it has checked the same entries.
            contact.report.notes.append(
                "\(offer.origin): another process has taken entries of it meanwhile")
        } catch  where Self.isAboutEntries(error) {
            meter?.noteRefused(PlainError(error).code)
            guard held > 0 else { throw error }
            contact.wrong = error
            return .wrong
        }
        let (_, dataset) = try Node.parts(of: offer.origin)
        try await node.run { try $0.catchUp(dataset) }
        if isTakingBack {
            contact.report.notes.append(
                "\(offer.origin): took back \(offer.size - held) entries that this home had lost")
        }
        return .done
    }

    /// True for what is wrong with the entries that came, not with the way or with this home.
    private static func isAboutEntries(_ error: any Error) -> Bool {
        switch error {
        case let error as NodeError: error.kind == .failed
        case LogStorageError.damaged, LogStorageError.format: true
        default: error is ProvenanceError || error is TransparencyLogError
        }
    }

    /// Fetches the entries from an index on, of a bundle that is partly held only the new bytes, and takes them.
    ///
    /// They are verified as they come: the first bundle that does not hold is the last that is fetched.
    ///
    /// - Returns: The number of operations stored.
    private func fetch(
        _ offer: LogOffer, from: UInt64, _ org: Origin, isTakingBack: Bool, _ client: HTTPClient
    ) async throws -> Int {
        let log = offer.origin
        let path = Incoming(home).path("pull", partner: client.origin, log: log)
        let spools = spools
        var skip = try await node.run { node -> Int in
            node.fetches.begin(
                try IncomingLog(
                    log, from: from, note: Array(offer.checkpoint.utf8),
                    isTakingBack: isTakingBack, partner: org, path: path, spools: spools,
                    node: node))
            return try node.reader(of: log).bundleByteCount(from: from / 256 * 256, to: from)
        }
        do {
            for index in from / 256..<(offer.size + 255) / 256 {
                let width = Int(min(256, offer.size - index * 256))
                let tile = Tile(.entries, index: index, width: width)
                let headers = skip > 0 ? [("Range", "bytes=\(skip)-")] : []
                let response = try await call(
                    client, "GET", "/logs/\(log)/\(tile.path)", headers: headers,
                    bytesMax: width * (2 + EntryBundle.entryBytesMax))
                guard response.status == 200 || response.status == 206 else {
                    throw noTile(tile, offer, client, response)
                }
                let held = min(response.status == 200 ? skip : 0, response.body.count)
                let isWhole = try await node.run { node in
                    let incoming = try node.fetches.incoming(log)
                    try incoming.add(response.body[held...], node)
                    return incoming.isBetweenEntries
                        && incoming.count == index * 256 + UInt64(width)
                }
                tell(
                    .fetching, from: from, at: index * 256 + UInt64(width), of: offer.size)
                // It may be the bundle of another history, which is found out.
                guard isWhole else { throw noTile(tile, offer, client, response, .failed) }
                skip = 0
            }
            return try await node.run { node in
                defer { node.fetches.end(log) }
                return try node.fetches.incoming(log).accept(node)
            }
        } catch {
            try await node.run { $0.fetches.end(log) }
            throw error
        }
    }

    /// Finds out where a partner's history of a log and ours part, from a few of its hash tiles.
    ///
    /// - Returns: True if it proved more than was known.
    func investigate(_ offer: LogOffer, _ client: HTTPClient) async throws -> Bool {
        var tiles = TileTree(size: offer.size)
        while true {
            let tree = tiles
            let missing: Tile
            do {
                return try await node.run {
                    try $0.settle(offer.origin, with: Array(offer.checkpoint.utf8), tree)
                }
            } catch let error as TileTree.Missing {
                missing = error.tile
            }
            let response = try await call(client, "GET", "/logs/\(offer.origin)/\(missing.path)")
            guard response.status == 200 else { throw noTile(missing, offer, client, response) }
            do throws(TileTree.Refusal) {
                try tiles.add(missing, response.body)
            } catch {
                throw noTile(missing, offer, client, response)
            }
        }
    }

    private func noTile(
        _ tile: Tile, _ offer: LogOffer, _ client: HTTPClient,
        _ response: PartnerTLS.HTTPResponse, _ kind: NodeError.Kind = .network
    ) -> NodeError {
        NodeError(
            .noTile, kind: kind,
            "\(client.origin) answered \(response.status) and \(response.body.count) bytes for "
                + "\(tile.path) of \(offer.origin)",
            hint: "its log may be damaged")
    }
}

/// The parts of logs that are being fetched from one partner; used on the queue of its node.
final class IncomingFetches {
    private var logs: [String: IncomingLog] = [:]

    func begin(_ incoming: IncomingLog) { logs[incoming.log] = incoming }

    /// What comes of a log.
    ///
    /// - Throws: ``NodeError`` if its fetch has ended.
    func incoming(_ log: String) throws -> IncomingLog {
        guard let incoming = logs[log] else {
            throw NodeError(
                .fetchEnded, "the fetch of \(log) has ended", hint: "sync again")
        }
        return incoming
    }

    func end(_ log: String) { logs[log] = nil }
}
