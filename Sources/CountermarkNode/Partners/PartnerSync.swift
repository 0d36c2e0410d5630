import AnnotationModel
import Foundation
import LogStorage
import Logging
import NIOPosix
import PartnerTLS
import Provenance
import Replication
import ServiceLifecycle
import Signing
import Synchronization
import TransparencyLog

/// What one sync with one partner did.
public struct SyncReport: Sendable {
    /// The partner.
    public let org: String
    /// Entries taken.
    public var pulled: UInt64 = 0
    /// Entries given.
    public var pushed: UInt64 = 0
    /// Operations in the entries taken.
    public var operations = 0
    /// Signatures verified.
    public var verified: UInt64 = 0
    /// Checkpoints that the partner's witness cosigned.
    public var cosigned = 0
    /// `ok`, `cut` where the steward has ended this organisation's part in a dataset, or `failed`.
    public var state = "ok"
    /// Why it failed.
    public var error: String?
    /// What the operator should know.
    public var notes: [String] = []

    mutating func add(entries: UInt64, operations: Int) {
        pulled += entries
        verified += entries
        self.operations += operations
    }
}

/// Syncs a node with its partners: it dials, pulls with GET and pushes with POST, so that one open port
/// on one side is enough.
public final class PartnerSync: Sendable {
    let node: SharedNode
    let home: Home
    let roots: PinnedRoots
    let identity: TLSIdentity

    /// A syncer for a home's node.
    public init(_ node: SharedNode, home: Home) throws {
        self.node = node
        self.home = home
        roots = try home.pinnedRoots()
        identity = try TLSIdentity(home)
    }

    /// Takes note of partners and keys that commands have changed meanwhile.
    func reload() throws {
        roots.replace(with: try home.pins())
        roots.replaceRevocationLists(with: try home.revocationLists())
        try identity.reload()
    }

    /// A client of one partner; nil if only the partner dials us.
    func client(_ partner: Home.Partner) throws -> HTTPClient? {
        guard let text = partner.url else { return nil }
        guard let url = URL(string: text), let host = url.host else {
            throw NodeError(
                .usage, "bad-url", "\(text) is no https address", hint: "use https://HOST:PORT")
        }
        return HTTPClient(
            host: host, port: url.port ?? 443, origin: partner.org, context: self.identity.client,
            policy: roots.clientPolicy(expecting: partner.org) {
                Int64(Date().timeIntervalSince1970)
            },
            group: MultiThreadedEventLoopGroup.singleton)
    }

    /// Syncs once with one partner.
    ///
    /// - Parameter joining: A dataset to take part in that is not held here yet.
    public func sync(
        _ partner: Home.Partner, client: HTTPClient, joining: DatasetID? = nil,
        only: DatasetID? = nil
    ) async -> SyncReport {
        var report = SyncReport(org: partner.org)
        do {
            let list = try await list(client)
            let offers = list.logs
            let org = try Origin(partner.org)
            let evidence = try await evidence(client)
            try await take(evidence, from: org)
            for offer in offers {
                do {
                    try await pull(offer, org, client, joining, only, &report)
                } catch let error as NodeError where error.kind == .failed {
                    // One log that is refused does not keep the others back.
                    report.state = "failed"
                    report.error = report.error ?? "\(error)"
                }
            }
            // Some of it may be about logs that have only come now.
            try await take(evidence, from: org)
            try await give(evidenceTo: org, beyond: evidence, client)
            var theirs = Self.sizes(offers)
            try await push(&theirs, partner, client, only, &report)
            try await bringRest(list.ended ?? [], client, only, &report)
            PartnerContacts(home).note(try Origin(partner.org))
            // Whatever the partner has of our own log is here now.
            if only == nil { try HomeAnchor(home).set() }
            await exchangeCosignatures(node, partner, client, &report)
        } catch {
            report.state = "failed"
            report.error = "\(error)"
        }
        return report
    }

    /// Calls, and calls again after a while where the partner asks for patience.
    ///
    /// Every call may be sent twice: a push says what it goes on from.
    func call(
        _ client: HTTPClient, _ method: String, _ path: String,
        headers: [(String, String)] = [], body: [UInt8]? = nil
    ) async throws -> PartnerTLS.HTTPResponse {
        var response: PartnerTLS.HTTPResponse
        var tries = 0
        repeat {
            response = try await client.request(
                method, path, headers: headers, body: body, mayRepeat: true)
            tries += 1
            guard response.status == 429, tries < Self.triesMax else { return response }
            let seconds = response.header("retry-after").flatMap { Int($0) } ?? 1
            try await Task.sleep(for: .seconds(min(max(seconds, 1), 30)))
        } while true
    }

    private static let triesMax = 6

