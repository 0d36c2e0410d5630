import AnnotationModel
import AnnotationStore
import CompanyHome
import DatasetReading
import Foundation
import Glibc
import LogStorage
import PartnerNet
import PlainErrors
import Provenance
import Signing
import TransparencyLog

/// A figure of a benchmark.
public struct BenchmarkRow: Sendable {
    /// What was measured.
    public let name: String
    /// The figures by name, with units in the names.
    public let figures: [(name: String, value: Double)]
}

/// Measures a dataset of the deterministic workload through real homes: signed, stored, verified, merged.
public enum MergeBenchmark {
    /// Runs the workload with so many labels below a scratch folder.
    ///
    /// Three companies' logs are written by three homes; a fourth, a reader, then takes all three logs
    /// from memory as a partner would send them: it verifies every signature and root, stores the logs
    /// durably, and merges them into its label table.
    ///
    /// - Throws: Also where `watch` asks for the end; the scratch folder is gone then, as after all else.
    public static func run(
        labels: Int, operationsPerEntry: Int, folder: String, watch: WorkWatch = WorkWatch()
    ) throws -> [BenchmarkRow] {
        let scratch = "\(folder)/countermark-bench-\(getpid())"
        defer { try? FileManager.default.removeItem(atPath: scratch) }
        let writers = try Writers(scratch)
        let written = try measure {
            try writers.write(labels: labels, operationsPerEntry: operationsPerEntry, watch)
        }
        var rows = [
            BenchmarkRow(
                name: "write \(writers.operations) operations, signed and durable",
                figures: [
                    ("operations/CPU s", Double(writers.operations) / written.cpuSeconds),
                    ("operations/s", Double(writers.operations) / written.wallSeconds),
                    ("bytes/add", writers.bytesPerAdd), ("bytes/edit", writers.bytesPerEdit),
                    ("entries", Double(writers.entries)),
                ])
        ]
        let reader = try writers.reader()
        watch.watch(reader, for: "")
        forgetPeak()
        let merged = try measure { try writers.deliver(to: reader) }
        let (stored, applied) = (writers.storeSeconds, writers.applySeconds)
        let counts = try reader.read(writers.dataset) { $0.state.counts }
        rows.append(
            BenchmarkRow(
                name: "merge \(counts.operations) operations, verified and durable",
                figures: [
                    ("operations/CPU s", Double(counts.operations) / merged.cpuSeconds),
                    ("operations/s", Double(counts.operations) / merged.wallSeconds),
                    ("verify+store CPU s", stored), ("merge CPU s", applied),
                    ("entries/CPU s", Double(writers.entries) / merged.cpuSeconds),
                    ("peak resident MB", peakResidentMegabytes()),
                ]))
        let opened = try measure {
            let node = try Node(Home(opening: reader.home.path))
            try node.catchUp(writers.dataset)
            _ = try node.read(writers.dataset) { $0.state.digest }
        }
        rows.append(
            BenchmarkRow(
                name: "open the home and ask for its status",
                figures: [("ms", opened.wallSeconds * 1000)]))
        return rows
    }

    static func measure(
        _ body: () throws -> Void
    ) rethrows -> (wallSeconds: Double, cpuSeconds: Double) {
        let wall = Date()
        let cpu = cpuSeconds()
        try body()
        return (Date().timeIntervalSince(wall), cpuSeconds() - cpu)
    }

    static func cpuSeconds() -> Double {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        func seconds(_ time: timeval) -> Double {
            Double(time.tv_sec) + Double(time.tv_usec) / 1e6
        }
        return seconds(usage.ru_utime) + seconds(usage.ru_stime)
    }

    /// The largest resident memory since ``forgetPeak()``.
    static func peakResidentMegabytes() -> Double {
        let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
        let kilobytes = line?.split(whereSeparator: { !$0.isNumber }).first.flatMap { Double($0) }
        return (kilobytes ?? .nan) / 1024
    }

    /// What the writing homes took in the same process is none of the merge's.
    static func forgetPeak() {
        // proc(5), clear_refs: 5 resets the peak to what is resident now.
        try? "5".write(toFile: "/proc/self/clear_refs", atomically: false, encoding: .utf8)
    }
}

/// The homes that write the workload's logs, and the ways to read them.
private final class Writers {
    let dataset: DatasetID
    private let folder: String
    private let homes: [Origin: Home]
    private var logs: [Origin: LogWriter] = [:]
    private var pending: [Origin: EntryBatch] = [:]
    private var keys: [Origin: (node: SigningKey, log: SigningKey, certificate: Certificate)] = [:]
    private(set) var operations = 0
    private(set) var bytes = 0
    private(set) var entries = 0
    private var added = (operations: 0, bytes: 0)
    private var edited = (operations: 0, bytes: 0)
    /// Everything counted: names, signatures, lengths.
    var bytesPerAdd: Double { Double(added.bytes) / Double(max(1, added.operations)) }
    var bytesPerEdit: Double { Double(edited.bytes) / Double(max(1, edited.operations)) }
    private(set) var storeSeconds = 0.0
    private(set) var applySeconds = 0.0

