import AnnotationModel
import Foundation
import HTTPTypes
import Hummingbird
import LogStorage
import Logging
import NIOCore
import PartnerTLS
import ServiceLifecycle
import Signing
import TransparencyLog

/// Answers partners: the HTTP calls of the sync protocol (Docs/Protocol.md) over mutual TLS.
///
/// Who asks is who the client certificate says; an organisation sees the logs of the datasets that it is
/// a member of, and nothing else.
struct PartnerServer: Sendable {
    let home: Home
    let desk: PartnerDesk
    let watcher: HomeWatcher
    let logger: Logger
    let joins: JoinDesk
    /// Answers newcomers, so that they keep no partner waiting.
    private let joinNode: SharedNode
    private let limiter = RateLimiter()
    private var contacts: PartnerContacts { PartnerContacts(home) }

    init(home: Home, watcher: HomeWatcher, logger: Logger) throws {
        (self.home, self.watcher, self.logger) = (home, watcher, logger)
        joinNode = SharedNode(try Node(home))
        joins = JoinDesk(home) { Int64(Date().timeIntervalSince1970) }
        desk = PartnerDesk(home)
    }

    /// How often a silent stream says that it lives.
    static let watchHeartbeat = Duration.seconds(20)

    func router() -> Router<BasicRequestContext> {
        let router = Router()
        router.get("/healthz") { _, _ in "ok\n" }
        router.get("/v1/logs") { _, _ in try await self.logs() }
        router.get("/v1/evidence") { _, _ in
            let caller = try self.caller(cost: RateLimiter.listCost)
            let files = try await self.desk.node(for: caller).run { try $0.evidence(for: caller) }
            return try self.json(EvidenceList(evidence: files))
        }
        router.post("/v1/join") { request, _ in try await self.join(request) }
        router.post("/v1/evidence") { request, _ in try await self.takeEvidence(request) }
        router.get("/v1/watch") { _, _ in try self.watch() }
        let desk = desk
        WitnessRoutes(
            addCheckpoint: { body, caller in
                try await desk.node(for: caller).run {
                    try $0.addCheckpoint(body, caller: caller)
                }
            },
            checkpoint: { hash, caller in
                try await desk.node(for: caller).run {
                    try $0.witnessedCheckpoint(hash, caller: caller)
                }
            },
            take: { note, caller in
                try await desk.node(for: caller).run {
                    try $0.take(cosignatures: note, caller: caller)
                }
            }, caller: { try self.caller() }
        ).add(to: router)
        StatementRoute(desk: desk, caller: { try self.caller(cost: RateLimiter.listCost) }).add(
            to: router)
        router.get("/logs/**") { request, context in
            try await self.resource(request, context.parameters.getCatchAll().map(String.init))
        }
        router.post("/v1/logs/**") { request, context in
            try await self.push(request, context.parameters.getCatchAll().map(String.init))
        }
        return router
    }

    private func caller(cost: Double = 1) throws -> Origin {
        guard let peer = PartnerChannel.peer, let origin = try? Origin(peer.origin) else {
            throw HTTPError(.forbidden, message: "no partner's certificate was shown")
        }
        let isAdmitted = limiter.admits(origin, cost: cost)
        if isAdmitted { contacts.note(origin) }
        desk.count(origin) {
            $0.requests += 1
            if !isAdmitted { $0.refused += 1 }
        }
        guard isAdmitted else {
            throw HTTPError(
                .tooManyRequests, headers: [.retryAfter: "1"],
                message: "more than \(Int(limiter.perSecond)) requests a second")
        }
        return origin
    }

    private func json(_ value: some Encodable, status: HTTPResponse.Status = .ok) throws -> Response
    {
        Response(
            status: status, headers: [.contentType: "application/json"],
            body: .init(byteBuffer: ByteBuffer(bytes: try JSONEncoder().encode(value))))
    }

    private func logs() async throws -> Response {
        let caller = try caller(cost: RateLimiter.listCost)
        return try json(try await desk.node(for: caller).run { try $0.list(for: caller) })
    }

    // MARK: Pairing