    func list(_ client: HTTPClient) async throws -> LogList {
        let response = try await call(client, "GET", "/v1/logs")
        guard response.status == 200,
            let document = try? JSONDecoder().decode(LogList.self, from: Data(response.body))
        else {
            throw NodeError(
                .network, "bad-answer", "\(client.origin) answered \(response.status) to /v1/logs",
                hint: "is it a Countermark node of a matching version?")
        }
        return document
    }

    /// Where the steward has cut this organisation, brings what it wrote before, and says so.
    private func bringRest(
        _ ended: [EndedMembership], _ client: HTTPClient, _ only: DatasetID?,
        _ report: inout SyncReport
    ) async throws {
        for end in ended {
            let dataset = try DatasetID(end.dataset)
            let log = "\(home.origin)/\(dataset)"
            guard only == nil || only == dataset,
                home.members(of: dataset).contains(home.origin)
            else { continue }
            report.state = "cut"
            report.notes.append(
                "\(dataset): the steward has cut this organisation at entry \(end.index); "
                    + "what it writes from there on does not count")
            let reader = try await node.run { try $0.reader(of: log) }
            guard reader.size > end.size else { continue }
            if try await send(reader, log, from: end.size, client) {
                report.pushed += reader.size - end.size
            }
        }
    }

    private func pull(
        _ offer: LogOffer, _ org: Origin, _ client: HTTPClient, _ joining: DatasetID?,
        _ only: DatasetID?, _ report: inout SyncReport
    ) async throws {
        let (_, dataset) = try Node.parts(of: offer.origin)
        if offer.size == 0 || (only != nil && only != dataset) { return }
        let step: LogStep = try await node.run { node in
            guard joining == dataset || !node.home.members(of: dataset).isEmpty else {
                return .rest
            }
            return try node.step(offer, with: org)
        }
        switch step {
        case .rest, .give: return
        case .investigate:
            if try await investigate(offer, client) { throw Node.forked(offer.origin) }
        case .fetch(let from):
            try await fetchAndAccept(offer, from, isTakingBack: false, client, &report)
        case .takeBack(let from):
            try await fetchAndAccept(offer, from, isTakingBack: true, client, &report)
            report.notes.append(
                "\(offer.origin): took back \(offer.size - from) entries that this home had lost")
        }
    }

    private func fetchAndAccept(
        _ offer: LogOffer, _ held: UInt64, isTakingBack: Bool, _ client: HTTPClient,
        _ report: inout SyncReport
    ) async throws {
        let (_, dataset) = try Node.parts(of: offer.origin)
        let checkpoint = Array(offer.checkpoint.utf8)
        do {
            let inlined: Int? = try await node.run { node in
                guard let batch = try offer.inlined(from: held) else { return nil }
                let operations = try node.accept(
                    offer.origin, from: held, checkpoint: checkpoint, isTakingBack: isTakingBack
                ) { try $0(batch) }
                try node.catchUp(dataset)
                return operations
            }
            if let inlined {
                report.add(entries: offer.size - held, operations: inlined)
                return
            }
            let path = Incoming(home).path("pull", partner: client.origin, log: offer.origin)
            try await fetch(offer, from: held, client, into: path)
            let operations = try await node.run { node in
                let spool = try EntrySpool(path: path)
                defer { spool.remove() }
                let operations = try node.accept(
                    offer.origin, from: held, checkpoint: checkpoint, isTakingBack: isTakingBack
                ) { try spool.forEachBatch($0) }
                try node.catchUp(dataset)
                return operations
            }
            report.add(entries: offer.size - held, operations: operations)
        } catch  where held > 0 && Self.isAboutEntries(error) {
            // Of another history everything may be wrong, even where its entries begin in their bundle.
            if try await investigate(offer, client) { throw Node.forked(offer.origin) }
            throw error
        }
    }

    /// True for what is wrong with the entries that came, not with the way or with this home.
    private static func isAboutEntries(_ error: any Error) -> Bool {
        switch error {
        case let error as NodeError: error.kind == .failed
        case LogStorageError.damaged, LogStorageError.format: true
        default: error is ProvenanceError || error is TransparencyLogError
        }
    }

    /// Finds out where a partner's history of a log and ours part, from a few of its hash tiles.
    ///
    /// - Returns: True if it proved more than was known.
    private func investigate(_ offer: LogOffer, _ client: HTTPClient) async throws -> Bool {
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
        _ tile: Tile, _ offer: LogOffer, _ client: HTTPClient, _ response: PartnerTLS.HTTPResponse
    ) -> NodeError {
        NodeError(
            .network, "no-tile",
            "\(client.origin) answered \(response.status) and \(response.body.count) bytes for "
                + "\(tile.path) of \(offer.origin)",
            hint: "its log may be damaged")
    }

