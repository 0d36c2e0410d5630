import AnnotationModel
import Provenance
import Synchronization

/// The states of datasets as they were read or written last, for all stores of one database in a process.
///
/// Whoever finds that somebody else has written reads how far the logs are; what the members' acts come to is folded
/// anew only where more of a log is stored than it was folded from.
public final class KnownStates: Sendable {
    private struct Known {
        let row: Int64
        let state: MergeState
    }

    private let states = Mutex<[DatasetID: Known]>([:])

    /// Nothing is known yet.
    public init() {}

    /// The state that a dataset had last under the id of its row.
    func state(_ dataset: DatasetID, row: Int64) -> MergeState? {
        states.withLock { states in states[dataset].flatMap { $0.row == row ? $0.state : nil } }
    }

    func note(_ state: MergeState, row: Int64) {
        states.withLock { $0[state.dataset] = Known(row: row, state: state) }
    }
}
