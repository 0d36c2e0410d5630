import CountermarkNode
import Foundation
import HTTPTypes
import Hummingbird
import LabelDocuments
import Logging
import NIOCore
import NodeDocuments
import PlainErrors

/// Whether the node lives and works, and figures for Prometheus: for those who have no session, too.
///
/// Whoever is nobody learns that it is well, or not; why, and the figures, which name partners, are for the operator.
struct PageHealth: Sendable {
    /// Where it is found.
    static let paths: Set<String> = ["/livez", "/readyz", "/healthz", "/metrics"]

    let side: OperatorSide
    /// Whether nobody but this machine reaches the address: who asks there may read figures without a token, if there
    /// is none.
    let isLocal: Bool
    let token: ScrapeToken?

    func add(to router: Router<PageContext>) {
        router.get("/livez") { _, _ in Self.text("ok\n") }
        router.get("/readyz") { _, _ in
            try await isReady()
                ? Self.text("ok\n") : Self.text("not ready\n", status: .serviceUnavailable)
        }
        router.get("/healthz") { request, context in
            guard isOperator(request, context) else {
                return try await isReady()
                    ? Self.text("ok\n") : Self.text("not ok\n", status: .serviceUnavailable)
            }
            let document = ChecksDocument(try await side.checks())
            var response = try PageServer.answer(document)
            if !document.ok { response.status = .serviceUnavailable }
            return response
        }
        router.get("/metrics") { request, context in
            guard isOperator(request, context) || isLocal && token == nil else {
                throw PageProblem(
                    .notSignedIn, "figures name partners: they are for the node's operator",
                    hint: "send the token of --metrics-token as a bearer token, or sign in")
            }
            return Self.text(
                try await side.metrics(), type: "text/plain; version=0.0.4; charset=utf-8")
        }
    }

    private func isReady() async throws -> Bool {
        do {
            return try await side.checks().allSatisfy(\.isOk)
        } catch {
            side.logger.error("not ready", metadata: ["error": "\(PlainError.line(error))"])
            return false
        }
    }

    private func isOperator(_ request: Request, _ context: PageContext) -> Bool {
        context.session?.role == .operator || token?.isShown(in: request) == true
    }

    private static func text(
        _ text: String, status: HTTPResponse.Status = .ok,
        type: String = "text/plain; charset=utf-8"
    ) -> Response {
        Response(
            status: status, headers: [.contentType: type],
            body: .init(byteBuffer: ByteBuffer(string: text)))
    }
}