    init(_ folder: String) throws {
        self.folder = folder
        dataset = try DatasetID("oem.example/boards")
        let time = Int64(Date().timeIntervalSince1970)
        var homes: [Origin: Home] = [:]
        for origin in try Workload.companies() {
            let home = try Home.make(
                "\(folder)/\(origin)", origin: origin, name: "\(origin)", time: time)
            homes[origin] = home
            keys[origin] = (try home.nodeKey(), try home.logKey(), try home.certificate())
            logs[origin] = try LogWriter(
                directory: home.logFolder(origin, dataset), lockTimeoutSeconds: 1)
        }
        self.homes = homes
    }

    func write(labels: Int, operationsPerEntry: Int, _ watch: WorkWatch) throws {
        let ticker = ProgressTicker({ watch.tell($0, of: "") }, nil, watch.interruption)
        ticker.begin(.writing, of: labels)
        for origin in homes.keys.sorted() {
            var builder = try ChangesetBuilder()
            let (_, log, certificate) = try parts(origin)
            _ = try builder.append(
                .governance(
                    .addKey(chain: [certificate.der], logKey: log.verificationKey.ed25519Bytes)))
            try add(try builder.payload(), origin)
        }
        try Workload.generate(
            labels: labels, operationsPerEntry: operationsPerEntry,
            logKeys: keys.compactMapValues { $0.log.verificationKey.ed25519Bytes },
            headOf: { try self.head($0) },
            emit: { entry in
                let before = self.bytes
                try self.add(entry.payload, entry.author)
                self.operations += entry.operations
                // Those that are changed are counted once.
                try ticker.count(entry.isEdit ? 0 : entry.operations)
                if entry.isEdit {
                    self.edited.operations += entry.operations
                    self.edited.bytes += self.bytes - before
                } else {
                    self.added.operations += entry.operations
                    self.added.bytes += self.bytes - before
                }
            })
        for origin in homes.keys { try flush(origin) }
        ticker.end()
    }

    private func head(_ origin: Origin) throws -> Head {
        try flush(origin)
        guard let log = logs[origin], let key = try parts(origin).log.verificationKey.ed25519Bytes,
            let head = try Head(
                origin, of: dataset, merged: log.size, note: log.checkpoint, key: key)
        else {
            throw NodeError.notFound("company", origin.description, hint: "")
        }
        return head
    }

    private func parts(
        _ origin: Origin
    ) throws -> (node: SigningKey, log: SigningKey, certificate: Certificate) {
        guard let parts = keys[origin] else {
            throw NodeError.notFound("company", origin.description, hint: "")
        }
        return parts
    }

    private func add(_ payload: [UInt8], _ origin: Origin) throws {
        let (node, _, certificate) = try parts(origin)
        let header = COSEHeader(
            contentType: Changeset.contentType, issuer: origin.description,
            subject: dataset.description, issuedAt: Int64(Date().timeIntervalSince1970),
            certificateThumbprint: certificate.fingerprint)
        let entry = try COSESign1.sign(payload: payload, header: header, key: node)
        var hasher = TreeHasher()
        try entry.withUnsafeBytes { bytes in
            try pending[origin, default: EntryBatch()].append(bytes, leaf: hasher.leaf(bytes))
        }
        bytes += entry.count + 2
        entries += 1
        if pending[origin]?.bytes.count ?? 0 > OutgoingBatch.bytesPerCommit { try flush(origin) }
    }

    private func flush(_ origin: Origin) throws {
        guard let batch = pending.removeValue(forKey: origin), let log = logs[origin] else {
            return
        }
        let name = "\(origin)/\(dataset)"
        let key = try parts(origin).log
        try log.append(batch) { size, root in
            try SignedNote.sign(
                Checkpoint(origin: name, size: size, root: root).text, name: name, key: key)
        }
    }

    /// A fourth organisation's node that has pinned the three.
    func reader() throws -> Node {
        let home = try Home.make(
            "\(folder)/auditor.example", origin: try Origin("auditor.example"), name: "auditor",
            time: Int64(Date().timeIntervalSince1970))
        for (origin, other) in homes {
            try home.add(
                .init(
                    org: origin.description, url: nil, roots: try other.root().pem, vkey: nil))
        }
        return try Node(home)
    }

    func deliver(to reader: Node) throws {
        let start = MergeBenchmark.cpuSeconds()
        for origin in homes.keys.sorted() {
            guard let home = homes[origin] else { continue }
            let log = try LogReader(directory: home.logFolder(origin, dataset))
            try reader.accept("\(origin)/\(dataset)", from: 0, checkpoint: log.checkpoint) {
                try log.forEachBatch(from: 0, to: log.size, $0)
            }
        }
        storeSeconds = MergeBenchmark.cpuSeconds() - start
        try reader.catchUp(dataset)
        applySeconds = MergeBenchmark.cpuSeconds() - start - storeSeconds
    }
}
