import AnnotationModel
import CompanyHome
import Foundation
import Hummingbird
import LogStorage
import Logging
import PartnerNet
import PartnerTLS
import PlainErrors
import Provenance
import TransparencyLog

/// A damaged log of which `repair` could not get everything: the next contact with whoever has it brings the
/// rest, whoever dials.
public struct WaitingRepair: Codable, Sendable, Equatable {
    /// The log's name.
    public let log: String
    /// How many of its bundles are wanted; 0 where not even a checkpoint is at hand.
    public var missing: Int
    /// Since when, in Unix seconds.
    public let since: Int64
    /// The checkpoint that the log shall have; empty where none that its key signed is at hand.
    public var checkpoint: String
}

/// What a node lacks of a damaged log, as it tells whoever dials it.
struct WantedBundles: Codable, Sendable {
    /// The log's name.
    let origin: String
    /// The paths of the bundles, the first ones where there are many.
    var tiles: [String]
    /// Whether a checkpoint that the log's key signed is wanted, too.
    var checkpoint: Bool?

    /// The most bundles that are named at once.
    static let tilesMax = 256
    /// The most logs that are named at once.
    static let logsMax = 64

    var isEmpty: Bool { tiles.isEmpty && checkpoint != true }
}

/// What a partner brings of a damaged log.
struct BroughtBundles: Codable, Sendable {
    /// One bundle.
    struct Bundle: Codable, Sendable {
        let path: String
        let bytes: Data
    }

    /// The log's name.
    let origin: String
    /// The checkpoint that the bringer holds, where it was asked for.
    var checkpoint: String?
    var tiles: [Bundle]

    /// Bytes of bundles in one document, beyond its first bundle.
    static let bytesSent = 4 << 20
    /// The largest document in bytes: the largest bundle in Base64, and as many bytes as are sent beside it.
    static let bytesMax = (256 * (2 + EntryBundle.entryBytesMax) + bytesSent) / 3 * 4 + (64 << 10)
}

extension Home {
    private func mendingFolder(_ log: String) -> String { "\(path)/mending/\(log)" }
    private func waitingFile(_ log: String) -> String { mendingFolder(log) + "/wanted" }

    /// The repairs that wait for a contact.
    public func waitingRepairs() throws -> [WaitingRepair] {
        // Member, owner, dataset, file.
        try DurableFile.files(below: path + "/mending", depth: 4)
            .filter { $0.hasSuffix("/wanted") }.sorted()
            .compactMap { try waitingRepair(String($0.dropLast("/wanted".count))) }
    }

    /// The repair of a log that waits; nil if none does, or if what is known of it cannot be read: the next
    /// `repair` notes it anew.
    func waitingRepair(_ log: String) throws -> WaitingRepair? {
        guard let text = try? WholeFile.read(waitingFile(log)) else { return nil }
        let found = try? JSONDecoder().decode(WaitingRepair.self, from: Data(text.utf8))
        return found?.log == log ? found : nil
    }

    /// Keeps in mind that a log waits for bundles.
    func note(_ waiting: WaitingRepair) throws {
        if try waitingRepair(waiting.log) == waiting { return }
        let data = try JSONEncoder().encode(waiting)
        try WholeFile.makeFolder(mendingFolder(waiting.log))
        try WholeFile.replace(
            waitingFile(waiting.log), with: String(decoding: data, as: UTF8.self))
    }

    /// Forgets a repair that is done, with the bundles that have come for it.
    func endRepair(_ log: String) throws {
        guard try DurableFile.isThere(mendingFolder(log)) else { return }
        // The note goes first: what is left of a removal that was ended is nobody's.
        try WholeFile.remove(waitingFile(log))
        try FileManager.default.removeItem(atPath: mendingFolder(log))
    }

    /// Keeps a bundle until all have come.
    func keep(_ bytes: [UInt8], _ tile: Tile, of log: String) throws {
        try DurableFile.replace("\(mendingFolder(log))/\(tile.path)", with: bytes)
    }

    /// A bundle that has come.
    func brought(_ tile: Tile, of log: String) throws -> [UInt8]? {
        try DurableFile.read("\(mendingFolder(log))/\(tile.path)")
    }

    /// Forgets the bundles that have come: they are those of another log.
    func forgetBrought(_ log: String) throws {
        let folder = mendingFolder(log) + "/tile"
        if try DurableFile.isThere(folder) { try FileManager.default.removeItem(atPath: folder) }
    }
}