    // MARK: Evidence

    /// The evidence that a partner has: an alarm travels with every contact, in both directions.
    private func evidence(_ client: HTTPClient) async throws -> [String] {
        let response = try await call(client, "GET", "/v1/evidence")
        guard response.status == 200,
            let document = try? JSONDecoder().decode(
                EvidenceList.self, from: Data(response.body))
        else {
            throw NodeError(
                .network, "bad-answer",
                "\(client.origin) answered \(response.status) to /v1/evidence",
                hint: "is it a Countermark node of a matching version?")
        }
        return document.evidence
    }

    private func take(_ evidence: [String], from org: Origin) async throws {
        for text in evidence {
            try await node.run { node in
                do {
                    try node.take(evidence: text, from: org)
                } catch is TransparencyLogError {
                    // It proves nothing, so it accuses nobody.
                }
            }
        }
    }

    private func give(
        evidenceTo org: Origin, beyond known: [String], _ client: HTTPClient
    ) async throws {
        let files = try await node.run { try $0.evidence(for: org, beyond: known) }
        for start in stride(from: 0, to: files.count, by: EvidenceList.filesMax) {
            let part = EvidenceList(
                evidence: Array(files[start..<min(files.count, start + EvidenceList.filesMax)]))
            let response = try await call(
                client, "POST", "/v1/evidence", body: Array(try JSONEncoder().encode(part)))
            guard response.status == 200 else {
                throw NodeError(
                    .network, "bad-answer",
                    "\(client.origin) answered \(response.status) to evidence",
                    hint: "is it a Countermark node of a matching version?")
            }
        }
    }

    /// Fetches the entries from an index on; of a bundle that is partly held only the new bytes.
    private func fetch(
        _ offer: LogOffer, from: UInt64, _ client: HTTPClient, into path: String
    ) async throws {
        var skip = try await node.run { node -> Int in
            try EntrySpool(path: path).empty()
            return try node.reader(of: offer.origin)
                .bundleByteCount(from: from / 256 * 256, to: from)
        }
        for index in from / 256..<(offer.size + 255) / 256 {
            let width = Int(min(256, offer.size - index * 256))
            let tile = Tile(.entries, index: index, width: width)
            let headers = skip > 0 ? [("Range", "bytes=\(skip)-")] : []
            let response = try await call(
                client, "GET", "/logs/\(offer.origin)/\(tile.path)", headers: headers)
            guard response.status == 200 || response.status == 206 else {
                throw noTile(tile, offer, client, response)
            }
            let new = response.body[min(response.status == 200 ? skip : 0, response.body.count)...]
            try await node.run { _ in
                try new.withUnsafeBytes { try EntrySpool(path: path).append($0) }
            }
            skip = 0
        }
    }

    /// The logs that a partner holds or could hold, and how much of each.
    private static func sizes(_ offers: [LogOffer]) -> [String: UInt64] {
        Dictionary(offers.map { ($0.origin, $0.size) }, uniquingKeysWith: { first, _ in first })
    }

    /// Pushes what is longer here of the datasets that the partner shares.
    private func push(
        _ theirs: inout [String: UInt64], _ partner: Home.Partner, _ client: HTTPClient,
        _ only: DatasetID?, _ report: inout SyncReport
    ) async throws {
        let shared = Set(theirs.keys.compactMap { try? Node.parts(of: $0).dataset })
        let org = try Origin(partner.org)
        let ours = try await node.run { try $0.offers(to: org) }
        for offer in ours where offer.size > theirs[offer.origin] ?? 0 {
            let (_, dataset) = try Node.parts(of: offer.origin)
            guard shared.contains(dataset), only == nil || only == dataset else { continue }
            let from = theirs[offer.origin] ?? 0
            // What is common to both histories of a forked log is the most that anybody takes.
            let forkedAt = try await node.run { try $0.forks().prefix(of: offer.origin) }
            if let forkedAt, from >= forkedAt { continue }
            let reader = try await node.run { try $0.reader(of: offer.origin) }
            // Whether it takes them or has them from elsewhere, the partner holds them afterwards.
            if try await send(reader, offer.origin, from: from, client) {
                report.pushed += reader.size - from
            }
            theirs[offer.origin] = reader.size
        }
    }