    /// A newcomer's answer to an invitation: the one call that is open to unknown peers.
    private func join(_ request: Request) async throws -> Response {
        guard let peer = PartnerChannel.peer else {
            throw HTTPError(.forbidden, message: "no certificate was shown")
        }
        let address = PartnerChannel.address ?? "?"
        guard joins.admits(address) else {
            throw HTTPError(
                .tooManyRequests, headers: [.retryAfter: "5"],
                message: "too many calls from this address")
        }
        let body = try await request.body.collect(upTo: JoinAnswer.textBytesMax)
        let text = String(decoding: body.readableBytesView, as: UTF8.self)
        do {
            let (reply, view) = try await joinNode.run {
                try $0.take(answer: text, from: peer.fingerprint)
            }
            logger.info(
                "a company answers an invitation",
                metadata: [
                    "org": "\(view.org ?? "?")", "invitation": "\(view.nonce)",
                    "state": "\(view.state)", "words": "\(view.words.joined(separator: " "))",
                ])
            return try json(reply)
        } catch {
            logger.warning(
                "refused an answer to an invitation",
                metadata: ["from": "\(address)", "error": "\(error)"])
            let problem = error as? NodeError
            return try json(
                Problem(
                    code: problem?.code ?? "invitation", message: problem?.message ?? "\(error)",
                    hint: problem?.hint ?? ""), status: .unprocessableContent)
        }
    }

    // MARK: Reading

    private func resource(_ request: Request, _ parts: [String]) async throws -> Response {
        let caller = try caller()
        guard parts.count >= 4 else { throw HTTPError(.notFound) }
        let log = parts[0..<3].joined(separator: "/")
        let path = parts[3...].joined(separator: "/")
        let found: [UInt8]? = try await desk.node(for: caller).run { node in
            guard let (member, dataset) = try? Node.parts(of: log),
                node.home.members(of: dataset).contains(member),
                try node.mayRead(member, dataset, by: caller)
            else { return nil }
            let reader = try LogReader(directory: node.home.logFolder(member, dataset))
            guard path == "checkpoint" else { return try reader.resource(path) }
            return reader.size > 0 ? try node.cosignedCheckpoint(reader, log) : nil
        }
        guard let found else { throw HTTPError(.notFound) }
        let isCheckpoint = path == "checkpoint"
        var headers: HTTPFields = [
            .contentType: isCheckpoint ? "text/plain; charset=utf-8" : "application/octet-stream",
            .cacheControl: isCheckpoint ? "no-cache" : "max-age=31536000, immutable",
        ]
        guard let from = Self.rangeStart(request.headers[.range]), from <= found.count else {
            return Response(
                status: .ok, headers: headers, body: .init(byteBuffer: ByteBuffer(bytes: found)))
        }
        headers[.contentRange] = "bytes \(from)-\(max(from, found.count) - 1)/\(found.count)"
        return Response(
            status: .partialContent, headers: headers,
            body: .init(byteBuffer: ByteBuffer(bytes: found[from...])))
    }

    /// The start of `bytes=N-`, the only range that a tailing client needs.
    private static func rangeStart(_ header: String?) -> Int? {
        guard let header, header.hasPrefix("bytes="), header.hasSuffix("-") else { return nil }
        return Int(header.dropFirst(6).dropLast())
    }

    // MARK: Writing

    /// How much of a log is here: entries, and bytes of a push that is not whole yet.
    private struct Position: Codable {
        let size: UInt64
        var received: Int?
    }

    private struct Problem: Codable {
        let code: String
        let message: String
        let hint: String
    }

    private func push(_ request: Request, _ parts: [String]) async throws -> Response {
        let caller = try caller()
        guard parts.count == 4, parts[3] == "entries" else { throw HTTPError(.notFound) }
        let query = request.uri.queryParameters
        guard let from = query["from"].flatMap({ UInt64($0) }),
            let at = query["at"].map({ Int($0) }) ?? 0, at >= 0
        else {
            throw HTTPError(.badRequest, message: "a push says from=N, the entries that are held")
        }
        let isLast = query["more"] == nil
        let log = parts[0..<3].joined(separator: "/")
        let body = try await request.body.collect(upTo: Push.partBytesMax)
        do {
            let (status, position) = try await desk.node(for: caller).run { node in
                try node.take(
                    log, from: from, at: at, Array(body.readableBytesView), isLast: isLast,
                    caller: caller)
            }
            if status == .ok {
                desk.count(caller) { $0.pushedEntries += Int(position.size - from) }
            }
            return try json(
                Position(size: position.size, received: position.received), status: status)
        } catch {
            logger.warning("refused a push", metadata: ["log": "\(log)", "error": "\(error)"])
            let problem = error as? NodeError
            return try json(
                Problem(
                    code: problem?.code ?? "refused", message: problem?.message ?? "\(error)",
                    hint: problem?.hint ?? ""),
                status: problem?.code == "not-found" ? .notFound : .unprocessableContent)
        }
    }

