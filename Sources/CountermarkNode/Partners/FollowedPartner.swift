import PartnerNet
import Synchronization
import TransparencyLog

/// What a partner that is followed has, as far as it has told, and what has moved since cosignatures were exchanged.
///
/// So nothing is brought to a partner of which it has told itself, and nobody asks it for all logs because one has
/// moved: with very many logs, the list is what costs most.
final class FollowedPartner: Sendable {
    private struct Books {
        var sizes: [String: UInt64] = [:]
        /// The partner's checkpoints with the cosignatures that it has.
        var offers: [String: LogOffer] = [:]
        /// The bytes of these checkpoints.
        var byteCount = 0
        var moved: Set<String> = []

        mutating func keep(_ offer: LogOffer?, of log: String) {
            byteCount -= offers[log]?.checkpoint.utf8.count ?? 0
            byteCount += offer?.checkpoint.utf8.count ?? 0
            offers[log] = offer
        }
    }

    private let books = Mutex(Books())

    /// How much it has of each log.
    var sizes: [String: UInt64] { books.withLock { $0.sizes } }

    /// Notes what it says of a log, before anything of that is fetched.
    ///
    /// What is no log's name, or too much to be kept in mind, is left to the next contact in which all logs are
    /// compared.
    func tells(_ offer: LogOffer) {
        guard (try? LogOrigin(offer.origin)) != nil else { return }
        // What comes along is merged, and not needed any more then.
        var kept = LogOffer(
            origin: offer.origin, size: offer.size, checkpoint: offer.checkpoint)
        kept.plain = offer.plain
        books.withLock { books in
            guard books.sizes[offer.origin] != nil || books.sizes.count < PartnerLimits.listLogs
            else { return }
            books.sizes[offer.origin] = offer.size
            books.keep(nil, of: offer.origin)
            if books.byteCount + kept.checkpoint.utf8.count <= PartnerLimits.rememberedBytes {
                books.keep(kept, of: offer.origin)
            }
        }
    }

    /// How many logs and bytes of checkpoints are kept in mind.
    var room: (logs: Int, bytes: Int) { books.withLock { ($0.sizes.count, $0.byteCount) } }

    /// Notes what its list says of logs of which no line has told meanwhile.
    func lists(_ offers: [LogOffer]) {
        let known = books.withLock { Set($0.sizes.keys) }
        for offer in offers where !known.contains(offer.origin) { tells(offer) }
    }

    /// Notes what it has after a contact in which it was given something.
    ///
    /// - Parameter before: What was known when that began: what it has told of meanwhile stays.
    func was(given sizes: [String: UInt64], since before: [String: UInt64]) {
        books.withLock { books in
            for (log, size) in sizes where before[log] != size { books.sizes[log] = size }
        }
    }

    /// Notes that checkpoints or cosignatures of logs have moved, here or there.
    func moved(_ logs: some Sequence<String>) {
        books.withLock { books in
            for log in logs where books.moved.count < PartnerLimits.listLogs {
                books.moved.insert(log)
            }
        }
    }

    /// What it has of the logs that have moved, which are as they were then.
    ///
    /// A log that it has not told of is passed over: its line says when there is something to be done.
    func takeMoved() -> [LogOffer] {
        books.withLock { books in
            let found = books.moved.sorted().compactMap { books.offers[$0] }
            books.moved = []
            return found
        }
    }
}
