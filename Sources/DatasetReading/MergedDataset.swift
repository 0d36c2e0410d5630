import AnnotationModel
import AnnotationStore
import CompanyHome
import Provenance

/// A dataset as a home has merged it, to be read.
///
/// It knows of no log that came since; whoever wants these merged asks the node first.
public struct MergedDataset {
    /// The dataset.
    public let id: DatasetID
    /// Where its logs lie.
    public let home: Home
    /// Its labels, beside those of the home's other datasets.
    public let store: LabelStore

    package init(_ id: DatasetID, _ home: Home, _ store: LabelStore) {
        (self.id, self.home, self.store) = (id, home, store)
    }

    /// Runs `body` on the merged state, which it must leave as it is.
    package func read<R>(_ body: (Merge) throws -> R) throws -> R {
        // Nothing was merged yet: the empty state is made, once.
        try store.read(id, body) ?? store.merge(id, body)
    }

    /// The merged state without its labels: costs next to nothing where nobody has written since.
    package func state() throws -> MergeState {
        try store.state(id) ?? store.merge(id) { $0.state }
    }

    /// The logs by local number.
    package func logNames() throws -> [Int: Origin] { try state().logs.mapValues(\.origin) }

    /// The present schema.
    package func schema() throws -> DatasetSchema {
        DatasetSchema(text: try state().membership.schema)
    }
}
