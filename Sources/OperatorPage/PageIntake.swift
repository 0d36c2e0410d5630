import CountermarkNode
import Foundation
import HTTPTypes
import Hummingbird
import LabelText
import NIOCore
import PlainErrors

/// Takes the bodies of requests: of the right type, not too long, and not too slowly.
struct PageIntake: Sendable {
    /// The largest body of a write: a label with a large outline, or some thousand items.
    static let bytesMax = 4 << 20
    /// The largest file of labels.
    static let fileBytesMax = 64 << 20

    /// Within which time a body has to come.
    let seconds: Int64

    /// A body that is JSON.
    func json(_ request: Request, bytesMax: Int = Self.bytesMax) async throws -> JSONValue {
        let bytes = try await bytes(request, "application/json", bytesMax: bytesMax)
        do {
            return try JSONValue(parsing: bytes)
        } catch {
            throw PageProblem(.badRequest, "the body is no JSON: \(error)")
        }
    }

    /// A body of a content type, as a whole.
    ///
    /// - Parameter type: One that no form of another site can send.
    func bytes(_ request: Request, _ type: String, bytesMax: Int) async throws -> [UInt8] {
        let given = request.headers[.contentType]?.split(separator: ";").first
            .map { $0.trimmingCharacters(in: .whitespaces).lowercased() }
        guard given == type else {
            throw PageProblem(.unsupportedType, "the body has to be \(type)", isLast: true)
        }
        let tooLarge = PageProblem(
            .tooLarge, "the body has more than \(bytesMax) bytes", isLast: true)
        if let text = request.headers[.contentLength], Int(text) ?? .max > bytesMax {
            throw tooLarge
        }
        return try await withThrowingTaskGroup(of: [UInt8].self) { group in
            let (body, seconds) = (request.body, seconds)
            group.addTask {
                do {
                    return Array(try await body.collect(upTo: bytesMax).readableBytesView)
                } catch is NIOTooManyBytesError {
                    throw tooLarge
                }
            }
            group.addTask {
                try await Task.sleep(for: .seconds(seconds))
                throw PageProblem(
                    .slowBody, "the body did not come within \(seconds) seconds", isLast: true)
            }
            defer { group.cancelAll() }
            return try await group.next() ?? []
        }
    }
}
