import AnnotationModel
import Foundation
import HTTPTypes
import Hummingbird
import LogStorage
import Logging
import NIOCore
import PartnerTLS
import Signing
import TransparencyLog

/// Answers partners: the HTTP calls of the sync protocol (Docs/Protocol.md) over mutual TLS.
///
/// Who asks is who the client certificate says; an organisation sees the logs of the datasets that it is
/// a member of, and nothing else.
struct PartnerServer: Sendable {
    let node: SharedNode
    let home: Home
    let logger: Logger

    /// The largest push: a bulk import of some million labels.
    static let pushBytesMax = 256 << 20
    /// How often a watcher looks for moved checkpoints.
    static let watchInterval = Duration.milliseconds(2)
    /// How often a silent stream says that it lives.
    static let watchHeartbeat = Duration.seconds(20)

    func router() -> Router<BasicRequestContext> {
        let router = Router()
        router.get("/healthz") { _, _ in "ok\n" }
        router.get("/v1/logs") { _, _ in try await self.logs() }
        router.get("/v1/watch") { _, _ in try self.watch() }
        router.get("/logs/**") { request, context in
            try await self.resource(request, context.parameters.getCatchAll().map(String.init))
        }
        router.post("/v1/logs/**") { request, context in
            try await self.push(request, context.parameters.getCatchAll().map(String.init))
        }
        return router
    }

    private func caller() throws -> Origin {
        guard let peer = PartnerChannel.peer, let origin = try? Origin(peer.origin) else {
            throw HTTPError(.forbidden, message: "no partner's certificate was shown")
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
        let caller = try caller()
        return try json(["logs": try await node.run { try $0.offers(to: caller) }])
    }

    // MARK: Reading

    private func resource(_ request: Request, _ parts: [String]) async throws -> Response {
        let caller = try caller()
        guard parts.count >= 4 else { throw HTTPError(.notFound) }
        let log = parts[0..<3].joined(separator: "/")
        let path = parts[3...].joined(separator: "/")
        let found: [UInt8]? = try await node.run { node in
            guard let (member, dataset) = try? Node.parts(of: log),
                node.home.members(of: dataset).contains(member),
                try node.mayRead(dataset, caller)
            else { return nil }
            return try LogReader(directory: node.home.logFolder(member, dataset)).resource(path)
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

    private struct Position: Codable {
        let size: UInt64
    }

    private struct Problem: Codable {
        let code: String
        let message: String
        let hint: String
    }

    private func push(_ request: Request, _ parts: [String]) async throws -> Response {
        let caller = try caller()
        guard parts.count == 4, parts[3] == "entries",
            let from = request.uri.queryParameters["from"].flatMap({ UInt64($0) })
        else { throw HTTPError(.notFound) }
        let log = parts[0..<3].joined(separator: "/")
        let body = try await request.body.collect(upTo: Self.pushBytesMax)
        let (note, bundle) = try PushBody.decode(Array(body.readableBytesView))
        do {
            let position = try await node.run { node -> Position? in
                let (member, dataset) = try Node.parts(of: log)
                try node.require(dataset)
                guard try node.mayRead(dataset, caller), try node.mayRead(dataset, member) else {
                    throw NodeError.notFound("log", log, hint: "")
                }
                let held = try LogReader(directory: node.home.logFolder(member, dataset)).size
                if held != from { return Position(size: held) }
                try node.accept(log, from: from, bundle: bundle, checkpoint: note)
                try node.catchUp(dataset)
                return nil
            }
            if let position { return try json(position, status: .conflict) }
            let size = try await node.run { node -> UInt64 in
                let (member, dataset) = try Node.parts(of: log)
                return try LogReader(directory: node.home.logFolder(member, dataset)).size
            }
            return try json(Position(size: size))
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

    // MARK: Watching

    private func watch() throws -> Response {
        let caller = try caller()
        return Response(
            status: .ok, headers: [.contentType: "application/x-ndjson"],
            body: .init { writer in
                var known: [String: UInt64] = [:]
                var silent = ContinuousClock.now
                while !Task.isCancelled {
                    let offers = try await node.run { try $0.offers(to: caller) }
                    for offer in offers where known[offer.origin] != offer.size {
                        known[offer.origin] = offer.size
                        try await writer.write(
                            ByteBuffer(bytes: try JSONEncoder().encode(offer) + [0x0a]))
                        silent = .now
                    }
                    if ContinuousClock.now - silent > Self.watchHeartbeat {
                        try await writer.write(ByteBuffer(bytes: [0x0a]))
                        silent = .now
                    }
                    try await Task.sleep(for: Self.watchInterval)
                }
                try await writer.finish(nil)
            })
    }
}

/// The body of a push: the checkpoint's note with its length in four bytes in front, then the entries
/// as a bundle holds them.
enum PushBody {
    static func encode(checkpoint: [UInt8], bundle: [UInt8]) -> [UInt8] {
        withUnsafeBytes(of: UInt32(checkpoint.count).bigEndian) { Array($0) } + checkpoint + bundle
    }

    static func decode(_ body: [UInt8]) throws -> (checkpoint: [UInt8], bundle: [UInt8]) {
        let count = body.prefix(4).reduce(0) { $0 << 8 | Int($1) }
        guard body.count >= 4, count <= SignedNote.bytesMax, body.count >= 4 + count else {
            throw HTTPError(.badRequest, message: "the push is cut")
        }
        return (Array(body[4..<4 + count]), Array(body[(4 + count)...]))
    }
}