    /// Pushes a log's entries from an index on, in parts; false if the partner has others meanwhile.
    private func send(
        _ reader: LogReader, _ log: String, from: UInt64, _ client: HTTPClient
    ) async throws -> Bool {
        var next = from
        var sent = 0
        while next < reader.size {
            let start = next
            let (body, end) = try await node.run { _ -> ([UInt8], UInt64) in
                var body = start == from ? Push.head(reader.checkpoint) : []
                var end = start
                try reader.forEachEntry(from: start, to: reader.size) { index, entry in
                    try EntryBundle.append(entry, to: &body)
                    end = index + 1
                    return body.count < Push.partBytes
                }
                return (body, end)
            }
            next = end
            let more = next < reader.size ? "&more=1" : ""
            let response = try await call(
                client, "POST", "/v1/logs/\(log)/entries?from=\(from)&at=\(sent)\(more)",
                body: body)
            sent += body.count
            switch response.status {
            case 200, 202: continue
            // Another partner has brought the same entries meanwhile: the next sync settles it.
            case 409: return false
            default:
                throw NodeError(
                    .network, "push-refused",
                    "\(client.origin) refused \(log): "
                        + String(decoding: response.body.prefix(400), as: UTF8.self),
                    hint: "see its log")
            }
        }
        return true
    }

    /// Keeps in sync with one partner until cancelled: whenever its checkpoints move, or ours.
    func follow(
        _ partner: Home.Partner, client: HTTPClient, watcher: HomeWatcher, logger: Logger
    ) async {
        // What partners cosign comes behind the entries, and on a queue of its own.
        let cosigner: SharedNode
        do { cosigner = SharedNode(try Node(home)) } catch {
            logger.error("cannot follow", metadata: ["error": "\(error)"])
            return
        }
        while !Task.isCancelled {
            let first = await sync(partner, client: client)
            if let error = first.error {
                logger.warning(
                    "sync failed", metadata: ["partner": "\(partner.org)", "error": "\(error)"])
            } else {
                let (nudges, nudge) = AsyncStream<Void>.makeStream(
                    bufferingPolicy: .bufferingNewest(1))
                await withTaskGroup(of: Void.self) { group in
                    group.addTask {
                        await self.followCosignatures(partner, client, cosigner, nudges, logger)
                    }
                    group.addTask {
                        await self.watchOwn(partner, cosigner, watcher, nudge, logger)
                    }
                    group.addTask { await self.followTheirs(partner, client, nudge, logger) }
                    group.addTask { await self.followOurs(partner, client, watcher, logger) }
                    await group.next()
                    group.cancelAll()
                }
            }
            try? await Task.sleep(for: .seconds(1))
        }
    }

    private func followTheirs(
        _ partner: Home.Partner, _ client: HTTPClient,
        _ nudge: AsyncStream<Void>.Continuation, _ logger: Logger
    ) async {
        do {
            for try await line in try await client.lines("/v1/watch") where !line.isEmpty {
                guard let offer = try? JSONDecoder().decode(LogOffer.self, from: Data(line)) else {
                    continue
                }
                var report = SyncReport(org: partner.org)
                try await pull(offer, Origin(partner.org), client, nil, nil, &report)
                nudge.yield()
            }
        } catch {
            logger.info(
                "watch ended", metadata: ["partner": "\(partner.org)", "error": "\(error)"])
        }
    }

    private func followOurs(
        _ partner: Home.Partner, _ client: HTTPClient, _ watcher: HomeWatcher, _ logger: Logger
    ) async {
        guard let org = try? Origin(partner.org) else { return }
        do {
            var theirs = Self.sizes(try await list(client).logs)
            var known: [LogOffer]?
            for await _ in watcher.changes() {
                let ours = try await node.run { try $0.offers(to: org) }
                if ours == known { continue }
                known = ours
                var report = SyncReport(org: partner.org)
                try await push(&theirs, partner, client, nil, &report)
            }
        } catch {
            logger.info(
                "push failed", metadata: ["partner": "\(partner.org)", "error": "\(error)"])
        }
    }
}

extension Home {
    func pins() throws -> [String: [Certificate]] {
        var pins: [String: [Certificate]] = [:]
        for partner in try partners() {
            pins[partner.org] = try Certificate.all(pem: partner.roots)
        }
        return pins
    }

    func pinnedRoots() throws -> PinnedRoots {
        let roots = PinnedRoots(try pins())
        roots.replaceRevocationLists(with: try revocationLists())
        return roots
    }
}

extension PartnerSync {
    /// Syncs once with every partner that can be dialled, or with one.
    public func syncAll(
        with org: Origin? = nil, joining: DatasetID? = nil, only: DatasetID? = nil
    ) async throws -> [SyncReport] {
        var reports: [SyncReport] = []
        for partner in try home.partners() where org == nil || partner.org == org?.description {
            guard let client = try client(partner) else { continue }
            reports.append(
                await sync(partner, client: client, joining: joining, only: only))
        }
        if let org, reports.isEmpty {
            throw NodeError(
                .failed, "cannot-dial", "\(org) is no partner that this node can dial",
                hint: "run countermark partner add \(org) --root FILE --url https://HOST:PORT")
        }
        return reports
    }
}
