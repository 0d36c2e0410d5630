import AnnotationModel
import AnnotationStore
import CompanyHome
import Foundation
import LogStorage
import PartnerNet
import PlainErrors
import Signing
import Synchronization
import TransparencyLog

/// Whether a serving node can do its work: the locks of its logs, its disk, its checkpoints, its certificate.
///
/// Whoever asks again and again gets what was found before, and a look goes through so many logs and no more.
final class Readiness: Sendable {
    /// A log whose lock was taken at each look for so long: commands give up then, too.
    static let lockPatience = Duration.seconds(Home.lockTimeoutSeconds)
    /// How old the last checkpoint may be that was written and read back, before the next is tried.
    private static let probeInterval = Duration.seconds(10)
    /// Logs that one look opens, in turn.
    private static let logsPerLook = 256

    /// A log, and whose.
    private struct Log: Sendable {
        let member: Origin
        let dataset: DatasetID

        var name: String { "\(member)/\(dataset)" }
    }

    /// What all datasets have to be asked for, and what seldom changes.
    private struct Facts: Sendable {
        let logs: [Log]
        let ends: [Ending]
        let clock: String?
    }

    private struct State {
        /// Since when an own log's lock was not to be had, by the log's name.
        var busy: [String: ContinuousClock.Instant] = [:]
        var probed: ContinuousClock.Instant?
        var next = 0
        /// What was wrong with logs when they were looked at last.
        var unsigned: [String: String] = [:]
        var unreadable: [String: String] = [:]
    }

    private let disk: DiskWatch
    private let state = Mutex(State())
    private let found = Kept<[HomeCheck]>(for: .seconds(2))
    private let facts = Kept<Facts>(for: .seconds(60))

    init(_ disk: DiskWatch) { self.disk = disk }

    /// What was found, at most two seconds ago; only what is not well keeps the node from being ready.
    func checks(_ node: SharedNode) async throws -> [HomeCheck] {
        try await node.run { try self.checks($0, at: .now) }
    }

    func checks(_ node: Node, at now: ContinuousClock.Instant) throws -> [HomeCheck] {
        try found.value(at: now) {
            let facts = try facts.value(at: now) {
                Facts(
                    logs: try node.home.datasets().flatMap { dataset in
                        try node.home.members(of: dataset).map {
                            Log(member: $0, dataset: dataset)
                        }
                    }, ends: try node.endings(), clock: try node.clockTrouble()?.line)
            }
            let own = look(at: turn(of: facts.logs), node, now)
            return Self.store(node) + [
                lockCheck(now), diskCheck(node),
                Self.check("checkpoint") { try self.checkpoint(own, node, now) },
                Self.certificate(facts.ends, node), logCheck(facts.logs.count),
                HomeCheck("clock", true, facts.clock ?? "no partner's clock says otherwise"),
            ]
        }
    }

    /// What a serving node has seen last of the store that its company's nodes share.
    private static func store(_ node: Node) -> [HomeCheck] {
        guard let company = node.home.company else { return [] }
        let trouble = company.trouble.withLock { $0 }
        return [
            HomeCheck(
                "store", trouble == nil, trouble ?? "\(company.address) answers",
                hint: trouble == nil ? "" : "run countermark store check")
        ]
    }

    /// A check, of which an error is a finding.
    private static func check(_ name: String, _ body: () throws -> HomeCheck) -> HomeCheck {
        do {
            return try body()
        } catch {
            let plain = PlainError(error)
            return HomeCheck(name, false, plain.message, hint: plain.hint)
        }
    }

    // MARK: Logs

    /// The logs of one look: each has its turn.
    private func turn(of logs: [Log]) -> [Log] {
        let names = Set(logs.map(\.name))
        let first = state.withLock { state in
            // What was wrong with a log that is gone is over.
            state.busy = state.busy.filter { names.contains($0.key) }
            state.unsigned = state.unsigned.filter { names.contains($0.key) }
            state.unreadable = state.unreadable.filter { names.contains($0.key) }
            defer { state.next = logs.isEmpty ? 0 : (state.next + Self.logsPerLook) % logs.count }
            return state.next
        }
        return (0..<min(Self.logsPerLook, logs.count)).map { logs[(first + $0) % logs.count] }
    }

