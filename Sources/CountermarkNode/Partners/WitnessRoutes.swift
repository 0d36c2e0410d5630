import AnnotationModel
import Foundation
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import PartnerNet
import PlainErrors
import TransparencyLog

/// The calls of a witness: C2SP tlog-witness under `/v1`, and cosignatures that partners hand over.
struct WitnessRoutes: Sendable {
    /// Decides about a request body of a caller.
    let addCheckpoint: @Sendable ([UInt8], Origin) async throws -> WitnessAnswer
    /// The last checkpoint that was cosigned of the log whose name has a hash.
    let checkpoint: @Sendable (String, Origin) async throws -> [UInt8]?
    /// Takes cosignatures; true if some are new.
    let take: @Sendable ([UInt8], Origin) async throws -> Bool
    /// Who asks.
    let caller: @Sendable () throws -> Origin

    func add(to router: Router<BasicRequestContext>) {
        router.post("/v1/add-checkpoint") { request, context in
            let caller = try self.caller()
            // One byte more than is read, so that what is too long is answered like any malformed body.
            let body = try await request.collect(upTo: AddCheckpointRequest.bytesMax + 1)
            do {
                let answer = try await addCheckpoint(body, caller)
                return Self.text(answer.body)
            } catch let refusal as WitnessRefusal where !refusal.isOfWitness {
                // Quietly: who asks again and again fills no disk.
                context.logger.debug(
                    "did not cosign", metadata: ["partner": "\(caller)", "why": "\(refusal)"])
                return Self.text(
                    Array(refusal.body.utf8), status: .init(code: refusal.status),
                    type: refusal.contentType)
            }
        }
        router.get("/v1/witness/:hash/checkpoint") { _, context in
            let hash = try context.parameters.require("hash")
            guard let note = try await checkpoint(hash, try self.caller()) else {
                throw Refusal.notFound
            }
            return Self.text(note)
        }
        router.post("/v1/cosignatures") { request, _ in
            let caller = try self.caller()
            let body = try await request.collect(upTo: SignedNote.bytesMax)
            do {
                let isNew = try await take(body, caller)
                return Self.text(Array("{\"new\":\(isNew)}\n".utf8), type: "application/json")
            } catch let error as NodeError where error.code == .notFound {
                throw Refusal.notFound
            }
        }
    }

    private static func text(
        _ body: [UInt8], status: HTTPResponse.Status = .ok,
        type: String = "text/plain; charset=utf-8"
    ) -> Response {
        Response(
            status: status, headers: [.contentType: type, .cacheControl: "no-cache"],
            body: .init(byteBuffer: ByteBuffer(bytes: body)))
    }
}
