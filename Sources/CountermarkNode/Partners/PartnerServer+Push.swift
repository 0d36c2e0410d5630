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

extension PartnerServer {
    /// How much of a log is here: entries, and bytes of a push that is not whole yet.
    fileprivate struct Position: Codable {
        let size: UInt64
        var received: Int?
    }

    /// What a request says of the part of a push that it brings.
    fileprivate struct Part: Sendable {
        let log: String
        let member: Origin
        let dataset: DatasetID
        let from: UInt64
        let at: Int
        let isLast: Bool
    }

    /// Whether a request may go on with its body.
    fileprivate enum Start: Sendable {
        case goOn(ticket: UInt64)
        case conflict(Position)
    }

    /// Takes a part of a push as it comes: nothing of it is held whole in memory.
    func push(_ request: Request, _ parts: [String]) async throws -> Response {
        let caller = try caller()
        guard parts.count == 4, parts[3] == "entries" else { throw Refusal.notFound }
        let part = try Self.part(request, parts[0..<3].joined(separator: "/"))
        // Nothing more is taken of a dataset that was left; the caller goes on with the others.
        if try home.hasLeft(part.dataset) { throw Refusal.notFound }
        let hold = try desk.holdBody(PartnerLimits.pieceBytes, for: caller)
        defer { withExtendedLifetime(hold) {} }
        let node = try desk.node(for: caller)
        let ticket: UInt64
        switch try await node.run({ try $0.start(part, caller) }) {
        case .conflict(let position): return try json(position, status: .conflict)
        case .goOn(let number): ticket = number
        }
        let spools = desk.spools
        do {
            let received = try await gather(request) { bytes in
                try await node.run { try $0.add(bytes, part, ticket, caller, spools) }
            }
            guard part.isLast else {
                let held = part.from
                return try json(Position(size: held, received: received), status: .accepted)
            }
            let (size, problem) = try await node.run { try $0.finish(part, ticket, caller) }
            if let problem {
                logger.error(
                    "stored a push and could not merge it",
                    metadata: ["log": "\(part.log)", "error": "\(problem)"])
            }
            let labels = try? await node.run { try $0.labelCount(of: part.log) }
            logger.info(
                "took entries",
                metadata: [
                    "partner": "\(caller)", "log": "\(part.log)",
                    "entries": "\(size - min(size, part.from))", "labels": "\(labels ?? 0)",
                ])
            desk.count(caller) { $0.pushedEntries += Int(clamping: size - part.from) }
            return try json(Position(size: size))
        } catch {
            // What was verified waits for the next part, unless it was the entries that were refused.
            if let refusal = Refusal(error) {
                desk.meter.noteRefused(refusal.code)
                try await node.run { $0.pushes.end(part.log, ticket) }
                if desk.isNews("push \(caller) \(part.log)") {
                    logger.warning(
                        "refused a push",
                        metadata: [
                            "partner": "\(caller)", "log": "\(part.log)",
                            "error": "\(PlainError.line(error))",
                        ])
                }
            }
            throw error
        }
    }

    private static func part(_ request: Request, _ log: String) throws(Refusal) -> Part {
        let query = request.uri.queryParameters
        guard ["from", "at", "more"].allSatisfy({ query[values: $0[...]].count <= 1 }),
            let from = query["from"].flatMap({
                PlainNumber.parse($0, upTo: PartnerLimits.logEntries)
            }),
            let at = query["at"].map({ PlainNumber.parse($0, upTo: PartnerLimits.pushBytes) })
                ?? 0
        else {
            throw .bad("a push says from=N, the entries that are held, and at=B, both as decimals")
        }
        guard let (member, dataset) = try? Node.parts(of: log) else { throw .notFound }
        return Part(
            log: log, member: member, dataset: dataset, from: from, at: at,
            isLast: query["more"] == nil)
    }

