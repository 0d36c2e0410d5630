import AnnotationModel
import CompanyHome
import Provenance
import SharedStore

/// How far the rows of a dataset in the company's database are.
public struct RowsReport: Sendable {
    /// The dataset.
    public let dataset: String
    /// Whether rows are wanted.
    public let isWanted: Bool
    /// Labels that are shown; nil while there are no rows.
    public var labels: Int64?
    /// Their state digest.
    public var digest: String?
    /// Entries of this node's logs that the rows are not made of yet.
    public var behind: UInt64 = 0
    /// Labels that are there of rows that are being filled; nil where none are.
    public var filled: Int64?
    /// When something was changed last, in Unix seconds by the server's clock.
    public var movedAt: Int64?
    /// Why there are no rows, or they are not brought forward by this node; nil for nothing.
    public var why: String?
}

extension Node {
    /// How far the rows of each dataset are, those that are wanted or there.
    ///
    /// - Throws: ``NodeError`` where the home has no store, `SharedStoreError`.
    public func rowsReports() throws -> [RowsReport] {
        let rows = try requireRows()
        guard try rows.areThere() else { return [] }
        let wishes = try rows.wishes()
        let states = Dictionary(
            try rows.states().map { ($0.dataset, $0) }, uniquingKeysWith: { $1 })
        let here = try home.datasets()
        let names = Set(here.map(\.description)).union(states.keys)
        return try names.sorted().compactMap { name -> RowsReport? in
            let isWanted = Self.isWanted(name, wishes)
            let state = states[name]
            guard isWanted || state?.shown != nil || state?.filling != nil else { return nil }
            var report = RowsReport(dataset: name, isWanted: isWanted)
            if let state {
                report.labels = state.shown == nil ? nil : state.labels
                (report.digest, report.why) = (state.digest, state.why)
                report.filled = state.filling == nil ? nil : state.filled
                report.movedAt = state.movedAt
            }
            guard let dataset = here.first(where: { $0.description == name }) else { return report }
            try catchUp(dataset)
            report.behind = RowsHeads.behind(state?.heads, try mergedState(dataset))
            return report
        }
    }
}
