import AnnotationModel
import AnnotationStore
import Dispatch
import Replication

/// A node that several tasks use, one after another, off the cooperative threads: its work blocks on
/// disks and locks.
public final class SharedNode: @unchecked Sendable {
    // SAFETY: `node` is touched only on `queue`, which runs one block at a time.
    private let node: Node
    private let queue = DispatchQueue(label: "countermark.node")

    /// Takes a node over; nobody else may use it any more.
    public init(_ node: sending Node) { self.node = node }

    /// Runs `body` with the node.
    public func run<R: Sendable>(_ body: @escaping @Sendable (Node) throws -> R) async throws -> R {
        try await withCheckedThrowingContinuation { continuation in
            queue.async { [self] in
                // A long-lived node that was opened on a full disk goes on in its place when there is room.
                node.store.returnToPlace()
                continuation.resume(with: Result { try body(node) })
            }
        }
    }
}

/// A book of offers that several tasks use, one at a time.
final class SharedOffers: @unchecked Sendable {
    // SAFETY: `book` is touched only on `queue`, which runs one block at a time.
    private let book: OfferBook
    private let queue = DispatchQueue(label: "countermark.offers")

    init(_ book: sending OfferBook) { self.book = book }

    /// Runs `body` with the book.
    func run<R: Sendable>(_ body: @escaping @Sendable (OfferBook) throws -> R) async throws -> R {
        try await withCheckedThrowingContinuation { continuation in
            queue.async { [self] in continuation.resume(with: Result { try body(book) }) }
        }
    }

    /// What a partner is told of; nil where nothing has moved since.
    ///
    /// - Parameter onFailure: Learns which log or dataset cannot be told of; the others are.
    func news(
        for org: Origin, since seen: OfferBook.Seen?,
        onFailure: @escaping @Sendable (String, any Error) -> Void = { _, _ in }
    ) async throws -> (seen: OfferBook.Seen, offers: [LogOffer])? {
        try await run { try $0.offers(to: org, since: seen, onFailure: onFailure) }
    }
}
