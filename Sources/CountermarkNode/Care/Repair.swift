import AnnotationModel
import CompanyHome
import DatasetReading
import Foundation
import LogStorage
import PartnerTLS
import PlainErrors
import Provenance
import Signing
import TransparencyLog

/// Finds what is damaged in a home's logs and puts it back: from what the home holds itself, from a backup, from
/// partners.
///
/// Everything that comes from elsewhere has to lead to a checkpoint that the log's own key signed. The damaged
/// bytes are moved into `damaged/` of the home, and what is whole is not touched.
public struct Repair: Sendable {
    private let home: Home
    private let sync: PartnerSync
    private let node: SharedNode
    /// A backup, or a folder that was carried; nil for none.
    private let source: String?
    private let aside: String
    private let watch: WorkWatch

    /// A repair of a home.
    ///
    /// - Parameter watch: Where it is asked to end, the log it is at stays as it is, or is whole.
    public init(_ home: Home, from source: String?, watch: WorkWatch = WorkWatch()) throws {
        node = SharedNode(try watch.node(home, for: ""))
        sync = try PartnerSync(node, home: home, watch: watch)
        self.watch = watch
        (self.home, self.source) = (home, source)
        aside = "\(home.path)/damaged/\(Int64(Date().timeIntervalSince1970))-\(getpid())"
    }

    /// Repairs the logs of datasets.
    public func run(_ datasets: [DatasetID]) async throws -> [HomeCheck] {
        var checks: [HomeCheck] = []
        for dataset in datasets {
            let members = try await node.run { try $0.membersToCheck(dataset) }
            for member in members {
                let name = "\(member)/\(dataset)"
                if watch.isEnding { return checks + [Self.ended(before: name)] }
                do {
                    checks.append(try await repair(name))
                } catch let error where watch.isEnding {
                    return checks + [Self.ended(before: name, PlainError(error).message)]
                } catch {
                    checks.append(HomeCheck(name, false, PlainError.line(error), hint: hint))
                }
            }
        }
        return checks + evidence()
    }

    private static func ended(before log: String, _ why: String? = nil) -> HomeCheck {
        HomeCheck(
            log, false, why.map { "nothing of it was changed: \($0)" } ?? "it was not looked at",
            hint: "run countermark repair again, which goes on from here")
    }

    /// Moves damaged logs out of the way as a whole, so that the next partner that dials brings them back.
    public func setAside(_ datasets: [DatasetID]) async throws -> [HomeCheck] {
        var checks: [HomeCheck] = []
        for dataset in datasets {
            for member in try await node.run({ try $0.membersToCheck(dataset) }) {
                let name = "\(member)/\(dataset)"
                if watch.isEnding { return checks + [Self.ended(before: name)] }
                let folder = home.logFolder(member, dataset)
                do {
                    if try await problem(name) == nil {
                        checks.append(try whole(name))
                        continue
                    }
                } catch let error where watch.isEnding {
                    return checks + [Self.ended(before: name, PlainError(error).message)]
                }
                // Nobody writes to it meanwhile.
                let lock = try FileLock.take(
                    folder + "/lock", timeoutSeconds: Home.lockTimeoutSeconds)
                try DurableFile.move(folder, to: "\(aside)/\(name)")
                lock.release()
                try home.endRepair(name)
                checks.append(
                    HomeCheck(
                        name, false, "moved to \(aside)/\(name)",
                        hint: try whoBringsIt()))
            }
        }
        return checks
    }

    private var hint: String {
        let others = (try? onlyDialling()) ?? []
        let ways =
            others.isEmpty
            ? "run countermark sync when a partner can be reached"
            : "let this node serve, and let \(others.joined(separator: " or ")) run countermark sync"
        return
            "it waits, and the next contact with a partner that has it brings it: \(ways); or take it "
            + "from a backup with --from"
    }

    /// Keeps in mind what nobody who was asked had, so that the next contact brings it.
    private func wait(for log: String, _ missing: Int, _ note: [UInt8]?) async throws {
        let home = home
        try await node.run { node in
            let since = try home.waitingRepair(log)?.since ?? node.now()
            try home.note(
                WaitingRepair(
                    log: log, missing: missing, since: since,
                    checkpoint: note.map { String(decoding: $0, as: UTF8.self) } ?? ""))
        }
    }

    /// The partners that this node cannot dial.
    private func onlyDialling() throws -> [String] {
        try home.partners().filter { $0.url == nil }.map(\.org)
    }

    /// Who has to run what for a log that was set aside to come back.
    private func whoBringsIt() throws -> String {
        let (others, all) = (try onlyDialling(), try home.partners())
        var ways: [String] = []
        if others.count < all.count { ways.append("run countermark sync") }
        if !others.isEmpty {
            ways.append(
                "let this node serve, and let \(others.joined(separator: " or ")) run countermark sync"
            )
        }
        return ways.isEmpty
            ? "no partner is known who could have it: take it from a backup"
            : ways.joined(separator: "; or ") + ": it brings the log back"
    }

    /// What is wrong with a log; nil if it is whole.
    private func problem(_ log: String) async throws -> String? {
        try await node.run { try $0.damage(of: log) }
    }

