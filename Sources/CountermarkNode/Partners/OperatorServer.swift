import AnnotationModel
import AnnotationStore
import Foundation
import Hummingbird
import LogStorage
import Logging
import NIOCore

/// Answers the node's own operator: whether it lives, whether it works, and figures for Prometheus.
struct OperatorServer: Sendable {
    let home: Home
    let node: SharedNode
    let desk: PartnerDesk
    let disk: DiskWatch

    func router() -> Router<BasicRequestContext> {
        let router = Router()
        add(to: router)
        return router
    }

    /// Adds the routes of health and figures.
    func add(to router: Router<some RequestContext>) {
        router.get("/healthz") { _, _ in "ok\n" }
        router.get("/readyz") { _, context in
            do {
                _ = try await self.logs()
                return try await self.ready()
            } catch {
                context.logger.error("not ready", metadata: ["error": "\(PlainError.line(error))"])
                return Self.text(
                    "not ready\n" + InertText.lines(PlainError.line(error) + "\n"),
                    status: .serviceUnavailable)
            }
        }
        router.get("/metrics") { _, _ in
            let text = self.desk.metrics(logs: try await self.logs())
            return Self.text(text + (try await self.endMetrics()))
        }
    }

    /// Ready, unless the own certificate is over or the disk takes nothing; what ends soon is named.
    private func ready() async throws -> Response {
        let (ends, time) = try await node.run { (try $0.endings(), $0.now()) }
        let clock = try await node.run { try $0.clockTrouble() }
        let own = try await node.run { $0.home.origin.description }
        let disk = self.disk.look()
        let isNotReady =
            disk != nil
            || ends.contains {
                $0.org == own && $0.kind != .list && $0.level(at: time) == .over
            }
        let lines = ends.map { "\($0.level(at: time).rawValue): \($0.line(at: time))\n" }.joined()
        let clockLine =
            (disk.map { "disk: \($0)\n" } ?? "") + (clock.map { "clock: \($0.line)\n" } ?? "")
        return Self.text(
            (isNotReady ? "not ready\n" : "ready\n") + InertText.lines(lines + clockLine),
            status: isNotReady ? .serviceUnavailable : .ok)
    }

    /// When each certificate, root and list ends, in Unix seconds, and the own entries that do not count.
    private func endMetrics() async throws -> String {
        try await node.run { node in
            var lines = ["# TYPE countermark_ends_timestamp_seconds gauge"]
            var seen: Set<String> = []
            for end in try node.allEndings().sorted(by: { $0.end < $1.end }) {
                let kind = end.kind.rawValue.replacingOccurrences(of: " ", with: "_")
                let labels = "kind=\"\(kind)\",org=\"\(end.org)\""
                // The nearest of several.
                guard seen.insert(labels).inserted else { continue }
                lines.append("countermark_ends_timestamp_seconds{\(labels)} \(end.end)")
            }
            lines.append("# TYPE countermark_uncounted gauge")
            for dataset in try node.home.datasets() {
                let count = try node.uncountedWrites(dataset).reduce(0) {
                    $0 + $1.entries + $1.operations
                }
                lines.append("countermark_uncounted{dataset=\"\(dataset)\"} \(count)")
            }
            lines.append("# TYPE countermark_disk_free_bytes gauge")
            if let free = node.freeBytes() { lines.append("countermark_disk_free_bytes \(free)") }
            return lines.joined(separator: "\n") + "\n"
        }
    }

    /// All logs of the home; the label table is asked too.
    private func logs() async throws -> [(log: String, size: UInt64)] {
        try await node.run { node in
            try node.home.datasets().flatMap { dataset in
                _ = try node.store.counts(dataset)
                return try node.home.members(of: dataset).map { member in
                    let reader = try node.home.log(member, dataset)
                    return ("\(member)/\(dataset)", reader.size)
                }
            }
        }
    }

    private static func text(_ text: String, status: HTTPResponse.Status = .ok) -> Response {
        Response(
            status: status, headers: [.contentType: "text/plain; version=0.0.4"],
            body: .init(byteBuffer: ByteBuffer(string: text)))
    }
}
