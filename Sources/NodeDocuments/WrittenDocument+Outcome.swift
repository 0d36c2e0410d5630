import AnnotationModel
import LabelDocuments

extension WrittenDocument {
    /// An operation that was written, and whether it counts.
    ///
    /// - Parameter isSuggestion: Whether it waits for acceptance; nil for what nobody has to accept.
    package init(_ id: OperationID?, isSuggestion: Bool? = nil, _ outcome: WriteOutcome) {
        self.init(
            id: id?.description ?? "", suggestion: isSuggestion, changed: true,
            counted: outcome.isCounted, why: outcome.why, dataset: outcome.dataset)
    }

    /// Nothing was written, since that was said already.
    package init(nothingIn dataset: DatasetID, isSuggestion: Bool? = nil) {
        self.init(
            id: nil, suggestion: isSuggestion, changed: false, counted: true, why: nil,
            dataset: dataset.description)
    }
}