    /// Hands a body on in pieces, as it comes.
    ///
    /// - Returns: What `take` returned last.
    private func gather(
        _ request: Request, _ take: ([UInt8]) async throws -> Int
    ) async throws -> Int {
        var piece: [UInt8] = []
        var byteCount = 0
        for try await buffer in request.body {
            byteCount += buffer.readableBytes
            guard byteCount <= PartnerLimits.pushPartBytes else {
                throw Refusal.tooLarge(PartnerLimits.pushPartBytes)
            }
            piece += buffer.readableBytesView
            guard piece.count >= PartnerLimits.pieceBytes else { continue }
            try requireTrust()
            _ = try await take(piece)
            piece.removeAll(keepingCapacity: true)
        }
        try requireTrust()
        return try await take(piece)
    }
}

extension Node {
    /// Decides about a part of a push before a byte of it is read.
    fileprivate func start(
        _ part: PartnerServer.Part, _ caller: Origin
    ) throws -> PartnerServer.Start {
        try requireMayBring(part, caller)
        let held = try reader(of: part.log).size
        if held != part.from {
            pushes.end(part.log)
            return .conflict(.init(size: held))
        }
        if part.at == 0 { try pushes.begin(part.log, from: part.from) }
        guard let push = pushes[part.log], push.from == part.from, push.received == part.at else {
            return .conflict(.init(size: held, received: pushes[part.log]?.received ?? 0))
        }
        return .goOn(ticket: pushes.take(part.log))
    }

    private func requireMayBring(_ part: PartnerServer.Part, _ caller: Origin) throws {
        try requireMayBring(part.member, part.dataset, caller)
    }

    /// Throws where an organisation may not bring entries of a log.
    func requireMayBring(_ member: Origin, _ dataset: DatasetID, _ caller: Origin) throws {
        // What this organisation's own key signed comes back from whoever has it: where its log is lost or older
        // than that, who is a member may be forgotten, too.
        if member == home.origin, try isOwnLogBehind(dataset) { return }
        // Of a dataset that was joined and is not here yet the steward may bring the first log.
        if try !home.takesPart(in: dataset) { try require(dataset) }
        guard try mayBring(member, dataset, caller) else {
            throw NodeError.notFound("log", "\(member)/\(dataset)", hint: "")
        }
    }

    /// Whether less of the own log is here than its key is known to have signed.
    private func isOwnLogBehind(_ dataset: DatasetID) throws -> Bool {
        guard try home.members(of: dataset).contains(home.origin) else { return true }
        let held = (try? home.log(home.origin, dataset))?.size ?? 0
        return try knownOwnHeads(dataset).contains { $0.size > held }
    }

    /// Takes the next bytes of a push.
    ///
    /// - Returns: The bytes of it that are here.
    fileprivate func add(
        _ bytes: [UInt8], _ part: PartnerServer.Part, _ ticket: UInt64, _ caller: Origin,
        _ spools: SpoolAccount
    ) throws -> Int {
        let push = try pushes.push(part.log, ticket)
        try Push.add(bytes, to: push, self) { note in
            // Nobody adds to this organisation's own log, but a partner may hold what a restore has lost.
            try IncomingLog(
                part.log, from: part.from, note: note,
                isTakingBack: part.member == home.origin, partner: caller,
                path: Incoming(home).path("push", partner: caller.description, log: part.log),
                spools: spools, node: self)
        }
        return push.received
    }

    /// Stores what a push brought.
    ///
    /// - Returns: The log's new size, and what went wrong when it was merged: it is stored all the same.
    fileprivate func finish(
        _ part: PartnerServer.Part, _ ticket: UInt64, _ caller: Origin
    ) throws -> (size: UInt64, problem: (any Error)?) {
        let push = try pushes.push(part.log, ticket)
        defer { pushes.end(part.log, ticket) }
        // The caller may have been cut while it sent.
        try requireMayBring(part, caller)
        guard let incoming = push.incoming else {
            throw NodeError(
                .cutPush, "the push is cut", hint: "send it again from its start")
        }
        _ = try incoming.accept(self)
        do {
            if part.member == home.origin { try noteHeard(caller) }
            try catchUp(part.dataset)
        } catch {
            return (incoming.size, error)
        }
        return (incoming.size, nil)
    }
}
