import AnnotationModel
import CompanyHome
import Foundation
import HTTPTypes
import Hummingbird
import LogStorage
import Logging
import NIOCore
import PartnerNet
import PartnerTLS
import PlainErrors
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
    let trust: TrustedPartners
    /// Answers newcomers, so that they keep no partner waiting.
    private let joinNode: SharedNode

    init(
        home: Home, desk: PartnerDesk, trust: TrustedPartners, watcher: HomeWatcher,
        logger: Logger
    ) throws {
        (self.home, self.watcher, self.logger) = (home, watcher, logger)
        (self.desk, self.trust) = (desk, trust)
        joinNode = SharedNode(try Node(home))
        joins = JoinDesk(home) { Int64(Date().timeIntervalSince1970) }
    }

    private var doorkeeper: Doorkeeper { Doorkeeper(home: home, desk: desk, trust: trust) }

    func router() -> Router<BasicRequestContext> {
        let router = Router()
        router.middlewares.add(doorkeeper)
        router.get("/healthz") { _, _ in "ok\n" }
        router.get("/v1/logs") { _, _ in try await self.logs() }
        router.get("/v1/evidence") { _, _ in try await self.evidence() }
        router.post("/v1/join") { request, _ in try await self.join(request) }
        router.post("/v1/evidence") { request, _ in try await self.takeEvidence(request) }
        router.post("/v1/digests") { request, _ in try await self.digests(request) }
        router.post("/v1/held") { request, _ in try await self.held(request) }
        router.post("/v1/mend") { request, _ in try await self.mend(request) }
        router.post("/v1/revocations") { request, _ in
            try await self.exchangeRevocations(request)
        }
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
        StatementRoute(desk: desk, caller: { try self.caller() }).add(to: router)
        router.get("/logs/**") { request, context in
            try await self.resource(request, context.parameters.getCatchAll().map(String.init))
        }
        router.post("/v1/logs/**") { request, context in
            try await self.push(request, context.parameters.getCatchAll().map(String.init))
        }
        return router
    }

    /// Who asks; the doorkeeper has let it in.
    func caller() throws -> Origin {
        guard let peer = PartnerChannel.peer, let origin = try? Origin(peer.origin) else {
            throw Refusal(
                code: .noPartner,
                message: "no partner's certificate was shown")
        }
        return origin
    }

    /// Takes what a call that looks through all logs counts beyond a plain one.
    func listing() async throws -> Origin {
        let caller = try caller()
        try await doorkeeper.pace(caller, cost: PartnerLimits.listCost - 1)
        return caller
    }

    /// Throws where the caller is not trusted any more.
    func requireTrust() throws {
        if let peer = PartnerChannel.peer { try doorkeeper.requireTrust(peer) }
    }

    func json(_ value: some Encodable, status: HTTPResponse.Status = .ok) throws -> Response {
        Response(
            status: status, headers: [.contentType: "application/json"],
            body: .init(byteBuffer: ByteBuffer(bytes: try JSONEncoder().encode(value))))
    }

    private func logs() async throws -> Response {
        let caller = try await listing()
        let note = note(of: caller)
        return try json(
            try await desk.node(for: caller).run { try $0.list(for: caller, onFailure: note) })
    }

    /// Notes that a log or dataset cannot be told of; the others are.
    func note(of caller: Origin) -> @Sendable (String, any Error) -> Void {
        { [logger, desk] name, error in
            guard desk.isNews("tell \(name)") else { return }
            logger.error(
                "cannot tell a partner of a log",
                metadata: [
                    "partner": "\(caller)", "log": "\(name)", "error": "\(PlainError.line(error))",
                ])
        }
    }

    private func evidence() async throws -> Response {
        let caller = try await listing()
        let files = try await desk.node(for: caller).run { try $0.evidence(for: caller) }
        // The rest comes when these are known.
        var room = PartnerLimits.evidenceBytes / 2
        let fitting = files.prefix { file in
            room -= 2 * file.utf8.count
            return room >= 0
        }
        return try json(EvidenceList(evidence: Array(fitting)))
    }

    private func digests(_ request: Request) async throws -> Response {
        let caller = try await listing()
        let bytes = try await body(request, upTo: DigestList.bytesMax, of: caller)
        guard let theirs = try? JSONDecoder().decode(DigestList.self, from: Data(bytes)),
            theirs.digests.count <= DigestList.countMax
        else { throw Refusal.bad("digests come as a list of up to \(DigestList.countMax)") }
        let (ours, differing) = try await desk.node(for: caller).run { node in
            (try node.digests(for: caller), try node.compare(theirs.digests, of: caller))
        }
        desk.meter.noteMismatches(differing.count)
        for dataset in differing {
            logger.error(
                "a partner has made another label set of the same entries: see countermark verify",
                metadata: ["partner": "\(caller)", "dataset": "\(dataset)"])
        }
        return try json(DigestList(digests: ours))
    }

    /// A small body, whole.
    func body(_ request: Request, upTo bytesMax: Int, of caller: Origin) async throws
        -> [UInt8]
    {
        let hold = try desk.holdBody(bytesMax, for: caller)
        defer { withExtendedLifetime(hold) {} }
        return try await request.collect(upTo: bytesMax)
    }

    // MARK: Pairing

    /// A newcomer's answer to an invitation: the one call that is open to unknown peers.
    private func join(_ request: Request) async throws -> Response {
        guard let peer = PartnerChannel.peer else {
            throw Refusal(
                code: .noPartner, message: "no certificate was shown")
        }
        let address = PartnerChannel.address ?? "?"
        guard joins.admits(address) else {
            throw Refusal(
                code: .tooFast,
                message: "too many calls from this address", retryAfter: 5, isLast: true)
        }
        let text = String(
            decoding: try await request.collect(upTo: JoinAnswer.textBytesMax), as: UTF8.self)
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
                metadata: ["from": "\(address)", "error": "\(PlainError.line(error))"])
            throw Refusal(error) ?? .internalError
        }
    }

    // MARK: Reading

    private func resource(_ request: Request, _ parts: [String]) async throws -> Response {
        let caller = try caller()
        guard parts.count >= 4 else { throw Refusal.notFound }
        let log = parts[0..<3].joined(separator: "/")
        let path = parts[3...].joined(separator: "/")
        let found: [UInt8]? = try await desk.node(for: caller).run { node in
            guard let (member, dataset) = try? Node.parts(of: log),
                try node.home.members(of: dataset).contains(member)
            else { return nil }
            let reader = try node.home.log(member, dataset)
            guard try node.mayRead(member, dataset, by: caller) else {
                // Whoever is kept out gets what lies before.
                guard let beginning = try node.beginning(of: member, dataset, for: caller) else {
                    return nil
                }
                if path == "checkpoint" { return beginning.note }
                return try reader.resource(path, within: beginning.size)
            }
            guard path == "checkpoint" else { return try reader.resource(path) }
            return reader.size > 0 ? try node.cosignedCheckpoint(reader, log) : nil
        }
        guard let found else { throw Refusal.notFound }
        // Only one resource of a partner is read at a time; here they wait until they are out.
        let hold = try desk.holdMemory(found.count, for: caller)
        let isCheckpoint = path == "checkpoint"
        var headers: HTTPFields = [
            .contentType: isCheckpoint ? "text/plain; charset=utf-8" : "application/octet-stream",
            .cacheControl: isCheckpoint ? "no-cache" : "max-age=31536000, immutable",
        ]
        var status = HTTPResponse.Status.ok
        var from = 0
        if let start = Self.rangeStart(request.headers[.range], in: found.count) {
            (status, from) = (.partialContent, start)
            headers[.contentRange] = "bytes \(start)-\(found.count - 1)/\(found.count)"
        }
        return Response(status: status, headers: headers, body: Self.body(found[from...], hold))
    }

    /// An answer's bytes, piece by piece, so that they take memory only until they are out.
    private static func body(_ bytes: ArraySlice<UInt8>, _ hold: PartnerDesk.Hold) -> ResponseBody {
        ResponseBody(contentLength: bytes.count) { writer in
            var rest = bytes
            while !rest.isEmpty {
                let piece = rest.prefix(PartnerLimits.pieceBytes)
                try await writer.write(ByteBuffer(bytes: piece))
                rest = rest.dropFirst(piece.count)
            }
            try await writer.finish(nil)
            withExtendedLifetime(hold) {}
        }
    }

    /// The start of `bytes=N-`, the only range that a tailing client needs; any other header is passed over
    /// (RFC 9110 §14.2).
    static func rangeStart(_ header: String?, in byteCount: Int) -> Int? {
        guard let header, header.hasPrefix("bytes="), header.hasSuffix("-"),
            let start = PlainNumber.parse(header.dropFirst(6).dropLast(), upTo: byteCount)
        else { return nil }
        return start < byteCount ? start : nil
    }

    // MARK: Writing

    private func takeEvidence(_ request: Request) async throws -> Response {
        let caller = try caller()
        let body = try await body(request, upTo: EvidenceList.bytesMax, of: caller)
        guard let list = try? JSONDecoder().decode(EvidenceList.self, from: Data(body)),
            list.evidence.count <= EvidenceList.filesMax
        else { throw Refusal.bad("evidence comes as up to \(EvidenceList.filesMax) files") }
        let taken = try await desk.node(for: caller).run { node in
            list.evidence.count { text in
                // What proves nothing, or cannot be kept, keeps nothing else back.
                (try? node.take(evidence: text, from: caller)) ?? false
            }
        }
        if taken > 0 {
            logger.error(
                "a partner brought proof that a log signed two histories: see countermark evidence",
                metadata: ["partner": "\(caller)"])
        }
        return try json(["taken": taken])
    }
}

extension Request {
    /// The body, whole.
    ///
    /// - Throws: ``Refusal`` where it is longer.
    func collect(upTo bytesMax: Int) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        for try await buffer in body {
            guard buffer.readableBytes <= bytesMax - bytes.count else {
                throw Refusal.tooLarge(bytesMax)
            }
            bytes += buffer.readableBytesView
        }
        return bytes
    }
}
