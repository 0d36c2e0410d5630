import AnnotationStore
import Hummingbird
import LogStorage
import Logging
import NIOCore

/// Answers the node's own operator: whether it lives, whether it works, and figures for Prometheus.
struct OperatorServer: Sendable {
    let node: SharedNode
    let desk: PartnerDesk

    func router() -> Router<BasicRequestContext> {
        let router = Router()
        router.get("/healthz") { _, _ in "ok\n" }
        router.get("/readyz") { _, context in
            do {
                _ = try await self.logs()
                return Self.text("ready\n")
            } catch {
                context.logger.error("not ready", metadata: ["error": "\(PlainError.line(error))"])
                return Self.text("not ready\n", status: .serviceUnavailable)
            }
        }
        router.get("/metrics") { _, _ in
            Self.text(self.desk.metrics(logs: try await self.logs()))
        }
        return router
    }

    /// All logs of the home; the label table is asked too.
    private func logs() async throws -> [(log: String, size: UInt64)] {
        try await node.run { node in
            try node.home.datasets().flatMap { dataset in
                _ = try node.store.counts(dataset)
                return try node.home.members(of: dataset).map { member in
                    let reader = try LogReader(directory: node.home.logFolder(member, dataset))
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
