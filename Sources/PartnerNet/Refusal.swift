import AnnotationModel
import Foundation
import HTTPTypes
import Hummingbird
import LogStorage
import NIOCore
import PlainErrors
import Provenance
import Signing
import TransparencyLog

/// Why a partner's request is not served, in the form in which it is told.
///
/// What is said names nothing of this machine; the node's own log has the rest.
package struct Refusal: CodedError, HTTPResponseError {
    /// The document that a partner gets.
    package struct Problem: Codable {
        package let code: String
        package let message: String
        package let hint: String
    }

    package let code: ErrorCode
    package let message: String
    package let hint: String
    /// For this node's own operator, whose partner has refused something.
    package var kind: NodeError.Kind { .network }
    package var status: HTTPResponse.Status { .init(code: code.http) }
    /// When the same request may be sent again, in seconds.
    let retryAfter: Int?
    /// Whether the connection ends with it.
    package let isLast: Bool

    package init(
        code: ErrorCode, message: String, hint: String = "", retryAfter: Int? = nil,
        isLast: Bool = false
    ) {
        (self.code, self.message, self.hint) = (code, message, hint)
        (self.retryAfter, self.isLast) = (retryAfter, isLast)
    }

    /// The document's bytes.
    package static func body(_ code: ErrorCode, _ message: String, _ hint: String) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let problem = Problem(code: code.word, message: message, hint: hint)
        return ((try? encoder.encode(problem)).map { Array($0) }) ?? []
    }

    package func response(from request: Request, context: some RequestContext) throws -> Response {
        var headers: HTTPFields = [.contentType: "application/json"]
        if let retryAfter { headers[.retryAfter] = "\(retryAfter)" }
        if isLast { headers[.connection] = "close" }
        return Response(
            status: status, headers: headers,
            body: .init(byteBuffer: ByteBuffer(bytes: Self.body(code, message, hint))))
    }

    /// A partner is at one of its budgets.
    package static func busy(_ code: ErrorCode, _ message: String) -> Refusal {
        Refusal(
            code: code, message: message,
            hint: "wait until what is under way is done", retryAfter: 1)
    }

    /// A body is longer than its route takes.
    package static func tooLarge(_ bytesMax: Int) -> Refusal {
        Refusal(
            code: .tooLarge,
            message: "the body has more than \(bytesMax) bytes", hint: "send less at once",
            isLast: true)
    }

    package static let notFound = Refusal(
        code: .notFound, message: "there is no such resource for this caller")

    /// What the protocol does not allow.
    package static func bad(_ message: String) -> Refusal {
        Refusal(
            code: .badRequest, message: message,
            hint: "see Docs/Protocol.md, section 7")
    }
}

extension Refusal {
    /// What a partner is told of an error in this node; nil where only the operator may learn it.
    package init?(_ error: any Error) {
        switch error {
        case let error as Refusal: self = error
        case let error as NodeError where Self.ofRequests.contains(error.code):
            self.init(code: error.code, message: error.message, hint: error.hint)
        case let error as SigningError where Self.isOfOwnKey(error): return nil
        case is ProvenanceError, is TransparencyLogError, is AnnotationModelError, is SigningError:
            self.init(
                code: .refused, message: PlainError.line(error))
        case let error as InvitationError:
            if case .signature = error { return nil }
            self.init(code: .invitation, message: PlainError.line(error))
        case LogStorageError.locked:
            self.init(
                code: .busy, message: "the log is being written to",
                hint: "send it again", retryAfter: 2)
        default:
            return nil
        }
    }

    /// Errors that speak of what was asked or sent, and of nothing else: all others may name files, keys, stores and
    /// hosts of this home.
    static let ofRequests: Set<ErrorCode> = [
        .badIdentifier, .badRequest, .cutPush, .diskFull, .doesNotExtend, .equivocation,
        .invitationExpired, .invitationRevoked, .invitationUnknown, .invitationUsed, .joinProof,
        .logKeyMismatch, .noLogKey, .noStatement, .notFound, .otherCertificate, .otherSteward,
        .originTaken, .ownLog, .ownOrigin, .spoolFull, .tooLarge, .wrongCheckpoint, .wrongPosition,
    ]

    /// Whether an error is about a key with which this node signs, and not about what others have signed.
    private static func isOfOwnKey(_ error: SigningError) -> Bool {
        switch error {
        case .unreadableKey, .passphraseNeeded, .wrongPassphrase, .invalidKeyURI, .keyNotReached,
            .keyNotExportable, .openSSL, .keyDoesNotMatchCertificate:
            true
        default: false
        }
    }

    /// For what only the operator may learn.
    package static let internalError = Refusal(
        code: .internalFailure,
        message: "this node could not do it",
        hint: "try again; if it stays so, ask that node's operator, who finds the reason in its log"
    )
}