extension Node {
    /// A log's mender with what has come already; nil where no checkpoint is at hand that the log's key signed.
    func mender(_ log: String) throws -> LogMender? {
        var notes = try goodCheckpoints(log)
        if notes.isEmpty, let waiting = try home.waitingRepair(log), !waiting.checkpoint.isEmpty,
            let plain = try authentic(Array(waiting.checkpoint.utf8), log)
        {
            notes = [plain]
        }
        guard let note = notes.first else { return nil }
        let mender = try LogMender(directory: try reader(lenient: log), note: note)
        for tile in mender.wanted {
            if let bytes = try home.brought(tile, of: log) { _ = mender.take(tile, bytes) }
        }
        if mender.wanted.isEmpty, !mender.isComplete {
            mender.forget()
            try home.forgetBrought(log)
        }
        return mender
    }

    /// What is wanted of a log; nothing where it is whole or does not wait.
    func wanted(of log: String) throws -> WantedBundles {
        guard try home.waitingRepair(log) != nil else {
            return WantedBundles(origin: log, tiles: [])
        }
        return try mendingLooks.wanted(of: log) {
            guard let mender = try mender(log) else {
                return WantedBundles(origin: log, tiles: [], checkpoint: true)
            }
            return WantedBundles(
                origin: log,
                tiles: mender.wanted.prefix(WantedBundles.tilesMax).map(\.path))
        }
    }

    /// What is wanted of all logs that wait and that a partner may read: of others it does not learn that they
    /// are there.
    func wanted(for partner: Origin) throws -> [WantedBundles] {
        try home.waitingRepairs().filter { waiting in
            let (member, dataset) = try Self.parts(of: waiting.log)
            return try mayRead(member, dataset, by: partner)
        }.prefix(WantedBundles.logsMax).compactMap { waiting in
            // What cannot be looked at waits on, and keeps nothing else from its repair.
            guard let found = try? wanted(of: waiting.log), !found.isEmpty else { return nil }
            return found
        }
    }

    /// What this node can bring of a log that a partner has lost some of; nil if it has nothing of it, or may not
    /// say so.
    func bundles(for wanted: WantedBundles, to org: Origin) throws -> BroughtBundles? {
        let (member, dataset) = try Self.parts(of: wanted.origin)
        guard try home.holds(dataset), try mayRead(member, dataset, by: org) else { return nil }
        let reader = try home.log(member, dataset)
        guard reader.size > 0 else { return nil }
        var brought = BroughtBundles(origin: wanted.origin, tiles: [])
        if wanted.checkpoint == true {
            brought.checkpoint = String(decoding: reader.checkpoint, as: UTF8.self)
        }
        var room = BroughtBundles.bytesSent
        for path in wanted.tiles.prefix(WantedBundles.tilesMax) where room > 0 {
            guard let tile = try? Tile(path: path), case .entries = tile.kind,
                let bytes = try? reader.resource(path)
            else { continue }
            room -= bytes.count
            brought.tiles.append(.init(path: path, bytes: Data(bytes)))
        }
        return brought.tiles.isEmpty && brought.checkpoint == nil ? nil : brought
    }

    /// Takes what a partner brings of a log that waits for it, and puts the log right when all is there.
    ///
    /// - Returns: What is wanted still.
    /// - Throws: ``NodeError`` `not-found` for a log that the partner may not read.
    func take(_ brought: BroughtBundles, from partner: Origin) throws -> WantedBundles {
        let log = brought.origin
        let (member, dataset) = try Self.parts(of: log)
        guard try home.holds(dataset), try mayRead(member, dataset, by: partner) else {
            throw NodeError.notFound("log", log, hint: "")
        }
        let known = try wanted(of: log)
        let isAsked =
            brought.tiles.contains { known.tiles.contains($0.path) }
            || known.checkpoint == true && brought.checkpoint != nil
        guard isAsked else { return known }
        return try mendingLooks.look(at: log, for: partner) { try take(brought) } ?? known
    }

    private func take(_ brought: BroughtBundles) throws -> WantedBundles {
        let log = brought.origin
        guard var waiting = try home.waitingRepair(log) else {
            return WantedBundles(origin: log, tiles: [])
        }
        if let note = brought.checkpoint, try mender(log) == nil,
            let plain = try authentic(Array(note.utf8), log)
        {
            waiting.checkpoint = String(decoding: plain, as: UTF8.self)
            try home.note(waiting)
        }
        guard let mender = try mender(log) else { return try wanted(of: log) }
        mendingLooks.forget(log)
        for bundle in brought.tiles {
            guard let tile = try? Tile(path: bundle.path), mender.wanted.contains(tile),
                mender.take(tile, Array(bundle.bytes))
            else { continue }
            try home.keep(Array(bundle.bytes), tile, of: log)
        }
        try conclude(mender, log, waiting)
        return try wanted(of: log)
    }

