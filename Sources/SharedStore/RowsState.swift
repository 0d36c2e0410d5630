/// How far the rows of one dataset are: what its row in `rows_state` says.
public struct RowsState: Sendable, Equatable {
    /// The dataset.
    public let dataset: String
    /// Moves by one with each change: whoever changes something names the version that it has seen.
    public let version: Int64
    /// The number of the rows that are shown; nil while there are none.
    public var shown: Int64?
    /// What these rows are made from, in the words of whoever made them.
    public var heads: String?
    /// The state digest of these labels.
    public var digest: String?
    /// How many they are.
    public var labels: Int64 = 0
    /// The number of the rows that are being filled, which nobody is shown yet.
    public var filling: Int64?
    /// From what these are filled first.
    public var target: String?
    /// How far that is.
    public var done: String?
    /// How many labels are there already.
    public var filled: Int64 = 0
    /// Why there are no rows; nil where there are, or will be.
    public var why: String?
    /// When it was changed last, in Unix seconds by the server's clock.
    public var movedAt: Int64 = 0

    /// A dataset without rows.
    public init(_ dataset: String, version: Int64 = 0) {
        (self.dataset, self.version) = (dataset, version)
    }

    /// This state without any rows.
    ///
    /// - Parameter why: What to say of it.
    public func without(_ why: String?) -> RowsState {
        var state = RowsState(dataset, version: version)
        state.why = why
        return state
    }
}
