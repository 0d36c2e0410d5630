import AnnotationModel
import CountermarkNode
import LabelDocuments
import Provenance

extension UncountedDocument {
    /// What an organisation wrote and does not count.
    package init(_ writes: UncountedWrites) {
        self.init(
            dataset: writes.dataset.description, why: writes.why.reason, reason: writes.why.name,
            entries: writes.entries, operations: writes.operations, first: writes.first,
            last: writes.last, latest: writes.isLatest)
    }
}