    private func repair(_ log: String) async throws -> HomeCheck {
        guard let found = try await problem(log) else {
            try home.endRepair(log)
            return try whole(log)
        }
        let (folder, notes) = try await node.run { node in
            (try node.reader(lenient: log), try node.goodCheckpoints(log))
        }
        var candidates = notes
        if candidates.isEmpty, let source,
            let copied = try? LogReader(directory: "\(source)/logs/\(log)", of: log),
            let note = try await node.run({ try $0.authentic(copied.checkpoint, log) })
        {
            candidates = [note]
        }
        if candidates.isEmpty { candidates = try await partnersCheckpoints(log) }
        guard let note = candidates.first else {
            try await wait(for: log, 0, nil)
            throw NodeError(
                .noCheckpoint, "\(found); no checkpoint that its key signed is at hand",
                hint: hint)
        }
        let mender = try LogMender(directory: folder, note: note)
        if !mender.isComplete { fill(mender, log) }
        if !mender.isComplete { await fetch(mender, log) }
        guard mender.isComplete else {
            let missing = mender.wanted.count
            try await wait(for: log, missing, note)
            throw NodeError(
                .notRepaired,
                "\(found); \(missing) of its bundles are to be had from nobody who was asked",
                hint: hint)
        }
        let files = try mender.finish(
            aside: "\(aside)/\(log)", lockTimeoutSeconds: Home.lockTimeoutSeconds)
        try home.endRepair(log)
        let rest: String?
        do {
            rest = try await node.run { node in
                try node.catchUp(try Node.parts(of: log).dataset)
                return try node.damage(of: log)
            }
        } catch let error as NodeError where error.code == .interrupted {
            return HomeCheck(
                log, false, "put back \(files.count) files, and was ended before it looked again",
                hint: "run countermark verify")
        }
        if let rest {
            return HomeCheck(
                log, false, "put back \(files.count) files; \(rest)",
                hint:
                    "run countermark sync: what is newer than the last checkpoint here comes with it"
            )
        }
        return HomeCheck(
            log, true,
            "put back \(files.joined(separator: ", ")); what was damaged is in \(aside)/\(log)")
    }

    /// What is said of a log of which all entries are whole.
    ///
    /// Cosignatures that cannot be read are moved aside.
    private func whole(_ log: String) throws -> HomeCheck {
        let (member, dataset) = try Node.parts(of: log)
        let folder = home.logFolder(member, dataset)
        do throws(LogStorageError) {
            _ = try CosignedCheckpoint.read(directory: folder)
        } catch {
            guard case .format = error else { throw error }
            try DurableFile.move(folder + "/cosigned", to: "\(aside)/\(log)/cosigned")
            return HomeCheck(
                log, true, "its cosignatures were damaged, and are in \(aside)/\(log)",
                hint: "run countermark sync: partners bring them again")
        }
        return HomeCheck(log, true, "whole")
    }

    /// Takes bundles from the backup.
    private func fill(_ mender: LogMender, _ log: String) {
        guard let source else { return }
        let folder = "\(source)/logs/\(log)"
        guard let reader = try? LogReader(directory: folder) else { return }
        for tile in mender.wanted {
            guard let bytes = try? reader.resource(tile.path) else { continue }
            _ = mender.take(tile, bytes)
        }
        if mender.wanted.isEmpty, !mender.isComplete { mender.forget() }
    }

    /// Takes bundles from partners, one partner after another.
    private func fetch(_ mender: LogMender, _ log: String) async {
        for partner in (try? home.partners()) ?? [] {
            guard let client = try? sync.client(partner) else { continue }
            let wanted = mender.wanted
            let all = wanted.reduce(0) { $0 + UInt64($1.width) }
            var done: UInt64 = 0
            for tile in wanted {
                guard
                    let response = try? await sync.call(
                        client, "GET", "/logs/\(log)/\(tile.path)",
                        bytesMax: tile.width * (2 + EntryBundle.entryBytesMax)),
                    response.status == 200
                else { break }
                if !mender.take(tile, response.body) { break }
                done += UInt64(tile.width)
                sync.tell(.fetching, from: 0, at: done, of: all)
            }
            if mender.isComplete { return }
            // One who has another log is told apart by the root alone, once all is here.
            if mender.wanted.isEmpty { mender.forget() }
        }
    }

    private func partnersCheckpoints(_ log: String) async throws -> [[UInt8]] {
        for partner in try home.partners() {
            guard let client = try? sync.client(partner),
                let response = try? await sync.call(client, "GET", "/logs/\(log)/checkpoint"),
                response.status == 200
            else { continue }
            let note = response.body
            if let plain = try await node.run({ try $0.authentic(note, log) }) { return [plain] }
        }
        return []
    }

    /// What of the evidence cannot be read is moved aside; partners bring it again.
    private func evidence() -> [HomeCheck] {
        let damaged = (try? Node(home).damagedEvidence()) ?? []
        return damaged.map { file in
            let name = (file as NSString).lastPathComponent
            do {
                try DurableFile.move(file, to: "\(aside)/evidence/\(name)")
                return HomeCheck(
                    "evidence/\(name)", true, "moved to \(aside)/evidence",
                    hint: "the next sync brings it again from whoever has it")
            } catch {
                return HomeCheck("evidence/\(name)", false, PlainError.line(error))
            }
        }
    }
}
