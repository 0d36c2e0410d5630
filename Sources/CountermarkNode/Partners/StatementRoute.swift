import AnnotationModel
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import PartnerNet
import PlainErrors
import Synchronization

/// `POST /v1/statement`: this organisation's word about one label, for a partner who proves it to others.
struct StatementRoute: Sendable {
    /// What is asked.
    struct Question: Codable {
        /// The dataset's id.
        let dataset: String
        /// The annotation's id.
        let annotation: String
    }

    /// A dataset's and an annotation's id have some 900 bytes at most.
    static let questionBytesMax = 4_096
    /// The media type of an answer.
    static let contentType = "application/cose"

    /// The nodes that answer partners.
    let desk: PartnerDesk
    /// Who asks.
    let caller: @Sendable () throws -> Origin
    private let pacing = StatementPacing()

    init(desk: PartnerDesk, caller: @escaping @Sendable () throws -> Origin) {
        (self.desk, self.caller) = (desk, caller)
    }

    func add(to router: Router<BasicRequestContext>) {
        router.post("/v1/statement") { request, _ in
            let caller = try self.caller()
            let body = try await request.collect(upTo: Self.questionBytesMax)
            guard let question = try? JSONDecoder().decode(Question.self, from: Data(body)) else {
                throw Refusal.bad("a question names a dataset and an annotation")
            }
            return try await answer(question, to: caller)
        }
    }

    private func answer(_ question: Question, to caller: Origin) async throws -> Response {
        if let seconds = pacing.begin(caller) {
            throw Refusal(
                code: .tooManyStatements,
                message: "one statement after another, a tenth of the time",
                retryAfter: seconds)
        }
        let start = ContinuousClock.now
        defer { pacing.end(caller, took: ContinuousClock.now - start) }
        let message = try await desk.node(for: caller).run { node in
            try node.statement(about: question.annotation, in: question.dataset, caller: caller)
        }
        return Response(
            status: .ok, headers: [.contentType: Self.contentType],
            body: .init(byteBuffer: ByteBuffer(bytes: message)))
    }
}

/// Bounds what a partner's questions cost: one at a time, and a pause of nine times what each took.
///
/// A statement costs as much as the label has entries, and who asks may have written them all.
final class StatementPacing: Sendable {
    /// The part of a core that one partner may use is one in this and one more.
    static let pauseFactor = 9

    private struct Turn {
        var isOpen = false
        var next = ContinuousClock.now
    }

    private let turns = Mutex<[Origin: Turn]>([:])

    /// Begins an answer; returns after how many seconds to ask again where it is not the partner's turn.
    func begin(_ partner: Origin, at now: ContinuousClock.Instant = .now) -> Int? {
        turns.withLock { turns in
            // Who waits for nothing is not remembered.
            turns = turns.filter { $0.value.isOpen || $0.value.next > now }
            let turn = turns[partner]
            if turn?.isOpen == true { return 1 }
            if let next = turn?.next, next > now {
                return Int(clamping: (next - now).components.seconds) + 1
            }
            turns[partner] = Turn(isOpen: true, next: now)
            return nil
        }
    }

    /// Ends an answer.
    func end(
        _ partner: Origin, took: Duration, at now: ContinuousClock.Instant = .now
    ) {
        turns.withLock {
            $0[partner] = Turn(isOpen: false, next: now + took * Self.pauseFactor)
        }
    }
}