    /// Puts a log right if all of it is at hand, and notes how much is wanted otherwise.
    @discardableResult
    func conclude(_ mender: LogMender, _ log: String, _ waiting: WaitingRepair) throws -> [String]?
    {
        guard mender.isComplete else {
            var waiting = waiting
            waiting.missing = mender.wanted.count
            try home.note(waiting)
            return nil
        }
        let aside = "\(home.path)/damaged/\(now())-\(getpid())/\(log)"
        let files = try mender.finish(aside: aside, lockTimeoutSeconds: Home.lockTimeoutSeconds)
        try home.endRepair(log)
        try catchUp(try Self.parts(of: log).dataset)
        return files
    }
}

extension PartnerSync {
    /// Takes from a partner what is wanted of damaged logs.
    func fetchWanted(
        from org: Origin, _ client: HTTPClient, _ report: inout SyncReport
    ) async throws {
        for waiting in try home.waitingRepairs() {
            var wanted = try await node.run { try $0.wanted(of: waiting.log) }
            while !wanted.isEmpty {
                var brought = BroughtBundles(origin: waiting.log, tiles: [])
                let paths = (wanted.checkpoint == true ? ["checkpoint"] : wanted.tiles.prefix(1))
                for path in paths {
                    let response = try await call(
                        client, "GET", "/logs/\(waiting.log)/\(path)",
                        bytesMax: 256 * (2 + EntryBundle.entryBytesMax))
                    guard response.status == 200 else { break }
                    if path == "checkpoint" {
                        brought.checkpoint = String(decoding: response.body, as: UTF8.self)
                    } else {
                        brought.tiles.append(.init(path: path, bytes: Data(response.body)))
                    }
                }
                if brought.tiles.isEmpty, brought.checkpoint == nil { break }
                let part = brought
                let rest = try await node.run { try $0.take(part, from: org) }
                if Self.isSame(rest, wanted) { break }
                wanted = rest
            }
            if wanted.isEmpty {
                report.notes.append("\(waiting.log): what was damaged has come and is put back")
            }
        }
    }

    /// Brings a partner what it says that it lacks of damaged logs.
    func bring(
        _ lacking: [WantedBundles], to org: Origin, _ client: HTTPClient,
        _ report: inout SyncReport
    ) async throws {
        for first in lacking.prefix(WantedBundles.logsMax) {
            var (wanted, count) = (first, 0)
            while !wanted.isEmpty, wanted.origin == first.origin {
                let ask = wanted
                guard let part = try await node.run({ try $0.bundles(for: ask, to: org) }) else {
                    break
                }
                let response = try await call(
                    client, "POST", "/v1/mend", body: Array(try JSONEncoder().encode(part)))
                guard response.status == 200,
                    let rest = try? JSONDecoder().decode(
                        WantedBundles.self, from: Data(response.body))
                else { throw Self.badAnswer(client, response, "/v1/mend") }
                if Self.isSame(rest, wanted) { break }
                count += part.tiles.count
                wanted = rest
            }
            if count > 0 {
                report.notes.append(
                    "\(first.origin): brought \(org) \(count) bundles that were damaged there")
            }
        }
    }

    private static func isSame(_ one: WantedBundles, _ other: WantedBundles) -> Bool {
        one.tiles == other.tiles && one.checkpoint == other.checkpoint
    }
}

extension PartnerServer {
    /// A dialler brings what this node lacks of a damaged log.
    func mend(_ request: Request) async throws -> Response {
        let caller = try await listing()
        let bytes = try await body(request, upTo: BroughtBundles.bytesMax, of: caller)
        guard let brought = try? JSONDecoder().decode(BroughtBundles.self, from: Data(bytes)),
            brought.tiles.count <= WantedBundles.tilesMax,
            (try? Node.parts(of: brought.origin)) != nil
        else { throw Refusal.bad("bundles come as a list of up to \(WantedBundles.tilesMax)") }
        let rest = try await desk.node(for: caller).run { try $0.take(brought, from: caller) }
        if rest.isEmpty {
            logger.notice(
                "a damaged log was put right",
                metadata: ["log": "\(brought.origin)", "partner": "\(caller)"])
        }
        return try json(rest)
    }
}
