import AnnotationModel
import CountermarkNode
import LabelDocuments
import Provenance
import Signing

extension Node {
    /// Appends what a person's browser has signed, and tells what came of it.
    package func written(
        _ entry: [UInt8], signedBy person: String, mayReview: Bool, to dataset: DatasetID
    ) throws -> WrittenDocument {
        let ids = try append(entry, signedBy: person, mayReview: mayReview, to: dataset)
        let isSuggestion = try ids.contains {
            try suggestion($0, dataset)?.state == .pending
        }
        return WrittenDocument(ids.first, isSuggestion: isSuggestion, WriteOutcome(self))
    }

    /// The root certificates that this node trusts for a dataset's steward, PEM.
    package func stewardsRoots(_ dataset: DatasetID) throws -> String {
        try require(dataset)
        return try roots(of: dataset.owner, dataset).map(\.pem).joined()
    }
}
