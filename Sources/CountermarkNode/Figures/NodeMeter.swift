import AnnotationModel
import Foundation
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
        var rows = Rows()
    }

    /// What keeping the rows for analysts came to.
    private struct Rows {
        var behind: [String: UInt64] = [:]
        var waiting = 0
        var written = 0
        var failures = 0
        /// In Unix seconds, as all times here.
        var lookedAt, failedAt: Double?
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

    /// Notes what a look at the rows for analysts came to.
    func noteRows(_ round: Node.RowsRound) {
        books.withLock { books in
            (books.rows.behind, books.rows.waiting) = (round.behind, round.waiting.count)
            books.rows.written += round.written
            books.rows.lookedAt = Self.now
        }
    }

    /// Notes that a look at the rows for analysts has failed.
    func noteRowsFailure() {
        books.withLock { books in
            books.rows.failures += 1
            books.rows.failedAt = Self.now
        }
    }

    private static var now: Double { Date().timeIntervalSince1970.rounded() }

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
        Self.add(books.rows, to: &text)
    }

    /// Adds what concerns the rows for analysts, where there is a store that may have some.
    private static func add(_ rows: Rows, to text: inout FigureText) {
        if rows.lookedAt == nil, rows.failedAt == nil { return }
        text.add(
            .gauge, "rows_behind_entries",
            "Entries here that the rows for analysts which are shown are not made of, at the last look.",
            rows.behind.sorted { $0.key < $1.key }.prefix(NodeFigures.datasetsMax).map {
                ([("dataset", $0.key)], Double($0.value))
            })
        text.add(
            .gauge, "rows_waiting_datasets", Double(rows.waiting),
            "Datasets whose rows wait for something that this node's log names.")
        text.add(
            .counter, "rows_written_total", Double(rows.written),
            "Labels that this process has put into the rows for analysts, anew or for the first time."
        )
        text.add(
            .counter, "rows_failures_total", Double(rows.failures),
            "Looks at the rows for analysts that have failed in this process.")
        text.add(
            .gauge, "rows_last_look_timestamp_seconds",
            "When this process has brought the rows for analysts forward last, or seen that there was nothing to do.",
            rows.lookedAt.map { [([], $0)] } ?? [])
        text.add(
            .gauge, "rows_last_failure_timestamp_seconds",
            "When a look at the rows for analysts has failed last; absent: never.",
            rows.failedAt.map { [([], $0)] } ?? [])
    }
}
