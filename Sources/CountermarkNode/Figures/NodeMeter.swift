import AnnotationModel
import PlainErrors
import Synchronization

/// What a serving process has measured since it began; all of its nodes share one.
package final class NodeMeter: Sendable {
    /// How a contact that this node began has ended.
    enum Round: String, CaseIterable {
        case ok, cut, failed, unreached
    }

    private struct Books {
        var append = Histogram.work
        var round = Histogram.work
        var propagation = Histogram.travel
        var rounds: [Origin: [Round: Int]] = [:]
        var refused: [String: Int] = [:]
        var mismatches = 0
    }

    private let books = Mutex(Books())

    init() {}

    /// Notes how long it took to make entries durable under a new checkpoint.
    func noteAppend(_ duration: Duration) {
        books.withLock { $0.append.note(duration / .seconds(1)) }
    }

    /// Notes that an entry of another organisation is in the label table.
    ///
    /// - Parameter seconds: Since the time that it bears.
    func notePropagation(_ seconds: Double) {
        // A clock that is ahead of this one's is no journey through time.
        books.withLock { $0.propagation.note(max(0, seconds)) }
    }

    /// Notes a contact that is over.
    func noteRound(with partner: Origin, _ round: Round, _ duration: Duration) {
        books.withLock { books in
            books.rounds[partner, default: [:]][round, default: 0] += 1
            books.round.note(duration / .seconds(1))
        }
    }

    /// Notes that entries of a partner were refused.
    func noteRefused(_ code: ErrorCode) {
        books.withLock { $0.refused[code.word, default: 0] += 1 }
    }

    /// Notes that partners have made other label sets of the same entries.
    func noteMismatches(_ count: Int) { books.withLock { $0.mismatches += count } }

    /// Adds what was measured.
    ///
    /// - Parameter partnersMax: How many partners are told of by name.
    func add(to text: inout FigureText, partnersMax: Int) {
        let books = books.withLock { $0 }
        text.add(
            "append_duration_seconds",
            "How long it took to make entries durable under a new checkpoint, in this process.",
            books.append)
        text.add(
            "propagation_duration_seconds",
            "From the time that an entry of another organisation bears to when it was merged here, in this process. "
                + "Whole seconds of the writer's own clock; an old entry that comes late counts as late.",
            books.propagation)
        text.add(
            "sync_duration_seconds", "How long contacts took that this node began.", books.round)
        text.add(
            .counter, "sync_rounds_total",
            "Contacts that this node began, by how they ended; with whom it dials alone.",
            books.rounds.sorted { $0.key < $1.key }.prefix(partnersMax).flatMap { partner, rounds in
                Round.allCases.map { round in
                    (
                        labels: [("partner", "\(partner)"), ("result", round.rawValue)],
                        value: Double(rounds[round] ?? 0)
                    )
                }
            })
        text.add(
            .counter, "entries_refused_total",
            "How often entries that a partner brought or offered were refused, however many they were, by the error's "
                + "code (Docs/Errors.md).",
            books.refused.sorted { $0.key < $1.key }.map {
                (labels: [("reason", $0.key)], value: Double($0.value))
            })
        text.add(
            .counter, "digest_mismatches_total", Double(books.mismatches),
            "How often a partner had made another label set of the same entries, with what was known when the process "
                + "began: has to be 0.")
    }
}
