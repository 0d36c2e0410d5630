import AnnotationModel
import CountermarkNode
import Foundation
import HTTPTypes
import Hummingbird
import LabelDocuments
import NIOCore
import PartnerTLS
import PlainErrors

/// Why a request was not done, as it is told (RFC 9457).
struct PageProblem: Error, HTTPResponseError {
    let code: ErrorCode
    private(set) var detail: String
    private(set) var hint: String
    /// Whether the connection ends with it, since more of the request is on its way than is wanted.
    var isLast = false
    /// The methods that the resource takes instead; empty where the method is not what is wrong.
    var methods: [String] = []
    /// Whether the node's operator is told, who may know what lies where on this machine.
    var isForOperator = false
    var status: HTTPResponse.Status { .init(code: code.http) }

    init(_ code: ErrorCode, _ detail: String, hint: String = "", isLast: Bool = false) {
        (self.code, self.detail, self.hint, self.isLast) = (code, detail, hint, isLast)
    }

    /// An error in the words of the command line.
    init(_ error: any Error) {
        switch error {
        case let problem as PageProblem: self = problem
        case is NIOTooManyBytesError:
            self.init(.tooLarge, "the body is longer than this request takes", isLast: true)
        case let error as any HTTPResponseError where error.status.code == 404:
            self.init(.notFound, "there is no such resource")
        case let error as any HTTPResponseError where error.status.code < 500:
            self.init(.badRequest, "the request cannot be understood", isLast: true)
        default:
            let plain = PlainError(error)
            self.init(plain.code, plain.message, hint: plain.hint)
        }
    }

    /// The same without a folder's path.
    func hiding(_ folder: String) -> PageProblem {
        var problem = self
        problem.detail = detail.replacingOccurrences(of: folder, with: "")
        problem.hint = hint.replacingOccurrences(of: folder, with: "")
        return problem
    }

    var document: ProblemDocument {
        ProblemDocument(
            type: "urn:countermark:error:\(code.word)", title: code.word,
            status: code.http, detail: detail, code: code.word, hint: hint)
    }

    func response(from request: Request, context: some RequestContext) throws -> Response {
        var headers: HTTPFields = [.contentType: "application/problem+json"]
        if isLast { headers[.connection] = "close" }
        if !methods.isEmpty { headers[.allow] = methods.joined(separator: ", ") }
        // Figures and reasons are told to whoever shows a token; the API is not.
        if code.http == 401, PageHealth.paths.contains(request.uri.path) {
            headers[.wwwAuthenticate] = "Bearer"
        }
        if code.http == 429 || code.http == 503 { headers[.retryAfter] = "2" }
        return Response(
            status: status, headers: headers,
            body: .init(byteBuffer: ByteBuffer(string: try DocumentEncoder.text(document))))
    }
}
