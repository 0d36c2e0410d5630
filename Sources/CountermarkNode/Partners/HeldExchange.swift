import AnnotationModel
import CompanyHome
import Foundation
import Hummingbird
import LogStorage
import PartnerNet
import PartnerTLS
import PlainErrors
import TransparencyLog

/// What a dialler tells of the receiver's own logs, so that one that was restored or moved learns what it has
/// signed without dialling anybody.
struct HeldList: Codable, Sendable {
    /// How much of one log of the receiver is held.
    struct Held: Codable, Sendable {
        /// The log's name.
        let origin: String
        /// The number of entries.
        let size: UInt64
        /// The checkpoint that covers them, signed by the receiver's own key.
        let checkpoint: String
    }

    /// The logs.
    let logs: [Held]
    /// True if more are held than are listed.
    var more: Bool?
    /// The dialler's clock, in Unix seconds.
    var time: Int64?

    /// The most logs that one list may name.
    static let countMax = 4_096
    /// The largest list in bytes: names and a note of one signature each.
    static let bytesMax = 4 << 20
}

/// What the receiver has of its own logs.
struct HeldAnswer: Codable, Sendable {
    /// One log.
    struct Held: Codable, Sendable {
        let origin: String
        let size: UInt64
    }

    /// The logs that were told of and that the receiver's key has signed.
    let logs: [Held]
    /// True if all that was told is here: the receiver needs nothing from the dialler.
    let complete: Bool
    /// The receiver's clock, in Unix seconds.
    var time: Int64?
    /// What the receiver lacks of damaged logs, its own and others'.
    var wanted: [WantedBundles]?
}

extension Node {
    /// What is held of a partner's own logs.
    func held(of partner: Origin) throws -> HeldList {
        var logs: [HeldList.Held] = []
        var isMore = false
        for dataset in try home.datasets() where try home.members(of: dataset).contains(partner) {
            guard let reader = try? home.log(partner, dataset),
                reader.size > 0
            else { continue }
            if logs.count == HeldList.countMax {
                isMore = true
                break
            }
            logs.append(
                .init(
                    origin: "\(partner)/\(dataset)", size: reader.size,
                    checkpoint: String(decoding: reader.checkpoint, as: UTF8.self)))
        }
        return HeldList(logs: logs, more: isMore ? true : nil, time: now())
    }

    /// Takes what a partner tells of this organisation's own logs.
    ///
    /// Only what the own key signed matters: what covers more than is here is recorded, and keeps this home from
    /// writing until it has come.
    func take(_ told: HeldList, from partner: Origin) throws -> HeldAnswer {
        if let time = told.time { noteClock(partner, time) }
        var answer: [HeldAnswer.Held] = []
        var isComplete = told.more != true
        for held in told.logs.prefix(HeldList.countMax) {
            guard let (member, dataset) = try? Self.parts(of: held.origin), member == home.origin,
                let checkpoint = try noteShown(Array(held.checkpoint.utf8), dataset),
                checkpoint.size == held.size
            else {
                isComplete = false
                continue
            }
            let reader = try? home.log(member, dataset)
            let size = reader?.size ?? 0
            answer.append(.init(origin: held.origin, size: size))
            guard let reader, size >= checkpoint.size,
                (try? reader.root(at: checkpoint.size)) == checkpoint.root
            else {
                isComplete = false
                continue
            }
        }
        if isComplete { try noteHeard(partner) }
        var wanted: [WantedBundles] = []
        do {
            wanted = try self.wanted(for: partner)
        } catch {
            // The answer about its own logs does not depend on it.
            warn("what damaged logs lack cannot be told to \(partner): \(PlainError.line(error))")
        }
        return HeldAnswer(
            logs: answer, complete: isComplete, time: now(),
            wanted: wanted.isEmpty ? nil : wanted)
    }
}

extension PartnerSync {
    /// Tells a partner what is held of its own logs.
    ///
    /// - Returns: What it has of them; nil from a node of an earlier version, which does not ask.
    func tellHeld(_ org: Origin, _ client: HTTPClient) async throws -> HeldAnswer? {
        let told = try await node.run { try $0.held(of: org) }
        let response = try await call(
            client, "POST", "/v1/held", body: Array(try JSONEncoder().encode(told)),
            bytesMax: HeldList.bytesMax)
        if let date = response.header("date").flatMap({ HTTPDate.seconds($0) }) {
            try await node.run { $0.noteClock(org, date) }
        }
        if response.status == 404 { return nil }
        guard response.status == 200,
            let answer = try? JSONDecoder().decode(HeldAnswer.self, from: Data(response.body))
        else { throw Self.badAnswer(client, response, "/v1/held") }
        if let time = answer.time { try await node.run { $0.noteClock(org, time) } }
        return answer
    }
}

extension PartnerServer {
    /// A dialler tells what it holds of this node's own logs.
    func held(_ request: Request) async throws -> Response {
        let caller = try await listing()
        let bytes = try await body(request, upTo: HeldList.bytesMax, of: caller)
        guard let told = try? JSONDecoder().decode(HeldList.self, from: Data(bytes)),
            told.logs.count <= HeldList.countMax
        else { throw Refusal.bad("held logs come as a list of up to \(HeldList.countMax)") }
        return try json(try await desk.node(for: caller).run { try $0.take(told, from: caller) })
    }
}

/// The one form of dates that HTTP servers write (RFC 9110 §5.6.7).
enum HTTPDate {
    /// Unix seconds; nil for any other text.
    static func seconds(_ text: String) -> Int64? {
        guard text.utf8.count == 29 else { return nil }
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.timeZone = TimeZone(secondsFromGMT: 0)
        formatter.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
        return formatter.date(from: text).flatMap {
            Int64(exactly: $0.timeIntervalSince1970.rounded(.down))
        }
    }
}
