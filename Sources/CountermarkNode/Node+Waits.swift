import AnnotationModel
import CompanyHome
import Provenance

/// An entry that is stored and not merged yet, and what it waits for.
public struct WaitingEntry: Sendable, Equatable {
    /// The entry's log.
    public let log: String
    /// The entry, the first of its log that is not merged.
    public let index: UInt64
    /// The log that the entry's author has merged further than it is merged here.
    public let cited: String
    /// How much of it the author has merged; that log's own key has signed as much.
    public let size: UInt64
    /// How much of it is stored here.
    public let held: UInt64
    /// When this was first seen, in Unix seconds.
    public let since: Int64
    /// What helps.
    public let hint: String
}

extension Node {
    /// The entries of a dataset that wait for others, and for whose.
    public func waitingEntries(_ dataset: DatasetID) throws -> [WaitingEntry] {
        let state = try mergedState(dataset)
        return state.logs.values.sorted { $0.origin < $1.origin }.compactMap { log in
            guard let wait = log.waiting, log.applied < log.stored,
                let cited = state.logs[wait.log]
            else { return nil }
            return WaitingEntry(
                log: "\(log.origin)/\(dataset)", index: log.applied,
                cited: "\(cited.origin)/\(dataset)", size: wait.size, held: cited.stored,
                since: wait.since, hint: hint(cited, wait.size, dataset))
        }
    }

    private func hint(_ cited: LogProgress, _ size: UInt64, _ dataset: DatasetID) -> String {
        if cited.stored >= size { return "it goes on when \(cited.origin)'s own entries can" }
        let who =
            "\(cited.origin) has signed \(size) entries and \(cited.stored) have come: sync with it, or "
            + "with a partner that has them"
        return dataset.owner == home.origin
            ? who
                + "; or run countermark member cut \(dataset) \(cited.origin), and what waits goes on"
            : who + "; \(dataset.owner) can cut it, and what waits goes on"
    }
}