    private func takeEvidence(_ request: Request) async throws -> Response {
        let caller = try caller()
        let body = try await request.body.collect(upTo: EvidenceList.bytesMax)
        guard
            let list = try? JSONDecoder().decode(
                EvidenceList.self, from: Data(body.readableBytesView)),
            list.evidence.count <= EvidenceList.filesMax
        else {
            throw HTTPError(
                .badRequest, message: "evidence comes as up to \(EvidenceList.filesMax) files")
        }
        let taken = try await desk.node(for: caller).run { node in
            try list.evidence.count { text in
                do {
                    return try node.take(evidence: text, from: caller)
                } catch is TransparencyLogError {
                    return false
                }
            }
        }
        if taken > 0 {
            logger.error(
                "a partner brought proof that a log signed two histories: see countermark evidence",
                metadata: ["partner": "\(caller)"])
        }
        return try json(["taken": taken])
    }

    // MARK: Watching

    private func watch() throws -> Response {
        let caller = try caller()
        return Response(
            status: .ok, headers: [.contentType: "application/x-ndjson"],
            body: .init { writer in
                var known: [String: LogOffer] = [:]
                var silent = ContinuousClock.now
                // A node that is told to end ends its endless answers first.
                for await _ in watcher.changes().cancelOnGracefulShutdown() {
                    let offers = try await desk.node(for: caller).run { try $0.offers(to: caller) }
                    for plain in offers where known[plain.origin] != plain {
                        var offer = plain
                        if let from = known[plain.origin]?.size, from < plain.size {
                            offer = try await desk.node(for: caller).run {
                                try $0.inline(plain, from: from)
                            }
                        }
                        known[plain.origin] = plain
                        try await writer.write(
                            ByteBuffer(bytes: try JSONEncoder().encode(offer) + [0x0a]))
                        silent = .now
                    }
                    if ContinuousClock.now - silent > Self.watchHeartbeat {
                        try await writer.write(ByteBuffer(bytes: [0x0a]))
                        silent = .now
                    }
                }
                try await writer.finish(nil)
            })
    }
}

extension Node {
    /// Takes one part of a push; the last part stores and merges the entries.
    ///
    /// - Returns: 200 and the new size, 202 and the bytes that are here of a push that goes on, or 409 and
    ///   where to go on from.
    fileprivate func take(
        _ log: String, from: UInt64, at: Int, _ bytes: [UInt8], isLast: Bool, caller: Origin
    ) throws -> (HTTPResponse.Status, (size: UInt64, received: Int?)) {
        let (member, dataset) = try Self.parts(of: log)
        // Of a dataset that was joined and is not here yet the steward may bring the first log.
        if !home.takesPart(in: dataset) { try require(dataset) }
        guard try mayBring(member, dataset, caller) else {
            throw NodeError.notFound("log", log, hint: "")
        }
        let held = try reader(of: log).size
        let spool = try EntrySpool(
            path: Incoming(home).path("push", partner: caller.description, log: log))
        if held != from {
            spool.remove()
            return (.conflict, (held, nil))
        }
        if at == 0 { try spool.empty() }
        guard at == spool.byteCount else { return (.conflict, (held, spool.byteCount)) }
        guard at + bytes.count <= Push.bytesMax else {
            spool.remove()
            throw NodeError(
                .failed, "too-large", "the push is larger than \(Push.bytesMax) bytes",
                hint: "push at an earlier checkpoint first")
        }
        try bytes.withUnsafeBytes { try spool.append($0) }
        if !isLast { return (.accepted, (held, spool.byteCount)) }
        defer { spool.remove() }
        let (note, entriesAt) = try Push.checkpoint(of: spool)
        // Nobody adds to this organisation's own log, but a partner may hold what a restore has lost.
        try accept(
            log, from: from, checkpoint: note, isTakingBack: member == home.origin
        ) {
            try spool.forEachBatch(from: entriesAt, $0)
        }
        if member == home.origin { try HomeAnchor(home).set() }
        try catchUp(dataset)
        return (.ok, (try reader(of: log).size, nil))
    }
}
