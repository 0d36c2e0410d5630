import AnnotationModel
import AnnotationStore
import Foundation
import LogStorage
import Synchronization
import TransparencyLog

/// Whether a serving node can do its work: the locks of its logs, its disk, its checkpoints, its certificate.
///
/// Whoever asks again and again gets what was found before: a look opens each log, and writes a file.
final class Readiness: Sendable {
    /// How long what was found is told again.
    private static let kept = Duration.seconds(2)
    /// A log whose lock was taken at each look for so long: commands give up then, too.
    static let lockPatience = Duration.seconds(Node.lockTimeoutSeconds)
    /// How old the last checkpoint may be that was written and read back, before the next is tried.
    private static let probeInterval = Duration.seconds(10)
    /// Own logs whose checkpoint's signature one look checks, in turn.
    private static let logsPerLook = 64

    private struct State {
        var found: (at: ContinuousClock.Instant, checks: [HomeCheck])?
        /// Since when a lock was never to be had.
        var busy: [String: ContinuousClock.Instant] = [:]
        var probed: ContinuousClock.Instant?
        var next = 0
        /// Own logs whose checkpoint was wrong when it was looked at last.
        var wrong: [String: String] = [:]
    }

    private let disk: DiskWatch
    private let state = Mutex(State())

    init(_ disk: DiskWatch) { self.disk = disk }

    /// What was found, at most two seconds ago; only what is not well keeps the node from being ready.
    func checks(_ node: SharedNode) async throws -> [HomeCheck] {
        try await node.run { try self.checks($0, at: .now) }
    }

    func checks(_ node: Node, at now: ContinuousClock.Instant) throws -> [HomeCheck] {
        if let found = state.withLock({ $0.found }), now - found.at < Self.kept {
            return found.checks
        }
        let own = try Self.ownLogs(node)
        let checks = [
            lock(own, node, now), diskCheck(node),
            Self.check("checkpoint") {
                try self.checkpoint(own, node, now)
            },
            Self.check("certificate") { try Self.certificate(node) },
            Self.check("logs") { try Self.logs(node) },
            Self.check("clock") {
                HomeCheck(
                    "clock", true,
                    try node.clockTrouble()?.line ?? "no partner's clock says otherwise")
            },
        ]
        state.withLock { $0.found = (now, checks) }
        return checks
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

    /// The datasets of which an own log is here.
    private static func ownLogs(_ node: Node) throws -> [DatasetID] {
        try node.home.datasets().filter {
            try node.home.members(of: $0).contains(node.home.origin)
        }
    }

    private func lock(
        _ own: [DatasetID], _ node: Node, _ now: ContinuousClock.Instant
    ) -> HomeCheck {
        var busy: Set<String> = []
        for dataset in own {
            let path = LogWriter.lockPath(node.home.logFolder(node.home.origin, dataset))
            do {
                // Who has never written has no lock yet.
                guard try DurableFile.isThere(path) else { continue }
                try FileLock.take(path, timeoutSeconds: 0).release()
            } catch LogStorageError.locked {
                busy.insert(dataset.description)
            } catch {
                return HomeCheck(
                    "lock", false, PlainError(error).message, hint: PlainError(error).hint)
            }
        }
        let since = state.withLock { state in
            state.busy = state.busy.filter { busy.contains($0.key) }
            for name in busy where state.busy[name] == nil { state.busy[name] = now }
            return state.busy
        }
        if let held = since.filter({ now - $0.value >= Self.lockPatience }).keys.min() {
            return HomeCheck(
                "lock", false,
                "another process has held the lock of the own log of \(held) at each look for "
                    + "\(Int(Node.lockTimeoutSeconds)) seconds",
                hint: "wait for the command that writes to it, or end it")
        }
        return HomeCheck(
            "lock", true, "\(own.count - busy.count) of \(own.count) own logs can be locked")
    }

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

    /// Checks own checkpoints, and whether one can be written durably and read back.
    private func checkpoint(
        _ own: [DatasetID], _ node: Node, _ now: ContinuousClock.Instant
    ) throws -> HomeCheck {
        let (first, probed) = state.withLock { state in
            defer { state.next = own.isEmpty ? 0 : (state.next + Self.logsPerLook) % own.count }
            return (state.next, state.probed)
        }
        var newest: [UInt8] = []
        for offset in 0..<min(Self.logsPerLook, own.count) {
            let dataset = own[(first + offset) % own.count]
            let reader = try node.home.log(node.home.origin, dataset)
            if reader.size == 0 { continue }
            let key = try node.ownVerifier(dataset)
            let isOwn =
                (try? Checkpoint.open(reader.checkpoint, verifier: key, origin: key.name)) != nil
            state.withLock {
                $0.wrong[dataset.description] =
                    isOwn ? nil : "the checkpoint of \(dataset) is not signed by the own log key"
            }
            newest = reader.checkpoint
        }
        let names = Set(own.map(\.description))
        let wrong = state.withLock { state in
            state.wrong = state.wrong.filter { names.contains($0.key) }
            return state.wrong.values.min()
        }
        if let wrong {
            return HomeCheck("checkpoint", false, wrong, hint: "run countermark verify")
        }
        if probed.map({ now - $0 >= Self.probeInterval }) ?? true {
            let path = "\(node.home.path)/incoming/checkpoint.probe"
            let bytes = newest.isEmpty ? Array("no entry yet\n".utf8) : newest
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

    private static func certificate(_ node: Node) throws -> HomeCheck {
        let (ends, time) = (try node.endings(), node.now())
        let own = node.home.origin.description
        let over = ends.filter {
            $0.org == own && $0.kind != .list && $0.level(at: time) == .over
        }
        // What ends soon is told all the same, partners' ends too.
        let lines = ends.map { "\($0.level(at: time).rawValue): \($0.line(at: time))" }
        return HomeCheck(
            "certificate", over.isEmpty,
            lines.isEmpty ? "nothing ends within a month" : lines.joined(separator: "; "),
            hint: over.first?.renew ?? "")
    }

    /// Opens each log; the label table is asked too.
    private static func logs(_ node: Node) throws -> HomeCheck {
        var count = 0
        for dataset in try node.home.datasets() {
            _ = try node.store.counts(dataset)
            for member in try node.home.members(of: dataset) {
                _ = try node.home.log(member, dataset)
                count += 1
            }
        }
        return HomeCheck("logs", true, "\(count) can be opened")
    }
}