    /// Opens logs, and notes what is wrong with them.
    ///
    /// - Returns: A checkpoint of the own logs among them; nil where they have none.
    private func look(
        at logs: [Log], _ node: Node, _ now: ContinuousClock.Instant
    ) -> [UInt8]? {
        var newest: [UInt8]?
        for log in logs {
            var (trouble, isBusy, isUnsigned) = (String?.none, false, false)
            do {
                _ = try node.store.counts(log.dataset)
                let reader = try node.home.log(log.member, log.dataset)
                if log.member == node.home.origin, reader.size > 0 {
                    let key = try node.ownVerifier(log.dataset)
                    isUnsigned =
                        (try? Checkpoint.open(reader.checkpoint, verifier: key, origin: key.name))
                        == nil
                    newest = reader.checkpoint
                    isBusy = try !Self.canLock(LogWriter.lockPath(reader.directory))
                }
            } catch {
                trouble = PlainError.line(error)
            }
            let (why, isLocked, isForeign) = (trouble, isBusy, isUnsigned)
            state.withLock { state in
                state.unreadable[log.name] = why
                state.unsigned[log.name] =
                    isForeign
                    ? "the checkpoint of \(log.name) is not signed by the own log key" : nil
                state.busy[log.name] = isLocked ? state.busy[log.name] ?? now : nil
            }
        }
        return newest
    }

    private static func canLock(_ path: String) throws -> Bool {
        // Who has never written has no lock yet.
        guard try DurableFile.isThere(path) else { return true }
        do throws(LogStorageError) {
            try FileLock.take(path, timeoutSeconds: 0).release()
            return true
        } catch {
            guard case .locked = error else { throw error }
            return false
        }
    }

    private func lockCheck(_ now: ContinuousClock.Instant) -> HomeCheck {
        let busy = state.withLock { $0.busy }
        guard let held = busy.filter({ now - $0.value >= Self.lockPatience }).keys.min() else {
            return HomeCheck("lock", true, "\(busy.count) own logs are being written to")
        }
        return HomeCheck(
            "lock", false,
            "another process has held the lock of \(held) at each look for "
                + "\(Int(Home.lockTimeoutSeconds)) seconds",
            hint: "wait for the command that writes to it, or end it")
    }

    private func logCheck(_ count: Int) -> HomeCheck {
        let wrong = state.withLock { $0.unreadable }
        guard let name = wrong.keys.min(), let why = wrong[name] else {
            return HomeCheck("logs", true, "\(count) logs, which are opened in turn")
        }
        return HomeCheck(
            "logs", false, "\(wrong.count) cannot be opened, the first \(name): \(why)",
            hint: "run countermark verify, then countermark repair")
    }

    // MARK: Disk and keys

    private func diskCheck(_ node: Node) -> HomeCheck {
        if let trouble = disk.look() {
            return HomeCheck(
                "disk", false, trouble, hint: "see Docs/Operations.md, \"A full disk\"")
        }
        let free = node.freeBytes()
        let isLow = free.map { $0 < Node.headroomBytes } ?? false
        return HomeCheck(
            "disk", true,
            free.map { "\($0 >> 20) MiB are free" } ?? "the system does not say what is free",
            hint: isLow
                ? "free some: below \(Node.headroomBytes >> 20) MiB nothing is taken from partners"
                : "")
    }

    /// Tells of own checkpoints, and whether one can be written durably and read back.
    ///
    /// - Parameter own: One of them; nil where there is none.
    private func checkpoint(
        _ own: [UInt8]?, _ node: Node, _ now: ContinuousClock.Instant
    ) throws -> HomeCheck {
        let (wrong, probed) = state.withLock { ($0.unsigned.values.min(), $0.probed) }
        if let wrong {
            return HomeCheck("checkpoint", false, wrong, hint: "run countermark verify")
        }
        if probed.map({ now - $0 >= Self.probeInterval }) ?? true {
            let path = "\(node.home.path)/incoming/checkpoint.probe"
            let bytes = own ?? Array("no entry yet\n".utf8)
            try DurableFile.replace(path, with: bytes)
            defer { unlink(path) }
            guard try DurableFile.read(path, max: bytes.count) == bytes else {
                return HomeCheck(
                    "checkpoint", false,
                    "a checkpoint was written to \(path), and another text was read",
                    hint: "look at the disk")
            }
            state.withLock { $0.probed = now }
        }
        return HomeCheck("checkpoint", true, "one was written and read back within ten seconds")
    }

    private static func certificate(_ ends: [Ending], _ node: Node) -> HomeCheck {
        let (own, time) = (node.home.origin.description, node.now())
        let over = ends.filter {
            $0.org == own && $0.kind != .list && $0.level(at: time) == .over
        }
        if let begin = try? node.home.certificate().notBefore, begin > time {
            return HomeCheck(
                "certificate", false, "it begins on \(ReadableTime.text(begin))",
                hint: "set this computer's clock")
        }
        // What ends soon is told all the same, partners' ends too.
        let lines = ends.map { "\($0.level(at: time).rawValue): \($0.line(at: time))" }
        return HomeCheck(
            "certificate", over.isEmpty,
            lines.isEmpty ? "nothing ends within a month" : lines.joined(separator: "; "),
            hint: over.first?.renew ?? "")
    }
}
