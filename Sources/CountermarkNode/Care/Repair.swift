import AnnotationModel
import Foundation
import LogStorage
import PartnerTLS
import Provenance
import Signing
import TransparencyLog

/// Finds what is damaged in a home's logs and puts it back: from what the home holds itself, from a backup, from partners.
///
/// Everything that comes from elsewhere has to lead to a checkpoint that the log's own key signed. The damaged bytes are moved
/// into `damaged/` of the home, and what is whole is not touched.
public struct Repair: Sendable {
    private let home: Home
    private let sync: PartnerSync
    private let node: SharedNode
    /// A backup, or a folder that was carried; nil for none.
    private let source: String?
    private let aside: String

    /// A repair of a home.
    public init(_ home: Home, from source: String?) throws {
        node = SharedNode(try Node(home))
        sync = try PartnerSync(node, home: home)
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
                do {
                    checks.append(try await repair(name))
                } catch {
                    checks.append(HomeCheck(name, false, PlainError.line(error), hint: hint))
                }
            }
        }
        return checks + evidence()
    }

    /// Moves damaged logs out of the way as a whole, so that the next partner that dials brings them back.
    public func setAside(_ datasets: [DatasetID]) async throws -> [HomeCheck] {
        var checks: [HomeCheck] = []
        for dataset in datasets {
            for member in try await node.run({ try $0.membersToCheck(dataset) }) {
                let name = "\(member)/\(dataset)"
                let folder = home.logFolder(member, dataset)
                if try await problem(name) == nil {
                    checks.append(try whole(name))
                    continue
                }
                // Nobody writes to it meanwhile.
                let lock = try FileLock.take(
                    folder + "/lock", timeoutSeconds: Node.lockTimeoutSeconds)
                try DurableFile.move(folder, to: "\(aside)/\(name)")
                lock.release()
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
        if others.isEmpty {
            return "a partner that can be dialled, or --from a backup, has to have it"
        }
        let names = others.joined(separator: " or ")
        return
            "no partner that can be dialled has it; \(names) only dials this node: run countermark repair "
            + "--set-aside here, let this node serve, and let \(names) run countermark sync; or take it "
            + "from a backup with --from"
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
        guard let found = try await problem(log) else { return try whole(log) }
        let (folder, notes) = try await node.run { node in
            (try node.reader(lenient: log), try node.goodCheckpoints(log))
        }
        var candidates = notes
        if candidates.isEmpty { candidates = try await partnersCheckpoints(log) }
        guard let note = candidates.first else {
            throw NodeError(
                .failed, "no-checkpoint", "\(found); no checkpoint that its key signed is at hand",
                hint: hint)
        }
        let mender = try LogMender(directory: folder, note: note)
        if !mender.isComplete { fill(mender, log) }
        if !mender.isComplete { await fetch(mender, log) }
        guard mender.isComplete else {
            throw NodeError(
                .failed, "not-repaired",
                "\(found); \(mender.wanted.count) of its bundles are to be had from nobody who "
                    + "was asked", hint: hint)
        }
        let files = try mender.finish(
            aside: "\(aside)/\(log)", lockTimeoutSeconds: Node.lockTimeoutSeconds)
        let rest = try await node.run { node -> String? in
            try node.catchUp(try Node.parts(of: log).dataset)
            return try node.damage(of: log)
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
            for tile in mender.wanted {
                guard
                    let response = try? await sync.call(
                        client, "GET", "/logs/\(log)/\(tile.path)",
                        bytesMax: tile.width * (2 + EntryBundle.entryBytesMax)),
                    response.status == 200
                else { break }
                if !mender.take(tile, response.body) { break }
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

extension Node {
    /// The organisations whose log of a dataset is or was here.
    func membersToCheck(_ dataset: DatasetID) throws -> [Origin] {
        var members = Set(
            try read(dataset) { $0.state.logs.values.filter { $0.stored > 0 }.map(\.origin) })
        members.formUnion(try home.members(of: dataset))
        for name in try DurableFile.names(in: "\(home.path)/logs") {
            guard let member = try? Origin(name) else { continue }
            // A lock or what a crash left is no log.
            let folder = home.logFolder(member, dataset)
            if try DurableFile.isThere(folder + "/tile") { members.insert(member) }
        }
        if try home.signedHeads(dataset).all().contains(where: { $0.size > 0 }) {
            members.insert(home.origin)
        }
        return members.sorted()
    }

    /// What is wrong with a log's files; nil if they are whole.
    func damage(of log: String) throws -> String? {
        let (member, dataset) = try Self.parts(of: log)
        if let problem = try LogCheck.run(directory: home.logFolder(member, dataset)).first {
            return problem.what
        }
        let reader = try reader(of: log)
        if let short = try shortLogs(dataset).first(where: { $0.log == log }) {
            return "\(short.error)"
        }
        guard member == home.origin else {
            if reader.size > 0, try authentic(reader.checkpoint, log) == nil {
                return "\(reader.directory)/checkpoint was not signed by the log's key"
            }
            return nil
        }
        let last = try knownOwnHeads(dataset).max { $0.size < $1.size }
        if let last, last.size > reader.size {
            return "its key has signed \(last.size) entries, and \(reader.size) are here"
        }
        if reader.size > 0, try authentic(reader.checkpoint, log) == nil {
            return "\(reader.directory)/checkpoint was not signed by this organisation's key"
        }
        return nil
    }

    func reader(lenient log: String) throws -> String {
        let (member, dataset) = try Self.parts(of: log)
        return home.logFolder(member, dataset)
    }

    /// A checkpoint with the log's own signature alone; nil if the log's key did not sign it.
    func authentic(_ note: [UInt8], _ log: String) throws -> [UInt8]? {
        let (member, dataset) = try Self.parts(of: log)
        let held = try read(dataset) { merge in
            merge.state.number(member).flatMap { merge.state.logKeys[$0] }
        }
        guard let key = try held ?? pinnedLogKey(member, dataset) else { return nil }
        let verifier = try NoteVerifier(name: log, publicKey: key)
        guard (try? Checkpoint.open(note, verifier: verifier, origin: log)) != nil else {
            return nil
        }
        return try Self.plain(note, of: [verifier])
    }

    /// The checkpoints of a log that its key signed and that are at hand, the one to go back to first.
    ///
    /// Of the own log that is the one with the most entries; of others the one that lies there, if it is whole.
    func goodCheckpoints(_ log: String) throws -> [[UInt8]] {
        let (member, dataset) = try Self.parts(of: log)
        let folder = home.logFolder(member, dataset)
        var notes: [[UInt8]] = []
        if let present = try? LogReader(directory: folder), present.size > 0,
            let plain = try authentic(present.checkpoint, log)
        {
            notes.append(plain)
        }
        if member == home.origin {
            notes += try knownOwnHeads(dataset).map(\.note).filter { !$0.isEmpty }
        } else if notes.isEmpty {
            let cosigned = (try? CosignedCheckpoint.read(directory: folder))?.notes ?? []
            let witnessed = (try? home.witnessRegister.latest(of: log)) ?? nil
            notes = try (cosigned + [witnessed].compactMap { $0 })
                .compactMap { try authentic($0, log) }
        }
        let sized = try notes.map { (try Self.size(of: $0), $0) }
        return sized.sorted { $0.0 > $1.0 }.map(\.1)
    }
}
